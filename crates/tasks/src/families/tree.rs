//! Binary trees from the root to a leaf: Brinkmann et al. 2024, "A Mechanistic Analysis of a Transformer Trained on a
//! Symbolic Multi-Step Reasoning Task" (arXiv 2402.11917).

use serde::{Deserialize, Serialize};

use crate::error::{TaskError, checked_range};
use crate::problem::graph::Graph;
use crate::problem::{Goal, Problem};
use searchlens_base::stream::{Stream, below, between, shuffle};

/// A validated config of Brinkmann's trees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawTreeConfig", into = "RawTreeConfig")]
pub struct TreeConfig(RawTreeConfig);

/// An unvalidated [`TreeConfig`], as written in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawTreeConfig {
    /// Number of nodes, 16 in the paper.
    pub nodes: usize,
    /// Whether a second chain of random length starts at the root, if nodes are left for it, so that the longest branch is
    /// not always the right one. Default: true.
    #[serde(default = "yes")]
    pub second_chain: bool,
}

const MAX_TREE_NODES: usize = 10_000;

impl TryFrom<RawTreeConfig> for TreeConfig {
    type Error = TaskError;

    fn try_from(raw: RawTreeConfig) -> Result<TreeConfig, TaskError> {
        checked_range("nodes", raw.nodes, 2, MAX_TREE_NODES)?;
        Ok(TreeConfig(raw))
    }
}

impl From<TreeConfig> for RawTreeConfig {
    fn from(config: TreeConfig) -> RawTreeConfig {
        config.0
    }
}

impl TreeConfig {
    /// Returns the config's fields.
    pub fn table(&self) -> &RawTreeConfig {
        &self.0
    }

    pub(crate) fn name(&self) -> String {
        format!("binary-tree-{}", self.0.nodes)
    }

    /// Draws a path of uniform length from root to goal, optionally a second chain from the root, and attaches the other nodes
    /// one by one to a random node that is not the goal and has fewer than two children.
    pub(crate) fn problem(&self, rng: &mut Stream) -> Problem {
        let n = self.0.nodes;
        let mut names: Vec<usize> = (0..n).collect();
        shuffle(rng, &mut names);
        let length = between(rng, 1, n - 1);
        let mut arcs: Vec<(usize, usize)> = (1..=length).map(|v| (v - 1, v)).collect();
        let mut next = length + 1;
        if self.0.second_chain && next < n {
            let second = between(rng, 1, n - next);
            arcs.extend((next..next + second).map(|v| (if v == next { 0 } else { v - 1 }, v)));
            next += second;
        }
        let mut n_children = vec![0usize; n];
        arcs.iter().for_each(|&(parent, _)| n_children[parent] += 1);
        let mut open: Vec<usize> = (0..next).filter(|&v| v != length && n_children[v] < 2).collect();
        for v in next..n {
            let i = below(rng, open.len());
            let parent = open[i];
            arcs.push((parent, v));
            n_children[parent] += 1;
            if n_children[parent] == 2 {
                open.swap_remove(i);
            }
            open.push(v);
        }
        arcs.iter_mut().for_each(|(u, v)| (*u, *v) = (names[*u], names[*v]));
        Problem::on(Graph::directed(n, &arcs), names[0], Goal::Node(names[length]))
    }
}

fn yes() -> bool {
    true
}
