//! Validated entries of problem files.

use crate::record::{GraphRecord, MazeRecord, Record};
use searchlens_tasks::instance::Instance;
use searchlens_tasks::sets::statistics::Facts;
use searchlens_tasks::splits::SymmetryClass;

/// A problem of a file, with its metadata.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The problem.
    pub record: Record,
    /// Its symmetry class. That of a maze is computed; that of a graph depends on its task and is as stored, if it is.
    pub class: Option<SymmetryClass>,
    /// Importance weight of a problem of a balanced set; 1 in other sets.
    pub importance: f64,
}

impl Entry {
    /// Returns the entry of a problem that was drawn.
    pub fn of(instance: &Instance, importance: f64) -> Entry {
        let record = match MazeRecord::of(instance) {
            Some(maze) => Record::Maze(maze),
            None => Record::Graph(GraphRecord::of(instance)),
        };
        Entry { record, class: Some(instance.class), importance }
    }

    /// Returns the entry of a maze that was read.
    pub(crate) fn of_maze(maze: MazeRecord, importance: f64) -> Entry {
        Entry { class: Some(maze.class()), record: Record::Maze(maze), importance }
    }

    /// Returns the class by which the problem is assigned to a split: the stored one or, for a graph without,
    /// [`GraphRecord::class`].
    pub fn class_or_refined(&self) -> SymmetryClass {
        self.class.unwrap_or_else(|| match &self.record {
            Record::Maze(maze) => maze.class(),
            Record::Graph(graph) => graph.class(),
        })
    }

    /// Returns the facts of the problem that statistics need, without its identity, if it has both ends and a solution.
    pub fn facts(&self) -> Option<Facts> {
        match &self.record {
            Record::Maze(maze) => Some(Facts::without_identity(&maze.problem()?, maze.solution.as_ref()?, self.class)),
            Record::Graph(graph) => Some(Facts::without_identity(&graph.problem, &graph.solution, self.class)),
        }
    }
}
