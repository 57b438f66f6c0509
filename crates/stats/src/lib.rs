//! Statistics: estimates with intervals by resampling whole clusters, and paired differences.
//!
//! **Invariant:** knows no network and no task.

pub mod bootstrap;
pub mod clusters;
pub mod error;
pub mod estimate;
