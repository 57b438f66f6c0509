//! How much of the future path is known without planning: corridor-following floors.
//!
//! A probe that reads the k-th cell of the path proves little where a corridor leaves no choice. The policies here walk the
//! maze without turning back and without looking ahead, and choose at forks by chance or by heading for the target. What they
//! get right about the k-th cell needs no plan, given the first step (which the network is about to say anyway).
//!
//! Letters as in the project's table of floors: E = given step 1, chance at forks; F = given step 1, greedy at forks;
//! B = greedy from the origin on; A = knows (origin, target) alone; D = knows (origin, target, step 1) alone.

use std::collections::BTreeMap;

use crate::graph::Graph;
use crate::problem::Problem;
use crate::task::{Instance, Task};
use serde::Serialize;

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

/// What is known of the path without seeing the maze: the most frequent k-th cell among training problems alike in what is
/// `told` (A: origin and target; D: and step 1). Ties go to the smallest cell.
#[derive(Clone, Debug, PartialEq)]
pub struct MazeBlind {
    given: Given,
    /// By (origin, target, step 1 if given): for k = 1, 2, …, the most frequent cell.
    cells: BTreeMap<(usize, usize, Option<usize>), Vec<usize>>,
}

impl MazeBlind {
    /// Learns from paths, origin and target included, of training problems.
    pub fn learn<'a>(paths: impl IntoIterator<Item = &'a [usize]>, given: Given) -> MazeBlind {
        let mut counts = BTreeMap::<_, Vec<BTreeMap<usize, usize>>>::new();
        for path in paths {
            let Some(key) = blind_key(path, given) else { continue };
            let steps = counts.entry(key).or_default();
            steps.resize_with(steps.len().max(path.len() - 1), BTreeMap::new);
            for (step, &cell) in steps.iter_mut().zip(&path[1..]) {
                *step.entry(cell).or_default() += 1;
            }
        }
        let favourite = |step: BTreeMap<usize, usize>| {
            // Every step was counted at least once; `Reverse` lets the smallest cell win ties.
            step.into_iter().max_by_key(|&(cell, n)| (n, std::cmp::Reverse(cell))).map_or(0, |(cell, _)| cell)
        };
        let cells = counts.into_iter().map(|(key, steps)| (key, steps.into_iter().map(favourite).collect()));
        MazeBlind { given, cells: cells.collect() }
    }

    /// For k = 1, 2, … `min(k_max, steps of the path)`: whether its guess of `path[k]` is right. A key or step never seen
    /// in training counts as wrong.
    pub fn hits(&self, path: &[usize], k_max: usize) -> Vec<bool> {
        let guesses = blind_key(path, self.given).and_then(|key| self.cells.get(&key));
        let right = |k: usize| guesses.and_then(|g| g.get(k - 1)) == Some(&path[k]);
        (1..path.len().min(k_max + 1)).map(right).collect()
    }
}

fn blind_key(path: &[usize], given: Given) -> Option<(usize, usize, Option<usize>)> {
    match path {
        [origin, first, ..] => Some((*origin, *path.last()?, (given == Given::FirstStep).then_some(*first))),
        _ => None,
    }
}

/// What is known of the k-th cell of the path without planning: shares of problems, for `k = 1, 2, …`. Each is over the
/// problems whose path has a k-th step, and 0 where none has.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FutureFloors {
    /// A: guessed from origin and target alone.
    #[serde(rename = "A")]
    pub maze_blind: Vec<f64>,
    /// B: heading for the target from the origin on.
    #[serde(rename = "B")]
    pub greedy: Vec<f64>,
    /// D: guessed from origin, target and step 1.
    #[serde(rename = "D")]
    pub maze_blind_given_first: Vec<f64>,
    /// E: given step 1, along corridors, by chance at forks.
    #[serde(rename = "E")]
    pub corridor_random: Vec<f64>,
    /// F: given step 1, along corridors, heading for the target at forks.
    #[serde(rename = "F")]
    pub corridor_greedy: Vec<f64>,
    /// How many problems have a k-th step.
    pub n: Vec<u64>,
}

/// The floors of a task of mazes, as its generator makes them: of problems `0..n`, guesses A and D resting on the
/// `n_training` problems after those. Guesses fall short where a pair of cells was seen seldom: the published values rest on
/// some hundred problems a pair and first step. `None` if problems have no geometry.
pub fn future_floors(task: &Task, seed: u64, n: u64, n_training: u64, k_max: usize) -> Option<FutureFloors> {
    task.lattice()?;
    let draw = |index| task.natural_instance(seed, index).0;
    let training: Vec<Vec<usize>> = (n..n + n_training).map(|index| draw(index).path).collect();
    let blind = |given| MazeBlind::learn(training.iter().map(Vec::as_slice), given);
    let (a, d) = (blind(Given::Origin), blind(Given::FirstStep));
    let mut floors = FutureFloors { n: vec![0; k_max], ..FutureFloors::default() };
    let add = |sums: &mut Vec<f64>, hits: Vec<f64>| {
        sums.resize(k_max, 0.0);
        sums.iter_mut().zip(hits).for_each(|(sum, hit)| *sum += hit);
    };
    for index in 0..n {
        let Instance { problem, path, .. } = draw(index);
        let guessed =
            |blind: &MazeBlind| blind.hits(&path, k_max).into_iter().map(|hit| f64::from(u8::from(hit))).collect();
        let walked = |given, choice| walker_hits(&problem, &path, given, choice, k_max).unwrap_or_default();
        floors.n.iter_mut().take(path.len() - 1).for_each(|n| *n += 1);
        add(&mut floors.maze_blind, guessed(&a));
        add(&mut floors.greedy, walked(Given::Origin, ForkChoice::Greedy));
        add(&mut floors.maze_blind_given_first, guessed(&d));
        add(&mut floors.corridor_random, walked(Given::FirstStep, ForkChoice::Random));
        add(&mut floors.corridor_greedy, walked(Given::FirstStep, ForkChoice::Greedy));
    }
    let FutureFloors { maze_blind, greedy, maze_blind_given_first, corridor_random, corridor_greedy, n } = &mut floors;
    for sums in [maze_blind, greedy, maze_blind_given_first, corridor_random, corridor_greedy] {
        sums.iter_mut().zip(&*n).for_each(|(sum, &n)| *sum /= n.max(1) as f64);
    }
    Some(floors)
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
    use crate::maze::{Lattice, Maze};

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

    #[test]
    fn a_maze_blind_guess_is_the_most_frequent_cell() {
        let paths: [&[usize]; 4] = [&[0, 1, 4], &[0, 3, 4], &[0, 3, 4], &[0, 1, 2, 5, 4]];
        let a = MazeBlind::learn(paths, Given::Origin);
        // Two of each first step: the smaller cell wins; at step 2 cell 4 leads.
        assert_eq!(a.hits(&[0, 3, 4], 8), [false, true]);
        assert_eq!(a.hits(&[0, 1, 2, 5, 4], 2), [true, false]);
        assert_eq!(a.hits(&[4, 3], 8), [false]);
        let d = MazeBlind::learn(paths, Given::FirstStep);
        assert_eq!(d.hits(&[0, 3, 4], 8), [true, true]);
    }
}
