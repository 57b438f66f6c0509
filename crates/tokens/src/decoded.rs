//! The way back: from ids to the maze, its endpoints and its path.

use searchlens_tasks::maze::{Lattice, Maze};

use crate::example::Example;

/// What a sequence says, nothing lost: encoding [`Decoded::example`] in the order [`Decoded::passages`] gives the ids
/// back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The maze.
    pub maze: Maze,
    /// Its open passages in the order and orientation in which they were written.
    pub passages: Vec<(usize, usize)>,
    /// Where the path starts, if the sequence says so.
    pub origin: Option<usize>,
    /// Where it must end, if the sequence says so.
    pub target: Option<usize>,
    /// The path, both ends included, if the sequence holds one.
    pub path: Option<Vec<usize>>,
}

impl Decoded {
    /// The example that was encoded.
    pub fn example(&self) -> Example<'_> {
        let Decoded { maze, origin, target, path, .. } = self;
        Example { origin: *origin, target: *target, path: path.as_deref(), ..Example::of_maze(maze) }
    }
}

/// A sequence that no example encodes to. All of them are bad input. Positions count from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// An id outside the vocabulary.
    #[error("position {position}: id {id} is not in the vocabulary of {n_vocab} tokens")]
    UnknownId {
        /// Where.
        position: usize,
        /// The id.
        id: u32,
        /// Size of the vocabulary.
        n_vocab: usize,
    },
    /// A token that cannot stand where it stands.
    #[error("position {position}: found `{found}` where {wanted} should stand")]
    Unexpected {
        /// Where.
        position: usize,
        /// Name of the token.
        found: String,
        /// What could stand there.
        wanted: &'static str,
    },
    /// The sequence stops too early.
    #[error("the sequence stops after {length} tokens, where {wanted} should stand")]
    Truncated {
        /// Its length without padding.
        length: usize,
        /// What could stand there.
        wanted: &'static str,
    },
    /// A coordinate outside the lattice.
    #[error(
        "position {position}: cell ({row},{col}) lies outside the {} x {} cells of the maze",
        lattice.rows, lattice.cols
    )]
    OutsideLattice {
        /// Where.
        position: usize,
        /// Row named.
        row: usize,
        /// Column named.
        col: usize,
        /// The tokenizer's lattice.
        lattice: Lattice,
    },
    /// A passage between cells that do not touch.
    #[error("position {position}: a passage joins cells {from} and {to}, which are not adjacent")]
    NotAdjacent {
        /// Where the passage begins.
        position: usize,
        /// First cell.
        from: usize,
        /// Second cell.
        to: usize,
    },
    /// A passage that was written before.
    #[error("position {position}: the passage between cells {from} and {to} stands twice")]
    RepeatedPassage {
        /// Where the passage begins.
        position: usize,
        /// First cell.
        from: usize,
        /// Second cell.
        to: usize,
    },
}
