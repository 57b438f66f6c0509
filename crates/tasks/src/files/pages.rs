//! What a Parquet file may make us hold: pages of no more than so many bytes and values, looked at before they are unpacked.
//!
//! A page says in its header how long it is unpacked, and a run of equal values takes as many bytes however long it is, so
//! that a file of some hundred bytes could ask for gigabytes.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parquet::basic::Encoding;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::schema::types::ColumnDescriptor;

use crate::files::FileFault;

/// The most bytes of a page. Writers end pages at about one megabyte.
const MAX_PAGE_BYTES: u64 = 64 << 20;

/// The most values of a page, and of the pages that hold one batch of problems.
pub(crate) const MAX_PAGE_VALUES: u64 = 16 << 20;

/// Looks at the header of every page of a column's part.
///
/// # Errors
/// [`FileFault`], if a page is larger than allowed, or its header makes no sense.
pub(crate) fn check(file: &File, column: &str, chunk: &ColumnChunkMetaData) -> std::result::Result<(), FileFault> {
    let broken = |what: String| FileFault::part(format!("column {column}"), what);
    let offsets = [Some(chunk.data_page_offset()), chunk.dictionary_page_offset()];
    let begin = offsets.into_iter().flatten().min().and_then(|at| u64::try_from(at).ok());
    let (begin, len) = begin
        .zip(u64::try_from(chunk.compressed_size()).ok())
        .ok_or_else(|| broken("lies at a negative place".to_owned()))?;
    let mut file = BufReader::new(file.try_clone().map_err(FileFault::Read)?);
    let mut at = begin;
    let end = begin.saturating_add(len);
    let mut n_values = 0u64;
    let wanted = u64::try_from(chunk.num_values()).map_err(|_negative| broken("has a negative length".to_owned()))?;
    while at < end && n_values < wanted {
        file.seek(SeekFrom::Start(at)).map_err(FileFault::Read)?;
        let mut header = Thrift { source: (&mut file).take(end - at), n_read: 0 };
        let page = header.page().map_err(|error| broken(format!("has a page that cannot be read: {error}")))?;
        if page.unpacked > MAX_PAGE_BYTES {
            return Err(FileFault::too_long(format!("a page of column {column}"), page.unpacked, MAX_PAGE_BYTES));
        }
        if page.n_values > MAX_PAGE_VALUES {
            return Err(FileFault::too_long(format!("a page of column {column}"), page.n_values, MAX_PAGE_VALUES));
        }
        n_values += if page.is_data { page.n_values } else { 0 };
        at = at.saturating_add(header.n_read).saturating_add(page.packed);
    }
    Ok(())
}

/// Pages of a column that the decoder can take: so many values at most between two refills of the budget, and of
/// encodings that every writer uses.
pub(crate) struct Budgeted {
    pages: Box<dyn PageReader>,
    budget: Arc<AtomicU64>,
    /// Whether a dictionary has come, which later pages may speak of.
    has_dictionary: bool,
    /// How many kinds of levels go before a page's values: of repetition, of definition.
    n_levels: usize,
}

impl Budgeted {
    pub(crate) fn new(pages: Box<dyn PageReader>, column: &ColumnDescriptor, budget: Arc<AtomicU64>) -> Budgeted {
        let n_levels = usize::from(column.max_rep_level() > 0) + usize::from(column.max_def_level() > 0);
        Budgeted { pages, budget, has_dictionary: false, n_levels }
    }
}

/// Whether a page of the first version has its levels, each kind after its length in four bytes: the decoder takes that for
/// granted.
fn has_levels(page: &Page, n_levels: usize) -> bool {
    let Page::DataPage { buf, rep_level_encoding, def_level_encoding, .. } = page else { return true };
    let mut rest = &buf[..];
    let are_there = (0..n_levels).all(|_| {
        let Some((len, after)) = rest.split_first_chunk::<4>() else { return false };
        match after.get(u32::from_le_bytes(*len) as usize..) {
            Some(after) => rest = after,
            None => return false,
        }
        true
    });
    let packed = |encoding: &Encoding| *encoding != Encoding::RLE;
    are_there && (n_levels == 0 || !(packed(rep_level_encoding) || packed(def_level_encoding)))
}

