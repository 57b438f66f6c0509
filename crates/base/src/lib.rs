//! What every room needs and no room owns: random streams, near names in messages, files that survive a crash, and whose fault
//! an error is.
//!
//! **Invariant:** knows no other room.

pub mod arithmetic;
pub mod durable;
mod failpoint;
pub mod fault;
pub mod stream;
pub mod text;
