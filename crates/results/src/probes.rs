//! `results/probes.json`: linear probes with their controls.

use searchlens_stats::estimate::Estimate;
use serde::{Deserialize, Serialize};

/// `results/probes.json`: linear probes of the residual stream, each with its controls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeResult {
    /// [`crate::FORMAT_VERSION`].
    pub format_version: u32,
    /// Problems the probes were fitted on.
    pub n_train: usize,
    /// Problems they were tested on, from other symmetry classes.
    pub n_test: usize,
    /// Token position that was probed, e.g. `path_start`.
    pub position: String,
    /// “Is there a passage at this edge of the lattice?” Mean accuracy over edges, by site.
    pub wall: Vec<ProbePoint>,
    /// Majority-class accuracy of that question: predicts for each edge its more frequent state in the training problems.
    pub wall_prior: Estimate,
    /// “Which cell does the path visit at step k?” By k.
    pub future: Vec<FutureProbe>,
}

/// A probe at one site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbePoint {
    /// Name of the site, e.g. `blocks.2.hook_resid_post`. Text, because the sites belong to the model, which reports do without.
    pub site: String,
    /// Test accuracy on the trained network.
    pub trained: Estimate,
    /// The same probe with labels permuted by one fixed random map (control task, Hewitt & Liang 2019).
    pub control: Estimate,
    /// The same probe on the untrained network.
    pub untrained: Estimate,
}

/// Probes for the cell that the path visits at step k.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FutureProbe {
    /// Step; 1 is the first cell after the origin.
    pub k: usize,
    /// By site.
    pub sites: Vec<ProbePoint>,
    /// Corridor floor F: accuracy of following the corridor given step 1, greedy at forks. Needs no planning.
    pub corridor_floor: Estimate,
    /// The same question on problems with a fork between step 1 and step k; `None` if there are fewer than 50.
    pub fork_conditioned: Option<ForkConditioned>,
}

/// Accuracy at the best site, on problems where step 1 does not determine step k.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForkConditioned {
    /// The best site, selected on the training problems.
    pub site: String,
    /// Test accuracy on the trained network.
    pub trained: Estimate,
    /// Corridor floor on the same problems.
    pub corridor_floor: Estimate,
}
