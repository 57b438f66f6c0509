//! `searchlens train`: trains a run from a config file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use searchlens::model::kernels::tier::force_tier;
use searchlens::runs::config::RunConfig;
use searchlens::runs::folder::RunFolder;
use searchlens::runs::run::Start;

use crate::error::{InputError, Result};
use crate::global::GlobalArgs;
use crate::output::print;
use crate::results::Scoring;
use crate::training::{report_stop, train_with_progress, with_changes};
use crate::{interrupt, run_folder, scores};

/// Train a network on a task
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TrainArgs {
    /// Training config (TOML)
    config: PathBuf,
    /// Run folder [default: runs/DATE-TASK-HASH]
    #[arg(long, value_name = "RUN")]
    out: Option<PathBuf>,
    /// Resume a stopped run from its last checkpoint
    #[arg(long)]
    resume: bool,
    /// Resume on a different instruction set; from there on results differ in their last bits, and run.json records it
    #[arg(long, requires = "resume")]
    other_tier: bool,
}

const EXAMPLES: &str =
    "Ctrl-C (or SIGTERM) saves a checkpoint and stops with exit code 130 (143); --resume then continues exactly as if \
the run had not been stopped. --seed replaces train.seed, which determines the initial weights, the training problems and \
the evaluation problems.

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

pub(crate) fn run(args: TrainArgs, global: &GlobalArgs) -> Result<ExitCode> {
    let config = read_config(&args.config, global)?;
    config.train().tier.map_or(Ok(()), force_tier)?;
    let dir = args.out.unwrap_or_else(|| match (folder_of(&args.config), args.resume) {
        (Some(folder), true) => folder,
        (None, true) => run_folder::latest(&config).unwrap_or_else(|| run_folder::new(&config)),
        (_, false) => run_folder::new(&config),
    });
    let start = match (args.resume, args.other_tier) {
        (false, _) => Start::Fresh,
        (true, false) => Start::Resume,
        (true, true) => Start::ResumeOnAnyTier,
    };
    interrupt::watch()?;
    let workers = global.workers()?;
    let outcome = train_with_progress(&config, &dir, start, &workers)?;
    if !outcome.finished {
        return report_stop(&config, &dir, outcome.step);
    }
    let parts = config.parts();
    let scoring = Scoring {
        model: &outcome.model,
        task: &parts.task,
        tokenizer: &parts.tokenizer,
        step: Some(outcome.step),
        seed: config.train().seed,
    };
    let eval = config.eval();
    let scores = scoring.write_scores(&RunFolder::at(&dir), eval.split, eval.problems, &workers)?;
    print(scores::table(&scores))?;
    let shown = dir.display();
    print(format_args!("\nrun folder: {shown}; next: searchlens lens probe {shown}; searchlens report {shown}"))?;
    Ok(ExitCode::SUCCESS)
}

/// Reads a config; `--seed` and `--tier` replace its values.
fn read_config(path: &Path, global: &GlobalArgs) -> Result<RunConfig> {
    let mut config = RunConfig::read(path)?;
    if let Some(seed) = global.seed_option() {
        let seed = i64::try_from(seed).map_err(|_beyond| InputError::Seed { seed })?;
        config = with_changes(&config, |tables| tables["train"]["seed"] = toml::Value::Integer(seed))?;
    }
    if let Some(tier) = global.tier_option() {
        config = with_changes(&config, |tables| {
            if let Some(train) = tables["train"].as_table_mut() {
                train.insert("tier".into(), tier.name().into());
            }
        })?;
    }
    Ok(config)
}

/// Returns the run folder that contains a config file, if it is in one.
fn folder_of(config: &Path) -> Option<PathBuf> {
    let folder = config.parent()?;
    (config.ends_with("config.toml") && folder.join("run.json").exists()).then(|| folder.to_owned())
}
