//! `run.json`: provenance of a run.

use serde::{Deserialize, Serialize};

/// `run.json`: provenance of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunInfo {
    /// [`crate::FORMAT_VERSION`].
    pub format_version: u32,
    /// Version of the program.
    pub program_version: String,
    /// Commit that the program was built from; `unknown` outside a checkout.
    pub commit: String,
    /// Seed of the run.
    pub seed: u64,
    /// Worker threads of the last session.
    pub threads: usize,
    /// Instruction tier of the last session, e.g. `f32-avx512`.
    pub tier: String,
    /// Precision of the matrix products in training and in the evaluations during training, `f32` or `bf16`; of the last session.
    pub precision: String,
    /// Number of trainable parameters.
    pub n_params: usize,
    /// Processor of the last session, as the machine names it.
    pub machine: String,
    /// Every tier of the run, in order; absent if there is only one. From the first step on the second tier, the bits are not those
    /// of a run on a single tier.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<TierFrom>,
    /// Seconds of training, without evaluation; 0 until the run has ended. A timing field.
    pub train_seconds: f64,
}

/// A part of a run on one instruction tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierFrom {
    /// Steps completed before the first step on this tier.
    pub from_step: u64,
    /// Instruction tier.
    pub tier: String,
    /// Processor.
    pub machine: String,
}
