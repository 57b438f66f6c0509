//! The one door to all tokenizers: chosen by name in a config, made for the lattice of a task.

use std::fmt;
use std::str::FromStr;

use searchlens_tasks::maze::Lattice;
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::decoded::{DecodeError, Decoded};
use crate::edges::Edges;
use crate::encoded::{Encoded, LossOn};
use crate::example::{EdgeOrder, EncodeError, Example};
use crate::legacy::{Legacy, LegacyMode};
use crate::sequence::Writer;
use crate::vocab::Vocab;
use searchlens_tasks::text::near_names;

/// Names of the tokenizers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum TokenizerName {
    /// One of maze-dataset's legacy modes: `AOTP_UT_rasterized`, `AOTP_UT_uniform`, `AOTP_CTT_indexed`.
    Legacy(LegacyMode),
    /// `edges`, ours: a passage is one token.
    Edges,
}

/// The table `[tokenizer]` of a config.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenizerConfig {
    /// Which tokenizer.
    pub name: TokenizerName,
    /// Legacy modes: sides of the largest grid that the vocabulary covers. Default: the larger side of the task's
    /// lattice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_grid_size: Option<usize>,
}

/// A tokenizer for mazes of one shape.
#[derive(Clone, Debug)]
pub enum Tokenizer {
    /// maze-dataset's legacy modes.
    Legacy(Legacy),
    /// Ours.
    Edges(Edges),
}

/// A tokenizer that cannot be made. All of them are bad input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenizerError {
    /// No tokenizer has this name.
    #[error("unknown tokenizer `{name}`{}; known: {}", .near, known())]
    UnknownName {
        /// The name.
        name: String,
        /// ` (did you mean ..?)`, or empty.
        near: String,
    },
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
    /// A grid size was given to a tokenizer that has none.
    #[error(
        "tokenizer.max_grid_size is for the legacy modes; `{name}` has one vocabulary for each shape: leave it out"
    )]
    NoGridSize {
        /// The tokenizer.
        name: TokenizerName,
    },
    /// A tokenizer of mazes for a task that draws none.
    #[error("the tokenizers write mazes, and `{task}` draws none; use a maze task")]
    NotAMaze {
        /// The task's name.
        task: String,
    },
}

impl TokenizerName {
    /// Every tokenizer.
    pub const ALL: [TokenizerName; 4] = [
        TokenizerName::Legacy(LegacyMode::UtRasterized),
        TokenizerName::Legacy(LegacyMode::UtUniform),
        TokenizerName::Legacy(LegacyMode::CttIndexed),
        TokenizerName::Edges,
    ];

    /// The name as configs and command lines write it.
    pub fn as_str(self) -> &'static str {
        match self {
            TokenizerName::Legacy(LegacyMode::UtRasterized) => "AOTP_UT_rasterized",
            TokenizerName::Legacy(LegacyMode::UtUniform) => "AOTP_UT_uniform",
            TokenizerName::Legacy(LegacyMode::CttIndexed) => "AOTP_CTT_indexed",
            TokenizerName::Edges => "edges",
        }
    }
}

fn known() -> String {
    TokenizerName::ALL.map(TokenizerName::as_str).join(", ")
}

impl fmt::Display for TokenizerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TokenizerName {
    type Err = TokenizerError;

    fn from_str(name: &str) -> Result<TokenizerName, TokenizerError> {
        let found = TokenizerName::ALL.into_iter().find(|known| known.as_str() == name);
        found.ok_or_else(|| TokenizerError::UnknownName {
            name: name.to_owned(),
            near: near_names(name, TokenizerName::ALL.map(TokenizerName::as_str)),
        })
    }
}

impl TryFrom<String> for TokenizerName {
    type Error = TokenizerError;

    fn try_from(name: String) -> Result<TokenizerName, TokenizerError> {
        name.parse()
    }
}

impl From<TokenizerName> for String {
    fn from(name: TokenizerName) -> String {
        name.as_str().to_owned()
    }
}

impl Tokenizer {
    /// The tokenizer that a config asks for, for mazes on `lattice`.
    ///
    /// # Errors
    /// [`TokenizerError::GridTooSmall`], [`TokenizerError::NoGridSize`].
    pub fn new(config: &TokenizerConfig, lattice: Lattice) -> Result<Tokenizer, TokenizerError> {
        let Lattice { rows, cols } = lattice;
        match (config.name, config.max_grid_size) {
            (TokenizerName::Legacy(_), Some(max_grid_size)) if max_grid_size < rows.max(cols) => {
                Err(TokenizerError::GridTooSmall { max_grid_size, rows, cols })
            }
            (TokenizerName::Legacy(mode), size) => {
                Ok(Tokenizer::Legacy(Legacy::new(mode, lattice, size.unwrap_or(rows.max(cols)))))
            }
            (name @ TokenizerName::Edges, Some(_)) => Err(TokenizerError::NoGridSize { name }),
            (TokenizerName::Edges, None) => Ok(Tokenizer::Edges(Edges::new(lattice))),
        }
    }

    /// The tokenizer of this name, for mazes on `lattice`; legacy modes with the smallest vocabulary that covers it.
    ///
    /// # Errors
    /// [`TokenizerError::UnknownName`], with near names.
    pub fn from_name(name: &str, lattice: Lattice) -> Result<Tokenizer, TokenizerError> {
        Tokenizer::new(&TokenizerConfig { name: name.parse()?, max_grid_size: None }, lattice)
    }

    /// Its name.
    pub fn name(&self) -> TokenizerName {
        match self {
            Tokenizer::Legacy(legacy) => TokenizerName::Legacy(legacy.mode()),
            Tokenizer::Edges(_) => TokenizerName::Edges,
        }
    }

