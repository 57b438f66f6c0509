//! `searchlens eval`: scores of a network beside policies that do not search.

use std::path::PathBuf;

use clap::Args;
use searchlens::tasks::splits::Split;
use searchlens::tokens::tokenizer::{TokenizerConfig, TokenizerName};

use crate::args::TaskArgs;
use crate::error::Result;
use crate::global::GlobalArgs;
use crate::network::LoadedNetwork;
use crate::output::{print, print_json};
use crate::results::Scoring;
use crate::scores;

/// Evaluate a network and compare it with policies that do not search
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct EvalArgs {
    /// Run folder (its last checkpoint is used) or checkpoint
    #[arg(value_name = "RUN|CHECKPOINT")]
    network: PathBuf,
    /// Tokenizer, for checkpoints that do not name one
    #[arg(long, value_name = "NAME")]
    tokenizer: Option<String>,
    /// Split: train, validation or test [default: the run's, or test]
    #[arg(long)]
    split: Option<String>,
    /// Number of problems [default: the run's, or 1000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    count: Option<u32>,
    /// Print the scores as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    task: TaskArgs,
}

const EXAMPLES: &str = "Answers are decoded greedily, in one attempt, with no mask on invalid moves. Intervals are \
bootstrapped over symmetry classes. Without --task, --maze or --tokenizer, the scores replace results/eval.json and \
results/gallery.json of the run.

--seed selects the problems. By default it is the seed that the network was trained with, so runs with different seeds are \
scored on different problems unless --seed is given.

Examples:
  searchlens eval run
  searchlens eval run/checkpoints/best.safetensors --count 5000 --json
  searchlens eval run --maze wilson --rows 5 --cols 5";

/// Number of problems if neither the command line nor a run gives one.
const DEFAULT_COUNT: usize = 1000;

pub(crate) fn run(args: EvalArgs, global: &GlobalArgs) -> Result<()> {
    let network = LoadedNetwork::open(&args.network)?;
    let split = args.split.map(|name| name.parse::<Split>()).transpose()?;
    let name = args.tokenizer.map(|name| name.parse::<TokenizerName>()).transpose()?;
    let tokenizer = name.map(TokenizerConfig::from);
    let config = args.task.config()?;
    let is_own = config.is_none() && tokenizer.is_none();
    let task = network.task(config)?;
    let tokenizer = network.tokenizer(tokenizer, &task)?;
    let own = network.run.as_ref().map(|(_, config)| config.eval());
    let split = split.or(own.map(|eval| eval.split)).unwrap_or(Split::Test);
    let count = args.count.map(|n| n as usize).or(own.map(|eval| eval.problems)).unwrap_or(DEFAULT_COUNT);
    let metadata = network.metadata.as_ref();
    let scoring = Scoring {
        model: &network.model,
        task: &task,
        tokenizer: &tokenizer,
        step: metadata.map(|metadata| metadata.step),
        seed: global.seed_option().or(metadata.map(|metadata| metadata.seed)).unwrap_or(0),
    };
    let workers = global.workers()?;
    let result = match &network.run {
        Some((folder, _)) if is_own => scoring.write_scores(folder, split, count, &workers)?,
        _ => scoring.scores(split, count, &workers)?,
    };
    if args.json { print_json(&result) } else { print(scores::table(&result)) }
}
