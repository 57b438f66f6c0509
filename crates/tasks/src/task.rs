//! Tasks: named sources of problems. `Task::instance(seed, split, index)` is a pure function.

use std::collections::BTreeSet;

use crate::config::{MazeConfig, TaskConfig, TaskError};
use crate::generators::Generator;
use crate::maze::Lattice;
use crate::passages::PassageSet;
use crate::problem::Problem;
use crate::solve::{DistanceField, random_shortest_path};
use crate::split::{Split, SymmetryClass};
use crate::stream::{Purpose, Stream, below, stream};
use crate::symmetry::Symmetries;

/// A problem with one of its answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// What to solve.
    pub problem: Problem,
    /// A shortest path, both ends included; where there are several, each is as likely.
    pub path: Vec<usize>,
    /// The class of the maze, which decides its split.
    pub class: SymmetryClass,
}

/// A source of problems.
#[derive(Clone, Debug)]
pub struct Task {
    config: TaskConfig,
    generator: Generator,
    symmetries: Symmetries,
    splits: FilledSplits,
}

impl Task {
    /// The task that a config describes. Looks, with a few dozen draws as a rule, which splits the task can fill.
    ///
    /// # Errors
    /// None today; kinds of tasks that need more than a checked config will have some.
    pub fn new(config: TaskConfig) -> Result<Task, TaskError> {
        let TaskConfig::Maze(maze) = &config;
        let symmetries = Symmetries::of(maze.lattice());
        let splits = FilledSplits::probe(maze, &symmetries);
        Ok(Task { generator: maze.generator(), config, symmetries, splits })
    }

    /// What the task was made from.
    pub fn config(&self) -> &TaskConfig {
        &self.config
    }

    /// The lattice all problems lie on, if they are mazes.
    pub fn lattice(&self) -> Option<Lattice> {
        let TaskConfig::Maze(maze) = &self.config;
        Some(maze.lattice())
    }

    /// Whether the task has problems in a split. Tiny lattices have so few classes that a split may be empty: all 2×2
    /// mazes are alike.
    ///
    /// # Errors
    /// [`TaskError::EmptySplit`] if, of [`PROBE_DRAWS`] mazes, none lay in the split.
    pub fn check_split(&self, split: Split) -> Result<(), TaskError> {
        if self.splits.filled[split as usize] {
            return Ok(());
        }
        let TaskConfig::Maze(maze) = &self.config;
        let Lattice { rows, cols } = maze.lattice();
        let n_classes = self.splits.n_classes;
        Err(TaskError::EmptySplit {
            split,
            generator: self.generator.name(),
            rows,
            cols,
            n_draws: PROBE_DRAWS,
            n_classes,
        })
    }

    /// Problem number `index` of a split: a pure function of its arguments and the config.
    ///
    /// Mazes are drawn from the stream of (seed, split, index) until one's class lies in the split.
    ///
    /// # Panics
    /// If the split is empty: ask [`Task::check_split`] before the first draw.
    pub fn instance(&self, seed: u64, split: Split, index: u64) -> Instance {
        self.solved_instance(seed, split, index).0
    }

    /// [`Task::instance`] with the distances to its target, which finding the path has cost already.
    ///
    /// # Panics
    /// As [`Task::instance`].
    pub fn solved_instance(&self, seed: u64, split: Split, index: u64) -> (Instance, DistanceField) {
        if let Err(error) = self.check_split(split) {
            panic!("Task::check_split was not asked: {error}");
        }
        self.draw(stream(seed, split.purpose(), index), |class| Split::of(class) == split)
    }

    /// Problem number `index` as the generator makes them, whatever its split: for measures of the whole distribution.
    pub fn natural_instance(&self, seed: u64, index: u64) -> (Instance, DistanceField) {
        self.draw(stream(seed, Purpose::Natural, index), |_| true)
    }

    /// Draws mazes until one's class is wanted, then the endpoints, then the path.
    fn draw(&self, mut rng: Stream, wanted: impl Fn(SymmetryClass) -> bool) -> (Instance, DistanceField) {
        let TaskConfig::Maze(maze) = &self.config;
        let mut open = PassageSet::none(maze.lattice());
        let class = loop {
            self.generator.carve(&mut rng, &mut open);
            let class = self.symmetries.class(&open);
            if wanted(class) {
                break class;
            }
        };
        let n = maze.lattice().n_cells();
        let origin = below(&mut rng, n);
        let other = below(&mut rng, n - 1);
        let target = other + usize::from(other >= origin);
        let problem = Problem::in_maze(open.to_maze(), origin, target);
        let field = DistanceField::to(&problem.graph, target);
        let path =
            random_shortest_path(&problem.graph, &field, origin, &mut rng).expect("the generators join all cells");
        (Instance { problem, path, class }, field)
    }
}

/// How many mazes [`Task::new`] looks at before it calls a split empty. A split that holds one maze in a hundred is
/// missed once in 500 million tasks.
pub const PROBE_DRAWS: usize = 2000;

/// Lattices with more cells than this, corridors apart, have so many classes that no split is empty.
const MANY_CELLS: usize = 64;

/// Which splits a task has problems in.
#[derive(Clone, Debug)]
struct FilledSplits {
    filled: [bool; 3],
    /// Different classes met while looking.
    n_classes: usize,
}

impl FilledSplits {
    /// Draws mazes, the same ones every time, until each split has shown one or [`PROBE_DRAWS`] are drawn.
    fn probe(maze: &MazeConfig, symmetries: &Symmetries) -> FilledSplits {
        let lattice = maze.lattice();
        let corridor = lattice.rows.min(lattice.cols) == 1;
        if lattice.n_cells() > MANY_CELLS && !corridor {
            return FilledSplits { filled: [true; 3], n_classes: 0 };
        }
        let mut rng = stream(0, Purpose::Probe, 0);
        let mut open = PassageSet::none(lattice);
        let mut filled = [false; 3];
        let mut classes = BTreeSet::new();
        // A corridor has one maze: seeing it once is enough.
        for _ in 0..if corridor { 1 } else { PROBE_DRAWS } {
            maze.generator().carve(&mut rng, &mut open);
            let class = symmetries.class(&open);
            filled[Split::of(class) as usize] = true;
            classes.insert(class);
            if filled == [true; 3] {
                break;
            }
        }
        FilledSplits { filled, n_classes: classes.len() }
    }
}
