//! Random graphs of many kinds, origin and goal two different nodes that a path joins.

use serde::{Deserialize, Serialize};

use crate::config::TaskError;
use crate::families::checked_range;
use crate::families::structure::{Arcs, Structure};
use crate::problem::{Goal, Problem};
use crate::solve::DistanceField;
use crate::stream::{Stream, below};

/// Random graphs: checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawGraphConfig", into = "RawGraphConfig")]
pub struct GraphConfig(RawGraphConfig);

/// [`GraphConfig`] as it stands in a file: nothing checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawGraphConfig {
    /// What joins the nodes: `{ tree = { nodes = 16 } }`, `{ erdos_renyi = { nodes = 16, edge_probability = 0.2 } }`, ...
    pub structure: Structure,
    /// Which ways edges can be walked; both if left out.
    #[serde(default)]
    pub arcs: Arcs,
    /// The least number of steps from origin to goal; 1 if left out.
    #[serde(default = "one")]
    pub min_distance: usize,
}

impl TryFrom<RawGraphConfig> for GraphConfig {
    type Error = TaskError;

    fn try_from(raw: RawGraphConfig) -> Result<GraphConfig, TaskError> {
        raw.structure.check()?;
        checked_range("min_distance", raw.min_distance, 1, raw.structure.n_nodes() - 1)?;
        Ok(GraphConfig(raw))
    }
}

impl From<GraphConfig> for RawGraphConfig {
    fn from(config: GraphConfig) -> RawGraphConfig {
        config.0
    }
}

impl GraphConfig {
    /// The table.
    pub fn table(&self) -> &RawGraphConfig {
        &self.0
    }

    pub(crate) fn name(&self) -> String {
        self.0.structure.name()
    }

    /// A graph with two of its nodes, if they are far enough apart and a path joins them.
    pub(crate) fn attempt(&self, rng: &mut Stream) -> Option<(Problem, DistanceField)> {
        let graph = self.0.structure.graph(self.0.arcs, rng);
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
