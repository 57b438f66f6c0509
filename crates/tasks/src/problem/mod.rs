//! Search problems: a graph, its layout and labels, an origin and a goal.

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

/// The geometry of a problem's graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Nodes are the cells of a lattice: the problem is a maze.
    Lattice(Lattice),
    /// No geometry.
    Free,
}

/// What a path must reach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Goal {
    /// This node.
    Node(usize),
    /// The nearest node whose label lies in the target set, along a path none of whose labels lies in the avoid set, its end
    /// included. (The origin's label does not count.)
    Nearest {
        /// The target set T.
        #[serde(rename = "in")]
        within: Region,
        /// The avoid set A.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        avoid: Option<Region>,
    },
    /// The node after this many steps, in a graph whose nodes have one successor each.
    Hops(usize),
}

/// A point of R^n for every node of a graph; coordinates are finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Labels {
    dim: usize,
    /// `[node][coordinate]`, flat.
    values: Vec<f64>,
}

impl Labels {
    /// Makes labels with `dim` coordinates each, listed node by node.
    ///
    /// # Panics
    /// If `dim` is 0 or does not divide the number of values, or a value is not finite.
    pub fn new(dim: usize, values: Vec<f64>) -> Labels {
        assert!(dim > 0 && values.len().is_multiple_of(dim), "{} values in rows of {dim}", values.len());
        assert!(values.iter().all(|x| x.is_finite()), "a label is not finite");
        Labels { dim, values }
    }

    /// Returns the number of coordinates of a label.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Returns the number of labelled nodes.
    pub fn n_nodes(&self) -> usize {
        self.values.len() / self.dim
    }

    /// Returns the label of a node: `dim` coordinates.
    pub fn of(&self, node: usize) -> &[f64] {
        &self.values[node * self.dim..(node + 1) * self.dim]
    }

    /// Iterates over all labels, node by node.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.values.chunks_exact(self.dim)
    }
}

/// A search problem. Its solutions are the shortest paths from `origin` to the goal.
///
/// ```
/// use searchlens_tasks::problem::graph::Graph;
/// use searchlens_tasks::problem::solve::shortest_path;
/// use searchlens_tasks::problem::{Goal, Problem};
///
/// let graph = Graph::undirected(4, &[(0, 1), (1, 2), (2, 3), (0, 3)]);
/// let problem = Problem::on(graph, 1, Goal::Node(3));
/// let field = problem.distances().unwrap();
/// assert_eq!(field.distance(problem.origin), Some(2));
/// assert_eq!(shortest_path(&problem.graph, &field, problem.origin), Some(vec![1, 0, 3]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The graph to search.
    pub graph: Graph,
    /// Geometry of the nodes.
    pub layout: Layout,
    /// One label per node, if nodes are labelled. In puzzles, the state that the node stands for.
    pub labels: Option<Labels>,
    /// The node where a path starts.
    pub origin: usize,
    /// What a path must reach.
    pub goal: Goal,
}

impl Problem {
    /// Makes a maze problem from `origin` to `target`.
    pub fn in_maze(maze: Maze, origin: usize, target: usize) -> Problem {
        Problem { layout: Layout::Lattice(maze.lattice), ..Problem::on(maze.graph, origin, Goal::Node(target)) }
    }

    /// Makes a problem on a graph without geometry or labels.
    pub fn on(graph: Graph, origin: usize, goal: Goal) -> Problem {
        Problem { graph, layout: Layout::Free, labels: None, origin, goal }
    }

    /// Computes the distance from every node to the goal: to the goal node, to the nearest node of the target set outside
    /// the avoid set, or to the node k hops from the origin. `None` if no node fits the goal (no label in the target set, or
    /// the hops end early).
    ///
    /// # Panics
    /// If the goal or origin is not a node, or the goal needs labels that are missing; readers and generators prevent both.
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

    /// Returns whether a path may end in a node: the goal node, or one with a label in T and not in A, nearest or not.
    pub fn is_target(&self, node: usize) -> bool {
        match &self.goal {
            Goal::Node(target) => node == *target,
            Goal::Nearest { within, .. } => within.contains(self.label(node)) && !self.is_avoided(node),
            Goal::Hops(_) => self.distances().is_some_and(|field| field.target() == node),
        }
    }

    /// Returns whether a node's label lies in the avoid set.
    pub fn is_avoided(&self, node: usize) -> bool {
        match &self.goal {
            Goal::Nearest { avoid: Some(avoid), .. } => avoid.contains(self.label(node)),
            _ => false,
        }
    }

    /// Returns the node a path must end in; the lowest, if several are equally near.
    ///
    /// # Panics
    /// If the goal is unreachable and not a [`Goal::Node`]; readers and generators make no such problem.
    pub fn target(&self) -> usize {
        match self.goal {
            Goal::Node(node) => node,
            Goal::Nearest { .. } | Goal::Hops(_) => {
                self.nearest_targets().first().copied().expect("the goal can be reached")
            }
        }
    }

    /// Lists every node that a shortest path to the goal may end in, ascending; empty if the goal is unreachable.
    pub fn nearest_targets(&self) -> Vec<usize> {
        self.distances().map_or_else(Vec::new, |field| field.ends_from(&self.graph, self.origin))
    }

    /// Returns the lattice, if the problem is a maze.
    pub fn lattice(&self) -> Option<Lattice> {
        match self.layout {
            Layout::Lattice(lattice) => Some(lattice),
            Layout::Free => None,
        }
    }

    /// Returns the maze, if the problem is one.
    pub fn maze(&self) -> Option<Maze> {
        self.lattice().map(|lattice| Maze { lattice, graph: self.graph.clone() })
    }

    fn label(&self, node: usize) -> &[f64] {
        self.labels.as_ref().expect("a goal with label sets needs a labelled graph").of(node)
    }
}
