//! Tests of the binary: arguments and files in; text, files and exit codes out.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

mod activations;
mod bits;
mod errors;
mod files;
mod golden;
mod help;
#[cfg(unix)]
mod kills;
mod problems;
mod run;
mod runs;
mod tables;
