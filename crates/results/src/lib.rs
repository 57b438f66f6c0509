//! What a run writes down: the plain data that evaluation and lenses leave in the run folder, and that reports read back.
//!
//! | file | content |
//! |---|---|
//! | `config.toml` | the resolved config |
//! | `run.json` | [`RunInfo`] |
//! | `metrics.jsonl` | one [`Metric`] a line |
//! | `results/eval.json` | [`EvalResult`] |
//! | `results/probes.json` | [`ProbeResult`] |
//! | `results/gallery.json` | [`Gallery`] |
//!
//! **Invariant:** plain data. Keys are only added to, never renamed; what an older program wrote is still read.

mod eval;
mod gallery;
mod metric;
mod probes;
mod run;

pub use eval::{BaselineScores, ByLookahead, EvalResult, KStar, Lookahead};
pub use gallery::{Gallery, Mark, Specimen};
pub use metric::Metric;
pub use probes::{ForkConditioned, FutureProbe, ProbePoint, ProbeResult};
pub use run::{RunInfo, TierFrom};

/// Version of every file format in this room.
pub const FORMAT_VERSION: u32 = 1;
