//! A run small enough for tests: 3×3 mazes, one layer of width 32.

use searchlens_model::workers::Workers;
use searchlens_runs::config::RunConfig;
use searchlens_runs::run::{Origin, Outcome, Progress, RunError, Session, Start, train};
use std::path::Path;

/// The tiny run's config; each edit replaces a piece of its text.
pub(crate) fn config(edits: &[(&str, &str)]) -> RunConfig {
    RunConfig::parse(&text(edits)).unwrap()
}

pub(crate) fn text(edits: &[(&str, &str)]) -> String {
    let mut text = include_str!("tiny.toml").to_owned();
    for (old, new) in edits {
        assert!(text.contains(old), "{old}");
        text = text.replacen(old, new, 1);
    }
    text
}

pub(crate) fn workers(threads: usize) -> Workers {
    Workers::new(Some(threads), false).unwrap()
}

pub(crate) fn origin() -> Origin {
    Origin { program_version: "0".into(), commit: "unknown".into(), machine: "test".into() }
}

/// Trains with this many threads until `stop` says so.
pub(crate) fn train_until(
    config: &RunConfig,
    dir: &Path,
    start: Start,
    threads: usize,
    stop_at: Option<u64>,
) -> Result<Outcome, RunError> {
    let time = std::cell::Cell::new(0.0);
    let clock = || {
        time.set(time.get() + 0.25);
        time.get()
    };
    let done = std::cell::Cell::new(0);
    let mut progress = |event: Progress<'_>| {
        if let Progress::Step { step, .. } | Progress::Started { step, .. } = event {
            done.set(step);
        }
    };
    let stop = || stop_at.is_some_and(|at| done.get() >= at);
    let (workers, origin) = (workers(threads), origin());
    let session = Session { workers: &workers, origin: &origin, clock: &clock, stop: &stop, progress: &mut progress };
    train(config, dir, start, session)
}

pub(crate) fn train_fresh(config: &RunConfig, dir: &Path) -> Result<Outcome, RunError> {
    train_until(config, dir, Start::Fresh, 2, None)
}
