//! Zip files of arrays: the container of NPZ and `.zanj` files. Members are read as parallel streams, so that only one
//! problem is held in memory; they are written from spools, because a member's header contains its length.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use flate2::CrcReader;
use flate2::read::DeflateDecoder;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::files::fault::FileFault;
use crate::files::npy::{self, Array, Dtype};

/// A zip file that is being read.
pub(crate) struct ArchiveReader {
    path: PathBuf,
    members: Vec<Member>,
}

/// The place of a member.
#[derive(Clone, Debug)]
struct Member {
    name: String,
    at: u64,
    packed_len: u64,
    len: u64,
    sum: u32,
    deflated: bool,
}

/// Maximum number of members of a file.
const MAX_MEMBERS: usize = 10_000;

impl ArchiveReader {
    /// Reads a zip file's directory. Members are never unpacked to disk, so their names can do no harm.
    ///
    /// # Errors
    /// [`FileFault`], if the file is not a zip file, or has members that are encrypted or compressed by other methods than
    /// deflate.
    pub(crate) fn open(path: &Path) -> Result<ArchiveReader, FileFault> {
        let file = File::open(path).map_err(FileFault::Read)?;
        let broken = |error: zip::result::ZipError| FileFault::part("zip directory", format!("is damaged: {error}"));
        let mut archive = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
        if archive.len() > MAX_MEMBERS {
            return Err(FileFault::too_long("zip directory", archive.len(), MAX_MEMBERS));
        }
        let mut members = Vec::new();
        for i in 0..archive.len() {
            let member = archive.by_index_raw(i).map_err(broken)?;
            let name = member.name().map_err(broken)?.into_owned();
            let deflated = match member.compression() {
                CompressionMethod::Stored => false,
                CompressionMethod::Deflated => true,
                method => {
                    let what = format!("is compressed by {method}");
                    return Err(FileFault::Part { part: name, what, remedy: "compress it by deflate, or not at all" });
                }
            };
            if member.encrypted() {
                return Err(FileFault::Part {
                    part: name,
                    what: "is encrypted".to_owned(),
                    remedy: "decrypt it first",
                });
            }
            let at = member.data_start().ok_or_else(|| FileFault::part(&name, "has no data"))?;
            let (packed_len, len, sum) = (member.compressed_size(), member.size(), member.crc32());
            members.push(Member { name, at, packed_len, len, sum, deflated });
        }
        Ok(ArchiveReader { path: path.to_owned(), members })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|member| member.name == name)
    }

    /// Opens a member as a stream that fails at its end if length or checksum differ from the directory's.
    pub(crate) fn member(&self, name: &str) -> Result<Box<dyn Read + Send>, FileFault> {
        let member = self.members.iter().find(|member| member.name == name);
        let member = member.ok_or_else(|| FileFault::part(name, "is missing"))?;
        let mut file = File::open(&self.path).map_err(FileFault::Read)?;
        file.seek(SeekFrom::Start(member.at)).map_err(FileFault::Read)?;
        let packed = BufReader::new(file.take(member.packed_len));
        let open: Box<dyn Read + Send> =
            if member.deflated { Box::new(DeflateDecoder::new(packed)) } else { Box::new(packed) };
        Ok(Box::new(Checked { source: CrcReader::new(open), left: member.len, sum: member.sum }))
    }

    /// A whole member, of at most so many bytes.
    pub(crate) fn bytes(&self, name: &str, most: usize) -> Result<Vec<u8>, FileFault> {
        let mut bytes = Vec::new();
        let read = self.member(name)?.take(most as u64 + 1).read_to_end(&mut bytes);
        let n = read.map_err(|error| FileFault::part(name, format!("cannot be unpacked: {error}")))?;
        if n > most { Err(FileFault::too_long(name, format!("more than {most}"), most)) } else { Ok(bytes) }
    }

    /// The array in a member.
    pub(crate) fn array(&self, name: &str) -> Result<Array, FileFault> {
        Array::open(name, self.member(name)?)
    }
}

