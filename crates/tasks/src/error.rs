//! Errors of task configs, and the range checks that raise them.

use crate::mazes::error::MazeError;
use crate::problem::region::RegionError;
use crate::splits::Split;
use searchlens_base::fault::{Fault, HasFault};

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

/// Refuses a count that is not from `low` to `high`.
pub(crate) fn checked_range(field: &'static str, value: usize, low: usize, high: usize) -> Result<(), TaskError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    let wanted = if low == high { low.to_string() } else { format!("from {low} to {high}") };
    Err(TaskError::Range { field, value: value.to_string(), wanted })
}

/// Refuses what is no chance or share.
pub(crate) fn checked_share(field: &'static str, value: f64) -> Result<(), TaskError> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    Err(TaskError::Range { field, value: value.to_string(), wanted: "from 0 to 1".to_owned() })
}
