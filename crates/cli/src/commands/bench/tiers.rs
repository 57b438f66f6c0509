//! `searchlens bench tiers`: the instruction sets of this machine.

use clap::Args;
use searchlens::model::kernels::tier::{Precision, Tier, available_tiers, fastest_precision, forced_tier, tier_for};
use serde::Serialize;

use crate::error::Result;
use crate::output::{print, print_json};

/// List the instruction sets of this machine and the one used for each precision
#[derive(Debug, Args)]
#[command(after_help = "Example:
  searchlens bench tiers --tier avx2 --json")]
pub(super) struct TiersArgs {
    /// Print the list as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Tiers {
    /// The instruction sets of this machine, best first.
    machine: Vec<Tier>,
    /// The best one that may be used.
    best: Tier,
    chosen: Chosen,
}

/// The names that `run.json` records.
#[derive(Serialize)]
struct Chosen {
    f32: String,
    /// `null` if there is none.
    bf16: Option<String>,
    auto: String,
}

pub(super) fn run(args: &TiersArgs) -> Result<()> {
    let machine = available_tiers();
    let best = machine.iter().copied().find(|&tier| tier >= forced_tier()).unwrap_or(Tier::Portable);
    let chosen = Chosen {
        f32: tier_for(Precision::F32)?.to_string(),
        bf16: tier_for(Precision::Bf16).ok().map(|tier| tier.to_string()),
        auto: tier_for(fastest_precision())?.to_string(),
    };
    if args.json {
        return print_json(&Tiers { machine, best, chosen });
    }
    for tier in Tier::ALL {
        let status = match machine.contains(&tier) {
            true if tier < best => "available, not used",
            true => "available",
            false => "not available",
        };
        print(format_args!("{:<11} {status}", tier.name()))?;
    }
    let Chosen { f32, bf16, auto } = chosen;
    print(format_args!("\nprecision f32: {f32}; bf16: {}; auto: {auto}", bf16.as_deref().unwrap_or("none")))
}
