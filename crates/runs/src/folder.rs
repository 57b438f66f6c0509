//! The run folder: paths of its files, and which checkpoints it retains.
//!
//! | file | content |
//! |---|---|
//! | `run.json` | program, machine, tier; written at the start, and at the end with the training time |
//! | `metrics.jsonl` | one line per logged step or evaluation; synced to disk before every checkpoint |
//! | `config.toml` | the resolved config; written last at the start, so a folder without it holds no run |
//! | `checkpoints/step-00000500.safetensors` | the weights to evaluate (averaged if the config asks for it) |
//! | `checkpoints/step-00000500.training.safetensors` | the training state, for the last few checkpoints |
//! | `checkpoints/best.safetensors` | the weights with the best validation score so far |
//! | `results/*.json` | written by evaluation and lenses |
//!
//! The folder retains the last two scheduled checkpoints, the best, and, for studies of training dynamics, the weights at powers of two.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use searchlens_base::durable::{Action, FileError, UNFINISHED, write_atomically};
use serde::Serialize;

/// Paths in a run folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    root: PathBuf,
}

/// The checkpoint files of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckpointFiles {
    /// Steps done.
    pub step: u64,
    /// Whether the weights exist.
    pub model: bool,
    /// Whether the training state exists.
    pub training: bool,
}

impl CheckpointFiles {
    /// Whether training can resume from them.
    pub fn is_complete(&self) -> bool {
        self.model && self.training
    }
}

const TRAINING: &str = ".training.safetensors";
const MODEL: &str = ".safetensors";

/// Scheduled checkpoints that retain their training state.
const LAST: usize = 2;

impl RunFolder {
    /// Returns the folder at a path, which need not exist.
    pub fn at(root: &Path) -> RunFolder {
        RunFolder { root: root.into() }
    }

    /// Path of the folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `config.toml`.
    pub fn config(&self) -> PathBuf {
        self.root.join("config.toml")
    }

    /// `run.json`.
    pub fn info(&self) -> PathBuf {
        self.root.join("run.json")
    }

    /// `metrics.jsonl`.
    pub fn metrics(&self) -> PathBuf {
        self.root.join("metrics.jsonl")
    }

    /// `checkpoints/`.
    pub fn checkpoints(&self) -> PathBuf {
        self.root.join("checkpoints")
    }

    /// Path of the weights after this many steps.
    pub fn model(&self, step: u64) -> PathBuf {
        self.checkpoints().join(format!("step-{step:08}{MODEL}"))
    }

    /// Path of the training state after this many steps.
    pub fn training(&self, step: u64) -> PathBuf {
        self.checkpoints().join(format!("step-{step:08}{TRAINING}"))
    }

    /// Path of the weights with the best validation score.
    pub fn best(&self) -> PathBuf {
        self.checkpoints().join("best.safetensors")
    }

    /// `results/NAME.json`.
    pub fn result(&self, name: &str) -> PathBuf {
        self.root.join("results").join(format!("{name}.json"))
    }

    /// Whether the folder holds a run, or parts of one that must not be overwritten.
    pub fn holds_a_run(&self) -> bool {
        let written = |path: PathBuf| path.metadata().is_ok_and(|meta| meta.len() > 0);
        written(self.config())
            || written(self.metrics())
            || self.checkpoint_files().is_ok_and(|files| !files.is_empty())
    }

    /// Writes `results/NAME.json`.
    ///
    /// # Errors
    /// If the file cannot be written; an older file then stays intact.
    pub fn write_result(&self, name: &str, result: &impl Serialize) -> Result<PathBuf, FileError> {
        let path = self.result(name);
        make_folder(&self.root.join("results"))?;
        write_json(&path, result)?;
        Ok(path)
    }

    /// Creates the folder and its `checkpoints/`.
    pub(crate) fn make(&self) -> Result<(), FileError> {
        make_folder(&self.checkpoints())
    }

