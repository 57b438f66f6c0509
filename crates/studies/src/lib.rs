//! Experiments on trained networks.
//!
//! | product | function |
//! |---|---|
//! | problems with answers and attention | [`gallery::gallery`] |
//! | linear probes with their controls | [`probing::probe`] |

pub mod gallery;
pub mod probing;
