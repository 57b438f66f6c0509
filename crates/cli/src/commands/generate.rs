//! `searchlens generate`: problems, solved, one a line.

use std::path::{Path, PathBuf};

use clap::Args;
use rayon::prelude::*;
use searchlens::tasks::record::MazeRecord;
use searchlens::tasks::split::Split;
use searchlens::tasks::task::Instance;

use crate::args::{TaskArgs, generators, needed};
use crate::cli::Common;
use crate::error::InputError;
use crate::input::BLOCK;
use crate::output::{Output, print};

/// Draw problems and write them, each with a solution and its symmetry class
#[derive(Debug, Args)]
#[command(after_help = format!("{}\n\n{EXAMPLES}", generators()), group = needed())]
pub(crate) struct GenerateArgs {
    #[command(flatten)]
    task: TaskArgs,
    /// train, validation or test; problems of all splits if absent
    #[arg(long)]
    split: Option<String>,
    /// How many problems
    #[arg(long, value_name = "N")]
    count: u64,
    /// Where to write them; the format goes by the ending: .jsonl, or - for JSON lines on standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
}

const EXAMPLES: &str =
    "The same seed, split and index give the same problem on every machine, with any number of threads.

Examples:
  searchlens generate --maze dfs --rows 5 --cols 5 --split test --count 1000 --seed 1 --out test.jsonl
  searchlens generate --maze dfs_percolation --p 0.1 --rows 7 --cols 7 --path-length 10.. --count 3 | searchlens show
  searchlens generate --task run/config.toml --count 3 | searchlens show";

pub(crate) fn run(args: GenerateArgs, common: &Common) -> anyhow::Result<()> {
    check_ending(&args.out)?;
    let split = args.split.map(|name| name.parse::<Split>()).transpose()?;
    let task = args.task.task()?;
    split.map_or(Ok(()), |split| task.check_split(split))?;
    let seed = common.seed();
    let instance = |index: u64| match split {
        Some(split) => task.instance(seed, split, index),
        None => task.natural_instance(seed, index).0,
    };
    let workers = common.workers()?;
    let mut output = Output::create(&args.out)?;
    let mut begin = 0;
    while begin < args.count {
        let end = args.count.min(begin + BLOCK);
        let lines: Vec<String> = workers.run(|| (begin..end).into_par_iter().map(|i| line(&instance(i))).collect());
        lines.into_iter().try_for_each(|line| output.write_line(line))?;
        begin = end;
    }
    output.finish()?;
    if args.out == Path::new("-") {
        return Ok(());
    }
    let out = args.out.display();
    print(format_args!("wrote {} problems to {out}; draw them: searchlens show {out}", args.count))
}

fn line(instance: &Instance) -> String {
    MazeRecord::of(instance).expect("all tasks draw mazes").to_line(instance.class)
}

fn check_ending(path: &Path) -> Result<(), InputError> {
    if path == Path::new("-") || path.extension().is_some_and(|ending| ending == "jsonl") {
        return Ok(());
    }
    let ending = path.extension().map_or("(none)".to_owned(), |ending| format!(".{}", ending.display()));
    Err(InputError::Ending { path: path.to_owned(), ending })
}
