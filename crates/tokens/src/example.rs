//! What a tokenizer encodes: a graph, and as much of the task and its solution as is known.

use searchlens_base::stream::Stream;
use searchlens_tasks::instance::{Demonstration, Instance};
use searchlens_tasks::mazes::error::MAX_WEIGHT;
use searchlens_tasks::problem::graph::Graph;
use searchlens_tasks::problem::maze::{Lattice, Maze};
use searchlens_tasks::problem::{Goal, Labels, Problem};

use crate::name::TokenizerName;

/// A graph with, if they are known, its endpoints and a path. Regions of what is absent are left out of the sequence.
///
/// The path is taken as it is: whether its steps are open, and whether it is optimal, is not the tokenizer's to judge.
#[derive(Clone, Copy, Debug)]
pub struct Example<'a> {
    /// The rectangle of cells, if the graph is a maze.
    pub lattice: Option<Lattice>,
    /// What can be walked; of a maze, its open passages.
    pub graph: &'a Graph,
    /// Labels of the nodes, if they have some.
    pub labels: Option<&'a Labels>,
    /// Examples with their answers that stand before it.
    pub shown: &'a [Demonstration],
    /// Where the path starts.
    pub origin: Option<usize>,
    /// Where it must end.
    pub target: Option<usize>,
    /// How many steps the path must have, if that is its goal.
    pub hops: Option<usize>,
    /// Nodes of the path, both ends included.
    pub path: Option<&'a [usize]>,
}

/// The order in which the open passages are written.
#[derive(Debug)]
pub enum EdgeOrder<'a> {
    /// Nothing is drawn: what the tokenizer would shuffle or turn round stays as it is. In mazes that is the order of
    /// [`Lattice::adjacent_pairs`], smaller cell first: maze-dataset's unshuffled order.
    Fixed,
    /// What the tokenizer leaves to chance is drawn from a stream: every order is equally likely, and so are both
    /// orientations of every edge where one is written. A tokenizer that leaves nothing to chance draws nothing.
    Shuffled(&'a mut Stream),
    /// These edges in this order and orientation. They must be what the tokenizer lists: as a rule the open passages,
    /// each once.
    Given(&'a [(usize, usize)]),
}

/// An example that a tokenizer cannot write. All of them are bad input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The problem has no lattice.
    #[error("this tokenizer writes mazes only, and the problem's graph lies on no lattice")]
    NotAMaze,
    /// The maze is not on the tokenizer's lattice.
    #[error("the maze has {got} cells and the tokenizer was made for {want}; make a tokenizer for each shape")]
    Lattice {
        /// Lattice of the maze.
        got: Lattice,
        /// Lattice of the tokenizer.
        want: Lattice,
    },
    /// An endpoint or a cell of the path is no cell of the maze.
    #[error("the {part} names cell {cell}, and the maze has {n_cells} cells")]
    NoSuchCell {
        /// `origin`, `target` or `path`.
        part: &'static str,
        /// The cell named.
        cell: usize,
        /// Cells of the maze.
        n_cells: usize,
    },
    /// The path has no cell.
    #[error("the path is empty; a path holds at least its origin")]
    EmptyPath,
    /// The tokenizer has no words for goals of this kind.
    #[error(
        "this tokenizer writes goals that are {wanted}, and the problem's is another; use a tokenizer that has words for it"
    )]
    Goal {
        /// What it has words for.
        wanted: &'static str,
    },
    /// A puzzle's tokenizer, and a graph that is not the puzzle's.
    #[error("this tokenizer writes states of {game}, and node {node} of the graph is none; use a tokenizer of graphs")]
    State {
        /// The puzzle.
        game: &'static str,
        /// The node.
        node: usize,
    },
    /// The tokenizer has no words for what steps cost, or not for all.
    #[error(
        "a step costs {needed}, and this tokenizer {}; {}",
        if *most == 0 { "has no words for that".to_owned() } else { format!("has words for 1 to {most}") },
        weights_remedy(*remedy)
    )]
    Weights {
        /// The largest cost.
        needed: u32,
        /// The largest that has a word; 0 if none has.
        most: u32,
        /// A tokenizer that has words for all; `None` if there is none.
        remedy: Option<TokenizerName>,
    },
    /// More hops than any word says.
    #[error("the goal is {hops} hops away, and the tokenizer has words for 1 to {most}; make one for more")]
    Hops {
        /// Hops asked for.
        hops: usize,
        /// The largest number that has a word.
        most: usize,
    },
    /// The tokenizer writes labels, and the nodes have none.
    #[error(
        "this tokenizer writes the nodes' labels, and they have none; use a task with labels, or another tokenizer"
    )]
    NoLabels,
    /// The tokenizer has no words for the labels.
    #[error("labels of {found} coordinates, and the tokenizer was made for {wanted}; set the tokenizer's dimension")]
    LabelDimension {
        /// Coordinates of the labels.
        found: usize,
        /// Coordinates that the tokenizer writes.
        wanted: usize,
    },
    /// There are examples to be shown, and the tokenizer shows none.
    #[error("the problem comes with {n} examples, and this tokenizer shows none; use `labelled+prompted`")]
    Shown {
        /// Number of examples.
        n: usize,
    },
    /// The order of the edges needs an origin.
    #[error("the passages are to be written by their distance from the origin, and the problem has no origin")]
    NoOrigin,
    /// A path that jumps, for a tokenizer that writes directions.
    #[error("the path goes from cell {from} to cell {to}, which are not adjacent: no direction leads there")]
    NotAStep {
        /// The cell left.
        from: usize,
        /// The cell reached.
        to: usize,
    },
    /// A hop longer than the vocabulary can say.
    #[error("the path has a hop of {length} steps, and the vocabulary has words for {longest} at most")]
    HopTooLong {
        /// Steps of the hop.
        length: usize,
        /// Steps of the longest that has a word.
        longest: usize,
    },
    /// A sequence too long for the rows of a batch.
    #[error("the sequence has {length} tokens, and the rows of the batch have room for {room}; make them longer")]
    TooLong {
        /// Tokens of the sequence.
        length: usize,
        /// Tokens of a row.
        room: usize,
    },
    /// A node beyond the vocabulary.
    #[error("the graph has {n_nodes} nodes, and the tokenizer was made for {n_names}; make one for larger graphs")]
    TooManyNodes {
        /// Nodes of the graph.
        n_nodes: usize,
        /// Nodes that have a name.
        n_names: usize,
    },
    /// The tokenizer writes the origin once, and the path starts somewhere else (or there is no origin).
    #[error(
        "the path starts at cell {start}, {}; this tokenizer cannot write that",
        origin.map_or("and the problem has no origin".to_owned(), |cell| format!("not at the origin (cell {cell})"))
    )]
    PathNotFromOrigin {
        /// First cell of the path.
        start: usize,
        /// The origin.
        origin: Option<usize>,
    },
    /// A given order is not the list of the maze's open passages.
    #[error("the given edge order is not the maze's {n_open} open passages, each once")]
    NotTheOpenPassages {
        /// Number of edges to be written: open passages, unless the tokenizer lists walls too.
        n_open: usize,
    },
}

