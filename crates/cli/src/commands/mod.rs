//! The commands, one module each.

pub(crate) mod activations;
pub(crate) mod baselines;
pub(crate) mod bench;
pub(crate) mod convert;
pub(crate) mod count;
pub(crate) mod demo;
pub(crate) mod eval;
pub(crate) mod generate;
pub(crate) mod lens;
pub(crate) mod report;
pub(crate) mod show;
pub(crate) mod sites;
pub(crate) mod tokenize;
pub(crate) mod train;
