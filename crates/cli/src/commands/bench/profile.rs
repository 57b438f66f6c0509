//! Where the time of a step goes, beside what the processor can do.

use std::time::Instant;

use searchlens::model::config::{AttentionDir, ModelConfig};
use searchlens::model::kernels;
use searchlens::model::kernels::tier::{Precision, bf16_unit};
use searchlens::model::kernels::tile::{LeftStrips, Line, Steps, Sums, ZERO_BLOCK};
use searchlens::model::stage::Stage;
use serde::Serialize;

use crate::output::print;

/// One stage of a step.
#[derive(Serialize)]
pub(super) struct StageTime {
    stage: &'static str,
    /// A worker's time in it, a step.
    ms: f64,
    /// Its products' rate, all workers together, counting each multiply-add as two and no padding.
    gflops_per_s: Option<f64>,
    /// That rate as a share of [`peak`].
    share_of_peak: Option<f64>,
}

/// What products can reach at most on one core, multiply-adds counted as two: in f32 multiply-adds in registers, in bf16
/// the unit for it on operands in the first-level cache.
pub(super) fn peak(precision: Precision) -> Option<f64> {
    match precision {
        Precision::F32 => Some(rate(|| kernels::peak::multiply_adds(200_000))),
        Precision::Bf16 => bf16_peak(),
    }
}

fn bf16_peak() -> Option<f64> {
    const DEPTH: usize = 8;
    const ROUNDS: usize = 20_000;
    let unit = bf16_unit().ok()?.on_this_thread();
    let (left, right) = (vec![Line::ZERO; 2 * 16 * DEPTH], vec![[Line::ZERO; 16]; 2 * DEPTH]);
    let strips = LeftStrips::new(&left, Steps { row: 1, tile: 16, strip: 16 * DEPTH }, DEPTH);
    let (one, two) = right.split_at(DEPTH);
    let mut out = ZERO_BLOCK;
    Some(rate(|| {
        for _ in 0..ROUNDS {
            unit.multiply(strips, [one, two], Sums::Set, &mut out);
        }
        ROUNDS * DEPTH * 2 * 32 * 32 * 32
    }))
}

/// Operations a second, the best of five runs, each of which tells how many it made.
fn rate(mut run: impl FnMut() -> usize) -> f64 {
    let times = (0..5).map(|_| {
        let begun = Instant::now();
        let operations = run();
        operations as f64 / begun.elapsed().as_secs_f64()
    });
    times.fold(0.0, f64::max)
}

/// The time (from `ms`) of every stage that takes any, and the rate of those that are mostly products.
pub(super) fn stages(
    config: &ModelConfig,
    (batch, context): (usize, usize),
    threads: usize,
    peak: Option<f64>,
    ms: impl Fn(Stage) -> f64,
) -> Vec<StageTime> {
    let time = |stage: Stage| {
        let ms = ms(stage);
        let rate = multiply_adds(config, batch, context, stage).map(|n| 2.0 * n / (ms / 1e3));
        StageTime {
            stage: stage.name(),
            ms,
            gflops_per_s: rate.map(|rate| rate / 1e9),
            share_of_peak: rate.zip(peak).map(|(rate, peak)| rate / (peak * threads as f64)),
        }
    };
    Stage::ALL.into_iter().map(time).filter(|stage| stage.ms > 0.0).collect()
}

/// Multiply-adds of a stage for a batch; none for stages that are not mostly products.
fn multiply_adds(config: &ModelConfig, batch: usize, context: usize, stage: Stage) -> Option<f64> {
    let &ModelConfig { n_layers, d_model, n_heads, d_head, d_mlp, .. } = config;
    let width = n_heads * d_head;
    let hidden = if config.attn_only { 0 } else { d_mlp };
    let linear = n_layers * d_model * (4 * width + 2 * hidden) * batch * context;
    let causal = config.attention_dir == AttentionDir::Causal;
    let seen = if causal { (context + 1) as f64 / 2.0 } else { context as f64 };
    let product = (n_layers * width * batch * context) as f64 * seen;
    match stage {
        Stage::Linear | Stage::LinearInput | Stage::LinearWeights => Some(linear as f64),
        Stage::Attention => Some(2.0 * product),
        // The gradients of pattern, queries, keys and values; scores that are made again are not counted.
        Stage::AttentionBackward => Some(4.0 * product),
        _ => None,
    }
}

pub(super) fn print_stages(stages: &[StageTime], ms_per_step: f64) -> anyhow::Result<()> {
    print(format_args!("\n{:<22}{:>8}{:>8}{:>10}{:>16}", "stage", "ms", "share", "GFLOP/s", "of the peak"))?;
    for StageTime { stage, ms, gflops_per_s, share_of_peak } in stages {
        let share = 100.0 * ms / ms_per_step;
        let rate = gflops_per_s.map_or(String::new(), |rate| format!("{rate:.0}"));
        let of_peak = share_of_peak.map_or(String::new(), |share| format!("{:.0} %", 100.0 * share));
        print(format_args!("{stage:<22}{ms:>8.2}{share:>6.1} %{rate:>10}{of_peak:>16}"))?;
    }
    let rest = ms_per_step - stages.iter().map(|stage| stage.ms).sum::<f64>();
    print(format_args!("{:<22}{rest:>8.2}{:>6.1} %", "sums, AdamW, waiting", 100.0 * rest / ms_per_step))
}
