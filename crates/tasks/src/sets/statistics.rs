//! Statistics of a set of problems: path lengths, forks, lookahead, numbers of solutions, and numbers of distinct problems.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::difficulty::measure::{Difficulty, difficulty, forks};
use crate::problem::Problem;
use crate::splits::identity::Identity;
use crate::splits::{Split, SymmetryClass};

/// The facts of one problem that statistics summarise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Facts {
    difficulty: Difficulty,
    starts_in_fork: bool,
    distance: Option<usize>,
    dead_ends: usize,
    edges: usize,
    shortest_paths: u128,
    identity: Option<Identity>,
    class: Option<SymmetryClass>,
}

impl Facts {
    /// Computes the facts of a problem with solution `path`; `class` decides its split, if known.
    pub fn of(problem: &Problem, path: &[usize], class: Option<SymmetryClass>) -> Facts {
        Facts { identity: Some(Identity::of(problem)), ..Facts::without_identity(problem, path, class) }
    }

    /// Computes [`Facts::of`] without the problem's identity: a [`Tally`] of such facts needs constant memory, and does not
    /// count distinct problems.
    pub fn without_identity(problem: &Problem, path: &[usize], class: Option<SymmetryClass>) -> Facts {
        let graph = &problem.graph;
        let lattice = problem.lattice();
        Facts {
            difficulty: difficulty(graph, path),
            starts_in_fork: forks(graph, path).next() == Some(0),
            distance: lattice.map(|lattice| lattice.manhattan(problem.origin, problem.target())),
            dead_ends: (0..graph.n_nodes()).filter(|&v| graph.degree(v) == 1).count(),
            edges: graph.n_edges(),
            shortest_paths: problem.distances().map_or(0, |field| field.count_paths(graph, problem.origin)),
            identity: None,
            class,
        }
    }
}

/// Accumulates facts.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    n: u64,
    path_cells: Histogram,
    distance: Histogram,
    forks: Histogram,
    first_fork_lookahead: Histogram,
    max_lookahead: Histogram,
    dead_ends: Histogram,
    edges: Histogram,
    starts_in_fork: u64,
    without_fork: u64,
    tied: u64,
    tie_nats: f64,
    splits: [u64; 3],
    distinct: Option<Distinct>,
}

/// The identities seen.
#[derive(Clone, Debug, Default)]
struct Distinct {
    mazes: BTreeSet<u64>,
    problems: BTreeSet<u64>,
    classes: BTreeSet<u64>,
    problem_classes: BTreeSet<u64>,
}

impl Tally {
    /// Adds the facts of one problem.
    pub fn add(&mut self, facts: &Facts) {
        let Difficulty { path_cells, forks, first_fork_lookahead, max_lookahead } = facts.difficulty;
        self.n += 1;
        self.path_cells.add(path_cells);
        facts.distance.into_iter().for_each(|distance| self.distance.add(distance));
        self.forks.add(forks);
        self.first_fork_lookahead.add(first_fork_lookahead);
        self.max_lookahead.add(max_lookahead);
        self.dead_ends.add(facts.dead_ends);
        self.edges.add(facts.edges);
        self.starts_in_fork += u64::from(facts.starts_in_fork);
        self.without_fork += u64::from(forks == 0);
        self.tied += u64::from(facts.shortest_paths > 1);
        self.tie_nats += (facts.shortest_paths.max(1) as f64).ln();
        facts.class.iter().for_each(|&class| self.splits[Split::of(class) as usize] += 1);
        if let Some(identity) = facts.identity {
            let distinct = self.distinct.get_or_insert_default();
            distinct.mazes.insert(identity.maze);
            distinct.problems.insert(identity.problem);
            distinct.classes.insert(identity.maze_class);
            distinct.problem_classes.insert(identity.problem_class);
        }
    }

