//! A measured number with its uncertainty: the only form in which this project reports one.

use serde::{Deserialize, Serialize};

/// A mean with a 95 % interval. Unknown values are `None`, in JSON `null`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// The mean over all examples; `None` where there are none.
    pub value: Option<f64>,
    /// Lower end of the 95 % interval; `None` if the examples do not bound it (see [`crate::bootstrap`]).
    pub low: Option<f64>,
    /// Upper end of the 95 % interval; `None` with `low`.
    pub high: Option<f64>,
    /// Number of examples.
    pub n: usize,
}

impl Estimate {
    /// The estimate over no examples.
    pub const NOTHING: Estimate = Estimate { value: None, low: None, high: None, n: 0 };

    /// Returns the lower and upper end of the interval, if there is one.
    pub fn interval(&self) -> Option<(f64, f64)> {
        self.low.zip(self.high)
    }
}
