//! `searchlens bench`: how fast this machine is at what takes the time.

mod generate;
mod tiers;
mod tokenize;

use std::time::{Duration, Instant};

use clap::{Args, Subcommand, ValueEnum};
use rayon::prelude::*;
use searchlens::model::Model;
use searchlens::model::config::ModelConfig;
use searchlens::model::kernels::tier::{Precision, Tier};
use searchlens::model::optimiser::{AdamW, Moments};
use searchlens::model::params::ParamGroup;
use searchlens::model::train::{Group, Trainer, group_size};
use searchlens::model::workers::Workers;
use searchlens::tasks::config::{MazeConfig, TaskConfig};
use searchlens::tasks::generators::Generator;
use searchlens::tasks::maze::Lattice;
use searchlens::tasks::split::Split;
use searchlens::tasks::stream::{Purpose, below, stream};
use searchlens::tasks::task::Task;
use serde::Serialize;

use crate::args::TaskArgs;
use crate::cli::Common;
use crate::machine::memory;
use crate::output::{print, print_json};

/// Time training, generation, and the drawing and tokenizing of problems
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    what: Bench,
}

const EXAMPLES: &str = "Examples:
  searchlens bench train --shape s --threads 2
  searchlens bench generate --shape s --threads 2
  searchlens bench problems --threads 1 --json
  searchlens bench tokenize --threads 1
  searchlens bench tiers";

#[derive(Debug, Subcommand)]
enum Bench {
    Train(TrainArgs),
    Generate(generate::GenerateArgs),
    Problems(Box<ProblemsArgs>),
    Tokenize(tokenize::TokenizeArgs),
    Tiers(tiers::TiersArgs),
}

/// Time training steps on random tokens: loss on every position, optimiser included
#[derive(Debug, Args)]
#[command(
    after_help = "Prints the median over steps, after a warm-up. The peak of memory leaves out what was resident once the network
stood.

Example:
  searchlens bench train --shape m --precision f32 --threads 2 --seconds 10 --json"
)]
struct TrainArgs {
    /// The network and its batch
    #[arg(long, value_enum, default_value_t = ShapeName::S)]
    shape: ShapeName,
    /// Input format of matrix products
    #[arg(long, value_enum, default_value_t = Choice::Auto)]
    precision: Choice,
    /// For how long
    #[arg(long, default_value_t = 5.0, value_parser = seconds)]
    seconds: f64,
    /// Print the numbers as JSON
    #[arg(long)]
    json: bool,
}

/// Time the drawing of problems, each in full: stream, split, path, all optimal successors, number of shortest paths
#[derive(Debug, Args)]
#[command(
    after_help = "Without --task and --maze: dfs mazes of 7×7. Prints the median of rates measured one after the other, problems
a second.

Examples:
  searchlens bench problems --threads 1
  searchlens bench problems --maze wilson --rows 20 --cols 20 --threads 1 --json"
)]
struct ProblemsArgs {
    #[command(flatten)]
    task: TaskArgs,
    /// For how long
    #[arg(long, default_value_t = 5.0, value_parser = seconds)]
    seconds: f64,
    /// Print the numbers as JSON
    #[arg(long)]
    json: bool,
}

/// Networks that are timed, of the default architecture with d_mlp = 4 d_model.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ShapeName {
    /// 4 layers, width 64, 64 sequences of 128 tokens
    Xs,
    /// 6 layers, width 128, 32 sequences of 256 tokens
    S,
    /// 8 layers, width 256, 32 sequences of 256 tokens
    M,
    /// 4 layers, width 128, 256 sequences of 56 tokens
    P,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Choice {
    /// bf16 where the processor has a unit for it, else f32
    Auto,
    /// f32 throughout
    F32,
    /// bf16 products, f32 sums
    Bf16,
}

impl Choice {
    fn here(self) -> Precision {
        match self {
            Choice::Auto => Precision::fastest(),
            Choice::F32 => Precision::F32,
            Choice::Bf16 => Precision::Bf16,
        }
    }
}

struct Shape {
    n_layers: usize,
    d_model: usize,
    n_heads: usize,
    d_vocab: usize,
    n_ctx: usize,
    batch: usize,
}

