//! What can go wrong in a run.

use std::fmt;
use std::path::PathBuf;

use searchlens_base::durable::FileError;
use searchlens_base::fault::{Fault, HasFault};
use searchlens_model::checkpoint::CheckpointError;
use searchlens_model::generate::GenerateError;
use searchlens_model::kernels::tier::{Tier, TierError};
use searchlens_model::train::TrainError;

use crate::config::ConfigError;
use crate::metrics::{MetricsError, ResumeMetricsError};
use crate::snapshot::SnapshotError;

/// Why a run did not begin, or ended early.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A fresh run in a folder that holds one.
    #[error("{dir}: holds a run already; go on with it by `--resume`, or choose another folder by `--out`", dir = dir.display())]
    Exists {
        /// The folder.
        dir: PathBuf,
    },
    /// Nothing to resume.
    #[error("{dir}: holds no run to resume (no config.toml); leave `--resume` out to begin one there", dir = dir.display())]
    NoRun {
        /// The folder.
        dir: PathBuf,
    },
    /// Another process trains this run.
    #[error("{path}: another process is training this run; wait for it, or end it first", path = path.display())]
    Busy {
        /// The file that both want.
        path: PathBuf,
    },
    /// The config is not the one that the run began with.
    #[error(
        "{dir}: the run there has another config, it differs in {}; give the folder's own config.toml, or train in another folder",
        differences.join(", "), dir = dir.display()
    )]
    Changed {
        /// The folder.
        dir: PathBuf,
        /// Keys, with both values.
        differences: Vec<String>,
    },
    /// The run has been on another instruction tier.
    #[error(
        "{dir}: the run has been on tier {was}, this is {now}, and the two round differently; go on where it was, or give `--other-tier`: \
         run.json then tells from which step on the bits are others",
        dir = dir.display()
    )]
    Tier {
        /// The folder.
        dir: PathBuf,
        /// The last tier in run.json.
        was: String,
        /// Tier now.
        now: String,
    },
    /// The config's tier is not the one that the program is held to.
    #[error("train.tier is {}, but the threads are held to {}; force the tier before workers are made", wanted.name(), held.name())]
    NotHeld {
        /// What the config says.
        wanted: Tier,
        /// What the threads use.
        held: Tier,
    },
    /// `config.toml` or `run.json` of the folder is broken.
    #[error("{path}: {message}; restore the file from a copy, or train anew", path = path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// `config.toml` of the folder is not one of this program.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There are checkpoints, and none is whole.
    #[error("{dir}: no checkpoint is whole: {}; restore one from a copy, or train anew", reasons.join("; "), dir = dir.display())]
    NoWholeCheckpoint {
        /// The folder.
        dir: PathBuf,
        /// What is wrong with each.
        reasons: Vec<String>,
    },
    /// `init` names a network of another architecture.
    #[error("train.init: {path} has another architecture than [model], it differs in {}", differences.join(", "), path = path.display())]
    InitArchitecture {
        /// The checkpoint.
        path: PathBuf,
        /// Fields, with both values.
        differences: Vec<String>,
    },
    /// `init` names a network in which weights that the config freezes at 0 are not 0.
    #[error("train.init: {path} has numbers in `{tensor}` where this config keeps 0; {remedy}", path = path.display())]
    InitFrozen {
        /// The checkpoint.
        path: PathBuf,
        /// The parameter.
        tensor: &'static str,
        /// What to set.
        remedy: &'static str,
    },
    /// The file that `init` names cannot be read.
    #[error("train.init: {0}; name a checkpoint that exists, such as RUN/checkpoints/best.safetensors")]
    InitFile(FileError),
    /// `init` names a file that is no checkpoint.
    #[error("train.init: {0}")]
    Init(CheckpointError),
    /// A step could not be made: a number ceased to be finite, or nothing is scored.
    #[error("{error}{kept}")]
    Diverged {
        /// Which step, and why.
        error: TrainError,
        /// What is left.
        kept: Kept,
    },
    /// A step on scratch copies could not be made.
    #[error(transparent)]
    Timing(#[from] TrainError),
    /// The validation problems could not be answered.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A checkpoint cannot be read or written.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// `metrics.jsonl` is broken before the last checkpoint.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// The precision that the config asks for.
    #[error("train.precision: {0}")]
    Precision(#[from] TierError),
}

/// The last complete checkpoint, if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept(pub Option<PathBuf>);

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(path) => write!(f, "; the last good checkpoint is {}", path.display()),
            None => f.write_str("; no checkpoint had been written yet"),
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
