//! `searchlens count`: how many mazes a generator can make, exactly.

use clap::{ArgGroup, Args};
use searchlens::tasks::count::{MAX_LISTED_CELLS, count};
use serde::Serialize;

use crate::args::MazeArgs;
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
    /// Print {"mazes":\"..\","classes":\"..\"}, decimal strings; classes is null where only listing all mazes would tell
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  searchlens count --maze wilson --rows 7 --cols 7
  searchlens count --maze dfs --rows 4 --cols 4 --up-to-symmetry --json";

#[derive(Serialize)]
struct Line {
    mazes: String,
    classes: Option<String>,
}

pub(crate) fn run(args: CountArgs) -> anyhow::Result<()> {
    let maze = args.maze.config()?.expect("clap asks for --maze, --rows and --cols");
    let counts = count(&maze)?;
    if args.json {
        return print_json(&Line {
            mazes: counts.mazes.to_string(),
            classes: counts.classes.map(|classes| classes.to_string()),
        });
    }
    match (args.up_to_symmetry, counts.classes) {
        (false, _) => print(counts.mazes),
        (true, Some(classes)) => print(classes),
        (true, None) => print(format_args!(
            "unknown: classes are counted by listing all mazes, which ends at {MAX_LISTED_CELLS} cells"
        )),
    }
}
