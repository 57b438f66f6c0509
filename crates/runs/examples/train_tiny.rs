//! Trains a one-layer network on 4×3 mazes for a few seconds, then scores it on mazes of other symmetry classes.
//!
//! `cargo run --release -p searchlens-runs --example train_tiny [FOLDER]`

use std::time::Instant;

use searchlens_model::workers::Workers;
use searchlens_runs::config::RunConfig;
use searchlens_runs::eval_set::EvalSet;
use searchlens_runs::evaluate::evaluate;
use searchlens_runs::run::{Origin, Progress, Session, Start, train};
use searchlens_runs::setup::Parts;
use searchlens_tasks::splits::Split;

const CONFIG: &str = r#"
[task.maze]
generator = "dfs"
rows = 4
cols = 3
[tokenizer]
name = "edges"
[model]
n_layers = 1
d_model = 32
n_heads = 2
[train]
steps = 2000
batch_problems = 64
lr = 4e-3
warmup = 20
[eval]
problems = 200
every = 500
"#;

#[expect(clippy::print_stdout, reason = "an example prints its results")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scratch = tempfile::tempdir()?;
    let folder = std::env::args().nth(1).map_or(scratch.path().join("run"), Into::into);
    let config = RunConfig::parse(CONFIG)?;
    let workers = Workers::new(None, true)?;
    let origin = Origin {
        program_version: env!("CARGO_PKG_VERSION").into(),
        commit: "unknown".into(),
        machine: "unknown".into(),
    };
    let begin = Instant::now();
    let clock = || begin.elapsed().as_secs_f64();
    let mut progress = |event: Progress<'_>| {
        if let Progress::Evaluated { step, exact_path, .. } = event {
            println!(
                "step {step}: {:.0} % of the validation problems answered with a shortest path",
                100.0 * exact_path.value.unwrap_or(f64::NAN)
            );
        }
    };
    let session =
        Session { workers: &workers, origin: &origin, clock: &clock, stop: &|| false, progress: &mut progress };
    let outcome = train(&config, &folder, Start::Fresh, session)?;
    let Parts { task, tokenizer, .. } = config.parts();
    let set = EvalSet::draw(&task, &tokenizer, config.train().seed, Split::Test, 500, &workers);
    let result = evaluate(&outcome.model, &tokenizer, &set, Some(outcome.step), &workers)?;
    println!("test: {:?}\ngreedy, on the same problems: {:?}", result.exact_path, result.baselines.greedy);
    Ok(())
}
