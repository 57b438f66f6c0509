//! Whether an error is bad input or a failure.

use std::error::Error;

/// The class of an error, which decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The input is wrong, and its author can correct it. Exit code 2.
    BadInput,
    /// The work failed although the input may be right: a full disk, a bug. Exit code 1.
    Failure,
}

/// An error that knows its class. Every public error of this workspace implements it, so the binary keeps no list.
pub trait HasFault: Error {
    /// Returns the class of this error.
    fn fault(&self) -> Fault;
}
