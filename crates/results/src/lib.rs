//! The files of a run folder as plain data: written by training, evaluation and lenses, read by reports.
//!
//! | file | content |
//! |---|---|
//! | `config.toml` | the resolved config |
//! | `run.json` | [`RunInfo`] |
//! | `metrics.jsonl` | one [`Metric`] per line |
//! | `results/eval.json` | [`EvalResult`] |
//! | `results/probes.json` | [`ProbeResult`] |
//! | `results/gallery.json` | [`Gallery`] |
//!
//! **Invariant:** plain data. Keys are only added, never renamed; files of older versions are still read.

mod eval;
mod gallery;
mod lookahead;
mod metric;
mod probes;
mod run;

pub use eval::{BaselineScores, ByLookahead, EvalResult, KStar};
pub use gallery::{Gallery, Specimen, TokenPlace};
pub use lookahead::Lookahead;
pub use metric::Metric;
pub use probes::{ForkConditioned, FutureProbe, ProbePoint, ProbeResult};
pub use run::{RunInfo, TierFrom};

/// Version of every file format in this crate.
pub const FORMAT_VERSION: u32 = 1;
