//! A problem of a file, and the same problem as it lies there.

use crate::record::{GraphRecord, MazeRecord, Record};
use searchlens_tasks::split::SymmetryClass;
use searchlens_tasks::statistics::Facts;
use searchlens_tasks::task::Instance;

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
