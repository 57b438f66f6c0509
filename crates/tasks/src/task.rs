//! Tasks: sources of problems. `Task::instance(seed, split, index)` is a pure function.

use crate::config::TaskConfig;
use crate::error::TaskError;
use crate::families::Family;
use crate::instance::Instance;
use crate::problem::Problem;
use crate::problem::maze::Lattice;
use crate::problem::solve::DistanceField;
use crate::splits::{Equivalence, FilledSplits, Split, SymmetryClass};
use searchlens_base::stream::{Purpose, stream};

/// A source of problems.
///
/// ```
/// use searchlens_tasks::config::TaskConfig;
/// use searchlens_tasks::mazes::config::MazeConfig;
/// use searchlens_tasks::mazes::generators::Generator;
/// use searchlens_tasks::splits::Split;
/// use searchlens_tasks::task::Task;
///
/// let maze = MazeConfig::new(Generator::dfs(), 3, 3)?;
/// let task = Task::new(TaskConfig::Maze(maze))?;
/// let drawn = task.instance(1, Split::Train, 0);
/// assert_eq!(drawn.path.first(), Some(&drawn.problem.origin));
/// assert_eq!(Split::of(drawn.class), Split::Train);
/// assert_eq!(drawn, task.instance(1, Split::Train, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Task {
    config: TaskConfig,
    family: Family,
    splits: FilledSplits,
}

impl Task {
    /// Makes the task of a config, and probes which splits it can fill (usually with a few dozen draws).
    ///
    /// # Errors
    /// [`TaskError::TooRare`] if almost no problem fits the config, although each field is valid.
    pub fn new(config: TaskConfig) -> Result<Task, TaskError> {
        let (family, splits) = Family::new(&config)?;
        Ok(Task { config, family, splits })
    }

    /// Returns the config.
    pub fn config(&self) -> &TaskConfig {
        &self.config
    }

    /// Returns the lattice of all problems, if they are mazes of one size.
    pub fn lattice(&self) -> Option<Lattice> {
        self.config.lattice()
    }

    /// Returns when two problems of the task count as the same.
    pub fn equivalence(&self) -> Equivalence {
        self.family.equivalence()
    }

    /// Returns the class of a problem of this task: equal for all problems that are the same under [`Task::equivalence`].
    /// `None` if no node fits its goal.
    ///
    /// # Panics
    /// If the task draws mazes and the problem is not a maze, or of another lattice.
    pub fn class(&self, problem: &Problem) -> Option<SymmetryClass> {
        Some(self.family.class(problem, &problem.distances()?))
    }

    /// Checks that the task has problems in a split. Tiny lattices have so few classes that a split may be empty: all 2×2
    /// mazes are one class.
    ///
    /// # Errors
    /// [`TaskError::EmptySplit`] if none of 2000 problems lies in the split.
    pub fn check_split(&self, split: Split) -> Result<(), TaskError> {
        if self.splits.filled[split as usize] {
            return Ok(());
        }
        let FilledSplits { n_draws, n_classes, .. } = self.splits;
        Err(TaskError::EmptySplit { split, task: self.config.name(), n_draws, n_classes })
    }

    /// Draws problem number `index` of a split: a pure function of its arguments and the config.
    ///
    /// Samples from the stream of (seed, split, index) until the problem's class lies in the split.
    ///
    /// # Panics
    /// If the split is empty: call [`Task::check_split`] before the first draw.
    pub fn instance(&self, seed: u64, split: Split, index: u64) -> Instance {
        self.solved_instance(seed, split, index).0
    }

    /// Draws [`Task::instance`] together with the distances to its goal, which were computed to find the path.
    ///
    /// # Panics
    /// As [`Task::instance`].
    pub fn solved_instance(&self, seed: u64, split: Split, index: u64) -> (Instance, DistanceField) {
        if let Err(error) = self.check_split(split) {
            panic!("call Task::check_split first: {error}");
        }
        self.family.draw(&mut stream(seed, split.purpose(), index), &|class| Split::of(class) == split)
    }

    /// Draws problem number `index` of a split whose every path to the target set crosses the avoid set, from the same
    /// distribution of graphs and labels: a test of networks trained to comply. Its path has the fewest violations
    /// ([`crate::difficulty::avoidance::forbidden_path`]); the goal, taken literally, has no solution.
    ///
    /// `None` if the task has no avoid set, or such problems are too rare.
    pub fn unavoidable_instance(&self, seed: u64, split: Split, index: u64) -> Option<Instance> {
        // The split takes the two highest bits: fewer than 2^62 problems are drawn.
        let mut rng = stream(seed, Purpose::Unavoidable, index | (split as u64) << 62);
        self.family.draw_unavoidable(&mut rng, &|class| Split::of(class) == split)
    }

    /// Draws problem number `index` of the whole distribution, whatever its split.
    pub fn natural_instance(&self, seed: u64, index: u64) -> (Instance, DistanceField) {
        self.family.draw(&mut stream(seed, Purpose::Natural, index), &|_| true)
    }
}
