//! The run folder: where its files are, and which checkpoints are kept.
//!
//! | file | written |
//! |---|---|
//! | `run.json` | first, and at the end with the training time |
//! | `metrics.jsonl` | line by line, on the disk before every checkpoint |
//! | `config.toml` | last of the three at the start: a folder without it holds no run |
//! | `checkpoints/step-00000500.safetensors` | the weights to look at (averaged, if the config says so) |
//! | `checkpoints/step-00000500.training.safetensors` | what training needs to go on, beside the last few checkpoints |
//! | `checkpoints/best.safetensors` | the checkpoint with the best validation score so far |
//! | `results/*.json` | by evaluation and lenses |
//!
//! Kept are the last two scheduled checkpoints, the best, and those at powers of two (weights only), for studies of how things come about.

use std::io;
use std::path::{Path, PathBuf};

use searchlens_base::durable::{Action, FileError, UNFINISHED, write_atomically};
use serde::Serialize;

/// Paths in a run folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    root: PathBuf,
}

/// Files of one step in the folder of checkpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Steps done.
    pub step: u64,
    /// The weights are there.
    pub model: bool,
    /// What training needs to go on is there.
    pub training: bool,
}

const TRAINING: &str = ".training.safetensors";
const MODEL: &str = ".safetensors";

/// Scheduled checkpoints that stay complete.
const LAST: usize = 2;

impl RunFolder {
    /// The folder at a path, whether it exists or not.
    pub fn at(root: &Path) -> RunFolder {
        RunFolder { root: root.into() }
    }

    /// The folder itself.
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

    /// The weights after a step.
    pub fn model(&self, step: u64) -> PathBuf {
        self.checkpoints().join(format!("step-{step:08}{MODEL}"))
    }

    /// What training needs to go on after a step.
    pub fn training(&self, step: u64) -> PathBuf {
        self.checkpoints().join(format!("step-{step:08}{TRAINING}"))
    }

    /// The weights with the best validation score.
    pub fn best(&self) -> PathBuf {
        self.checkpoints().join("best.safetensors")
    }

    /// `results/NAME.json`.
    pub fn result(&self, name: &str) -> PathBuf {
        self.root.join("results").join(format!("{name}.json"))
    }

    /// Whether the folder holds a run, or at least something that must not be written over.
    pub fn holds_a_run(&self) -> bool {
        let written = |path: PathBuf| path.metadata().is_ok_and(|meta| meta.len() > 0);
        written(self.config()) || written(self.metrics()) || self.kept().is_ok_and(|kept| !kept.is_empty())
    }

    /// Writes `results/NAME.json`.
    ///
    /// # Errors
    /// If the file cannot be written; an older one is then left as it was.
    pub fn write_result(&self, name: &str, result: &impl Serialize) -> Result<PathBuf, FileError> {
        let path = self.result(name);
        make_folder(&self.root.join("results"))?;
        write_json(&path, result)?;
        Ok(path)
    }

    /// Makes the folder and that of its checkpoints.
    pub(crate) fn make(&self) -> Result<(), FileError> {
        make_folder(&self.checkpoints())
    }

    /// Steps with files in the folder of checkpoints, ascending.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn kept(&self) -> Result<Vec<Kept>, FileError> {
        let folder = self.checkpoints();
        let failed = Action::List.failed(&folder);
        let mut kept = std::collections::BTreeMap::new();
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let Some((step, is_training)) = name.to_str().and_then(parse_name) else { continue };
            let entry = kept.entry(step).or_insert(Kept { step, model: false, training: false });
            *(if is_training { &mut entry.training } else { &mut entry.model }) = true;
        }
        Ok(kept.into_values().collect())
    }

    /// Removes what no longer needs to be kept once the checkpoint after `step` is whole; `is_scheduled` tells which steps are.
    pub(crate) fn tidy(&self, step: u64, is_scheduled: impl Fn(u64) -> bool) -> Result<(), FileError> {
        let kept = self.kept()?;
        let whole = kept.iter().rev().filter(|k| k.model && k.training && k.step <= step && is_scheduled(k.step));
        let last: Vec<u64> = whole.map(|k| k.step).take(LAST).collect();
        for Kept { step: s, model, training } in kept {
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

    /// Removes the files of later steps, which a run taken up at `step` writes anew, and what a crash left half-written.
    pub(crate) fn forget_after(&self, step: u64) -> Result<(), FileError> {
        for kept in self.kept()?.into_iter().filter(|k| k.step > step) {
            for (there, path) in [(kept.training, self.training(kept.step)), (kept.model, self.model(kept.step))] {
                if there {
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

/// The step of a checkpoint's file, and whether it is the training state.
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

    /// Which steps are complete, and which have weights only, after a checkpoint at every step of `written`.
    #[track_caller]
    fn check_tidy(written: &[u64], every: u64, complete: &[u64], weights_only: &[u64]) {
        let dir = tempfile::tempdir().unwrap();
        let folder = RunFolder::at(dir.path());
        folder.make().unwrap();
        for &step in written {
            std::fs::write(folder.model(step), "x").unwrap();
            std::fs::write(folder.training(step), "x").unwrap();
            folder.tidy(step, |s| s.is_multiple_of(every)).unwrap();
        }
        let kept = folder.kept().unwrap();
        let steps =
            |training| kept.iter().filter(|k| k.model && k.training == training).map(|k| k.step).collect::<Vec<_>>();
        assert_eq!((steps(true), steps(false)), (complete.to_vec(), weights_only.to_vec()));
    }

    #[test]
    fn the_last_two_stay_complete_and_powers_of_two_keep_their_weights() {
        check_tidy(&[5, 10], 5, &[5, 10], &[]);
        check_tidy(&[5, 10, 15, 20], 5, &[15, 20], &[]);
        check_tidy(&[4, 8, 12, 16, 20], 4, &[16, 20], &[4, 8]);
    }

    #[test]
    fn a_checkpoint_off_schedule_goes_with_the_next_one() {
        check_tidy(&[5, 10, 13], 5, &[5, 10, 13], &[]);
        check_tidy(&[5, 10, 13, 15], 5, &[10, 15], &[]);
        check_tidy(&[5, 8, 10, 15], 5, &[10, 15], &[8]);
    }
}
