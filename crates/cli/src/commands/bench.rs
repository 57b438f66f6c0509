//! `searchlens bench`: how fast this machine is at what takes the time.

mod generate;
mod problems;
mod profile;
mod tiers;
mod tokenize;
mod train;

use std::time::{Duration, Instant};

use clap::{Args, Subcommand, ValueEnum};
use searchlens::model::kernels::tier::{Precision, fastest_precision};

use crate::cli::Common;
use crate::error::Result;

/// Time training, generation, and the drawing and tokenizing of problems
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    what: Bench,
}

const EXAMPLES: &str = "Examples:
  searchlens bench train --shape s --threads 2
  searchlens bench generate --shape s --threads 2
  searchlens bench problems --threads 1 --json
  searchlens bench tokenize --threads 1
  searchlens bench tiers";

#[derive(Debug, Subcommand)]
enum Bench {
    Train(train::TrainArgs),
    Generate(generate::GenerateArgs),
    Problems(Box<problems::ProblemsArgs>),
    Tokenize(tokenize::TokenizeArgs),
    Tiers(tiers::TiersArgs),
}

/// Networks that are timed, of the default architecture with d_mlp = 4 d_model.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ShapeName {
    /// 4 layers, width 64, 64 sequences of 128 tokens
    Xs,
    /// 6 layers, width 128, 32 sequences of 256 tokens
    S,
    /// 8 layers, width 256, 32 sequences of 256 tokens
    M,
    /// 4 layers, width 128, 256 sequences of 56 tokens
    P,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Choice {
    /// bf16 where the processor has a unit for it that is faster than f32, else f32
    Auto,
    /// f32 throughout
    F32,
    /// bf16 products, f32 sums
    Bf16,
}

impl Choice {
    fn here(self) -> Precision {
        match self {
            Choice::Auto => fastest_precision(),
            Choice::F32 => Precision::F32,
            Choice::Bf16 => Precision::Bf16,
        }
    }
}

struct Shape {
    n_layers: usize,
    d_model: usize,
    n_heads: usize,
    d_vocab: usize,
    n_ctx: usize,
    batch: usize,
}

impl ShapeName {
    fn shape(self) -> Shape {
        match self {
            ShapeName::Xs => Shape { n_layers: 4, d_model: 64, n_heads: 4, d_vocab: 80, n_ctx: 128, batch: 64 },
            ShapeName::S => Shape { n_layers: 6, d_model: 128, n_heads: 4, d_vocab: 80, n_ctx: 256, batch: 32 },
            ShapeName::M => Shape { n_layers: 8, d_model: 256, n_heads: 8, d_vocab: 80, n_ctx: 256, batch: 32 },
            ShapeName::P => Shape { n_layers: 4, d_model: 128, n_heads: 4, d_vocab: 72, n_ctx: 56, batch: 256 },
        }
    }
}

pub(crate) fn run(args: BenchArgs, common: &Common) -> Result<()> {
    match args.what {
        Bench::Train(args) => train::run(&args, common),
        Bench::Generate(args) => generate::run(&args, common),
        Bench::Problems(args) => problems::run(*args, common),
        Bench::Tokenize(args) => tokenize::run(&args, common),
        Bench::Tiers(args) => tiers::run(&args),
    }
}

/// What `once` measures, again and again for so many seconds, three times at least.
fn repeated(seconds: f64, mut once: impl FnMut() -> Result<f64>) -> Result<Vec<f64>> {
    let (begun, limit) = (Instant::now(), Duration::from_secs_f64(seconds));
    let mut all = Vec::new();
    while all.len() < 3 || begun.elapsed() < limit {
        all.push(once()?);
    }
    Ok(all)
}

/// The middle one, or the mean of the two in the middle.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

/// A positive number of seconds, as clap reads it.
fn seconds(text: &str) -> Result<f64, String> {
    let parsed: f64 = text.parse().map_err(|error| format!("{error}"))?;
    if parsed > 0.0 && parsed < 1e6 { Ok(parsed) } else { Err("give a positive number of seconds".into()) }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_of_odd_and_even_counts() {
        assert_eq!((median(&mut [3.0, 1.0, 2.0]), median(&mut [4.0, 1.0, 2.0, 3.0])), (2.0, 2.5));
    }
}
