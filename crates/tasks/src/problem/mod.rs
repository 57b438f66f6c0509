//! A search problem: a graph, where it lies, what its nodes are labelled with, where to start and what to look for.

pub mod graph;
pub mod maze;
pub mod passages;
pub mod region;
pub mod solve;

use serde::{Deserialize, Serialize};

use crate::problem::graph::Graph;
use crate::problem::maze::{Lattice, Maze};
use crate::problem::region::Region;
use crate::problem::solve::DistanceField;

/// How the nodes of a problem's graph lie in the plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Nodes are the cells of a rectangle: the problem is a maze.
    Lattice(Lattice),
    /// No geometry.
    Free,
}

/// What a path must reach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Goal {
    /// This very node.
    Node(usize),
    /// The nearest node whose label lies in a set; on the way there, and there, no label may lie in the set to avoid.
    /// (The origin's own label is not asked.)
    Nearest {
        /// The target set T.
        #[serde(rename = "in")]
        within: Region,
        /// The anti-target set A.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        avoid: Option<Region>,
    },
    /// The node so many steps on, in a graph where every node has one way on.
    Hops(usize),
}

/// A point of R^n for every node of a graph, all coordinates finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Labels {
    dim: usize,
    /// `[node][coordinate]`, flat.
    values: Vec<f64>,
}

impl Labels {
    /// Labels with `dim` coordinates each, listed node by node.
    ///
    /// # Panics
    /// If `dim` is 0 or does not divide the number of values, or a value is not finite.
    pub fn new(dim: usize, values: Vec<f64>) -> Labels {
        assert!(dim > 0 && values.len().is_multiple_of(dim), "{} values in rows of {dim}", values.len());
        assert!(values.iter().all(|x| x.is_finite()), "a label is not finite");
        Labels { dim, values }
    }

    /// Number of coordinates of a label.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Number of labelled nodes.
    pub fn n_nodes(&self) -> usize {
        self.values.len() / self.dim
    }

    /// The label of a node: `dim` coordinates.
    pub fn of(&self, node: usize) -> &[f64] {
        &self.values[node * self.dim..(node + 1) * self.dim]
    }

    /// All labels, node by node.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.values.chunks_exact(self.dim)
    }
}

/// A search problem. Its answers are the shortest paths from `origin` to the goal.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// What can be walked.
    pub graph: Graph,
    /// Geometry of the nodes.
    pub layout: Layout,
    /// What the nodes are labelled with, if they are: one label a node. In puzzles, the state that the node stands for.
    pub labels: Option<Labels>,
    /// Where a path starts.
    pub origin: usize,
    /// Where it must end.
    pub goal: Goal,
}

impl Problem {
    /// The problem of walking a maze from `origin` to `target`.
    pub fn in_maze(maze: Maze, origin: usize, target: usize) -> Problem {
        Problem { layout: Layout::Lattice(maze.lattice), ..Problem::on(maze.graph, origin, Goal::Node(target)) }
    }

    /// The problem of walking a graph without geometry or labels.
    pub fn on(graph: Graph, origin: usize, goal: Goal) -> Problem {
        Problem { graph, layout: Layout::Free, labels: None, origin, goal }
    }

    /// Steps from every node to the goal: to the node named, to the nearest of the target set along nodes that need not
    /// be avoided, or to the node so many hops from the origin. `None` if no node fits the goal at all (no label in the
    /// target set, or the hops end early).
    ///
    /// # Panics
    /// If the goal or origin names no node, or asks for labels that are not there: readers and generators see to that.
    pub fn distances(&self) -> Option<DistanceField> {
        match &self.goal {
            Goal::Node(target) => Some(DistanceField::to(&self.graph, *target)),
            Goal::Nearest { .. } => {
                let targets: Vec<usize> = (0..self.graph.n_nodes()).filter(|&v| self.is_target(v)).collect();
                let closed = |v: usize| v != self.origin && self.is_avoided(v);
                DistanceField::to_nearest(&self.graph, &targets, closed)
            }
            Goal::Hops(hops) => {
                let mut at = self.origin;
                for _ in 0..*hops {
                    at = self.graph.neighbours(at).next()?;
                }
                Some(DistanceField::to(&self.graph, at))
            }
        }
    }

    /// Whether a path may end in a node: the goal node, or one labelled in T and not in A. Nearness is not asked.
    pub fn is_target(&self, node: usize) -> bool {
        match &self.goal {
            Goal::Node(target) => node == *target,
            Goal::Nearest { within, .. } => within.contains(self.label(node)) && !self.is_avoided(node),
            Goal::Hops(_) => self.distances().is_some_and(|field| field.target() == node),
        }
    }

    /// Whether a node's label lies in the set to avoid.
    pub fn is_avoided(&self, node: usize) -> bool {
        match &self.goal {
            Goal::Nearest { avoid: Some(avoid), .. } => avoid.contains(self.label(node)),
            _ => false,
        }
    }

    /// The node a path must end in; where several are as near, the lowest.
    ///
    /// # Panics
    /// If the goal cannot be reached: readers and generators make no such problem, save with [`Goal::Node`], for which
    /// this is the node all the same.
    pub fn target(&self) -> usize {
        match self.goal {
            Goal::Node(node) => node,
            Goal::Nearest { .. } | Goal::Hops(_) => {
                self.nearest_targets().first().copied().expect("the goal can be reached")
            }
        }
    }

    /// Every node that a shortest path to the goal may end in, ascending; none if it cannot be reached.
    pub fn nearest_targets(&self) -> Vec<usize> {
        self.distances().map_or_else(Vec::new, |field| field.ends_from(&self.graph, self.origin))
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

    fn label(&self, node: usize) -> &[f64] {
        self.labels.as_ref().expect("a goal that speaks of labels stands on a labelled graph").of(node)
    }
}
