//! Readings of a trained network: captures, attention on the maze, probes with their controls, statistics.
//!
//! **Invariant:** never changes weights in place. Every result names its site, its baseline and its control, and on how many
//! examples it rests.

pub mod control;
pub mod corridor;
pub mod estimate;
pub mod probe;
pub mod stats;
