//! Errors of estimating.

use searchlens_base::fault::{Fault, HasFault};

/// Errors of estimating.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum StatsError {
    /// There are no examples.
    #[error("no examples: a mean over nothing has no value; report the quantity as absent")]
    Empty,
    /// A value is NaN or infinite.
    #[error("the value of example {index} is {value}: leave undefined examples out before averaging")]
    NotFinite { index: usize, value: f64 },
    /// The statistic is NaN on the sample or on too many resamples, e.g. a ratio whose denominator vanishes.
    #[error(
        "the statistic is undefined on {undefined} of {resamples} resamples (or on the sample itself): too few examples define it"
    )]
    Undefined { undefined: usize, resamples: usize },
}

impl HasFault for StatsError {
    fn fault(&self) -> Fault {
        Fault::Failure
    }
}
