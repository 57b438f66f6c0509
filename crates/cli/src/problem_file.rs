//! Problem output: JSON lines on standard output, a file of any format, or a data set folder. Files and folders are written
//! atomically.

use std::path::{Path, PathBuf};

use searchlens::base::durable::{StagedFile, UNFINISHED, folder_of, write_atomically};
use searchlens::formats::files::{
    Entry, FileFault, FolderWriter, Format, RawEntry, Source, Writer, header_of_lines, header_path,
};
use searchlens::tasks::sets::statistics::Facts;
use searchlens::tasks::splits::Split;
use tempfile::TempDir;

use crate::error::{InputError, Result};
use crate::output::{Output, WriteError, print};

/// A problem file being written.
pub(crate) struct ProblemFile {
    path: PathBuf,
    encoding: Encoding,
    target: Target,
    n: u64,
}

/// How problems must be encoded for a file.
#[derive(Clone, Copy)]
pub(crate) struct Encoding {
    format: Format,
    /// Whether the file gets a header with statistics. JSON lines on standard output or a pipe have none.
    has_header: bool,
}

enum Target {
    /// JSON lines for standard output, a pipe or a device.
    Stream(Output),
    /// A temporary file beside the target. JSON lines also get a header file.
    File { writer: Box<Writer>, file: StagedFile },
    /// A temporary folder beside the target.
    Folder { writer: Box<FolderWriter>, folder: TempDir },
}

/// A problem encoded for a file, made by a worker.
pub(crate) struct EncodedProblem {
    item: RawEntry,
    facts: Option<Facts>,
    split: Split,
}

impl EncodedProblem {
    /// Encodes a problem; `number` counts from 1.
    pub(crate) fn new(encoding: Encoding, number: u64, entry: &Entry) -> Result<EncodedProblem, FileFault> {
        let facts = if encoding.has_header { entry.facts() } else { None };
        let mut item = RawEntry::encode(encoding.format, number, entry)?;
        let class = entry.class_or_refined();
        if encoding.format == Format::Folder && entry.class.is_none() {
            // The splits of a data set are made by class, so its files store it.
            item = RawEntry::encode(encoding.format, number, &Entry { class: Some(class), ..entry.clone() })?;
        }
        Ok(EncodedProblem { item, facts, split: Split::of(class) })
    }
}

impl ProblemFile {
    /// Starts a file in the format that its ending names, or JSON lines on standard output if the path is `-`.
    pub(crate) fn create(path: &Path) -> Result<ProblemFile> {
        let format = if path == Path::new("-") { Format::Lines } else { Format::of(path)? };
        let unwritable = |source| WriteError { path: path.to_owned(), source };
        let folder = folder_of(path);
        if !folder.is_dir() {
            return Err(InputError::NoFolder { path: path.to_owned(), folder: folder.to_owned() }.into());
        }
        let is_stream = path == Path::new("-") || std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
        let target = match format {
            Format::Lines if is_stream => Target::Stream(Output::create(path)?),
            Format::Folder => {
                let is_taken = std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some());
                if is_taken || path.is_file() {
                    return Err(InputError::FolderTaken { path: path.to_owned() }.into());
                }
                let folder = folder_beside(path).map_err(unwritable)?;
                let writer = FolderWriter::new(folder.path()).map_err(|fault| fault.at(path))?;
                Target::Folder { writer: Box::new(writer), folder }
            }
            _ => {
                if is_stream {
                    return Err(InputError::NotAFile { path: path.to_owned() }.into());
                }
                let file = StagedFile::create(path).map_err(unwritable)?;
                let handle = file.as_file().try_clone().map_err(unwritable)?;
                let writer = Writer::new(format, handle, folder_of(path)).map_err(|fault| fault.at(path))?;
                Target::File { writer: Box::new(writer), file }
            }
        };
        let encoding = Encoding { format, has_header: !matches!(target, Target::Stream(_)) };
        Ok(ProblemFile { path: path.to_owned(), encoding, target, n: 0 })
    }

    /// Returns how problems must be encoded for this file.
    pub(crate) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Appends a problem.
    pub(crate) fn write(&mut self, problem: EncodedProblem) -> Result<()> {
        let EncodedProblem { item, facts, split } = problem;
        self.n += 1;
        let written = match &mut self.target {
            Target::Stream(output) => return output.write_line(item.text().unwrap_or_default()),
            Target::File { writer, .. } => writer.write(item, facts.as_ref()),
            Target::Folder { writer, .. } => writer.write(split, item, facts.as_ref()),
        };
        Ok(written.map_err(|fault| fault.at(&self.path))?)
    }

    /// Finishes the file, moves it to its path, and prints a summary unless the problems themselves went to standard output.
    /// `of_how_many` follows the number of problems in the summary.
    pub(crate) fn finish(self, source: Option<Source>, of_how_many: std::fmt::Arguments<'_>) -> Result<()> {
        let ProblemFile { path, encoding, target, n } = self;
        let unwritable = |source| WriteError { path: path.clone(), source };
        match target {
            Target::Stream(output) => output.finish()?,
            Target::File { writer, file } => {
                let header = writer.finish(source).map_err(|fault| fault.at(&path))?;
                file.persist().map_err(unwritable)?;
                if encoding.format == Format::Lines {
                    let header = header_of_lines(&path, &header).map_err(|fault| fault.at(&path))?;
                    write_atomically(&header_path(&path), header.as_bytes())?;
                }
            }
            Target::Folder { writer, folder } => {
                writer.finish(source).map_err(|fault| fault.at(&path))?;
                // An existing folder is empty, but not every system renames onto it.
                if path.is_dir() {
                    std::fs::remove_dir(&path).map_err(unwritable)?;
                }
                std::fs::rename(folder.path(), &path).map_err(unwritable)?;
                // Moved: there is nothing left to remove on drop.
                let _moved = folder.keep();
            }
        }
        if path == Path::new("-") {
            return Ok(());
        }
        let path = path.display();
        print(format_args!("wrote {n} problems{of_how_many} to {path}; draw them: searchlens show {path}"))
    }
}

/// Creates a temporary folder beside `path`, with the default permissions of a new folder.
fn folder_beside(path: &Path) -> std::io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    builder.tempdir_in(folder_of(path)).map_err(|error| error.kind().into())
}
