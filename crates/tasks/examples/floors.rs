//! Prints the corridor-following floors: how much of the k-th path cell is known without planning.
//!
//! `cargo run --release -p searchlens-tasks --example floors -- [SIDE] [PROBLEMS]`

#![expect(clippy::print_stdout, reason = "an example prints its result")]

use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::mazes::config::MazeConfig;
use searchlens_tasks::mazes::generators::Generator;
use searchlens_tasks::sets::floors::future_floors;
use searchlens_tasks::task::Task;

const K_MAX: usize = 8;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let side: usize = arguments.next().map_or(Ok(5), |a| a.parse())?;
    let n: u64 = arguments.next().map_or(Ok(20_000), |a| a.parse())?;
    let maze = MazeConfig::new(Generator::dfs(), side, side)?;
    let task = Task::new(TaskConfig::Maze(maze))?;
    let floors = future_floors(&task, 1, n, n, K_MAX).ok_or("mazes have geometry")?;

    println!("share of k-th cells known, k = 1..{K_MAX}, {n} mazes of {side}x{side} (depth-first search)");
    for (name, shares) in [
        ("A maze-blind", &floors.maze_blind),
        ("B greedy from the origin", &floors.greedy),
        ("D maze-blind, given step 1", &floors.maze_blind_given_first),
        ("E given step 1, chance at forks", &floors.corridor_random),
        ("F given step 1, greedy at forks", &floors.corridor_greedy),
    ] {
        let shares: Vec<String> = shares.iter().map(|share| format!("{share:.3}")).collect();
        println!("{name:<32} {}", shares.join(" "));
    }
    Ok(())
}
