//! What can be wrong with a config. All of it is bad input.

use std::path::PathBuf;

use searchlens_base::durable::FileError;
use searchlens_base::fault::{Fault, HasFault};
use searchlens_tasks::error::TaskError;
use searchlens_tokens::tokenizer::{TokenizerError, TokenizerName};

/// A config that will not do, and where.
#[derive(Debug, thiserror::Error)]
#[error("{}{problem}", self.place())]
pub struct ConfigError {
    /// The file, if it came from one.
    pub path: Option<PathBuf>,
    /// Line of the file, from 1, where one line is to blame.
    pub line: Option<usize>,
    /// What is wrong.
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

/// What a config says that can be done, but hardly is what was meant.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConfigWarning {
    /// A run that ends before its warm-up.
    #[error(
        "train.warmup = {warmup} is more than train.steps = {steps}: the learning rate still grows when the run ends, at {:.2} of train.lr; \
         set train.warmup to less, such as {}", *steps as f64 / *warmup as f64, steps / 10
    )]
    Warmup {
        /// Steps of growth.
        warmup: u64,
        /// Steps of the run.
        steps: u64,
    },
}

/// What is wrong with a config.
#[derive(Debug, thiserror::Error)]
pub enum ConfigProblem {
    /// The file cannot be read.
    #[error("{0}; name a config that exists and may be read (`searchlens train --help` shows one)")]
    File(#[from] FileError),
    /// The text is not TOML.
    #[error("not TOML: {message}")]
    Syntax {
        /// What the parser said.
        message: String,
    },
    /// A key that is not known.
    #[error("unknown key `{key}`{near}; known: {}", known.join(", "))]
    UnknownKey {
        /// The key with its tables: `train.lrr`.
        key: String,
        /// ` (did you mean ..?)` or empty.
        near: String,
        /// Every key of that table.
        known: Vec<String>,
    },
    /// A name that is not among a key's choices.
    #[error("`{key}` cannot be `{value}`{near}; known: {}", known.join(", "))]
    UnknownChoice {
        /// The key with its tables.
        key: String,
        /// The value given.
        value: String,
        /// ` (did you mean ..?)` or empty.
        near: String,
        /// Every choice.
        known: Vec<String>,
    },
    /// A value of the wrong kind, a missing key, or a table that its own room rejects.
    #[error("`{key}`: {message}")]
    Value {
        /// The key or table.
        key: String,
        /// What was said of it.
        message: String,
    },
    /// A number out of range.
    #[error("{key} = {value}: wanted {wanted}")]
    Range {
        /// The key with its tables.
        key: &'static str,
        /// The value given.
        value: String,
        /// What would do.
        wanted: &'static str,
    },
    /// Heads that do not divide the width.
    #[error("model.d_model = {d_model} is no multiple of n_heads = {n_heads}; change one of them, or give d_head")]
    HeadSize {
        /// Width.
        d_model: usize,
        /// Heads.
        n_heads: usize,
    },
    /// No unordered edge tokens to leave without positions.
    #[error(
        "model.positions = \"learned_after_edges\" needs a tokenizer whose sequences open with single edge tokens in random order, and \
         `{tokenizer}` is none; use \"learned\""
    )]
    NoUnorderedEdges {
        /// The tokenizer.
        tokenizer: TokenizerName,
    },
    /// A network that sees the tokens it is to predict.
    #[error(
        "model.attention_dir = \"bidirectional\": trained on next tokens, such a network would only copy what it sees, and it cannot answer \
         token by token; use \"causal\""
    )]
    Bidirectional,
    /// The task cannot be made, or lacks a split.
    #[error("[task]: {0}")]
    Task(TaskError),
    /// The tokenizer cannot be made for the task.
    #[error("[tokenizer]: {0}")]
    Tokenizer(TokenizerError),
    /// The network cannot be made.
    #[error("[model]: {0}")]
    Model(searchlens_model::config::ConfigError),
}

impl HasFault for ConfigProblem {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}
