//! `searchlens bench generate`: speed of greedy generation.

use std::time::Instant;

use clap::Args;
use searchlens::base::stream::{Purpose, below, stream};
use searchlens::model::Model;
use searchlens::model::config::ModelConfig;
use searchlens::model::generate::{Decoder, Sampling, Stop, generate};
use searchlens::model::kernels::tier::tier_for;
use serde::Serialize;

use super::shape::{PrecisionArg, Shape, ShapeName};
use super::timing::{median, repeated, seconds};
use crate::error::Result;
use crate::global::GlobalArgs;
use crate::machine::{memory, peak_above};
use crate::output::{print, print_json};

/// Time greedy generation with a KV cache after random prompts; no sequence ends early
#[derive(Debug, Args)]
#[command(after_help = "Prints the median over repetitions, after one warm-up.

Example:
  searchlens bench generate --shape s --threads 2 --json")]
pub(super) struct GenerateArgs {
    /// Network size; its context grows to fit the generated sequences
    #[arg(long, value_enum, default_value_t = ShapeName::S)]
    shape: ShapeName,
    /// Input precision of matrix products
    #[arg(long, value_enum, default_value_t = PrecisionArg::Auto)]
    precision: PrecisionArg,
    /// Number of prompts
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: u32,
    /// Tokens per prompt
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    prompt: u32,
    /// New tokens per prompt
    #[arg(long, default_value_t = 30, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    new: u32,
    /// Duration of the measurement in seconds
    #[arg(long, default_value_t = 5.0, value_parser = seconds)]
    seconds: f64,
    /// Print the numbers as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct GenerateTimes {
    /// Time for all prompts.
    seconds: f64,
    problems_per_s: f64,
    new_tokens_per_s: f64,
    peak_bytes: Option<u64>,
    tier: String,
}

pub(super) fn run(args: &GenerateArgs, global: &GlobalArgs) -> Result<()> {
    let times = time(args, global)?;
    if args.json {
        return print_json(&times);
    }
    let GenerateTimes { seconds, problems_per_s, new_tokens_per_s, tier, .. } = times;
    print(format_args!(
        "{seconds:.3} s for {} prompts, {problems_per_s:.0} prompts/s, {new_tokens_per_s:.0} new tokens/s, tier {tier}",
        args.count
    ))
}

fn time(args: &GenerateArgs, global: &GlobalArgs) -> Result<GenerateTimes> {
    let precision = args.precision.resolve();
    let Shape { n_layers, d_model, n_heads, d_vocab, n_ctx, .. } = args.shape.shape();
    let n_ctx = n_ctx.max((args.prompt + args.new) as usize);
    let config = ModelConfig::new(n_layers, d_model, n_heads, d_vocab, n_ctx).validated()?;
    let model = Model::init(config, &mut stream(global.seed(), Purpose::Init, 0));
    let mut rng = stream(global.seed(), Purpose::Sample, 0);
    let mut prompt = |_| (0..args.prompt).map(|_| below(&mut rng, d_vocab) as u32).collect();
    let prompts: Vec<Vec<u32>> = (0..args.count).map(&mut prompt).collect();
    let resident_before = memory("VmRSS");
    let reader = Decoder::new(&model, precision)?;
    let workers = global.workers()?;
    let stop = Stop { end: None, max_new_tokens: args.new as usize };
    // Greedy decoding draws nothing.
    let unused = |_| stream(0, Purpose::Sample, 0);
    let once = || -> Result<f64> {
        let begun = Instant::now();
        let new = generate(&reader, &prompts, stop, None, Sampling::Greedy, unused, &workers)?;
        let elapsed = begun.elapsed().as_secs_f64();
        assert!(new.iter().all(|tokens| tokens.len() == stop.max_new_tokens), "a sequence ended early");
        Ok(elapsed)
    };
    once()?;
    let seconds = median(&mut repeated(args.seconds, once)?);
    let count = f64::from(args.count);
    Ok(GenerateTimes {
        seconds,
        problems_per_s: count / seconds,
        new_tokens_per_s: count * f64::from(args.new) / seconds,
        peak_bytes: peak_above(resident_before),
        tier: tier_for(precision)?.to_string(),
    })
}
