//! `results/gallery.json`: problems with the model's answer and its attention.

use serde::{Deserialize, Serialize};

/// `results/gallery.json`: problems with the model's answer and its attention.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gallery {
    /// [`crate::FORMAT_VERSION`].
    pub format_version: u32,
    /// How the specimens were chosen, one sentence.
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
    /// Open passages as pairs of cells (`row * cols + col`).
    pub passages: Vec<(usize, usize)>,
    /// Start cell.
    pub origin: usize,
    /// Target cell.
    pub target: usize,
    /// An optimal path, both ends included.
    pub optimum: Vec<usize>,
    /// Cells the model walked, origin first, up to its end token or where it was cut.
    pub answer: Vec<usize>,
    /// Whether the answer is an optimal path, properly ended.
    pub exact: bool,
    /// What went wrong, in a few words; empty if nothing did.
    pub failure: String,
    /// Token strings of prompt and answer.
    pub tokens: Vec<String>,
    /// What each token speaks of.
    pub marks: Vec<Mark>,
    /// Position of the first token whose prediction is a step of the path.
    pub path_start: usize,
    /// Attention pattern, `[layer][head][query][key]` flattened, in steps of 1/255 (0 = none, 255 = all), base64.
    pub attention: String,
}

/// What a token speaks of, as far as drawing needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Mark {
    /// A passage (or wall) between two cells.
    Edge(usize, usize),
    /// A cell.
    Cell(usize),
    /// Punctuation.
    Other,
}
