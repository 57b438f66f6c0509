//! Where problems go: lines on standard output, a file of any format, or a data set folder. Each appears whole or not at
//! all.

use std::path::{Path, PathBuf};

use searchlens::base::durable::{StagedFile, UNFINISHED, folder_of, write_atomically};
use searchlens::formats::files::{
    Entry, FileFault, FolderWriter, Format, RawEntry, Source, Writer, header_of_lines, header_path,
};
use searchlens::tasks::split::Split;
use searchlens::tasks::statistics::Facts;
use tempfile::TempDir;

use crate::error::InputError;
use crate::output::{Output, WriteError, print};

/// A place for problems.
pub(crate) struct ProblemFile {
    path: PathBuf,
    form: Form,
    target: Target,
    n: u64,
}

/// What a place wants of problems.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    format: Format,
    /// Whether a header will tell what they are like. Lines that go to standard output or a pipe have none.
    has_header: bool,
}

enum Target {
    /// JSON lines on their way elsewhere than to a file.
    Stream(Output),
    /// A file beside its place; if its format is JSON lines, its header will lie beside it.
    File { writer: Box<Writer>, file: StagedFile },
    /// A folder beside its place.
    Folder { writer: Box<FolderWriter>, folder: TempDir },
}

/// A problem made ready for a format: workers make these.
pub(crate) struct Prepared {
    item: RawEntry,
    facts: Option<Facts>,
    split: Split,
}

impl Prepared {
    /// `number` counts from 1.
    pub(crate) fn of(form: Form, number: u64, entry: &Entry) -> Result<Prepared, FileFault> {
        let facts = if form.has_header { entry.facts() } else { None };
        let mut item = RawEntry::encode(form.format, number, entry)?;
        let class = entry.class_or_refined();
        if form.format == Format::Folder && entry.class.is_none() {
            // A folder's files hold what its splits are made on.
            item = RawEntry::encode(form.format, number, &Entry { class: Some(class), ..entry.clone() })?;
        }
        Ok(Prepared { item, facts, split: Split::of(class) })
    }
}

impl ProblemFile {
    /// Begins a file, by its ending; lines on standard output if the path is `-`.
    pub(crate) fn create(path: &Path) -> anyhow::Result<ProblemFile> {
        let format = if path == Path::new("-") { Format::Lines } else { Format::of(path)? };
        let unwritable = |source| WriteError { path: path.to_owned(), source };
        let folder = folder_of(path);
        if !folder.is_dir() {
            return Err(InputError::NoFolder { path: path.to_owned(), folder: folder.to_owned() }.into());
        }
        let is_stream = path == Path::new("-") || std::fs::metadata(path).is_ok_and(|there| !there.is_file());
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
        let form = Form { format, has_header: !matches!(target, Target::Stream(_)) };
        Ok(ProblemFile { path: path.to_owned(), form, target, n: 0 })
    }

    /// What problems are to be prepared for.
    pub(crate) fn form(&self) -> Form {
        self.form
    }

    /// Adds a problem.
    pub(crate) fn write(&mut self, problem: Prepared) -> anyhow::Result<()> {
        let Prepared { item, facts, split } = problem;
        self.n += 1;
        let written = match &mut self.target {
            Target::Stream(output) => return output.write_line(item.text().unwrap_or_default()),
            Target::File { writer, .. } => writer.write(item, facts.as_ref()),
            Target::Folder { writer, .. } => writer.write(split, item, facts.as_ref()),
        };
        Ok(written.map_err(|fault| fault.at(&self.path))?)
    }

    /// Writes what is left, puts everything in its place, and says so where that does not spoil the output; `of_how_many`
    /// comes after the number of problems.
    pub(crate) fn finish(self, source: Option<Source>, of_how_many: std::fmt::Arguments<'_>) -> anyhow::Result<()> {
        let ProblemFile { path, form, target, n } = self;
        let unwritable = |source| WriteError { path: path.clone(), source };
        match target {
            Target::Stream(output) => output.finish()?,
            Target::File { writer, file } => {
                let header = writer.finish(source).map_err(|fault| fault.at(&path))?;
                file.persist().map_err(unwritable)?;
                if form.format == Format::Lines {
                    let header = header_of_lines(&path, &header).map_err(|fault| fault.at(&path))?;
                    write_atomically(&header_path(&path), header.as_bytes())?;
                }
            }
            Target::Folder { writer, folder } => {
                writer.finish(source).map_err(|fault| fault.at(&path))?;
                // A folder that is there is empty, and not every system renames onto it.
                if path.is_dir() {
                    std::fs::remove_dir(&path).map_err(unwritable)?;
                }
                std::fs::rename(folder.path(), &path).map_err(unwritable)?;
                // It is no longer there to be removed.
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

/// A new folder beside `path`, with the rights that any new folder gets.
fn folder_beside(path: &Path) -> std::io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    builder.tempdir_in(folder_of(path)).map_err(|error| error.kind().into())
}
