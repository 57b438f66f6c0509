//! Configs of tasks: the tables of a config file, validated when they are read.

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
use crate::mazes::config::MazeConfig;
use crate::problem::maze::Lattice;
use searchlens_base::text::listed;

/// Which search problems to draw: one variant per family. In TOML the sub-table names the family: `[task.maze]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskConfig {
    /// Mazes on a rectangle or torus, from one cell to another.
    Maze(MazeConfig),
    /// Path-stars: arms from one node, the goal at the end of one of them.
    Star(StarConfig),
    /// Directed acyclic graphs of three distributions, one of them balanced in lookahead.
    Dag(DagConfig),
    /// Binary trees, from the root to a leaf.
    Tree(TreeConfig),
    /// Random graphs, origin and goal two different nodes.
    Graph(GraphConfig),
    /// Labelled graphs, the goal being the nearest node with a label in a set.
    Labelled(LabelledConfig),
    /// Labelled graphs after few-shot demonstrations.
    Prompted(PromptedConfig),
    /// k-hop: follow arrows k times.
    Hops(HopsConfig),
    /// Combine numbers until the target is left.
    Countdown(CountdownConfig),
    /// Sliding puzzles.
    Sliding(SlidingConfig),
    /// Problems of several tasks.
    Mixture(MixtureConfig),
}

/// The sub-tables of `[task]`, one per variant of [`TaskConfig`].
#[derive(Clone, Copy)]
enum FamilyName {
    Maze,
    Star,
    Dag,
    Tree,
    Graph,
    Labelled,
    Prompted,
    Hops,
    Countdown,
    Sliding,
    Mixture,
}

/// Every family with its name in configs.
const FAMILIES: [(&str, FamilyName); 11] = [
    ("maze", FamilyName::Maze),
    ("star", FamilyName::Star),
    ("dag", FamilyName::Dag),
    ("tree", FamilyName::Tree),
    ("graph", FamilyName::Graph),
    ("labelled", FamilyName::Labelled),
    ("prompted", FamilyName::Prompted),
    ("hops", FamilyName::Hops),
    ("countdown", FamilyName::Countdown),
    ("sliding", FamilyName::Sliding),
    ("mixture", FamilyName::Mixture),
];

impl<'de> Deserialize<'de> for TaskConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<TaskConfig, D::Error> {
        deserializer.deserialize_map(TaskReader)
    }
}

/// Reads the single table inside `[task]`, named after its family.
struct TaskReader;

impl<'de> Visitor<'de> for TaskReader {
    type Value = TaskConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a task in a table of its own, such as [task.maze]")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<TaskConfig, A::Error> {
        let names = FAMILIES.map(|(name, _)| name);
        let Some(name) = table.next_key_seed(KnownKey(&names))? else {
            let families = listed(names);
            return Err(A::Error::custom(format_args!(
                "no task; give one, such as [task.maze]; there are: {families}"
            )));
        };
        let family = FAMILIES.into_iter().find(|(known, _)| *known == name).expect("the key is known").1;
        let task = match family {
            FamilyName::Maze => TaskConfig::Maze(table.next_value()?),
            FamilyName::Star => TaskConfig::Star(table.next_value()?),
            FamilyName::Dag => TaskConfig::Dag(table.next_value()?),
            FamilyName::Tree => TaskConfig::Tree(table.next_value()?),
            FamilyName::Graph => TaskConfig::Graph(table.next_value()?),
            FamilyName::Labelled => TaskConfig::Labelled(table.next_value()?),
            FamilyName::Prompted => TaskConfig::Prompted(table.next_value()?),
            FamilyName::Hops => TaskConfig::Hops(table.next_value()?),
            FamilyName::Countdown => TaskConfig::Countdown(table.next_value()?),
            FamilyName::Sliding => TaskConfig::Sliding(table.next_value()?),
            FamilyName::Mixture => TaskConfig::Mixture(table.next_value()?),
        };
        match table.next_key::<String>()? {
            None => Ok(task),
            Some(second) => Err(A::Error::custom(format_args!(
                "two tasks, `{name}` and `{second}`; keep one, or make them parts of a [task.mixture]"
            ))),
        }
    }
}

impl TaskConfig {
    /// Returns the lattice of all problems, if they are mazes of one size.
    pub fn lattice(&self) -> Option<Lattice> {
        match self {
            TaskConfig::Maze(maze) => Some(maze.lattice()),
            TaskConfig::Mixture(mixture) => mixture.lattice(),
            _ => None,
        }
    }

    /// Returns a short name for folders and messages: `dfs-5x5`, `star-2x5`.
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
