//! The interface of every format's writer.

use crate::files::fault::FileFault;
use crate::files::header::Header;
use crate::files::raw::RawEntry;

/// A file of one format that is being written.
pub(crate) trait Sink: Send {
    /// Writes an entry that was encoded for this format.
    fn write(&mut self, raw: RawEntry) -> Result<(), FileFault>;

    /// Writes buffered entries and the header.
    fn finish(self: Box<Self>, header: &Header) -> Result<(), FileFault>;
}

/// Returns the error of an entry that was encoded for another format: a bug of the caller.
pub(crate) fn wrong_format() -> FileFault {
    FileFault::part("problem", "was encoded for another format")
}

pub(crate) fn two_tables(number: u64, format: &'static str) -> FileFault {
    let what = "mazes and graphs in one file";
    FileFault::CannotHold { number, what, format, instead: ".jsonl, or a file for each" }
}
