//! Tasks: named sources of problems. `Task::instance(seed, split, index)` is a pure function.

use crate::config::TaskConfig;
use crate::error::TaskError;
use crate::families::{Family, FilledSplits};
use crate::instance::Instance;
use crate::problem::Problem;
use crate::problem::maze::Lattice;
use crate::problem::solve::DistanceField;
use crate::splits::{Equivalence, Split, SymmetryClass};
use searchlens_base::stream::{Purpose, stream};

/// A source of problems.
#[derive(Clone, Debug)]
pub struct Task {
    config: TaskConfig,
    family: Family,
    splits: FilledSplits,
}

impl Task {
    /// The task that a config describes. Looks, with a few dozen draws as a rule, which splits the task can fill.
    ///
    /// # Errors
    /// [`TaskError::TooRare`] if hardly any problem fits the config, though each of its fields is good.
    pub fn new(config: TaskConfig) -> Result<Task, TaskError> {
        let (family, splits) = Family::new(&config)?;
        Ok(Task { config, family, splits })
    }

    /// What the task was made from.
    pub fn config(&self) -> &TaskConfig {
        &self.config
    }

    /// The lattice all problems lie on, if they are mazes.
    pub fn lattice(&self) -> Option<Lattice> {
        self.config.lattice()
    }

    /// When two problems of the task count as the same.
    pub fn equivalence(&self) -> Equivalence {
        self.family.equivalence()
    }

    /// The class of a problem such as the task draws: equal for all problems that [`Task::equivalence`] calls the same.
    /// `None` if no node fits its goal.
    ///
    /// # Panics
    /// If the task draws mazes and the problem is none, or of another lattice.
    pub fn class(&self, problem: &Problem) -> Option<SymmetryClass> {
        Some(self.family.class(problem, &problem.distances()?))
    }

    /// Whether the task has problems in a split. Tiny lattices have so few classes that a split may be empty: all 2×2
    /// mazes are alike.
    ///
    /// # Errors
    /// [`TaskError::EmptySplit`] if, of 2000 problems, none lay in the split.
    pub fn check_split(&self, split: Split) -> Result<(), TaskError> {
        if self.splits.filled[split as usize] {
            return Ok(());
        }
        let FilledSplits { n_draws, n_classes, .. } = self.splits;
        Err(TaskError::EmptySplit { split, task: self.config.name(), n_draws, n_classes })
    }

    /// Problem number `index` of a split: a pure function of its arguments and the config.
    ///
    /// Problems are drawn from the stream of (seed, split, index) until one's class lies in the split.
    ///
    /// # Panics
    /// If the split is empty: ask [`Task::check_split`] before the first draw.
    pub fn instance(&self, seed: u64, split: Split, index: u64) -> Instance {
        self.solved_instance(seed, split, index).0
    }

    /// [`Task::instance`] with the distances to its goal, which finding the path has cost already.
    ///
    /// # Panics
    /// As [`Task::instance`].
    pub fn solved_instance(&self, seed: u64, split: Split, index: u64) -> (Instance, DistanceField) {
        if let Err(error) = self.check_split(split) {
            panic!("Task::check_split was not asked: {error}");
        }
        self.family.draw(&mut stream(seed, split.purpose(), index), &|class| Split::of(class) == split)
    }

    /// Problem number `index` of a split in which every way to the target set leads through the set to avoid, with the same
    /// graphs and labels: what a network does that was trained to keep clear. Its path is one that enters as few nodes to avoid
    /// as any ([`crate::difficulty::avoidance::forbidden_path`]); the goal, as it is written down, has no answer.
    ///
    /// `None` if the task is not one of labelled graphs with a set to avoid, or hardly any graph is like that.
    pub fn forced_instance(&self, seed: u64, split: Split, index: u64) -> Option<Instance> {
        // The split stands in the two highest bits: fewer than 2^62 problems are drawn.
        let mut rng = stream(seed, Purpose::Forced, index | (split as u64) << 62);
        self.family.draw_forced(&mut rng, &|class| Split::of(class) == split)
    }

    /// Problem number `index` as the generator makes them, whatever its split: for measures of the whole distribution.
    pub fn natural_instance(&self, seed: u64, index: u64) -> (Instance, DistanceField) {
        self.family.draw(&mut stream(seed, Purpose::Natural, index), &|_| true)
    }
}
