//! Errors of making a tokenizer.

use crate::name::{NameError, TokenizerName};
use crate::sequence::error::weights_remedy;
use searchlens_base::fault::{Fault, HasFault};

/// Errors of making a tokenizer. All are bad input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum TokenizerError {
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(
        "tokenizer.max_grid_size is {max_grid_size}, too small for mazes of {rows} x {cols} cells; make it {} or more",
        rows.max(cols)
    )]
    GridTooSmall { max_grid_size: usize, rows: usize, cols: usize },
    #[error(
        "tokenizer.max_grid_size is {max_grid_size}; the maximum for `{name}` is {limit}, enough for the largest maze: make it \
         smaller"
    )]
    GridTooLarge { name: TokenizerName, max_grid_size: usize, limit: usize },
    #[error(
        "mazes of {rows} x {cols} cells are too long for `{name}`, whose grids are square and at most {limit} x {limit}; use \
         AOTP_CTT_indexed, or a tokenizer of Searchlens' own such as `cells`"
    )]
    BeyondGrid { name: TokenizerName, rows: usize, cols: usize, limit: usize },
    #[error(
        "mazes of {rows} x {cols} cells are too large for maze-dataset's modular tokenizers, whose vocabulary \
         covers at most {limit} x {limit} with these coordinates; use a legacy mode, or a tokenizer of Searchlens' own such \
         as `cells`"
    )]
    BeyondWords { rows: usize, cols: usize, limit: usize },
    #[error(
        "tokenizer `{name}` is maze-dataset's, which has no torus mazes; use a tokenizer of Searchlens' own, such as `edges` \
         or `cells`"
    )]
    Torus { name: TokenizerName },
    #[error("tokenizer.max_grid_size is for the legacy modes; `{name}` has one vocabulary per shape: remove it")]
    NoGridSize { name: TokenizerName },
    #[error("tokenizer.vocabulary is for maze-dataset's modular tokenizers; `{name}` has one vocabulary: remove it")]
    NoVocabulary { name: TokenizerName },
    #[error("tokenizer `{name}` writes node labels, and the problems have none; use a task of labelled graphs")]
    NoLabels { name: TokenizerName },
    #[error("tokenizer `{name}` has no word for a weight of {needed}; {}", weights_remedy(name.with_weights(*needed)))]
    Weights { name: TokenizerName, needed: u32 },
    #[error("tokenizer `{name}` writes no demonstrations, and the task's problems have some; use `labelled+prompted`")]
    Examples { name: TokenizerName },
    #[error("tokenizer `{name}` writes goals that are nodes, and the task's goals are sets of labels; use `labelled`")]
    Sets { name: TokenizerName },
    #[error(
        "no tokenizer has words for all parts of `{task}`; mix tasks of one kind: mazes (on tori: of one size), graphs or \
         puzzles"
    )]
    NoWords { task: String },
    #[error("tokenizer `{name}` has no words for {problems}; use `{remedy}`")]
    Words { name: TokenizerName, problems: &'static str, remedy: &'static str },
    #[error(
        "tokenizer `{name}` writes mazes, and the problems are other graphs; use saparov, brinkmann, bachmann or labelled"
    )]
    NotAMaze { name: TokenizerName },
}

impl HasFault for TokenizerError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}
