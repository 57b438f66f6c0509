//! The pages of a Parquet file, read and decompressed within limits.
//!
//! A page's header states its decompressed size, and a run of equal values takes a few bytes at any length, so a file of
//! some hundred bytes could demand gigabytes. Here the sizes of a page are limited and checked before decompression, which
//! is also done here, in Rust: the `parquet` crate's own zstd is a C library.

use std::cell::Cell;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;
use parquet::basic::{CompressionCodec, Encoding};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use ruzstd::decoding::FrameDecoder;

use crate::files::fault::FileFault;
use crate::files::page_head::{PageHead, PageKind};

/// Maximum size of a page in bytes. Writers use about one megabyte.
const MAX_PAGE_BYTES: u64 = 64 << 20;

/// Maximum number of values of a page, and of the pages of one batch of problems.
pub(crate) const MAX_PAGE_VALUES: u64 = 16 << 20;

/// The pages of a column chunk.
pub(crate) struct Pages {
    file: File,
    codec: CompressionCodec,
    /// Offset of the next header or, if it was read, of the data after it.
    at: u64,
    end: u64,
    /// The header of a page that is not yet read.
    head: Option<PageHead>,
    /// Number of values in the remaining data pages.
    left: u64,
    /// Number of values that may be read before the budget is refilled.
    budget: Arc<AtomicU64>,
    /// Whether there was a dictionary page, which later pages may use.
    has_dictionary: bool,
    /// Whether a page has repetition and definition levels.
    levels: [bool; 2],
}

impl Pages {
    /// Opens a chunk of the column `name`. `budget` is the number of values that the reader accepts; each page is subtracted
    /// from it.
    ///
    /// # Errors
    /// [`FileFault`], if the chunk's place is invalid, or its compression is not supported.
    pub(crate) fn open(
        file: &File,
        name: &str,
        chunk: &ColumnChunkMetaData,
        budget: Arc<AtomicU64>,
    ) -> std::result::Result<Pages, FileFault> {
        let part = || format!("column {name}");
        let codec = chunk.compression_codec();
        if !matches!(
            codec,
            CompressionCodec::UNCOMPRESSED | CompressionCodec::SNAPPY | CompressionCodec::ZSTD | CompressionCodec::GZIP
        ) {
            let remedy = "save it compressed by Snappy, zstd or gzip, or not at all";
            return Err(FileFault::Part { part: part(), what: format!("is compressed by {codec:?}"), remedy });
        }
        let offsets = [Some(chunk.data_page_offset()), chunk.dictionary_page_offset()];
        let begin = offsets.into_iter().flatten().min().and_then(|at| u64::try_from(at).ok());
        let len = u64::try_from(chunk.compressed_size()).ok();
        let (at, len) = begin.zip(len).ok_or_else(|| FileFault::part(part(), "has a negative offset"))?;
        let left = u64::try_from(chunk.num_values());
        let left = left.map_err(|_negative| FileFault::part(part(), "has a negative length"))?;
        let file = file.try_clone().map_err(FileFault::Read)?;
        let column = chunk.column_descr();
        let levels = [column.max_rep_level(), column.max_def_level()].map(|most| most > 0);
        let end = at.saturating_add(len);
        Ok(Pages { file, codec, at, end, head: None, left, budget, has_dictionary: false, levels })
    }

    /// Returns a reader of the rest of the chunk.
    fn rest(&mut self) -> Result<impl Read> {
        // Other columns share the file handle.
        self.file.seek(SeekFrom::Start(self.at))?;
        Ok((&self.file).take(self.end - self.at))
    }

