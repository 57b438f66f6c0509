//! `results/probes.json`: linear probes beside their controls.

use searchlens_stats::estimate::Estimate;
use serde::{Deserialize, Serialize};

/// `results/probes.json`: linear probes of the residual stream, each beside its controls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeResult {
    /// [`crate::FORMAT_VERSION`].
    pub format_version: u32,
    /// Problems the probes were fitted on.
    pub n_train: usize,
    /// Problems they were scored on, of other symmetry classes.
    pub n_test: usize,
    /// Which token was probed, e.g. `path_start`.
    pub position: String,
    /// Is there a passage at this edge of the lattice? Mean accuracy over edges, by site.
    pub wall: Vec<ProbePoint>,
    /// Majority-class accuracy of the wall question: each edge's more frequent answer in the training problems.
    pub wall_prior: Estimate,
    /// Which cell does the path visit at step k?
    pub future: Vec<FutureProbe>,
}

/// A probe at one site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbePoint {
    /// Address of the site, e.g. `blocks.2.hook_resid_post`.
    pub site: String,
    /// Test accuracy on the trained network.
    pub trained: Estimate,
    /// Same probe, labels permuted by one fixed random map (Hewitt & Liang's control task).
    pub control: Estimate,
    /// Same probe on the network before training.
    pub untrained: Estimate,
}

/// Probes for the cell at step k.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FutureProbe {
    /// Which step: 1 is the first step after the origin.
    pub k: usize,
    /// By site.
    pub sites: Vec<ProbePoint>,
    /// Accuracy of corridor-following given step 1, greedy at forks (floor F of the literature): no planning needed.
    pub corridor_floor: Estimate,
    /// Same questions, only problems with a fork between step 1 and step k; `None` if there are fewer than 50.
    pub fork_conditioned: Option<ForkConditioned>,
}

/// Accuracy at the last site on problems where knowing step 1 does not settle step k.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForkConditioned {
    /// Best site, chosen on the training problems.
    pub site: String,
    /// Trained network.
    pub trained: Estimate,
    /// Corridor floor on the same problems.
    pub corridor_floor: Estimate,
}
