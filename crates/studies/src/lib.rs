//! Training runs, evaluation and experiments: a config goes in, a run folder comes out.
//!
//! **Invariant:** a run can be rebuilt from its folder; a study lists its runs before it runs them.
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
//! | problems with answers and attention | [`gallery::gallery`] |
//! | linear probes with their controls | [`probing::probe`] |
//! | the demo's config for a budget | [`demo::demo_config`] |
//!
//! The library has no clock, no threads of its own, no screen and no signal handler: whoever calls hands them over ([`run::Session`]).
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

// How good the network is, and what is in it.
pub mod evaluate;
pub mod exam;
pub mod gallery;
pub mod probing;

pub mod demo;

// What all of them write down.
pub mod results;
