//! How many problems a second one core makes, in full: own stream, split decided, path, all optimal successors of all
//! nodes, number of shortest paths.
//!
//! `cargo run --release -p searchlens-tasks --example throughput -- dfs 7 7` for mazes, `-- dag 41` for balanced graphs of
//! 41 vertices, `-- labelled 10` for labelled trees of 10 nodes, `-- FILE.toml` for anything else with a `[task]` table.

#![expect(clippy::print_stdout, reason = "an example prints its result")]

use std::time::Instant;

use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::splits::Split;
use searchlens_tasks::task::Task;

#[derive(serde::Deserialize)]
struct File {
    task: TaskConfig,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let mut next = |default: &str| args.next().unwrap_or_else(|| default.to_owned());
    let text = match next("dfs").as_str() {
        file if file.ends_with(".toml") => std::fs::read_to_string(file)?,
        "dag" => format!("[task.dag]\nkind = 'balanced'\nvertices = {}", next("41")),
        "labelled" => format!(
            "[task.labelled]\nbinning = {{ bins = 64 }}\nstructure = {{ tree = {{ nodes = {} }} }}\n\
             labels = {{ uniform = {{ low = [0.0], high = [1.0] }} }}\n\
             target = {{ interval = {{ low = 0.3, high = 0.5 }} }}",
            next("10")
        ),
        generator => format!("[task.maze]\ngenerator = '{generator}'\nrows = {}\ncols = {}", next("7"), next("7")),
    };
    let task = Task::new(toml::from_str::<File>(&text)?.task)?;
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
