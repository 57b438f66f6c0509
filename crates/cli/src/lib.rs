//! Searchlens: a laboratory for finding search inside transformers. This library is the one door to its rooms.
//!
//! Data flows one way, and a later room may know an earlier one, never the reverse:
//!
//! [`tasks`] (problems) → [`tokens`] (sequences) → [`model`] (networks) → [`lens`] (readings) → [`studies`] (experiments) →
//! [`report`] (pages) → the binary `searchlens`.
//!
//! The package's `examples/` hold one small use of each.

pub use searchlens_lens as lens;
pub use searchlens_model as model;
pub use searchlens_report as report;
pub use searchlens_studies as studies;
pub use searchlens_tasks as tasks;
pub use searchlens_tokens as tokens;
