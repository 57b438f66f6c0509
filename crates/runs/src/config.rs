//! The config of a training run, checked.
//!
//! [`tables`] holds the tables of a config file. A [`RunConfig`] is checked and has every key explicit.

mod check;
mod diff;
mod document;
mod document_error;
pub(crate) mod error;
mod read;
pub mod tables;

use std::path::Path;

use searchlens_model::config::AttentionDir;
use searchlens_model::kernels::tier::Tier;
use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::splits::Split;
use searchlens_tokens::tokenizer::TokenizerConfig;

pub use error::{ConfigError, ConfigProblem, ConfigWarning};
use tables::{EvalSettings, ModelSettings, RawConfig, TrainSettings};

use crate::setup::Parts;

/// A checked config with every key explicit.
#[derive(Clone, Debug, PartialEq)]
pub struct RunConfig {
    tables: RawConfig,
}

impl RunConfig {
    /// Checks a config and makes its defaults explicit.
    ///
    /// # Errors
    /// The first value that is out of range or does not fit the others.
    pub fn new(raw: RawConfig) -> Result<RunConfig, ConfigProblem> {
        check::train(&raw.train)?;
        check::eval(&raw.eval)?;
        if raw.model.attention_dir == AttentionDir::Bidirectional {
            return Err(ConfigProblem::Bidirectional);
        }
        let (parts, model) = Parts::new(&raw.task, &raw.tokenizer, &raw.model)?;
        for split in [Split::Train, Split::Validation, raw.eval.split] {
            parts.task.check_split(split).map_err(ConfigProblem::Task)?;
        }
        Ok(RunConfig { tables: RawConfig { tokenizer: parts.tokenizer.config(), model, ..raw } })
    }

    /// Reads a config file.
    ///
    /// ```no_run
    /// use searchlens_runs::config::RunConfig;
    ///
    /// let config = RunConfig::read("run.toml".as_ref())?;
    /// println!("{} steps on {}", config.train().steps, config.task().name());
    /// # Ok::<(), searchlens_runs::config::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// [`ConfigError`] names file, line and key: the file cannot be read, is not TOML, has an unknown key (near names are given), or a value that
    /// is not valid.
    pub fn read(path: &Path) -> Result<RunConfig, ConfigError> {
        RunConfig::checked(&read::text_of(path)?, Some(path))
    }

    /// Parses a config.
    ///
    /// ```
    /// use searchlens_runs::config::RunConfig;
    ///
    /// let config = RunConfig::parse(
    ///     r#"
    ///     [task.maze]
    ///     generator = "dfs"
    ///     rows = 5
    ///     cols = 5
    ///     [tokenizer]
    ///     name = "edges"
    ///     [model]
    ///     n_layers = 4
    ///     d_model = 128
    ///     n_heads = 4
    ///     [train]
    ///     steps = 2000
    ///     "#,
    /// )?;
    /// assert_eq!(config.model().d_head, Some(32));
    /// assert_eq!(RunConfig::parse(&config.to_toml())?, config);
    /// # Ok::<(), searchlens_runs::config::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// As [`RunConfig::read`].
    pub fn parse(text: &str) -> Result<RunConfig, ConfigError> {
        RunConfig::checked(text, None)
    }

    fn checked(text: &str, path: Option<&Path>) -> Result<RunConfig, ConfigError> {
        let tables = read::tables(text, path)?;
        RunConfig::new(tables).map_err(|problem| ConfigError {
            path: path.map(Into::into),
            line: problem.key().and_then(|key| read::line_of(text, key)),
            problem: Box::new(problem),
        })
    }

    /// Returns the config as TOML with every key explicit; [`RunConfig::parse`] gives the same config back.
    pub fn to_toml(&self) -> String {
        read::write(&self.tables)
    }

    /// Makes task, tokenizer and architecture.
    pub fn parts(&self) -> Parts {
        let RawConfig { task, tokenizer, model, .. } = &self.tables;
        Parts::new(task, tokenizer, model).expect("checked when the config was made").0
    }

    /// Which problems are drawn.
    pub fn task(&self) -> &TaskConfig {
        &self.tables.task
    }

    /// How problems become tokens.
    pub fn tokenizer(&self) -> &TokenizerConfig {
        &self.tables.tokenizer
    }

    /// The architecture.
    pub fn model(&self) -> &ModelSettings {
        &self.tables.model
    }

    /// The training recipe.
    pub fn train(&self) -> &TrainSettings {
        &self.tables.train
    }

    /// How the run is evaluated.
    pub fn eval(&self) -> &EvalSettings {
        &self.tables.eval
    }

    /// Lists settings that are valid but probably a mistake.
    pub fn warnings(&self) -> Vec<ConfigWarning> {
        let &TrainSettings { warmup, steps, .. } = self.train();
        if warmup > steps { vec![ConfigWarning::Warmup { warmup, steps }] } else { Vec::new() }
    }

    /// Returns the config with another `train.tier`.
    pub(crate) fn with_tier(mut self, tier: Option<Tier>) -> RunConfig {
        self.tables.train.tier = tier;
        self
    }

    /// Lists the keys in which two configs differ, with both values: `train.lr (0.004 and 0.005)`.
    pub fn differences(&self, other: &RunConfig) -> Vec<String> {
        diff::differences(&self.to_toml(), &other.to_toml())
    }
}
