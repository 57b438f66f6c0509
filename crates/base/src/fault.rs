//! Whose fault an error is.

use std::error::Error;

/// Who has to act on an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The input is wrong: its author can correct it. Exit code 2.
    BadInput,
    /// The input may be right and the work still failed: a full disk, a bug. Exit code 1.
    Failure,
}

/// An error that knows whose fault it is. Every error that a caller outside this workspace can meet implements it, so the
/// binary need not keep a list.
pub trait HasFault: Error {
    /// Whose fault this error is.
    fn fault(&self) -> Fault;
}
