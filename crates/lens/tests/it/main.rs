//! Behaviour of the readings, from outside the crate.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

mod edits;
mod probes;
mod readings;
