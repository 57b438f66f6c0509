//! `searchlens bench tokenize`: speed of tokenization.

use std::time::{Duration, Instant};

use clap::Args;
use rayon::prelude::*;
use searchlens::base::stream::{Purpose, stream};
use searchlens::model::workers::Workers;
use searchlens::tasks::config::TaskConfig;
use searchlens::tasks::instance::Instance;
use searchlens::tasks::mazes::config::MazeConfig;
use searchlens::tasks::mazes::generators::Generator;
use searchlens::tasks::splits::Split;
use searchlens::tasks::task::Task;
use searchlens::tokens::sequence::batch::Rows;
use searchlens::tokens::sequence::encoded::LossOn;
use searchlens::tokens::sequence::example::{EdgeOrder, Example};
use searchlens::tokens::tokenizer::Tokenizer;
use serde::Serialize;

use super::timing::{median, seconds};
use crate::error::Result;
use crate::global::GlobalArgs;
use crate::output::{print, print_json};

/// Time tokenizing 7×7 dfs mazes with their paths into padded batches with loss weights
#[derive(Debug, Args)]
#[command(
    after_help = "Edges are shuffled again for every sequence if the tokenizer shuffles them. Padding is not counted. Prints the median \
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

/// Problems per batch; each worker fills its own.
const BATCH: u64 = 512;

fn time(args: &TokenizeArgs, workers: &Workers, seed: u64) -> Result<TokenizeTimes> {
    let maze = MazeConfig::new(Generator::dfs(), 7, 7)?;
    let lattice = maze.lattice();
    let tokenizer = Tokenizer::from_name(&args.tokenizer, lattice)?;
    let task = Task::new(TaskConfig::Maze(maze.clone()))?;
    let instances: Vec<Instance> = (0..BATCH).map(|index| task.instance(seed, Split::Train, index)).collect();
    let examples: Vec<Example<'_>> = instances.iter().map(Example::of_instance).collect();
    let len = tokenizer.max_len(maze.max_passages());
    let (begun, limit) = (Instant::now(), Duration::from_secs_f64(args.seconds));
    let times = workers.run(|| {
        let each = (0..workers.threads()).into_par_iter().map(|worker| -> Result<Times> {
            let mut rows = Rows::new(&tokenizer, LossOn::Path, len);
            let mut times = Times::default();
            while times.n < 3 || begun.elapsed() < limit {
                let started = Instant::now();
                rows.clear();
                for (example, index) in examples.iter().zip(times.n * BATCH..) {
                    let mut order = stream(seed + worker as u64, Purpose::Tokenize, index);
                    rows.push(example, EdgeOrder::Shuffled(&mut order))?;
                }
                let tokens: usize = rows.batch().lengths.iter().sum();
                times.n += 1;
                times.seconds_per_token.push(started.elapsed().as_secs_f64() / tokens as f64);
                times.tokens_per_sequence = tokens as f64 / BATCH as f64;
            }
            Ok(times)
        });
        each.collect::<Result<Vec<Times>>>()
    })?;
    let rate = |mut times: Times| 1.0 / median(&mut times.seconds_per_token);
    let tokens_per_sequence = times[0].tokens_per_sequence;
    let tokens_per_s: f64 = times.into_iter().map(rate).sum();
    Ok(TokenizeTimes { tokens_per_s, sequences_per_s: tokens_per_s / tokens_per_sequence, threads: workers.threads() })
}

/// The measurements of a worker.
#[derive(Default)]
struct Times {
    n: u64,
    /// One for each batch.
    seconds_per_token: Vec<f64>,
    tokens_per_sequence: f64,
}
