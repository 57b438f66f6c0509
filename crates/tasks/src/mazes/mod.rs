//! Mazes: configs, generators, endpoint rules and exact counts.

pub mod config;
pub mod count;
pub mod endpoints;
pub mod error;
pub mod generators;
pub mod option_name;
