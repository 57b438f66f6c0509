//! Reading and editing the activations of a trained network, and probes with their controls.
//!
//! [`capture::capture`] runs a network on sequences and returns the values at [`address::Address`]es, under a [`plan::Plan`] of
//! [`edit::Edit`]s: interventions as plain data. [`probe`] fits linear probes, [`control`] makes the control tasks they are
//! compared with.
//!
//! **Invariant:** never changes weights in place. Every result names its site, its baseline and its control, and the number of
//! examples behind it.

pub mod activations;
pub mod address;
pub mod capture;
pub mod control;
pub mod edit;
pub mod plan;
pub mod probe;
pub mod resolved;
mod row_map;
pub mod tensor;
