//! How hard a problem is, and what answers without search score on it.

pub mod avoidance;
pub mod corridor;
pub mod judge;
pub mod measure;
pub mod policy;
pub mod shortcut;