/// What to do about weights without words.
pub(crate) fn weights_remedy(tokenizer: Option<TokenizerName>) -> String {
    match tokenizer {
        Some(name) => format!("use `{name}`"),
        None => format!("no tokenizer has words beyond {MAX_WEIGHT}: make the weights smaller"),
    }
}

impl<'a> Example<'a> {
    /// The maze alone.
    pub fn of_maze(maze: &'a Maze) -> Example<'a> {
        Example { lattice: Some(maze.lattice), ..Example::of_graph(&maze.graph) }
    }

    /// A graph alone.
    pub fn of_graph(graph: &'a Graph) -> Example<'a> {
        Example { lattice: None, graph, labels: None, shown: &[], origin: None, target: None, hops: None, path: None }
    }

    /// A problem and, if it is known, a path that solves it. The target is named if it is a node; the secret of a goal
    /// that is a set stays one.
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

    /// A problem with the examples that are shown before it, and its answer.
    pub fn of_instance(instance: &'a Instance) -> Example<'a> {
        Example { shown: &instance.demonstrations, ..Example::of_problem(&instance.problem, Some(&instance.path)) }
    }

    /// The same example with this path, or without one.
    pub fn with_path(self, path: Option<&'a [usize]>) -> Example<'a> {
        Example { path, ..self }
    }

    /// Checks that every node named is a node of the graph.
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
    /// Which passages are open cannot be foretold, so there is no branch on it: every pair is written down, and the next
    /// one over it if it is closed. This is a good part of the time that a short sequence takes.
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

    /// Adds given edges, if they are the graph's, each once.
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
