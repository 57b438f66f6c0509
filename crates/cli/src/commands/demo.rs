//! `searchlens demo`: from a maze to a report, in one command.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use searchlens::report::write_report;
use searchlens::runs::config::RunConfig;
use searchlens::runs::demo::{SHORT_MINUTES, demo_config, ms_per_step};
use searchlens::runs::folder::RunFolder;
use searchlens::runs::run::{RunError, Start};
use searchlens::studies::probing::ProbePlan;

use crate::cli::Common;
use crate::commands::lens::probe_into;
use crate::commands::train::stopped;
use crate::error::Result;
use crate::output::print;
use crate::progress::{clock, note};
use crate::subject::Trained;
use crate::training::edited;
use crate::training::train_shown;
use crate::{interrupt, place, summary};

/// Train a transformer on 5×5 mazes, score it, look inside, and write a page about it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DemoArgs {
    /// Minutes for all of it; a quarter of a minute or so of them goes to scores, probes and the page
    #[arg(long, value_name = "M", default_value_t = 5.0, value_parser = minutes)]
    minutes: f64,
    /// Folder of the run [default: runs/DATE-TASK-HASH]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// A small network, scores and probes on few problems: for tests of the program itself
    #[arg(long, hide = true)]
    sketch: bool,
}

const EXAMPLES: &str = "Some steps are timed first; their number is then fixed and written to DIR/config.toml, so that the run can be repeated.
Ctrl-C (or SIGTERM) saves a checkpoint and ends the training.

Examples:
  searchlens demo
  searchlens demo --minutes 1 --out taste";

/// What the first timing, scores, probes and the page take on two cores, of a demo of so many minutes.
fn minutes_beside_training(minutes: f64) -> f64 {
    if minutes <= SHORT_MINUTES { 0.22 } else { 0.4 }
}

pub(crate) fn run(args: DemoArgs, common: &Common) -> Result<ExitCode> {
    let begun = Instant::now();
    let workers = common.workers()?;
    interrupt::watch()?;
    if let Some(dir) = args.out.as_ref().filter(|dir| RunFolder::at(dir).holds_a_run()) {
        return Err(RunError::Exists { dir: dir.clone() }.into());
    }
    let training_minutes = (args.minutes - minutes_beside_training(args.minutes)).max(args.minutes / 2.0);
    let seed = common.seed_given().unwrap_or(1);
    let config_for = |ms_per_step| -> Result<RunConfig> {
        let config = demo_config(training_minutes, ms_per_step, seed, workers.threads())?;
        if args.sketch { sketched(&config) } else { Ok(config) }
    };
    // The time of a step does not depend on how many there are.
    let pace = ms_per_step(&config_for(10.0)?, &workers, &|| begun.elapsed().as_secs_f64())?;
    let config = config_for(pace)?;
    let dir = args.out.unwrap_or_else(|| place::fresh(&config));
    note(format_args!(
        "5×5 mazes; {pace:.1} ms a step on {} thread(s); the run is in {}",
        workers.threads(),
        dir.display()
    ));
    let outcome = train_shown(&config, &dir, Start::Fresh, &workers)?;
    if !outcome.finished {
        return stopped(&config, &dir, outcome.step);
    }

    let (folder, parts) = (RunFolder::at(&dir), config.parts());
    let count = config.eval().problems;
    note(format_args!("scoring {count} problems of classes that training never saw"));
    let trained = Trained {
        model: &outcome.model,
        task: &parts.task,
        tokenizer: &parts.tokenizer,
        step: Some(outcome.step),
        seed,
    };
    let scores = trained.evaluate_into(&folder, config.eval().split, count, &workers)?;
    if interrupt::asked() {
        return unfinished(&dir);
    }
    note("probing the residual stream");
    let plan = if args.sketch {
        ProbePlan { n_train: 200, n_test: 100, k_max: 2, ..ProbePlan::default() }
    } else if args.minutes <= SHORT_MINUTES {
        ProbePlan::quick()
    } else {
        ProbePlan::default()
    };
    probe_into(&folder, &config, &outcome.model, &plan, &workers)?;
    if interrupt::asked() {
        return unfinished(&dir);
    }
    let page = write_report(&dir, None)?.html;

    let total = begun.elapsed().as_secs_f64();
    print(summary::scores(&scores))?;
    print(format_args!(
        "\ntrained for {} of {} minutes in all, on {} thread(s): {} steps, {} sequences",
        clock(outcome.train_seconds),
        clock(total),
        workers.threads(),
        outcome.step,
        outcome.step * config.train().batch_problems as u64
    ))?;
    let dir = dir.display();
    print(format_args!(
        "the page: {}\n\nTry next:
  searchlens eval {dir} --maze wilson --rows 5 --cols 5
      the same network on another kind of maze
  searchlens generate --task {dir}/config.toml --split test --count 3 | searchlens show --stats
  searchlens train {dir}/config.toml --seed 2
      the same run from other weights
  searchlens sites --checkpoint {dir}/checkpoints/best.safetensors",
        page.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Says what is left to do in a run that a signal found trained.
fn unfinished(dir: &Path) -> Result<ExitCode> {
    let dir = dir.display();
    print(format_args!(
        "stopped after training; finish: searchlens eval {dir}; searchlens lens probe {dir}; searchlens report {dir}"
    ))?;
    Ok(ExitCode::from(interrupt::exit_code()))
}

/// The demo's config with a network and evaluations that take next to no time.
fn sketched(config: &RunConfig) -> Result<RunConfig> {
    edited(config, |tables| {
        for (table, key, value) in [
            ("model", "n_layers", 1),
            ("model", "d_model", 16),
            ("model", "d_head", 4),
            ("model", "d_mlp", 64),
            ("eval", "problems", 100),
        ] {
            tables[table][key] = toml::Value::Integer(value);
        }
    })
}

/// A positive number of minutes, as clap reads it.
fn minutes(text: &str) -> Result<f64, String> {
    let parsed = text.parse().ok().filter(|&minutes| 0.0 < minutes && minutes < 1e5);
    parsed.ok_or_else(|| "give a positive number of minutes, below 100000".to_owned())
}
