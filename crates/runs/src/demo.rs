//! The demo's recipe for a time budget.
//!
//! The demo times a few steps on scratch copies, fixes the number of steps and the schedule, and is then a run like any other.

use searchlens_model::optimiser::Schedule;
use searchlens_model::train::SLOTS;
use searchlens_model::workers::Workers;
use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::mazes::config::MazeConfig;
use searchlens_tasks::mazes::generators::Generator;
use searchlens_tokens::tokenizer::TokenizerName;

use crate::config::tables::{EvalSettings, ModelSettings, RawConfig, TrainSettings};
use crate::config::{ConfigProblem, RunConfig};
use crate::data::TrainingStream;
use crate::run::{RunError, first_trainer};

/// Longest budget with the short recipe, in minutes: a cosine schedule and quick probes. Longer runs hold the peak learning rate first.
pub const SHORT_MINUTES: f64 = 2.0;

/// Returns the config that trains for `minutes`: 5×5 depth-first mazes, four layers of width 128, a schedule fitted to the budget.
///
/// `ms_per_step` is the result of [`ms_per_step`] for this config with any budget, since the time of a step does not depend on the
/// budget. Evaluation during training adds to the budget. Each of up to 16 `threads` gets a gradient accumulator.
///
/// # Errors
/// If `minutes` or `ms_per_step` is not positive.
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
        // A crash loses at most half a minute.
        checkpoint_every: ((30_000.0 / ms_per_step) as u64).clamp(1, steps),
        log_every: (steps / 400).max(1),
        ..TrainSettings::new(steps)
    };
    // An evaluation takes about a second; together they take about a thirtieth of the budget.
    let evaluations = (2.0 * minutes).clamp(5.0, 20.0) as u64;
    let eval = EvalSettings { every: steps.div_ceil(evaluations), ..EvalSettings::default() };
    let (task, tokenizer) = (TaskConfig::Maze(maze), TokenizerName::EDGES.into());
    RunConfig::new(RawConfig { task, tokenizer, model: ModelSettings::new(4, 128, 4), train, eval })
}

/// Duration of the timing in seconds.
const TIMING_SECONDS: f64 = 1.5;

/// Measures the time of a training step on these workers in milliseconds: the median over 1.5 seconds, after three steps of warm-up. `clock`
/// returns seconds. Nothing is written.
///
/// # Errors
/// If the network cannot be made or a step fails.
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
