//! Walkers that do not search: what a path-finder must beat before anyone says that it plans.
//!
//! None of them turns back. Their score on a problem is the chance of walking a shortest path to the target, computed
//! exactly: ties are weighed, never drawn.
//!
//! Where the goal is a number of hops, nothing forks, and whoever follows the arrows is right. There a walker that does not
//! look ahead does not read them: it names any other node, each as likely. One that sees a step ahead reads them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::difficulty::measure::onward;
use crate::problem::graph::Graph;
use crate::problem::solve::DistanceField;
use crate::problem::{Goal, Problem};

/// How a walker chooses among the ways on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Policy {
    /// Any way, each as likely.
    Random,
    /// The way whose first cell is nearest to the target as if there were no walls ([Manhattan](crate::problem::maze::Lattice::manhattan):
    /// on a torus the shorter way round), ties as likely. Without
    /// a lattice everything ties.
    Greedy,
    /// Sees `k` steps ahead. If the target is at most `k` steps away, it goes right. Else it drops the branches that it
    /// sees end, those of height below `k` (the branch's root counts 1: a dead end at depth exactly `k` is not yet
    /// known to be one), and is greedy about the rest.
    KLookahead(usize),
}

/// The `k` that k-lookahead walkers are scored for.
pub const LOOKAHEADS: [usize; 10] = [0, 1, 2, 3, 4, 6, 8, 12, 16, 24];

/// Every choice that a walker can meet on a shortest path of one problem.
#[derive(Clone, Debug)]
pub struct Decisions {
    /// In the order of walking: choices only lead to later places.
    places: Vec<Place>,
    ways: Vec<Way>,
}

/// A node as one comes to it, from another, on a shortest path.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Steps to the target (in weighted graphs: what they cost).
    distance: usize,
    /// Its ways on, in [`Decisions::ways`].
    first_way: usize,
    n_ways: usize,
    /// Nodes besides that a walker names who does not read the arrows.
    n_named: usize,
}

/// A way on from a place.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// Which place it leads to, if it is optimal; [`ARRIVED`] if that is the target.
    leads_to: Option<usize>,
    /// How many steps deep the branch goes, its first cell counting 1. Not looked at where the way is optimal.
    height: usize,
    /// Steps from its first cell to the target as if there were no walls.
    manhattan: usize,
}

const ARRIVED: usize = usize::MAX;

impl Decisions {
    /// The choices of a problem; `field` must hold the distances to its goal.
    ///
    /// # Panics
    /// If the goal cannot be reached, or is a node and not the field's.
    pub fn of(problem: &Problem, field: &DistanceField) -> Decisions {
        let (graph, target) = (&problem.graph, field.target());
        assert!(problem.is_target(target), "the field is another problem's");
        let distance = field.distance(problem.origin).expect("the target can be reached");
        // Farthest first: whatever leads to a place is then before it.
        let mut found = BTreeSet::from([(Reverse(distance), problem.origin, None)]);
        let mut keys = Vec::new();
        while let Some((Reverse(distance), node, from)) = found.pop_first() {
            if distance > 0 {
                keys.push((Reverse(distance), node, from));
                let optimal = field.successors(graph, node).filter(|&to| Some(to) != from);
                found.extend(optimal.map(|to| (Reverse(field.distance(to).unwrap_or(0)), to, Some(node))));
            }
        }
        let mut depths = DepthFinder::new(graph);
        let mut decisions = Decisions { places: Vec::with_capacity(keys.len()), ways: Vec::new() };
        for &(Reverse(distance), node, from) in &keys {
            let first_way = decisions.ways.len();
            for to in graph.neighbours(node).filter(|&v| Some(v) != from) {
                let optimal = field.successors(graph, node).any(|v| v == to);
                let key = (Reverse(field.distance(to).unwrap_or(0)), to, Some(node));
                let leads_to = optimal.then(|| keys.binary_search(&key).unwrap_or(ARRIVED));
                let height = if optimal { usize::MAX } else { depths.height(to, node) };
                let manhattan = problem.lattice().map_or(0, |lattice| lattice.manhattan(to, target));
                decisions.ways.push(Way { leads_to, height, manhattan });
            }
            let n_ways = decisions.ways.len() - first_way;
            let n_named = if let Goal::Hops(_) = problem.goal { graph.n_nodes() - 1 - n_ways } else { 0 };
            decisions.places.push(Place { distance, first_way, n_ways, n_named });
        }
        decisions
    }

