//! A training run: config in, run folder out.
//!
//! A resumed run leaves the same checkpoints and metrics as an uninterrupted one, to the last bit, however and whenever it was stopped; only
//! fields that hold times differ. This rests on four rules. A batch is a function of the step. A checkpoint holds the weights, the optimizer
//! state, the weight average and the sums since the last line of metrics. Metrics are synced to disk before the checkpoint that follows them.
//! Resuming drops all lines and checkpoints after the one it starts from.

mod error;
mod session;
mod start;

use std::path::{Path, PathBuf};

use searchlens_model::Model;
use searchlens_model::generate::Decoder;
use searchlens_model::kernels::tier::forced_tier;
use searchlens_model::optimiser::learning_rate;
use searchlens_model::train::{TrainError, Trainer};
use searchlens_model::workers::Workers;
use searchlens_tasks::splits::Split;

use crate::config::RunConfig;
use crate::data::TrainingStream;
use crate::eval_set::EvalSet;
use crate::evaluate::{self, Validation};
use crate::folder::{RunFolder, write_json};
use crate::metrics::MetricsWriter;
use crate::setup::Parts;
use crate::snapshot::{self, Tally};
use searchlens_results::{Metric, RunInfo};

pub use error::{LastCheckpoint, RunError};
pub use session::{Origin, Outcome, Progress, Session, Start};
pub(crate) use start::first_trainer;
pub use start::{initial_model, optimiser_of, untrained_model};

/// Trains the network that `config` describes and writes the run to the folder `dir`.
///
/// ```no_run
/// use std::time::Instant;
///
/// use searchlens_model::workers::Workers;
/// use searchlens_runs::config::RunConfig;
/// use searchlens_runs::run::{Origin, Session, Start, train};
///
/// let config = RunConfig::read("run.toml".as_ref())?;
/// let workers = Workers::new(None, true)?;
/// let origin = Origin { program_version: "0.1".into(), commit: "unknown".into(), machine: "unknown".into() };
/// let start = Instant::now();
/// let session = Session {
///     workers: &workers,
///     origin: &origin,
///     clock: &|| start.elapsed().as_secs_f64(),
///     stop: &|| false,
///     progress: &mut |_| (),
/// };
/// let outcome = train(&config, "runs/first".as_ref(), Start::Fresh, session)?;
/// println!("{} steps in {:.0} s", outcome.step, outcome.train_seconds);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`RunError`]: the folder already holds a run, or none to resume, or a run of another config; a file cannot be read or written; the loss is
/// not finite. The last checkpoint stays whole in every case.
pub fn train(config: &RunConfig, dir: &Path, start: Start, mut session: Session<'_>) -> Result<Outcome, RunError> {
    if let Some(wanted) = config.train().tier {
        let held = forced_tier().max(session.workers.forced_tier());
        if held != wanted || forced_tier() != session.workers.forced_tier() {
            return Err(RunError::NotHeld { wanted, held });
        }
    }
    let folder = RunFolder::at(dir);
    let parts = config.parts();
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

/// State of the training loop.
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
    /// The validation set, drawn on first use.
    validation: Option<EvalSet>,
    /// Training time so far, without evaluation.
    seconds: f64,
    /// `seconds` at the last line of metrics.
    seconds_at_line: f64,
    /// Tokens at the last line of metrics.
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

    /// Writes a line of metrics, evaluates and saves a checkpoint, in this order, each if it is due.
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
        let set = self.validation.get_or_insert_with(|| {
            let n = config.eval().problems;
            EvalSet::draw(&parts.task, &parts.tokenizer, config.train().seed, Split::Validation, n, workers)
        });
        let model = Model { params: self.trainer.evaluated().to_vec(), ..self.trainer.model.clone() };
        // This score only guides training, so it is computed in the precision of training.
        let reader = Decoder::new(&model, config.train().precision.here())?;
        let Validation { exact_path, first_fork } = evaluate::validate(&reader, &parts.tokenizer, set, workers)?;
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
        self.folder.prune(step, |step| is_scheduled(self.config, step))?;
        (self.progress)(Progress::Saved { step, path: &path });
        Ok(path)
    }

    /// Ends the session early, with a checkpoint.
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
        RunError::Diverged { error, last: self.last_checkpoint() }
    }

    fn last_checkpoint(&self) -> LastCheckpoint {
        let files = self.folder.checkpoint_files().unwrap_or_default();
        LastCheckpoint(files.iter().rev().find(|files| files.is_complete()).map(|files| self.folder.model(files.step)))
    }
}

/// Whether a checkpoint is due after `step` steps.
fn is_scheduled(config: &RunConfig, step: u64) -> bool {
    step == config.train().steps || step.is_multiple_of(config.train().checkpoint_every)
}
