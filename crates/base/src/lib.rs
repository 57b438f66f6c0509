//! Basics shared by all crates: named random streams, near names in messages, crash-safe files, and whether an error is bad
//! input or a failure.
//!
//! **Invariant:** depends on no other crate of the workspace.

pub mod arithmetic;
pub mod durable;
mod failpoint;
pub mod fault;
pub mod stream;
pub mod text;
