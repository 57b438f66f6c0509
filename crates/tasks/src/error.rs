//! Errors of task configs, and the range checks that return them.

use crate::mazes::error::MazeError;
use crate::problem::region::RegionError;
use crate::splits::Split;
use searchlens_base::fault::{Fault, HasFault};

/// Errors of task configs. Each is bad input; the message names the remedy.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum TaskError {
    /// A value out of its range.
    #[error("{field} = {value}: it must be {wanted}")]
    Range { field: &'static str, value: String, wanted: String },
    /// A table of mazes that cannot be drawn.
    #[error(transparent)]
    Maze(#[from] MazeError),
    /// A set of labels that makes no sense.
    #[error("{field}: {error}")]
    Region { field: &'static str, error: RegionError },
    /// Labels that can never be drawn.
    #[error("labels: the distribution draws no label {what}; widen it, or change the sets")]
    NoLabels { what: &'static str },
    /// Problems that fit the config are so rare that drawing one would take for ever.
    #[error(
        "{task}: of {n_draws} graphs only {n_found} made a problem that fits the config; ask for less (distance, \
         conflicts, hops), or for other graphs"
    )]
    TooRare { task: String, n_draws: usize, n_found: usize },
    /// The task has (practically) no problem in a split.
    #[error(
        "split = \"{split}\": in {n_draws} draws from {task} no problem fell into it ({n_classes} symmetry class(es) \
         seen); make the problems larger, or use another split"
    )]
    EmptySplit { split: Split, task: String, n_draws: usize, n_classes: usize },
}

impl HasFault for TaskError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

/// Checks that a count lies in `low..=high`.
pub(crate) fn checked_range(field: &'static str, value: usize, low: usize, high: usize) -> Result<(), TaskError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    let wanted = if low == high { low.to_string() } else { format!("from {low} to {high}") };
    Err(TaskError::Range { field, value: value.to_string(), wanted })
}

/// Checks that a probability or share lies in `0.0..=1.0`.
pub(crate) fn checked_share(field: &'static str, value: f64) -> Result<(), TaskError> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    Err(TaskError::Range { field, value: value.to_string(), wanted: "from 0 to 1".to_owned() })
}
