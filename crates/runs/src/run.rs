//! A training run: config in, run folder out.
//!
//! A run that was stopped, at any moment and in any way, and is taken up again leaves the same checkpoints and metrics, to the last bit, as
//! one that never stopped; only the fields that hold times differ. What makes it so: batches are functions of the step; a checkpoint holds
//! weights, optimiser, average and what was counted since the last line of metrics; metrics are on the disk before the checkpoint that
//! follows them; lines and checkpoints after the one taken up are dropped and written anew.

mod error;
mod start;

use std::path::{Path, PathBuf};

use searchlens_model::Model;
use searchlens_model::generate::Decoder;
use searchlens_model::kernels::tier::forced_tier;
use searchlens_model::optimiser::learning_rate;
use searchlens_model::train::{TrainError, Trainer};
use searchlens_model::workers::Workers;
use searchlens_stats::estimate::Estimate;
use searchlens_tasks::split::Split;

use crate::config::RunConfig;
use crate::data::TrainingStream;
use crate::evaluate::{self, Validation};
use crate::exam::Exam;
use crate::folder::{RunFolder, write_json};
use crate::metrics::MetricsWriter;
use crate::setup::Parts;
use crate::snapshot::{self, Tally};
use searchlens_results::{Metric, RunInfo};

pub use error::RunError;
pub(crate) use start::first_trainer;
pub use start::{initial_model, optimiser_of, untrained_model};

/// Whether a run begins or goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// In a folder that holds no run yet.
    Fresh,
    /// From the last whole checkpoint of the run in the folder; from the start if it had not come to one.
    Resume,
    /// As `Resume`, and where this is another instruction tier than the run has been on, on this one from there on. `run.json` then says
    /// so, and `config.toml` names the tier that this config is held to.
    ResumeOnAnyTier,
}

/// What the program that trains knows of itself: it goes into `run.json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Version of the program.
    pub program_version: String,
    /// Commit it was built from, `unknown` outside a checkout.
    pub commit: String,
    /// Processor, as the machine names it.
    pub machine: String,
}

/// What a run needs from the program around it. The library has no clock, no signal handler and no screen of its own.
pub struct Session<'a> {
    /// Who does the work.
    pub workers: &'a Workers,
    /// For `run.json`.
    pub origin: &'a Origin,
    /// Seconds since some moment; never goes back.
    pub clock: &'a dyn Fn() -> f64,
    /// Asked before every step: whether to save and end now.
    pub stop: &'a dyn Fn() -> bool,
    /// Told what happens.
    pub progress: &'a mut dyn FnMut(Progress<'_>),
}

/// What happens in a run.
#[derive(Clone, Debug)]
pub enum Progress<'a> {
    /// Training begins, or goes on, after `step` steps.
    Started {
        /// Steps done.
        step: u64,
        /// Steps of the whole run.
        steps: u64,
        /// Number of parameters.
        n_params: usize,
    },
    /// A checkpoint of the run that is taken up could not be used.
    Skipped {
        /// Its step.
        step: u64,
        /// Why.
        reason: &'a str,
    },
    /// A step was made.
    Step {
        /// Steps done.
        step: u64,
        /// Its loss, nats per scored token.
        loss: f64,
        /// Its tokens, padding left out.
        tokens: u64,
        /// Seconds of training so far, evaluation left out.
        seconds: f64,
    },
    /// The validation problems were answered.
    Evaluated {
        /// Steps done.
        step: u64,
        /// Share of optimal paths.
        exact_path: Estimate,
        /// Share of first forks taken right.
        first_fork: Estimate,
    },
    /// A checkpoint is on the disk.
    Saved {
        /// Steps done.
        step: u64,
        /// The weights.
        path: &'a Path,
    },
}

/// What a session left.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The network as it is evaluated: averaged, if the config says so.
    pub model: Model,
    /// Steps done.
    pub step: u64,
    /// Whether that is all of them; if not, the run was asked to stop.
    pub finished: bool,
    /// Seconds of training so far, evaluation left out, over all sessions.
    pub train_seconds: f64,
    /// The last checkpoint's weights; `None` if no step was made.
    pub checkpoint: Option<PathBuf>,
}

