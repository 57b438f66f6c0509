//! `metrics.jsonl`: training and evaluation, line by line.

use searchlens_stats::estimate::Estimate;
use serde::{Deserialize, Serialize};

/// One line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Metric {
    /// Written every few training steps.
    Train {
        /// Steps done.
        step: u64,
        /// Sequences seen.
        sequences: u64,
        /// Tokens seen, padding left out.
        tokens: u64,
        /// Mean training loss since the last line, nats per scored token.
        loss: f64,
        /// Mean norm of the gradient before clipping, since the last line.
        grad_norm: f64,
        /// Learning rate of the last step.
        lr: f64,
        /// Seconds of training so far. A timing field.
        seconds: f64,
        /// Tokens a second since the last line. A timing field.
        tokens_per_s: f64,
    },
    /// Written after every evaluation during training (validation classes).
    Eval {
        /// Steps done.
        step: u64,
        /// Share of problems answered with an optimal path.
        exact_path: Estimate,
        /// Share of first forks taken right.
        first_fork: Estimate,
        /// Seconds of training so far. A timing field.
        seconds: f64,
    },
}

impl Metric {
    /// Steps done when the line was written.
    pub fn step(&self) -> u64 {
        match self {
            Metric::Train { step, .. } | Metric::Eval { step, .. } => *step,
        }
    }

    /// Seconds of training so far.
    pub fn seconds(&self) -> f64 {
        match self {
            Metric::Train { seconds, .. } | Metric::Eval { seconds, .. } => *seconds,
        }
    }
}
