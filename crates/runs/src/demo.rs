//! The demo's recipe: what to train in so many minutes.
//!
//! A run with a time budget first times a few steps on scratch copies, then fixes the number of steps and the schedule, and is from then on
//! a run like any other.

use searchlens_model::optimiser::Schedule;
use searchlens_model::train::SLOTS;
use searchlens_model::workers::Workers;
use searchlens_tasks::config::{MazeConfig, TaskConfig};
use searchlens_tasks::generators::Generator;
use searchlens_tokens::tokenizer::TokenizerName;

use crate::config::tables::{EvalSettings, ModelSettings, RawConfig, TrainSettings};
use crate::config::{ConfigProblem, RunConfig};
use crate::data::TrainingStream;
use crate::run::{RunError, first_trainer};

/// Budgets up to this many minutes decay from the start, along a cosine, and look inside quickly; longer ones stay at the peak
/// first.
pub const SHORT_MINUTES: f64 = 2.0;

/// The run that fits in a budget: 5×5 depth-first mazes, four layers of width 128, the learning rate's decay fitted to the budget.
///
/// `ms_per_step` is that of [`ms_per_step`] for this very config (of any number of minutes: the time of a step does not depend on it).
/// Evaluation during training comes on top. Every one of `threads` threads gets its slot.
///
/// # Errors
/// If the budget is not a positive number of minutes or a step takes no time.
pub fn demo_config(minutes: f64, ms_per_step: f64, seed: u64, threads: usize) -> Result<RunConfig, ConfigProblem> {
    let positive = |key: &str, value: f64| match value > 0.0 && value.is_finite() {
        true => Ok(value),
        false => {
            Err(ConfigProblem::Range { key: key.into(), value: value.to_string(), wanted: "a positive number".into() })
        }
    };
    let budget_ms = positive("minutes", minutes)? * 60_000.0;
    let ms_per_step = positive("ms_per_step", ms_per_step)?;
    let steps = (budget_ms / ms_per_step).max(20.0) as u64;
    let maze = MazeConfig::new(Generator::dfs(), 5, 5).map_err(|error| ConfigProblem::Task(error.into()))?;
    let schedule = match minutes <= SHORT_MINUTES {
        true => Schedule::Cosine { floor: 0.02 },
        false => Schedule::Linear { decay: 0.4 },
    };
    let train = TrainSettings {
        seed,
        warmup: 100.min(steps / 10),
        schedule,
        average_steps: 200.min(steps / 10),
        slots: threads.clamp(SLOTS, 16),
        // Every half minute at most is lost to a crash.
        checkpoint_every: ((30_000.0 / ms_per_step) as u64).clamp(1, steps),
        log_every: (steps / 400).max(1),
        ..TrainSettings::new(steps)
    };
    // An evaluation takes about a second: as many as make up a thirtieth of the budget or so.
    let evaluations = (2.0 * minutes).clamp(5.0, 20.0) as u64;
    let eval = EvalSettings { every: steps.div_ceil(evaluations), ..EvalSettings::default() };
    let (task, tokenizer) = (TaskConfig::Maze(maze), TokenizerName::EDGES.into());
    RunConfig::new(RawConfig { task, tokenizer, model: ModelSettings::new(4, 128, 4), train, eval })
}

/// Seconds that timing may take.
const TIMING_SECONDS: f64 = 1.5;

/// Milliseconds of a training step of this config on these workers: the median over the steps that fit in a second or two, after a few to
/// warm up. Works on scratch copies and leaves nothing.
///
/// # Errors
/// If the network cannot be made, or a step fails.
pub fn ms_per_step(config: &RunConfig, workers: &Workers, clock: &dyn Fn() -> f64) -> Result<f64, RunError> {
    let parts = config.parts();
    let mut trainer = first_trainer(config, &parts)?;
    let stream = TrainingStream::of(config, &parts);
    let mut step = || -> Result<f64, RunError> {
        let before = clock();
        let batch = stream.batch(trainer.steps_done(), workers);
        trainer.step(&batch.groups, 1e-6, workers)?;
        Ok(1000.0 * (clock() - before))
    };
    for _ in 0..3 {
        step()?;
    }
    let begin = clock();
    let mut times = Vec::new();
    while times.len() < 5 || clock() - begin < TIMING_SECONDS {
        times.push(step()?);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}