    /// Reads the header of the next page, if there is one.
    fn peek(&mut self) -> Result<Option<&PageHead>> {
        while self.head.is_none() && self.left > 0 && self.at < self.end {
            let (head, len) = PageHead::read(BufReader::with_capacity(512, self.rest()?))?;
            self.at += len;
            let n_values = match head.kind {
                PageKind::Data { n_values, .. }
                | PageKind::DataV2 { n_values, .. }
                | PageKind::Dictionary { n_values, .. } => n_values.into(),
                PageKind::Other => 0,
            };
            if head.packed > self.end - self.at {
                return Err(general("a page extends beyond its column"));
            }
            if head.packed.max(head.unpacked) > MAX_PAGE_BYTES {
                let bytes = head.packed.max(head.unpacked);
                return Err(general(format!("a page has {bytes} bytes, more than the maximum of {MAX_PAGE_BYTES}")));
            }
            if n_values > MAX_PAGE_VALUES {
                return Err(general(format!(
                    "a page has {n_values} values, more than the maximum of {MAX_PAGE_VALUES}"
                )));
            }
            match head.kind {
                PageKind::Other => self.at += head.packed,
                _ => self.head = Some(head),
            }
        }
        Ok(self.head.as_ref())
    }

    /// Reads the compressed bytes of the page whose header was read.
    fn packed(&mut self, head: &PageHead) -> Result<Vec<u8>> {
        let mut packed = Vec::new();
        self.rest()?.take(head.packed).read_to_end(&mut packed)?;
        self.at += head.packed;
        if packed.len() as u64 == head.packed { Ok(packed) } else { Err(general("a page is cut off")) }
    }

    /// Subtracts a page's values from the budget.
    fn spend(&mut self, n_values: u32) -> Result<()> {
        let budget = self.budget.load(Ordering::Relaxed).checked_sub(n_values.into());
        let budget = budget.ok_or_else(|| general("a problem has more values than any valid one"))?;
        self.budget.store(budget, Ordering::Relaxed);
        self.left = self.left.saturating_sub(n_values.into());
        Ok(())
    }

