//! `searchlens lens`: interpretability methods, one subcommand each.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use searchlens::results::ProbeResult;
use searchlens::studies::probing::ProbePlan;

use crate::error::{InputError, Result};
use crate::global::GlobalArgs;
use crate::network::LoadedNetwork;
use crate::output::{print, print_json};
use crate::results::write_probes;
use crate::scores::rounded;

/// Look inside a run's network
#[derive(Debug, Args)]
#[command(after_help = "Example:
  searchlens lens probe run")]
pub(crate) struct LensArgs {
    #[command(subcommand)]
    method: Method,
}

#[derive(Debug, Subcommand)]
enum Method {
    Probe(ProbeArgs),
}

/// Fit linear probes on the residual stream before the first path step: walls of the maze and cells of the path ahead
#[derive(Debug, Args)]
#[command(
    after_help = "Each probe is compared with its control task, with the same probe on the untrained network, and with a \
baseline that needs no network. Writes RUN/results/probes.json, which `searchlens report RUN` shows.

Example:
  searchlens lens probe run --json"
)]
struct ProbeArgs {
    /// Run folder
    run: PathBuf,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: LensArgs, global: &GlobalArgs) -> Result<()> {
    let Method::Probe(args) = args.method;
    let network = LoadedNetwork::open(&args.run)?;
    let (folder, config) = network.run.as_ref().ok_or_else(|| InputError::NotARun { path: args.run.clone() })?;
    if config.parts().task.lattice().is_none() {
        return Err(InputError::NoMazes { path: args.run.clone() }.into());
    }
    let result = write_probes(folder, config, &network.model, &ProbePlan::default(), &global.workers()?)?;
    if args.json {
        return print_json(&result);
    }
    print(table(&result))?;
    print(format_args!(
        "wrote {}; to plot it: searchlens report {}",
        folder.result("probes").display(),
        args.run.display()
    ))
}

fn table(result: &ProbeResult) -> String {
    let mut lines = vec![format!("{:<40}{:>9}{:>9}{:>11}", "wall probe, accuracy", "trained", "control", "untrained")];
    for point in &result.wall {
        let (trained, control, untrained) =
            (rounded(&point.trained), rounded(&point.control), rounded(&point.untrained));
        lines.push(format!("{:<40}{trained:>9}{control:>9}{untrained:>11}", point.site));
    }
    lines.push(format!("{:<40}{:>9}", "majority class", rounded(&result.wall_prior)));
    lines.push(format!("{:<40}{:>9}{:>9}", "path cell at step k, accuracy", "trained", "corridor"));
    for future in &result.future {
        let Some(last) = future.sites.last() else { continue };
        let (trained, floor) = (rounded(&last.trained), rounded(&future.corridor_floor));
        lines.push(format!("k = {:<2} {:<33}{trained:>9}{floor:>9}", future.k, last.site));
    }
    lines.join("\n")
}
