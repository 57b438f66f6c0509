//! `searchlens bench problems`: how fast problems are drawn.

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

use super::{median, seconds};
use crate::args::TaskArgs;
use crate::cli::Common;
use crate::error::Result;
use crate::output::{print, print_json};

/// Time the drawing of problems, each in full: stream, split, path, all optimal successors, number of shortest paths
#[derive(Debug, Args)]
#[command(
    after_help = "Without --task and --maze: dfs mazes of 7×7. Prints the median of rates measured one after the other, problems
a second.

Examples:
  searchlens bench problems --threads 1
  searchlens bench problems --maze wilson --rows 20 --cols 20 --threads 1 --json"
)]
pub(super) struct ProblemsArgs {
    #[command(flatten)]
    task: TaskArgs,
    /// For how long
    #[arg(long, default_value_t = 5.0, value_parser = seconds)]
    seconds: f64,
    /// Print the numbers as JSON
    #[arg(long)]
    json: bool,
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

pub(super) fn run(args: ProblemsArgs, common: &Common) -> Result<()> {
    let json = args.json;
    let times = time_problems(args, &common.workers()?, common.seed())?;
    if json {
        return print_json(&times);
    }
    let ProblemTimes { task, items_per_s, ns_per_cell, threads, .. } = times;
    let cells = ns_per_cell.map_or(String::new(), |ns| format!(", {ns:.1} ns a cell"));
    print(format_args!("{task}: {items_per_s:.0} problems/s{cells} on {threads} thread(s)"))
}

/// Problems that a worker draws between two looks at what is left to do: few, so that none waits long for another at the end.
const PROBLEMS_AT_ONCE: usize = 16;

/// Problems for each worker between two looks at the clock, before which all wait for the last.
const PROBLEMS_TO_THE_CLOCK: usize = 4096;

/// But at least so many blocks of [`PROBLEMS_AT_ONCE`] for each: else the last of large problems would keep others waiting.
const LEAST_BLOCKS: usize = 32;

/// Rates are measured so many times.
const ROUNDS: u32 = 5;

fn time_problems(args: ProblemsArgs, workers: &Workers, seed: u64) -> Result<ProblemTimes> {
    let config = match args.task.config()? {
        Some(config) => config,
        None => TaskConfig::Maze(MazeConfig::new(Generator::dfs(), 7, 7)?),
    };
    let task = Task::new(config)?;
    task.check_split(Split::Train)?;
    let n_cells = task.lattice().map(Lattice::n_cells);
    // Large problems take their time: fewer of them between two looks.
    let fewer = 1 + n_cells.unwrap_or(0) / 64;
    let at_once = PROBLEMS_AT_ONCE.div_ceil(fewer);
    let n_blocks = PROBLEMS_TO_THE_CLOCK.div_ceil(fewer * at_once).max(LEAST_BLOCKS) * workers.threads();
    let limit = Duration::from_secs_f64(args.seconds) / ROUNDS;
    let mut n_drawn = 0;
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let (begun, first_drawn) = (Instant::now(), n_drawn);
        while n_drawn == first_drawn || begun.elapsed() < limit {
            let blocks = (0..n_blocks).into_par_iter().with_max_len(1).map(|block| {
                let first = n_drawn + block * at_once;
                (first..first + at_once).map(|index| in_full(&task, seed, index as u64)).sum::<usize>()
            });
            // The sum is looked at, so that nothing of the work can be left out.
            let n_successors: usize = workers.run(|| blocks.sum());
            assert!(n_successors > 0, "no problem had a way to its target");
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
