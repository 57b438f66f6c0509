//! Countdown: combine numbers in pairs with + - × ÷ until one is left, which must be the target.
//!
//! A node is the multiset of remaining numbers; its label lists them, largest first, then zeros. A step combines two of
//! them; different operations with the same result are one step. The graph holds every reachable state.
//! Source of the task: Gandhi et al. 2024, "Stream of Search" (arXiv 2404.03683), there with four numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{TaskError, checked_range};
use crate::problem::graph::Graph;
use crate::problem::{Goal, Labels, Problem};
use searchlens_base::stream::{Stream, below, between};

/// A validated config of small Countdown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawCountdownConfig", into = "RawCountdownConfig")]
pub struct CountdownConfig(RawCountdownConfig);

/// An unvalidated [`CountdownConfig`], as written in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawCountdownConfig {
    /// Number of numbers, 2 to 4.
    pub numbers: usize,
    /// Numbers are uniform on 1..=this.
    pub max_number: usize,
    /// Minimum target.
    pub min_target: usize,
    /// Maximum target. The target is uniform over the reachable ones in this range.
    pub max_target: usize,
}

impl TryFrom<RawCountdownConfig> for CountdownConfig {
    type Error = TaskError;

    fn try_from(raw: RawCountdownConfig) -> Result<CountdownConfig, TaskError> {
        checked_range("numbers", raw.numbers, 2, MAX_NUMBERS)?;
        checked_range("max_number", raw.max_number, 1, MAX_NUMBER)?;
        checked_range("max_target", raw.max_target, 1, 1_000_000)?;
        checked_range("min_target", raw.min_target, 1, raw.max_target)?;
        Ok(CountdownConfig(raw))
    }
}

impl From<CountdownConfig> for RawCountdownConfig {
    fn from(config: CountdownConfig) -> RawCountdownConfig {
        config.0
    }
}

/// Maximum of `numbers`.
pub const MAX_NUMBERS: usize = 4;

/// Maximum of `max_number`.
pub const MAX_NUMBER: usize = 1000;

/// Returns the graph of all states reachable from some numbers (node 0), and the labels of the states: the remaining numbers,
/// largest first, then zeros.
///
/// # Panics
/// If there is no number.
pub fn game(numbers: &[u64]) -> (Graph, Labels) {
    let mut start: State = numbers.to_vec();
    start.sort_unstable_by(|a, b| b.cmp(a));
    let (states, arcs) = reachable(start);
    let padded =
        |state: &State| (0..numbers.len()).map(|i| state.get(i).map_or(0.0, |&x| x as f64)).collect::<Vec<_>>();
    let labels = Labels::new(numbers.len(), states.iter().flat_map(padded).collect());
    (Graph::directed(states.len(), &arcs), labels)
}

/// Remaining numbers, largest first.
type State = Vec<u64>;

impl CountdownConfig {
    /// Returns the config's fields.
    pub fn table(&self) -> &RawCountdownConfig {
        &self.0
    }

    pub(crate) fn name(&self) -> String {
        format!("countdown-{}x{}", self.0.numbers, self.0.max_number)
    }

    /// Draws the numbers, then the target; `None` if no target is reachable.
    pub(crate) fn attempt(&self, rng: &mut Stream) -> Option<Problem> {
        let RawCountdownConfig { numbers, max_number, min_target, max_target } = self.0;
        let start: State = (0..numbers).map(|_| between(rng, 1, max_number) as u64).collect();
        let (graph, labels) = game(&start);
        let wanted = |state: &[f64]| state[1] == 0.0 && (min_target as f64..=max_target as f64).contains(&state[0]);
        let targets: Vec<usize> = (0..labels.n_nodes()).filter(|&node| wanted(labels.of(node))).collect();
        if targets.is_empty() {
            return None;
        }
        let goal = targets[below(rng, targets.len())];
        Some(Problem { labels: Some(labels), ..Problem::on(graph, 0, Goal::Node(goal)) })
    }
}

/// Lists every reachable state, the start first, in order of discovery, and the steps between them.
fn reachable(start: State) -> (Vec<State>, Vec<(usize, usize)>) {
    let mut index = BTreeMap::from([(start.clone(), 0)]);
    let mut states = vec![start];
    let mut arcs = Vec::new();
    let mut at = 0;
    while at < states.len() {
        for next in steps(&states[at]) {
            let to = *index.entry(next.clone()).or_insert_with(|| {
                states.push(next);
                states.len() - 1
            });
            arcs.push((at, to));
        }
        at += 1;
    }
    (states, arcs)
}

/// Combines any two numbers by any operation with a positive integer result.
fn steps(state: &State) -> Vec<State> {
    let mut found = Vec::new();
    for i in 0..state.len() {
        for j in i + 1..state.len() {
            // a >= b: states are sorted.
            let (a, b) = (state[i], state[j]);
            let results = [Some(a + b), (a > b).then(|| a - b), Some(a * b), (a % b == 0).then(|| a / b)];
            for result in results.into_iter().flatten() {
                let others = state.iter().enumerate().filter(|&(k, _)| k != i && k != j).map(|(_, &x)| x);
                let mut next: State = others.chain([result]).collect();
                next.sort_unstable_by(|a, b| b.cmp(a));
                found.push(next);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_numbers_join_in_four_ways() {
        assert_eq!(steps(&vec![6, 3]), [[9], [3], [18], [2]]);
        assert_eq!(steps(&vec![5, 5]), [[10], [25], [1]]);
        let (states, arcs) = reachable(vec![2, 2]);
        assert_eq!((states.len(), arcs.len()), (3, 3), "4 comes of both + and ×");
    }
}
