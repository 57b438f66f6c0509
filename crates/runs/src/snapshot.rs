//! The checkpoints of a run: weights to look at, and beside them what training needs to go on.
//!
//! The notes in the weights' metadata name the step, task and tokenizer, and carry fingerprints of both files' numbers: a pair counts only
//! if both are whole and belong together.

use std::path::{Path, PathBuf};

use searchlens_base::durable::FileError;
use searchlens_model::Model;
use searchlens_model::checkpoint::TrainingState;
use searchlens_model::checkpoint::{Checkpoint, CheckpointError, load_model, load_training, save_model, save_training};
use searchlens_model::train::Trainer;
use searchlens_tasks::config::TaskConfig;
use searchlens_tokens::tokenizer::TokenizerConfig;
use serde::{Deserialize, Serialize};

use crate::config::RunConfig;
use crate::folder::RunFolder;
use searchlens_results::FORMAT_VERSION;

/// What our own checkpoints say of themselves, besides the architecture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notes {
    /// [`FORMAT_VERSION`] at the time of writing.
    pub format_version: u32,
    /// Steps done.
    pub step: u64,
    /// Seed of the run.
    pub seed: u64,
    /// What the network was trained on.
    pub task: TaskConfig,
    /// How problems were written.
    pub tokenizer: TokenizerConfig,
    /// What has been counted up to here.
    pub tally: Tally,
    /// Fingerprint of the weights in this file, 16 hex digits.
    pub fingerprint: String,
    /// Fingerprint of the training state that belongs to it.
    pub training_fingerprint: String,
}

/// What a run counts as it goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// Sequences seen.
    pub sequences: u64,
    /// Tokens seen, padding left out.
    pub tokens: u64,
    /// Steps since the last line of metrics.
    pub steps: u64,
    /// Sum of their losses.
    pub loss: f64,
    /// Sum of their gradients' norms.
    pub grad_norm: f64,
}

/// A checkpoint that is not what a run left.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file is broken, or of another network.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The notes are absent or broken.
    #[error("{path}: its notes are not those of a training run ({message})", path = path.display())]
    Notes {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// The numbers are not those that were saved.
    #[error("{path}: its numbers are not those that were saved with this checkpoint; the file is damaged: use another checkpoint", path = path.display())]
    Fingerprint {
        /// The file.
        path: PathBuf,
    },
}

impl Notes {
    /// The notes of a checkpoint; `None` if it has none (it was made elsewhere).
    ///
    /// # Errors
    /// If there are notes, and they are broken.
    pub fn of(checkpoint: &Checkpoint, path: &Path) -> Result<Option<Notes>, SnapshotError> {
        if checkpoint.metadata.as_object().is_some_and(serde_json::Map::is_empty) {
            return Ok(None);
        }
        let broken = |message| SnapshotError::Notes { path: path.into(), message };
        let version = &checkpoint.metadata["format_version"];
        if *version != FORMAT_VERSION {
            return Err(broken(format!("format version {version}, this program reads {FORMAT_VERSION}")));
        }
        serde_json::from_value(checkpoint.metadata.clone()).map(Some).map_err(|error| broken(error.to_string()))
    }
}

/// A checkpoint that a run wrote: the network, and what it says of itself.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The network, with the weights to look at.
    pub model: Model,
    /// What it was trained on.
    pub notes: Notes,
}

/// Loads the weights that a run saved.
///
/// # Errors
/// If the file is broken or was not written by a run.
pub fn load(path: &Path) -> Result<Snapshot, SnapshotError> {
    let checkpoint = load_model(path)?;
    let no_notes = || SnapshotError::Notes { path: path.into(), message: "there are none".into() };
    let notes = Notes::of(&checkpoint, path)?.ok_or_else(no_notes)?;
    if notes.fingerprint != fingerprint(&[&checkpoint.model.params]) {
        return Err(SnapshotError::Fingerprint { path: path.into() });
    }
    Ok(Snapshot { model: checkpoint.model, notes })
}

/// Saves the weights to look at.
pub(crate) fn save_weights(
    path: &Path,
    config: &RunConfig,
    trainer: &Trainer,
    tally: Tally,
) -> Result<(), SnapshotError> {
    let notes = Notes {
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
    let notes = serde_json::to_value(notes)
        .map_err(|error| SnapshotError::Notes { path: path.into(), message: error.to_string() })?;
    save_model(path, &trainer.model.config, &trainer.model.layout, trainer.evaluated(), &notes)?;
    Ok(())
}

/// Saves weights and training state. The state comes second: where it is, both are.
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
pub(crate) fn load_complete(folder: &RunFolder, step: u64) -> Result<(Notes, TrainingState), SnapshotError> {
    let Snapshot { model, notes } = load(&folder.model(step))?;
    let path = folder.training(step);
    let state = load_training(&path, model.params.len())?;
    let print = training_fingerprint(&state.params, &state.moments.mean, &state.moments.square);
    // The average has no fingerprint of its own: it is what the weights' file holds.
    let average = state.average.as_ref().map_or(&state.params, |a| &a.params);
    if print != notes.training_fingerprint
        || fingerprint(&[average]) != notes.fingerprint
        || (notes.step, state.moments.step) != (step, step)
    {
        return Err(SnapshotError::Fingerprint { path });
    }
    Ok((notes, state))
}

fn training_fingerprint(params: &[f32], mean: &[f32], square: &[f32]) -> String {
    fingerprint(&[params, mean, square])
}

/// 64-bit FNV-1a over the numbers' bits, a number at a time: finds accidents, not forgeries.
fn fingerprint(parts: &[&[f32]]) -> String {
    let numbers = parts.iter().flat_map(|part| part.iter());
    let hash = numbers
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, x| (hash ^ u64::from(x.to_bits())).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{hash:016x}")
}
