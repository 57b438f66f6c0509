//! `searchlens bench tokenize`: throughput of encoding problems into training batches.

use std::time::{Duration, Instant};

use clap::Args;
use searchlens::model::workers::Workers;
use searchlens::runs::data::TrainingStream;
use searchlens::tasks::config::TaskConfig;
use searchlens::tasks::instance::Instance;
use searchlens::tasks::mazes::config::MazeConfig;
use searchlens::tasks::mazes::generators::Generator;
use searchlens::tasks::splits::Split;
use searchlens::tasks::task::Task;
use searchlens::tokens::sequence::encoded::LossOn;
use searchlens::tokens::tokenizer::Tokenizer;
use serde::Serialize;

use super::timing::{median, seconds};
use crate::error::Result;
use crate::global::GlobalArgs;
use crate::output::{print, print_json};

/// Time the encoding of 7×7 depth-first mazes with their paths into training batches
#[derive(Debug, Args)]
#[command(
    after_help = "Measures the code that training uses, from problem to padded micro-batches with loss weights; drawing the problems is
excluded. Tokenizers that shuffle passages shuffle them again for every batch. Padding is not counted. Prints the median
over batches.

Example:
  searchlens bench tokenize --tokenizer AOTP_UT_uniform --threads 1"
)]
pub(super) struct TokenizeArgs {
    /// Tokenizer, as for `searchlens tokenize`; modular tokenizers use their compact vocabulary
    #[arg(long, value_name = "NAME", default_value = "edges")]
    tokenizer: String,
    /// Duration of the measurement in seconds
    #[arg(long, default_value_t = 5.0, value_parser = seconds)]
    seconds: f64,
    /// Print the numbers as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct TokenizeTimes {
    tokens_per_s: f64,
    sequences_per_s: f64,
    threads: usize,
}

pub(super) fn run(args: &TokenizeArgs, global: &GlobalArgs) -> Result<()> {
    let times = time(args, &global.workers()?, global.seed())?;
    if args.json {
        return print_json(&times);
    }
    let TokenizeTimes { tokens_per_s, sequences_per_s, threads } = times;
    print(format_args!("{tokens_per_s:.0} tokens/s, {sequences_per_s:.0} sequences/s on {threads} thread(s)"))
}

/// Problems per batch.
const BATCH: u64 = 512;

fn time(args: &TokenizeArgs, workers: &Workers, seed: u64) -> Result<TokenizeTimes> {
    let maze = MazeConfig::new(Generator::dfs(), 7, 7)?;
    let tokenizer = Tokenizer::from_name(&args.tokenizer, maze.lattice())?;
    let task = Task::new(TaskConfig::Maze(maze))?;
    let instances: Vec<Instance> = (0..BATCH).map(|index| task.instance(seed, Split::Train, index)).collect();
    let (batch_problems, loss_on) = (BATCH as usize, LossOn::Path);
    let stream = TrainingStream { task: &task, tokenizer: &tokenizer, seed, batch_problems, loss_on };
    let (begun, limit) = (Instant::now(), Duration::from_secs_f64(args.seconds));
    let mut seconds_per_token = Vec::new();
    let mut n_tokens = 0;
    while seconds_per_token.len() < 3 || begun.elapsed() < limit {
        let started = Instant::now();
        let batch = stream.batch_of(&instances, seconds_per_token.len() as u64, workers);
        seconds_per_token.push(started.elapsed().as_secs_f64() / batch.n_tokens as f64);
        n_tokens = batch.n_tokens;
    }
    let tokens_per_s = 1.0 / median(&mut seconds_per_token);
    let sequences_per_s = tokens_per_s * BATCH as f64 / n_tokens as f64;
    Ok(TokenizeTimes { tokens_per_s, sequences_per_s, threads: workers.threads() })
}