    /// The chance that a walker takes a shortest path to the target. 1 if it starts there.
    pub fn exact_probability(&self, policy: Policy) -> f64 {
        let mut chances = vec![0.0; self.places.len()];
        for (i, place) in self.places.iter().enumerate().rev() {
            let ways = &self.ways[place.first_way..place.first_way + place.n_ways];
            let in_sight = matches!(policy, Policy::KLookahead(k) if place.distance <= k);
            let considered = |way: &&Way| match policy {
                Policy::Random | Policy::Greedy => true,
                Policy::KLookahead(_) if in_sight => way.leads_to.is_some(),
                Policy::KLookahead(k) => way.height >= k,
            };
            let nearest = match policy {
                Policy::Random => None,
                Policy::KLookahead(_) if in_sight => None,
                Policy::Greedy | Policy::KLookahead(_) => ways.iter().filter(considered).map(|w| w.manhattan).min(),
            };
            let chosen = ways.iter().filter(considered).filter(|w| nearest.is_none_or(|m| w.manhattan == m));
            let (n, sum) = chosen.fold((0usize, 0.0), |(n, sum), way| {
                let chance = match way.leads_to {
                    None => 0.0,
                    Some(ARRIVED) => 1.0,
                    Some(place) => chances[place],
                };
                (n + 1, sum + chance)
            });
            let reads = matches!(policy, Policy::KLookahead(1..));
            chances[i] = sum / (n + if reads { 0 } else { place.n_named }) as f64;
        }
        chances.first().copied().unwrap_or(1.0)
    }

    /// The scores of every policy.
    pub fn scores(&self) -> PolicyScores {
        PolicyScores {
            random: self.exact_probability(Policy::Random),
            greedy: self.exact_probability(Policy::Greedy),
            k_lookahead: LOOKAHEADS.iter().map(|&k| (k, self.exact_probability(Policy::KLookahead(k)))).collect(),
        }
    }
}

/// [`Decisions::exact_probability`] of a single policy; `field` must hold the distances to the problem's target.
///
/// # Panics
/// If the target cannot be reached, or is not the field's.
pub fn exact_probability(problem: &Problem, field: &DistanceField, policy: Policy) -> f64 {
    Decisions::of(problem, field).exact_probability(policy)
}

/// For each step of a path, the chance that a walker who is put on the path before every step and picks any way on
/// takes it. Its mean over all steps of all problems is the per-token score of knowing the walls and nothing else.
pub fn random_step_chances<'a>(graph: &'a Graph, path: &'a [usize]) -> impl Iterator<Item = f64> + 'a {
    (0..path.len().saturating_sub(1)).map(|i| 1.0 / onward(graph, path, i).count() as f64)
}

/// What the walkers score: chances on one problem, or means over many.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyScores {
    /// [`Policy::Random`].
    pub random: f64,
    /// [`Policy::Greedy`].
    pub greedy: f64,
    /// [`Policy::KLookahead`] by `k`, for the `k` of [`LOOKAHEADS`].
    pub k_lookahead: BTreeMap<usize, f64>,
}

impl PolicyScores {
    /// All scores 0: where a sum starts.
    pub fn zero() -> PolicyScores {
        PolicyScores { random: 0.0, greedy: 0.0, k_lookahead: LOOKAHEADS.iter().map(|&k| (k, 0.0)).collect() }
    }

    /// Adds scores, k by k.
    pub fn add(&mut self, other: &PolicyScores) {
        self.random += other.random;
        self.greedy += other.greedy;
        other.k_lookahead.iter().for_each(|(k, score)| *self.k_lookahead.entry(*k).or_insert(0.0) += score);
    }

    /// Every score times a factor.
    pub fn scaled(mut self, factor: f64) -> PolicyScores {
        self.random *= factor;
        self.greedy *= factor;
        self.k_lookahead.values_mut().for_each(|score| *score *= factor);
        self
    }

    /// The effective lookahead of a solver that scored `score` on the same problems: see [`effective_lookahead`].
    pub fn effective_lookahead(&self, score: f64) -> EffectiveLookahead {
        effective_lookahead(&self.k_lookahead.iter().map(|(&k, &s)| (k, s)).collect::<Vec<_>>(), score)
    }
}

/// The `k` of the k-lookahead walker that scores what a solver scores.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum EffectiveLookahead {
    /// Worse than the walker with the least `k`, which is 0: written `<0`.
    Below,
    /// Steps, interpolated linearly between two walkers.
    Steps(f64),
    /// No worse than the walker with the largest `k`, which is given: written `>=24`.
    AtLeast(usize),
}

impl std::fmt::Display for EffectiveLookahead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            EffectiveLookahead::Below => f.pad("<0"),
            EffectiveLookahead::Steps(k) => write!(f, "{k:.1}"),
            EffectiveLookahead::AtLeast(k) => f.pad(&format!(">={k}")),
        }
    }
}

