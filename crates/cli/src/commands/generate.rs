//! `searchlens generate`: draws problems and writes them with their solutions.

use std::path::PathBuf;

use clap::Args;
use rayon::prelude::*;
use searchlens::base::text::{listed, near_names};
use searchlens::formats::files::{Entry, Source};
use searchlens::tasks::sets::filter::{Filter, Weighted, apply};
use searchlens::tasks::splits::Split;

use crate::args::{TaskArgs, generator_help, task_required};
use crate::error::{InputError, Result};
use crate::global::GlobalArgs;
use crate::input::BLOCK;
use crate::problem_file::{EncodedProblem, ProblemFile};

/// Generate problems, each with a solution and its symmetry class
#[derive(Debug, Args)]
#[command(after_help = format!("{}\n\n{EXAMPLES}", generator_help()), group = task_required())]
pub(crate) struct GenerateArgs {
    /// Draw only from this split: train, validation or test [default: all]
    #[arg(long)]
    split: Option<String>,
    /// Draw only problems whose every path crosses the avoid set; the stored solution has the fewest violations (labelled
    /// graphs with `avoid`)
    #[arg(long, requires = "split", conflicts_with = "filter")]
    forced: bool,
    /// Number of problems to draw
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    count: u64,
    /// Filter the drawn problems; may be repeated, and filters apply in order:
    /// path_length=8.. start_end_distance=3.. lookahead=1..4 cut_percentile_shortest=10 truncate_count=100
    /// remove_duplicates=maze|problem|maze_class|problem_class balance_lookahead=1..8
    #[arg(long, value_name = "NAME=VALUE", value_parser = filter)]
    filter: Vec<Filter>,
    /// Output file; its ending selects the format: .jsonl .parquet .npz .zanj .cat.zanj .shard, DIR/ for a Hugging Face data
    /// set, or - for JSON lines on standard output. Its header records how the problems were drawn; for .jsonl the header is
    /// FILE.jsonl.header.json
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    #[command(flatten)]
    task: TaskArgs,
}

const EXAMPLES: &str =
    "The same seed, split and index give the same problem on every machine, with any number of threads.

Examples:
  searchlens generate --maze dfs --rows 5 --cols 5 --split test --count 1000 --out test.jsonl
  searchlens generate --maze dfs_percolation --p 0.1 --rows 7 --cols 7 --path-length 10.. \\
      --count 3 | searchlens show
  searchlens generate --maze dfs --rows 7 --cols 7 --count 10000 --filter remove_duplicates=maze \\
      --out mazes.jsonl
  searchlens generate --maze dfs --rows 7 --cols 7 --count 100000 --out mazes/
  searchlens generate --task run/config.toml --count 3 | searchlens show
  searchlens generate --task labelled.toml --split test --forced --count 1000 --out forced.jsonl";

pub(crate) fn run(args: GenerateArgs, global: &GlobalArgs) -> Result<()> {
    let split = args.split.map(|name| name.parse::<Split>()).transpose()?;
    let task = args.task.task()?;
    split.map_or(Ok(()), |split| task.check_split(split))?;
    let seed = global.seed();
    let instance = |index: u64| match split {
        Some(split) if args.forced => {
            let forced = task.unavoidable_instance(seed, split, index);
            forced.ok_or_else(|| InputError::NeverForced { task: task.config().name() })
        }
        Some(split) => Ok(task.instance(seed, split, index)),
        None => Ok(task.natural_instance(seed, index).0),
    };
    let (indices, filters) = ([0, args.count], args.filter.clone());
    let source = Source { task: task.config().clone(), seed, split, forced: args.forced, indices, filters };
    let workers = global.workers()?;
    if !args.filter.is_empty() {
        // Filters apply to the whole set, so it is held in memory.
        let drawn: Vec<Weighted> = workers.run(|| {
            (0..args.count).into_par_iter().map(|i| instance(i).map(Weighted::from)).collect::<Result<_, _>>()
        })?;
        let filtered = apply(&args.filter, drawn)?;
        if filtered.is_empty() && args.count > 0 {
            eprintln!("note: the filters removed all {} problems; relax them or draw more problems", args.count);
        }
        let mut file = ProblemFile::create(&args.out)?;
        for (i, problem) in filtered.iter().enumerate() {
            let entry = Entry::of(&problem.instance, problem.weight);
            let problem = EncodedProblem::new(file.encoding(), i as u64 + 1, &entry);
            file.write(problem.map_err(|fault| fault.at(&args.out))?)?;
        }
        return file.finish(Some(source), format_args!(" of {} drawn", args.count));
    }
    let mut file = ProblemFile::create(&args.out)?;
    let encoding = file.encoding();
    let encoded = |i: u64| -> Result<EncodedProblem> {
        EncodedProblem::new(encoding, i + 1, &Entry::of(&instance(i)?, 1.0)).map_err(|fault| fault.at(&args.out).into())
    };
    let mut begin = 0;
    while begin < args.count {
        let end = args.count.min(begin + BLOCK);
        let problems: Vec<_> = workers.run(|| (begin..end).into_par_iter().map(encoded).collect());
        problems.into_iter().try_for_each(|problem| file.write(problem?))?;
        begin = end;
    }
    file.finish(Some(source), format_args!(""))
}

fn count(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_no_number| "expected a whole number of at least 0".to_owned())
}

/// Parses `NAME=VALUE`; the value is written as in a config file, without quotation marks.
fn filter(text: &str) -> Result<Filter, String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE, such as path_length=8..")?;
    if !Filter::NAMES.contains(&name) {
        let near = near_names(name, Filter::NAMES);
        return Err(format!("unknown filter `{name}`{near}; known: {}", listed(Filter::NAMES)));
    }
    let value: serde_json::Value = value.parse().unwrap_or_else(|_not_json| value.into());
    serde_json::from_value(serde_json::json!({ name: value })).map_err(|error| error.to_string())
}
