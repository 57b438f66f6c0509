//! `searchlens demo`: from a maze to a report, in one command.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use searchlens::report::write_report;
use searchlens::runs::config::RunConfig;
use searchlens::runs::demo::{SHORT_MINUTES, demo_config, ms_per_step};
use searchlens::runs::folder::RunFolder;
use searchlens::runs::run::Start;
use searchlens::studies::probing::ProbePlan;

use crate::error::{InputError, Result};
use crate::global::GlobalArgs;
use crate::output::print;
use crate::progress::{clock, note};
use crate::results::{Scoring, write_probes};
use crate::training::{report_stop, train_with_progress, with_changes};
use crate::{interrupt, run_folder, scores};

/// Train a transformer on 5×5 mazes, evaluate and probe it, and write a report
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DemoArgs {
    /// Total minutes; evaluation, probes and the report take about 15 to 25 seconds of them
    #[arg(long, value_name = "M", default_value_t = 5.0, value_parser = minutes)]
    minutes: f64,
    /// Run folder [default: runs/DATE-TASK-HASH]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Use a tiny network and few problems, to test the program itself
    #[arg(long, hide = true)]
    sketch: bool,
}

const EXAMPLES: &str = "The demo times a few training steps, chooses the number of steps that fits, and writes it to \
DIR/config.toml, so that the run can be repeated. Ctrl-C (or SIGTERM) saves a checkpoint and stops.

Examples:
  searchlens demo
  searchlens demo --minutes 1 --out taste";

/// Returns the minutes that timing, evaluation, probes and the report take on two cores, in a demo of `minutes`.
fn minutes_beside_training(minutes: f64) -> f64 {
    if minutes <= SHORT_MINUTES { 0.22 } else { 0.4 }
}

pub(crate) fn run(args: DemoArgs, global: &GlobalArgs) -> Result<ExitCode> {
    let begun = Instant::now();
    let workers = global.workers()?;
    interrupt::watch()?;
    if let Some(dir) = args.out.as_ref().filter(|dir| RunFolder::at(dir).holds_a_run()) {
        return Err(InputError::RunExists { dir: dir.clone() }.into());
    }
    let training_minutes = (args.minutes - minutes_beside_training(args.minutes)).max(args.minutes / 2.0);
    let seed = global.seed_option().unwrap_or(1);
    let config_for = |ms_per_step| -> Result<RunConfig> {
        let config = demo_config(training_minutes, ms_per_step, seed, workers.threads())?;
        if args.sketch { tiny(&config) } else { Ok(config) }
    };
    // The duration of a step does not depend on the number of steps.
    let pace = ms_per_step(&config_for(10.0)?, &workers, &|| begun.elapsed().as_secs_f64())?;
    let config = config_for(pace)?;
    let dir = args.out.unwrap_or_else(|| run_folder::new(&config));
    note(format_args!(
        "5×5 mazes; {pace:.1} ms per step on {} thread(s); run folder: {}",
        workers.threads(),
        dir.display()
    ));
    let outcome = train_with_progress(&config, &dir, Start::Fresh, &workers)?;
    if !outcome.finished {
        return report_stop(&config, &dir, outcome.step);
    }

    let (folder, parts) = (RunFolder::at(&dir), config.parts());
    let count = config.eval().problems;
    note(format_args!("evaluating on {count} problems of held-out symmetry classes"));
    let scoring = Scoring {
        model: &outcome.model,
        task: &parts.task,
        tokenizer: &parts.tokenizer,
        step: Some(outcome.step),
        seed,
    };
    let scores = scoring.write_scores(&folder, config.eval().split, count, &workers)?;
    if interrupt::stop_requested() {
        return report_unfinished(&dir);
    }
    note("probing the residual stream");
    write_probes(&folder, &config, &outcome.model, &probe_plan(args.sketch, args.minutes), &workers)?;
    if interrupt::stop_requested() {
        return report_unfinished(&dir);
    }
    let page = write_report(&dir, None)?.html;

    let total = begun.elapsed().as_secs_f64();
    print(scores::table(&scores))?;
    print(format_args!(
        "\ntraining took {} of {} minutes on {} thread(s): {} steps, {} sequences",
        clock(outcome.train_seconds),
        clock(total),
        workers.threads(),
        outcome.step,
        outcome.step * config.train().batch_problems as u64
    ))?;
    print_next_steps(&dir, &page)?;
    Ok(ExitCode::SUCCESS)
}

/// Returns how many problems to probe, given the minutes of the demo.
fn probe_plan(sketch: bool, minutes: f64) -> ProbePlan {
    if sketch {
        ProbePlan { n_train: 200, n_test: 100, k_max: 2, ..ProbePlan::default() }
    } else if minutes <= SHORT_MINUTES {
        ProbePlan::quick()
    } else {
        ProbePlan::default()
    }
}

/// Prints commands to try on the run.
fn print_next_steps(dir: &Path, report: &Path) -> Result<()> {
    let (dir, report) = (dir.display(), report.display());
    print(format_args!(
        "report: {report}\n\nTry next:
  searchlens eval {dir} --maze wilson --rows 5 --cols 5
      evaluates the network on another kind of maze
  searchlens generate --task {dir}/config.toml --split test --count 3 | searchlens show --stats
  searchlens train {dir}/config.toml --seed 2
      repeats the run with another seed: other initial weights and other problems
  searchlens sites --checkpoint {dir}/checkpoints/best.safetensors"
    ))
}

/// Prints the commands that finish a run that was stopped after training, and returns the exit code.
fn report_unfinished(dir: &Path) -> Result<ExitCode> {
    let dir = dir.display();
    print(format_args!(
        "stopped after training; to finish: searchlens eval {dir}; searchlens lens probe {dir}; searchlens report {dir}"
    ))?;
    Ok(ExitCode::from(interrupt::exit_code()))
}

/// Returns the config with a tiny network and few evaluation problems.
fn tiny(config: &RunConfig) -> Result<RunConfig> {
    with_changes(config, |tables| {
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

fn minutes(text: &str) -> Result<f64, String> {
    let parsed = text.parse().ok().filter(|&minutes| 0.0 < minutes && minutes < 1e5);
    parsed.ok_or_else(|| "expected a number of minutes above 0 and below 100000".to_owned())
}
