//! `metrics.jsonl`: training and validation, line by line.

use searchlens_stats::estimate::Estimate;
use serde::{Deserialize, Serialize};

/// One line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Metric {
    /// Written every few training steps.
    Train {
        /// Steps completed.
        step: u64,
        /// Sequences trained on.
        sequences: u64,
        /// Tokens trained on, without padding.
        tokens: u64,
        /// Mean training loss since the previous line, nats per scored token.
        loss: f64,
        /// Mean gradient norm before clipping, since the previous line.
        grad_norm: f64,
        /// Learning rate of the last step.
        lr: f64,
        /// Seconds of training so far. A timing field.
        seconds: f64,
        /// Tokens per second since the previous line. A timing field.
        tokens_per_s: f64,
    },
    /// Written after each evaluation during training, on the validation split.
    Eval {
        /// Steps completed.
        step: u64,
        /// Share of problems answered with an optimal path.
        exact_path: Estimate,
        /// Share of first forks with the right branch.
        first_fork: Estimate,
        /// Seconds of training so far. A timing field.
        seconds: f64,
    },
}

impl Metric {
    /// Returns the number of steps completed when the line was written.
    pub fn step(&self) -> u64 {
        match self {
            Metric::Train { step, .. } | Metric::Eval { step, .. } => *step,
        }
    }

    /// Returns the seconds of training when the line was written.
    pub fn seconds(&self) -> f64 {
        match self {
            Metric::Train { seconds, .. } | Metric::Eval { seconds, .. } => *seconds,
        }
    }
}
