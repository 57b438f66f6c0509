//! Shortcuts: rules that predict a goal without reading labels, or without the avoid set. A solver of labelled graphs must
//! beat them before anyone says that it searches for the target set.
//!
//! A shortcut's score on a problem is the probability, ties weighted and never sampled, that the node it predicts is a nearest
//! target; for [`Shortcut::Blind`], that the shortest path it takes is a solution.

use serde::{Deserialize, Serialize};

use crate::problem::solve::{DistanceField, steps_from};
use crate::problem::{Goal, Problem};

/// A rule that predicts a goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shortcut {
    /// Any other reachable node, uniformly.
    Anywhere,
    /// The nearest other node, whatever its label.
    Nearest,
    /// The nearest leaf: a node with no neighbour but the one it is reached from.
    NearestLeaf,
    /// The reachable node with the most neighbours.
    HighestDegree,
    /// The reachable node listed first: the lowest index.
    FirstListed,
    /// The nearest node with a label in T, ignoring A.
    Blind,
}

impl Shortcut {
    /// All shortcuts.
    pub const ALL: [Shortcut; 6] = [
        Shortcut::Anywhere,
        Shortcut::Nearest,
        Shortcut::NearestLeaf,
        Shortcut::HighestDegree,
        Shortcut::FirstListed,
        Shortcut::Blind,
    ];

    /// Returns the name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Shortcut::Anywhere => "any node",
            Shortcut::Nearest => "nearest node",
            Shortcut::NearestLeaf => "nearest leaf",
            Shortcut::HighestDegree => "highest degree",
            Shortcut::FirstListed => "first listed",
            Shortcut::Blind => "blind to avoidance",
        }
    }

    /// Returns the probability that the shortcut is right; `field` must hold the distances to the problem's goal. 0 if it
    /// predicts no node.
    pub fn chance(self, problem: &Problem, field: &DistanceField) -> f64 {
        if self == Shortcut::Blind {
            return blind_chance(problem, field);
        }
        let graph = &problem.graph;
        let steps = steps_from(graph, problem.origin, |_| false);
        let reached = (0..graph.n_nodes()).filter(|&v| v != problem.origin && steps[v] != u64::MAX);
        let is_leaf = |v: &usize| graph.neighbours(*v).all(|next| graph.has_edge(next, *v)) && graph.degree(*v) <= 1;
        // The candidates of minimum score are predicted.
        let score = |v: &usize| match self {
            Shortcut::Anywhere | Shortcut::Blind => 0,
            Shortcut::Nearest | Shortcut::NearestLeaf => steps[*v],
            Shortcut::HighestDegree => u64::MAX - graph.degree(*v) as u64,
            Shortcut::FirstListed => *v as u64,
        };
        let candidates: Vec<usize> = reached.filter(|v| self != Shortcut::NearestLeaf || is_leaf(v)).collect();
        let Some(best) = candidates.iter().map(score).min() else { return 0.0 };
        let named: Vec<usize> = candidates.into_iter().filter(|v| score(v) == best).collect();
        let targets = field.ends_from(graph, problem.origin);
        named.iter().filter(|v| targets.contains(v)).count() as f64 / named.len() as f64
    }
}

/// Returns the share of shortest paths to a nearest node of T, ignoring A, that are solutions.
fn blind_chance(problem: &Problem, field: &DistanceField) -> f64 {
    let graph = &problem.graph;
    let (Goal::Nearest { within, .. }, Some(labels)) = (&problem.goal, &problem.labels) else { return 1.0 };
    let targets: Vec<usize> = (0..graph.n_nodes()).filter(|&v| within.contains(labels.of(v))).collect();
    let Some(blind) = DistanceField::to_nearest(graph, &targets, |_| false) else { return 0.0 };
    if blind.distance(problem.origin) != field.distance(problem.origin) {
        return 0.0;
    }
    // Both counts saturate at the same astronomically large number.
    field.count_paths(graph, problem.origin) as f64 / blind.count_paths(graph, problem.origin) as f64
}

/// The entropy floors of one problem, in nats: the loss of a perfect solver, because several solutions are right and the
/// target was drawn among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntropyFloor {
    /// Of the whole path: the logarithm of the number of shortest paths. 0 on trees.
    pub path: f64,
    /// Of its first step, if every shortest path is equally likely.
    pub first_step: f64,
}

impl EntropyFloor {
    /// Computes the floors of a problem; `field` must hold the distances to its goal, which must be reachable.
    pub fn of(problem: &Problem, field: &DistanceField) -> EntropyFloor {
        let graph = &problem.graph;
        let all = field.count_paths(graph, problem.origin) as f64;
        let first_step = field.successors(graph, problem.origin).map(|next| {
            let share = field.count_paths(graph, next) as f64 / all;
            -share * libm::log(share)
        });
        EntropyFloor { path: libm::log(all.max(1.0)), first_step: first_step.sum::<f64>().max(0.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Labels;
    use crate::problem::graph::Graph;
    use crate::problem::region::Region;

    /// From 0 to the nearest label above 0.5, which is 3's, past 1 (to avoid) or past 2. 4 is a leaf beside the origin.
    fn diamond() -> Problem {
        let graph = Graph::undirected(6, &[(0, 1), (0, 2), (1, 3), (2, 3), (0, 4), (3, 5)]);
        let labels = Labels::new(1, vec![0.1, 0.4, 0.1, 0.9, 0.1, 0.9]);
        let goal = Goal::Nearest { within: Region::interval(0.5, 1.0), avoid: Some(Region::interval(0.3, 0.5)) };
        Problem { labels: Some(labels), ..Problem::on(graph, 0, goal) }
    }

    #[track_caller]
    fn check(shortcut: Shortcut, want: f64) {
        let problem = diamond();
        assert_eq!(shortcut.chance(&problem, &problem.distances().unwrap()), want, "{shortcut:?}");
    }

    #[test]
    fn chances_by_hand() {
        check(Shortcut::Anywhere, 0.2);
        check(Shortcut::Nearest, 0.0);
        check(Shortcut::NearestLeaf, 0.0);
        check(Shortcut::HighestDegree, 1.0);
        check(Shortcut::FirstListed, 0.0);
        check(Shortcut::Blind, 0.5);
    }

    #[test]
    fn floors_are_the_logarithms_of_what_is_left_open() {
        let graph = Graph::undirected(6, &[(0, 1), (0, 2), (1, 3), (2, 3), (2, 4), (3, 5), (4, 5)]);
        let problem = Problem::on(graph, 0, Goal::Node(5));
        let floor = EntropyFloor::of(&problem, &problem.distances().unwrap());
        // Three paths, two of them past 2.
        assert!((floor.path - 3f64.ln()).abs() < 1e-12 && (floor.first_step - 0.636_514_168_294_813).abs() < 1e-12);
        let forced = EntropyFloor::of(&diamond(), &diamond().distances().unwrap());
        assert_eq!(forced, EntropyFloor { path: 0.0, first_step: 0.0 });
    }
}
