//! Files of problems: one format a module, behind one reader and one writer that hold a few problems at a time.
//!
//! A file's ending names its [`Format`]. Writers and readers deal in [`RawEntry`]s, problems as they lie in a file; the work
//! between an raw and an [`Entry`], a problem that makes sense, is left to the caller's threads. All formats also hold a
//! [`Header`]; that of JSON lines lies beside them. `docs/files.md` describes every format for those who read them with other programs.

mod archive;
mod bits;
mod card;
mod entry;
mod fault;
mod format;
mod header;
mod lines_header;
mod npy;
mod npz;
mod pack;
mod page_head;
mod pages;
mod parquet;
mod raw;
mod reader;
mod shard;
mod sink;
mod table;
mod writer;
mod zanj;

pub use entry::Entry;
pub use fault::{FileError, FileFault};
pub use format::Format;
pub use header::{Header, Source, VERSION};
pub use lines_header::{header_of_lines, header_path};
pub use pages::is_decoding;
pub use raw::RawEntry;
pub use reader::Reader;
pub use shard::Shard;
pub use writer::{FolderWriter, Writer};
pub use zanj::Form as ZanjForm;
