//! Errors of training runs.

use std::fmt;
use std::path::PathBuf;

use searchlens_base::durable::FileError;
use searchlens_base::fault::{Fault, HasFault};
use searchlens_model::checkpoint::CheckpointError;
use searchlens_model::generate::GenerateError;
use searchlens_model::kernels::tier::{Tier, TierError};
use searchlens_model::train::TrainError;

use crate::config::error::ConfigError;
use crate::metrics::{MetricsError, ResumeMetricsError};
use crate::snapshot::SnapshotError;

/// Errors of starting, resuming or continuing a run.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum RunError {
    #[error("{dir}: already holds a run; resume it with `--resume`, or choose another folder with `--out`", dir = dir.display())]
    Exists { dir: PathBuf },
    #[error("{dir}: holds no run to resume (no config.toml); to start one there, leave out `--resume`", dir = dir.display())]
    NoRun { dir: PathBuf },
    /// Another process holds the lock on this file.
    #[error("{path}: another process is training this run; wait for it, or end it first", path = path.display())]
    Busy { path: PathBuf },
    /// `differences` are keys with both values.
    #[error(
        "{dir}: this run has another config; it differs in {}; use the config.toml of the folder, or train in another folder",
        differences.join(", "), dir = dir.display()
    )]
    Changed { dir: PathBuf, differences: Vec<String> },
    #[error(
        "{dir}: the run has used tier {was}, this machine uses {now}, and the two round differently; resume on {was}, or give `--other-tier`: \
         run.json then records the step of the change",
        dir = dir.display()
    )]
    Tier { dir: PathBuf, was: String, now: String },
    #[error("train.tier is {}, but the threads use {}; force the tier before making the workers", wanted.name(), held.name())]
    NotHeld { wanted: Tier, held: Tier },
    /// `config.toml` or `run.json` of the folder.
    #[error("{path}: {message}; restore the file from a copy, or train again in another folder", path = path.display())]
    Broken { path: PathBuf, message: String },
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// `reasons` has one entry per checkpoint.
    #[error(
        "{dir}: no checkpoint is complete: {}; restore one from a copy, or train again in another folder",
        reasons.join("; "), dir = dir.display()
    )]
    NoWholeCheckpoint { dir: PathBuf, reasons: Vec<String> },
    /// `differences` are fields with both values.
    #[error(
        "train.init: {path} does not have the architecture of [model]; it differs in {}",
        differences.join(", "), path = path.display()
    )]
    InitArchitecture { path: PathBuf, differences: Vec<String> },
    #[error("train.init: {path} has nonzero values in `{tensor}`, which this config freezes at 0; {remedy}", path = path.display())]
    InitFrozen { path: PathBuf, tensor: &'static str, remedy: &'static str },
    #[error("train.init: {0}; give a checkpoint that exists, such as RUN/checkpoints/best.safetensors")]
    InitFile(FileError),
    #[error("train.init: {0}")]
    Init(CheckpointError),
    #[error("{error}{last}")]
    Diverged { error: TrainError, last: LastCheckpoint },
    /// A step of [`ms_per_step`](crate::demo::ms_per_step) failed.
    #[error(transparent)]
    Timing(#[from] TrainError),
    #[error(transparent)]
    Generate(#[from] GenerateError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    #[error("train.precision: {0}")]
    Precision(#[from] TierError),
}

/// Weights of the last complete checkpoint, if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastCheckpoint(pub Option<PathBuf>);

impl fmt::Display for LastCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(path) => write!(f, "; the last good checkpoint is {}", path.display()),
            None => f.write_str("; no checkpoint has been written yet"),
        }
    }
}

impl HasFault for RunError {
    /// Files that a run has named itself are not the input's fault; those that the user names are.
    fn fault(&self) -> Fault {
        match self {
            RunError::Exists { .. }
            | RunError::NoRun { .. }
            | RunError::Busy { .. }
            | RunError::Changed { .. }
            | RunError::Tier { .. }
            | RunError::NotHeld { .. }
            | RunError::Broken { .. }
            | RunError::NoWholeCheckpoint { .. }
            | RunError::InitArchitecture { .. }
            | RunError::InitFrozen { .. } => Fault::BadInput,
            RunError::Config(error) => error.fault(),
            RunError::InitFile(error) => error.fault(),
            RunError::Init(error) => error.fault(),
            RunError::Diverged { error, .. } | RunError::Timing(error) => error.fault(),
            RunError::Metrics(error) => error.fault(),
            RunError::Precision(error) => error.fault(),
            RunError::Generate(_) | RunError::File(_) | RunError::Snapshot(_) => Fault::Failure,
        }
    }
}

impl From<ResumeMetricsError> for RunError {
    fn from(error: ResumeMetricsError) -> RunError {
        match error {
            ResumeMetricsError::Busy { path } => RunError::Busy { path },
            ResumeMetricsError::File(error) => error.into(),
            ResumeMetricsError::Line(error) => error.into(),
        }
    }
}
