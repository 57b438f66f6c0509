//! How much of the future path is known without planning: corridor-following floors.
//!
//! A probe that reads the k-th cell of the path proves little where a corridor leaves no choice. The policies here walk the
//! maze without turning back and without looking ahead, and choose at forks by chance or by heading for the target. What they
//! get right about the k-th cell needs no plan, given the first step (which the network is about to say anyway).
//!
//! Letters as in the project's table of floors: E = given step 1, chance at forks; F = given step 1, greedy at forks;
//! B = greedy from the origin on; A = knows (origin, target) alone; D = knows (origin, target, step 1) alone.

use std::collections::BTreeMap;

use crate::problem::Problem;
use crate::problem::graph::Graph;

/// How a walker chooses among the ways that do not lead back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForkChoice {
    /// Each with equal probability.
    Random,
    /// The one with the least Manhattan distance to the target; ties with equal probability.
    Greedy,
}

/// What a walker is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// The origin: it chooses step 1 itself.
    Origin,
    /// The path's first step.
    FirstStep,
}

/// For k = 1, 2, … `min(k_max, steps of the path)`: the probability that a walker stands on `path[k]` after k steps
/// (expectation over its ties; exact, no sampling).
///
/// The walker stops in the target, and is lost in a dead end. `path` starts at the origin. Floors E and F are
/// `Given::FirstStep` with `Random` and `Greedy`; floor B is `Given::Origin` with `Greedy`.
///
/// `None` if `Greedy` is asked of a problem without geometry, or the path has no step.
pub fn walker_hits(
    problem: &Problem,
    path: &[usize],
    given: Given,
    choice: ForkChoice,
    k_max: usize,
) -> Option<Vec<f64>> {
    if path.len() < 2 || (choice == ForkChoice::Greedy && problem.lattice().is_none()) {
        return None;
    }
    let n_known = match given {
        Given::Origin => 1,
        Given::FirstStep => 2,
    };
    let before = path[..n_known].len().checked_sub(2).map(|i| path[i]);
    // Where the walker may be, how it came there, and with which probability.
    let mut places = BTreeMap::from([((before, path[n_known - 1]), 1.0)]);
    let mut hits = vec![1.0; n_known - 1];
    for &cell in &path[n_known..] {
        let mut next = BTreeMap::new();
        for ((from, at), probability) in places {
            let ways = if at == problem.target() { vec![] } else { choices(problem, from, at, choice) };
            for &to in &ways {
                *next.entry((Some(at), to)).or_insert(0.0) += probability / ways.len() as f64;
            }
        }
        places = next;
        hits.push(places.iter().filter(|((_, at), _)| *at == cell).map(|(_, p)| p).sum());
    }
    hits.truncate(k_max);
    Some(hits)
}

/// Whether knowing step 1 leaves the cell at step `k` open: a fork lies on the path after step 1 and before step k.
///
/// A fork is a cell `path[j]`, `1 ≤ j < k`, with at least two neighbours besides the one the path came from. On a tree this holds
/// exactly when floor E is below 1.
pub fn fork_conditioned(problem: &Problem, path: &[usize], k: usize) -> bool {
    let fork = |j: usize| onward(&problem.graph, Some(path[j - 1]), path[j]).count() >= 2;
    (1..k.min(path.len())).any(fork)
}

/// Neighbours that do not lead back.
fn onward(graph: &Graph, from: Option<usize>, at: usize) -> impl Iterator<Item = usize> + '_ {
    graph.neighbours(at).filter(move |&to| Some(to) != from)
}

