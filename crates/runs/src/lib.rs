//! Training runs and their evaluation: a config goes in, a run folder comes out.
//!
//! **Invariant:** a run can be rebuilt from its folder. This room never sees the lens.
//!
//! One function for each product:
//!
//! | product | function |
//! |---|---|
//! | a checked config from a file | [`config::RunConfig::read`] |
//! | task, tokenizer and architecture of a config | [`setup::Parts::of`] |
//! | a trained network in a run folder | [`run::train`] |
//! | a network from a run's checkpoint | [`snapshot::load`] |
//! | scores beside policies that do not search | [`evaluate::evaluate`] on an [`exam::Exam`] |
//! | the demo's config for a budget | [`demo::demo_config`] |
//!
//! The library has no clock, no threads of its own, no screen and no signal handler: the caller hands them over ([`run::Session`]).
//! Everything but times is a function of config and seed, for any number of threads.

// What a run is made from.
pub mod config;
pub mod setup;

// Training: batches, and the folder in which a run survives.
pub mod data;
pub mod folder;
pub mod metrics;
pub mod run;
pub mod snapshot;

// How good the network is.
pub mod evaluate;
pub mod exam;

pub mod demo;
