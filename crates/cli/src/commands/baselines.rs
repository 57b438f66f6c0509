//! `searchlens baselines`: what a task's problems are like, and what walkers that do not search score on them.

use anyhow::Context;
use clap::Args;
use searchlens::tasks::baselines::{Baselines, baselines};
use searchlens::tasks::split::Split;

use crate::args::{TaskArgs, needed};
use crate::cli::Common;
use crate::output::{print, print_json};

/// Score walkers that do not search
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, group = needed())]
pub(crate) struct BaselinesArgs {
    #[command(flatten)]
    task: TaskArgs,
    /// train, validation or test; problems of all splits if absent
    #[arg(long)]
    split: Option<String>,
    /// On how many problems
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,
    /// Print the numbers as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "A walker never turns back. Its score is the chance, computed and not drawn, that it walks a shortest path: `random` takes
any way on, `greedy` heads for the target, `k-lookahead` sees k steps ahead and is greedy beyond. `floor` is what a perfect
solver still loses because one of several right answers was drawn. On labelled graphs, shortcuts name a goal without
reading labels.

Example:
  searchlens baselines --maze dfs --rows 5 --cols 5 --count 100000 --json";

pub(crate) fn run(args: BaselinesArgs, common: &Common) -> anyhow::Result<()> {
    let split = args.split.map(|name| name.parse::<Split>()).transpose()?;
    let task = args.task.task()?;
    split.map_or(Ok(()), |split| task.check_split(split))?;
    let threads = common.workers()?.threads();
    let result = baselines(&task, common.seed(), split, args.count, threads);
    if args.json { print_json(&result) } else { print(table(&result)).context("baselines") }
}

fn table(result: &Baselines) -> String {
    let mut lines = vec![
        format!("problems              {:>9}", result.n),
        format!("path, mean            {:>9.3} cells", result.mean_path_cells),
        format!("forks, mean           {:>9.3}", result.mean_forks),
        format!("random, a step        {:>9.4}", result.per_token_random),
        format!("random, whole path    {:>9.4}", result.exact.random),
        format!("greedy, whole path    {:>9.4}", result.exact.greedy),
    ];
    lines.extend(result.exact.k_lookahead.iter().map(|(k, score)| format!("{k:>2}-lookahead          {score:>9.4}")));
    if let Some(floor) = &result.entropy_floor {
        lines.push(format!("floor, whole path     {:>9.4} nats", floor.path));
        lines.push(format!("floor, first step     {:>9.4} nats", floor.first_step));
    }
    lines.extend(result.shortcuts.iter().map(|(shortcut, score)| format!("{:<21} {score:>9.4}", shortcut.name())));
    lines.join("\n")
}