/// A member whose length and checksum are held against the directory's.
struct Checked<R> {
    source: CrcReader<R>,
    left: u64,
    sum: u32,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wrong = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidData, what));
        let n = self.source.read(buffer)?;
        if n as u64 > self.left {
            return wrong("it is longer than the zip directory says");
        }
        self.left -= n as u64;
        let at_end = n > 0 && self.left == 0;
        if at_end && self.source.crc().sum() != self.sum {
            return wrong("its checksum is wrong");
        }
        Ok(n)
    }
}

/// A zip file that is being written.
pub(crate) struct ArchiveWriter {
    zip: ZipWriter<BufWriter<File>>,
}

impl ArchiveWriter {
    pub(crate) fn new(file: File) -> ArchiveWriter {
        ArchiveWriter { zip: ZipWriter::new(BufWriter::new(file)) }
    }

    fn begin(&mut self, name: &str, len: u64) -> Result<(), FileFault> {
        // No timestamp: equal problems give equal files. Members of 4 GiB need longer fields.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(zip::DateTime::default())
            .large_file(len >= u64::from(u32::MAX) / 2);
        self.zip.start_file(name, options).map_err(write_fault)
    }

    /// Writes a member of these bytes.
    pub(crate) fn bytes(&mut self, name: &str, bytes: &[u8]) -> Result<(), FileFault> {
        self.begin(name, bytes.len() as u64)?;
        self.zip.write_all(bytes).map_err(FileFault::Write)
    }

    /// Writes an array member: its shape, and its values from `fill`.
    pub(crate) fn array(
        &mut self,
        name: &str,
        dtype: Dtype,
        shape: &[u64],
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), FileFault> {
        self.begin(name, shape.iter().product::<u64>().saturating_mul(dtype.size() as u64))?;
        self.zip.write_all(&npy::head(dtype, shape)).map_err(FileFault::Write)?;
        fill(&mut self.zip).map_err(FileFault::Write)
    }

    pub(crate) fn finish(self) -> Result<(), FileFault> {
        self.zip.finish().map_err(write_fault)?.flush().map_err(FileFault::Write)
    }
}

fn write_fault(error: zip::result::ZipError) -> FileFault {
    FileFault::Write(io::Error::other(error))
}

/// Values of a future member, in an anonymous temporary file: scratch data, not a result.
pub(crate) struct Spool {
    file: BufWriter<File>,
    pub(crate) dtype: Dtype,
    pub(crate) len: u64,
}

impl Spool {
    /// Creates a spool in a folder.
    pub(crate) fn new(folder: &Path, dtype: Dtype) -> Result<Spool, FileFault> {
        let file = tempfile::tempfile_in(folder).map_err(FileFault::Write)?;
        Ok(Spool { file: BufWriter::new(file), dtype, len: 0 })
    }

    /// Appends values, given as bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), FileFault> {
        self.len += (bytes.len() / self.dtype.size()) as u64;
        self.file.write_all(bytes).map_err(FileFault::Write)
    }

    /// Appends integers, truncated to the spool's width.
    pub(crate) fn push_ints(&mut self, values: impl IntoIterator<Item = i64>) -> Result<(), FileFault> {
        let size = self.dtype.size();
        values.into_iter().try_for_each(|value| self.push(&value.to_le_bytes()[..size]))
    }

    /// Returns a reader of all values.
    pub(crate) fn rewound(&mut self) -> Result<BufReader<&mut File>, FileFault> {
        self.file.flush().map_err(FileFault::Write)?;
        self.file.seek(SeekFrom::Start(0)).map_err(FileFault::Write)?;
        Ok(BufReader::new(self.file.get_mut()))
    }

    /// Writes the values as a member of an archive.
    pub(crate) fn put(&mut self, archive: &mut ArchiveWriter, name: &str, shape: &[u64]) -> Result<(), FileFault> {
        let dtype = self.dtype;
        let mut values = self.rewound()?;
        archive.array(name, dtype, shape, |out| io::copy(&mut values, out).map(drop))
    }
}
