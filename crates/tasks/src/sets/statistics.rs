//! What a set of problems is like, in numbers: how long and how forked the paths are, how far ahead one must look, how
//! many answers there are, and how many of the problems differ.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::difficulty::measure::{Difficulty, difficulty, forks};
use crate::problem::Problem;
use crate::splits::identity::Identity;
use crate::splits::{Split, SymmetryClass};

/// What is counted of one problem.
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
    /// The facts of a problem whose answer is `path`; `class` decides its split, where it is known.
    pub fn of(problem: &Problem, path: &[usize], class: Option<SymmetryClass>) -> Facts {
        Facts { identity: Some(Identity::of(problem)), ..Facts::without_identity(problem, path, class) }
    }

    /// [`Facts::of`] without that by which equal problems are found: a [`Tally`] of such facts stays small however many
    /// there are, and does not say how many problems differ.
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

/// Adds facts up.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    n: u64,
    path_cells: Counts,
    distance: Counts,
    forks: Counts,
    first_fork_lookahead: Counts,
    max_lookahead: Counts,
    dead_ends: Counts,
    edges: Counts,
    starts_in_fork: u64,
    without_fork: u64,
    tied: u64,
    tie_nats: f64,
    splits: [u64; 3],
    distinct: Option<Distinct>,
}

/// The identities met.
#[derive(Clone, Debug, Default)]
struct Distinct {
    mazes: BTreeSet<u64>,
    problems: BTreeSet<u64>,
    classes: BTreeSet<u64>,
    problem_classes: BTreeSet<u64>,
}

impl Tally {
    /// Counts one problem more.
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

    /// The statistics of what was added; `None` if that is nothing.
    pub fn statistics(&self) -> Option<Statistics> {
        if self.n == 0 {
            return None;
        }
        let share = |count: u64| count as f64 / self.n as f64;
        let distinct = |set: fn(&Distinct) -> &BTreeSet<u64>| self.distinct.as_ref().map(|all| set(all).len() as u64);
        Some(Statistics {
            n: self.n,
            path_cells: self.path_cells.distribution()?,
            distance: self.distance.distribution(),
            forks: self.forks.distribution()?,
            first_fork_lookahead: self.first_fork_lookahead.distribution()?,
            max_lookahead: self.max_lookahead.distribution()?,
            dead_ends: self.dead_ends.distribution()?,
            edges: self.edges.distribution()?,
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

/// What a set of problems is like. Paths count both ends; [`crate::difficulty::measure`] defines forks and lookahead.
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
    /// Steps of lookahead needed at the path's first fork, 0 without one.
    pub first_fork_lookahead: Summary,
    /// Steps of lookahead needed at the fork that needs most, 0 without one.
    pub max_lookahead: Summary,
    /// Cells with one way out, in the whole maze.
    pub dead_ends: Summary,
    /// Open passages (edges) of the whole maze.
    pub edges: Summary,
    /// Share of problems whose first step is a choice.
    pub starts_in_fork: f64,
    /// Share of problems without any choice.
    pub without_fork: f64,
    /// Share of problems with more than one shortest path.
    pub tied: f64,
    /// Mean over problems of the logarithm of the number of shortest paths: the loss, in nats for a path, that no
    /// network can go below if each is as likely to be the answer.
    pub tie_nats: f64,
    /// How many problems lie in each split, of those whose class is known.
    pub splits: BTreeMap<String, u64>,
    /// Different mazes, endpoints aside. Files do not say how many problems differ: these four are absent there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct_mazes: Option<u64>,
    /// Different mazes with their endpoints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct_problems: Option<u64>,
    /// Different classes of mazes: those on which splits are made. Without geometry, the next number again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct_classes: Option<u64>,
    /// Different problems up to the symmetries of the lattice; without geometry, up to renaming.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct_problem_classes: Option<u64>,
}

/// How a whole number is spread over a set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Mean.
    pub mean: f64,
    /// Least value.
    pub min: usize,
    /// The least value that half of the set does not exceed.
    pub median: usize,
    /// The least value that nine tenths of the set do not exceed.
    pub p90: usize,
    /// Greatest value.
    pub max: usize,
    /// How often each value comes, those that do.
    pub counts: BTreeMap<usize, u64>,
}

/// How often each value came.
#[derive(Clone, Debug, Default)]
struct Counts(BTreeMap<usize, u64>);

impl Counts {
    fn add(&mut self, value: usize) {
        *self.0.entry(value).or_insert(0) += 1;
    }

    fn distribution(&self) -> Option<Summary> {
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
        let mut counts = Counts::default();
        [4, 1, 1, 9].into_iter().for_each(|value| counts.add(value));
        let Summary { mean, min, median, p90, max, counts } = counts.distribution().unwrap();
        assert_eq!((mean, min, median, p90, max), (3.75, 1, 1, 9, 9));
        assert_eq!(counts, BTreeMap::from([(1, 2), (4, 1), (9, 1)]));
        assert_eq!(Counts::default().distribution(), None);
        assert_eq!(Tally::default().statistics(), None);
    }
}
