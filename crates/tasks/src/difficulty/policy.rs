//! Policies that do not search: the scores a path-finder must beat before anyone says that it plans.
//!
//! No policy turns back. Its score on a problem is the probability that it walks a shortest path to the target, computed
//! exactly: ties are weighted, never sampled.
//!
//! Where the goal is a number of hops nothing forks, and following the arrows is always right. There a policy without
//! lookahead does not read the arrows: it names any other node with equal probability. One that sees a step ahead reads them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::difficulty::measure::{onward, previous};
use crate::problem::graph::Graph;
use crate::problem::solve::DistanceField;
use crate::problem::{Goal, Problem};

/// How to choose among the neighbours of a node, except the one just left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Policy {
    /// Any neighbour, with equal probability.
    Random,
    /// The neighbour nearest to the target if there were no walls ([Manhattan](crate::problem::maze::Lattice::manhattan)
    /// distance; on a torus the shorter way round), ties with equal probability. Without a lattice everything ties.
    Greedy,
    /// Sees `k` steps ahead. If the target is at most `k` steps away, it takes a shortest path. Otherwise it drops the
    /// branches that it sees end, those of height below `k` (the branch's root counts 1: a dead end at depth exactly `k`
    /// is not yet known to be one), and is greedy about the rest.
    KLookahead(usize),
}

/// The `k` for which [`Policy::KLookahead`] is scored.
pub const LOOKAHEADS: [usize; 10] = [0, 1, 2, 3, 4, 6, 8, 12, 16, 24];

/// One neighbour that a policy may step to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Move {
    pub(crate) to: usize,
    /// Whether a shortest path continues here.
    is_optimal: bool,
    /// Depth of the branch, its root counting 1; `usize::MAX` where the step is optimal, since a policy never sees
    /// that branch end.
    height: usize,
    /// Steps from `to` to the target if there were no walls.
    manhattan: usize,
}

impl Policy {
    /// Returns the indices of the moves that the policy takes, each with equal probability.
    ///
    /// `distance` is the number of steps to the target; `None` if it cannot be reached.
    pub(crate) fn choose(self, distance: Option<usize>, moves: &[Move]) -> impl Iterator<Item = usize> {
        let in_sight = matches!(self, Policy::KLookahead(k) if distance.is_some_and(|distance| distance <= k));
        let is_considered = move |m: &Move| match self {
            Policy::Random | Policy::Greedy => true,
            Policy::KLookahead(_) if in_sight => m.is_optimal,
            Policy::KLookahead(k) => m.height >= k,
        };
        let is_greedy = !in_sight && self != Policy::Random;
        let nearest = moves.iter().filter(|m| is_greedy && is_considered(m)).map(|m| m.manhattan).min();
        let is_chosen = move |m: &Move| is_considered(m) && nearest.is_none_or(|nearest| m.manhattan == nearest);
        moves.iter().enumerate().filter(move |(_, m)| is_chosen(m)).map(|(i, _)| i)
    }
}

/// Finds the moves of a problem, without clearing its memory between nodes.
pub(crate) struct MoveFinder<'a> {
    problem: &'a Problem,
    field: &'a DistanceField,
    depths: DepthFinder<'a>,
}

impl<'a> MoveFinder<'a> {
    pub(crate) fn new(problem: &'a Problem, field: &'a DistanceField) -> MoveFinder<'a> {
        MoveFinder { problem, field, depths: DepthFinder::new(&problem.graph) }
    }

    /// Lists the moves from `at`, reached from `from`: to every neighbour but that one, ascending.
    pub(crate) fn moves(&mut self, from: Option<usize>, at: usize) -> Vec<Move> {
        let MoveFinder { problem, field, depths } = self;
        let target = field.target();
        let to_move = |to| {
            let is_optimal = field.successors(&problem.graph, at).any(|v| v == to);
            let height = if is_optimal { usize::MAX } else { depths.height(to, at) };
            let manhattan = problem.lattice().map_or(0, |lattice| lattice.manhattan(to, target));
            Move { to, is_optimal, height, manhattan }
        };
        onward(&problem.graph, from, at).map(to_move).collect()
    }
}

/// Every choice that a policy can meet on the shortest paths of one problem.
#[derive(Clone, Debug)]
pub struct Decisions {
    /// In walking order: a move only leads to later entries.
    choices: Vec<Choice>,
    moves: Vec<Move>,
    /// What follows each of `moves`.
    outcomes: Vec<Outcome>,
}

