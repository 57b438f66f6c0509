//! A measured number with its uncertainty: the only form in which this project reports one.

use serde::{Deserialize, Serialize};

/// A mean with a 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// The mean over all examples.
    pub value: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
    /// How many examples the mean is over.
    pub n: usize,
}