/// The ways a walker takes with equal probability; none in a dead end.
fn choices(problem: &Problem, from: Option<usize>, at: usize, choice: ForkChoice) -> Vec<usize> {
    let mut ways: Vec<usize> = onward(&problem.graph, from, at).collect();
    if let (ForkChoice::Greedy, Some(lattice)) = (choice, problem.lattice()) {
        let distance = |&to: &usize| lattice.manhattan(to, problem.target());
        let least = ways.iter().map(distance).min();
        ways.retain(|to| Some(distance(to)) == least);
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::maze::{Lattice, Maze};

    /// 3×3, a tree:
    /// ```text
    /// 0-1-2
    /// |
    /// 3-4-5
    /// | |
    /// 6 7-8
    /// ```
    fn problem(origin: usize, target: usize) -> Problem {
        let passages = [(0, 1), (1, 2), (0, 3), (3, 4), (4, 5), (3, 6), (4, 7), (7, 8)];
        Problem::in_maze(Maze::new(Lattice::new(3, 3), &passages), origin, target)
    }

    #[track_caller]
    fn check(path: &[usize], given: Given, choice: ForkChoice, want: &[f64]) {
        let problem = problem(path[0], path[path.len() - 1]);
        assert_eq!(walker_hits(&problem, path, given, choice, 8).unwrap(), want);
    }

    const PATH: [usize; 7] = [2, 1, 0, 3, 4, 7, 8];

    #[test]
    fn chance_halves_at_every_fork() {
        check(&PATH, Given::FirstStep, ForkChoice::Random, &[1.0, 1.0, 1.0, 0.5, 0.25, 0.25]);
        check(&PATH[3..], Given::Origin, ForkChoice::Random, &[1.0 / 3.0, 1.0 / 6.0, 1.0 / 6.0]);
        check(&PATH[3..], Given::FirstStep, ForkChoice::Random, &[1.0, 0.5, 0.5]);
    }

    #[test]
    fn heading_for_the_target_ties_where_two_ways_are_as_near() {
        // At 3 both 4 and 6 are two cells from 8; at 4 both 5 and 7 are one away.
        check(&PATH, Given::FirstStep, ForkChoice::Greedy, &[1.0, 1.0, 1.0, 0.5, 0.25, 0.25]);
        // From 0 to 5: 4 is nearer than 6, then 5 is the target.
        check(&[0, 3, 4, 5], Given::Origin, ForkChoice::Greedy, &[0.5, 0.5, 0.5]);
        check(&[0, 3, 4, 5], Given::FirstStep, ForkChoice::Greedy, &[1.0, 1.0, 1.0]);
    }

    #[test]
    fn a_cycle_can_bring_a_walker_back_to_the_path() {
        // A square: both ways round reach the far corner after two steps.
        let maze = Maze::new(Lattice::new(2, 2), &[(0, 1), (1, 3), (0, 2), (2, 3)]);
        let hits = walker_hits(&Problem::in_maze(maze, 0, 3), &[0, 1, 3], Given::Origin, ForkChoice::Random, 8);
        assert_eq!(hits.unwrap(), [0.5, 1.0]);
    }

    #[test]
    fn only_forks_between_step_1_and_step_k_condition() {
        let p = problem(2, 8);
        let conditioned: Vec<bool> = (1..=6).map(|k| fork_conditioned(&p, &PATH, k)).collect();
        assert_eq!(conditioned, [false, false, false, true, true, true]);
        let hits = walker_hits(&p, &PATH, Given::FirstStep, ForkChoice::Random, 6).unwrap();
        assert!(conditioned.iter().zip(hits).all(|(&c, hit)| c == (hit < 1.0)));
    }

    #[test]
    fn a_path_without_a_step_has_no_floor() {
        assert_eq!(walker_hits(&problem(4, 4), &[4], Given::FirstStep, ForkChoice::Random, 8), None);
        assert!(!fork_conditioned(&problem(4, 4), &[4], 3));
        let graph = Graph::undirected(2, &[(0, 1)]);
        let free = Problem::on(graph, 0, crate::problem::Goal::Node(1));
        assert_eq!(walker_hits(&free, &[0, 1], Given::Origin, ForkChoice::Greedy, 8), None);
        assert_eq!(walker_hits(&free, &[0, 1], Given::Origin, ForkChoice::Random, 8), Some(vec![1.0]));
    }
}
