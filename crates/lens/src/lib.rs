//! Readings of a trained network: captures, edits as data, probes with their controls.
//!
//! **Invariant:** never changes weights in place. Every result names its site, its baseline and its control, and on how many
//! examples it rests.

pub mod activations;
pub mod address;
pub mod control;
pub mod plan;
pub mod probe;
