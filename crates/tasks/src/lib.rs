//! Search problems: graphs and mazes, their generators and solvers, how hard they are, and which of them
//! may be trained on and which are kept for the test.
//!
//! **Invariant:** sampling is pure. The same seed, split and index give the same problem on every machine. This room
//! knows nothing of tokens, has no clock and no global random state. It touches no file.

// What a problem is.
pub mod graph;
pub mod maze;
pub mod passages;
pub mod problem;
pub mod region;

// How problems are drawn.
pub mod band;
pub mod config;
pub mod endpoints;
pub mod families;
pub mod filter;
pub mod generators;
pub mod identity;
mod keys;
pub mod labels;
pub mod maze_config;
pub mod maze_error;
pub mod refine;
pub mod split;
pub mod symmetry;
pub mod task;

// How they are solved, and how hard that is.
pub mod avoidance;
pub mod baselines;
pub mod corridor;
pub mod count;
pub mod judge;
pub mod leakage;
pub mod measure;
pub mod policy;
pub mod shortcut;
pub mod solve;
pub mod statistics;