impl ShapeName {
    fn shape(self) -> Shape {
        match self {
            ShapeName::Xs => Shape { n_layers: 4, d_model: 64, n_heads: 4, d_vocab: 80, n_ctx: 128, batch: 64 },
            ShapeName::S => Shape { n_layers: 6, d_model: 128, n_heads: 4, d_vocab: 80, n_ctx: 256, batch: 32 },
            ShapeName::M => Shape { n_layers: 8, d_model: 256, n_heads: 8, d_vocab: 80, n_ctx: 256, batch: 32 },
            ShapeName::P => Shape { n_layers: 4, d_model: 128, n_heads: 4, d_vocab: 72, n_ctx: 56, batch: 256 },
        }
    }
}

#[derive(Serialize)]
struct TrainTimes {
    ms_per_step: f64,
    tokens_per_s: f64,
    peak_bytes: Option<u64>,
    tier: String,
}

#[derive(Serialize)]
struct ProblemTimes {
    task: String,
    /// Median of the rounds.
    items_per_s: f64,
    /// Wall time for each cell of a maze.
    ns_per_cell: Option<f64>,
    /// Items a second in each round, ascending.
    rounds: Vec<f64>,
    threads: usize,
}

pub(crate) fn run(args: BenchArgs, common: &Common) -> anyhow::Result<()> {
    match args.what {
        Bench::Train(args) => {
            let times = time_training(&args, common)?;
            if args.json {
                return print_json(&times);
            }
            let peak = times.peak_bytes.map_or("unknown".into(), |bytes| format!("{:.1} MB", bytes as f64 / 1e6));
            let TrainTimes { ms_per_step, tokens_per_s, tier, .. } = times;
            print(format_args!(
                "{ms_per_step:.1} ms a step, {tokens_per_s:.0} tokens/s, peak memory {peak}, tier {tier}"
            ))
        }
        Bench::Tiers(args) => tiers::run(&args),
        Bench::Generate(args) => generate::run(&args, common),
        Bench::Problems(args) => {
            let json = args.json;
            let times = time_problems(*args, &common.workers()?, common.seed())?;
            if json {
                return print_json(&times);
            }
            let ProblemTimes { task, items_per_s, ns_per_cell, threads, .. } = times;
            let cells = ns_per_cell.map_or(String::new(), |ns| format!(", {ns:.1} ns a cell"));
            print(format_args!("{task}: {items_per_s:.0} problems/s{cells} on {threads} thread(s)"))
        }
        Bench::Tokenize(args) => {
            let times = tokenize::time(&args, &common.workers()?, common.seed())?;
            if args.json {
                return print_json(&times);
            }
            let tokenize::TokenizeTimes { tokens_per_s, sequences_per_s, threads } = times;
            print(format_args!("{tokens_per_s:.0} tokens/s, {sequences_per_s:.0} sequences/s on {threads} thread(s)"))
        }
    }
}

/// Steps that are not counted: memory is mapped, caches fill, clocks rise.
const WARM_UP_STEPS: usize = 3;

fn time_training(args: &TrainArgs, common: &Common) -> anyhow::Result<TrainTimes> {
    let precision = args.precision.here();
    let tier = Tier::for_precision(precision)?;
    let shape = args.shape.shape();
    let workers = common.workers()?;
    let Shape { n_layers, d_model, n_heads, d_vocab, n_ctx, batch } = shape;
    let config = ModelConfig::new(n_layers, d_model, n_heads, d_vocab, n_ctx).validated()?;
    let model = Model::init(config, &mut stream(common.seed(), Purpose::Init, 0));
    let resident_before = memory("VmRSS");
    let groups = random_groups(&shape, common.seed());
    let moments = Moments::new(model.params.len());
    let mut trainer = Trainer::new(model, adamw(), Vec::new(), moments, None).with_precision(precision)?;
    let mut step = || -> anyhow::Result<f64> {
        let begun = Instant::now();
        trainer.step(&groups, 1e-4, &workers)?;
        Ok(begun.elapsed().as_secs_f64())
    };
    for _ in 0..WARM_UP_STEPS {
        step()?;
    }
    let (begun, limit) = (Instant::now(), Duration::from_secs_f64(args.seconds));
    let mut seconds = Vec::new();
    while seconds.len() < 3 || begun.elapsed() < limit {
        seconds.push(step()?);
    }
    let median = median(&mut seconds);
    Ok(TrainTimes {
        ms_per_step: median * 1e3,
        tokens_per_s: (batch * n_ctx) as f64 / median,
        peak_bytes: memory("VmHWM").zip(resident_before).map(|(peak, before)| peak.saturating_sub(before)),
        tier: tier.to_string(),
    })
}

