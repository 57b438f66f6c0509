//! Errors of encoding and decoding.

use searchlens_tasks::config::MAX_WEIGHT;
use searchlens_tasks::maze::Lattice;

use crate::name::TokenizerName;

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
