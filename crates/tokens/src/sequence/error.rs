//! Errors of encoding and decoding.

use searchlens_base::fault::{Fault, HasFault};
use searchlens_tasks::mazes::error::MAX_WEIGHT;
use searchlens_tasks::problem::maze::Lattice;

use crate::name::TokenizerName;

/// Errors of encoding: the tokenizer cannot write the example. All are bad input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum EncodeError {
    #[error("this tokenizer writes only mazes, and the problem's graph is not on a lattice")]
    NotAMaze,
    #[error("the maze has {got} cells, but the tokenizer was made for {want}; make a tokenizer for each shape")]
    Lattice { got: Lattice, want: Lattice },
    #[error("the {part} names cell {cell}, but the maze has {n_cells} cells")]
    NoSuchCell { part: &'static str, cell: usize, n_cells: usize },
    #[error("the path is empty; a path contains at least its origin")]
    EmptyPath,
    #[error(
        "this tokenizer writes goals that are {wanted}, and the problem's goal is not; use a tokenizer that has words for it"
    )]
    Goal { wanted: &'static str },
    #[error(
        "this tokenizer writes states of {game}, and node {node} of the graph is not one; use a tokenizer for graphs"
    )]
    State { game: &'static str, node: usize },
    #[error(
        "an edge has weight {needed}, and this tokenizer {}; {}",
        if *most == 0 { "has no words for weights".to_owned() } else { format!("has words for 1 to {most}") },
        weights_remedy(*remedy)
    )]
    Weights { needed: u32, most: u32, remedy: Option<TokenizerName> },
    #[error(
        "the goal is {hops} hops away, but the tokenizer has words for 1 to {most}; make a tokenizer for more hops"
    )]
    Hops { hops: usize, most: usize },
    #[error(
        "this tokenizer writes node labels, and the problem has none; use a task with labels, or another tokenizer"
    )]
    NoLabels,
    #[error(
        "the labels have {found} coordinates, but the tokenizer was made for {wanted}; set the tokenizer's dimension"
    )]
    LabelDimension { found: usize, wanted: usize },
    #[error("the problem has {n} demonstrations, and this tokenizer writes none; use `labelled+prompted`")]
    Shown { n: usize },
    #[error("this tokenizer sorts edges by distance from the origin, and the problem has no origin")]
    NoOrigin,
    #[error("the path goes from cell {from} to cell {to}, which are not adjacent")]
    NotAStep { from: usize, to: usize },
    #[error("the path has a step of {length} moves, but the vocabulary has words for at most {longest}")]
    StepTooLong { length: usize, longest: usize },
    #[error("the graph has {n_nodes} nodes, but the tokenizer was made for {n_names}; make one for larger graphs")]
    TooManyNodes { n_nodes: usize, n_names: usize },
    #[error(
        "the path starts at cell {start}, {}; this tokenizer cannot write that",
        origin.map_or("and the problem has no origin".to_owned(), |cell| format!("not at the origin (cell {cell})"))
    )]
    PathNotFromOrigin { start: usize, origin: Option<usize> },
    #[error("the given edge order is not the maze's {n_open} open passages, each once")]
    NotTheOpenPassages { n_open: usize },
}

impl HasFault for EncodeError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

/// Names a tokenizer that has words for the weights.
pub(crate) fn weights_remedy(tokenizer: Option<TokenizerName>) -> String {
    match tokenizer {
        Some(name) => format!("use `{name}`"),
        None => format!("the maximum weight of any tokenizer is {MAX_WEIGHT}: reduce the weights"),
    }
}

/// Errors of decoding: no example encodes to the sequence. All are bad input. Positions count from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum DecodeError {
    #[error("position {position}: id {id} is not in the vocabulary of {n_vocab} tokens")]
    UnknownId { position: usize, id: u32, n_vocab: usize },
    #[error("position {position}: expected {wanted}, found `{found}`")]
    Unexpected { position: usize, found: String, wanted: &'static str },
    #[error("the sequence ends after {length} tokens; expected {wanted}")]
    Truncated { length: usize, wanted: &'static str },
    #[error(
        "position {position}: cell ({row},{col}) lies outside the {} x {} cells of the maze",
        lattice.rows, lattice.cols
    )]
    OutsideLattice { position: usize, row: usize, col: usize, lattice: Lattice },
    #[error("position {position}: a passage joins cells {from} and {to}, which are not adjacent")]
    NotAdjacent { position: usize, from: usize, to: usize },
    #[error("position {position}: the passage between cells {from} and {to} is repeated")]
    RepeatedPassage { position: usize, from: usize, to: usize },
    #[error("this tokenizer drops information: its sequences cannot be decoded")]
    Lossy,
    #[error("the sequence describes a problem that this tokenizer cannot encode: {reason}")]
    Unwritable { reason: Box<EncodeError> },
}

impl HasFault for DecodeError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}
