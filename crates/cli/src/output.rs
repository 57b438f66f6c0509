//! Where results go: standard output, or a file that appears whole or not at all.

use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use searchlens::base::durable::StagedFile;
use searchlens::base::fault::{Fault, HasFault};
use serde::Serialize;

use crate::error::{CliError, Result};

/// A file that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: cannot be written: {source}; choose another place or make room")]
pub(crate) struct WriteError {
    pub(crate) path: PathBuf,
    pub(crate) source: io::Error,
}

impl HasFault for WriteError {
    fn fault(&self) -> Fault {
        Fault::Failure
    }
}

/// Prints text and a line feed to standard output.
pub(crate) fn print(text: impl Display) -> Result<()> {
    let mut out = Output::stdout();
    out.write_line(text)?;
    out.finish()
}

/// Prints a value as one line of JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result<()> {
    print(serde_json::to_string(value).expect("results have a JSON form"))
}

/// Text on its way to standard output or a file.
pub(crate) struct Output {
    place: Place,
    path: PathBuf,
}

enum Place {
    Stdout(BufWriter<io::StdoutLock<'static>>),
    /// Written beside its place, and moved there when it is whole.
    Whole(BufWriter<StagedFile>),
    /// A pipe or device: nothing can be moved there.
    Direct(BufWriter<File>),
}

impl Output {
    /// Standard output.
    pub(crate) fn stdout() -> Output {
        Output { place: Place::Stdout(BufWriter::new(io::stdout().lock())), path: "standard output".into() }
    }

    /// The file at `path`, or standard output if that is `-`. A file that stands there is kept until [`Output::finish`].
    pub(crate) fn create(path: &Path) -> Result<Output, WriteError> {
        if path == Path::new("-") {
            return Ok(Output::stdout());
        }
        let open = || match std::fs::metadata(path) {
            Ok(there) if !there.is_file() => {
                Ok(Place::Direct(BufWriter::new(OpenOptions::new().write(true).open(path)?)))
            }
            _ => Ok(Place::Whole(BufWriter::new(StagedFile::create(path)?))),
        };
        let place = open().map_err(|source| WriteError { path: path.to_owned(), source })?;
        Ok(Output { place, path: path.to_owned() })
    }

    /// Writes text and a line feed.
    pub(crate) fn write_line(&mut self, text: impl Display) -> Result<()> {
        let result = match &mut self.place {
            Place::Stdout(out) => writeln!(out, "{text}"),
            Place::Whole(out) => writeln!(out, "{text}"),
            Place::Direct(out) => writeln!(out, "{text}"),
        };
        result.map_err(|error| self.fault(error))
    }

    /// Writes what is still held back and puts the file in its place.
    pub(crate) fn finish(self) -> Result<()> {
        let Output { place, path } = self;
        let written = match place {
            Place::Stdout(mut out) => out.flush(),
            Place::Direct(mut out) => out.flush(),
            Place::Whole(out) => out.into_inner().map_err(io::IntoInnerError::into_error).and_then(StagedFile::persist),
        };
        written.map_err(|error| fault(&path, error))
    }

    fn fault(&self, error: io::Error) -> CliError {
        fault(&self.path, error)
    }
}

fn fault(path: &Path, source: io::Error) -> CliError {
    match source.kind() {
        ErrorKind::BrokenPipe => CliError::ReaderGone,
        _ => WriteError { path: path.to_owned(), source }.into(),
    }
}
