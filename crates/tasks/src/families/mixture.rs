//! Mixtures of tasks: each problem is drawn from one of the parts, by weight.
//!
//! Problems are split as in their part, so all parts must agree on when two problems are the same: what is held out in one
//! is held out in all.

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::Family;
use crate::config::TaskConfig;
use crate::error::TaskError;
use crate::problem::maze::Lattice;
use crate::splits::{Equivalence, FilledSplits};
use searchlens_base::stream::Stream;

/// A validated config of mixtures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawMixtureConfig", into = "RawMixtureConfig")]
pub struct MixtureConfig {
    parts: Vec<WeightedTask>,
}

/// An unvalidated [`MixtureConfig`], as written in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMixtureConfig {
    /// The parts.
    pub parts: Vec<WeightedTask>,
}

/// A part of a mixture: a task with its weight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightedTask {
    /// Relative frequency of problems from this part. Greater than 0.
    pub weight: f64,
    /// The task; not a mixture.
    pub task: TaskConfig,
}

/// The maximum number of parts.
pub const MAX_PARTS: usize = 1000;

impl TryFrom<RawMixtureConfig> for MixtureConfig {
    type Error = TaskError;

    fn try_from(raw: RawMixtureConfig) -> Result<MixtureConfig, TaskError> {
        let RawMixtureConfig { parts } = raw;
        let range =
            |field, value: String, wanted: &str| Err(TaskError::Range { field, value, wanted: wanted.to_owned() });
        if !(1..=MAX_PARTS).contains(&parts.len()) {
            return range("mixture.parts", format!("{} parts", parts.len()), "1 to 1000 parts");
        }
        if let Some(part) = parts.iter().find(|part| !(part.weight > 0.0 && part.weight < 1e9)) {
            return range("mixture.parts.weight", part.weight.to_string(), "greater than 0 and less than 1e9");
        }
        if parts.iter().any(|part| matches!(part.task, TaskConfig::Mixture(_))) {
            return range("mixture.parts.task", "mixture".to_owned(), "no mixture: put its parts in this one");
        }
        Ok(MixtureConfig { parts })
    }
}

impl From<MixtureConfig> for RawMixtureConfig {
    fn from(config: MixtureConfig) -> RawMixtureConfig {
        RawMixtureConfig { parts: config.parts }
    }
}

impl MixtureConfig {
    /// Returns the parts, at least one.
    pub fn parts(&self) -> &[WeightedTask] {
        &self.parts
    }

    /// Returns the lattice of all problems, if all parts share one.
    pub fn lattice(&self) -> Option<Lattice> {
        let first = self.parts[0].task.lattice();
        first.filter(|_| self.parts.iter().all(|part| part.task.lattice() == first))
    }

    /// Returns a short name: `dfs-5x5+2-more`.
    pub fn name(&self) -> String {
        match self.parts.len() - 1 {
            0 => self.parts[0].task.name(),
            others => format!("{}+{others}-more", self.parts[0].task.name()),
        }
    }
}

/// A mixture, ready to draw from.
#[derive(Clone, Debug)]
pub(crate) struct MixtureFamily {
    /// Each family with its cumulative share of problems.
    parts: Vec<(f64, Family)>,
}

impl MixtureFamily {
    /// Returns the family of a config, and the splits that all its parts can fill.
    ///
    /// # Errors
    /// Errors of the parts' families, and [`TaskError::Range`] if they disagree on when two problems are the same.
    pub(crate) fn new(config: &MixtureConfig) -> Result<(MixtureFamily, FilledSplits), TaskError> {
        let total: f64 = config.parts.iter().map(|part| part.weight).sum();
        let mut splits = FilledSplits { filled: [true; 3], n_draws: 0, n_classes: 0 };
        let mut parts: Vec<(f64, Family)> = Vec::new();
        let mut so_far = 0.0;
        for part in &config.parts {
            let (family, filled) = Family::new(&part.task)?;
            if parts.first().is_some_and(|(_, first)| first.equivalence() != family.equivalence()) {
                let wanted =
                    "a task of the first part's kind: mazes with mazes, unnamed graphs with unnamed graphs".to_owned();
                return Err(TaskError::Range { field: "mixture.parts.task", value: part.task.name(), wanted });
            }
            so_far += part.weight / total;
            parts.push((so_far, family));
            for (all, one) in splits.filled.iter_mut().zip(filled.filled) {
                *all &= one;
            }
            splits.n_draws += filled.n_draws;
            splits.n_classes += filled.n_classes;
        }
        Ok((MixtureFamily { parts }, splits))
    }

    pub(crate) fn equivalence(&self) -> Equivalence {
        self.parts[0].1.equivalence()
    }

    /// Draws one of the parts, by weight.
    pub(crate) fn pick(&self, rng: &mut Stream) -> &Family {
        let quantile = f64::from(rng.next_u32()) / (f64::from(u32::MAX) + 1.0);
        let found = self.parts.iter().find(|(up_to, _)| quantile < *up_to);
        // Rounding may leave the last cumulative share slightly below 1.
        &found.unwrap_or(&self.parts[self.parts.len() - 1]).1
    }
}