/// Trains a network as `config` says and leaves everything in `dir`.
///
/// # Errors
/// [`RunError`]: the folder holds a run already (or none to resume), or another one; files cannot be read or written; the loss is no longer a
/// number. Whatever happens, the last checkpoint stays whole.
pub fn train(config: &RunConfig, dir: &Path, start: Start, mut session: Session<'_>) -> Result<Outcome, RunError> {
    if let Some(wanted) = config.train().tier {
        let held = forced_tier().max(session.workers.forced_tier());
        if held != wanted || forced_tier() != session.workers.forced_tier() {
            return Err(RunError::NotHeld { wanted, held });
        }
    }
    let folder = RunFolder::at(dir);
    let parts = Parts::of(config);
    let started = match start {
        Start::Fresh => start::fresh(config, &parts, &folder, &session)?,
        Start::Resume | Start::ResumeOnAnyTier => start::resume(config, &parts, &folder, start, &mut session)?,
    };
    let settings = config.train();
    let stream = TrainingStream::of(config, &parts);
    let start::Started { trainer, metrics, tally, info, best_exact, seconds } = started;
    let mut run = Run {
        config,
        folder: &folder,
        parts: &parts,
        workers: session.workers,
        info,
        trainer,
        metrics,
        tally,
        best_exact,
        validation: None,
        seconds,
        seconds_at_line: seconds,
        tokens_at_line: tally.tokens,
        progress: session.progress,
    };
    let (step, n_params) = (run.trainer.steps_done(), run.trainer.model.params.len());
    (run.progress)(Progress::Started { step, steps: settings.steps, n_params });
    while run.trainer.steps_done() < settings.steps {
        if (session.stop)() {
            return run.stopped();
        }
        let before = (session.clock)();
        run.step(&stream)?;
        run.seconds += (session.clock)() - before;
        run.after_step()?;
    }
    run.finished()
}

/// A run under way.
struct Run<'a> {
    config: &'a RunConfig,
    folder: &'a RunFolder,
    parts: &'a Parts,
    workers: &'a Workers,
    info: RunInfo,
    trainer: Trainer,
    metrics: MetricsWriter,
    tally: Tally,
    /// Best validation score so far.
    best_exact: Option<f64>,
    /// The validation problems, drawn when first needed.
    validation: Option<Exam>,
    /// Seconds of training so far.
    seconds: f64,
    seconds_at_line: f64,
    tokens_at_line: u64,
    progress: &'a mut dyn FnMut(Progress<'_>),
}

