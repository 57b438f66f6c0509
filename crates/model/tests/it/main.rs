//! The network against TransformerLens and PyTorch, against finite differences, and against itself.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![expect(clippy::print_stdout, reason = "a test says what it skips on this machine, and how far off the bounds it is")]

mod checkpoint;
mod differences;
mod generate;
mod golden;
mod tiers;
mod training;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use searchlens_model::Model;
use searchlens_model::config::{Activation, AttentionDir, ModelConfig, Normalization, PositionEmbedding};
use searchlens_model::kernels::tier::{Precision, Tier, available_tiers, force_tier, tier_for};

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Every variant of the architecture once, all dimensions distinct and odd where they may be.
fn architectures() -> Vec<(&'static str, ModelConfig)> {
    let base = ModelConfig { d_head: 5, d_mlp: 17, attn_scale: 5f64.sqrt(), ..ModelConfig::new(2, 9, 3, 13, 11) };
    let rotary = PositionEmbedding::Rotary { dim: 4, base: 100.0 };
    vec![
        ("gpt2", base.clone()),
        (
            "rotary rms relu",
            ModelConfig {
                positions: rotary,
                normalization: Normalization::RmsNorm,
                act_fn: Activation::Relu,
                ..base.clone()
            },
        ),
        (
            "bidirectional gelu",
            ModelConfig { attention_dir: AttentionDir::Bidirectional, act_fn: Activation::Gelu, ..base.clone() },
        ),
        (
            "attention only, no norm",
            ModelConfig { attn_only: true, normalization: Normalization::None, ..base.clone() },
        ),
        (
            "no positions, folded norm, rms at the end",
            ModelConfig {
                positions: PositionEmbedding::None,
                normalization: Normalization::LayerNormPre,
                final_rms: true,
                ..base.clone()
            },
        ),
        (
            "attention only, folded rms, own scale",
            ModelConfig { attn_only: true, normalization: Normalization::RmsNormPre, attn_scale: 0.7, ..base },
        ),
    ]
}

/// A network none of whose parameters is 0 or 1, so that every gradient path is exercised.
fn shaken(config: &ModelConfig, seed: u64) -> Model {
    let mut rng = rng(seed);
    let mut model = Model::init(config.clone(), &mut rng);
    for p in &mut model.params {
        *p += rng.random_range(-0.3..0.3);
    }
    model
}

/// Random tokens `[n_seq, seq]` and loss weights `[n_seq, seq − 1]`, some of them 0.
fn batch(config: &ModelConfig, n_seq: usize, seq: usize, seed: u64) -> (Vec<u32>, Vec<f32>) {
    let mut rng = rng(seed);
    let tokens = (0..n_seq * seq).map(|_| rng.random_range(0..config.d_vocab as u32)).collect();
    let weights = (0..n_seq * (seq - 1)).map(|_| if rng.random::<f32>() < 0.3 { 0.0 } else { rng.random() }).collect();
    (tokens, weights)
}

/// Runs `job` on a thread that is held to a tier.
fn held_to<R: Send>(tier: Tier, job: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| {
        let held = scope.spawn(|| {
            force_tier(tier).unwrap();
            job()
        });
        held.join().unwrap()
    })
}

/// Runs `job` held to each tier of the machine in turn.
fn on_each_tier<R: Send>(job: impl Fn(Tier) -> R + Sync) -> Vec<R> {
    available_tiers().into_iter().map(|tier| held_to(tier, || job(tier))).collect()
}

/// Runs `job` on each tier of the machine that has a unit of its own for bf16.
fn on_each_bf16_tier(job: impl Fn(Tier) + Sync) {
    for tier in [Tier::Amx, Tier::Avx512Bf16] {
        if available_tiers().contains(&tier) {
            held_to(tier, || {
                assert_eq!(tier_for(Precision::Bf16), Ok(tier));
                job(tier);
            });
        } else {
            println!("skipped: this machine has no tier {}", tier.name());
        }
    }
}
