//! Training as the commands do it: with threads, a clock, a display and an ear for signals.

use std::path::Path;
use std::time::Instant;

use searchlens::model::workers::Workers;
use searchlens::runs::config::RunConfig;
use searchlens::runs::run::{Outcome, Session, Start, train};

use crate::error::Result;
use crate::progress::{Display, note};
use crate::{interrupt, machine};

/// Trains as `config` says, into `dir`, until all steps are done or a signal asks for an end (see [`interrupt::watch`]).
pub(crate) fn train_shown(config: &RunConfig, dir: &Path, start: Start, workers: &Workers) -> Result<Outcome> {
    let (threads, slots) = (workers.threads(), config.train().slots);
    if threads > slots {
        note(format_args!(
            "{slots} of {threads} threads train: `train.slots` is {slots}; more slots let more help (and change the last bits)"
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
            stop: &interrupt::asked,
            progress: &mut |progress| display.show(progress),
        },
    );
    display.finish();
    Ok(outcome?)
}

/// A config with some values changed in its resolved tables.
pub(crate) fn edited(config: &RunConfig, edit: impl FnOnce(&mut toml::Table)) -> Result<RunConfig> {
    let mut tables: toml::Table = config.to_toml().parse().expect("a resolved config is TOML");
    edit(&mut tables);
    Ok(RunConfig::parse(&tables.to_string())?)
}
