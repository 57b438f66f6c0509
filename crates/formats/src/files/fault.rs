//! Errors of reading and writing problem files.

use std::io;
use std::path::{Path, PathBuf};

use crate::record::{RecordError, RecordFault};
use searchlens_base::fault::{Fault, HasFault};

/// Error of reading or writing a problem file.
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", path.display())]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// The error kind.
    pub fault: FileFault,
}

/// Error kind of a [`FileError`].
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum FileFault {
    #[error("cannot be read: {0}; name a file that exists and may be read")]
    Read(io::Error),
    #[error("cannot be written: {0}; choose another place or free some space")]
    Write(io::Error),
    #[error(
        "the ending {ending} is not a format of problem files; available: {}, a folder as DIR/, and - for JSON lines",
        .known
    )]
    Ending { ending: String, known: String },
    #[error("`{part}` {what}; {remedy}")]
    Part { part: String, what: String, remedy: &'static str },
    #[error("problem {number}: {fault}")]
    Problem { number: u64, fault: RecordFault },
    #[error(transparent)]
    Line(RecordError),
    #[error("problem {number}: {what}, which {format} files cannot hold; write {instead} instead")]
    CannotHold { number: u64, what: &'static str, format: &'static str, instead: &'static str },
}

impl HasFault for FileError {
    fn fault(&self) -> Fault {
        self.fault.fault()
    }
}

impl HasFault for FileFault {
    fn fault(&self) -> Fault {
        match self {
            FileFault::Write(_) => Fault::Failure,
            _ => Fault::BadInput,
        }
    }
}

impl FileFault {
    /// Returns the error of a part that is damaged or was written by another program.
    pub(crate) fn part(part: impl Into<String>, what: impl Into<String>) -> FileFault {
        FileFault::Part { part: part.into(), what: what.into(), remedy: "rewrite the file" }
    }

    /// Returns the error of a part whose values have the wrong type.
    pub(crate) fn kind(part: impl Into<String>, found: &str, wanted: &str) -> FileFault {
        let what = format!("holds {found}, not {wanted}");
        FileFault::Part { part: part.into(), what, remedy: "convert it, or rewrite the file" }
    }

    /// Returns the error of a part that is longer than any problem needs.
    pub(crate) fn too_long(
        part: impl Into<String>,
        len: impl std::fmt::Display,
        max: impl std::fmt::Display,
    ) -> FileFault {
        let what = format!("has {len} values or bytes, more than the maximum of {max}");
        FileFault::Part { part: part.into(), what, remedy: "split it into smaller problems or files" }
    }

    /// Adds the path of the file.
    pub fn at(self, path: &Path) -> FileError {
        FileError { path: path.to_owned(), fault: self }
    }
}
