//! Baselines of a task: path lengths, forks, and the scores of policies that do not search.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::difficulty::measure::forks;
use crate::difficulty::policy::{Decisions, PolicyScores, random_step_chances};
use crate::difficulty::shortcut::{EntropyFloor, Shortcut};
use crate::problem::Goal;
use crate::splits::Split;
use crate::task::Task;

/// Means over problems of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baselines {
    /// Number of problems.
    pub n: u64,
    /// Cells of the path, both ends included.
    pub mean_path_cells: f64,
    /// Forks on the path.
    pub mean_forks: f64,
    /// Mean over all steps of all paths of the probability of guessing the step among the neighbours ahead (of k hops, among
    /// all other nodes); 1 if no path has a step.
    pub per_token_random: f64,
    /// Probability of a shortest path, by policy.
    pub exact: PolicyScores,
    /// Loss of a perfect solver, in nats, because one of several solutions was drawn; 0 if all solutions are unique.
    pub entropy_floor: EntropyFloor,
    /// Probability of predicting a nearest target without labels or the avoid set, by shortcut; empty if goals are nodes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shortcuts: BTreeMap<Shortcut, f64>,
}

/// Scores the policies on problems `0..count` of a split, or of the whole distribution if `split` is `None`.
///
/// The result does not depend on `threads`, to the last bit.
///
/// # Panics
/// If `count` or `threads` is 0, or the split is empty (see [`Task::check_split`]).
pub fn baselines(task: &Task, seed: u64, split: Option<Split>, count: u64, threads: usize) -> Baselines {
    assert!(count > 0 && threads > 0, "no problems or no threads");
    // Work is split into blocks independently of the number of threads, and block sums are added in order, so that
    // rounding is the same.
    let n_blocks = count.div_ceil(BLOCK);
    let block = |b: u64| Sums::over(task, seed, split, b * BLOCK..count.min((b + 1) * BLOCK));
    let by_thread: Vec<Vec<Sums>> = std::thread::scope(|scope| {
        let work = |t: u64| scope.spawn(move || (t..n_blocks).step_by(threads).map(block).collect());
        let workers: Vec<_> = (0..threads as u64).map(work).collect();
        workers.into_iter().map(|w| w.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let mut total = Sums::default();
    for b in 0..n_blocks as usize {
        total.add(&by_thread[b % threads][b / threads]);
    }
    total.means()
}

/// Problems per block.
const BLOCK: u64 = 256;

struct Sums {
    n: u64,
    path_cells: u64,
    forks: u64,
    step_chances: f64,
    exact: PolicyScores,
    floor: EntropyFloor,
    shortcuts: BTreeMap<Shortcut, f64>,
}

impl Default for Sums {
    fn default() -> Sums {
        let (floor, shortcuts) = (EntropyFloor::default(), BTreeMap::new());
        Sums { n: 0, path_cells: 0, forks: 0, step_chances: 0.0, exact: PolicyScores::zero(), floor, shortcuts }
    }
}

impl Sums {
    fn over(task: &Task, seed: u64, split: Option<Split>, indices: std::ops::Range<u64>) -> Sums {
        let mut sums = Sums::default();
        for index in indices {
            let (instance, field) = match split {
                Some(split) => task.solved_instance(seed, split, index),
                None => task.natural_instance(seed, index),
            };
            let (graph, path) = (&instance.problem.graph, &instance.path);
            sums.n += 1;
            sums.path_cells += path.len() as u64;
            sums.forks += forks(graph, path).count() as u64;
            sums.step_chances += match instance.problem.goal {
                // As in `policy`: a policy that does not read the arrows names any other node.
                Goal::Hops(hops) => hops as f64 / (graph.n_nodes() - 1) as f64,
                Goal::Node(_) | Goal::Nearest { .. } => random_step_chances(graph, path).sum::<f64>(),
            };
            sums.exact.add(&Decisions::of(&instance.problem, &field).scores());
            sums.add_floor(&EntropyFloor::of(&instance.problem, &field));
            if let Goal::Nearest { .. } = instance.problem.goal {
                let chances = Shortcut::ALL.map(|shortcut| (shortcut, shortcut.chance(&instance.problem, &field)));
                sums.add_shortcuts(chances);
            }
        }
        sums
    }

    fn add(&mut self, other: &Sums) {
        self.n += other.n;
        self.path_cells += other.path_cells;
        self.forks += other.forks;
        self.step_chances += other.step_chances;
        self.exact.add(&other.exact);
        self.add_floor(&other.floor);
        self.add_shortcuts(other.shortcuts.iter().map(|(&shortcut, &chance)| (shortcut, chance)));
    }

    fn add_floor(&mut self, floor: &EntropyFloor) {
        self.floor.path += floor.path;
        self.floor.first_step += floor.first_step;
    }

    fn add_shortcuts(&mut self, chances: impl IntoIterator<Item = (Shortcut, f64)>) {
        chances.into_iter().for_each(|(shortcut, chance)| *self.shortcuts.entry(shortcut).or_insert(0.0) += chance);
    }

    fn means(self) -> Baselines {
        let n = self.n as f64;
        Baselines {
            n: self.n,
            mean_path_cells: self.path_cells as f64 / n,
            mean_forks: self.forks as f64 / n,
            per_token_random: match self.path_cells - self.n {
                0 => 1.0,
                steps => self.step_chances / steps as f64,
            },
            exact: self.exact.scaled(1.0 / n),
            entropy_floor: EntropyFloor { path: self.floor.path / n, first_step: self.floor.first_step / n },
            shortcuts: self.shortcuts.into_iter().map(|(shortcut, sum)| (shortcut, sum / n)).collect(),
        }
    }
}
