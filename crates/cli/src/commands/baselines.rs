//! `searchlens baselines`: scores of policies that do not search, and difficulty of a task.

use clap::Args;
use searchlens::tasks::sets::baselines::{Baselines, baselines};
use searchlens::tasks::sets::floors::{FutureFloors, future_floors};
use searchlens::tasks::sets::leakage::{Leakage, random_split};
use searchlens::tasks::splits::Split;
use serde::Serialize;

use crate::args::{TaskArgs, task_required};
use crate::error::{InputError, Result};
use crate::global::GlobalArgs;
use crate::output::{print, print_json};

/// Score policies that do not search
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, group = task_required())]
pub(crate) struct BaselinesArgs {
    /// Use only problems of this split: train, validation or test [default: all]
    #[arg(long)]
    split: Option<String>,
    /// Number of problems
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,
    /// Also score predictions of the first K path steps that need no planning (see below)
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u16).range(1..=1000), conflicts_with = "split")]
    future_steps: Option<u16>,
    /// Also measure leakage: the share of --count test problems that are seen in training under a random split with this
    /// many training problems
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000_000), conflicts_with = "split")]
    random_split: Option<u64>,
    /// Print the numbers as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    task: TaskArgs,
}

/// Training problems for each scored problem, for predictions that are fitted.
const TRAIN_RATIO: u64 = 30;

/// The baselines and the optional measurements.
#[derive(Serialize)]
struct Output {
    #[serde(flatten)]
    baselines: Baselines,
    #[serde(skip_serializing_if = "Option::is_none")]
    future_steps: Option<FutureFloors>,
    #[serde(skip_serializing_if = "Option::is_none")]
    random_split: Option<Leakage>,
}

const EXAMPLES: &str = "A policy never turns back. Its score is the exact probability that it follows a shortest path: \
`random` takes any onward passage, `greedy` moves towards the target, `k-lookahead` sees k steps ahead and is greedy beyond. \
`floor` is the loss that even a perfect solver has where several shortest paths exist. On labelled graphs, shortcuts pick a \
goal without reading the labels.

Predictions of --future-steps: A from start and target alone, D the same given step 1 (both fitted on 30 times as many \
problems); B greedy; E and F along the corridor given step 1, random (E) or greedy (F) at forks.

Examples:
  searchlens baselines --maze dfs --rows 5 --cols 5 --count 100000 --json
  searchlens baselines --maze dfs --rows 5 --cols 5 --count 20000 --future-steps 8
  searchlens baselines --maze wilson --rows 4 --cols 4 --count 4000 --random-split 100000";

pub(crate) fn run(args: BaselinesArgs, global: &GlobalArgs) -> Result<()> {
    let split = args.split.map(|name| name.parse::<Split>()).transpose()?;
    let task = args.task.task()?;
    split.map_or(Ok(()), |split| task.check_split(split))?;
    let threads = global.workers()?.threads();
    let (seed, count) = (global.seed(), args.count);
    let future_steps = match args.future_steps {
        None => None,
        Some(k) => {
            let floors = future_floors(&task, seed, count, TRAIN_RATIO.saturating_mul(count), k.into());
            Some(floors.ok_or(InputError::NoGeometry { flag: "--future-steps" })?)
        }
    };
    let random_split = args.random_split.map(|train| random_split(&task, seed, train, count, threads));
    let baselines = baselines(&task, seed, split, count, threads);
    let output = Output { baselines, future_steps, random_split };
    if args.json { print_json(&output) } else { print(table(&output)) }
}

fn table(Output { baselines: result, future_steps, random_split }: &Output) -> String {
    let mut lines = vec![
        format!("problems              {:>9}", result.n),
        format!("mean path length      {:>9.3} cells (nodes)", result.mean_path_cells),
        format!("mean forks            {:>9.3}", result.mean_forks),
        format!("random, per step      {:>9.4}", result.per_token_random),
        format!("random, whole path    {:>9.4}", result.exact.random),
        format!("greedy, whole path    {:>9.4}", result.exact.greedy),
    ];
    lines.extend(result.exact.k_lookahead.iter().map(|(k, score)| format!("{k:>2}-lookahead          {score:>9.4}")));
    lines.push(format!("floor, whole path     {:>9.4} nats", result.entropy_floor.path));
    lines.push(format!("floor, first step     {:>9.4} nats", result.entropy_floor.first_step));
    lines.extend(result.shortcuts.iter().map(|(shortcut, score)| format!("{:<21} {score:>9.4}", shortcut.name())));
    if let Some(floors) = future_steps {
        let FutureFloors { maze_blind, greedy, maze_blind_given_first, corridor_random, corridor_greedy, .. } = floors;
        lines.push("accuracy at path steps 1, 2, ...".to_owned());
        for (name, shares) in [
            ("A start and target", maze_blind),
            ("B greedy", greedy),
            ("D A given step 1", maze_blind_given_first),
            ("E corridor, random", corridor_random),
            ("F corridor, greedy", corridor_greedy),
        ] {
            let shares: Vec<String> = shares.iter().map(|share| format!("{share:.3}")).collect();
            lines.push(format!("{name:<22}{:>9}", shares.join(" ")));
        }
    }
    if let Some(Leakage { train, maze, problem, maze_up_to_symmetry, problem_up_to_symmetry, .. }) = random_split {
        lines.push(format!("share of test items seen in training, random split with {train} training problems"));
        for (name, share) in [
            ("maze", maze),
            ("problem", problem),
            ("maze, up to symmetry", maze_up_to_symmetry),
            ("problem, up to symmetry", problem_up_to_symmetry),
        ] {
            lines.push(format!("{name:<24}{share:>7.4}"));
        }
    }
    lines.join("\n")
}
