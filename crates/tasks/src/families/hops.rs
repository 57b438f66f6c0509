//! k hops: every node has one successor; which node is k steps away?
//!
//! Nothing forks, so no search is needed; the difficulty is to answer with few layers. (Sanford, Hsu and Telgarsky 2024,
//! "Transformers, parallel computation, and logarithmic depth", arXiv 2402.09268.)

use serde::{Deserialize, Serialize};

use crate::error::{TaskError, checked_range};
use crate::problem::graph::Graph;
use crate::problem::{Goal, Problem};
use searchlens_base::stream::{Stream, below, between, shuffle};

/// A validated config of k-hop tasks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawHopsConfig", into = "RawHopsConfig")]
pub struct HopsConfig(RawHopsConfig);

/// An unvalidated [`HopsConfig`], as written in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawHopsConfig {
    /// Number of nodes.
    pub nodes: usize,
    /// Minimum number of hops. Default: `max_hops`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_hops: Option<usize>,
    /// Maximum number of hops, below `nodes`; hops are uniform between the two. All nodes of the path are different.
    pub max_hops: usize,
    /// The successor map.
    #[serde(default)]
    pub map: Map,
}

/// The successor map. No node is its own successor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Map {
    /// A permutation, uniform over those without fixed points.
    #[default]
    Permutation,
    /// A function with independent, uniform values.
    Function,
}

const MAX_HOP_NODES: usize = 10_000;

impl TryFrom<RawHopsConfig> for HopsConfig {
    type Error = TaskError;

    fn try_from(raw: RawHopsConfig) -> Result<HopsConfig, TaskError> {
        checked_range("nodes", raw.nodes, 2, MAX_HOP_NODES)?;
        checked_range("max_hops", raw.max_hops, 1, raw.nodes - 1)?;
        let min_hops = raw.min_hops.unwrap_or(raw.max_hops);
        checked_range("min_hops", min_hops, 1, raw.max_hops)?;
        Ok(HopsConfig(RawHopsConfig { min_hops: Some(min_hops), ..raw }))
    }
}

impl From<HopsConfig> for RawHopsConfig {
    fn from(config: HopsConfig) -> RawHopsConfig {
        config.0
    }
}

impl HopsConfig {
    /// Returns the config's fields.
    pub fn table(&self) -> &RawHopsConfig {
        &self.0
    }

    pub(crate) fn name(&self) -> String {
        format!("hops-{}x{}", self.0.nodes, self.0.max_hops)
    }

    /// Draws the path first, then maps the other nodes to the remaining ones.
    pub(crate) fn problem(&self, rng: &mut Stream) -> Problem {
        let n = self.0.nodes;
        let hops = between(rng, self.0.min_hops.unwrap_or(self.0.max_hops), self.0.max_hops);
        let mut nodes: Vec<usize> = (0..n).collect();
        shuffle(rng, &mut nodes);
        // The path's last node and all nodes off the path still need a successor; its first node and all nodes off the
        // path may still be one.
        let sources = &nodes[hops..];
        let mut images: Vec<usize> = std::iter::once(nodes[0]).chain(nodes[hops + 1..].iter().copied()).collect();
        loop {
            match self.0.map {
                Map::Permutation => shuffle(rng, &mut images),
                Map::Function => images.iter_mut().for_each(|image| *image = below(rng, n)),
            }
            if sources.iter().zip(&images).all(|(source, image)| source != image) {
                break;
            }
        }
        let path = nodes[..=hops].windows(2).map(|step| (step[0], step[1]));
        let arcs: Vec<(usize, usize)> = path.chain(sources.iter().copied().zip(images)).collect();
        Problem::on(Graph::directed(n, &arcs), nodes[0], Goal::Hops(hops))
    }
}
