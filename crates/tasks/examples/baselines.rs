//! Prints the scores of policies that do not search on a task: `cargo run --release -p searchlens-tasks --example baselines -- dfs
//! 5 5 100000`.

#![expect(clippy::print_stdout, reason = "an example prints its result")]

use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::mazes::config::{MazeConfig, RawMazeConfig};
use searchlens_tasks::sets::baselines::baselines;
use searchlens_tasks::task::Task;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let mut next = |default: &str| args.next().unwrap_or_else(|| default.to_owned());
    let raw = RawMazeConfig::new(next("dfs"), next("5").parse()?, next("5").parse()?);
    let task = Task::new(TaskConfig::Maze(MazeConfig::try_from(raw)?))?;
    let result = baselines(&task, 0, None, next("10000").parse()?, 1);
    println!("{}", serde_json::to_string(&result)?);
    Ok(())
}
