//! How many problems a second one core makes, in full: own stream, split decided, path, all optimal successors of all
//! cells, number of shortest paths. `cargo run --release -p searchlens-tasks --example throughput -- dfs 7 7`.

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use std::time::Instant;

use searchlens_tasks::config::{MazeConfig, RawMazeConfig, TaskConfig};
use searchlens_tasks::split::Split;
use searchlens_tasks::task::Task;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let mut next = |default: &str| args.next().unwrap_or_else(|| default.to_owned());
    let raw = RawMazeConfig::new(next("dfs"), next("7").parse()?, next("7").parse()?);
    let task = Task::new(TaskConfig::Maze(MazeConfig::try_from(raw)?))?;
    for split in [None, Some(Split::Train), Some(Split::Test)] {
        let (begun, mut n, mut successors, mut paths) = (Instant::now(), 0u64, 0usize, 0u128);
        while begun.elapsed().as_secs_f64() < 1.0 {
            for _ in 0..100 {
                let (instance, field) = match split {
                    Some(split) => task.solved_instance(1, split, n),
                    None => task.natural_instance(1, n),
                };
                let graph = &instance.problem.graph;
                successors += (0..graph.n_nodes()).map(|v| field.successors(graph, v).count()).sum::<usize>();
                paths += field.count_paths(graph, instance.problem.origin);
                n += 1;
            }
        }
        let name = split.map_or("any split", Split::name);
        println!(
            "{name}: {:.0} problems/s ({successors} successors, {paths} paths)",
            n as f64 / begun.elapsed().as_secs_f64()
        );
    }
    Ok(())
}
