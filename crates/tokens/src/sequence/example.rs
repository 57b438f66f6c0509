//! Examples: the input of a tokenizer, a graph with as much of the task and its solution as is known.

use searchlens_base::stream::Stream;
use searchlens_tasks::instance::{Demonstration, Instance};
use searchlens_tasks::problem::graph::Graph;
use searchlens_tasks::problem::maze::{Lattice, Maze};
use searchlens_tasks::problem::{Goal, Labels, Problem};

use crate::sequence::error::EncodeError;

/// A graph, optionally with endpoints and a path. The sequence omits the regions of absent fields.
///
/// The path is encoded as given: the tokenizer does not check that it follows edges or is optimal.
#[derive(Clone, Copy, Debug)]
pub struct Example<'a> {
    /// The rectangle of cells, if the graph is a maze.
    pub lattice: Option<Lattice>,
    /// The graph; of a maze, its open passages.
    pub graph: &'a Graph,
    /// Labels of the nodes, if any.
    pub labels: Option<&'a Labels>,
    /// Few-shot demonstrations that precede it.
    pub shown: &'a [Demonstration],
    /// Where the path starts.
    pub origin: Option<usize>,
    /// Where the path must end.
    pub target: Option<usize>,
    /// The number of hops, if that is the goal.
    pub hops: Option<usize>,
    /// Nodes of the path, both ends included.
    pub path: Option<&'a [usize]>,
}

/// The order in which edges are written.
#[derive(Debug)]
pub enum EdgeOrder<'a> {
    /// No randomness: what the tokenizer would shuffle or flip stays as it is. In mazes that is the order of
    /// [`Lattice::adjacent_pairs`], smaller cell first: maze-dataset's unshuffled order.
    Fixed,
    /// What the tokenizer shuffles is drawn from a stream: all orders are equally likely, and so are both orientations of
    /// every edge where one is written. A tokenizer with a fixed order draws nothing.
    Shuffled(&'a mut Stream),
    /// These edges in this order and orientation. They must be those that the tokenizer lists: usually the open passages,
    /// each once.
    Given(&'a [(usize, usize)]),
}

impl<'a> Example<'a> {
    /// Returns the example of a maze alone.
    pub fn of_maze(maze: &'a Maze) -> Example<'a> {
        Example { lattice: Some(maze.lattice), ..Example::of_graph(&maze.graph) }
    }

    /// Returns the example of a graph alone.
    pub fn of_graph(graph: &'a Graph) -> Example<'a> {
        Example { lattice: None, graph, labels: None, shown: &[], origin: None, target: None, hops: None, path: None }
    }

    /// Returns the example of a problem and, if given, its path. The target is set if the goal is a node; a goal that is a
    /// set of labels is not revealed.
    pub fn of_problem(problem: &'a Problem, path: Option<&'a [usize]>) -> Example<'a> {
        let (target, hops) = match problem.goal {
            Goal::Node(node) => (Some(node), None),
            Goal::Nearest { .. } => (None, None),
            Goal::Hops(hops) => (None, Some(hops)),
        };
        Example {
            lattice: problem.lattice(),
            labels: problem.labels.as_ref(),
            origin: Some(problem.origin),
            target,
            hops,
            path,
            ..Example::of_graph(&problem.graph)
        }
    }

    /// Returns the example of a problem with its demonstrations and its path.
    pub fn of_instance(instance: &'a Instance) -> Example<'a> {
        Example { shown: &instance.demonstrations, ..Example::of_problem(&instance.problem, Some(&instance.path)) }
    }

    /// Returns the same example with another path, or without one.
    pub fn with_path(self, path: Option<&'a [usize]>) -> Example<'a> {
        Example { path, ..self }
    }

    /// Checks that origin, target and path are nodes of the graph.
    pub(crate) fn check(&self) -> Result<(), EncodeError> {
        if self.path.is_some_and(<[usize]>::is_empty) {
            return Err(EncodeError::EmptyPath);
        }
        let n_cells = self.graph.n_nodes();
        let path = self.path.unwrap_or_default().iter().map(|&cell| ("path", cell));
        let ends = [("origin", self.origin), ("target", self.target)].into_iter();
        let ends = ends.filter_map(|(part, cell)| Some((part, cell?)));
        match ends.chain(path).find(|&(_, cell)| cell >= n_cells) {
            Some((part, cell)) => Err(EncodeError::NoSuchCell { part, cell, n_cells }),
            None => Ok(()),
        }
    }

    /// Checks that the graph is a maze on `lattice`, the tokenizer's.
    pub(crate) fn check_lattice(&self, lattice: Lattice) -> Result<(), EncodeError> {
        match self.lattice {
            None => Err(EncodeError::NotAMaze),
            Some(got) if got != lattice => Err(EncodeError::Lattice { got, want: lattice }),
            Some(_) => Ok(()),
        }
    }

    /// Lists the open passages of a maze in fixed order, smaller cell first.
    ///
    /// Which passages are open is unpredictable, so there is no branch on it: every pair is written, and overwritten by the
    /// next if it is closed. This is a large part of the time that a short sequence takes.
    pub(crate) fn passages(&self, lattice: Lattice, list: &mut Vec<(usize, usize)>) {
        let (n, cols) = (lattice.n_cells(), lattice.cols);
        list.clear();
        if lattice.wraps {
            list.extend(lattice.adjacent_pairs().filter(|&(a, b)| self.graph.has_edge(a, b)));
            return;
        }
        list.resize(2 * n, (0, 0));
        let (mut below, mut beside) = (0, n);
        for v in 0..n {
            // Neighbours are sorted: the cell below can only be the last, the one beside it the last or the last but one.
            let neighbours = self.graph.neighbours(v);
            let degree = neighbours.len();
            let from_end = |place: usize| neighbours.clone().nth(degree.wrapping_sub(place)).unwrap_or(v);
            let (last, before) = (from_end(1), from_end(2));
            list[below] = (v, v + cols);
            below += usize::from(last == v + cols);
            list[beside] = (v, v + 1);
            // In a single column the next cell is the one below.
            beside += usize::from((last == v + 1 || before == v + 1) && cols > 1);
        }
        list.copy_within(n..beside, below);
        list.truncate(below + beside - n);
    }

    /// Appends the given edges if they are the graph's, each once.
    pub(crate) fn give(&self, given: &[(usize, usize)], list: &mut Vec<(usize, usize)>) -> Result<(), EncodeError> {
        let directed = self.graph.is_directed();
        let ordered = |&(a, b): &(usize, usize)| if directed { (a, b) } else { (a.min(b), a.max(b)) };
        let mut edges: Vec<_> = given.iter().map(ordered).collect();
        edges.sort_unstable();
        if !edges.into_iter().eq(self.graph.edges()) {
            return Err(EncodeError::NotTheOpenPassages { n_open: self.graph.n_edges() });
        }
        list.extend_from_slice(given);
        Ok(())
    }
}
