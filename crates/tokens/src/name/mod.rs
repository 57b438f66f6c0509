//! Names of tokenizers, as data: one closed set in five grammars, distinguished by the start of the name.

pub mod choice;
pub mod graph;
pub mod legacy;
pub mod modular;
pub mod own;
pub mod puzzle;

use std::fmt;
use std::str::FromStr;

use searchlens_base::fault::{Fault, HasFault};
use searchlens_base::text::{listed, near_names};
use searchlens_tasks::mazes::error::MAX_WEIGHT;
use serde::{Deserialize, Serialize};

use crate::name::choice::ChoiceError;
use crate::name::graph::{GraphChoices, STYLES};
use crate::name::legacy::LegacyMode;
use crate::name::modular::Elements;
use crate::name::modular::text::{ModularNameError, PREFIX};
use crate::name::own::{Choices, FORMS};
use crate::name::puzzle::Puzzle;

/// The name of a tokenizer, parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum TokenizerName {
    /// One of maze-dataset's legacy modes: `AOTP_UT_rasterized`, `AOTP_UT_uniform`, `AOTP_CTT_indexed`.
    Legacy(LegacyMode),
    /// One of maze-dataset's modular tokenizers: `MazeTokenizerModular-..`.
    Modular(Elements),
    /// One of Searchlens' own: `edges`, `walls`, `cells` or `row-col`, and choices: `edges+query-first`.
    Own(Choices),
    /// A tokenizer of graphs: `saparov`, `brinkmann`, `bachmann`, and its variants: `bachmann+reverse`.
    Graph(GraphChoices),
    /// A tokenizer of a puzzle: `countdown`, `sliding`.
    Puzzle(Puzzle),
}

/// Errors of parsing a tokenizer name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum NameError {
    #[error(
        "unknown tokenizer `{name}`{}; known: {}, some with choices behind a `+`, and maze-dataset's `{PREFIX}..`",
        near_names(name.split('+').next().unwrap_or_default(), beginnings()), listed(beginnings())
    )]
    Unknown { name: String },
    #[error(transparent)]
    Modular(#[from] ModularNameError),
    #[error(transparent)]
    Choice(#[from] ChoiceError),
}

impl HasFault for NameError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

/// Every start of a name, except for modular ones.
fn beginnings() -> impl Iterator<Item = &'static str> {
    let legacy = LegacyMode::ALL.iter().map(|(_, name)| *name);
    let puzzles = Puzzle::ALL.iter().map(|(_, name)| *name);
    legacy.chain(FORMS.iter().map(|(_, name)| *name)).chain(STYLES.iter().map(|(name, _)| *name)).chain(puzzles)
}

impl TokenizerName {
    /// `edges`.
    pub const EDGES: TokenizerName = TokenizerName::Own(Choices::EDGES);

    /// Returns one tokenizer of each kind, with default choices: the legacy modes, maze-dataset's default modular
    /// tokenizer, Searchlens' own, and those of graphs whose goal is a node (`labelled` needs labels, `hops` hops).
    pub fn plain() -> Vec<TokenizerName> {
        let legacy = LegacyMode::ALL.map(|(mode, _)| TokenizerName::Legacy(mode));
        let own = FORMS.map(|(form, _)| TokenizerName::Own(Choices { form, ..Choices::EDGES }));
        let unlabelled = STYLES.iter().filter(|(name, _)| !["labelled", "hops"].contains(name));
        let graphs = unlabelled.filter_map(|(name, _)| Some(TokenizerName::Graph(name.parse().ok()?)));
        let modular = TokenizerName::Modular(Elements::default());
        legacy.into_iter().chain([modular]).chain(own).chain(graphs).collect()
    }

    /// Returns the same tokenizer with words for weights up to `most`, or `edges` in place of maze-dataset's, which have no
    /// such words. `None` for puzzles, and if `most` is greater than the maximum weight.
    pub fn with_weights(self, most: u32) -> Option<TokenizerName> {
        let own = |choices| TokenizerName::Own(Choices { weights: most, ..choices });
        let name = match self {
            TokenizerName::Legacy(_) | TokenizerName::Modular(_) => own(Choices::EDGES),
            TokenizerName::Own(choices) => own(choices),
            TokenizerName::Graph(choices) => TokenizerName::Graph(GraphChoices { weights: most, ..choices }),
            TokenizerName::Puzzle(_) => return None,
        };
        (most <= MAX_WEIGHT).then_some(name)
    }

    /// Returns the largest weight that it has a word for; 1 if it has no words for weights.
    pub fn max_weight(self) -> u32 {
        match self {
            TokenizerName::Own(choices) => choices.weights.max(1),
            TokenizerName::Graph(choices) => choices.weights.max(1),
            TokenizerName::Legacy(_) | TokenizerName::Modular(_) | TokenizerName::Puzzle(_) => 1,
        }
    }

    /// Whether it writes only mazes.
    pub fn needs_lattice(self) -> bool {
        !matches!(self, TokenizerName::Graph(_) | TokenizerName::Puzzle(_))
    }
}

impl fmt::Display for TokenizerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TokenizerName::Legacy(mode) => f.write_str(LegacyMode::ALL[*mode as usize].1),
            TokenizerName::Modular(elements) => elements.fmt(f),
            TokenizerName::Own(choices) => choices.fmt(f),
            TokenizerName::Graph(style) => style.fmt(f),
            TokenizerName::Puzzle(puzzle) => f.write_str(puzzle.name()),
        }
    }
}

impl FromStr for TokenizerName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<TokenizerName, NameError> {
        if let Some((mode, _)) = LegacyMode::ALL.iter().find(|(_, known)| *known == name) {
            return Ok(TokenizerName::Legacy(*mode));
        }
        if name.starts_with(PREFIX) {
            return Ok(TokenizerName::Modular(name.parse()?));
        }
        let beginning = name.split('+').next().unwrap_or_default();
        if FORMS.iter().any(|(_, form)| *form == beginning) {
            return Ok(TokenizerName::Own(name.parse()?));
        }
        if STYLES.iter().any(|(style, _)| *style == beginning) {
            return Ok(TokenizerName::Graph(name.parse()?));
        }
        match Puzzle::ALL.iter().find(|(_, known)| *known == name) {
            Some((puzzle, _)) => Ok(TokenizerName::Puzzle(*puzzle)),
            None => Err(NameError::Unknown { name: name.to_owned() }),
        }
    }
}

impl TryFrom<String> for TokenizerName {
    type Error = NameError;

    fn try_from(name: String) -> Result<TokenizerName, NameError> {
        name.parse()
    }
}

impl From<TokenizerName> for String {
    fn from(name: TokenizerName) -> String {
        name.to_string()
    }
}
