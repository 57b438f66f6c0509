//! `searchlens baselines`: what a task's problems are like, and what walkers that do not search score on them.

use clap::Args;
use searchlens::tasks::sets::baselines::{Baselines, baselines};
use searchlens::tasks::sets::floors::{FutureFloors, future_floors};
use searchlens::tasks::sets::leakage::{Leakage, random_split};
use searchlens::tasks::splits::Split;
use serde::Serialize;

use crate::args::{TaskArgs, needed};
use crate::cli::Common;
use crate::error::{InputError, Result};
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
    /// How well the first K steps can be told without planning: maze-blind guesses (A; D given step 1), greedy (B), along
    /// corridors given step 1 (E by chance at forks, F greedy); guesses rest on thirty times as many problems
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u16).range(1..=1000), conflicts_with = "split")]
    future_steps: Option<u16>,
    /// What a random split with so many training problems leaks into --count test problems
    #[arg(long, value_name = "TRAIN", value_parser = clap::value_parser!(u64).range(1..=100_000_000), conflicts_with = "split")]
    random_split: Option<u64>,
    /// Print the numbers as JSON
    #[arg(long)]
    json: bool,
}

/// Training problems of the guesses, for each problem that is scored.
const TRAINING: u64 = 30;

/// The baselines, and what was asked for besides.
#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    baselines: Baselines,
    #[serde(skip_serializing_if = "Option::is_none")]
    future_steps: Option<FutureFloors>,
    #[serde(skip_serializing_if = "Option::is_none")]
    random_split: Option<Leakage>,
}

const EXAMPLES: &str = "A walker never turns back. Its score is the chance, computed and not drawn, that it walks a shortest path: `random` takes
any way on, `greedy` heads for the target, `k-lookahead` sees k steps ahead and is greedy beyond. `floor` is what a perfect
solver still loses because one of several right answers was drawn. On labelled graphs, shortcuts name a goal without
reading labels.

Examples:
  searchlens baselines --maze dfs --rows 5 --cols 5 --count 100000 --json
  searchlens baselines --maze dfs --rows 5 --cols 5 --count 20000 --future-steps 8
  searchlens baselines --maze wilson --rows 4 --cols 4 --count 4000 --random-split 100000";

pub(crate) fn run(args: BaselinesArgs, common: &Common) -> Result<()> {
    let split = args.split.map(|name| name.parse::<Split>()).transpose()?;
    let task = args.task.task()?;
    split.map_or(Ok(()), |split| task.check_split(split))?;
    let threads = common.workers()?.threads();
    let (seed, count) = (common.seed(), args.count);
    let future_steps = match args.future_steps {
        None => None,
        Some(k) => {
            let floors = future_floors(&task, seed, count, TRAINING.saturating_mul(count), k.into());
            Some(floors.ok_or(InputError::NoGeometry { flag: "--future-steps" })?)
        }
    };
    let random_split = args.random_split.map(|train| random_split(&task, seed, train, count, threads));
    let baselines = baselines(&task, seed, split, count, threads);
    let line = Line { baselines, future_steps, random_split };
    if args.json { print_json(&line) } else { print(table(&line)) }
}

fn table(Line { baselines: result, future_steps, random_split }: &Line) -> String {
    let mut lines = vec![
        format!("problems              {:>9}", result.n),
        format!("path, mean            {:>9.3} cells", result.mean_path_cells),
        format!("forks, mean           {:>9.3}", result.mean_forks),
        format!("random, a step        {:>9.4}", result.per_token_random),
        format!("random, whole path    {:>9.4}", result.exact.random),
        format!("greedy, whole path    {:>9.4}", result.exact.greedy),
    ];
    lines.extend(result.exact.k_lookahead.iter().map(|(k, score)| format!("{k:>2}-lookahead          {score:>9.4}")));
    lines.push(format!("floor, whole path     {:>9.4} nats", result.entropy_floor.path));
    lines.push(format!("floor, first step     {:>9.4} nats", result.entropy_floor.first_step));
    lines.extend(result.shortcuts.iter().map(|(shortcut, score)| format!("{:<21} {score:>9.4}", shortcut.name())));
    if let Some(floors) = future_steps {
        let FutureFloors { maze_blind, greedy, maze_blind_given_first, corridor_random, corridor_greedy, .. } = floors;
        for (name, shares) in [
            ("A origin, target", maze_blind),
            ("B greedy", greedy),
            ("D A and step 1", maze_blind_given_first),
            ("E corridor, chance", corridor_random),
            ("F corridor, greedy", corridor_greedy),
        ] {
            let shares: Vec<String> = shares.iter().map(|share| format!("{share:.3}")).collect();
            lines.push(format!("{name:<22}{:>9}", shares.join(" ")));
        }
    }
    if let Some(Leakage { train, maze, problem, maze_up_to_symmetry, problem_up_to_symmetry, .. }) = random_split {
        lines.push(format!("of a random split with {train} training problems, the share of test items seen"));
        for (name, share) in [
            ("maze", maze),
            ("problem", problem),
            ("maze, turned", maze_up_to_symmetry),
            ("problem, turned", problem_up_to_symmetry),
        ] {
            lines.push(format!("{name:<22}{share:>9.4}"));
        }
    }
    lines.join("\n")
}
