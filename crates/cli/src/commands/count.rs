//! `searchlens count`: the exact number of mazes that a generator can make.

use clap::{ArgGroup, Args};
use searchlens::tasks::mazes::count::{Counts, MAX_LISTED_CELLS, count};
use serde::Serialize;

use crate::args::MazeArgs;
use crate::error::Result;
use crate::output::{print, print_json};

/// Count the mazes that a generator can make
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("mazes").args(["maze"]).required(true))]
pub(crate) struct CountArgs {
    /// Count mazes that are equal up to rotation and reflection as one
    #[arg(long)]
    up_to_symmetry: bool,
    /// Count problems instead of mazes: a maze with two different, connected cells as start and end
    #[arg(long)]
    problems: bool,
    /// Print {"mazes":"..","classes":".."} as decimal strings, with "problems" and "problem_classes" under --problems; classes
    /// are null if they can only be counted by listing too many mazes
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    maze: MazeArgs,
}

const EXAMPLES: &str = "Examples:
  searchlens count --maze wilson --rows 7 --cols 7
  searchlens count --maze dfs --rows 4 --cols 4 --up-to-symmetry --json
  searchlens count --maze dfs --do-forks false --rows 5 --cols 5 --problems";

#[derive(Serialize)]
struct Output {
    mazes: String,
    classes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problems: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem_classes: Option<Option<String>>,
}

pub(crate) fn run(args: CountArgs) -> Result<()> {
    let maze = args.maze.config()?.expect("clap requires --maze, --rows and --cols");
    let Counts { mazes, classes, problems, problem_classes } = count(&maze)?;
    if args.json {
        return print_json(&Output {
            mazes: mazes.to_string(),
            classes: classes.map(|classes| classes.to_string()),
            problems: args.problems.then(|| problems.to_string()),
            problem_classes: args.problems.then(|| problem_classes.map(|classes| classes.to_string())),
        });
    }
    let (all, classes) = if args.problems { (problems, problem_classes) } else { (mazes, classes) };
    match (args.up_to_symmetry, classes) {
        (false, _) => print(all),
        (true, Some(classes)) => print(classes),
        (true, None) => print(format_args!(
            "unknown: classes are counted by listing all mazes, which is done up to {MAX_LISTED_CELLS} cells"
        )),
    }
}
