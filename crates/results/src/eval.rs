//! `results/eval.json`: scores of a model, and of policies that do not search.

use std::collections::BTreeMap;

use crate::lookahead::Lookahead;
use searchlens_stats::estimate::Estimate;
use serde::{Deserialize, Serialize};

/// Effective lookahead k*: the k of the k-lookahead policy that has the model's score on the same problems.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KStar {
    /// Point estimate; `None` if `n` is 0.
    pub value: Option<Lookahead>,
    /// Lower end of the 95 % interval; `None` if all problems are of one symmetry class, which says nothing about others.
    pub low: Option<Lookahead>,
    /// Upper end of the 95 % interval; `None` if `low` is.
    pub high: Option<Lookahead>,
    /// Number of problems.
    pub n: usize,
}

/// Exact-path scores of policies that do not search, on the problems that the model was scored on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineScores {
    /// Picks a random branch at every fork.
    pub random: Estimate,
    /// Heads for the target.
    pub greedy: Estimate,
    /// Sees k steps ahead, otherwise heads for the target. Keyed by k; in JSON the keys are strings, `"0"`, `"1"`, ...
    pub k_lookahead: BTreeMap<usize, Estimate>,
}

/// Scores on the problems whose first fork needs the same lookahead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByLookahead {
    /// Lookahead needed at the first fork of the path, steps; 0 if there is no fork.
    pub lookahead: usize,
    /// Share of problems that the model answers with an optimal path.
    pub exact_path: Estimate,
    /// The same share for the greedy policy.
    pub greedy: Estimate,
}

/// `results/eval.json`, also printed by `searchlens eval --json`.
///
/// Answers are decoded greedily and free-running, first attempt; invalid moves are not masked. A mean over no problems has
/// `n` = 0, and `null` for value and interval. Intervals: [`searchlens_stats::bootstrap`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvalResult {
    /// [`crate::FORMAT_VERSION`].
    pub format_version: u32,
    /// Split that the problems come from: `train`, `validation` or `test`. Text, because splits belong to the tasks.
    pub split: String,
    /// Seed of the problems.
    pub seed: u64,
    /// Training step of the weights; `None` if they do not come from a run.
    pub step: Option<u64>,
    /// Share of answers that are a shortest path (any of them) closed by the end token right after the target.
    pub exact_path: Estimate,
    /// Share of answers that lead from the origin through open passages to the target, closed by the end token; any length.
    pub valid_path: Estimate,
    /// Share of answers whose last cell is the target; walls, first cell and end token are ignored.
    pub reaches_target: Estimate,
    /// Share of answers that follow the forced steps up to the first fork and take a shortest branch there (problems with a fork).
    pub first_fork: Estimate,
    /// Steps divided by optimal steps, valid paths only. No interval if all are of one symmetry class.
    pub path_length_ratio: Estimate,
    /// Share of generated steps that are invalid moves: through a wall, or to a cell that is not adjacent. `n` counts steps.
    pub wall_jumps: Estimate,
    /// Share of answers without a proper end (no end token, or an unreadable token before it) or that end in another cell than the
    /// target.
    pub end_errors: Estimate,
    /// Effective lookahead.
    pub k_star: KStar,
    /// Exact-path score by the lookahead needed at the first fork.
    pub by_lookahead: Vec<ByLookahead>,
    /// Policies that do not search, on the same problems.
    pub baselines: BaselineScores,
}
