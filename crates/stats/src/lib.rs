//! Statistics: estimates with cluster-bootstrap intervals, and paired differences.
//!
//! **Invariant:** knows no network and no task.

pub mod bootstrap;
pub mod clusters;
pub mod error;
pub mod estimate;
