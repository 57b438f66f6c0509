//! Grades an answer: is it a valid path, does it reach the target, is it shortest, is it right at the first fork?

use crate::difficulty::measure::first_fork;
use crate::problem::Problem;
use crate::problem::graph::Graph;
use crate::problem::solve::{DistanceField, shortest_path};

/// The grade of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The first node is the origin.
    pub starts_at_origin: bool,
    /// The last node is a target, walls ignored: the goal node, or any node with a label in the target set, nearest or not.
    pub reaches_target: bool,
    /// Number of nodes after the first whose label lies in the avoid set.
    pub violations: usize,
    /// Starts at the origin, follows edges only, has no violation, ends in a target.
    pub valid: bool,
    /// Valid and shortest.
    pub optimal: bool,
    /// Steps of the answer: its nodes minus one, 0 if it is empty. In a weighted graph, the sum of the steps' weights; an
    /// invalid move counts 1.
    pub steps: usize,
    /// Steps of a shortest path, or the sum of their weights; `None` if the target is unreachable.
    pub optimal_steps: Option<usize>,
    /// Number of invalid moves: steps through a wall, to a node that is not adjacent, or to the same node.
    pub wall_jumps: usize,
    /// Whether the answer follows a shortest path up to and including the step after its first fork. `None` if there is no
    /// fork, or no path.
    pub first_fork: Option<bool>,
}

/// Grades `answer`, a list of nodes with the origin first. Steps to nodes outside the graph count as invalid moves.
///
/// Whether an answer ended properly is a matter of tokens, and not checked here.
///
/// ```
/// use searchlens_tasks::difficulty::judge::judge;
/// use searchlens_tasks::problem::graph::Graph;
/// use searchlens_tasks::problem::{Goal, Problem};
///
/// let ring = Graph::undirected(4, &[(0, 1), (1, 2), (2, 3), (3, 0)]);
/// let problem = Problem::on(ring, 0, Goal::Node(1));
/// assert!(judge(&problem, &[0, 1]).optimal);
/// let detour = judge(&problem, &[0, 3, 2, 1]);
/// assert!(detour.valid && !detour.optimal);
/// assert_eq!(judge(&problem, &[0, 2, 1]).wall_jumps, 1);
/// ```
///
/// # Panics
/// If the problem's target is not a node of its graph, or no node fits its goal (see [`Problem::distances`]).
pub fn judge(problem: &Problem, answer: &[usize]) -> Verdict {
    let field = problem.distances().expect("some node fits the goal");
    judge_with(problem, &field, answer)
}

/// Grades as [`judge`] does, with given distances to the problem's goal.
///
/// # Panics
/// If the field belongs to another graph.
pub fn judge_with(problem: &Problem, field: &DistanceField, answer: &[usize]) -> Verdict {
    let graph = &problem.graph;
    let steps = answer.windows(2).map(|w| step_cost(graph, w[0], w[1])).sum();
    let wall_jumps = answer.windows(2).filter(|w| w[0] >= graph.n_nodes() || !graph.has_edge(w[0], w[1])).count();
    let starts_at_origin = answer.first() == Some(&problem.origin);
    let is_node = |v: &usize| *v < graph.n_nodes();
    let reaches_target = answer.last().is_some_and(|v| is_node(v) && problem.is_target(*v));
    let violations = answer.iter().skip(1).filter(|v| is_node(v) && problem.is_avoided(**v)).count();
    let optimal_steps = field.distance(problem.origin);
    let valid = starts_at_origin && reaches_target && wall_jumps == 0 && violations == 0;
    Verdict {
        starts_at_origin,
        reaches_target,
        violations,
        valid,
        optimal: valid && Some(steps) == optimal_steps,
        steps,
        optimal_steps,
        wall_jumps,
        first_fork: right_at_first_fork(problem, field, answer),
    }
}

fn step_cost(graph: &Graph, from: usize, to: usize) -> usize {
    let is_node = from < graph.n_nodes();
    if is_node { graph.weight(from, to).map_or(1, |weight| weight as usize) } else { 1 }
}

fn right_at_first_fork(problem: &Problem, field: &DistanceField, answer: &[usize]) -> Option<bool> {
    let graph = &problem.graph;
    // Up to its first fork every shortest path is the same.
    let path = shortest_path(graph, field, problem.origin)?;
    let fork = first_fork(graph, &path)?;
    let kept_to_the_way = answer.starts_with(&path[..=fork]);
    let right = answer.get(fork + 1).is_some_and(|&next| field.successors(graph, path[fork]).any(|s| s == next));
    Some(kept_to_the_way && right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::maze::{Lattice, Maze};

    /// A ring of 2×3 cells with the wall between the middle cells standing, from 0 to 5, and 3 steps to go.
    ///
    /// ```text
    /// 0 1 2
    /// 3 4 5
    /// ```
    fn ring() -> Problem {
        let lattice = Lattice::new(2, 3);
        Problem::in_maze(Maze::new(lattice, &[(0, 1), (1, 2), (2, 5), (0, 3), (3, 4), (4, 5)]), 0, 5)
    }

    #[test]
    fn both_shortest_paths_are_optimal() {
        for answer in [[0, 1, 2, 5], [0, 3, 4, 5]] {
            let verdict = judge(&ring(), &answer);
            assert!(verdict.optimal && verdict.valid && verdict.first_fork == Some(true), "{verdict:?}");
        }
    }

    #[test]
    fn a_detour_is_valid_and_not_optimal() {
        let verdict = judge(&ring(), &[0, 1, 0, 3, 4, 5]);
        assert!(verdict.valid && !verdict.optimal, "{verdict:?}");
        assert_eq!((verdict.steps, verdict.optimal_steps), (5, Some(3)));
    }

    #[test]
    fn jumps_are_counted_and_spoil_the_answer() {
        let verdict = judge(&ring(), &[0, 1, 4, 99, 5]);
        assert!(!verdict.valid && verdict.reaches_target && verdict.starts_at_origin);
        assert_eq!(verdict.wall_jumps, 3);
        assert_eq!(judge(&ring(), &[0, 0]).wall_jumps, 1);
    }

    #[test]
    fn nothing_is_an_answer_too() {
        let verdict = judge(&ring(), &[]);
        assert_eq!((verdict.valid, verdict.steps, verdict.first_fork), (false, 0, Some(false)));
    }

    #[test]
    fn without_a_path_there_is_nothing_to_get_right() {
        let walled = Problem::in_maze(Maze::new(Lattice::new(1, 3), &[(0, 1)]), 0, 2);
        let verdict = judge(&walled, &[0, 1, 2]);
        assert_eq!((verdict.optimal_steps, verdict.first_fork, verdict.valid), (None, None, false));
    }
}
