//! Measurements of a trained network, and the results of them that a run folder holds.

use searchlens::model::Model;
use searchlens::model::workers::Workers;
use searchlens::results::{EvalResult, ProbeResult};
use searchlens::runs::config::RunConfig;
use searchlens::runs::eval_set::EvalSet;
use searchlens::runs::evaluate::evaluate;
use searchlens::runs::folder::RunFolder;
use searchlens::runs::run::untrained_model;
use searchlens::studies::gallery::{GalleryPlan, gallery};
use searchlens::studies::probing::{ProbePlan, probe};
use searchlens::tasks::splits::Split;
use searchlens::tasks::task::Task;
use searchlens::tokens::tokenizer::Tokenizer;

use crate::error::Result;

/// A network, and the task that it is scored on.
pub(crate) struct Scoring<'a> {
    pub(crate) model: &'a Model,
    pub(crate) task: &'a Task,
    pub(crate) tokenizer: &'a Tokenizer,
    /// Training steps, if known.
    pub(crate) step: Option<u64>,
    /// Seed of the problems.
    pub(crate) seed: u64,
}

impl Scoring<'_> {
    /// Scores the network's answers to the first `count` problems of a split.
    pub(crate) fn scores(&self, split: Split, count: usize, workers: &Workers) -> Result<EvalResult> {
        self.task.check_split(split)?;
        let set = EvalSet::draw(self.task, self.tokenizer, self.seed, split, count, workers);
        Ok(evaluate(self.model, self.tokenizer, &set, self.step, workers)?)
    }

    /// Scores as [`Scoring::scores`] does, picks problems to show, and writes both to a run folder.
    pub(crate) fn write_scores(
        &self,
        folder: &RunFolder,
        split: Split,
        count: usize,
        workers: &Workers,
    ) -> Result<EvalResult> {
        let result = self.scores(split, count, workers)?;
        folder.write_result("eval", &result)?;
        let plan = GalleryPlan::default();
        let specimens = gallery(self.model, self.tokenizer, self.task, self.seed, split, plan, workers)?;
        folder.write_result("gallery", &specimens)?;
        Ok(result)
    }
}

/// Probes a run's network and writes the result to its folder.
pub(crate) fn write_probes(
    folder: &RunFolder,
    config: &RunConfig,
    model: &Model,
    plan: &ProbePlan,
    workers: &Workers,
) -> Result<ProbeResult> {
    let parts = config.parts();
    let seed = config.train().seed;
    let untrained = untrained_model(seed, &parts);
    let result = probe(model, &untrained, &parts.tokenizer, &parts.task, seed, plan, workers)?;
    folder.write_result("probes", &result)?;
    Ok(result)
}
