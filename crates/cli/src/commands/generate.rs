//! `searchlens generate`: problems, solved, in files of any format.

use std::path::PathBuf;

use clap::Args;
use rayon::prelude::*;
use searchlens::base::text::{listed, near_names};
use searchlens::formats::files::{Entry, Source};
use searchlens::tasks::sets::filter::{Filter, Weighted, apply};
use searchlens::tasks::splits::Split;

use crate::args::{TaskArgs, generators, needed};
use crate::cli::Common;
use crate::error::{InputError, Result};
use crate::input::BLOCK;
use crate::problem_file::{Prepared, ProblemFile};

/// Draw problems and write them, each with a solution and its symmetry class
#[derive(Debug, Args)]
#[command(after_help = format!("{}\n\n{EXAMPLES}", generators()), group = needed())]
pub(crate) struct GenerateArgs {
    #[command(flatten)]
    task: TaskArgs,
    /// train, validation or test; problems of all splits if absent
    #[arg(long)]
    split: Option<String>,
    /// Of labelled graphs with a set to avoid: draw problems in which every way to the target set enters it; the solution is
    /// a way that enters it as seldom as any
    #[arg(long, requires = "split", conflicts_with = "filter")]
    forced: bool,
    /// How many problems to draw
    #[arg(long, value_name = "N", value_parser = whole, allow_negative_numbers = true)]
    count: u64,
    /// Keep only what a filter keeps of the problems drawn; may be given several times, and is applied in order:
    /// path_length=8.. start_end_distance=3.. lookahead=1..4 cut_percentile_shortest=10 truncate_count=100
    /// remove_duplicates=maze|problem|maze_class|problem_class balance_lookahead=1..8
    #[arg(long, value_name = "NAME=VALUE", value_parser = filter)]
    filter: Vec<Filter>,
    /// Where to write them; the format goes by the ending: .jsonl .parquet .npz .zanj .cat.zanj .shard, a folder for
    /// Hugging Face as DIR/, or - for JSON lines on standard output. How they were drawn is said in the file; that of
    /// .jsonl in FILE.header.json beside it
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
}

const EXAMPLES: &str =
    "The same seed, split and index give the same problem on every machine, with any number of threads.

Examples:
  searchlens generate --maze dfs --rows 5 --cols 5 --split test --count 1000 --seed 1 --out test.jsonl
  searchlens generate --maze dfs_percolation --p 0.1 --rows 7 --cols 7 --path-length 10.. --count 3 | searchlens show
  searchlens generate --maze dfs --rows 7 --cols 7 --count 10000 --filter remove_duplicates=maze --out mazes.jsonl
  searchlens generate --maze dfs --rows 7 --cols 7 --count 100000 --out mazes/
  searchlens generate --task run/config.toml --count 3 | searchlens show
  searchlens generate --task labelled.toml --split test --forced --count 1000 --out forced.jsonl";

pub(crate) fn run(args: GenerateArgs, common: &Common) -> Result<()> {
    let split = args.split.map(|name| name.parse::<Split>()).transpose()?;
    let task = args.task.task()?;
    split.map_or(Ok(()), |split| task.check_split(split))?;
    let seed = common.seed();
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
    let workers = common.workers()?;
    if !args.filter.is_empty() {
        // Filters look at whole sets: the problems are held in memory.
        let drawn: Vec<Weighted> = workers.run(|| {
            (0..args.count).into_par_iter().map(|i| instance(i).map(Weighted::from)).collect::<Result<_, _>>()
        })?;
        let kept = apply(&args.filter, drawn)?;
        if kept.is_empty() && args.count > 0 {
            eprintln!("note: of {} problems drawn the filters kept none; loosen them, or draw more", args.count);
        }
        let mut file = ProblemFile::create(&args.out)?;
        for (i, kept) in kept.iter().enumerate() {
            let entry = Entry::of(&kept.instance, kept.weight);
            let problem = Prepared::of(file.form(), i as u64 + 1, &entry);
            file.write(problem.map_err(|fault| fault.at(&args.out))?)?;
        }
        return file.finish(Some(source), format_args!(" of {} drawn", args.count));
    }
    let mut file = ProblemFile::create(&args.out)?;
    let form = file.form();
    let prepared = |i: u64| -> Result<Prepared> {
        Prepared::of(form, i + 1, &Entry::of(&instance(i)?, 1.0)).map_err(|fault| fault.at(&args.out).into())
    };
    let mut begin = 0;
    while begin < args.count {
        let end = args.count.min(begin + BLOCK);
        let problems: Vec<_> = workers.run(|| (begin..end).into_par_iter().map(prepared).collect());
        problems.into_iter().try_for_each(|problem| file.write(problem?))?;
        begin = end;
    }
    file.finish(Some(source), format_args!(""))
}

/// A number of problems, as clap reads it.
fn whole(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_no_number| "give a whole number, 0 or more".to_owned())
}

/// A filter, as clap reads it: `NAME=VALUE`, the value as in a config file, without quotation marks.
fn filter(text: &str) -> Result<Filter, String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE, such as path_length=8..")?;
    if !Filter::NAMES.contains(&name) {
        let near = near_names(name, Filter::NAMES);
        return Err(format!("there is no filter `{name}`{near}; available: {}", listed(Filter::NAMES)));
    }
    let value: serde_json::Value = value.parse().unwrap_or_else(|_not_json| value.into());
    serde_json::from_value(serde_json::json!({ name: value })).map_err(|error| error.to_string())
}
