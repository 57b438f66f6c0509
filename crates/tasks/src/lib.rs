//! Search problems: graphs and mazes, their generators and solvers, how hard they are, and which of them may be trained on.
//!
//! | module | contents |
//! |---|---|
//! | [`problem`] | graphs, lattices, goals, shortest paths |
//! | [`difficulty`] | forks, lookahead, policies that do not search, grading of paths |
//! | [`splits`] | symmetry classes, and the split each belongs to |
//! | [`mazes`] | maze configs, generators, endpoint rules, exact counts |
//! | [`families`] | one file per family of problems |
//! | [`task`] | a config made ready to draw [`instance`]s |
//! | [`sets`] | filters, statistics and baselines of many problems |
//!
//! Modules depend only on those above them in the table.
//!
//! **Invariant:** sampling is pure. The same seed, split and index give the same problem on every machine. This crate
//! knows no tokens, reads no clock, has no global random state and touches no file.

pub mod band;
pub mod config;
pub mod difficulty;
pub mod error;
pub mod families;
pub mod instance;
mod keys;
pub mod mazes;
pub mod problem;
pub mod sets;
pub mod splits;
pub mod task;
