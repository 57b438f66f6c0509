//! Training runs, evaluation and experiments: a config goes in, a run folder comes out.
//!
//! **Invariant:** a run can be rebuilt from its folder; a study lists its runs before it runs them.

pub mod config;
pub mod setup;

pub mod data;
pub mod folder;
pub mod metrics;
pub mod run;
pub mod snapshot;

pub mod evaluate;
pub mod gallery;
pub mod probing;

pub mod demo;
pub mod exam;

pub mod results;