/// A node on a shortest path, reached from a given neighbour.
#[derive(Clone, Debug)]
struct Choice {
    /// Steps to the target (in weighted graphs, the sum of weights).
    distance: usize,
    /// Its moves in [`Decisions::moves`].
    moves: Range<usize>,
    /// How many further nodes a policy may name that does not read the arrows.
    n_unread: usize,
}

/// What follows a move.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    /// It is on no shortest path.
    Wrong,
    /// The choice of this index.
    Next(usize),
    /// The target.
    Arrived,
}

impl Decisions {
    /// Collects the choices of a problem; `field` must hold the distances to its goal.
    ///
    /// # Panics
    /// If the goal cannot be reached, or is a node other than the field's target.
    pub fn of(problem: &Problem, field: &DistanceField) -> Decisions {
        let graph = &problem.graph;
        assert!(problem.is_target(field.target()), "the field belongs to another problem");
        let distance = field.distance(problem.origin).expect("the target can be reached");
        let key = |from: Option<usize>, node: usize| (Reverse(field.distance(node).unwrap_or(0)), node, from);
        // Farthest first, so that every predecessor precedes.
        let mut found = BTreeSet::from([(Reverse(distance), problem.origin, None)]);
        let mut keys = Vec::new();
        while let Some((Reverse(distance), node, from)) = found.pop_first() {
            if distance > 0 {
                keys.push((Reverse(distance), node, from));
                let optimal = field.successors(graph, node).filter(|&to| Some(to) != from);
                found.extend(optimal.map(|to| key(Some(node), to)));
            }
        }
        let mut finder = MoveFinder::new(problem, field);
        let mut decisions =
            Decisions { choices: Vec::with_capacity(keys.len()), moves: Vec::new(), outcomes: Vec::new() };
        for &(Reverse(distance), node, from) in &keys {
            let moves = finder.moves(from, node);
            let outcome = |m: &Move| match keys.binary_search(&key(Some(node), m.to)) {
                _ if !m.is_optimal => Outcome::Wrong,
                Ok(next) => Outcome::Next(next),
                Err(_) => Outcome::Arrived,
            };
            let n_unread = if let Goal::Hops(_) = problem.goal { graph.n_nodes() - 1 - moves.len() } else { 0 };
            let first = decisions.moves.len();
            decisions.outcomes.extend(moves.iter().map(outcome));
            decisions.moves.extend(moves);
            decisions.choices.push(Choice { distance, moves: first..decisions.moves.len(), n_unread });
        }
        decisions
    }

    /// Returns the probability that a policy takes a shortest path to the target; 1 if it starts there.
    pub fn exact_probability(&self, policy: Policy) -> f64 {
        let mut chances = vec![0.0; self.choices.len()];
        for (i, choice) in self.choices.iter().enumerate().rev() {
            let outcomes = &self.outcomes[choice.moves.clone()];
            let chosen = policy.choose(Some(choice.distance), &self.moves[choice.moves.clone()]);
            let (n, sum) = chosen.fold((0usize, 0.0), |(n, sum), chosen| {
                let chance = match outcomes[chosen] {
                    Outcome::Wrong => 0.0,
                    Outcome::Next(next) => chances[next],
                    Outcome::Arrived => 1.0,
                };
                (n + 1, sum + chance)
            });
            let reads_arrows = matches!(policy, Policy::KLookahead(1..));
            chances[i] = sum / (n + if reads_arrows { 0 } else { choice.n_unread }) as f64;
        }
        chances.first().copied().unwrap_or(1.0)
    }

    /// Returns the scores of every policy.
    pub fn scores(&self) -> PolicyScores {
        PolicyScores {
            random: self.exact_probability(Policy::Random),
            greedy: self.exact_probability(Policy::Greedy),
            k_lookahead: LOOKAHEADS.iter().map(|&k| (k, self.exact_probability(Policy::KLookahead(k)))).collect(),
        }
    }
}