impl Run<'_> {
    fn step(&mut self, stream: &TrainingStream<'_>) -> Result<(), RunError> {
        let step = self.trainer.steps_done();
        let (workers, lr, train) = (self.workers, self.learning_rate(step), self.config.train());
        let mut n_tokens = 0;
        let mut groups = |index| {
            let batch = stream.batch(index, workers);
            n_tokens += batch.n_tokens;
            batch.groups
        };
        let stats = match train.accumulate {
            1 => self.trainer.step(&groups(step), lr, workers),
            n => self.trainer.accumulated_step((step * n..(step + 1) * n).map(groups), lr, workers),
        };
        let stats = stats.map_err(|error| self.diverged(error))?;
        self.tally.sequences += train.batch_problems as u64 * train.accumulate;
        self.tally.tokens += n_tokens;
        self.tally.steps += 1;
        self.tally.loss += stats.loss;
        self.tally.grad_norm += stats.grad_norm;
        let seconds = self.seconds;
        (self.progress)(Progress::Step { step: step + 1, loss: stats.loss, tokens: n_tokens, seconds });
        Ok(())
    }

    /// What is due after a step: a line of metrics, an evaluation, a checkpoint, in this order.
    fn after_step(&mut self) -> Result<(), RunError> {
        let step = self.trainer.steps_done();
        let (train, eval) = (self.config.train(), self.config.eval());
        let is_last = step == train.steps;
        if is_last || step.is_multiple_of(train.log_every) {
            self.write_line()?;
        }
        if is_last || step.is_multiple_of(eval.every) {
            self.evaluate()?;
        }
        if is_scheduled(self.config, step) {
            self.save()?;
        } else if step.is_power_of_two() {
            snapshot::save_weights(&self.folder.model(step), self.config, &self.trainer, self.tally)?;
        }
        Ok(())
    }

    fn write_line(&mut self) -> Result<(), RunError> {
        let step = self.trainer.steps_done();
        let Tally { sequences, tokens, steps, loss, grad_norm } = self.tally;
        let seconds_since = self.seconds - self.seconds_at_line;
        let tokens_since = (tokens - self.tokens_at_line) as f64;
        self.metrics.write(&Metric::Train {
            step,
            sequences,
            tokens,
            loss: loss / steps as f64,
            grad_norm: grad_norm / steps as f64,
            lr: self.learning_rate(step - 1),
            seconds: self.seconds,
            tokens_per_s: if seconds_since > 0.0 { tokens_since / seconds_since } else { 0.0 },
        })?;
        self.tally = Tally { sequences, tokens, ..Tally::default() };
        (self.seconds_at_line, self.tokens_at_line) = (self.seconds, tokens);
        Ok(())
    }

    fn evaluate(&mut self) -> Result<(), RunError> {
        let step = self.trainer.steps_done();
        let (config, parts, workers) = (self.config, self.parts, self.workers);
        let exam = self.validation.get_or_insert_with(|| {
            let n = config.eval().problems;
            Exam::draw(&parts.task, &parts.tokenizer, config.train().seed, Split::Validation, n, workers)
        });
        let model = Model { params: self.trainer.evaluated().to_vec(), ..self.trainer.model.clone() };
        // A score to follow, not to publish: in the precision that training has.
        let reader = Decoder::new(&model, config.train().precision.here())?;
        let Validation { exact_path, first_fork } = evaluate::validate(&reader, &parts.tokenizer, exam, workers)?;
        if exact_path.value > self.best_exact {
            self.best_exact = exact_path.value;
            snapshot::save_weights(&self.folder.best(), self.config, &self.trainer, self.tally)?;
        }
        self.metrics.write(&Metric::Eval { step, exact_path, first_fork, seconds: self.seconds })?;
        (self.progress)(Progress::Evaluated { step, exact_path, first_fork });
        Ok(())
    }

    fn save(&mut self) -> Result<PathBuf, RunError> {
        self.metrics.sync()?;
        let step = self.trainer.steps_done();
        let path = snapshot::save(self.folder, self.config, &self.trainer, self.tally)?;
        self.folder.tidy(step, |step| is_scheduled(self.config, step))?;
        (self.progress)(Progress::Saved { step, path: &path });
        Ok(path)
    }

    /// Ends early: everything so far goes to the disk.
    fn stopped(mut self) -> Result<Outcome, RunError> {
        let step = self.trainer.steps_done();
        if step > 0 && !self.folder.training(step).exists() {
            self.save()?;
        }
        self.outcome()
    }

    fn finished(mut self) -> Result<Outcome, RunError> {
        self.info.train_seconds = self.seconds;
        write_json(&self.folder.info(), &self.info)?;
        self.outcome()
    }

    fn outcome(self) -> Result<Outcome, RunError> {
        let step = self.trainer.steps_done();
        Ok(Outcome {
            model: Model { params: self.trainer.evaluated().to_vec(), ..self.trainer.model },
            step,
            finished: step == self.config.train().steps,
            train_seconds: self.seconds,
            checkpoint: (step > 0).then(|| self.folder.model(step)),
        })
    }

    fn learning_rate(&self, step: u64) -> f64 {
        let train = self.config.train();
        learning_rate(train.schedule, train.lr, train.warmup, step, train.steps)
    }

    fn diverged(&self, error: TrainError) -> RunError {
        RunError::Diverged { error, kept: self.last_checkpoint() }
    }

    fn last_checkpoint(&self) -> error::Kept {
        let kept = self.folder.kept().unwrap_or_default();
        error::Kept(kept.iter().rev().find(|k| k.model && k.training).map(|k| self.folder.model(k.step)))
    }
}

/// Whether a checkpoint is due after `step` steps.
fn is_scheduled(config: &RunConfig, step: u64) -> bool {
    step == config.train().steps || step.is_multiple_of(config.train().checkpoint_every)
}
