//! Sets of problems: filters, statistics, baselines, floors and leakage of random splits.

pub mod baselines;
pub mod filter;
pub mod floors;
pub mod leakage;
pub mod statistics;
