//! A problem of a file, and the same problem as it lies there.

use crate::files::table::{self, Cell, Row};
use crate::files::{FileFault, Format, shard};
use crate::graph_record::{self, GraphRecord};
use crate::record::{self, MazeRecord, Record, RecordError};
use searchlens_tasks::instance::Instance;
use searchlens_tasks::problem::maze::Lattice;
use searchlens_tasks::sets::statistics::Facts;
use searchlens_tasks::splits::SymmetryClass;

/// A problem of a file, with what is said of it there.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The problem.
    pub record: Record,
    /// Its class: a maze's is computed. That of a graph depends on its task; it is what the file says, if it does.
    pub class: Option<SymmetryClass>,
    /// How much a problem of a balanced set stands for; 1 in other sets.
    pub importance: f64,
}

impl Entry {
    /// A problem that was drawn.
    pub fn of(instance: &Instance, importance: f64) -> Entry {
        let record = match MazeRecord::of(instance) {
            Some(maze) => Record::Maze(maze),
            None => Record::Graph(GraphRecord::of(instance)),
        };
        Entry { record, class: Some(instance.class), importance }
    }

    /// A maze as it was read.
    pub(crate) fn of_maze(maze: MazeRecord, importance: f64) -> Entry {
        Entry { class: Some(maze.class()), record: Record::Maze(maze), importance }
    }

    /// The class by which the problem is put into a split: the one it says or, of a graph that says none,
    /// [`GraphRecord::class`].
    pub fn class_or_refined(&self) -> SymmetryClass {
        self.class.unwrap_or_else(|| match &self.record {
            Record::Maze(maze) => maze.class(),
            Record::Graph(graph) => graph.class(),
        })
    }

    /// What counts of the problem, identity aside, if it has both ends and a solution.
    pub fn facts(&self) -> Option<Facts> {
        match &self.record {
            Record::Maze(maze) => Some(Facts::without_identity(&maze.problem()?, maze.solution.as_ref()?, self.class)),
            Record::Graph(graph) => Some(Facts::without_identity(&graph.problem, &graph.solution, self.class)),
        }
    }
}

/// A problem as it lies in a file, under its number: readers hand items out unchecked and writers take them ready-made,
/// so that the work between an item and an [`Entry`] can be spread over threads.
#[derive(Clone, Debug)]
pub struct Item {
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

impl Item {
    /// A line of text, with its number.
    pub fn line(number: u64, text: String) -> Item {
        Item { number, body: Body::Line(text) }
    }

    /// The text of a line; `None` for items of other formats.
    pub fn text(&self) -> Option<&str> {
        match &self.body {
            Body::Line(text) => Some(text),
            Body::Row(_) | Body::Packed(..) => None,
        }
    }

    /// About how many bytes the item takes: what bounds how many are held.
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
    pub fn of(format: Format, number: u64, entry: &Entry) -> Result<Item, FileFault> {
        let cannot = |format, what, instead| FileFault::CannotHold { number, what, format, instead };
        let body = match format {
            Format::Lines => Body::Line(line(entry).map_err(|what| cannot(".jsonl", what, "mazes, or .parquet"))?),
            Format::Parquet | Format::Folder | Format::Npz | Format::Zanj(_) => Body::Row(Row::of(entry)),
            Format::Shard => {
                let (lattice, bytes) =
                    shard::pack(entry).map_err(|what| cannot(".shard", what, ".parquet, .npz or .jsonl"))?;
                Body::Packed(lattice, bytes)
            }
        };
        Ok(Item { number, body })
    }

    /// The problem, once everything that is said of it makes sense.
    ///
    /// # Errors
    /// [`FileFault::Line`] or [`FileFault::Problem`].
    pub fn check(self) -> Result<Entry, FileFault> {
        let number = self.number;
        match self.body {
            Body::Line(line) => {
                parse_line(&line).map_err(|fault| FileFault::Line(RecordError { line: number as usize, fault }))
            }
            Body::Row(row) => table::entry(row).map_err(|fault| FileFault::Problem { number, fault }),
            Body::Packed(lattice, bytes) => {
                shard::unpack(lattice, &bytes).map_err(|fault| FileFault::Problem { number, fault })
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

fn parse_line(line: &str) -> Result<Entry, record::RecordFault> {
    if Record::is_graph(line) {
        let (graph, class) = graph_record::parse(line)?;
        return Ok(Entry { record: Record::Graph(graph), class, importance: 1.0 });
    }
    let (maze, importance) = record::parse(line)?;
    Ok(Entry::of_maze(maze, importance))
}
