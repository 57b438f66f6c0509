//! Random graphs; origin and goal are two different, connected nodes.

use serde::{Deserialize, Serialize};

use crate::error::{TaskError, checked_range};
use crate::families::structure::{Arcs, Structure};
use crate::mazes::error::MAX_WEIGHT;
use crate::problem::solve::DistanceField;
use crate::problem::{Goal, Problem};
use searchlens_base::stream::{Stream, below};

/// A validated config of random graphs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawGraphConfig", into = "RawGraphConfig")]
pub struct GraphConfig(RawGraphConfig);

/// An unvalidated [`GraphConfig`], as written in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawGraphConfig {
    /// The distribution of graphs: `{ tree = { nodes = 16 } }`, `{ erdos_renyi = { nodes = 16, edge_probability = 0.2 } }`, ...
    pub structure: Structure,
    /// Direction of edges. Default: both ways.
    #[serde(default)]
    pub arcs: Arcs,
    /// Minimum distance from origin to goal, in steps, or in cost if weighted. Default: 1.
    #[serde(default = "one")]
    pub min_distance: usize,
    /// Edge weights are uniform on 1..=this. Default: 1, unweighted.
    #[serde(default = "no_weights")]
    pub max_weight: u32,
}

impl TryFrom<RawGraphConfig> for GraphConfig {
    type Error = TaskError;

    fn try_from(raw: RawGraphConfig) -> Result<GraphConfig, TaskError> {
        raw.structure.check()?;
        checked_range("max_weight", raw.max_weight as usize, 1, MAX_WEIGHT as usize)?;
        let farthest = (raw.structure.n_nodes() - 1) * raw.max_weight as usize;
        checked_range("min_distance", raw.min_distance, 1, farthest)?;
        Ok(GraphConfig(raw))
    }
}

impl From<GraphConfig> for RawGraphConfig {
    fn from(config: GraphConfig) -> RawGraphConfig {
        config.0
    }
}

impl GraphConfig {
    /// Returns the config's fields.
    pub fn table(&self) -> &RawGraphConfig {
        &self.0
    }

    pub(crate) fn name(&self) -> String {
        self.0.structure.name()
    }

    /// A graph with two of its nodes, if they are far enough apart and a path joins them.
    pub(crate) fn attempt(&self, rng: &mut Stream) -> Option<(Problem, DistanceField)> {
        let mut graph = self.0.structure.graph(self.0.arcs, rng);
        if self.0.max_weight > 1 {
            graph = graph.with_weights(|_, _| 1 + below(rng, self.0.max_weight as usize) as u32);
        }
        let n = graph.n_nodes();
        let origin = below(rng, n);
        let other = below(rng, n - 1);
        let goal = other + usize::from(other >= origin);
        let field = DistanceField::to(&graph, goal);
        let far_enough = field.distance(origin).is_some_and(|steps| steps >= self.0.min_distance);
        far_enough.then(|| (Problem::on(graph, origin, Goal::Node(goal)), field))
    }
}

fn one() -> usize {
    1
}

fn no_weights() -> u32 {
    1
}
