//! The checkpoints of a run: weights to evaluate, and the training state beside them.
//!
//! The metadata of the weights names step, task and tokenizer, and has fingerprints of the numbers in both files: a checkpoint is complete only
//! if both files are undamaged and belong together.

use std::path::{Path, PathBuf};

use searchlens_base::durable::FileError;
use searchlens_base::fault::{Fault, HasFault};
use searchlens_model::Model;
use searchlens_model::checkpoint::{
    Checkpoint, CheckpointError, TrainingState, load_model, load_training, save_model, save_training,
};
use searchlens_model::train::Trainer;
use searchlens_results::FORMAT_VERSION;
use searchlens_tasks::config::TaskConfig;
use searchlens_tokens::tokenizer::TokenizerConfig;
use serde::{Deserialize, Serialize};

use crate::config::RunConfig;
use crate::folder::RunFolder;

/// Metadata of a checkpoint that a run wrote; the architecture is stored apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointMetadata {
    /// [`FORMAT_VERSION`] of the writer.
    pub format_version: u32,
    /// Steps done.
    pub step: u64,
    /// Seed of the run.
    pub seed: u64,
    /// Task that the network was trained on.
    pub task: TaskConfig,
    /// Tokenizer that it was trained with.
    pub tokenizer: TokenizerConfig,
    /// Counts and sums at this step.
    pub tally: Tally,
    /// Fingerprint of the weights in this file, 16 hex digits.
    pub fingerprint: String,
    /// Fingerprint of the training state that belongs to it.
    pub training_fingerprint: String,
}

/// Counts and sums of a run that a checkpoint carries on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// Sequences trained on.
    pub sequences: u64,
    /// Tokens trained on, without padding.
    pub tokens: u64,
    /// Steps since the last line of metrics.
    pub steps: u64,
    /// Sum of the losses of these steps, nats per scored token.
    pub loss: f64,
    /// Sum of the gradient norms of these steps.
    pub grad_norm: f64,
}

/// Errors of reading and writing the checkpoints of a run.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum SnapshotError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error("{path}: not a checkpoint of a training run: its metadata {message}", path = path.display())]
    Metadata { path: PathBuf, message: String },
    #[error("{path}: the numbers do not match the fingerprint of the checkpoint; the file is damaged: use another checkpoint", path = path.display())]
    Fingerprint { path: PathBuf },
}

impl HasFault for SnapshotError {
    fn fault(&self) -> Fault {
        match self {
            SnapshotError::File(error) => error.fault(),
            SnapshotError::Checkpoint(error) => error.fault(),
            SnapshotError::Metadata { .. } | SnapshotError::Fingerprint { .. } => Fault::BadInput,
        }
    }
}

impl CheckpointMetadata {
    /// Reads the metadata of a checkpoint; `None` if it was not written by a run.
    ///
    /// # Errors
    /// If there is metadata but it cannot be parsed or has another format version.
    pub fn of(checkpoint: &Checkpoint, path: &Path) -> Result<Option<CheckpointMetadata>, SnapshotError> {
        if checkpoint.metadata.as_object().is_some_and(serde_json::Map::is_empty) {
            return Ok(None);
        }
        let broken = |message| SnapshotError::Metadata { path: path.into(), message };
        let version = &checkpoint.metadata["format_version"];
        if *version != FORMAT_VERSION {
            return Err(broken(format!("has format version {version}; this program reads version {FORMAT_VERSION}")));
        }
        serde_json::from_value(checkpoint.metadata.clone())
            .map(Some)
            .map_err(|error| broken(format!("cannot be parsed ({error})")))
    }
}

/// A checkpoint that a run wrote.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The network with the weights to evaluate.
    pub model: Model,
    /// Step, task and tokenizer.
    pub metadata: CheckpointMetadata,
}

/// Loads the network from a checkpoint of a run.
///
/// ```no_run
/// let path = "runs/first/checkpoints/best.safetensors";
/// let snapshot = searchlens_runs::snapshot::load(path.as_ref())?;
/// println!("step {}: {} parameters", snapshot.metadata.step, snapshot.model.params.len());
/// # Ok::<(), searchlens_runs::snapshot::SnapshotError>(())
/// ```
///
/// # Errors
/// If the file cannot be read, is damaged, or was not written by a run.
pub fn load(path: &Path) -> Result<Snapshot, SnapshotError> {
    let checkpoint = load_model(path)?;
    let missing = || SnapshotError::Metadata { path: path.into(), message: "is missing".into() };
    let metadata = CheckpointMetadata::of(&checkpoint, path)?.ok_or_else(missing)?;
    if metadata.fingerprint != fingerprint(&[&checkpoint.model.params]) {
        return Err(SnapshotError::Fingerprint { path: path.into() });
    }
    Ok(Snapshot { model: checkpoint.model, metadata })
}

/// Saves the weights to evaluate.
pub(crate) fn save_weights(
    path: &Path,
    config: &RunConfig,
    trainer: &Trainer,
    tally: Tally,
) -> Result<(), SnapshotError> {
    let metadata = CheckpointMetadata {
        format_version: FORMAT_VERSION,
        step: trainer.steps_done(),
        seed: config.train().seed,
        task: config.task().clone(),
        tokenizer: config.tokenizer().clone(),
        tally,
        fingerprint: fingerprint(&[trainer.evaluated()]),
        training_fingerprint: training_fingerprint(
            &trainer.model.params,
            &trainer.moments.mean,
            &trainer.moments.square,
        ),
    };
    let metadata = serde_json::to_value(metadata).map_err(|error| SnapshotError::Metadata {
        path: path.into(),
        message: format!("cannot be written ({error})"),
    })?;
    save_model(path, &trainer.model.config, &trainer.model.layout, trainer.evaluated(), &metadata)?;
    Ok(())
}

/// Saves weights and training state. The training state is written second, so its existence implies that of the weights.
pub(crate) fn save(
    folder: &RunFolder,
    config: &RunConfig,
    trainer: &Trainer,
    tally: Tally,
) -> Result<PathBuf, SnapshotError> {
    let step = trainer.steps_done();
    let path = folder.model(step);
    save_weights(&path, config, trainer, tally)?;
    save_training(&folder.training(step), &trainer.model.params, &trainer.moments, trainer.average.as_ref())?;
    Ok(path)
}

/// Loads a complete checkpoint.
pub(crate) fn load_complete(
    folder: &RunFolder,
    step: u64,
) -> Result<(CheckpointMetadata, TrainingState), SnapshotError> {
    let Snapshot { model, metadata } = load(&folder.model(step))?;
    let path = folder.training(step);
    let state = load_training(&path, model.params.len())?;
    let print = training_fingerprint(&state.params, &state.moments.mean, &state.moments.square);
    // The average has no fingerprint of its own: it equals the weights of the other file.
    let average = state.average.as_ref().map_or(&state.params, |a| &a.params);
    if print != metadata.training_fingerprint
        || fingerprint(&[average]) != metadata.fingerprint
        || (metadata.step, state.moments.step) != (step, step)
    {
        return Err(SnapshotError::Fingerprint { path });
    }
    Ok((metadata, state))
}

fn training_fingerprint(params: &[f32], mean: &[f32], square: &[f32]) -> String {
    fingerprint(&[params, mean, square])
}

/// 64-bit FNV-1a over the bits of the numbers, one number at a time. It detects accidents, not forgeries.
fn fingerprint(parts: &[&[f32]]) -> String {
    let numbers = parts.iter().flat_map(|part| part.iter());
    let hash = numbers
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, x| (hash ^ u64::from(x.to_bits())).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{hash:016x}")
}
