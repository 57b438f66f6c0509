//! Errors and warnings of configs.

use std::path::PathBuf;

use searchlens_base::durable::FileError;
use searchlens_base::fault::{Fault, HasFault};
use searchlens_tasks::error::TaskError;
use searchlens_tokens::tokenizer::{TokenizerError, TokenizerName};

/// An error of a config, with its place.
#[derive(Debug, thiserror::Error)]
#[error("{}{problem}", self.place())]
pub struct ConfigError {
    /// The file; `None` for a config that was not read from one.
    pub path: Option<PathBuf>,
    /// Line of the file, from 1, if one line is to blame.
    pub line: Option<usize>,
    /// The error.
    pub problem: Box<ConfigProblem>,
}

impl HasFault for ConfigError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

impl ConfigError {
    /// `run.toml, line 3: `, or as much of it as is known.
    fn place(&self) -> String {
        let path = self.path.as_ref().map(|p| p.display().to_string());
        let line = self.line.map(|line| format!("line {line}"));
        let parts: Vec<String> = [path, line].into_iter().flatten().collect();
        if parts.is_empty() { String::new() } else { format!("{}: ", parts.join(", ")) }
    }
}

/// A setting that is valid but probably a mistake.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum ConfigWarning {
    #[error(
        "train.warmup = {warmup} is more than train.steps = {steps}: the warm-up does not finish, and the learning rate ends at {:.2} of train.lr; \
         set train.warmup to less, such as {}", *steps as f64 / *warmup as f64, steps / 10
    )]
    Warmup { warmup: u64, steps: u64 },
}

/// Errors of a config. A `key` has its tables: `train.lr`.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum ConfigProblem {
    #[error("{0}; give a config that exists and can be read (`searchlens train --help` shows one)")]
    File(#[from] FileError),
    #[error("not TOML: {message}")]
    Syntax { message: String },
    /// `near` is ` (did you mean ..?)`, or empty.
    #[error("unknown key `{key}`{near}; known: {}", known.join(", "))]
    UnknownKey { key: String, near: String, known: &'static [&'static str] },
    #[error("`{key}` is missing; add it (`searchlens train --help` shows a config)")]
    MissingKey { key: String },
    /// `near` is ` (did you mean ..?)`, or empty.
    #[error("`{key}` cannot be `{value}`{near}; known: {}", known.join(", "))]
    UnknownChoice { key: String, value: String, near: String, known: &'static [&'static str] },
    /// A choice with values of its own (in `fields`) that is given as its name alone.
    #[error("{key} = \"{choice}\" lacks its values; write {key} = {}", with_values(choice, fields))]
    BareChoice { key: String, choice: String, fields: &'static [&'static str] },
    #[error("`{key}`: {message}")]
    Value { key: String, message: String },
    #[error("{key} = {value}: wanted {wanted}")]
    Range { key: String, value: String, wanted: String },
    #[error("model.d_model = {d_model} is not a multiple of n_heads = {n_heads}; change one of them, or give d_head")]
    HeadSize { d_model: usize, n_heads: usize },
    #[error(
        "model.positions = \"learned_after_edges\" needs a tokenizer that opens sequences with single edge tokens in random order, and \
         `{tokenizer}` does not; use \"learned\""
    )]
    NoUnorderedEdges { tokenizer: TokenizerName },
    #[error(
        "model.attention_dir = \"bidirectional\": a network that sees the next token learns only to copy it, and cannot generate token by token; \
         use \"causal\""
    )]
    Bidirectional,
    #[error("[task]: {0}")]
    Task(TaskError),
    #[error("[tokenizer]: {0}")]
    Tokenizer(TokenizerError),
    #[error("[model]: {0}")]
    Model(searchlens_model::config::ConfigError),
}

impl HasFault for ConfigProblem {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

impl ConfigProblem {
    /// The key or table that a check of a complete config rejects.
    pub(super) fn key(&self) -> Option<&str> {
        match self {
            ConfigProblem::Range { key, .. } => Some(key),
            ConfigProblem::HeadSize { .. } => Some("model.d_model"),
            ConfigProblem::NoUnorderedEdges { .. } => Some("model.positions"),
            ConfigProblem::Bidirectional => Some("model.attention_dir"),
            ConfigProblem::Task(_) => Some("task"),
            ConfigProblem::Tokenizer(_) => Some("tokenizer"),
            ConfigProblem::Model(_) => Some("model"),
            _ => None,
        }
    }
}

/// `{ cosine = { floor = .. } }`.
fn with_values(choice: &str, fields: &[&str]) -> String {
    let fields: Vec<String> = fields.iter().map(|field| format!("{field} = ..")).collect();
    let values = if fields.is_empty() { "..".to_owned() } else { format!("{{ {} }}", fields.join(", ")) };
    format!("{{ {choice} = {values} }}")
}
