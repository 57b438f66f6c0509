//! Why there is no interval.

use searchlens_base::fault::{Fault, HasFault};

/// Why there is no interval.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StatsError {
    /// No examples.
    #[error("no examples: a mean over nothing has no value; report the quantity as absent")]
    Empty,
    /// A value is NaN or infinite.
    #[error("the value of example {index} is {value}: leave undefined examples out before averaging")]
    NotFinite {
        /// Which example.
        index: usize,
        /// Its value.
        value: f64,
    },
    /// The statistic is NaN on the sample or on too many resamples, e.g. a ratio whose denominator vanishes.
    #[error(
        "the statistic is undefined on {undefined} of {resamples} resamples (or on the sample itself): too few examples carry it"
    )]
    Undefined {
        /// Resamples without a value.
        undefined: usize,
        /// Resamples drawn.
        resamples: usize,
    },
}

impl HasFault for StatsError {
    fn fault(&self) -> Fault {
        Fault::Failure
    }
}
