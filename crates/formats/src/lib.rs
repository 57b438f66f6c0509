//! Files and pictures of problems: one reader and one writer for every format, JSON lines, text, pixels and SVG.
//!
//! **Invariant:** what is damaged or makes no sense is refused in bounded memory.

// Lines of JSON.
pub mod graph_record;
pub mod record;

// Every format behind one reader and one writer.
pub mod files;

// Pictures.
pub mod draw;
pub mod graph_draw;
