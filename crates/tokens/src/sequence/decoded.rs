//! Decoded sequences: the graph, its endpoints and its path.

use searchlens_tasks::problem::Labels;
use searchlens_tasks::problem::graph::Graph;
use searchlens_tasks::problem::maze::{Lattice, Maze};

use crate::sequence::example::Example;

/// A decoded sequence. Encoding [`Decoded::example`] in the order [`Decoded::passages`] gives the same ids.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The rectangle of cells, if the graph is a maze.
    pub lattice: Option<Lattice>,
    /// The graph; of a maze, its open passages.
    pub graph: Graph,
    /// The states of a puzzle's nodes.
    pub labels: Option<Labels>,
    /// The edges in the order and orientation in which they were written: open passages, unless the tokenizer lists
    /// walls too. Empty for puzzles, whose graph is not written.
    pub passages: Vec<(usize, usize)>,
    /// Where the path starts, if known.
    pub origin: Option<usize>,
    /// Where it must end, if known.
    pub target: Option<usize>,
    /// The number of hops, if that is the goal.
    pub hops: Option<usize>,
    /// The path, both ends included, if the sequence has one.
    pub path: Option<Vec<usize>>,
}

impl Decoded {
    /// Returns the example that was encoded.
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

    /// Returns a graph alone.
    pub(crate) fn of_graph(graph: Graph) -> Decoded {
        let passages = Vec::new();
        Decoded { lattice: None, graph, labels: None, passages, origin: None, target: None, hops: None, path: None }
    }

    /// Returns the maze, if the graph is one.
    pub fn maze(&self) -> Option<Maze> {
        self.lattice.map(|lattice| Maze { lattice, graph: self.graph.clone() })
    }
}
