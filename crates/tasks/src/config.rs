//! What a task is made from: the tables of a config file, checked once and then known to be good.

use serde::{Deserialize, Serialize};

use crate::families::countdown::CountdownConfig;
use crate::families::dag::DagConfig;
use crate::families::graph::GraphConfig;
use crate::families::hops::HopsConfig;
use crate::families::labelled::LabelledConfig;
use crate::families::prompted::PromptedConfig;
use crate::families::sliding::SlidingConfig;
use crate::families::star::StarConfig;
use crate::families::tree::TreeConfig;
use crate::generators::{Generator, Start};
use crate::maze::Lattice;
use crate::region::RegionError;
use crate::split::Split;
use crate::text::{listed, near_names};

/// Which search problems to draw: one variant a family. In TOML the sub-table names the family: `[task.maze]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskConfig {
    /// Mazes on a rectangle, origin and target two different cells, each pair as likely.
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
}

impl TaskConfig {
    /// The lattice all problems lie on, if they are mazes.
    pub fn lattice(&self) -> Option<Lattice> {
        match self {
            TaskConfig::Maze(maze) => Some(maze.lattice()),
            _ => None,
        }
    }

    /// A short name for folders and messages: `dfs-5x5`, `star-2x5`.
    pub fn name(&self) -> String {
        match self {
            TaskConfig::Maze(maze) => {
                let Lattice { rows, cols } = maze.lattice();
                format!("{}-{rows}x{cols}", maze.generator().name())
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
    /// `rows` or `cols` is 0.
    #[error("{field} = 0: a maze needs at least one row and one column; give {field} a value of 1 or more")]
    ZeroSide {
        /// `rows` or `cols`.
        field: &'static str,
    },
    /// One cell only.
    #[error("rows = 1, cols = 1: a maze of one cell has no two different endpoints; make rows or cols at least 2")]
    OneCell,
    /// More than [`MAX_CELLS`].
    #[error("rows = {rows}, cols = {cols}: more than {MAX_CELLS} cells; make the maze smaller")]
    TooManyCells {
        /// What was asked for.
        rows: usize,
        /// What was asked for.
        cols: usize,
    },
    /// No generator of that name.
    #[error(
        "generator = \"{name}\": there is no such generator{}; available: {}",
        near_names(name, GENERATORS),
        listed(GENERATORS)
    )]
    UnknownGenerator {
        /// What was asked for.
        name: String,
    },
    /// No start rule of that name.
    #[error("start = \"{name}\": there is no such start{}; available: {}", near_names(name, STARTS), listed(STARTS))]
    UnknownStart {
        /// What was asked for.
        name: String,
    },
    /// maze-dataset's start on a single row or column.
    #[error(
        "start = \"maze-dataset\": it never lies in the last row or column, and a {rows}x{cols} maze has no \
         other cell; leave `start` out or give the maze two rows and two columns"
    )]
    NoStartCell {
        /// Rows of the maze.
        rows: usize,
        /// Columns of the maze.
        cols: usize,
    },
    /// An option that the generator has no use for.
    #[error("{option} = {value}: the generator `{generator}` takes no such option; remove it")]
    UnusedOption {
        /// The option.
        option: &'static str,
        /// Its value.
        value: String,
        /// The generator.
        generator: &'static str,
    },
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

/// The largest maze, in cells: a thousand by a thousand.
pub const MAX_CELLS: usize = 1_000_000;

/// Names of the generators there are.
const GENERATORS: [&str; 2] = ["dfs", "wilson"];

/// Names of the start rules there are.
const STARTS: [&str; 2] = ["uniform", "maze-dataset"];

/// Mazes on a rectangle, by one generator: checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawMazeConfig", into = "RawMazeConfig")]
pub struct MazeConfig {
    generator: Generator,
    lattice: Lattice,
}

impl MazeConfig {
    /// Mazes of a size by a generator.
    ///
    /// # Errors
    /// If the size is impossible, or impossible for this generator.
    pub fn new(generator: Generator, rows: usize, cols: usize) -> Result<MazeConfig, TaskError> {
        for (field, side) in [("rows", rows), ("cols", cols)] {
            if side == 0 {
                return Err(TaskError::ZeroSide { field });
            }
        }
        if (rows, cols) == (1, 1) {
            return Err(TaskError::OneCell);
        }
        if rows.checked_mul(cols).is_none_or(|cells| cells > MAX_CELLS) {
            return Err(TaskError::TooManyCells { rows, cols });
        }
        if generator == (Generator::Dfs { start: Start::MazeDataset }) && rows.min(cols) == 1 {
            return Err(TaskError::NoStartCell { rows, cols });
        }
        Ok(MazeConfig { generator, lattice: Lattice { rows, cols } })
    }

    /// The generator and its options.
    pub fn generator(&self) -> Generator {
        self.generator
    }

    /// The rectangle of cells.
    pub fn lattice(&self) -> Lattice {
        self.lattice
    }
}

/// [`MazeConfig`] as it stands in a file or on a command line: nothing checked.
///
/// `MazeConfig::try_from` is the check; it serves files and command lines alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMazeConfig {
    /// `dfs` or `wilson`.
    pub generator: String,
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// `dfs` only: `uniform` (the default) or `maze-dataset`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
}

impl TryFrom<RawMazeConfig> for MazeConfig {
    type Error = TaskError;

    fn try_from(raw: RawMazeConfig) -> Result<MazeConfig, TaskError> {
        let generator = match (raw.generator.as_str(), raw.start) {
            ("dfs", start) => Generator::Dfs { start: start.map_or(Ok(Start::default()), parse_start)? },
            ("wilson", None) => Generator::Wilson,
            ("wilson", Some(start)) => {
                return Err(TaskError::UnusedOption {
                    option: "start",
                    value: format!("{start:?}"),
                    generator: "wilson",
                });
            }
            _ => return Err(TaskError::UnknownGenerator { name: raw.generator }),
        };
        MazeConfig::new(generator, raw.rows, raw.cols)
    }
}

impl From<MazeConfig> for RawMazeConfig {
    fn from(config: MazeConfig) -> RawMazeConfig {
        let MazeConfig { generator, lattice: Lattice { rows, cols } } = config;
        let start = match generator {
            Generator::Dfs { start: Start::MazeDataset } => Some("maze-dataset".to_owned()),
            Generator::Dfs { start: Start::Uniform } | Generator::Wilson => None,
        };
        RawMazeConfig { generator: generator.name().to_owned(), rows, cols, start }
    }
}

fn parse_start(name: String) -> Result<Start, TaskError> {
    match name.as_str() {
        "uniform" => Ok(Start::Uniform),
        "maze-dataset" => Ok(Start::MazeDataset),
        _ => Err(TaskError::UnknownStart { name }),
    }
}
