//! What a training run needs from the program around it, what it reports, and what it returns.

use std::path::{Path, PathBuf};

use searchlens_model::Model;
use searchlens_model::workers::Workers;
use searchlens_stats::estimate::Estimate;

/// Whether a run starts fresh or resumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Start in a folder that holds no run.
    Fresh,
    /// Resume from the last complete checkpoint in the folder, or from step 0 if there is no checkpoint yet.
    Resume,
    /// As `Resume`, on any instruction tier. If the tier changes, `run.json` records from which step on, and `config.toml` the new `train.tier`.
    ResumeOnAnyTier,
}

/// The program and machine that train; recorded in `run.json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Program version.
    pub program_version: String,
    /// Commit of the build; `unknown` outside a checkout.
    pub commit: String,
    /// Processor name.
    pub machine: String,
}

/// The environment of a run. The library itself has no clock, no signal handler and no screen.
pub struct Session<'a> {
    /// Threads that do the work.
    pub workers: &'a Workers,
    /// For `run.json`.
    pub origin: &'a Origin,
    /// Monotonic clock, in seconds.
    pub clock: &'a dyn Fn() -> f64,
    /// Called before every step; `true` saves a checkpoint and ends the session.
    pub stop: &'a dyn Fn() -> bool,
    /// Called on every event.
    pub progress: &'a mut dyn FnMut(Progress<'_>),
}

/// An event of a run. `step` counts the steps done.
#[derive(Clone, Debug)]
pub enum Progress<'a> {
    /// Training starts or resumes.
    Started {
        /// Steps done.
        step: u64,
        /// Steps of the whole run.
        steps: u64,
        /// Number of parameters.
        n_params: usize,
    },
    /// Resuming skipped a damaged checkpoint.
    Skipped {
        /// Step of the checkpoint.
        step: u64,
        /// The error of loading it.
        reason: &'a str,
    },
    /// An optimizer step was taken.
    Step {
        /// Steps done.
        step: u64,
        /// Loss of the step, nats per scored token.
        loss: f64,
        /// Tokens of the step, without padding.
        tokens: u64,
        /// Training time so far in seconds, without evaluation.
        seconds: f64,
    },
    /// The validation set was evaluated.
    Evaluated {
        /// Steps done.
        step: u64,
        /// Share of answers that are shortest paths.
        exact_path: Estimate,
        /// Share of correct choices at the first fork.
        first_fork: Estimate,
    },
    /// A checkpoint was written.
    Saved {
        /// Steps done.
        step: u64,
        /// File with the weights.
        path: &'a Path,
    },
}

/// The result of a session.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The network as it is evaluated: with averaged weights if the config asks for them.
    pub model: Model,
    /// Steps done.
    pub step: u64,
    /// Whether all steps are done; `false` if the session was asked to stop.
    pub finished: bool,
    /// Training time over all sessions in seconds, without evaluation.
    pub train_seconds: f64,
    /// Weights of the last checkpoint; `None` if no step was taken.
    pub checkpoint: Option<PathBuf>,
}
