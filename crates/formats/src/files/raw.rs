//! Entries as they are stored in one format.

use searchlens_tasks::maze::Lattice;

use crate::files::entry::Entry;
use crate::files::fault::FileFault;
use crate::files::format::Format;
use crate::files::pack::{pack, unpack};
use crate::files::table::{self, Cell, Row};
use crate::record::{self, Record, RecordError, RecordFault};

/// A problem as it lies in a file, under its number: readers hand items out unchecked and writers take them ready-made,
/// so that the work between an raw and an [`Entry`] can be spread over threads.
#[derive(Clone, Debug)]
pub struct RawEntry {
    /// Number of the problem from 1, or of its line.
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
    /// A line of text, with its number.
    pub fn line(number: u64, text: String) -> RawEntry {
        RawEntry { number, body: Body::Line(text) }
    }

    /// The text of a line; `None` for items of other formats.
    pub fn text(&self) -> Option<&str> {
        match &self.body {
            Body::Line(text) => Some(text),
            Body::Row(_) | Body::Packed(..) => None,
        }
    }

    /// About how many bytes the raw takes: what bounds how many are held.
    pub fn size(&self) -> usize {
        match &self.body {
            Body::Line(text) => text.len(),
            Body::Row(row) => row.cells.iter().map(Cell::size).sum(),
            Body::Packed(_, bytes) => bytes.len(),
        }
    }

    /// The form that an entry takes in files of a format.
    ///
    /// # Errors
    /// [`FileFault::CannotHold`], if the format has no place for something that the problem has.
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

    /// The problem, once everything that is said of it makes sense.
    ///
    /// # Errors
    /// [`FileFault::Line`] or [`FileFault::Problem`].
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
