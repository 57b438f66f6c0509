//! Problem files and pictures: one reader and one writer for every format; JSON lines, text, pixels and SVG.
//!
//! **Invariant:** damaged or invalid files are refused in bounded memory.
//!
//! A problem on its way to a file, and back:
//!
//! 1. An [`Instance`](searchlens_tasks::instance::Instance) is a problem as a task draws it: with path, class and examples.
//! 2. A [`Record`](record::Record) is what every format stores of it: a [`MazeRecord`](record::MazeRecord), whose ends and
//!    solution may be unknown, or a [`GraphRecord`](record::GraphRecord). It is valid: its solution follows edges.
//! 3. An [`Entry`](files::Entry) is a record with the metadata of its set: symmetry class and importance.
//! 4. A [`RawEntry`](files::RawEntry) is an entry as one format stores it (a line, a row, bits), not validated.
//!
//! [`Writer`](files::Writer)s take raw entries and [`Reader`](files::Reader)s return them, so that
//! [`encode`](files::RawEntry::encode) and [`decode`](files::RawEntry::decode) can run on the caller's threads.

// Problems, and their JSON lines.
pub mod record;

// Every format behind one reader and one writer.
pub mod files;

// Pictures.
pub mod draw;
pub mod graph_draw;
