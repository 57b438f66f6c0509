//! Errors of reading a problem from a line or a row.

use searchlens_tasks::region::RegionError;

/// Why a line cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct RecordError {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: RecordFault,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub enum RecordFault {
    /// The source failed, or is not UTF-8.
    #[error("cannot be read as text: {0}; give a file of JSON lines in UTF-8")]
    Source(std::io::Error),
    /// Not JSON, not an object, or a key that is unknown or stands twice.
    #[error("{message}; give one JSON object a line with the keys {keys}")]
    Json {
        /// What the parser says.
        message: String,
        /// The keys there are.
        keys: &'static str,
    },
    /// A key that every line must have is absent.
    #[error("`{field}` is missing; add it: {form}")]
    Missing {
        /// The key.
        field: &'static str,
        /// What it looks like.
        form: &'static str,
    },
    /// A value of the wrong form.
    #[error("`{field}` is {value}; it must be {form}")]
    Form {
        /// The key, with the place inside its value.
        field: String,
        /// What stands there, shortened.
        value: String,
        /// What should.
        form: String,
    },
    /// A solution without both ends.
    #[error("`solution` is given without `{missing}`; add it, or leave the solution out")]
    SolutionWithoutEnds {
        /// The key that is absent.
        missing: &'static str,
    },
    /// A solution that begins or ends elsewhere than it should.
    #[error("`solution` {verb} at {found:?} but `{field}` is {wanted:?}; make them agree")]
    WrongEnd {
        /// `starts` or `ends`.
        verb: &'static str,
        /// `start` or `end`.
        field: &'static str,
        /// `(row, col)` in the solution.
        found: (usize, usize),
        /// `(row, col)` in the field.
        wanted: (usize, usize),
    },
    /// A step of the solution through a wall.
    #[error(
        "`solution[{index}]` steps from {from:?} to {to:?}, where there is no open passage; correct the step or leave \
         the solution out"
    )]
    ClosedStep {
        /// Index of the cell stepped to.
        index: usize,
        /// `(row, col)` before the step.
        from: (usize, usize),
        /// `(row, col)` after the step.
        to: (usize, usize),
    },
    /// An edge of a graph that stands twice.
    #[error("`edges` has {from} - {to} twice; leave one out")]
    RepeatedEdge {
        /// One end.
        from: usize,
        /// The other.
        to: usize,
    },
    /// A step of the solution where a graph has no edge.
    #[error(
        "`solution[{index}]` steps from {from} to {to}, where there is no edge; correct the step or leave the solution out"
    )]
    NoEdge {
        /// Index of the node stepped to.
        index: usize,
        /// The node before the step.
        from: usize,
        /// The node after the step.
        to: usize,
    },
    /// A solution of a graph that ends where the goal is not.
    #[error("`solution` ends in {end}, which does not fit the goal; correct it or leave the solution out")]
    WrongGoal {
        /// The last node.
        end: usize,
    },
    /// A goal that no path reaches.
    #[error(
        "no path leads from `origin` {origin} to a node that fits the goal; change the goal, the edges or the origin"
    )]
    Unreachable {
        /// The origin.
        origin: usize,
    },
    /// A set of labels that makes no sense.
    #[error("`{field}`: {error}")]
    Region {
        /// Which set.
        field: &'static str,
        /// What is wrong with it.
        error: RegionError,
    },
    /// Both ends given, and no way between them.
    #[error("no path leads from `start` {start:?} to `end` {end:?}; choose ends that are joined, or leave one out")]
    NoPath {
        /// `(row, col)`.
        start: (usize, usize),
        /// `(row, col)`.
        end: (usize, usize),
    },
}
