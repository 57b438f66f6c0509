//! `searchlens lens`: looks inside a run's network, one subcommand a method.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use searchlens::model::workers::Workers;
use searchlens::results::ProbeResult;
use searchlens::runs::config::RunConfig;
use searchlens::runs::folder::RunFolder;
use searchlens::runs::run::untrained_model;
use searchlens::studies::probing::{ProbePlan, probe};

use searchlens::model::Model;

use crate::cli::Common;
use crate::error::{InputError, Result};
use crate::output::{print, print_json};
use crate::subject::Subject;
use crate::summary::value;

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

/// Fit linear probes of the residual stream before the first step: the walls, and the path to come
#[derive(Debug, Args)]
#[command(
    after_help = "Every accuracy stands beside its control task, the same probe on the untrained network, and what needs no network.
Writes RUN/results/probes.json, which `searchlens report RUN` draws.

Example:
  searchlens lens probe run --json"
)]
struct ProbeArgs {
    /// The run's folder
    run: PathBuf,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: LensArgs, common: &Common) -> Result<()> {
    let Method::Probe(args) = args.method;
    let subject = Subject::open(&args.run)?;
    let (folder, config) = subject.run.as_ref().ok_or_else(|| InputError::NotARun { path: args.run.clone() })?;
    if config.parts().task.lattice().is_none() {
        return Err(InputError::NoMazes { path: args.run.clone() }.into());
    }
    let result = probe_into(folder, config, &subject.model, &ProbePlan::default(), &common.workers()?)?;
    if args.json {
        return print_json(&result);
    }
    print(table(&result))?;
    print(format_args!(
        "wrote {}; draw it: searchlens report {}",
        folder.result("probes").display(),
        args.run.display()
    ))
}

/// Probes a run's network and leaves the result in its folder.
pub(crate) fn probe_into(
    folder: &RunFolder,
    config: &RunConfig,
    model: &Model,
    plan: &ProbePlan,
    workers: &Workers,
) -> Result<ProbeResult> {
    let parts = config.parts();
    let seed = config.train().seed;
    let untrained = untrained_model(seed, &parts);
    let result = probe(model, &untrained, &parts.tokenizer, &parts.task, seed, plan, workers)?;
    folder.write_result("probes", &result)?;
    Ok(result)
}

fn table(result: &ProbeResult) -> String {
    let mut lines = vec![format!("{:<40}{:>9}{:>9}{:>11}", "is there a passage?", "trained", "control", "untrained")];
    for point in &result.wall {
        let (trained, control, untrained) = (value(&point.trained), value(&point.control), value(&point.untrained));
        lines.push(format!("{:<40}{trained:>9}{control:>9}{untrained:>11}", point.site));
    }
    lines.push(format!("{:<40}{:>9}", "the more frequent answer", value(&result.wall_prior)));
    lines.push(format!("{:<40}{:>9}{:>9}", "which cell at step k of the path?", "trained", "corridor"));
    for future in &result.future {
        let Some(last) = future.sites.last() else { continue };
        let (trained, floor) = (value(&last.trained), value(&future.corridor_floor));
        lines.push(format!("k = {:<2} {:<33}{trained:>9}{floor:>9}", future.k, last.site));
    }
    lines.join("\n")
}
