//! Files of problems: one format a module, behind one reader and one writer that hold a few problems at a time.
//!
//! A file's ending names its [`Format`]. Writers and readers deal in [`Item`]s, problems as they lie in a file; the work
//! between an item and an [`Entry`], a problem that makes sense, is left to the caller's threads. All formats also hold a
//! [`Header`]; that of JSON lines lies beside them. `docs/files.md` describes every format for those who read them with other programs.

mod archive;
mod bits;
mod card;
mod entry;
mod fault;
mod header;
mod lines_header;
mod npy;
mod npz;
mod page_head;
mod pages;
mod parquet;
mod reader;
mod shard;
mod table;
mod writer;
mod zanj;

use std::path::Path;

pub use entry::{Entry, Item};
pub use fault::{FileError, FileFault};
pub use header::{Header, Source, VERSION};
pub use lines_header::{header_of_lines, header_path};
pub use pages::is_decoding;
pub use reader::Reader;
use searchlens_base::text::listed;
pub use shard::Shard;
pub use writer::{FolderWriter, Writer};
pub use zanj::Form as ZanjForm;

/// A way of writing problems down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON lines, mazes and graphs: `.jsonl`.
    Lines,
    /// A Parquet table of mazes or of graphs: `.parquet`.
    Parquet,
    /// NumPy arrays of mazes or of graphs: `.npz`.
    Npz,
    /// maze-dataset's archives of mazes: `.zanj`, and `.cat.zanj` for the form with solutions end to end.
    Zanj(ZanjForm),
    /// Bit-packed mazes: `.shard`.
    Shard,
    /// A data set folder as Hugging Face has them, a Parquet file for each split: `DIR/`, or a folder that is there.
    Folder,
}

/// Every ending of a file, each before those that end it.
const ENDINGS: [(&str, Format); 6] = [
    (".jsonl", Format::Lines),
    (".parquet", Format::Parquet),
    (".npz", Format::Npz),
    (".cat.zanj", Format::Zanj(ZanjForm::SolutionsJoined)),
    (".zanj", Format::Zanj(ZanjForm::Minimal)),
    (".shard", Format::Shard),
];

impl Format {
    /// The format that a path's ending names.
    ///
    /// # Errors
    /// [`FileFault::Ending`].
    pub fn of(path: &Path) -> Result<Format, FileError> {
        let text = path.as_os_str().to_string_lossy();
        if path.is_dir() || text.ends_with('/') || text.ends_with(std::path::MAIN_SEPARATOR) {
            return Ok(Format::Folder);
        }
        let named = ENDINGS.into_iter().find(|(ending, _)| text.ends_with(ending));
        let ending = || path.extension().map_or("(none)".to_owned(), |ending| format!(".{}", ending.display()));
        named.map(|(_, format)| format).ok_or_else(|| FileFault::Ending { ending: ending() }.at(path))
    }

    /// All endings, for messages.
    pub fn endings() -> String {
        listed(ENDINGS.map(|(ending, _)| ending))
    }
}

/// Where items go: a file of one format that is being written.
trait Sink: Send {
    /// Adds a problem that was made for the sink's format.
    fn write(&mut self, item: Item) -> Result<(), FileFault>;

    /// Writes what is left, and the header.
    fn finish(self: Box<Self>, header: &Header) -> Result<(), FileFault>;
}

/// An item that was made for another format: a mistake of the program's.
fn foreign_item() -> FileFault {
    FileFault::part("problem", "was made for another format")
}

fn two_tables(number: u64, format: &'static str) -> FileFault {
    let what = "mazes and graphs in one file";
    FileFault::CannotHold { number, what, format, instead: ".jsonl, or a file for each" }
}