    /// Lists the files in `checkpoints/` by step, ascending.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn checkpoint_files(&self) -> Result<Vec<CheckpointFiles>, FileError> {
        let folder = self.checkpoints();
        let failed = Action::List.failed(&folder);
        let mut by_step = BTreeMap::new();
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let Some((step, is_training)) = name.to_str().and_then(parse_name) else { continue };
            let files = by_step.entry(step).or_insert(CheckpointFiles { step, model: false, training: false });
            *(if is_training { &mut files.training } else { &mut files.model }) = true;
        }
        Ok(by_step.into_values().collect())
    }

    /// Removes the checkpoint files that are not retained once the checkpoint after `step` is complete.
    pub(crate) fn prune(&self, step: u64, is_scheduled: impl Fn(u64) -> bool) -> Result<(), FileError> {
        let checkpoints = self.checkpoint_files()?;
        let complete = checkpoints.iter().rev().filter(|c| c.is_complete() && c.step <= step && is_scheduled(c.step));
        let last: Vec<u64> = complete.map(|c| c.step).take(LAST).collect();
        for CheckpointFiles { step: s, model, training } in checkpoints {
            let needed = s == step || last.contains(&s);
            if training && !needed {
                remove(&self.training(s))?;
            }
            if model && !needed && !s.is_power_of_two() {
                remove(&self.model(s))?;
            }
        }
        Ok(())
    }

    /// Removes the checkpoints after `step`, which a run resumed there writes again, and files that a crash left half-written.
    pub(crate) fn remove_after(&self, step: u64) -> Result<(), FileError> {
        for files in self.checkpoint_files()?.into_iter().filter(|files| files.step > step) {
            for (exists, path) in [(files.training, self.training(files.step)), (files.model, self.model(files.step))] {
                if exists {
                    remove(&path)?;
                }
            }
        }
        for folder in [self.root.clone(), self.checkpoints()] {
            let failed = Action::List.failed(&folder);
            for entry in std::fs::read_dir(&folder).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                    remove(&entry.path())?;
                }
            }
        }
        Ok(())
    }
}

/// Writes a value as indented JSON.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), FileError> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|e| Action::Write.failed(path)(e.into()))?;
    text.push(b'\n');
    write_atomically(path, &text)
}

fn make_folder(path: &Path) -> Result<(), FileError> {
    std::fs::create_dir_all(path).map_err(Action::MakeFolder.failed(path))
}

fn remove(path: &Path) -> Result<(), FileError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Action::Remove.failed(path)(source)),
        _ => Ok(()),
    }
}

/// Parses the name of a checkpoint file: its step, and whether it is the training state.
fn parse_name(name: &str) -> Option<(u64, bool)> {
    let rest = name.strip_prefix("step-")?;
    let (digits, is_training) = match rest.strip_suffix(TRAINING) {
        Some(digits) => (digits, true),
        None => (rest.strip_suffix(MODEL)?, false),
    };
    Some((digits.parse().ok()?, is_training))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Saves checkpoints at the steps of `written` and checks which are complete, and which have only weights, in the end.
    #[track_caller]
    fn check_prune(written: &[u64], every: u64, complete: &[u64], weights_only: &[u64]) {
        let dir = tempfile::tempdir().unwrap();
        let folder = RunFolder::at(dir.path());
        folder.make().unwrap();
        for &step in written {
            std::fs::write(folder.model(step), "x").unwrap();
            std::fs::write(folder.training(step), "x").unwrap();
            folder.prune(step, |s| s.is_multiple_of(every)).unwrap();
        }
        let files = folder.checkpoint_files().unwrap();
        let steps =
            |training| files.iter().filter(|f| f.model && f.training == training).map(|f| f.step).collect::<Vec<_>>();
        assert_eq!((steps(true), steps(false)), (complete.to_vec(), weights_only.to_vec()));
    }

    #[test]
    fn the_last_two_stay_complete_and_powers_of_two_retain_their_weights() {
        check_prune(&[5, 10], 5, &[5, 10], &[]);
        check_prune(&[5, 10, 15, 20], 5, &[15, 20], &[]);
        check_prune(&[4, 8, 12, 16, 20], 4, &[16, 20], &[4, 8]);
    }

    #[test]
    fn an_unscheduled_checkpoint_is_removed_with_the_next_one() {
        check_prune(&[5, 10, 13], 5, &[5, 10, 13], &[]);
        check_prune(&[5, 10, 13, 15], 5, &[10, 15], &[]);
        check_prune(&[5, 8, 10, 15], 5, &[10, 15], &[8]);
    }
}