    /// Returns the statistics of the problems added; `None` if there are none.
    pub fn statistics(&self) -> Option<Statistics> {
        if self.n == 0 {
            return None;
        }
        let share = |count: u64| count as f64 / self.n as f64;
        let distinct = |set: fn(&Distinct) -> &BTreeSet<u64>| self.distinct.as_ref().map(|all| set(all).len() as u64);
        Some(Statistics {
            n: self.n,
            path_cells: self.path_cells.summary()?,
            distance: self.distance.summary(),
            forks: self.forks.summary()?,
            first_fork_lookahead: self.first_fork_lookahead.summary()?,
            max_lookahead: self.max_lookahead.summary()?,
            dead_ends: self.dead_ends.summary()?,
            edges: self.edges.summary()?,
            starts_in_fork: share(self.starts_in_fork),
            without_fork: share(self.without_fork),
            tied: share(self.tied),
            tie_nats: self.tie_nats / self.n as f64,
            splits: Split::ALL.map(|split| (split.name().to_owned(), self.splits[split as usize])).into(),
            distinct_mazes: distinct(|all| &all.mazes),
            distinct_problems: distinct(|all| &all.problems),
            distinct_classes: distinct(|all| &all.classes),
            distinct_problem_classes: distinct(|all| &all.problem_classes),
        })
    }
}

/// Statistics of a set of problems. Path lengths include both ends; [`crate::difficulty::measure`] defines forks and lookahead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statistics {
    /// Number of problems.
    pub n: u64,
    /// Cells of the path, both ends included.
    pub path_cells: Summary,
    /// Manhattan distance of the ends; absent where problems have no geometry.
    pub distance: Option<Summary>,
    /// Forks on the path.
    pub forks: Summary,
    /// The lookahead needed at the path's first fork, 0 without one.
    pub first_fork_lookahead: Summary,
    /// The maximum lookahead over all forks, 0 without one.
    pub max_lookahead: Summary,
    /// Cells with one open passage, in the whole maze.
    pub dead_ends: Summary,
    /// Open passages (edges) of the whole maze.
    pub edges: Summary,
    /// Share of problems whose first step is a choice.
    pub starts_in_fork: f64,
    /// Share of problems without any choice.
    pub without_fork: f64,
    /// Share of problems with more than one shortest path.
    pub tied: f64,
    /// Mean over problems of the logarithm of the number of shortest paths: the minimum loss, in nats per path, if the target
    /// is drawn uniformly among them.
    pub tie_nats: f64,
    /// Number of problems in each split, among those with a known class.
    pub splits: BTreeMap<String, u64>,
    /// Distinct mazes, endpoints aside. This and the next three are absent in statistics stored in files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct_mazes: Option<u64>,
    /// Distinct mazes with their endpoints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct_problems: Option<u64>,
    /// Distinct classes of mazes, which decide the split. Without geometry, the same as the next number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct_classes: Option<u64>,
    /// Distinct problems up to the symmetries of the lattice; without geometry, up to renaming.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct_problem_classes: Option<u64>,
}

/// Summary of the distribution of a whole number over a set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Mean.
    pub mean: f64,
    /// Minimum.
    pub min: usize,
    /// The smallest value that at least half of the set does not exceed.
    pub median: usize,
    /// The smallest value that at least nine tenths of the set do not exceed.
    pub p90: usize,
    /// Maximum.
    pub max: usize,
    /// Number of occurrences of each value that occurs.
    pub counts: BTreeMap<usize, u64>,
}

/// Number of occurrences of each value.
#[derive(Clone, Debug, Default)]
struct Histogram(BTreeMap<usize, u64>);

impl Histogram {
    fn add(&mut self, value: usize) {
        *self.0.entry(value).or_insert(0) += 1;
    }

    fn summary(&self) -> Option<Summary> {
        let (&min, &max) = (self.0.keys().next()?, self.0.keys().next_back()?);
        let n: u64 = self.0.values().sum();
        let total: u128 = self.0.iter().map(|(&value, &count)| value as u128 * u128::from(count)).sum();
        let quantile = |tenths: u64| {
            let mut below = 0;
            let reaches = |&(_, &count): &(&usize, &u64)| {
                below += count;
                10 * u128::from(below) >= u128::from(tenths) * u128::from(n)
            };
            self.0.iter().find(reaches).map_or(max, |(&value, _)| value)
        };
        let (median, p90) = (quantile(5), quantile(9));
        Some(Summary { mean: total as f64 / n as f64, min, median, p90, max, counts: self.0.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_of_few_values_by_hand() {
        let mut counts = Histogram::default();
        [4, 1, 1, 9].into_iter().for_each(|value| counts.add(value));
        let Summary { mean, min, median, p90, max, counts } = counts.summary().unwrap();
        assert_eq!((mean, min, median, p90, max), (3.75, 1, 1, 9, 9));
        assert_eq!(counts, BTreeMap::from([(1, 2), (4, 1), (9, 1)]));
        assert_eq!(Histogram::default().summary(), None);
        assert_eq!(Tally::default().statistics(), None);
    }
}
