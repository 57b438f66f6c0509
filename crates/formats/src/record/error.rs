//! Errors of reading a problem from a line or a row.

use searchlens_base::fault::{Fault, HasFault};
use searchlens_tasks::problem::region::RegionError;

/// Error of reading a line.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct RecordError {
    /// Number of the line, from 1.
    pub line: usize,
    /// The error kind.
    pub fault: RecordFault,
}

impl HasFault for RecordError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

/// Error kind of a [`RecordError`].
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum RecordFault {
    #[error("cannot be read as text: {0}; give a file of JSON lines in UTF-8")]
    Source(std::io::Error),
    #[error("{message}; give one JSON object per line with the keys {keys}")]
    Json { message: String, keys: &'static str },
    #[error("`{field}` is missing; add it: {form}")]
    Missing { field: &'static str, form: &'static str },
    #[error("`{field}` is {value}; it must be {form}")]
    Form { field: String, value: String, form: String },
    #[error("`solution` is given without `{missing}`; add it, or remove the solution")]
    SolutionWithoutEnds { missing: &'static str },
    #[error("`solution` {verb} at {found:?} but `{field}` is {wanted:?}; make them agree")]
    WrongEnd { verb: &'static str, field: &'static str, found: (usize, usize), wanted: (usize, usize) },
    #[error(
        "`solution[{index}]` steps from {from:?} to {to:?}, where there is no open passage; correct the step or remove \
         the solution"
    )]
    ClosedStep { index: usize, from: (usize, usize), to: (usize, usize) },
    #[error("`edges` has {from} - {to} twice; remove one")]
    RepeatedEdge { from: usize, to: usize },
    #[error(
        "`solution[{index}]` steps from {from} to {to}, where there is no edge; correct the step or remove the solution"
    )]
    NoEdge { index: usize, from: usize, to: usize },
    #[error("`solution` ends in {end}, which does not satisfy the goal; correct it or remove the solution")]
    WrongGoal { end: usize },
    #[error(
        "no path leads from `origin` {origin} to a node that satisfies the goal; change the goal, the edges or the origin"
    )]
    Unreachable { origin: usize },
    #[error("`{field}`: {error}")]
    Region { field: &'static str, error: RegionError },
    #[error("no path leads from `start` {start:?} to `end` {end:?}; choose connected ends, or remove one")]
    NoPath { start: (usize, usize), end: (usize, usize) },
}