impl PageReader for Budgeted {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.pages.get_next_page()?;
        match page.as_ref().map(|page| (page.is_data_page(), page.encoding())) {
            None | Some((false, _)) | Some((true, Encoding::PLAIN | Encoding::RLE)) => {}
            Some((true, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY)) if self.has_dictionary => {}
            // The decoders of other encodings, and of words of a missing dictionary, trust what they read.
            Some((true, encoding)) => {
                let what = format!("a page is encoded as {encoding}, not plain or by a dictionary before it");
                return Err(ParquetError::General(what));
            }
        }
        if page.as_ref().is_some_and(|page| !has_levels(page, self.n_levels)) {
            return Err(ParquetError::General("a page ends within its levels".into()));
        }
        self.has_dictionary |= page.as_ref().is_some_and(Page::is_dictionary_page);
        if let Some(page) = page.as_ref().filter(|page| page.is_data_page()) {
            let (left, values) = (self.budget.load(Ordering::Relaxed), u64::from(page.num_values()));
            let left = left.checked_sub(values);
            let left =
                left.ok_or_else(|| ParquetError::General("a problem has more values than problems have".into()))?;
            self.budget.store(left, Ordering::Relaxed);
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.pages.at_record_boundary()
    }
}

impl Iterator for Budgeted {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

thread_local! {
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is in the decoder of Parquet files, whose panics are caught: they mean that a file is damaged. A
/// panic hook has nothing to say then.
pub fn is_decoding() -> bool {
    DECODING.get()
}

/// Calls the decoder, which takes some things for granted that a damaged file may lack, and panics: an error like others.
pub(crate) fn decoding<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    DECODING.set(true);
    // What the work leaves half done is not used again: the file is given up.
    let done = catch_unwind(AssertUnwindSafe(work));
    DECODING.set(false);
    done.unwrap_or_else(|_panic| Err(ParquetError::General("its values do not fit what is said of them".into())))
}

/// What a page's header says.
#[derive(Default)]
struct PageHead {
    unpacked: u64,
    packed: u64,
    n_values: u64,
    is_data: bool,
}

/// Thrift's compact protocol, as far as page headers need it.
struct Thrift<R> {
    source: R,
    n_read: u64,
}

/// Structures in structures that a header may have.
const MAX_DEPTH: usize = 8;

impl<R: Read> Thrift<R> {
    fn page(&mut self) -> io::Result<PageHead> {
        let mut head = PageHead::default();
        let mut field = 0;
        while let Some(kind) = self.field(&mut field)? {
            match field {
                2 => head.unpacked = self.count()?,
                3 => head.packed = self.count()?,
                // The headers of data pages, dictionaries, and data pages of the second version: values come first.
                5 | 7 | 8 => {
                    head.is_data = field != 7;
                    let mut inner = 0;
                    while let Some(kind) = self.field(&mut inner)? {
                        match inner {
                            1 => head.n_values = self.count()?,
                            _ => self.skip(kind, MAX_DEPTH)?,
                        }
                    }
                }
                _ => self.skip(kind, MAX_DEPTH)?,
            }
        }
        Ok(head)
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.source.read_exact(&mut byte)?;
        self.n_read += 1;
        Ok(byte[0])
    }

    fn varint(&mut self) -> io::Result<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(wrong("a number of more than 64 bits"))
    }

    /// A whole number that is not negative.
    fn count(&mut self) -> io::Result<u64> {
        match self.varint()? {
            number if number & 1 == 0 => Ok(number >> 1),
            _ => Err(wrong("a negative length")),
        }
    }

    /// The type of the next field, whose number goes to `field`; `None` at the end of the structure.
    fn field(&mut self, field: &mut u64) -> io::Result<Option<u8>> {
        let byte = self.byte()?;
        if byte == 0 {
            return Ok(None);
        }
        *field = match byte >> 4 {
            0 => self.count()?,
            step => field.saturating_add(u64::from(step)),
        };
        Ok(Some(byte & 0x0f))
    }

    fn skip(&mut self, kind: u8, depth: usize) -> io::Result<()> {
        let depth = depth.checked_sub(1).ok_or_else(|| wrong("structures too deep"))?;
        match kind {
            1 | 2 => Ok(()),
            3 => self.byte().map(drop),
            4..=6 => self.varint().map(drop),
            7 => (0..8).try_for_each(|_| self.byte().map(drop)),
            8 => {
                let len = self.varint()?;
                (0..len).try_for_each(|_| self.byte().map(drop))
            }
            9 | 10 => {
                let byte = self.byte()?;
                let len = if byte >> 4 == 15 { self.varint()? } else { u64::from(byte >> 4) };
                // In lists a truth value has a byte of its own.
                let kind = if matches!(byte & 0x0f, 1 | 2) { 3 } else { byte & 0x0f };
                (0..len).try_for_each(|_| self.skip(kind, depth))
            }
            12 => {
                let mut field = 0;
                while let Some(kind) = self.field(&mut field)? {
                    self.skip(kind, depth)?;
                }
                Ok(())
            }
            _ => Err(wrong("a field of unknown kind")),
        }
    }
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