    /// Returns an encoding that is safe to decode: the other decoders, and a missing dictionary, trust the file.
    fn encoding(&self, number: u32) -> Result<Encoding> {
        match number {
            PLAIN => Ok(Encoding::PLAIN),
            RLE => Ok(Encoding::RLE),
            PLAIN_DICTIONARY | RLE_DICTIONARY if self.has_dictionary => Ok(Encoding::RLE_DICTIONARY),
            _ => {
                let what = "not plain (0), in runs (3) or by a dictionary before it (8)";
                Err(general(format!("a page's encoding is number {number}, {what}")))
            }
        }
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        self.peek()?;
        let Some(head) = self.head.take() else { return Ok(None) };
        let packed = self.packed(&head)?;
        let unpacked = head.unpacked as usize;
        Ok(Some(match head.kind {
            PageKind::Other => return Err(general("a page has no values")),
            PageKind::Dictionary { n_values, encoding } => {
                if !matches!(encoding, PLAIN | PLAIN_DICTIONARY) {
                    return Err(general(format!("a dictionary is encoded as number {encoding}, not plain")));
                }
                self.has_dictionary = true;
                let buf = unpack(self.codec, packed, unpacked)?.into();
                Page::DictionaryPage { buf, num_values: n_values, encoding: Encoding::PLAIN, is_sorted: false }
            }
            PageKind::Data { n_values, encoding, definition_encoding, repetition_encoding } => {
                self.spend(n_values)?;
                let buf = unpack(self.codec, packed, unpacked)?;
                check_levels(&buf, self.levels, [repetition_encoding, definition_encoding])?;
                Page::DataPage {
                    buf: buf.into(),
                    num_values: n_values,
                    encoding: self.encoding(encoding)?,
                    def_level_encoding: Encoding::RLE,
                    rep_level_encoding: Encoding::RLE,
                    statistics: None,
                }
            }
            PageKind::DataV2 { n_values, n_nulls, n_rows, encoding, definitions_len, repetitions_len, is_packed } => {
                self.spend(n_values)?;
                let levels_len = u64::from(definitions_len) + u64::from(repetitions_len);
                if levels_len > head.packed.min(head.unpacked) {
                    return Err(general("a page ends within its levels"));
                }
                let levels_len = levels_len as usize;
                let codec = if is_packed { self.codec } else { CompressionCodec::UNCOMPRESSED };
                let mut buf = packed[..levels_len].to_vec();
                buf.extend(unpack(codec, packed[levels_len..].to_vec(), unpacked - levels_len)?);
                Page::DataPageV2 {
                    buf: buf.into(),
                    num_values: n_values,
                    encoding: self.encoding(encoding)?,
                    num_nulls: n_nulls,
                    num_rows: n_rows,
                    def_levels_byte_len: definitions_len,
                    rep_levels_byte_len: repetitions_len,
                    is_compressed: false,
                    statistics: None,
                }
            }
        }))
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        Ok(self.peek()?.map(|head| match head.kind {
            PageKind::DataV2 { n_values, n_rows, .. } => {
                PageMetadata { num_rows: Some(n_rows as usize), num_levels: Some(n_values as usize), is_dict: false }
            }
            PageKind::Data { n_values, .. } => {
                PageMetadata { num_rows: None, num_levels: Some(n_values as usize), is_dict: false }
            }
            PageKind::Dictionary { .. } | PageKind::Other => {
                PageMetadata { num_rows: None, num_levels: None, is_dict: true }
            }
        }))
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.get_next_page().map(drop)
    }
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

/// Parquet's codes of encodings.
const PLAIN: u32 = 0;
const PLAIN_DICTIONARY: u32 = 2;
const RLE: u32 = 3;
const RLE_DICTIONARY: u32 = 8;

/// Checks that a version 1 page has its levels, each kind after its length in four bytes: the decoder takes this for
/// granted. (For absent levels some writers state another encoding.)
fn check_levels(page: &[u8], levels: [bool; 2], encodings: [u32; 2]) -> Result<()> {
    let mut rest = page;
    for (_, encoding) in levels.into_iter().zip(encodings).filter(|(is_there, _)| *is_there) {
        if encoding != RLE {
            return Err(general(format!("a page's levels are encoded as number {encoding}, not in runs (3)")));
        }
        let after = rest.split_first_chunk::<4>().and_then(|(len, rest)| rest.get(u32::from_le_bytes(*len) as usize..));
        rest = after.ok_or_else(|| general("a page ends within its levels"))?;
    }
    Ok(())
}

/// Decompresses data whose decompressed size is `len` bytes.
fn unpack(codec: CompressionCodec, packed: Vec<u8>, len: usize) -> Result<Vec<u8>> {
    if len == 0 {
        return Ok(Vec::new());
    }
    let broken = |error: &dyn std::fmt::Display| general(format!("a page cannot be decompressed: {error}"));
    let unpacked = match codec {
        CompressionCodec::SNAPPY => {
            let mut unpacked = vec![0; len];
            let n = snap::raw::Decoder::new().decompress(&packed, &mut unpacked).map_err(|error| broken(&error))?;
            unpacked.truncate(n);
            unpacked
        }
        CompressionCodec::ZSTD => {
            let mut unpacked = vec![0; len];
            let mut decoder = FrameDecoder::new();
            decoder.set_max_window_size(MAX_PAGE_BYTES);
            let n = decoder.decode_all(&packed, &mut unpacked).map_err(|error| broken(&error))?;
            unpacked.truncate(n);
            unpacked
        }
        CompressionCodec::GZIP => {
            let mut unpacked = Vec::new();
            let most = len as u64 + 1;
            MultiGzDecoder::new(&packed[..]).take(most).read_to_end(&mut unpacked).map_err(|error| broken(&error))?;
            unpacked
        }
        _ => packed,
    };
    match unpacked.len() {
        n if n == len => Ok(unpacked),
        n => Err(general(format!("a page has at least {n} bytes, and its header says {len}"))),
    }
}

fn general(what: impl Into<String>) -> ParquetError {
    ParquetError::General(what.into())
}

thread_local! {
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is in the decoder of Parquet files, whose panics are caught: they mean that a file is damaged. A
/// panic hook should print nothing then.
pub fn is_decoding() -> bool {
    DECODING.get()
}

/// Calls the decoder, which panics on some damaged files, and converts panics to errors.
pub(crate) fn decoding<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    DECODING.set(true);
    // State that a panic leaves inconsistent is not used again: reading stops.
    let done = catch_unwind(AssertUnwindSafe(work));
    DECODING.set(false);
    done.unwrap_or_else(|_panic| Err(ParquetError::General("its values do not match its metadata".into())))
}