    /// The config that makes it again, every choice written out.
    pub fn config(&self) -> TokenizerConfig {
        let max_grid_size = match self {
            Tokenizer::Legacy(legacy) => Some(legacy.max_grid_size()),
            Tokenizer::Edges(_) => None,
        };
        TokenizerConfig { name: self.name(), max_grid_size }
    }

    /// The lattice of the mazes it writes.
    pub fn lattice(&self) -> Lattice {
        match self {
            Tokenizer::Legacy(legacy) => legacy.lattice(),
            Tokenizer::Edges(edges) => edges.lattice(),
        }
    }

    /// Its tokens.
    pub fn vocab(&self) -> &Vocab {
        match self {
            Tokenizer::Legacy(legacy) => legacy.vocab(),
            Tokenizer::Edges(edges) => edges.vocab(),
        }
    }

    /// The token that ends an answer.
    pub fn end_id(&self) -> u32 {
        match self {
            Tokenizer::Legacy(_) => Legacy::END,
            Tokenizer::Edges(edges) => edges.end_id(),
        }
    }

    /// The token that fills the end of a batch's row.
    pub fn pad_id(&self) -> u32 {
        match self {
            Tokenizer::Legacy(_) => Legacy::PAD,
            Tokenizer::Edges(edges) => edges.pad_id(),
        }
    }

    /// Encodes an example: the maze, then what of origin, target and path is there.
    ///
    /// Without a path there is no path-start token either (see [`Tokenizer::prompt`]), and the mask of
    /// [`LossOn::Path`], [`LossOn::FirstStep`] and [`LossOn::Forks`] is false everywhere. The path is written as it is,
    /// open or not.
    ///
    /// # Errors
    /// [`EncodeError`], if this tokenizer cannot write the example.
    pub fn encode(&self, example: &Example<'_>, order: EdgeOrder<'_>, loss_on: LossOn) -> Result<Encoded, EncodeError> {
        let mut out = self.write_problem(example, order)?;
        if let Some(path) = example.path {
            self.write_path_start(&mut out);
            match self {
                Tokenizer::Legacy(legacy) => legacy.write_answer(path, &mut out),
                Tokenizer::Edges(edges) => edges.write_answer(path, example.origin, &mut out)?,
            }
        }
        let loss_mask = loss_on.mask(&out.roles, example.graph, example.path.unwrap_or_default());
        Ok(Encoded { ids: out.ids, loss_mask, roles: out.roles })
    }

    /// What a model is given to answer: the example without its path, up to and including the path-start token. No
    /// token of it is to be predicted.
    ///
    /// # Errors
    /// [`EncodeError`], if this tokenizer cannot write the example.
    pub fn prompt(&self, example: &Example<'_>, order: EdgeOrder<'_>) -> Result<Encoded, EncodeError> {
        let mut out = self.write_problem(&example.with_path(None), order)?;
        self.write_path_start(&mut out);
        Ok(Encoded { loss_mask: vec![false; out.ids.len()], ids: out.ids, roles: out.roles })
    }

    /// Reads what a model generated after the prompt of a problem with this origin, well-formed or not.
    pub fn decode_answer(&self, origin: usize, generated: &[u32]) -> Answer {
        match self {
            Tokenizer::Legacy(legacy) => legacy.decode_answer(generated),
            Tokenizer::Edges(edges) => edges.decode_answer(origin, generated),
        }
    }

    /// The example that a sequence encodes. Padding behind it is skipped.
    ///
    /// # Errors
    /// [`DecodeError`], if no example encodes to it.
    pub fn decode(&self, ids: &[u32]) -> Result<Decoded, DecodeError> {
        match self {
            Tokenizer::Legacy(legacy) => legacy.decode(ids),
            Tokenizer::Edges(edges) => edges.decode(ids),
        }
    }

    /// Tokens of the longest example with at most `max_passages` open passages and a path that visits no cell twice:
    /// the context that a model needs. A tree has `n_cells - 1` passages, no maze has more than the lattice has
    /// adjacent pairs.
    pub fn max_len(&self, max_passages: usize) -> usize {
        let prompt = match self {
            Tokenizer::Legacy(legacy) => (2 * legacy.cell_len() + 2) * max_passages + 2 * legacy.cell_len() + 7,
            Tokenizer::Edges(_) => max_passages + 5,
        };
        prompt + self.max_answer_len()
    }

    /// Tokens of the longest answer that visits no cell twice, end token included: how far generation needs to go.
    pub fn max_answer_len(&self) -> usize {
        let n_cells = self.lattice().n_cells();
        match self {
            Tokenizer::Legacy(legacy) => legacy.cell_len() * n_cells + 1,
            Tokenizer::Edges(_) => n_cells,
        }
    }

    /// How many leading tokens carry no meaning in their order, if every example has exactly `n_passages` open passages
    /// (as trees have): a model needs no positions there. `None` where the order of single tokens matters.
    pub fn unordered_prefix(&self, n_passages: usize) -> Option<usize> {
        match self {
            Tokenizer::Legacy(_) => None,
            Tokenizer::Edges(_) => Some(n_passages),
        }
    }

    fn write_problem(&self, example: &Example<'_>, order: EdgeOrder<'_>) -> Result<Writer, EncodeError> {
        example.check(self.lattice())?;
        let mut out = Writer::default();
        match self {
            Tokenizer::Legacy(legacy) => legacy.write_problem(&example.passages(order, true)?, example, &mut out),
            Tokenizer::Edges(edges) => edges.write_problem(&example.passages(order, false)?, example, &mut out),
        }
        Ok(out)
    }

    fn write_path_start(&self, out: &mut Writer) {
        match self {
            Tokenizer::Legacy(legacy) => legacy.write_path_start(out),
            Tokenizer::Edges(edges) => edges.write_path_start(out),
        }
    }
}
