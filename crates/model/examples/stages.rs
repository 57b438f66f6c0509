//! Where the time of a training step on the tile unit goes: `cargo run --release -p searchlens-model --example stages [s]`.
#![expect(clippy::print_stdout, reason = "an example shows what it finds")]

use rand::{RngExt, SeedableRng};
use searchlens_model::Model;
use searchlens_model::config::ModelConfig;
use searchlens_model::kernels::tier::Precision;
use searchlens_model::optimiser::{AdamW, Moments};
use searchlens_model::params::ParamGroup;
use searchlens_model::tiled::profile::Stage;
use searchlens_model::train::{Group, Trainer, group_size};
use searchlens_model::workers::Workers;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (layers, width, heads, seq, n_seq) = match std::env::args().nth(1).as_deref() {
        Some("xs") => (4, 64, 4, 128, 64),
        Some("p") => (4, 128, 4, 56, 256),
        Some("q") => (4, 128, 4, 40, 256),
        Some("m") => (8, 256, 8, 256, 32),
        _ => (6, 128, 4, 256, 32),
    };
    let threads: usize = std::env::args().nth(2).map_or(Ok(2), |n| n.parse())?;
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let model = Model::init(ModelConfig::new(layers, width, heads, 80, seq), &mut rng);
    let tokens: Vec<u32> = (0..n_seq * seq).map(|_| rng.random_range(0..80)).collect();
    let groups: Vec<Group> = tokens
        .chunks(group_size(seq) * seq)
        .map(|t| Group { tokens: t.to_vec(), seq, weights: vec![1.0; t.len() / seq * (seq - 1)] })
        .collect();
    let adamw =
        AdamW { beta1: 0.9, beta2: 0.98, eps: 1e-8, weight_decay: 0.01, decay: vec![ParamGroup::Mlp], clip: None };
    let moments = Moments::new(model.params.len());
    let mut trainer = Trainer::new(model, adamw, Vec::new(), moments, None).with_precision(Precision::fastest())?;
    let workers = Workers::new(Some(threads), true)?;
    let mut times = Vec::new();
    for _ in 0..3 {
        trainer.step(&groups, 1e-4, &workers)?;
    }
    let before = trainer.profile();
    let n = 20;
    for _ in 0..n {
        let begun = Instant::now();
        trainer.step(&groups, 1e-4, &workers)?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    println!("{} groups; median {:.1} ms, least {:.1}", groups.len(), times[n / 2], times[0]);
    if let (Some(before), Some(after)) = (before, trainer.profile()) {
        let mut all = 0.0;
        for stage in Stage::ALL {
            let ms = (after[stage as usize] - before[stage as usize]) as f64 / 1e6 / n as f64 / threads as f64;
            all += ms;
            println!("{:>20} {ms:6.2} ms", format!("{stage:?}"));
        }
        println!("{:>20} {all:6.2} ms", "together");
    }
    Ok(())
}
