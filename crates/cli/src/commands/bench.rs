//! `searchlens bench`: speed of training, generation, problem drawing and tokenization on this machine.

mod generate;
mod problems;
mod profile;
mod shape;
mod tiers;
mod timing;
mod tokenize;
mod train;

use clap::{Args, Subcommand};

use crate::error::Result;
use crate::global::GlobalArgs;

/// Measure the speed of training, generation, problem drawing and tokenization
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    benchmark: Benchmark,
}

const EXAMPLES: &str = "Examples:
  searchlens bench train --shape s --threads 2
  searchlens bench generate --shape s --threads 2
  searchlens bench problems --threads 1 --json
  searchlens bench tokenize --threads 1
  searchlens bench tiers";

#[derive(Debug, Subcommand)]
enum Benchmark {
    Train(train::TrainArgs),
    Generate(generate::GenerateArgs),
    Problems(Box<problems::ProblemsArgs>),
    Tokenize(tokenize::TokenizeArgs),
    Tiers(tiers::TiersArgs),
}

pub(crate) fn run(args: BenchArgs, global: &GlobalArgs) -> Result<()> {
    match args.benchmark {
        Benchmark::Train(args) => train::run(&args, global),
        Benchmark::Generate(args) => generate::run(&args, global),
        Benchmark::Problems(args) => problems::run(*args, global),
        Benchmark::Tokenize(args) => tokenize::run(&args, global),
        Benchmark::Tiers(args) => tiers::run(&args),
    }
}
