//! Searchlens: a laboratory for finding search inside transformers. This library is the one door to its rooms.
//!
//! Data flows one way: a later room may know an earlier one, never the reverse.
//!
//! [`base`] (streams, durable files) → [`stats`] (estimates) and [`tasks`] (problems) → [`formats`] (problem files),
//! [`tokens`] (sequences) and [`model`] (networks) → [`runs`] (training) and [`lens`] (readings) → [`studies`] (experiments) →
//! [`results`] (plain data) → [`report`] (pages) → the binary `searchlens`.
//!
//! The package's `examples/` hold one small use of each.

pub use searchlens_base as base;
pub use searchlens_formats as formats;
pub use searchlens_lens as lens;
pub use searchlens_model as model;
pub use searchlens_report as report;
pub use searchlens_results as results;
pub use searchlens_runs as runs;
pub use searchlens_stats as stats;
pub use searchlens_studies as studies;
pub use searchlens_tasks as tasks;
pub use searchlens_tokens as tokens;