/// A batch of random tokens, every position scored.
fn random_groups(shape: &Shape, seed: u64) -> Vec<Group> {
    let mut rng = stream(seed, Purpose::Sample, 0);
    let &Shape { n_ctx: seq, d_vocab, batch, .. } = shape;
    let mut group = |n_seq: usize| Group {
        tokens: (0..n_seq * seq).map(|_| below(&mut rng, d_vocab) as u32).collect(),
        seq,
        weights: vec![1.0; n_seq * (seq - 1)],
    };
    let size = group_size(seq);
    (0..batch).step_by(size).map(|first| group(size.min(batch - first))).collect()
}

fn adamw() -> AdamW {
    let decay = vec![ParamGroup::Attention, ParamGroup::Mlp, ParamGroup::Unembedding];
    AdamW { beta1: 0.9, beta2: 0.98, eps: 1e-8, weight_decay: 0.05, decay, clip: Some(1.0) }
}

/// Problems that a worker draws between two looks at the clock.
const PROBLEMS_AT_ONCE: u64 = 256;

/// Rates are measured so many times.
const ROUNDS: u32 = 5;

fn time_problems(args: ProblemsArgs, workers: &Workers, seed: u64) -> anyhow::Result<ProblemTimes> {
    let config = match args.task.config()? {
        Some(config) => config,
        None => TaskConfig::Maze(MazeConfig::new(Generator::dfs(), 7, 7)?),
    };
    let task = Task::new(config)?;
    task.check_split(Split::Train)?;
    let n_cells = task.lattice().map(Lattice::n_cells);
    // Large problems take their time: fewer of them between two looks at the clock.
    let at_once = PROBLEMS_AT_ONCE.div_ceil(1 + n_cells.unwrap_or(0) as u64 / 64);
    let limit = Duration::from_secs_f64(args.seconds) / ROUNDS;
    let mut n_drawn = 0;
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let (begun, first_drawn) = (Instant::now(), n_drawn);
        while n_drawn == first_drawn || begun.elapsed() < limit {
            let n_blocks = 8 * workers.threads() as u64;
            let blocks = (0..n_blocks).into_par_iter().map(|block| {
                let first = n_drawn + block * at_once;
                (first..first + at_once).map(|index| in_full(&task, seed, index)).sum::<usize>()
            });
            // The sum is looked at, so that nothing of the work can be left out.
            let n_successors: usize = workers.run(|| blocks.sum());
            anyhow::ensure!(n_successors > 0, "no problem had a way to its target");
            n_drawn += n_blocks * at_once;
        }
        rates.push((n_drawn - first_drawn) as f64 / begun.elapsed().as_secs_f64());
    }
    let items_per_s = median(&mut rates);
    Ok(ProblemTimes {
        task: task.config().name(),
        items_per_s,
        ns_per_cell: n_cells.map(|cells| 1e9 / (items_per_s * cells as f64)),
        rounds: rates,
        threads: workers.threads(),
    })
}

/// Draws a problem with everything that is asked about one; how many optimal successors and paths it has.
fn in_full(task: &Task, seed: u64, index: u64) -> usize {
    let (instance, field) = task.solved_instance(seed, Split::Train, index);
    let graph = &instance.problem.graph;
    let successors: usize = (0..graph.n_nodes()).map(|node| field.successors(graph, node).count()).sum();
    successors + field.count_paths(graph, instance.problem.origin) as usize
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

/// A positive number of seconds, as clap reads it.
fn seconds(text: &str) -> Result<f64, String> {
    let parsed: f64 = text.parse().map_err(|error| format!("{error}"))?;
    if parsed > 0.0 && parsed < 1e6 { Ok(parsed) } else { Err("give a positive number of seconds".into()) }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_of_odd_and_even_counts() {
        assert_eq!((median(&mut [3.0, 1.0, 2.0]), median(&mut [4.0, 1.0, 2.0, 3.0])), (2.0, 2.5));
    }
}
