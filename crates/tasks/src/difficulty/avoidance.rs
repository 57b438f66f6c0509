//! The cost of an avoid set, and how an answer deals with it: the length of the detour, the minimum number of violations,
//! and whether an answer complies, violates, or stops.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::difficulty::judge::judge_with;
use crate::problem::solve::DistanceField;
use crate::problem::{Goal, Problem};

/// The cost of the avoid set in one problem. In weighted graphs steps are sums of weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Avoidance {
    /// Steps to the nearest node of the target set, ignoring the avoid set; `None` if unreachable.
    pub blind_steps: Option<usize>,
    /// Steps to the nearest target along paths outside the avoid set; `None` if there is none.
    pub compliant_steps: Option<usize>,
    /// The minimum number of avoid-set nodes on a path to the target set; `None` if unreachable. (Written as
    /// `least_violations`.)
    #[serde(rename = "least_violations")]
    pub min_violations: Option<usize>,
}

impl Avoidance {
    /// Measures a problem; `None` unless its goal is a set.
    pub fn of(problem: &Problem) -> Option<Avoidance> {
        let blind = blind_field(problem)?;
        let compliant = problem.distances().and_then(|field| field.distance(problem.origin));
        Some(Avoidance {
            blind_steps: blind.and_then(|field| field.distance(problem.origin)),
            compliant_steps: compliant,
            min_violations: forbidden_path(problem).map(|(_, violations)| violations),
        })
    }

    /// Returns Δ, how much longer the compliant path is; `None` if there is no compliant path.
    pub fn detour(&self) -> Option<usize> {
        Some(self.compliant_steps? - self.blind_steps?)
    }

    /// Returns whether every path to the target set crosses the avoid set.
    pub fn is_unavoidable(&self) -> bool {
        self.compliant_steps.is_none() && self.blind_steps.is_some()
    }
}

/// Computes distances to the target set, ignoring the avoid set: `Some(None)` if no node is in the target set, `None`
/// if the goal is not a set.
pub(crate) fn blind_field(problem: &Problem) -> Option<Option<DistanceField>> {
    let (Goal::Nearest { within, .. }, Some(labels)) = (&problem.goal, &problem.labels) else { return None };
    let targets: Vec<usize> = (0..labels.n_nodes()).filter(|&v| within.contains(labels.of(v))).collect();
    Some(DistanceField::to_nearest(&problem.graph, &targets, |_| false))
}

/// Finds the path to the target set with the fewest violations (nodes of the avoid set; the last node counts if it lies in
/// both sets), and their number. Ties go to the fewest edges, then to the lowest nodes. `None` if the target set is
/// unreachable, or the goal is not a set.
pub fn forbidden_path(problem: &Problem) -> Option<(Vec<usize>, usize)> {
    let (Goal::Nearest { within, .. }, Some(labels)) = (&problem.goal, &problem.labels) else { return None };
    let graph = &problem.graph;
    let n = graph.n_nodes();
    let forbidden: Vec<bool> = (0..n).map(|v| problem.is_avoided(v)).collect();
    // Violations first, then edges; a step into a forbidden node costs one violation. Levels of fewer violations are
    // finished first.
    let mut best: Vec<Option<(usize, usize)>> = vec![None; n];
    let mut from = vec![usize::MAX; n];
    best[problem.origin] = Some((0, 0));
    let (mut now, mut later) = (VecDeque::from([problem.origin]), Vec::new());
    let mut level = 0;
    loop {
        while let Some(node) = now.pop_front() {
            let Some((violations, steps)) = best[node].filter(|&(violations, _)| violations == level) else { continue };
            for to in graph.neighbours(node) {
                let reached = (violations + usize::from(forbidden[to]), steps + 1);
                if best[to].is_none_or(|known| reached < known) {
                    best[to] = Some(reached);
                    from[to] = node;
                    if forbidden[to] { later.push(to) } else { now.push_back(to) }
                }
            }
        }
        if later.is_empty() {
            break;
        }
        level += 1;
        // Breadth first within a level too: nodes reached in fewer steps go first.
        later.sort_by_key(|&node| best[node]);
        now.extend(later.drain(..));
    }
    let targets = (0..n).filter(|&v| v != problem.origin && within.contains(labels.of(v)));
    let end = targets.filter_map(|v| Some((best[v]?, v))).min()?;
    let mut path = vec![end.1];
    while path[path.len() - 1] != problem.origin {
        path.push(from[path[path.len() - 1]]);
    }
    path.reverse();
    Some((path, end.0.0))
}

