//! k hops: every node has one way on; where does one stand after k steps?
//!
//! Nothing forks, so a path needs no search; the task is to answer in few layers. (Sanford, Hsu and Telgarsky 2024,
//! "Transformers, parallel computation, and logarithmic depth", arXiv 2402.09268.)

use serde::{Deserialize, Serialize};

use crate::error::{TaskError, checked_range};
use crate::problem::graph::Graph;
use crate::problem::{Goal, Problem};
use searchlens_base::stream::{Stream, below, between, shuffle};

/// k-hop tasks: checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawHopsConfig", into = "RawHopsConfig")]
pub struct HopsConfig(RawHopsConfig);

/// [`HopsConfig`] as it stands in a file: nothing checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawHopsConfig {
    /// Number of nodes.
    pub nodes: usize,
    /// The least number of hops drawn; as `max_hops` if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_hops: Option<usize>,
    /// The largest number of hops drawn, below `nodes`; each between the two is as likely. The nodes on the way are all
    /// different.
    pub max_hops: usize,
    /// Where nodes lead.
    #[serde(default)]
    pub map: Map,
}

/// Where each node leads. Never to itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Map {
    /// No two to the same: a permutation, each without fixed points as likely.
    #[default]
    Permutation,
    /// Each anywhere.
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
    /// The table.
    pub fn table(&self) -> &RawHopsConfig {
        &self.0
    }

    pub(crate) fn name(&self) -> String {
        format!("hops-{}x{}", self.0.nodes, self.0.max_hops)
    }

    /// Lays the way first, then maps the other nodes to what is left.
    pub(crate) fn problem(&self, rng: &mut Stream) -> Problem {
        let n = self.0.nodes;
        let hops = between(rng, self.0.min_hops.unwrap_or(self.0.max_hops), self.0.max_hops);
        let mut nodes: Vec<usize> = (0..n).collect();
        shuffle(rng, &mut nodes);
        // The last node of the way and those beside it still lead nowhere; its first node and those beside it may still
        // be led to.
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
        let way = nodes[..=hops].windows(2).map(|step| (step[0], step[1]));
        let arcs: Vec<(usize, usize)> = way.chain(sources.iter().copied().zip(images)).collect();
        Problem::on(Graph::directed(n, &arcs), nodes[0], Goal::Hops(hops))
    }
}
