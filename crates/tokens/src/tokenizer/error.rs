//! Errors of making a tokenizer.

use crate::name::{NameError, TokenizerName};
use crate::sequence::error::weights_remedy;
use searchlens_base::fault::{Fault, HasFault};

/// A tokenizer that cannot be made. All of them are bad input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenizerError {
    /// No tokenizer has this name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The mazes are larger than the vocabulary's grid.
    #[error(
        "tokenizer.max_grid_size is {max_grid_size}, too small for mazes of {rows} x {cols} cells; make it {} or more",
        rows.max(cols)
    )]
    GridTooSmall {
        /// The size given.
        max_grid_size: usize,
        /// Rows of the mazes.
        rows: usize,
        /// Columns of the mazes.
        cols: usize,
    },
    /// A vocabulary of more words than any maze needs.
    #[error(
        "tokenizer.max_grid_size is {max_grid_size}; `{name}` takes {limit} at most, as many words as the largest maze \
         needs: make it smaller"
    )]
    GridTooLarge {
        /// The tokenizer.
        name: TokenizerName,
        /// The size given.
        max_grid_size: usize,
        /// The largest size there is.
        limit: usize,
    },
    /// Mazes longer than the sides of the largest grid with a word for each cell.
    #[error(
        "mazes of {rows} x {cols} cells are too long for `{name}`, whose grids are square and end at {limit} x {limit}; use \
         AOTP_CTT_indexed or one of ours, such as `cells`"
    )]
    BeyondGrid {
        /// The tokenizer.
        name: TokenizerName,
        /// Rows of the mazes.
        rows: usize,
        /// Columns of the mazes.
        cols: usize,
        /// Sides of the largest grid.
        limit: usize,
    },
    /// The mazes are larger than any grid that maze-dataset's words cover.
    #[error(
        "mazes of {rows} x {cols} cells are too large for maze-dataset's modular tokenizers, whose words end at \
         {limit} x {limit} with these coordinates; use a legacy mode or one of ours, such as `cells`"
    )]
    BeyondWords {
        /// Rows of the mazes.
        rows: usize,
        /// Columns of the mazes.
        cols: usize,
        /// Sides of the largest grid that can be written.
        limit: usize,
    },
    /// maze-dataset's mazes have sides.
    #[error(
        "tokenizer `{name}` is maze-dataset's, whose mazes end at their sides, and these lie on a torus; use one of ours, \
         such as `edges` or `cells`"
    )]
    Torus {
        /// The tokenizer.
        name: TokenizerName,
    },
    /// A grid size was given to a tokenizer that has none.
    #[error(
        "tokenizer.max_grid_size is for the legacy modes; `{name}` has one vocabulary for each shape: leave it out"
    )]
    NoGridSize {
        /// The tokenizer.
        name: TokenizerName,
    },
    /// A vocabulary was chosen for a tokenizer that has only one.
    #[error("tokenizer.vocabulary is for maze-dataset's modular tokenizers; `{name}` has one vocabulary: leave it out")]
    NoVocabulary {
        /// The tokenizer.
        name: TokenizerName,
    },
    /// A tokenizer of labels for problems that have none.
    #[error("tokenizer `{name}` writes the nodes' labels, and the problems have none; use a task of labelled graphs")]
    NoLabels {
        /// The tokenizer.
        name: TokenizerName,
    },
    /// A tokenizer that lacks words for what steps cost.
    #[error("tokenizer `{name}` cannot say that a step costs {needed}; {}", weights_remedy(name.with_weights(*needed)))]
    Weights {
        /// The tokenizer.
        name: TokenizerName,
        /// The largest weight of the task.
        needed: u32,
    },
    /// A tokenizer that shows no examples, for prompts.
    #[error("tokenizer `{name}` shows no examples, and the task's problems come with some; use `labelled+prompted`")]
    Examples {
        /// The tokenizer.
        name: TokenizerName,
    },
    /// A tokenizer that names the goal's node, for goals that are sets of labels.
    #[error("tokenizer `{name}` writes goals that are nodes, and the task's goals are sets of labels; use `labelled`")]
    Sets {
        /// The tokenizer.
        name: TokenizerName,
    },
    /// A mixture whose parts no tokenizer writes all.
    #[error(
        "no tokenizer has words for all parts of `{task}`; mix tasks of one kind: mazes (on tori: of one size), graphs, or \
         puzzles"
    )]
    NoWords {
        /// The task's name.
        task: String,
    },
    /// A tokenizer for problems of another kind.
    #[error("tokenizer `{name}` has no words for {problems}; use `{remedy}`")]
    Words {
        /// The tokenizer.
        name: TokenizerName,
        /// What the problems are.
        problems: &'static str,
        /// A tokenizer that has.
        remedy: &'static str,
    },
    /// A tokenizer of mazes for problems that are none.
    #[error(
        "tokenizer `{name}` writes mazes, and the problems are other graphs; use saparov, brinkmann, bachmann or labelled"
    )]
    NotAMaze {
        /// The tokenizer.
        name: TokenizerName,
    },
}

impl HasFault for TokenizerError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}
