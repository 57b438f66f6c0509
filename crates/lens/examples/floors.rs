//! Prints what corridor-following gets right about the k-th cell of the path, without planning.
//!
//! `cargo run --release -p searchlens-lens --example floors -- [SIDE] [PROBLEMS]`

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use searchlens_lens::corridor::{ForkChoice, Given, MazeBlind, walker_hits};
use searchlens_tasks::config::{MazeConfig, TaskConfig};
use searchlens_tasks::generators::Generator;
use searchlens_tasks::task::{Instance, Task};

const K_MAX: usize = 8;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let side: usize = arguments.next().map_or(Ok(5), |a| a.parse())?;
    let n: u64 = arguments.next().map_or(Ok(20_000), |a| a.parse())?;
    let maze = MazeConfig::new(Generator::dfs(), side, side)?;
    let task = Task::new(TaskConfig::Maze(maze))?;
    let draw = |range: std::ops::Range<u64>| range.map(|i| task.natural_instance(1, i).0).collect::<Vec<_>>();
    let (problems, training) = (draw(0..n), draw(n..2 * n));

    println!("share of k-th cells known, k = 1..{K_MAX}, {n} mazes of {side}x{side} (depth-first search)");
    let walker = |given, choice| {
        move |i: &Instance| walker_hits(&i.problem, &i.path, given, choice, K_MAX).expect("a path on a lattice")
    };
    show("B greedy from the origin", &problems, walker(Given::Origin, ForkChoice::Greedy));
    show("E given step 1, chance at forks", &problems, walker(Given::FirstStep, ForkChoice::Random));
    show("F given step 1, greedy at forks", &problems, walker(Given::FirstStep, ForkChoice::Greedy));
    for (name, given) in [("A maze-blind", Given::Origin), ("D maze-blind, given step 1", Given::FirstStep)] {
        let blind = MazeBlind::learn(training.iter().map(|i| &i.path[..]), given);
        show(name, &problems, |i| blind.hits(&i.path, K_MAX).into_iter().map(|hit| f64::from(u8::from(hit))).collect());
    }
    Ok(())
}

/// Mean of the k-th values over the problems that have a k-th step.
fn show(name: &str, problems: &[Instance], hits: impl Fn(&Instance) -> Vec<f64>) {
    let (mut sums, mut counts) = ([0.0; K_MAX], [0.0; K_MAX]);
    for row in problems.iter().map(hits) {
        for (k, hit) in row.into_iter().enumerate() {
            sums[k] += hit;
            counts[k] += 1.0;
        }
    }
    let means: Vec<String> = (0..K_MAX).map(|k| format!("{:.3}", sums[k] / counts[k])).collect();
    println!("{name:<32} {}", means.join(" "));
}
