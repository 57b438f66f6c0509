//! Draws one maze problem by name, its path, and what is hard about it: `cargo run -p searchlens-tasks --example
//! a_maze`.

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use searchlens_formats::draw::{Drawing, ascii};
use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::difficulty::measure::{forks, lookahead};
use searchlens_tasks::difficulty::policy::{Decisions, Policy};
use searchlens_tasks::mazes::config::MazeConfig;
use searchlens_tasks::mazes::generators::Generator;
use searchlens_tasks::splits::Split;
use searchlens_tasks::task::Task;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let maze = MazeConfig::new(Generator::dfs(), 7, 7)?;
    let task = Task::new(TaskConfig::Maze(maze))?;
    task.check_split(Split::Test)?;

    // Seed, split and index name a problem for ever.
    let (instance, field) = task.solved_instance(1, Split::Test, 3);
    let (problem, path) = (&instance.problem, &instance.path);
    println!("{}", ascii(&Drawing::of(&instance).ok_or("not a maze")?));
    println!(
        "class {}, {} steps, {} shortest path(s)",
        instance.class,
        path.len() - 1,
        field.count_paths(&problem.graph, problem.origin)
    );
    for index in forks(&problem.graph, path) {
        println!("fork at step {index}: one must look {} steps ahead", lookahead(&problem.graph, path, index));
    }
    let decisions = Decisions::of(problem, &field);
    for policy in [Policy::Random, Policy::Greedy, Policy::KLookahead(4)] {
        println!("{policy:?} finds the way with chance {:.3}", decisions.exact_probability(policy));
    }
    Ok(())
}