/// Returns [`Decisions::exact_probability`] of a single policy; `field` must hold the distances to the problem's goal.
///
/// ```
/// use searchlens_tasks::difficulty::policy::{Policy, exact_probability};
/// use searchlens_tasks::problem::graph::Graph;
/// use searchlens_tasks::problem::{Goal, Problem};
///
/// // Two ways from 0, one of them a dead end of two nodes.
/// let graph = Graph::undirected(5, &[(0, 1), (1, 2), (0, 3), (3, 4)]);
/// let problem = Problem::on(graph, 0, Goal::Node(2));
/// let field = problem.distances().unwrap();
/// assert_eq!(exact_probability(&problem, &field, Policy::Random), 0.5);
/// assert_eq!(exact_probability(&problem, &field, Policy::KLookahead(2)), 1.0);
/// ```
///
/// # Panics
/// As [`Decisions::of`].
pub fn exact_probability(problem: &Problem, field: &DistanceField, policy: Policy) -> f64 {
    Decisions::of(problem, field).exact_probability(policy)
}

/// Returns, for each step of a path, the probability that a policy placed on the path before that step takes it at random.
/// Its mean over all steps of all problems is the per-token score of knowing the walls and nothing else.
pub fn random_step_chances<'a>(graph: &'a Graph, path: &'a [usize]) -> impl Iterator<Item = f64> + 'a {
    (0..path.len().saturating_sub(1)).map(|i| 1.0 / onward(graph, previous(path, i), path[i]).count() as f64)
}

/// Scores of the policies: probabilities on one problem, or means over many.
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
    /// Returns scores of 0, the start of a sum.
    pub fn zero() -> PolicyScores {
        PolicyScores { random: 0.0, greedy: 0.0, k_lookahead: LOOKAHEADS.iter().map(|&k| (k, 0.0)).collect() }
    }

    /// Adds scores, k by k.
    pub fn add(&mut self, other: &PolicyScores) {
        self.random += other.random;
        self.greedy += other.greedy;
        other.k_lookahead.iter().for_each(|(k, score)| *self.k_lookahead.entry(*k).or_insert(0.0) += score);
    }

    /// Multiplies every score by a factor.
    pub fn scaled(mut self, factor: f64) -> PolicyScores {
        self.random *= factor;
        self.greedy *= factor;
        self.k_lookahead.values_mut().for_each(|score| *score *= factor);
        self
    }

    /// Returns the effective lookahead of a solver that scored `score` on the same problems: see [`effective_lookahead`].
    pub fn effective_lookahead(&self, score: f64) -> EffectiveLookahead {
        effective_lookahead(&self.k_lookahead.iter().map(|(&k, &s)| (k, s)).collect::<Vec<_>>(), score)
    }
}

/// The `k` of the k-lookahead policy whose score equals a solver's.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum EffectiveLookahead {
    /// Worse than the policy with the smallest `k`, which is 0: displayed as `<0`.
    Below,
    /// Steps, interpolated linearly between two policies.
    Steps(f64),
    /// At least as good as the policy with the largest `k`, which is given: displayed as `>=24`.
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

/// Returns the effective lookahead k* of a solver: the position of its score among those of the k-lookahead policies on
/// the same problems.
///
/// `scores_by_k` holds pairs `(k, score)`, ascending in `k`; scores do not fall as `k` grows. If several `k` tie with
/// the solver, the largest counts: `k = 0` and `1` always tie on mazes, which gives 1.
///
/// ```
/// use searchlens_tasks::difficulty::policy::{EffectiveLookahead, effective_lookahead};
///
/// let scores = [(0, 0.5), (2, 0.6), (4, 1.0)];
/// assert_eq!(effective_lookahead(&scores, 0.8), EffectiveLookahead::Steps(3.0));
/// assert_eq!(effective_lookahead(&scores, 1.0), EffectiveLookahead::AtLeast(4));
/// ```
///
/// # Panics
/// If there are no scores.
pub fn effective_lookahead(scores_by_k: &[(usize, f64)], score: f64) -> EffectiveLookahead {
    let (largest, best) = *scores_by_k.last().expect("at least one policy was scored");
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

/// Measures the depth of branches, without clearing its memory between branches.
struct DepthFinder<'a> {
    graph: &'a Graph,
    /// The search in which each node was last seen.
    seen_in: Vec<u32>,
    search: u32,
}

impl DepthFinder<'_> {
    fn new(graph: &Graph) -> DepthFinder<'_> {
        DepthFinder { graph, seen_in: vec![0; graph.n_nodes()], search: 0 }
    }

    /// Counts the layers of a breadth-first search from `root` that never enters `closed`; the root alone is 1.
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
        // At 7, reached from 4 or from 6, the other branch back up is still open: 1/2 (1/2 + 1/2 1/2) + 1/2 1/2.
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
