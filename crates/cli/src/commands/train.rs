//! `searchlens train`: a config in, a run folder out.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use searchlens::model::kernels::tier::force_tier;
use searchlens::runs::config::RunConfig;
use searchlens::runs::folder::RunFolder;
use searchlens::runs::run::Start;

use crate::cli::Common;
use crate::error::{InputError, Result};
use crate::output::print;
use crate::subject::Trained;
use crate::training::{edited, train_shown};
use crate::{interrupt, place, summary};

/// Train a network on a task
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TrainArgs {
    /// The run's config, TOML
    config: PathBuf,
    /// Folder of the run [default: runs/DATE-TASK-HASH]
    #[arg(long, value_name = "RUN")]
    out: Option<PathBuf>,
    /// Go on with a run that was stopped, from its last checkpoint
    #[arg(long)]
    resume: bool,
    /// Let --resume go on on another instruction tier than the run has been on: the bits differ from there on, and run.json says so
    #[arg(long, requires = "resume")]
    other_tier: bool,
}

const EXAMPLES: &str =
    "Ctrl-C (or SIGTERM) saves a checkpoint and ends the run, with exit code 130 (143); --resume goes on as if it had never stopped.

A config:
  [task.maze]
  generator = \"dfs\"
  rows = 5
  cols = 5
  [tokenizer]
  name = \"edges\"
  [model]
  n_layers = 4
  d_model = 128
  n_heads = 4
  [train]
  steps = 5000

Examples:
  searchlens train config.toml --out run
  searchlens train run/config.toml --resume";

pub(crate) fn run(args: TrainArgs, common: &Common) -> Result<ExitCode> {
    let config = read_config(&args.config, common)?;
    config.train().tier.map_or(Ok(()), force_tier)?;
    let dir = args.out.unwrap_or_else(|| match (folder_of(&args.config), args.resume) {
        (Some(folder), true) => folder,
        (None, true) => place::last(&config).unwrap_or_else(|| place::fresh(&config)),
        (_, false) => place::fresh(&config),
    });
    let start = match (args.resume, args.other_tier) {
        (false, _) => Start::Fresh,
        (true, false) => Start::Resume,
        (true, true) => Start::ResumeOnAnyTier,
    };
    interrupt::watch()?;
    let workers = common.workers()?;
    let outcome = train_shown(&config, &dir, start, &workers)?;
    if !outcome.finished {
        return stopped(&config, &dir, outcome.step);
    }
    let parts = config.parts();
    let trained = Trained {
        model: &outcome.model,
        task: &parts.task,
        tokenizer: &parts.tokenizer,
        step: Some(outcome.step),
        seed: config.train().seed,
    };
    let eval = config.eval();
    let scores = trained.evaluate_into(&RunFolder::at(&dir), eval.split, eval.problems, &workers)?;
    print(summary::scores(&scores))?;
    let shown = dir.display();
    print(format_args!(
        "\nthe run is in {shown}; look inside: searchlens lens probe {shown}, then: searchlens report {shown}"
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Says how to go on with a run that a signal ended.
pub(crate) fn stopped(config: &RunConfig, dir: &Path, step: u64) -> Result<ExitCode> {
    let (steps, shown) = (config.train().steps, dir.display());
    print(format_args!("stopped after step {step} of {steps}; go on: searchlens train {shown}/config.toml --resume"))?;
    Ok(ExitCode::from(interrupt::exit_code()))
}

/// Reads a config; a seed and a tier on the command line take the place of its own.
fn read_config(path: &Path, common: &Common) -> Result<RunConfig> {
    let mut config = RunConfig::read(path)?;
    if let Some(seed) = common.seed_given() {
        let seed = i64::try_from(seed).map_err(|_beyond| InputError::Seed { seed })?;
        config = edited(&config, |tables| tables["train"]["seed"] = toml::Value::Integer(seed))?;
    }
    if let Some(tier) = common.tier_given() {
        config = edited(&config, |tables| {
            if let Some(train) = tables["train"].as_table_mut() {
                train.insert("tier".into(), tier.name().into());
            }
        })?;
    }
    Ok(config)
}

/// The run folder that a config file lies in, if it does.
fn folder_of(config: &Path) -> Option<PathBuf> {
    let folder = config.parent()?;
    (config.ends_with("config.toml") && folder.join("run.json").exists()).then(|| folder.to_owned())
}
