//! `searchlens count`: how many mazes a generator can make, exactly.

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
    #[command(flatten)]
    maze: MazeArgs,
    /// Count mazes that turning and mirroring make alike as one
    #[arg(long)]
    up_to_symmetry: bool,
    /// Count problems: mazes with a start and another cell as end, any two that are joined
    #[arg(long)]
    problems: bool,
    /// Print {"mazes":\"..\","classes":\"..\"}, decimal strings; classes is null where only listing all mazes would tell; with
    /// --problems, "problems" and "problem_classes" too
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  searchlens count --maze wilson --rows 7 --cols 7
  searchlens count --maze dfs --rows 4 --cols 4 --up-to-symmetry --json
  searchlens count --maze dfs --do-forks false --rows 5 --cols 5 --problems";

#[derive(Serialize)]
struct Line {
    mazes: String,
    classes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problems: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem_classes: Option<Option<String>>,
}

pub(crate) fn run(args: CountArgs) -> Result<()> {
    let maze = args.maze.config()?.expect("clap asks for --maze, --rows and --cols");
    let Counts { mazes, classes, problems, problem_classes } = count(&maze)?;
    if args.json {
        return print_json(&Line {
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
            "unknown: classes are counted by listing all mazes, which ends at {MAX_LISTED_CELLS} cells"
        )),
    }
}
