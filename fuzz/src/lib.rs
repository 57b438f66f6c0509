//! Fuzz targets: every reader of files or text, on arbitrary input. No reader may panic, hang or use unbounded memory, and
//! whatever it accepts must read the same after being written again.
//!
//! [`TARGETS`] lists them. A new reader gets a function in the module of its crate and an entry there; `corpus/NAME/` has
//! the inputs that `cargo test` replays. README.md explains how to fuzz.

pub mod files;
pub mod networks;
pub mod problems;
pub mod runs;
pub mod sequences;

/// A reader under test.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Name of the target and of its corpus folder.
    pub name: &'static str,
    /// Reads arbitrary bytes, and panics if the reader is wrong.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: [Target; 17] = [
    // Problems, and files of them.
    Target { name: "task_toml", run: problems::task_toml },
    Target { name: "maze_line", run: problems::maze_line },
    Target { name: "graph_line", run: problems::graph_line },
    Target { name: "sets", run: problems::sets },
    Target { name: "parquet", run: files::parquet },
    Target { name: "npz", run: files::npz },
    Target { name: "zanj", run: files::zanj },
    Target { name: "shard", run: files::shard },
    Target { name: "lines_header", run: files::lines_header },
    // Sequences.
    Target { name: "tokenizer_name", run: sequences::tokenizer_name },
    Target { name: "decode", run: sequences::decode },
    Target { name: "answer", run: sequences::answer },
    // Networks and interventions.
    Target { name: "checkpoint", run: networks::checkpoint },
    Target { name: "token_file", run: networks::token_file },
    Target { name: "plan", run: networks::plan },
    // Runs.
    Target { name: "run_toml", run: runs::run_toml },
    Target { name: "run_folder", run: runs::run_folder },
];

/// Returns the input as text if it is UTF-8: readers of text get nothing else.
pub(crate) fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// Writes bytes to a file and calls `read` with its path, for readers that take a path.
pub(crate) fn as_file<T>(data: &[u8], read: impl FnOnce(&std::path::Path) -> T) -> T {
    let file = tempfile::NamedTempFile::new().expect("the folder of temporary files can be written");
    std::fs::write(file.path(), data).expect("a temporary file can be written");
    read(file.path())
}
