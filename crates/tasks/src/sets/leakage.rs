//! Leakage of random splits: the share of test items that occur in training, as mazes, as problems, and up to symmetry. Our
//! own splits go by class and leak nothing; this measures what a random split would leak.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::splits::identity::{Identity, Same};
use crate::task::Task;

/// Shares of test items that also occur in the training set of a random split.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leakage {
    /// Training items.
    pub train: u64,
    /// Test items.
    pub test: u64,
    /// Share whose maze (graph) occurs in training, endpoints aside.
    pub maze: f64,
    /// Share whose maze occurs in training with the same endpoints.
    pub problem: f64,
    /// Share whose maze occurs in training up to symmetry.
    pub maze_up_to_symmetry: f64,
    /// Share whose problem occurs in training up to symmetry.
    pub problem_up_to_symmetry: f64,
}

/// Measures a random split: problems `0..train` of the generator against the next `test` problems.
///
/// The result does not depend on `threads`.
///
/// # Panics
/// If `test` or `threads` is 0.
pub fn random_split(task: &Task, seed: u64, train: u64, test: u64, threads: usize) -> Leakage {
    assert!(test > 0 && threads > 0, "no problems or no threads");
    let trained = identities(task, seed, 0..train, threads);
    let tested = identities(task, seed, train..train + test, threads);
    let share = |same: Same| {
        let known: HashSet<u64> = trained.iter().map(|identity| identity.by(same)).collect();
        let seen = tested.iter().filter(|identity| known.contains(&identity.by(same))).count();
        seen as f64 / test as f64
    };
    Leakage {
        train,
        test,
        maze: share(Same::Maze),
        problem: share(Same::Problem),
        maze_up_to_symmetry: share(Same::MazeClass),
        problem_up_to_symmetry: share(Same::ProblemClass),
    }
}

/// Computes the identities of problems of the generator, in no particular order.
fn identities(task: &Task, seed: u64, indices: std::ops::Range<u64>, threads: usize) -> Vec<Identity> {
    let of_thread = |thread: u64| {
        let own = (indices.start + thread..indices.end).step_by(threads);
        own.map(|index| Identity::of(&task.natural_instance(seed, index).0.problem)).collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads as u64).map(|thread| scope.spawn(move || of_thread(thread))).collect();
        workers.into_iter().flat_map(|w| w.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}
