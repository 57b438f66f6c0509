//! Tests of the tokens room: its tokenizers against maze-dataset's own output, and properties of all of them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

mod config;
mod corrupt;
mod encode;
mod golden;
mod graphs;
mod mazes;
mod modular;
#[cfg(test)]
mod puzzles;
mod roundtrip;
mod sizes;
