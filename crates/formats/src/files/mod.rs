//! Problem files: one module per format, behind one reader and one writer that hold a few problems at a time.
//!
//! A file's ending determines its [`Format`]. Readers and writers work on [`RawEntry`]s; encoding and decoding them, from
//! and to an [`Entry`], is left to the caller's threads. All formats also store a [`Header`]; that of JSON lines is a file
//! of its own. `docs/files.md` describes every format for readers in other languages.

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
pub use format::{Format, ZanjForm};
pub use header::{Header, Source, VERSION};
pub use lines_header::{header_of_lines, header_path};
pub use pages::is_decoding;
pub use raw::RawEntry;
pub use reader::Reader;
pub use shard::Shard;
pub use writer::{FolderWriter, Writer};
