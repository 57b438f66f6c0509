//! `searchlens bench problems`: speed of drawing problems.

use std::time::{Duration, Instant};

use clap::Args;
use rayon::prelude::*;
use searchlens::model::workers::Workers;
use searchlens::tasks::config::TaskConfig;
use searchlens::tasks::mazes::config::MazeConfig;
use searchlens::tasks::mazes::generators::Generator;
use searchlens::tasks::problem::maze::Lattice;
use searchlens::tasks::splits::Split;
use searchlens::tasks::task::Task;
use serde::Serialize;

use super::timing::{median, seconds};
use crate::args::TaskArgs;
use crate::error::Result;
use crate::global::GlobalArgs;
use crate::output::{print, print_json};

/// Time drawing problems in full: maze, split, path, all optimal successors and the number of shortest paths
#[derive(Debug, Args)]
#[command(
    after_help = "The default task is 7×7 dfs mazes. Prints the median of consecutive measurements, in problems per second.

Examples:
  searchlens bench problems --threads 1
  searchlens bench problems --maze wilson --rows 20 --cols 20 --threads 1 --json"
)]
pub(super) struct ProblemsArgs {
    /// Duration of the measurement in seconds
    #[arg(long, default_value_t = 5.0, value_parser = seconds)]
    seconds: f64,
    /// Print the numbers as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    task: TaskArgs,
}

#[derive(Serialize)]
struct ProblemTimes {
    task: String,
    /// Median over the rounds.
    items_per_s: f64,
    /// Wall time per maze cell.
    ns_per_cell: Option<f64>,
    /// Problems per second in each round, ascending.
    rounds: Vec<f64>,
    threads: usize,
}

pub(super) fn run(args: ProblemsArgs, global: &GlobalArgs) -> Result<()> {
    let json = args.json;
    let times = time_problems(args, &global.workers()?, global.seed())?;
    if json {
        return print_json(&times);
    }
    let ProblemTimes { task, items_per_s, ns_per_cell, threads, .. } = times;
    let cells = ns_per_cell.map_or(String::new(), |ns| format!(", {ns:.1} ns per cell"));
    print(format_args!("{task}: {items_per_s:.0} problems/s{cells} on {threads} thread(s)"))
}

/// Problems per block, the unit of work of a worker: few, so that no worker waits long for the last.
const BLOCK: usize = 16;

/// Problems per worker between two readings of the clock, at which all workers wait for the last.
const PROBLEMS_PER_WORKER: usize = 4096;

/// Minimum number of blocks per worker, so that the last block of large problems does not keep the others waiting.
const MIN_BLOCKS: usize = 32;

/// Number of measurements.
const ROUNDS: u32 = 5;

fn time_problems(args: ProblemsArgs, workers: &Workers, seed: u64) -> Result<ProblemTimes> {
    let config = match args.task.config()? {
        Some(config) => config,
        None => TaskConfig::Maze(MazeConfig::new(Generator::dfs(), 7, 7)?),
    };
    let task = Task::new(config)?;
    task.check_split(Split::Train)?;
    let n_cells = task.lattice().map(Lattice::n_cells);
    // Large problems take longer, so blocks hold fewer of them.
    let fewer = 1 + n_cells.unwrap_or(0) / 64;
    let block_size = BLOCK.div_ceil(fewer);
    let n_blocks = PROBLEMS_PER_WORKER.div_ceil(fewer * block_size).max(MIN_BLOCKS) * workers.threads();
    let limit = Duration::from_secs_f64(args.seconds) / ROUNDS;
    let mut n_drawn = 0;
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let (begun, first_drawn) = (Instant::now(), n_drawn);
        while n_drawn == first_drawn || begun.elapsed() < limit {
            let blocks = (0..n_blocks).into_par_iter().with_max_len(1).map(|block| {
                let first = n_drawn + block * block_size;
                (first..first + block_size).map(|index| draw_and_solve(&task, seed, index as u64)).sum::<usize>()
            });
            // The sum is used, so that the compiler cannot remove the work.
            let n_successors: usize = workers.run(|| blocks.sum());
            assert!(n_successors > 0, "no problem has a path to its target");
            n_drawn += n_blocks * block_size;
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

/// Draws and solves a problem, and returns its number of optimal successors and shortest paths.
fn draw_and_solve(task: &Task, seed: u64, index: u64) -> usize {
    let (instance, field) = task.solved_instance(seed, Split::Train, index);
    let graph = &instance.problem.graph;
    let successors: usize = (0..graph.n_nodes()).map(|node| field.successors(graph, node).count()).sum();
    successors + field.count_paths(graph, instance.problem.origin) as usize
}
