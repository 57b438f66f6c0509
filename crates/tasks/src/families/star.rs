//! Path-stars G(d, l): d arms from one node, each a chain; the goal is the end of one arm.
//!
//! Source: Bachmann and Nagarajan 2024, "The pitfalls of next-token prediction" (arXiv 2403.06963). Every step but the
//! first is forced; the first requires looking backwards from the goal, or `l - 1` steps ahead.

use serde::{Deserialize, Serialize};

use crate::error::{TaskError, checked_range};
use crate::families::structure::MAX_NODES;
use crate::problem::graph::Graph;
use crate::problem::{Goal, Problem};
use searchlens_base::stream::{Stream, below, shuffle};

/// A validated config of path-stars.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawStarConfig", into = "RawStarConfig")]
pub struct StarConfig {
    arms: usize,
    length: usize,
    names: usize,
    directed: bool,
}

/// An unvalidated [`StarConfig`], as written in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawStarConfig {
    /// d, the number of arms.
    pub arms: usize,
    /// l, the nodes of an arm including the centre: a path from origin to goal has `l` nodes.
    pub length: usize,
    /// N, the number of node names. Default and minimum: the number of nodes, `arms · (length - 1) + 1`. Unused names are
    /// isolated nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<usize>,
    /// Whether edges point outwards from the centre. Default: true.
    #[serde(default = "yes")]
    pub directed: bool,
}

impl TryFrom<RawStarConfig> for StarConfig {
    type Error = TaskError;

    fn try_from(raw: RawStarConfig) -> Result<StarConfig, TaskError> {
        let RawStarConfig { arms, length, names, directed } = raw;
        checked_range("length", length, 2, MAX_NODES)?;
        checked_range("arms", arms, 1, (MAX_NODES - 1) / (length - 1))?;
        let nodes = arms * (length - 1) + 1;
        let names = names.unwrap_or(nodes);
        checked_range("names", names, nodes, MAX_NODES)?;
        Ok(StarConfig { arms, length, names, directed })
    }
}

impl From<StarConfig> for RawStarConfig {
    fn from(config: StarConfig) -> RawStarConfig {
        let StarConfig { arms, length, names, directed } = config;
        RawStarConfig { arms, length, names: Some(names), directed }
    }
}

impl StarConfig {
    /// Returns d, the number of arms.
    pub fn arms(&self) -> usize {
        self.arms
    }

    /// Returns l, the nodes of an arm including the centre.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Returns N, the number of names, which is the number of nodes of the graph.
    pub fn names(&self) -> usize {
        self.names
    }

    pub(crate) fn name(&self) -> String {
        format!("star-{}x{}", self.arms, self.length)
    }

    pub(crate) fn problem(&self, rng: &mut Stream) -> Problem {
        let mut names: Vec<usize> = (0..self.names).collect();
        shuffle(rng, &mut names);
        let outer = self.length - 1;
        let node = |arm: usize, step: usize| names[if step == 0 { 0 } else { 1 + arm * outer + step - 1 }];
        let arm_edges = |arm| (0..outer).map(move |step| (node(arm, step), node(arm, step + 1)));
        let edges: Vec<(usize, usize)> = (0..self.arms).flat_map(arm_edges).collect();
        let make = if self.directed { Graph::directed } else { Graph::undirected };
        let goal = node(below(rng, self.arms), outer);
        Problem::on(make(self.names, &edges), names[0], Goal::Node(goal))
    }
}

fn yes() -> bool {
    true
}
