//! What a tokenizer encodes: a maze, and as much of the task and its solution as is known.

use searchlens_tasks::graph::Graph;
use searchlens_tasks::maze::{Lattice, Maze};
use searchlens_tasks::problem::Problem;
use searchlens_tasks::stream::{Stream, below, shuffle};

/// A maze with, if they are known, its endpoints and a path. Regions of what is absent are left out of the sequence.
///
/// The path is taken as it is: whether its steps are open, and whether it is optimal, is not the tokenizer's to judge.
#[derive(Clone, Copy, Debug)]
pub struct Example<'a> {
    /// The rectangle of cells.
    pub lattice: Lattice,
    /// Its open passages.
    pub graph: &'a Graph,
    /// Where the path starts.
    pub origin: Option<usize>,
    /// Where it must end.
    pub target: Option<usize>,
    /// Cells of the path, both ends included.
    pub path: Option<&'a [usize]>,
}

/// The order in which the open passages are written.
#[derive(Debug)]
pub enum EdgeOrder<'a> {
    /// The order of [`Lattice::adjacent_pairs`], smaller cell first: maze-dataset's unshuffled order.
    Fixed,
    /// Drawn from a stream: every order is equally likely, and so are both orientations of every passage (only the
    /// legacy modes write orientations, only they draw them).
    Shuffled(&'a mut Stream),
    /// These passages in this order and orientation; they must be the maze's open passages, each once.
    Given(&'a [(usize, usize)]),
}

/// An example that a tokenizer cannot write. All of them are bad input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The problem has no lattice.
    #[error("this tokenizer writes mazes only, and the problem's graph lies on no lattice")]
    NotAMaze,
    /// The maze is not on the tokenizer's lattice.
    #[error(
        "the maze has {} x {} cells and the tokenizer was made for {} x {}; make a tokenizer for each shape",
        got.rows, got.cols, want.rows, want.cols
    )]
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
    /// The tokenizer writes the origin once, and the path starts somewhere else (or there is no origin).
    #[error(
        "the path starts at cell {start}, {}; the `edges` tokenizer cannot write that",
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
        /// Number of open passages.
        n_open: usize,
    },
}

impl<'a> Example<'a> {
    /// The maze alone.
    pub fn of_maze(maze: &'a Maze) -> Example<'a> {
        Example { lattice: maze.lattice, graph: &maze.graph, origin: None, target: None, path: None }
    }

    /// A problem and, if it is known, a path that solves it.
    ///
    /// # Errors
    /// [`EncodeError::NotAMaze`].
    pub fn of_problem(problem: &'a Problem, path: Option<&'a [usize]>) -> Result<Example<'a>, EncodeError> {
        let lattice = problem.lattice().ok_or(EncodeError::NotAMaze)?;
        Ok(Example {
            lattice,
            graph: &problem.graph,
            origin: Some(problem.origin),
            target: Some(problem.target()),
            path,
        })
    }

    /// The same example with this path, or without one.
    pub fn with_path(self, path: Option<&'a [usize]>) -> Example<'a> {
        Example { path, ..self }
    }

    /// Checks that every cell named is a cell of `lattice`, the tokenizer's.
    pub(crate) fn check(&self, lattice: Lattice) -> Result<(), EncodeError> {
        if self.lattice != lattice {
            return Err(EncodeError::Lattice { got: self.lattice, want: lattice });
        }
        if self.path.is_some_and(<[usize]>::is_empty) {
            return Err(EncodeError::EmptyPath);
        }
        let n_cells = lattice.n_cells();
        let path = self.path.unwrap_or_default().iter().map(|&cell| ("path", cell));
        let ends = [("origin", self.origin), ("target", self.target)].into_iter();
        let ends = ends.filter_map(|(part, cell)| Some((part, cell?)));
        match ends.chain(path).find(|&(_, cell)| cell >= n_cells) {
            Some((part, cell)) => Err(EncodeError::NoSuchCell { part, cell, n_cells }),
            None => Ok(()),
        }
    }

    /// The open passages in the order asked for, each in the orientation in which it is to be written.
    pub(crate) fn passages(&self, order: EdgeOrder<'_>, oriented: bool) -> Result<Vec<(usize, usize)>, EncodeError> {
        let open = || self.lattice.adjacent_pairs().filter(|&(a, b)| self.graph.has_edge(a, b));
        match order {
            EdgeOrder::Fixed => Ok(open().collect()),
            EdgeOrder::Shuffled(rng) => {
                let mut passages: Vec<_> = open().collect();
                shuffle(rng, &mut passages);
                if oriented {
                    for passage in &mut passages {
                        if below(rng, 2) == 1 {
                            *passage = (passage.1, passage.0);
                        }
                    }
                }
                Ok(passages)
            }
            EdgeOrder::Given(passages) => {
                let mut given: Vec<_> = passages.iter().map(|&(a, b)| (a.min(b), a.max(b))).collect();
                given.sort_unstable();
                if given.iter().copied().eq(self.graph.edges()) {
                    Ok(passages.to_vec())
                } else {
                    Err(EncodeError::NotTheOpenPassages { n_open: self.graph.n_edges() })
                }
            }
        }
    }
}
