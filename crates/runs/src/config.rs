//! The config of a training run: checked once, then known to be good.
//!
//! The file form is that of [`tables`]; a [`RunConfig`] has every choice made and can be written back. What follows from it (vocabulary,
//! context, tasks and tokenizers ready to use) is in [`crate::setup`]; derived values cannot be set.

mod error;
mod read;
pub mod tables;

use std::path::Path;

use searchlens_model::config::AttentionDir;
use searchlens_model::kernels::tier::Tier;
use searchlens_model::optimiser::Schedule;
use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::splits::Split;
use searchlens_tokens::tokenizer::TokenizerConfig;

pub use error::{ConfigError, ConfigProblem, ConfigWarning};
use tables::{EvalSettings, ModelSettings, ModelTable, TrainSettings};

use crate::setup::{self, Parts};

/// A checked config, every field explicit.
#[derive(Clone, Debug, PartialEq)]
pub struct RunConfig {
    task: TaskConfig,
    tokenizer: TokenizerConfig,
    model: ModelSettings,
    train: TrainSettings,
    eval: EvalSettings,
}

impl RunConfig {
    /// Fills in what `model` leaves open, and checks everything.
    ///
    /// # Errors
    /// The first value that is out of range, or does not go with the others.
    pub fn new(
        task: TaskConfig,
        tokenizer: TokenizerConfig,
        model: ModelTable,
        train: TrainSettings,
        eval: EvalSettings,
    ) -> Result<RunConfig, ConfigProblem> {
        let model = model.resolved(setup::has_unordered_edges(&task, &tokenizer).map_err(ConfigProblem::Tokenizer)?)?;
        check_train(&train)?;
        check_eval(&eval)?;
        if model.attention_dir == AttentionDir::Bidirectional {
            return Err(ConfigProblem::Bidirectional);
        }
        let parts = Parts::new(&task, &tokenizer, &model)?;
        for split in [Split::Train, Split::Validation, eval.split] {
            parts.task.check_split(split).map_err(ConfigProblem::Task)?;
        }
        // What the tokenizer chose by itself becomes explicit.
        Ok(RunConfig { tokenizer: parts.tokenizer.config(), task, model, train, eval })
    }

    /// Reads a config file.
    ///
    /// # Errors
    /// The file cannot be read, is not TOML, has a key that is not known (near names are given), or a value that will not do. The error names
    /// file, line and key.
    pub fn read(path: &Path) -> Result<RunConfig, ConfigError> {
        read::file(path)
    }

    /// Reads a config from text.
    ///
    /// # Errors
    /// As [`RunConfig::read`].
    pub fn parse(text: &str) -> Result<RunConfig, ConfigError> {
        read::text(text, None)
    }

    /// The config as TOML, every field explicit; [`RunConfig::parse`] gives the same config back.
    pub fn to_toml(&self) -> String {
        read::write(self)
    }

    /// What problems.
    pub fn task(&self) -> &TaskConfig {
        &self.task
    }

    /// How they are written.
    pub fn tokenizer(&self) -> &TokenizerConfig {
        &self.tokenizer
    }

    /// What network.
    pub fn model(&self) -> &ModelSettings {
        &self.model
    }

    /// How it is trained.
    pub fn train(&self) -> &TrainSettings {
        &self.train
    }

    /// How it is evaluated.
    pub fn eval(&self) -> &EvalSettings {
        &self.eval
    }

    /// What the config says that can be done, but hardly is what was meant.
    pub fn warnings(&self) -> Vec<ConfigWarning> {
        let TrainSettings { warmup, steps, .. } = self.train;
        if warmup > steps { vec![ConfigWarning::Warmup { warmup, steps }] } else { Vec::new() }
    }

    /// The same config, held to another instruction set or to none.
    pub(crate) fn held_to(mut self, tier: Option<Tier>) -> RunConfig {
        self.train.tier = tier;
        self
    }

    /// Keys, as `train.lr`, in which two configs differ: names for error messages.
    pub fn differences(&self, other: &RunConfig) -> Vec<String> {
        read::differences(self, other)
    }
}

/// TOML's integers have a sign.
const LARGEST: u64 = i64::MAX as u64;

fn check_train(train: &TrainSettings) -> Result<(), ConfigProblem> {
    let bad = |key, value: &dyn std::fmt::Display, wanted| {
        Err(ConfigProblem::Range { key, value: value.to_string(), wanted })
    };
    let counts = [
        ("train.batch_problems", train.batch_problems as u64),
        ("train.accumulate", train.accumulate),
        ("train.steps", train.steps),
        ("train.slots", train.slots as u64),
        ("train.checkpoint_every", train.checkpoint_every),
        ("train.log_every", train.log_every),
    ];
    for (key, count) in counts {
        if count == 0 || count > LARGEST {
            return bad(key, &count, "a whole number from 1 on");
        }
    }
    for (key, count) in
        [("train.seed", train.seed), ("train.warmup", train.warmup), ("train.average_steps", train.average_steps)]
    {
        if count > LARGEST {
            return bad(key, &count, "a whole number below 2^63");
        }
    }
    if train.batch_problems > 1 << 20 {
        return bad("train.batch_problems", &train.batch_problems, "at most 1048576");
    }
    if train.slots > 64 {
        return bad("train.slots", &train.slots, "at most 64");
    }
    if train.accumulate > 1 << 20 {
        return bad("train.accumulate", &train.accumulate, "at most 1048576");
    }
    if u128::from(train.steps) * u128::from(train.accumulate) * train.batch_problems as u128 > u128::from(LARGEST) {
        return bad("train.steps", &train.steps, "steps times batch_problems times accumulate below 2^63");
    }
    if !(train.lr > 0.0 && train.lr.is_finite()) {
        return bad("train.lr", &train.lr, "a positive number");
    }
    for (key, beta) in [("train.beta1", train.beta1), ("train.beta2", train.beta2)] {
        if !(0.0..1.0).contains(&beta) {
            return bad(key, &beta, "a number from 0 to below 1");
        }
    }
    if !(train.eps > 0.0 && train.eps.is_finite()) {
        return bad("train.eps", &train.eps, "a positive number");
    }
    if !(train.weight_decay >= 0.0 && train.weight_decay.is_finite()) {
        return bad("train.weight_decay", &train.weight_decay, "0 or a positive number");
    }
    if train.clip.is_nan() || train.clip <= 0.0 {
        return bad("train.clip", &train.clip, "a positive number, or inf to leave the gradient as it is");
    }
    match train.schedule {
        Schedule::Cosine { floor } if !(0.0..=1.0).contains(&floor) => {
            return bad("train.schedule.cosine.floor", &floor, "a number from 0 to 1");
        }
        Schedule::Linear { decay } if !(0.0..=1.0).contains(&decay) => {
            return bad("train.schedule.linear.decay", &decay, "a number from 0 to 1");
        }
        _ => {}
    }
    Ok(())
}

fn check_eval(eval: &EvalSettings) -> Result<(), ConfigProblem> {
    let wanted = "a whole number from 1 on";
    for (key, count, most) in [("eval.problems", eval.problems as u64, 1 << 32), ("eval.every", eval.every, LARGEST)] {
        if count == 0 || count > most {
            return Err(ConfigProblem::Range { key, value: count.to_string(), wanted });
        }
    }
    Ok(())
}
