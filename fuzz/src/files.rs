//! Readers of problem files: entries that are read can be written in the same format, and read the same again.
//!
//! Zip files and shards have checksums, which no mutation survives. An input that is not such a file is taken as its parts,
//! which are assembled here with correct checksums.

use std::fs::File;
use std::io::{Cursor, Write};
use std::path::Path;

use flate2::Crc;
use searchlens_formats::files::{Entry, FileFault, Format, Header, RawEntry, Reader, Writer, header_path};
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

/// Maximum bytes of problems per input: large mazes are slow and test nothing more.
const MAX_BYTES: usize = 1 << 16;

/// A Parquet file.
pub fn parquet(data: &[u8]) {
    round_trip(data, "parquet");
}

/// An NPZ file, or its members.
pub fn npz(data: &[u8]) {
    round_trip(&zipped(data), "npz");
}

/// maze-dataset's archive, or its members, written again in either form.
pub fn zanj(data: &[u8]) {
    let data = zipped(data);
    round_trip(&data, "zanj");
    round_trip(&data, "cat.zanj");
}

/// A shard, or its shape and problems.
pub fn shard(data: &[u8]) {
    round_trip(&whole_shard(data), "shard");
}

/// The header of an empty file of JSON lines.
pub fn lines_header(data: &[u8]) {
    let folder = tempfile::tempdir().expect("the folder of temporary files can be written");
    let path = folder.path().join("problems.jsonl");
    std::fs::write(&path, "").expect("a temporary file can be written");
    std::fs::write(header_path(&path), data).expect("a temporary file can be written");
    drop(Reader::open(&path).map(|reader| reader.header().cloned()));
}

fn round_trip(data: &[u8], ending: &str) {
    let folder = tempfile::tempdir().expect("the folder of temporary files can be written");
    let path = folder.path().join(format!("problems.{ending}"));
    std::fs::write(&path, data).expect("a temporary file can be written");
    let Some((header, entries)) = read(&path) else { return };
    let again = folder.path().join(format!("again.{ending}"));
    // Some formats read more than they write: mazes of several sizes, or without a path.
    if write(&again, &entries, header).is_ok() {
        let (_, same) = read(&again).expect("a written file can be read");
        assert_eq!(same, entries);
    }
}

/// Reads the valid problems of a file up to the first damaged part; `None` if it cannot be opened.
fn read(path: &Path) -> Option<(Option<Header>, Vec<Entry>)> {
    let reader = Reader::open(path).ok()?;
    let header = reader.header().cloned();
    let mut left = MAX_BYTES;
    let mut entries = Vec::new();
    for item in reader {
        let Ok(item) = item else { break };
        let Some(after) = left.checked_sub(item.size()) else { break };
        left = after;
        entries.extend(item.decode());
    }
    Some((header, entries))
}

fn write(path: &Path, entries: &[Entry], header: Option<Header>) -> Result<(), FileFault> {
    let format = Format::of(path).expect("the ending is known");
    let file = File::create(path).expect("a temporary file can be made");
    let mut writer = Writer::new(format, file, path.parent().expect("it lies in a folder"))?;
    for (number, entry) in (1..).zip(entries) {
        writer.write(RawEntry::encode(format, number, entry)?, None)?;
    }
    writer.finish(header.and_then(|header| header.source)).map(drop)
}

/// Returns the input if it is a zip file, otherwise a zip file of its members: each the length of its name (one byte), the
/// name, the length of its content (four bytes, little-endian) and the content.
fn zipped(data: &[u8]) -> Vec<u8> {
    if data.starts_with(b"PK") {
        return data.to_vec();
    }
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut rest = data;
    while let Some((&len, after)) = rest.split_first() {
        let (name, after) = after.split_at(usize::from(len).min(after.len()));
        let (len, after) = after.split_first_chunk::<4>().unwrap_or((&[0; 4], after));
        let (content, after) = after.split_at((u32::from_le_bytes(*len) as usize).min(after.len()));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        // The writer refuses repeated names.
        if zip.start_file(String::from_utf8_lossy(name), options).is_ok() {
            zip.write_all(content).expect("memory takes what is written");
        }
        rest = after;
    }
    zip.finish().expect("memory takes what is written").into_inner()
}

/// Returns the input if it is a shard, otherwise a shard of its parts: rows, columns and torus flag in one byte each, then
/// problems, each a byte for its length and its bits.
fn whole_shard(data: &[u8]) -> Vec<u8> {
    if data.starts_with(b"SL") {
        return data.to_vec();
    }
    let Some(([rows, cols, torus], problems)) = data.split_first_chunk::<3>() else { return Vec::new() };
    let mut shard = b"SLshard\n".to_vec();
    for number in [2, u32::from(*rows), u32::from(*cols), 256, u32::from(*torus)] {
        shard.extend(number.to_le_bytes());
    }
    shard.extend(checksum(&shard).to_le_bytes());
    let (mut block, mut n) = (Vec::new(), 0u64);
    let mut rest = problems;
    while let Some((&len, after)) = rest.split_first().filter(|_| n < 256) {
        let (problem, after) = after.split_at(usize::from(len & 0x7f).min(after.len()));
        block.push(problem.len() as u8);
        block.extend(problem);
        n += 1;
        rest = after;
    }
    let mut footer = Vec::new();
    if n > 0 {
        footer.extend((shard.len() as u64).to_le_bytes());
        shard.extend(&block);
        shard.extend(checksum(&block).to_le_bytes());
    }
    let index_at = shard.len() as u64;
    let header_at = index_at + footer.len() as u64;
    footer.extend(br#"{"searchlens":2,"program":"","source":null,"n":0,"statistics":null}"#);
    [n, index_at, header_at].iter().for_each(|number| footer.extend(number.to_le_bytes()));
    footer.extend(checksum(&footer).to_le_bytes());
    footer.extend(b"SLend\n\0\0");
    shard.extend(footer);
    shard
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}
