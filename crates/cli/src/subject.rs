//! What a command about a trained network is about: a run, or a checkpoint.

use std::path::{Path, PathBuf};

use searchlens::model::Model;
use searchlens::model::checkpoint::load_model;
use searchlens::model::workers::Workers;
use searchlens::results::EvalResult;
use searchlens::runs::config::RunConfig;
use searchlens::runs::eval_set::EvalSet;
use searchlens::runs::evaluate::evaluate;
use searchlens::runs::folder::RunFolder;
use searchlens::runs::snapshot::{self, CheckpointMetadata};
use searchlens::studies::gallery::{GalleryPlan, gallery};
use searchlens::tasks::config::TaskConfig;
use searchlens::tasks::splits::Split;
use searchlens::tasks::task::Task;
use searchlens::tokens::tokenizer::{Tokenizer, TokenizerConfig};

use crate::error::{InputError, Result};

/// A network, and what its file or folder says of it.
pub(crate) struct Subject {
    /// The checkpoint.
    pub(crate) path: PathBuf,
    pub(crate) model: Model,
    /// `None` for checkpoints made elsewhere.
    pub(crate) notes: Option<CheckpointMetadata>,
    /// The run, if a run was named.
    pub(crate) run: Option<(RunFolder, RunConfig)>,
}

/// A network with the problems it answers.
pub(crate) struct Trained<'a> {
    pub(crate) model: &'a Model,
    pub(crate) task: &'a Task,
    pub(crate) tokenizer: &'a Tokenizer,
    /// Steps it was trained for, if a run says so.
    pub(crate) step: Option<u64>,
    /// Seed of the problems.
    pub(crate) seed: u64,
}

impl Subject {
    /// Opens a run folder, at its last checkpoint, or a checkpoint.
    pub(crate) fn open(path: &Path) -> Result<Subject> {
        if !path.exists() {
            return Err(InputError::NoSubject { path: path.to_owned() }.into());
        }
        if path.is_dir() {
            let folder = RunFolder::at(path);
            let config = RunConfig::read(&folder.config())?;
            let kept = folder.checkpoint_files().unwrap_or_default();
            let last = kept.iter().rev().find(|kept| kept.model);
            let last = last.ok_or_else(|| InputError::NoCheckpoint { path: path.to_owned() })?;
            let path = folder.model(last.step);
            let snapshot = snapshot::load(&path)?;
            return Ok(Subject {
                path,
                model: snapshot.model,
                notes: Some(snapshot.metadata),
                run: Some((folder, config)),
            });
        }
        let checkpoint = load_model(path)?;
        let (model, notes) = match CheckpointMetadata::of(&checkpoint, path)? {
            Some(_) => {
                // Checks the fingerprint too.
                let snapshot = snapshot::load(path)?;
                (snapshot.model, Some(snapshot.metadata))
            }
            None => (checkpoint.model, None),
        };
        Ok(Subject { path: path.to_owned(), model, notes, run: None })
    }

    /// The task to use: the one asked for, or the network's own.
    pub(crate) fn task(&self, asked: Option<TaskConfig>) -> Result<Task> {
        let own = || self.notes.as_ref().map(|notes| notes.task.clone());
        let config = asked.or_else(own).ok_or_else(|| self.unnamed("task", "--task or --maze"))?;
        Ok(Task::new(config)?)
    }

    /// The tokenizer to use: the one asked for, or the network's own; it must have the network's vocabulary.
    pub(crate) fn tokenizer(&self, asked: Option<TokenizerConfig>, task: &Task) -> Result<Tokenizer> {
        let own = || self.notes.as_ref().map(|notes| notes.tokenizer.clone());
        let config = asked.or_else(own).ok_or_else(|| self.unnamed("tokenizer", "--tokenizer"))?;
        let tokenizer = Tokenizer::for_task(&config, task.config())?;
        let (d_vocab, n_tokens) = (self.model.config.d_vocab, tokenizer.vocab().len());
        if d_vocab != n_tokens {
            let (path, tokenizer) = (self.path.clone(), config.name);
            return Err(InputError::Vocabulary { path, d_vocab, tokenizer, n_tokens }.into());
        }
        Ok(tokenizer)
    }

    fn unnamed(&self, what: &'static str, flag: &'static str) -> InputError {
        InputError::Unnamed { path: self.path.clone(), what, flag }
    }
}

impl Trained<'_> {
    /// Scores the answers to the first problems of a split.
    pub(crate) fn evaluate(&self, split: Split, count: usize, workers: &Workers) -> Result<EvalResult> {
        self.task.check_split(split)?;
        let set = EvalSet::draw(self.task, self.tokenizer, self.seed, split, count, workers);
        Ok(evaluate(self.model, self.tokenizer, &set, self.step, workers)?)
    }

    /// Scores as [`Trained::evaluate`] does, picks problems to show, and leaves both in a run's folder.
    pub(crate) fn evaluate_into(
        &self,
        folder: &RunFolder,
        split: Split,
        count: usize,
        workers: &Workers,
    ) -> Result<EvalResult> {
        let result = self.evaluate(split, count, workers)?;
        folder.write_result("eval", &result)?;
        let plan = GalleryPlan::default();
        let specimens = gallery(self.model, self.tokenizer, self.task, self.seed, split, plan, workers)?;
        folder.write_result("gallery", &specimens)?;
        Ok(result)
    }
}
