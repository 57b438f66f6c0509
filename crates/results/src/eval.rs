//! `results/eval.json`: scores beside policies that do not search.

use std::collections::BTreeMap;

use searchlens_stats::estimate::Estimate;
use serde::{Deserialize, Serialize};

/// Effective lookahead: the k of the k-lookahead policy that scores what the model scores on the same problems.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KStar {
    /// The point estimate; `None` on no problems.
    pub value: Option<Lookahead>,
    /// Lower end of the 95 % interval; `None` where all problems are of one symmetry class, which says nothing of others.
    pub low: Option<Lookahead>,
    /// Upper end of the 95 % interval; `None` with `low`.
    pub high: Option<Lookahead>,
    /// Number of problems.
    pub n: usize,
}

/// A lookahead in steps, or that it lies outside the policies' range. In JSON a number, or `"<0"`, `">=24"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Lookahead {
    /// Steps, interpolated between two policies.
    Steps(f64),
    /// `<0`: worse than the policy with k = 0; `>=K`: no worse than the largest K.
    Outside(String),
}

/// The no-search policies' exact-path scores on the very problems a model was scored on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineScores {
    /// Picks a branch at random at every fork.
    pub random: Estimate,
    /// Heads for the target.
    pub greedy: Estimate,
    /// Sees k steps ahead, otherwise heads for the target. By k, ascending; in JSON the keys are strings, `"0"`, `"1"`, ...
    pub k_lookahead: BTreeMap<usize, Estimate>,
}

/// Scores of the problems whose first fork needs the same lookahead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByLookahead {
    /// Lookahead needed at the first fork of the path (0: no fork).
    pub lookahead: usize,
    /// Share of optimal paths.
    pub exact_path: Estimate,
    /// The greedy policy's share on the same problems.
    pub greedy: Estimate,
}

/// `results/eval.json`, and what `searchlens eval --json` prints: free-running greedy decoding, first attempt, no masking by the
/// maze. A mean over no problems has `n` = 0, and `null` for value and interval. Intervals: [`searchlens_stats::bootstrap`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvalResult {
    /// [`crate::FORMAT_VERSION`].
    pub format_version: u32,
    /// Which split the problems come from.
    pub split: String,
    /// Seed of the problems.
    pub seed: u64,
    /// Step of the checkpoint, if it comes from a run.
    pub step: Option<u64>,
    /// A shortest path (any of them), properly ended: every token read, the end token right after the target.
    pub exact_path: Estimate,
    /// Starts at the origin, walks open passages only, ends in the target, and is properly ended. Need not be shortest.
    pub valid_path: Estimate,
    /// The last cell read is the target; walls, start and end token ignored.
    pub reaches_target: Estimate,
    /// Keeps to the only way up to the first fork of the shortest paths and takes a shortest way there (problems with a fork only).
    pub first_fork: Estimate,
    /// Steps over optimal steps, valid paths only; `n` = 0 if there are none. No interval where all are of one symmetry class.
    pub path_length_ratio: Estimate,
    /// Share of the generated steps that go through a wall or jump; `n` counts steps, 0 if none was made.
    pub wall_jumps: Estimate,
    /// Share of answers that are not properly ended (no end token, or a token before it that cannot be read), or end elsewhere than in the
    /// target.
    pub end_errors: Estimate,
    /// Effective lookahead.
    pub k_star: KStar,
    /// Exact-path score by lookahead needed at the first fork.
    pub by_lookahead: Vec<ByLookahead>,
    /// No-search policies on the same problems.
    pub baselines: BaselineScores,
}
