//! Training runs, evaluation and experiments: a config goes in, a run folder comes out.
//!
//! **Invariant:** a run can be rebuilt from its folder; a study lists its runs before it runs them.

pub mod results;
