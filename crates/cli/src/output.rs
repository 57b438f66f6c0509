//! Text output: to standard output, or to a file that is written atomically.

use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use searchlens::base::durable::StagedFile;
use searchlens::base::fault::{Fault, HasFault};
use serde::Serialize;

use crate::error::{CliError, Result};

/// A failed write to a file or to standard output.
#[derive(Debug, thiserror::Error)]
#[error("{path}: cannot be written: {source}; choose another path or free some space")]
pub(crate) struct WriteError {
    pub(crate) path: PathBuf,
    pub(crate) source: io::Error,
}

impl HasFault for WriteError {
    fn fault(&self) -> Fault {
        Fault::Failure
    }
}

/// Prints a line to standard output.
pub(crate) fn print(text: impl Display) -> Result<()> {
    let mut out = Output::stdout();
    out.write_line(text)?;
    out.finish()
}

/// Prints a value as one line of JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result<()> {
    print(serde_json::to_string(value).expect("results have a JSON form"))
}

/// Lines for standard output or a file.
pub(crate) struct Output {
    sink: Sink,
    path: PathBuf,
}

enum Sink {
    Stdout(BufWriter<io::StdoutLock<'static>>),
    /// A temporary file beside the target, moved there when complete.
    Staged(BufWriter<StagedFile>),
    /// A pipe or device, which a file cannot replace.
    Direct(BufWriter<File>),
}

impl Output {
    /// Standard output.
    pub(crate) fn stdout() -> Output {
        Output { sink: Sink::Stdout(BufWriter::new(io::stdout().lock())), path: "standard output".into() }
    }

    /// Opens the file at `path`, or standard output if that is `-`. An existing file stays as it is until [`Output::finish`].
    pub(crate) fn create(path: &Path) -> Result<Output, WriteError> {
        if path == Path::new("-") {
            return Ok(Output::stdout());
        }
        let open = || match std::fs::metadata(path) {
            Ok(metadata) if !metadata.is_file() => {
                Ok(Sink::Direct(BufWriter::new(OpenOptions::new().write(true).open(path)?)))
            }
            _ => Ok(Sink::Staged(BufWriter::new(StagedFile::create(path)?))),
        };
        let sink = open().map_err(|source| WriteError { path: path.to_owned(), source })?;
        Ok(Output { sink, path: path.to_owned() })
    }

    /// Writes a line.
    pub(crate) fn write_line(&mut self, text: impl Display) -> Result<()> {
        let result = match &mut self.sink {
            Sink::Stdout(out) => writeln!(out, "{text}"),
            Sink::Staged(out) => writeln!(out, "{text}"),
            Sink::Direct(out) => writeln!(out, "{text}"),
        };
        result.map_err(|error| self.fault(error))
    }

    /// Flushes the output and moves a file to its path.
    pub(crate) fn finish(self) -> Result<()> {
        let Output { sink, path } = self;
        let written = match sink {
            Sink::Stdout(mut out) => out.flush(),
            Sink::Direct(mut out) => out.flush(),
            Sink::Staged(out) => out.into_inner().map_err(io::IntoInnerError::into_error).and_then(StagedFile::persist),
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
