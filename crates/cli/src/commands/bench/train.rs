//! `searchlens bench train`: speed of training steps, in total or by stage.

use std::time::Instant;

use clap::Args;
use searchlens::base::stream::{Purpose, below, stream};
use searchlens::model::Model;
use searchlens::model::config::ModelConfig;
use searchlens::model::kernels::tier::tier_for;
use searchlens::model::micro_batch::{MicroBatch, micro_batch_size};
use searchlens::model::optimiser::{AdamW, Moments};
use searchlens::model::params::ParamGroup;
use searchlens::model::train::{Trainer, TrainerOptions};
use serde::Serialize;

use super::profile::{self, StageTime};
use super::shape::{PrecisionArg, Shape, ShapeName};
use super::timing::{median, repeated, seconds};
use crate::error::Result;
use crate::global::GlobalArgs;
use crate::machine::{memory, peak_above};
use crate::output::{print, print_json};

/// Time training steps on random tokens, with loss at every position and the optimiser included
#[derive(Debug, Args)]
#[command(
    after_help = "Prints the median over steps, after a warm-up. Peak memory does not include what was resident once \
the network was built.

Examples:
  searchlens bench train --shape m --precision f32 --threads 2 --seconds 10 --json
  searchlens bench train --shape s --precision bf16 --profile"
)]
pub(super) struct TrainArgs {
    /// Network size and batch
    #[arg(long, value_enum, default_value_t = ShapeName::S)]
    shape: ShapeName,
    /// Input precision of matrix products
    #[arg(long, value_enum, default_value_t = PrecisionArg::Auto)]
    precision: PrecisionArg,
    /// Tokens per sequence [default: the shape's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=65_536))]
    context: Option<u32>,
    /// Sequences per batch [default: the shape's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    batch: Option<u32>,
    /// Print the time of each stage, and its rate relative to the measured peak of this machine
    #[arg(long)]
    profile: bool,
    /// Duration of the measurement in seconds
    #[arg(long, default_value_t = 5.0, value_parser = seconds)]
    seconds: f64,
    /// Print the numbers as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct TrainTimes {
    ms_per_step: f64,
    tokens_per_s: f64,
    peak_bytes: Option<u64>,
    tier: String,
    /// With `--profile`.
    #[serde(skip_serializing_if = "Option::is_none")]
    stages: Option<Vec<StageTime>>,
}

pub(super) fn run(args: &TrainArgs, global: &GlobalArgs) -> Result<()> {
    let times = time(args, global)?;
    if args.json {
        return print_json(&times);
    }
    let peak = times.peak_bytes.map_or("unknown".into(), |bytes| format!("{:.1} MB", bytes as f64 / 1e6));
    let TrainTimes { ms_per_step, tokens_per_s, tier, stages, .. } = times;
    print(format_args!("{ms_per_step:.1} ms per step, {tokens_per_s:.0} tokens/s, peak memory {peak}, tier {tier}"))?;
    stages.map_or(Ok(()), |stages| profile::print_stages(&stages, ms_per_step))
}

/// Warm-up steps, not counted: memory is mapped, caches fill, clocks rise.
const WARM_UP_STEPS: usize = 3;

fn time(args: &TrainArgs, global: &GlobalArgs) -> Result<TrainTimes> {
    let precision = args.precision.resolve();
    let tier = tier_for(precision)?;
    let mut shape = args.shape.shape();
    shape.n_ctx = args.context.map_or(shape.n_ctx, |n| n as usize);
    shape.batch = args.batch.map_or(shape.batch, |n| n as usize);
    let workers = global.workers()?;
    let Shape { n_layers, d_model, n_heads, d_vocab, n_ctx, batch } = shape;
    let config = ModelConfig::new(n_layers, d_model, n_heads, d_vocab, n_ctx).validated()?;
    let model = Model::init(config, &mut stream(global.seed(), Purpose::Init, 0));
    let resident_before = memory("VmRSS");
    let groups = random_groups(&shape, global.seed());
    let moments = Moments::new(model.params.len());
    let mut trainer =
        Trainer::new(model, adamw(), moments, None, TrainerOptions { precision, ..TrainerOptions::default() })?;
    if args.profile {
        trainer.start_profile();
    }
    let step = |trainer: &mut Trainer| -> Result<f64> {
        let begun = Instant::now();
        trainer.step(&groups, 1e-4, &workers)?;
        Ok(begun.elapsed().as_secs_f64())
    };
    for _ in 0..WARM_UP_STEPS {
        step(&mut trainer)?;
    }
    let warm = trainer.profile();
    let mut seconds = repeated(args.seconds, || step(&mut trainer))?;
    let share = 1.0 / (seconds.len() * workers.threads()) as f64;
    let stages = args.profile.then(|| {
        let (after, peak) = (trainer.profile(), workers.run(|| profile::peak(precision)));
        profile::stages(&trainer.model.config, (batch, n_ctx), workers.threads(), peak, |stage| {
            (after[stage as usize] - warm[stage as usize]) as f64 * share / 1e6
        })
    });
    let median = median(&mut seconds);
    Ok(TrainTimes {
        stages,
        ms_per_step: median * 1e3,
        tokens_per_s: (batch * n_ctx) as f64 / median,
        peak_bytes: peak_above(resident_before),
        tier: tier.to_string(),
    })
}

/// Draws a batch of random tokens with loss at every position.
fn random_groups(shape: &Shape, seed: u64) -> Vec<MicroBatch> {
    let mut rng = stream(seed, Purpose::Sample, 0);
    let &Shape { n_ctx: seq, d_vocab, batch, .. } = shape;
    let mut group = |n_seq: usize| MicroBatch {
        tokens: (0..n_seq * seq).map(|_| below(&mut rng, d_vocab) as u32).collect(),
        targets: None,
        seq,
        weights: vec![1.0; n_seq * (seq - 1)],
    };
    let size = micro_batch_size(seq);
    (0..batch).step_by(size).map(|first| group(size.min(batch - first))).collect()
}

fn adamw() -> AdamW {
    let decay = vec![ParamGroup::Attention, ParamGroup::Mlp, ParamGroup::Unembedding];
    AdamW { beta1: 0.9, beta2: 0.98, eps: 1e-8, weight_decay: 0.05, decay, clip: Some(1.0) }
}
