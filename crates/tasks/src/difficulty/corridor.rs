//! Corridor-following floors: how much of the future path a policy knows without planning.
//!
//! A probe that reads the k-th cell of the path proves little where a corridor leaves no choice. A [`Policy`] walks the
//! maze, and whatever it gets right about the k-th cell needs no plan, given the first step (which the network is about to
//! output anyway).
//!
//! Letters as in the project's table of floors: E = given step 1, random at forks; F = given step 1, greedy at forks;
//! B = greedy from the origin on; A = knows (origin, target) only; D = knows (origin, target, step 1) only.

use std::collections::BTreeMap;

use crate::difficulty::measure::{forks, previous};
use crate::difficulty::policy::{MoveFinder, Policy};
use crate::problem::Problem;

/// How much of the path a policy is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// The origin: it chooses step 1 itself.
    Origin,
    /// The path's first step.
    FirstStep,
}

/// Returns, for k = 1, 2, … `min(k_max, steps of the path)`, the probability that a policy stands on `path[k]` after k
/// steps (exact: ties are weighted, never sampled).
///
/// It stops at the target, and is lost where it has no move left. `path` starts at the origin. Floors E and F are
/// `Given::FirstStep` with `Random` and `Greedy`; floor B is `Given::Origin` with `Greedy`.
///
/// `None` if the policy compares distances but the problem has no geometry, or the path has no step, or no node fits the goal.
pub fn path_hits(problem: &Problem, path: &[usize], given: Given, policy: Policy, k_max: usize) -> Option<Vec<f64>> {
    if path.len() < 2 || (policy != Policy::Random && problem.lattice().is_none()) {
        return None;
    }
    let field = problem.distances()?;
    let mut finder = MoveFinder::new(problem, &field);
    let n_known = match given {
        Given::Origin => 1,
        Given::FirstStep => 2,
    };
    let from = previous(path, n_known - 1);
    // Where the policy may stand, reached from where, with which probability.
    let mut states = BTreeMap::from([((from, path[n_known - 1]), 1.0)]);
    let mut hits = vec![1.0; n_known - 1];
    for &cell in &path[n_known..] {
        let mut next = BTreeMap::new();
        for ((from, at), probability) in states {
            let distance = field.distance(at);
            let moves = if distance == Some(0) { vec![] } else { finder.moves(from, at) };
            let chosen: Vec<usize> = policy.choose(distance, &moves).collect();
            for &i in &chosen {
                *next.entry((Some(at), moves[i].to)).or_insert(0.0) += probability / chosen.len() as f64;
            }
        }
        states = next;
        hits.push(states.iter().filter(|((_, at), _)| *at == cell).map(|(_, p)| p).sum());
    }
    hits.truncate(k_max);
    Some(hits)
}

/// Returns whether step `k` stays open once step 1 is known: whether a fork `path[j]` with `1 ≤ j < k` lies on the path.
///
/// On a tree this holds exactly when floor E is below 1.
pub fn fork_conditioned(problem: &Problem, path: &[usize], k: usize) -> bool {
    forks(&problem.graph, path).any(|j| (1..k).contains(&j))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::graph::Graph;
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
    fn check(path: &[usize], given: Given, policy: Policy, want: &[f64]) {
        let problem = problem(path[0], path[path.len() - 1]);
        assert_eq!(path_hits(&problem, path, given, policy, 8).unwrap(), want);
    }

    const PATH: [usize; 7] = [2, 1, 0, 3, 4, 7, 8];

    #[test]
    fn chance_halves_at_every_fork() {
        check(&PATH, Given::FirstStep, Policy::Random, &[1.0, 1.0, 1.0, 0.5, 0.25, 0.25]);
        check(&PATH[3..], Given::Origin, Policy::Random, &[1.0 / 3.0, 1.0 / 6.0, 1.0 / 6.0]);
        check(&PATH[3..], Given::FirstStep, Policy::Random, &[1.0, 0.5, 0.5]);
    }

    #[test]
    fn heading_for_the_target_ties_where_two_ways_are_as_near() {
        // At 3 both 4 and 6 are two cells from 8; at 4 both 5 and 7 are one away.
        check(&PATH, Given::FirstStep, Policy::Greedy, &[1.0, 1.0, 1.0, 0.5, 0.25, 0.25]);
        // From 0 to 5: 4 is nearer than 6, then 5 is the target.
        check(&[0, 3, 4, 5], Given::Origin, Policy::Greedy, &[0.5, 0.5, 0.5]);
        check(&[0, 3, 4, 5], Given::FirstStep, Policy::Greedy, &[1.0, 1.0, 1.0]);
    }

    #[test]
    fn a_cycle_can_lead_back_to_the_path() {
        // A square: both ways round reach the far corner after two steps.
        let maze = Maze::new(Lattice::new(2, 2), &[(0, 1), (1, 3), (0, 2), (2, 3)]);
        let hits = path_hits(&Problem::in_maze(maze, 0, 3), &[0, 1, 3], Given::Origin, Policy::Random, 8);
        assert_eq!(hits.unwrap(), [0.5, 1.0]);
    }

    #[test]
    fn only_forks_between_step_1_and_step_k_condition() {
        let p = problem(2, 8);
        let conditioned: Vec<bool> = (1..=6).map(|k| fork_conditioned(&p, &PATH, k)).collect();
        assert_eq!(conditioned, [false, false, false, true, true, true]);
        let hits = path_hits(&p, &PATH, Given::FirstStep, Policy::Random, 6).unwrap();
        assert!(conditioned.iter().zip(hits).all(|(&c, hit)| c == (hit < 1.0)));
    }

    #[test]
    fn a_path_without_a_step_has_no_floor() {
        assert_eq!(path_hits(&problem(4, 4), &[4], Given::FirstStep, Policy::Random, 8), None);
        assert!(!fork_conditioned(&problem(4, 4), &[4], 3));
        let graph = Graph::undirected(2, &[(0, 1)]);
        let free = Problem::on(graph, 0, crate::problem::Goal::Node(1));
        assert_eq!(path_hits(&free, &[0, 1], Given::Origin, Policy::Greedy, 8), None);
        assert_eq!(path_hits(&free, &[0, 1], Given::Origin, Policy::Random, 8), Some(vec![1.0]));
    }
}
