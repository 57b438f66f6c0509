//! The writer of all problem files.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::files::card;
use crate::files::fault::FileFault;
use crate::files::format::Format;
use crate::files::header::{Header, Source};
use crate::files::npz::NpzSink;
use crate::files::parquet::ParquetSink;
use crate::files::raw::{Body, RawEntry};
use crate::files::shard::ShardSink;
use crate::files::sink::{Sink, wrong_format};
use crate::files::zanj::ZanjSink;
use searchlens_tasks::sets::statistics::{Facts, Tally};
use searchlens_tasks::splits::Split;

/// A problem file that is being written. It is complete after [`Writer::finish`].
///
/// ```
/// use searchlens_formats::files::{Format, RawEntry, Reader, Writer};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("mazes.parquet");
/// let line = r#"{"grid_shape":[1,2],"connection_list":[[[0,0]],[[1,0]]],"start":[0,0],"end":[0,1]}"#;
/// let entry = RawEntry::line(1, line.to_owned()).decode()?;
///
/// let mut writer = Writer::new(Format::Parquet, std::fs::File::create(&path)?, folder.path())?;
/// writer.write(RawEntry::encode(Format::Parquet, 1, &entry)?, entry.facts().as_ref())?;
/// writer.finish(None)?;
///
/// assert_eq!(Reader::open(&path)?.count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Writer {
    sink: Box<dyn Sink>,
    tally: Tally,
    n: u64,
}

impl Writer {
    /// Starts a file. In `folder` NPZ and `.zanj` files keep anonymous temporary files until all problems are written, as
    /// large as the uncompressed problems.
    ///
    /// # Errors
    /// [`FileFault::Write`].
    ///
    /// # Panics
    /// If the format is [`Format::Folder`]: that is for [`FolderWriter`].
    pub fn new(format: Format, file: File, folder: &Path) -> Result<Writer, FileFault> {
        let sink: Box<dyn Sink> = match format {
            Format::Lines => Box::new(Lines(BufWriter::new(file))),
            Format::Parquet => Box::new(ParquetSink::new(file)),
            Format::Npz => Box::new(NpzSink::new(file, folder)),
            Format::Zanj(form) => Box::new(ZanjSink::new(file, folder, form)?),
            Format::Shard => Box::new(ShardSink::new(BufWriter::new(file))),
            Format::Folder => panic!("a folder is no file"),
        };
        Ok(Writer { sink, tally: Tally::default(), n: 0 })
    }

    /// Writes an entry that was encoded for the writer's format, and counts its facts.
    ///
    /// # Errors
    /// [`FileFault::CannotHold`] if the format cannot store it after the previous ones, else [`FileFault::Write`].
    pub fn write(&mut self, raw: RawEntry, facts: Option<&Facts>) -> Result<(), FileFault> {
        self.n += 1;
        facts.into_iter().for_each(|facts| self.tally.add(facts));
        self.sink.write(raw)
    }

    /// Writes buffered entries and the header, flushes the file, and returns the header.
    ///
    /// # Errors
    /// [`FileFault::Write`].
    pub fn finish(self, source: Option<Source>) -> Result<Header, FileFault> {
        let header = Header::new(source, self.n, self.tally.statistics());
        self.sink.finish(&header)?;
        Ok(header)
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("n", &self.n).finish_non_exhaustive()
    }
}

/// JSON lines; for their header see [`crate::files::header_of_lines`].
struct Lines(BufWriter<File>);

impl Sink for Lines {
    fn write(&mut self, raw: RawEntry) -> Result<(), FileFault> {
        let Body::Line(line) = raw.body else { return Err(wrong_format()) };
        writeln!(self.0, "{line}").map_err(FileFault::Write)
    }

    fn finish(mut self: Box<Self>, _header: &Header) -> Result<(), FileFault> {
        self.0.flush().map_err(FileFault::Write)
    }
}

/// A data set folder that is being written: `data/SPLIT-00000-of-00001.parquet` for each split that has problems, and
/// `README.md`, as Hugging Face's `datasets` reads them.
#[derive(Debug)]
pub struct FolderWriter {
    folder: PathBuf,
    /// By split, in the order of [`Split::ALL`].
    writers: [Option<Writer>; 3],
}

impl FolderWriter {
    /// Starts a data set in an empty folder.
    ///
    /// # Errors
    /// [`FileFault::Write`].
    pub fn new(folder: &Path) -> Result<FolderWriter, FileFault> {
        std::fs::create_dir_all(folder.join("data")).map_err(FileFault::Write)?;
        Ok(FolderWriter { folder: folder.to_owned(), writers: [None, None, None] })
    }

    /// Writes an entry that was encoded for [`Format::Folder`] to its split.
    ///
    /// # Errors
    /// As [`Writer::write`].
    pub fn write(&mut self, split: Split, raw: RawEntry, facts: Option<&Facts>) -> Result<(), FileFault> {
        self.writer(split)?.write(raw, facts)
    }

    fn writer(&mut self, split: Split) -> Result<&mut Writer, FileFault> {
        Ok(match &mut self.writers[split as usize] {
            Some(writer) => writer,
            place => {
                let path = self.folder.join("data").join(card::file_name(split));
                let file = File::create(path).map_err(FileFault::Write)?;
                place.insert(Writer::new(Format::Parquet, file, &self.folder)?)
            }
        })
    }

    /// Writes buffered entries, the headers and the card. Without problems, one split has an empty file, so that the folder
    /// can be read.
    ///
    /// # Errors
    /// [`FileFault::Write`].
    pub fn finish(mut self, source: Option<Source>) -> Result<(), FileFault> {
        if self.writers.iter().all(Option::is_none) {
            self.writer(source.as_ref().and_then(|source| source.split).unwrap_or(Split::Train))?;
        }
        let mut headers = Vec::new();
        for (split, writer) in Split::ALL.into_iter().zip(self.writers) {
            if let Some(writer) = writer {
                headers.push((split, writer.finish(source.clone())?));
            }
        }
        let card = card::card(&headers);
        std::fs::write(self.folder.join("README.md"), card).map_err(FileFault::Write)
    }
}