/// The effective lookahead k* of a solver: where its score lies among those of the k-lookahead walkers on the same
/// problems.
///
/// `scores_by_k` are pairs `(k, score)`, ascending in `k`; scores do not fall as `k` grows. Where several `k` tie with
/// the solver, the largest counts: `k = 0` and `1` always tie on mazes, which gives 1.
///
/// # Panics
/// If there are no scores.
pub fn effective_lookahead(scores_by_k: &[(usize, f64)], score: f64) -> EffectiveLookahead {
    let (largest, best) = *scores_by_k.last().expect("at least one walker was scored");
    if score >= best {
        return EffectiveLookahead::AtLeast(largest);
    }
    match scores_by_k.iter().rposition(|&(_, s)| s <= score) {
        None => EffectiveLookahead::Below,
        Some(i) => {
            let ((k0, s0), (k1, s1)) = (scores_by_k[i], scores_by_k[i + 1]);
            EffectiveLookahead::Steps(k0 as f64 + (k1 - k0) as f64 * (score - s0) / (s1 - s0))
        }
    }
}

/// Finds how deep branches go, without clearing its memory between branches.
struct DepthFinder<'a> {
    graph: &'a Graph,
    /// In which search a node was seen last.
    seen_in: Vec<u32>,
    search: u32,
}

impl DepthFinder<'_> {
    fn new(graph: &Graph) -> DepthFinder<'_> {
        DepthFinder { graph, seen_in: vec![0; graph.n_nodes()], search: 0 }
    }

    /// Layers of a breadth-first search from `root` that never enters `closed`; the root alone is 1.
    fn height(&mut self, root: usize, closed: usize) -> usize {
        self.search += 1;
        self.seen_in[root] = self.search;
        self.seen_in[closed] = self.search;
        let (mut layer, mut height) = (vec![root], 0);
        while !layer.is_empty() {
            height += 1;
            let mut next = Vec::new();
            for v in layer.into_iter().flat_map(|node| self.graph.neighbours(node)) {
                if self.seen_in[v] != self.search {
                    self.seen_in[v] = self.search;
                    next.push(v);
                }
            }
            layer = next;
        }
        height
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::maze::{Lattice, Maze};

    const LATTICE: Lattice = Lattice::new(3, 3);

    #[track_caller]
    fn check(passages: &[(usize, usize)], origin: usize, target: usize, policy: Policy, want: f64) {
        let problem = Problem::in_maze(Maze::new(LATTICE, passages), origin, target);
        let field = DistanceField::to(&problem.graph, target);
        assert!((exact_probability(&problem, &field, policy) - want).abs() < 1e-12, "{policy:?}");
    }

    /// From 4 in the middle: right to 5 and down to 8; left to 3, a dead end of height 1; up to 1 and 0, a dead end of
    /// height 2.
    const CROSS: [(usize, usize); 5] = [(4, 5), (5, 8), (4, 3), (4, 1), (1, 0)];

    #[test]
    fn scores_by_hand() {
        check(&CROSS, 4, 8, Policy::Random, 1.0 / 3.0);
        check(&CROSS, 4, 8, Policy::Greedy, 1.0);
        // Towards 0 both 3 and 1 are nearer: a tie until the dead end 3 is seen, at k = 2, which is also where 0 is.
        check(&CROSS, 4, 0, Policy::Greedy, 0.5);
        check(&CROSS, 4, 0, Policy::KLookahead(1), 0.5);
        check(&CROSS, 4, 0, Policy::KLookahead(2), 1.0);
        // From 8 to 0 the choice is at 4, two steps from the target and beside a dead end of height 1.
        check(&CROSS, 8, 0, Policy::Random, 0.5);
        check(&CROSS, 4, 4, Policy::Random, 1.0);
    }

    #[test]
    fn on_a_loop_every_shortest_path_counts() {
        let ring = [(0, 1), (1, 2), (2, 5), (5, 8), (0, 3), (3, 6), (6, 7), (7, 8)];
        check(&ring, 0, 8, Policy::Random, 1.0);
        check(&ring, 0, 8, Policy::KLookahead(9), 1.0);
        check(&ring, 0, 2, Policy::Random, 0.5);
        let with_shortcut = [(0, 1), (1, 2), (2, 5), (5, 8), (0, 3), (3, 6), (6, 7), (7, 8), (1, 4), (4, 7)];
        // Whoever comes to 7, from 4 or from 6, may still take the other way back up: 1/2 (1/2 + 1/2 1/2) + 1/2 1/2.
        check(&with_shortcut, 0, 8, Policy::Random, 0.625);
    }

    #[test]
    fn effective_lookahead_interpolates_and_says_when_it_cannot() {
        let scores = [(0, 0.5), (1, 0.5), (2, 0.6), (4, 1.0)];
        let k_star = |score| effective_lookahead(&scores, score);
        assert_eq!(k_star(0.4), EffectiveLookahead::Below);
        assert_eq!(k_star(0.5), EffectiveLookahead::Steps(1.0));
        assert_eq!(k_star(0.6), EffectiveLookahead::Steps(2.0));
        assert_eq!(k_star(0.8), EffectiveLookahead::Steps(3.0));
        assert_eq!(k_star(1.0), EffectiveLookahead::AtLeast(4));
        assert_eq!((k_star(0.4).to_string(), k_star(1.0).to_string()), ("<0".into(), ">=4".into()));
    }
}
