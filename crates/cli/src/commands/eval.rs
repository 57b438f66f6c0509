//! `searchlens eval`: how well a trained network really searches.

use std::path::PathBuf;

use clap::Args;
use searchlens::tasks::splits::Split;
use searchlens::tokens::tokenizer::{TokenizerConfig, TokenizerName};

use crate::args::TaskArgs;
use crate::cli::Common;
use crate::error::Result;
use crate::output::{print, print_json};
use crate::subject::{Subject, Trained};
use crate::summary;

/// Score a network's answers beside policies that do not search
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct EvalArgs {
    /// A run's folder (its last checkpoint counts), or a checkpoint
    #[arg(value_name = "RUN|CHECKPOINT")]
    subject: PathBuf,
    #[command(flatten)]
    task: TaskArgs,
    /// Tokenizer, for checkpoints that name none
    #[arg(long, value_name = "NAME")]
    tokenizer: Option<String>,
    /// train, validation or test [default: the run's, or test]
    #[arg(long)]
    split: Option<String>,
    /// On how many problems [default: the run's, or 1000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    count: Option<u32>,
    /// Print the scores as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "The network answers by greedy decoding, first attempt, nothing masked by the maze. Intervals resample whole symmetry classes.
Without other problems than its own (--task, --maze), a run's results/eval.json and results/gallery.json are written anew.

Examples:
  searchlens eval run
  searchlens eval run/checkpoints/best.safetensors --count 5000 --json
  searchlens eval run --maze wilson --rows 5 --cols 5";

/// Problems, if nobody says how many.
const COUNT: usize = 1000;

pub(crate) fn run(args: EvalArgs, common: &Common) -> Result<()> {
    let subject = Subject::open(&args.subject)?;
    let split = args.split.map(|name| name.parse::<Split>()).transpose()?;
    let name = args.tokenizer.map(|name| name.parse::<TokenizerName>()).transpose()?;
    let tokenizer = name.map(TokenizerConfig::from);
    let asked = args.task.config()?;
    let is_own = asked.is_none() && tokenizer.is_none();
    let task = subject.task(asked)?;
    let tokenizer = subject.tokenizer(tokenizer, &task)?;
    let own = subject.run.as_ref().map(|(_, config)| config.eval());
    let split = split.or(own.map(|eval| eval.split)).unwrap_or(Split::Test);
    let count = args.count.map(|n| n as usize).or(own.map(|eval| eval.problems)).unwrap_or(COUNT);
    let notes = subject.notes.as_ref();
    let trained = Trained {
        model: &subject.model,
        task: &task,
        tokenizer: &tokenizer,
        step: notes.map(|notes| notes.step),
        seed: common.seed_given().or(notes.map(|notes| notes.seed)).unwrap_or(0),
    };
    let workers = common.workers()?;
    let result = match &subject.run {
        Some((folder, _)) if is_own => trained.evaluate_into(folder, split, count, &workers)?,
        _ => trained.evaluate(split, count, &workers)?,
    };
    if args.json { print_json(&result) } else { print(summary::scores(&result)) }
}
