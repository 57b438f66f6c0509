//! `results/gallery.json`: selected problems with the model's answers and its attention.

use serde::{Deserialize, Serialize};

/// `results/gallery.json`: selected problems with the model's answers and its attention.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gallery {
    /// [`crate::FORMAT_VERSION`].
    pub format_version: u32,
    /// How the problems were selected, one sentence.
    pub selection: String,
    /// Layers of the model.
    pub n_layers: usize,
    /// Heads per layer.
    pub n_heads: usize,
    /// The problems.
    pub specimens: Vec<Specimen>,
}

/// One problem, the model's answer and its attention.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Specimen {
    /// Index of the problem in its split.
    pub index: u64,
    /// Rows of the maze.
    pub rows: usize,
    /// Columns of the maze.
    pub cols: usize,
    /// Open passages as pairs of cells; a cell is `row * cols + col`.
    pub passages: Vec<(usize, usize)>,
    /// Start cell.
    pub origin: usize,
    /// Target cell.
    pub target: usize,
    /// An optimal path, origin and target included.
    pub optimum: Vec<usize>,
    /// The model's path, origin included, up to its end token or the length limit.
    pub answer: Vec<usize>,
    /// Whether the answer is an optimal path, closed by the end token.
    pub exact: bool,
    /// What is wrong with the answer, in a few words; empty if it is exact.
    pub failure: String,
    /// Tokens of prompt and answer, as text.
    pub tokens: Vec<String>,
    /// The place in the maze that each token refers to.
    pub marks: Vec<TokenPlace>,
    /// Position of the first token whose prediction is a path step.
    pub path_start: usize,
    /// Attention patterns `[n_layers, n_heads, query, key]`, row-major, one byte each in steps of 1/255, base64.
    pub attention: String,
}

/// The place in the maze that a token refers to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TokenPlace {
    /// The edge between two cells: a passage or a wall.
    Edge(usize, usize),
    /// A cell.
    Cell(usize),
    /// No place, e.g. a delimiter.
    Other,
}
