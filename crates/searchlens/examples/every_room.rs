//! A small use of every crate, in the order in which data flows: `cargo run --release --example every_room [FOLDER]`.
//!
//! Without a folder, the run is written to a temporary one and deleted at the end.

#![expect(clippy::print_stdout, reason = "an example prints its results")]

use std::error::Error;
use std::time::Instant;

use searchlens::base::stream::{Purpose, stream};
use searchlens::formats::draw::{Drawing, unicode};
use searchlens::lens::activations::{SiteChoice, TokenBatch, activations};
use searchlens::lens::tensor::{Tensor, Tensors};
use searchlens::model::workers::Workers;
use searchlens::report::write_report;
use searchlens::runs::config::RunConfig;
use searchlens::runs::eval_set::EvalSet;
use searchlens::runs::evaluate::evaluate;
use searchlens::runs::folder::RunFolder;
use searchlens::runs::run::{Origin, Session, Start, train};
use searchlens::runs::setup::Parts;
use searchlens::tasks::splits::Split;
use searchlens::tokens::sequence::encoded::LossOn;
use searchlens::tokens::sequence::example::{EdgeOrder, Example};

const CONFIG: &str = r#"
[task.maze]
generator = "wilson"
rows = 3
cols = 3
[tokenizer]
name = "edges"
[model]
n_layers = 2
d_model = 32
n_heads = 2
[train]
steps = 200
batch_problems = 32
lr = 4e-3
warmup = 20
[eval]
problems = 200
every = 100
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let scratch = tempfile::tempdir()?;
    let folder = std::env::args_os().nth(1).map_or(scratch.path().join("run"), Into::into);
    let config = RunConfig::parse(CONFIG)?;
    let Parts { task, tokenizer, .. } = config.parts();

    // tasks: a problem of the test split, identified by seed, split and index.
    let instance = task.instance(1, Split::Test, 0);
    println!("{}", unicode(&Drawing::of(&instance).ok_or("not a maze")?));

    // tokens: its token sequence, with the edges shuffled.
    let example = Example::of_problem(&instance.problem, Some(&instance.path));
    let order = EdgeOrder::Shuffled(&mut stream(1, Purpose::Tokenize, 0));
    let encoded = tokenizer.encode(&example, order, LossOn::Path)?;
    let names: Vec<&str> = encoded.ids.iter().filter_map(|&id| tokenizer.vocab().name(id)).collect();
    println!("{}", names.join(" "));

    // model and runs: train, and evaluate on test problems.
    let workers = Workers::new(None, true)?;
    let origin = Origin {
        program_version: env!("CARGO_PKG_VERSION").into(),
        commit: "unknown".into(),
        machine: "unknown".into(),
    };
    let begun = Instant::now();
    let clock = || begun.elapsed().as_secs_f64();
    let session = Session { workers: &workers, origin: &origin, clock: &clock, stop: &|| false, progress: &mut |_| () };
    let outcome = train(&config, &folder, Start::Fresh, session)?;

    let set = EvalSet::draw(&task, &tokenizer, 1, Split::Test, 200, &workers);
    let scores = evaluate(&outcome.model, &tokenizer, &set, Some(outcome.step), &workers)?;
    RunFolder::at(&folder).write_result("eval", &scores)?;
    println!(
        "after {} steps, {:.2} of the answers are shortest paths; the greedy policy reaches {:.2}",
        outcome.step,
        scores.exact_path.value.unwrap_or(f64::NAN),
        scores.baselines.greedy.value.unwrap_or(f64::NAN)
    );

    // lens: what one head attends to, on the problem above.
    let seq = encoded.ids.len();
    let batch = TokenBatch { tokens: encoded.ids, n_seq: 1, seq, weights: vec![1.0; seq - 1] };
    let sites = SiteChoice::parse("pattern.1", &outcome.model)?;
    let read = activations(&outcome.model, &batch, &sites, false, &[], &Tensors::new(), &workers)?;
    let Tensor { shape, values: pattern } = &read.tensors["acts.blocks.1.attn.hook_pattern"];
    let path_start = names.iter().position(|name| *name == "PATH").ok_or("no path")?;
    let row = &pattern[path_start * seq..][..=path_start];
    let top = (0..=path_start).max_by(|&a, &b| row[a].total_cmp(&row[b])).ok_or("no keys")?;
    println!("{shape:?}: before the first step, head 0 of layer 1 attends most to {} ({:.2})", names[top], row[top]);

    // report: the run folder as an HTML page.
    let page = write_report(&folder, None)?.html;
    println!("report ({} kB): {}", std::fs::metadata(&page)?.len() / 1000, page.display());
    Ok(())
}
