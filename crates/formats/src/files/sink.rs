//! The interface of every format's writer.

use crate::files::fault::FileFault;
use crate::files::header::Header;
use crate::files::raw::RawEntry;

/// Where items go: a file of one format that is being written.
pub(crate) trait Sink: Send {
    /// Adds a problem that was made for the sink's format.
    fn write(&mut self, raw: RawEntry) -> Result<(), FileFault>;

    /// Writes what is left, and the header.
    fn finish(self: Box<Self>, header: &Header) -> Result<(), FileFault>;
}

/// An raw that was made for another format: a mistake of the program's.
pub(crate) fn wrong_format() -> FileFault {
    FileFault::part("problem", "was made for another format")
}

pub(crate) fn two_tables(number: u64, format: &'static str) -> FileFault {
    let what = "mazes and graphs in one file";
    FileFault::CannotHold { number, what, format, instead: ".jsonl, or a file for each" }
}
