//! The way back: from ids to the graph, its endpoints and its path.

use searchlens_tasks::problem::Labels;
use searchlens_tasks::problem::graph::Graph;
use searchlens_tasks::problem::maze::{Lattice, Maze};

use crate::sequence::example::Example;

/// What a sequence says, nothing lost: encoding [`Decoded::example`] in the order [`Decoded::passages`] gives the ids
/// back.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The rectangle of cells, if the graph is a maze.
    pub lattice: Option<Lattice>,
    /// What can be walked.
    pub graph: Graph,
    /// What a puzzle's nodes stand for.
    pub labels: Option<Labels>,
    /// The edges in the order and orientation in which they were written: open passages, unless the tokenizer lists
    /// walls too. None of a puzzle, whose graph is not written.
    pub passages: Vec<(usize, usize)>,
    /// Where the path starts, if the sequence says so.
    pub origin: Option<usize>,
    /// Where it must end, if the sequence says so.
    pub target: Option<usize>,
    /// How many steps the path must have, if the sequence says so.
    pub hops: Option<usize>,
    /// The path, both ends included, if the sequence holds one.
    pub path: Option<Vec<usize>>,
}

impl Decoded {
    /// The example that was encoded.
    pub fn example(&self) -> Example<'_> {
        let Decoded { lattice, graph, labels, origin, target, hops, path, .. } = self;
        Example {
            lattice: *lattice,
            labels: labels.as_ref(),
            origin: *origin,
            target: *target,
            hops: *hops,
            path: path.as_deref(),
            ..Example::of_graph(graph)
        }
    }

    /// Nothing but a graph.
    pub(crate) fn of_graph(graph: Graph) -> Decoded {
        let passages = Vec::new();
        Decoded { lattice: None, graph, labels: None, passages, origin: None, target: None, hops: None, path: None }
    }

    /// The maze, if the graph is one.
    pub fn maze(&self) -> Option<Maze> {
        self.lattice.map(|lattice| Maze { lattice, graph: self.graph.clone() })
    }
}
