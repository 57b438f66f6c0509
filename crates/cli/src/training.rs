//! Training with a progress display, a clock and signal handling.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use searchlens::model::workers::Workers;
use searchlens::runs::config::RunConfig;
use searchlens::runs::run::{Outcome, Session, Start, train};

use crate::error::Result;
use crate::output::print;
use crate::progress::{Display, note};
use crate::{interrupt, machine};

/// Trains a run in `dir` until it is complete or a signal requests a stop (see [`interrupt::watch`]).
pub(crate) fn train_with_progress(config: &RunConfig, dir: &Path, start: Start, workers: &Workers) -> Result<Outcome> {
    let (threads, slots) = (workers.threads(), config.train().slots);
    if threads > slots {
        note(format_args!(
            "training uses {slots} of {threads} threads, because train.slots = {slots}; more slots use more threads, but change the last bits of \
             the results"
        ));
    }
    for warning in config.warnings() {
        eprintln!("warning: {warning}");
    }
    let mut display = Display::new();
    let begun = Instant::now();
    let outcome = train(
        config,
        dir,
        start,
        Session {
            workers,
            origin: &machine::origin(),
            clock: &|| begun.elapsed().as_secs_f64(),
            stop: &interrupt::stop_requested,
            progress: &mut |progress| display.show(progress),
        },
    );
    display.finish();
    Ok(outcome?)
}

/// Returns a copy of the config with changes to its resolved tables.
pub(crate) fn with_changes(config: &RunConfig, edit: impl FnOnce(&mut toml::Table)) -> Result<RunConfig> {
    let mut tables: toml::Table = config.to_toml().parse().expect("a resolved config is TOML");
    edit(&mut tables);
    Ok(RunConfig::parse(&tables.to_string())?)
}

/// Prints how to resume a run that a signal stopped, and returns the exit code.
pub(crate) fn report_stop(config: &RunConfig, dir: &Path, step: u64) -> Result<ExitCode> {
    let (steps, shown) = (config.train().steps, dir.display());
    print(format_args!("stopped after step {step} of {steps}; resume: searchlens train {shown}/config.toml --resume"))?;
    Ok(ExitCode::from(interrupt::exit_code()))
}
