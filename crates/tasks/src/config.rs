//! What a task is made from: the tables of a config file, checked once and then known to be good.

use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::families::countdown::CountdownConfig;
use crate::families::dag::DagConfig;
use crate::families::graph::GraphConfig;
use crate::families::hops::HopsConfig;
use crate::families::labelled::LabelledConfig;
use crate::families::mixture::MixtureConfig;
use crate::families::prompted::PromptedConfig;
use crate::families::sliding::SlidingConfig;
use crate::families::star::StarConfig;
use crate::families::tree::TreeConfig;
use crate::keys::KnownKey;
use crate::maze::Lattice;
pub use crate::maze_config::{MazeConfig, RawMazeConfig};
pub use crate::maze_error::{MAX_CELLS, MAX_WEIGHT, MazeError};
use crate::region::RegionError;
use crate::split::Split;
use searchlens_base::fault::{Fault, HasFault};
use searchlens_base::text::listed;

/// Which search problems to draw: one variant a family. In TOML the sub-table names the family: `[task.maze]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskConfig {
    /// Mazes on a rectangle or torus, origin and target two different cells, each pair as likely.
    Maze(MazeConfig),
    /// Path-stars: arms from one node, the goal at the end of one of them.
    Star(StarConfig),
    /// Directed acyclic graphs of three distributions, one of them balanced in lookahead.
    Dag(DagConfig),
    /// Binary trees, from the root to a leaf.
    Tree(TreeConfig),
    /// Random graphs, origin and goal two different nodes.
    Graph(GraphConfig),
    /// Labelled graphs, the goal the nearest node with a label in a set.
    Labelled(LabelledConfig),
    /// Labelled graphs after examples of others with their paths.
    Prompted(PromptedConfig),
    /// Following arrows a number of times.
    Hops(HopsConfig),
    /// Joining numbers until the target is left.
    Countdown(CountdownConfig),
    /// Sliding puzzles.
    Sliding(SlidingConfig),
    /// Problems of several tasks.
    Mixture(MixtureConfig),
}

/// The names of all families.
const FAMILIES: [&str; 11] =
    ["maze", "star", "dag", "tree", "graph", "labelled", "prompted", "hops", "countdown", "sliding", "mixture"];

impl<'de> Deserialize<'de> for TaskConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<TaskConfig, D::Error> {
        deserializer.deserialize_map(TaskReader)
    }
}

/// Reads the one table within `[task]`, named after its family.
struct TaskReader;

impl<'de> Visitor<'de> for TaskReader {
    type Value = TaskConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a task in a table of its own, such as [task.maze]")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<TaskConfig, A::Error> {
        let Some(family) = table.next_key_seed(KnownKey(&FAMILIES))? else {
            let families = listed(FAMILIES);
            return Err(A::Error::custom(format_args!(
                "no task; give one, such as [task.maze]; there are: {families}"
            )));
        };
        let task = match family.as_str() {
            "maze" => TaskConfig::Maze(table.next_value()?),
            "star" => TaskConfig::Star(table.next_value()?),
            "dag" => TaskConfig::Dag(table.next_value()?),
            "tree" => TaskConfig::Tree(table.next_value()?),
            "graph" => TaskConfig::Graph(table.next_value()?),
            "labelled" => TaskConfig::Labelled(table.next_value()?),
            "prompted" => TaskConfig::Prompted(table.next_value()?),
            "hops" => TaskConfig::Hops(table.next_value()?),
            "countdown" => TaskConfig::Countdown(table.next_value()?),
            "sliding" => TaskConfig::Sliding(table.next_value()?),
            _ => TaskConfig::Mixture(table.next_value()?),
        };
        match table.next_key::<String>()? {
            None => Ok(task),
            Some(second) => Err(A::Error::custom(format_args!(
                "two tasks, `{family}` and `{second}`; keep one, or make them parts of a [task.mixture]"
            ))),
        }
    }
}

impl TaskConfig {
    /// The lattice all problems lie on, if they are mazes, and of one size.
    pub fn lattice(&self) -> Option<Lattice> {
        match self {
            TaskConfig::Maze(maze) => Some(maze.lattice()),
            TaskConfig::Mixture(mixture) => mixture.lattice(),
            _ => None,
        }
    }

    /// A short name for folders and messages: `dfs-5x5`, `star-2x5`.
    pub fn name(&self) -> String {
        match self {
            TaskConfig::Maze(maze) => {
                let Lattice { rows, cols, wraps } = maze.lattice();
                format!("{}-{rows}x{cols}{}", maze.generator().name(), if wraps { "-torus" } else { "" })
            }
            TaskConfig::Star(config) => config.name(),
            TaskConfig::Dag(config) => config.name(),
            TaskConfig::Tree(config) => config.name(),
            TaskConfig::Graph(config) => config.name(),
            TaskConfig::Labelled(config) => config.name(),
            TaskConfig::Prompted(config) => config.name(),
            TaskConfig::Hops(config) => config.name(),
            TaskConfig::Countdown(config) => config.name(),
            TaskConfig::Sliding(config) => config.name(),
            TaskConfig::Mixture(config) => config.name(),
        }
    }
}

/// Why a task cannot be made or drawn from. Every one is a matter of input: the remedy is in the message.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TaskError {
    /// A value out of its range.
    #[error("{field} = {value}: it must be {wanted}")]
    Range {
        /// The field.
        field: &'static str,
        /// Its value.
        value: String,
        /// What would do.
        wanted: String,
    },
    /// A table of mazes that cannot be drawn.
    #[error(transparent)]
    Maze(#[from] MazeError),
    /// A set of labels that makes no sense.
    #[error("{field}: {error}")]
    Region {
        /// Which set.
        field: &'static str,
        /// What is wrong with it.
        error: RegionError,
    },
    /// Labels that can never be drawn.
    #[error("labels: the distribution draws no label {what}; widen it, or change the sets")]
    NoLabels {
        /// Where.
        what: &'static str,
    },
    /// Problems that fit the config are so rare that drawing one would take for ever.
    #[error(
        "{task}: of {n_draws} graphs only {n_found} made a problem that fits the config; ask for less (distance, \
         conflicts, hops), or for other graphs"
    )]
    TooRare {
        /// The task's [`TaskConfig::name`].
        task: String,
        /// How many were drawn.
        n_draws: usize,
        /// How many fitted.
        n_found: usize,
    },
    /// The task has (practically) no problem in a split.
    #[error(
        "split = \"{split}\": in {n_draws} draws from {task} no problem fell into it ({n_classes} symmetry class(es) \
         seen); make the problems larger, or use another split"
    )]
    EmptySplit {
        /// The split.
        split: Split,
        /// The task's [`TaskConfig::name`].
        task: String,
        /// How many problems were looked at.
        n_draws: usize,
        /// How many different classes they were of.
        n_classes: usize,
    },
}

impl HasFault for TaskError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}
