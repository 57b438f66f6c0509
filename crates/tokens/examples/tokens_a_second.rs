//! How fast tokenizers write 7×7 mazes straight into batches, on one thread:
//! `cargo run --release -p searchlens-tokens --example tokens_a_second -- edges AOTP_UT_uniform`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Instant;

use searchlens_base::stream::{Purpose, stream};
use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::instance::Instance;
use searchlens_tasks::mazes::config::MazeConfig;
use searchlens_tasks::mazes::generators::Generator;
use searchlens_tasks::splits::Split;
use searchlens_tasks::task::Task;
use searchlens_tokens::sequence::batch::Rows;
use searchlens_tokens::sequence::encoded::LossOn;
use searchlens_tokens::sequence::example::{EdgeOrder, Example};
use searchlens_tokens::tokenizer::Tokenizer;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let maze = MazeConfig::new(Generator::dfs(), 7, 7)?;
    let task = Task::new(TaskConfig::Maze(maze.clone()))?;
    let instances: Vec<Instance> = (0..512).map(|index| task.instance(1, Split::Train, index)).collect();
    for name in std::env::args().skip(1) {
        let tokenizer = Tokenizer::from_name(&name, maze.lattice())?;
        let mut rows = Rows::new(&tokenizer, LossOn::Path, tokenizer.max_len(maze.max_passages()));
        let mut rates = Vec::new();
        for round in 0..201 {
            let begun = Instant::now();
            rows.clear();
            for (instance, index) in instances.iter().zip(512 * round..) {
                let mut order = stream(1, Purpose::Tokenize, index);
                rows.push(&Example::of_instance(instance), EdgeOrder::Shuffled(&mut order))?;
            }
            let tokens: usize = rows.batch().lengths.iter().sum();
            rates.push(tokens as f64 / begun.elapsed().as_secs_f64());
        }
        rates.sort_by(f64::total_cmp);
        println!("{:.1} M tokens/s, median of {} batches: {name}", rates[rates.len() / 2] / 1e6, rates.len());
    }
    Ok(())
}
