//! The network of a run or of a checkpoint, as a command loads it.

use std::path::{Path, PathBuf};

use searchlens::model::Model;
use searchlens::model::checkpoint::load_model;
use searchlens::runs::config::RunConfig;
use searchlens::runs::folder::RunFolder;
use searchlens::runs::snapshot::{self, CheckpointMetadata, Snapshot};
use searchlens::tasks::config::TaskConfig;
use searchlens::tasks::task::Task;
use searchlens::tokens::tokenizer::{Tokenizer, TokenizerConfig};

use crate::error::{InputError, Result};

/// A network with what its checkpoint or run folder records about it.
pub(crate) struct LoadedNetwork {
    /// The checkpoint.
    pub(crate) path: PathBuf,
    pub(crate) model: Model,
    /// `None` for checkpoints of other programs.
    pub(crate) metadata: Option<CheckpointMetadata>,
    /// The run, if a run folder was given.
    pub(crate) run: Option<(RunFolder, RunConfig)>,
}

impl LoadedNetwork {
    /// Loads a checkpoint, or the last checkpoint of a run folder.
    pub(crate) fn open(path: &Path) -> Result<LoadedNetwork> {
        if !path.exists() {
            return Err(InputError::NoNetwork { path: path.to_owned() }.into());
        }
        if path.is_dir() { LoadedNetwork::of_run(path) } else { LoadedNetwork::of_checkpoint(path) }
    }

    fn of_run(dir: &Path) -> Result<LoadedNetwork> {
        let folder = RunFolder::at(dir);
        if !folder.config().exists() {
            return Err(InputError::NotARun { path: dir.to_owned() }.into());
        }
        let config = RunConfig::read(&folder.config())?;
        let checkpoints = folder.checkpoint_files().unwrap_or_default();
        let last = checkpoints.iter().rev().find(|checkpoint| checkpoint.model);
        let path = folder.model(last.ok_or_else(|| InputError::NoCheckpoint { path: dir.to_owned() })?.step);
        let Snapshot { model, metadata, .. } = snapshot::load(&path)?;
        Ok(LoadedNetwork { path, model, metadata: Some(metadata), run: Some((folder, config)) })
    }

    fn of_checkpoint(path: &Path) -> Result<LoadedNetwork> {
        let checkpoint = load_model(path)?;
        let (model, metadata) = match CheckpointMetadata::of(&checkpoint, path)? {
            // Loading it as a snapshot also checks the fingerprint.
            Some(_) => {
                let Snapshot { model, metadata, .. } = snapshot::load(path)?;
                (model, Some(metadata))
            }
            None => (checkpoint.model, None),
        };
        Ok(LoadedNetwork { path: path.to_owned(), model, metadata, run: None })
    }

    /// Makes the given task, or else the one the network was trained on.
    pub(crate) fn task(&self, config: Option<TaskConfig>) -> Result<Task> {
        let own = || self.metadata.as_ref().map(|metadata| metadata.task.clone());
        let config = config.or_else(own).ok_or_else(|| self.unnamed("task", "--task or --maze"))?;
        Ok(Task::new(config)?)
    }

    /// Makes the given tokenizer, or else the one the network was trained with, and checks its vocabulary size.
    pub(crate) fn tokenizer(&self, config: Option<TokenizerConfig>, task: &Task) -> Result<Tokenizer> {
        let own = || self.metadata.as_ref().map(|metadata| metadata.tokenizer.clone());
        let config = config.or_else(own).ok_or_else(|| self.unnamed("tokenizer", "--tokenizer"))?;
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
