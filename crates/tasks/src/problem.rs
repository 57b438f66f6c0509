//! A search problem: a graph, where it lies, where to start and what to look for.

use crate::graph::Graph;
use crate::maze::{Lattice, Maze};

/// How the nodes of a problem's graph lie in the plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Nodes are the cells of a rectangle: the problem is a maze.
    Lattice(Lattice),
    /// No geometry.
    Free,
}

/// What a path must reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Goal {
    /// This very node.
    Node(usize),
}

/// A search problem. Its answers are the shortest paths from `origin` to the goal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Problem {
    /// What can be walked.
    pub graph: Graph,
    /// Geometry of the nodes.
    pub layout: Layout,
    /// Where a path starts.
    pub origin: usize,
    /// Where it must end.
    pub goal: Goal,
}

impl Problem {
    /// The problem of walking a maze from `origin` to `target`.
    pub fn in_maze(maze: Maze, origin: usize, target: usize) -> Problem {
        Problem { graph: maze.graph, layout: Layout::Lattice(maze.lattice), origin, goal: Goal::Node(target) }
    }

    /// The node a path must end in.
    pub fn target(&self) -> usize {
        match self.goal {
            Goal::Node(node) => node,
        }
    }

    /// The rectangle of cells, if the problem is a maze.
    pub fn lattice(&self) -> Option<Lattice> {
        match self.layout {
            Layout::Lattice(lattice) => Some(lattice),
            Layout::Free => None,
        }
    }

    /// The maze walked in, if the problem is one.
    pub fn maze(&self) -> Option<Maze> {
        self.lattice().map(|lattice| Maze { lattice, graph: self.graph.clone() })
    }
}
