//! Entries as they are stored in one format.

use searchlens_tasks::problem::maze::Lattice;

use crate::files::entry::Entry;
use crate::files::fault::FileFault;
use crate::files::format::Format;
use crate::files::pack::{pack, unpack};
use crate::files::table::{self, Cell, Row};
use crate::record::{self, Record, RecordError, RecordFault};

/// An entry as one format stores it, not validated. Readers return raw entries and writers take them, so that encoding and
/// decoding can be spread over threads.
#[derive(Clone, Debug)]
pub struct RawEntry {
    /// Number of the problem, or of its line, from 1.
    pub number: u64,
    pub(crate) body: Body,
}

#[derive(Clone, Debug)]
pub(crate) enum Body {
    Line(String),
    Row(Row),
    Packed(Lattice, Vec<u8>),
}

impl RawEntry {
    /// Returns the raw entry of a JSON line.
    pub fn line(number: u64, text: String) -> RawEntry {
        RawEntry { number, body: Body::Line(text) }
    }

    /// Returns the text of a JSON line; `None` for other formats.
    pub fn text(&self) -> Option<&str> {
        match &self.body {
            Body::Line(text) => Some(text),
            Body::Row(_) | Body::Packed(..) => None,
        }
    }

    /// Returns its approximate size in bytes, by which callers bound how many they hold.
    pub fn size(&self) -> usize {
        match &self.body {
            Body::Line(text) => text.len(),
            Body::Row(row) => row.cells.iter().map(Cell::size).sum(),
            Body::Packed(_, bytes) => bytes.len(),
        }
    }

    /// Encodes an entry for a format.
    ///
    /// # Errors
    /// [`FileFault::CannotHold`], if the format cannot represent it.
    pub fn encode(format: Format, number: u64, entry: &Entry) -> Result<RawEntry, FileFault> {
        let cannot = |format, what, instead| FileFault::CannotHold { number, what, format, instead };
        let body = match format {
            Format::Lines => Body::Line(line(entry).map_err(|what| cannot(".jsonl", what, "mazes, or .parquet"))?),
            Format::Parquet | Format::Folder | Format::Npz | Format::Zanj(_) => Body::Row(Row::of(entry)),
            Format::Shard => {
                let (lattice, bytes) =
                    pack(entry).map_err(|what| cannot(".shard", what, ".parquet, .npz or .jsonl"))?;
                Body::Packed(lattice, bytes)
            }
        };
        Ok(RawEntry { number, body })
    }

    /// Decodes and validates the entry.
    ///
    /// ```
    /// use searchlens_formats::files::RawEntry;
    ///
    /// let line = r#"{"grid_shape":[1,2],"connection_list":[[[0,0]],[[1,0]]],"start":[0,0],"end":[0,1]}"#;
    /// let entry = RawEntry::line(1, line.to_owned()).decode()?;
    /// assert_eq!(entry.importance, 1.0);
    /// # Ok::<(), searchlens_formats::files::FileFault>(())
    /// ```
    ///
    /// # Errors
    /// [`FileFault::Line`] or [`FileFault::Problem`], if it is invalid.
    pub fn decode(self) -> Result<Entry, FileFault> {
        let number = self.number;
        match self.body {
            Body::Line(line) => {
                parse_line(&line).map_err(|fault| FileFault::Line(RecordError { line: number as usize, fault }))
            }
            Body::Row(row) => table::entry(row).map_err(|fault| FileFault::Problem { number, fault }),
            Body::Packed(lattice, bytes) => {
                unpack(lattice, &bytes).map_err(|fault| FileFault::Problem { number, fault })
            }
        }
    }
}

fn line(entry: &Entry) -> Result<String, &'static str> {
    match &entry.record {
        Record::Maze(maze) => {
            Ok(maze.to_line_of_importance(entry.class.unwrap_or_else(|| maze.class()), entry.importance))
        }
        Record::Graph(_) if entry.importance != 1.0 => Err("a graph of a balanced set has an importance"),
        Record::Graph(graph) => Ok(graph.to_line(entry.class)),
    }
}

fn parse_line(line: &str) -> Result<Entry, RecordFault> {
    if Record::is_graph(line) {
        let (graph, class) = record::graph::parse(line)?;
        return Ok(Entry { record: Record::Graph(graph), class, importance: 1.0 });
    }
    let (maze, importance) = record::maze::parse(line)?;
    Ok(Entry::of_maze(maze, importance))
}