/// How an answer deals with the avoid set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conduct {
    /// Reaches a target without a violation.
    Complies,
    /// Reaches the target set with the minimum number of violations, at least one.
    ViolatesMinimally,
    /// Reaches the target set with more violations than the minimum.
    ViolatesMore,
    /// Follows edges to a node outside the target set.
    GoesElsewhere,
    /// Does not leave the origin, or is empty.
    Stops,
    /// Does not start at the origin, or steps where there is no edge.
    Invalid,
}

impl Conduct {
    /// All variants.
    pub const ALL: [Conduct; 6] = [
        Conduct::Complies,
        Conduct::ViolatesMinimally,
        Conduct::ViolatesMore,
        Conduct::GoesElsewhere,
        Conduct::Stops,
        Conduct::Invalid,
    ];

    /// Classifies an answer, a list of nodes with the origin first.
    ///
    /// A node of both sets counts as reached and as a violation.
    pub fn of(problem: &Problem, answer: &[usize]) -> Conduct {
        let field = problem.distances().unwrap_or_else(|| DistanceField::to(&problem.graph, problem.origin));
        let verdict = judge_with(problem, &field, answer);
        let Some(&end) = answer.last() else { return Conduct::Stops };
        if !verdict.starts_at_origin || verdict.wall_jumps > 0 {
            return Conduct::Invalid;
        }
        let arrives = match (&problem.goal, &problem.labels) {
            (Goal::Nearest { within, .. }, Some(labels)) => within.contains(labels.of(end)),
            _ => verdict.reaches_target,
        };
        let min_violations = || forbidden_path(problem).map_or(0, |(_, violations)| violations);
        match verdict.violations {
            _ if answer.len() == 1 => Conduct::Stops,
            _ if !arrives => Conduct::GoesElsewhere,
            0 => Conduct::Complies,
            violations if violations > min_violations() => Conduct::ViolatesMore,
            _ => Conduct::ViolatesMinimally,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Labels;
    use crate::problem::graph::Graph;
    use crate::problem::region::Region;

    /// From 0 to 3, the target, past 1, or past 4 and 5, or past 6 which is free and then 7. Labels: 0.9 the target, 0.4 to
    /// avoid.
    fn problem(edges: &[(usize, usize)], forbidden: &[usize]) -> Problem {
        let label = |v: usize| {
            if v == 3 {
                0.9
            } else if forbidden.contains(&v) {
                0.4
            } else {
                0.1
            }
        };
        let labels = Labels::new(1, (0..8).map(label).collect());
        let goal = Goal::Nearest { within: Region::interval(0.8, 1.0), avoid: Some(Region::interval(0.3, 0.5)) };
        Problem { labels: Some(labels), ..Problem::on(Graph::undirected(8, edges), 0, goal) }
    }

    const EDGES: [(usize, usize); 8] = [(0, 1), (1, 3), (0, 4), (4, 5), (5, 3), (0, 6), (6, 7), (7, 3)];

    #[track_caller]
    fn check(forbidden: &[usize], detour: Option<usize>, least: usize, path: &[usize]) {
        let problem = problem(&EDGES, forbidden);
        let avoidance = Avoidance::of(&problem).unwrap();
        assert_eq!((avoidance.detour(), avoidance.min_violations), (detour, Some(least)));
        assert_eq!(avoidance.is_unavoidable(), detour.is_none());
        assert_eq!(forbidden_path(&problem), Some((path.to_vec(), least)));
    }

    #[test]
    fn detours_and_forced_violations_by_hand() {
        check(&[], Some(0), 0, &[0, 1, 3]);
        check(&[1], Some(1), 0, &[0, 4, 5, 3]);
        check(&[1, 4, 6], None, 1, &[0, 1, 3]);
        check(&[1, 4, 5, 6, 7], None, 1, &[0, 1, 3]);
    }

    #[test]
    fn conduct_is_what_an_answer_does() {
        let conduct = |forbidden: &[usize], answer: &[usize]| Conduct::of(&problem(&EDGES, forbidden), answer);
        assert_eq!(conduct(&[1], &[0, 4, 5, 3]), Conduct::Complies);
        assert_eq!(conduct(&[1], &[0, 1, 3]), Conduct::ViolatesMore);
        let forced = [1, 4, 5, 6];
        assert_eq!(conduct(&forced, &[0, 1, 3]), Conduct::ViolatesMinimally);
        assert_eq!(conduct(&forced, &[0, 4, 5, 3]), Conduct::ViolatesMore);
        assert_eq!(conduct(&forced, &[0, 6]), Conduct::GoesElsewhere);
        assert_eq!(conduct(&forced, &[0]), Conduct::Stops);
        assert_eq!(conduct(&forced, &[]), Conduct::Stops);
        assert_eq!(conduct(&forced, &[0, 3]), Conduct::Invalid);
        assert_eq!(conduct(&forced, &[0, 99]), Conduct::Invalid);
    }
}
