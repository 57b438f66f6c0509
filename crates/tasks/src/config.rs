//! What a task is made from: the tables of a config file, checked once and then known to be good.

use serde::{Deserialize, Serialize};

use crate::families::star::StarConfig;
use crate::maze::Lattice;
pub use crate::maze_config::{MazeConfig, RawMazeConfig};
pub use crate::maze_error::{MAX_CELLS, MazeError};
use crate::split::Split;

/// Which search problems to draw: one variant a family. In TOML the sub-table names the family: `[task.maze]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskConfig {
    /// Mazes on a rectangle, origin and target two different cells, each pair as likely.
    Maze(MazeConfig),
    /// Path-stars: arms from one node, the goal at the end of one of them.
    Star(StarConfig),
}

impl TaskConfig {
    /// The lattice all problems lie on, if they are mazes.
    pub fn lattice(&self) -> Option<Lattice> {
        match self {
            TaskConfig::Maze(maze) => Some(maze.lattice()),
            TaskConfig::Star(_) => None,
        }
    }

    /// A short name for folders and messages: `dfs-5x5`, `star-2x5`.
    pub fn name(&self) -> String {
        match self {
            TaskConfig::Maze(maze) => {
                let Lattice { rows, cols } = maze.lattice();
                format!("{}-{rows}x{cols}", maze.generator().name())
            }
            TaskConfig::Star(star) => star.name(),
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
