//! What goes wrong with files of problems.

use std::io;
use std::path::{Path, PathBuf};

use crate::record::{RecordError, RecordFault};

/// Why a file of problems cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", path.display())]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: FileFault,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// The file is not there, or the disk failed.
    #[error("cannot be read: {0}; name a file that exists and may be read")]
    Read(io::Error),
    /// The disk is full, or the place may not be written to.
    #[error("cannot be written: {0}; choose another place or make room")]
    Write(io::Error),
    /// The ending names no format.
    #[error(
        "the ending {ending} names no format of problems; available: {}, a folder as DIR/, and - for JSON lines",
        .known
    )]
    Ending {
        /// The ending, or `(none)`.
        ending: String,
        /// Every known ending.
        known: String,
    },
    /// Something in the file, not a single problem of it, is not as the format has it.
    #[error("`{part}` {what}; {remedy}")]
    Part {
        /// The member, column or field.
        part: String,
        /// What is wrong with it.
        what: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A problem that makes no sense.
    #[error("problem {number}: {fault}")]
    Problem {
        /// Number of the problem, from 1.
        number: u64,
        /// What is wrong with it.
        fault: RecordFault,
    },
    /// A line that makes no sense.
    #[error(transparent)]
    Line(RecordError),
    /// A problem has something that the format has no place for.
    #[error("problem {number}: {what}, which {format} files cannot hold; write {instead} instead")]
    CannotHold {
        /// Number of the problem, from 1.
        number: u64,
        /// What it has.
        what: &'static str,
        /// The format.
        format: &'static str,
        /// Formats that can.
        instead: &'static str,
    },
}

impl FileFault {
    /// A part of a file that is not as it should be: damaged, or written by something else.
    pub(crate) fn part(part: impl Into<String>, what: impl Into<String>) -> FileFault {
        FileFault::Part { part: part.into(), what: what.into(), remedy: "write the file anew" }
    }

    /// A part whose values are of another kind than they should be.
    pub(crate) fn kind(part: impl Into<String>, found: &str, wanted: &str) -> FileFault {
        let what = format!("holds {found}, not {wanted}");
        FileFault::Part { part: part.into(), what, remedy: "convert it, or write the file anew" }
    }

    /// A part that is longer than any problem needs.
    pub(crate) fn too_long(
        part: impl Into<String>,
        len: impl std::fmt::Display,
        most: impl std::fmt::Display,
    ) -> FileFault {
        let what = format!("has {len} values or bytes where {most} are the most");
        FileFault::Part { part: part.into(), what, remedy: "split it into smaller problems or files" }
    }

    /// The fault under the file's name.
    pub fn at(self, path: &Path) -> FileError {
        FileError { path: path.to_owned(), fault: self }
    }

    /// Whether the file or the request is at fault, rather than the disk it is to be written to.
    pub fn is_bad_input(&self) -> bool {
        !matches!(self, FileFault::Write(_))
    }
}
