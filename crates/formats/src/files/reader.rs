//! The reader of all problem files.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::files::fault::{FileError, FileFault};
use crate::files::format::Format;
use crate::files::header::Header;
use crate::files::raw::RawEntry;
use crate::files::shard::{self, Shard};
use crate::files::{lines_header, npz, parquet, zanj};
use crate::record::{RecordError, RecordFault};
use searchlens_tasks::splits::Split;

/// Maximum length of a line in bytes. A maze of a million cells has 25 MB.
const MAX_LINE: u64 = 256 << 20;

/// Reads the problems of a file in order, as raw entries.
///
/// ```
/// use searchlens_formats::files::Reader;
///
/// let lines = r#"{"grid_shape":[1,2],"connection_list":[[[0,0]],[[1,0]]]}"#;
/// for raw in Reader::lines("example", lines.as_bytes()) {
///     let entry = raw?.decode()?;
///     assert!(entry.facts().is_none(), "it has no ends");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Reader {
    path: PathBuf,
    header: Option<Header>,
    items: Box<dyn Iterator<Item = Result<RawEntry, FileFault>>>,
    /// The remaining files of a folder.
    files: std::vec::IntoIter<PathBuf>,
    n_before: u64,
}

impl Reader {
    /// Opens a file, by its ending, or a folder written by [`crate::files::FolderWriter`].
    ///
    /// # Errors
    /// [`FileError`], if the file does not exist or does not have the format of its ending.
    pub fn open(path: &Path) -> Result<Reader, FileError> {
        let format = Format::of(path)?;
        if format == Format::Folder {
            return Reader::open_folder(path);
        }
        let (header, items) = open(format, path).map_err(|fault| fault.at(path))?;
        Ok(Reader { path: path.to_owned(), header, items, files: Vec::new().into_iter(), n_before: 0 })
    }

    /// Reads JSON lines from any source; `name` replaces the path in errors.
    pub fn lines(name: &str, source: impl BufRead + 'static) -> Reader {
        let items = Box::new(until_fault(lines(source)));
        Reader { path: name.into(), header: None, items, files: Vec::new().into_iter(), n_before: 0 }
    }

    fn open_folder(path: &Path) -> Result<Reader, FileError> {
        let data = path.join("data");
        let entries = std::fs::read_dir(&data).map_err(|error| FileFault::Read(error).at(&data))?;
        let mut files = Vec::new();
        for entry in entries {
            files.push(entry.map_err(|error| FileFault::Read(error).at(&data))?.path());
        }
        files.retain(|file| file.extension().is_some_and(|ending| ending == "parquet"));
        let split = |file: &PathBuf| {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let split = Split::ALL.into_iter().position(|split| name.starts_with(split.name()));
            (split.unwrap_or(Split::ALL.len()), name)
        };
        files.sort_by_key(split);
        let mut files = files.into_iter();
        let none = || FileFault::part("data", "has no .parquet files").at(path);
        let mut reader = Reader::open(&files.next().ok_or_else(none)?)?;
        reader.files = files;
        Ok(reader)
    }

    /// Returns the header of the current file, if it has one.
    pub fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// Returns the path of the current file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn next_file(&mut self) -> Option<Result<(), FileError>> {
        let path = self.files.next()?;
        Some(Reader::open(&path).map(|next| {
            (self.path, self.header, self.items) = (next.path, next.header, next.items);
        }))
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("path", &self.path).field("header", &self.header).finish_non_exhaustive()
    }
}

/// In a folder, numbers continue from one file to the next.
impl Iterator for Reader {
    type Item = Result<RawEntry, FileError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.items.next() {
                Some(raw) => {
                    let raw = raw.map(|raw| RawEntry { number: raw.number + self.n_before, ..raw });
                    return Some(raw.map_err(|fault| fault.at(&self.path)));
                }
                None => {
                    let n_here = self.header.as_ref().map_or(0, |header| header.n);
                    if let Err(error) = self.next_file()? {
                        return Some(Err(error));
                    }
                    self.n_before = self.n_before.saturating_add(n_here);
                }
            }
        }
    }
}

type RawEntries = Box<dyn Iterator<Item = Result<RawEntry, FileFault>>>;

fn open(format: Format, path: &Path) -> Result<(Option<Header>, RawEntries), FileFault> {
    Ok(match format {
        Format::Lines => {
            let source = BufReader::new(File::open(path).map_err(FileFault::Read)?);
            (lines_header::read(path)?, Box::new(until_fault(lines(source))))
        }
        Format::Parquet | Format::Folder => {
            let (header, items) = parquet::open(path)?;
            (header, Box::new(until_fault(items)))
        }
        Format::Npz => {
            let (header, items) = npz::open(path)?;
            (header, Box::new(until_fault(items)))
        }
        Format::Zanj(_) => {
            let (header, items) = zanj::open(path)?;
            (header, Box::new(until_fault(items)))
        }
        Format::Shard => {
            let shard = Shard::open(File::open(path).map_err(FileFault::Read)?)?;
            (Some(shard.header().clone()), Box::new(shard::RawEntries::of(shard)))
        }
    })
}

/// Ends an iterator after its first error: in these formats the data after a damaged part cannot be located. (In shards it
/// can.)
fn until_fault(
    mut items: impl Iterator<Item = Result<RawEntry, FileFault>>,
) -> impl Iterator<Item = Result<RawEntry, FileFault>> {
    let mut ended = false;
    std::iter::from_fn(move || {
        let raw = if ended { None } else { items.next() };
        ended |= raw.as_ref().is_some_and(Result::is_err);
        raw
    })
}

/// Returns the non-empty lines with their numbers.
fn lines(mut source: impl BufRead) -> impl Iterator<Item = Result<RawEntry, FileFault>> {
    let mut number = 0;
    std::iter::from_fn(move || {
        loop {
            number += 1;
            let mut line = Vec::new();
            let read = source.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
            let text = match read {
                Ok(0) => return None,
                Ok(n) if n as u64 == MAX_LINE => Err(std::io::Error::other("the line is longer than 256 MiB")),
                Ok(_) => String::from_utf8(line)
                    .map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error.utf8_error())),
                Err(error) => Err(error),
            };
            match text {
                Ok(text) if text.trim().is_empty() => {}
                Ok(text) => return Some(Ok(RawEntry::line(number, text.trim_end_matches(['\n', '\r']).to_owned()))),
                Err(error) => {
                    let fault = RecordFault::Source(error);
                    return Some(Err(FileFault::Line(RecordError { line: number as usize, fault })));
                }
            }
        }
    })
}
