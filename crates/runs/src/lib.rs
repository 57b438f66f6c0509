//! Training runs and their evaluation: config in, run folder out.
//!
//! **Invariant:** a run can be rebuilt from its folder. This crate does not depend on the lens.
//!
//! | to get | call |
//! |---|---|
//! | a checked config | [`config::RunConfig::read`] |
//! | its task, tokenizer and architecture | [`config::RunConfig::parts`] |
//! | a trained network in a run folder | [`run::train`] |
//! | a network from a checkpoint | [`snapshot::load`] |
//! | scores, beside policies that do not search | [`evaluate::evaluate`] on an [`eval_set::EvalSet`] |
//! | the demo's config for a time budget | [`demo::demo_config`] |
//!
//! The library has no clock, threads, screen or signal handler of its own; the caller passes them in ([`run::Session`]).
//! Everything but times is a function of config and seed, for any number of threads.

// Config.
pub mod config;
pub mod setup;

// Training and the run folder.
pub mod data;
pub mod folder;
pub mod metrics;
pub mod run;
pub mod snapshot;

// Evaluation.
pub mod eval_set;
pub mod evaluate;

pub mod demo;
