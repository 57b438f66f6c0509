//! The way back: from ids to the graph, its endpoints and its path.

use searchlens_base::fault::{Fault, HasFault};
use searchlens_tasks::graph::Graph;
use searchlens_tasks::maze::{Lattice, Maze};
use searchlens_tasks::problem::Labels;

use crate::example::{EncodeError, Example};

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
    /// The tokenizer leaves something out that cannot be told from the rest.
    #[error("sequences of this tokenizer do not say everything: they cannot be read back")]
    Lossy,
    /// A reading that the tokenizer cannot write.
    #[error("the sequence describes a problem that this tokenizer does not write: {reason}")]
    Unwritable {
        /// Why not.
        reason: Box<EncodeError>,
    },
}

impl HasFault for DecodeError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}
