//! Options of every command.

use std::num::NonZeroUsize;

use clap::Args;
use searchlens::model::kernels::tier::Tier;
use searchlens::model::workers::{Workers, WorkersError};

use crate::error::Result;

const HEADING: &str = "Global options";

/// The options that every command takes.
#[derive(Debug, Args)]
pub(crate) struct GlobalArgs {
    /// Random seed [default: the seed of the config or run; 1 for demo; otherwise 0]
    #[arg(long, global = true, value_name = "S", value_parser = seed, help_heading = HEADING)]
    seed: Option<u64>,
    /// Worker threads; results do not depend on it [default: one per core]
    #[arg(long, global = true, value_name = "N", value_parser = threads, help_heading = HEADING)]
    threads: Option<NonZeroUsize>,
    /// Do not pin worker threads to cores
    #[arg(long, global = true, help_heading = HEADING)]
    no_pin: bool,
    /// Use at most this instruction set: amx, avx512-bf16, avx512, avx2, portable [default: the config's, or the best
    /// available]
    #[arg(long, global = true, value_name = "TIER", help_heading = HEADING)]
    tier: Option<Tier>,
}

impl GlobalArgs {
    /// Returns `--seed`, or 0.
    pub(crate) fn seed(&self) -> u64 {
        self.seed.unwrap_or(0)
    }

    /// Returns `--seed`, if given.
    pub(crate) fn seed_option(&self) -> Option<u64> {
        self.seed
    }

    /// Returns `--tier`, if given.
    pub(crate) fn tier_option(&self) -> Option<Tier> {
        self.tier
    }

    /// Starts the worker threads.
    pub(crate) fn workers(&self) -> Result<Workers, WorkersError> {
        Workers::new(self.threads.map(NonZeroUsize::get), !self.no_pin)
    }
}

fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_wrong| format!("expected a whole number from 0 to {}", u64::MAX))
}

fn threads(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .map_err(|_wrong| "expected a whole number of at least 1; the default is one thread per core".to_owned())
}
