//! `run.json`: where a run came from.

use serde::{Deserialize, Serialize};

/// `run.json`: where a run came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunInfo {
    /// [`crate::FORMAT_VERSION`] at the time of writing.
    pub format_version: u32,
    /// Version of the program.
    pub program_version: String,
    /// Commit the program was built from, `unknown` outside a checkout.
    pub commit: String,
    /// Seed of the run.
    pub seed: u64,
    /// Worker threads, in the session that wrote last.
    pub threads: usize,
    /// Instruction tier, e.g. `f32-avx512`; the last one, if there were several.
    pub tier: String,
    /// Arithmetic of the products in training and in the scores on the way, `f32` or `bf16`; as for `tier`.
    pub precision: String,
    /// Number of trainable parameters.
    pub n_params: usize,
    /// Processor, as the machine names it; as for `tier`.
    pub machine: String,
    /// Every tier that the run has been on, in order; absent where it has kept to one. From the second one's first step on, its bits are
    /// those of no run on a single tier.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<TierFrom>,
    /// Seconds spent in training, evaluation excluded; 0 until the run has ended. A timing field.
    pub train_seconds: f64,
}

/// Where a run went on on another tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierFrom {
    /// Steps done before the first one on this tier.
    pub from_step: u64,
    /// Instruction tier.
    pub tier: String,
    /// Processor.
    pub machine: String,
}
