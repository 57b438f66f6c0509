//! Floors of a maze task: how much of the future path is predictable without planning.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::difficulty::corridor::{Given, path_hits};
use crate::difficulty::policy::Policy;
use crate::instance::Instance;
use crate::task::Task;

/// A predictor that does not see the maze: it outputs the most frequent k-th cell among training problems with the same
/// `given` (A: origin and target; D: and step 1). Ties go to the smallest cell.
#[derive(Clone, Debug, PartialEq)]
pub struct MazeBlind {
    given: Given,
    /// By (origin, target, step 1 if given): for k = 1, 2, …, the most frequent cell.
    cells: BTreeMap<(usize, usize, Option<usize>), Vec<usize>>,
}

impl MazeBlind {
    /// Fits the predictor to the paths of training problems, origin and target included.
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
        let most_frequent = |step: BTreeMap<usize, usize>| {
            // Every step was counted at least once; `Reverse` lets the smallest cell win ties.
            step.into_iter().max_by_key(|&(cell, n)| (n, std::cmp::Reverse(cell))).map_or(0, |(cell, _)| cell)
        };
        let cells = counts.into_iter().map(|(key, steps)| (key, steps.into_iter().map(most_frequent).collect()));
        MazeBlind { given, cells: cells.collect() }
    }

    /// Returns, for k = 1, 2, … `min(k_max, steps of the path)`, whether the prediction of `path[k]` is right. A key or step
    /// not seen in training counts as wrong.
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

/// Shares of problems whose k-th path cell is predicted right without planning, for `k = 1, 2, …`: over the problems whose
/// path has a k-th step, 0 if none has.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FutureFloors {
    /// A: predicted from origin and target alone.
    #[serde(rename = "A")]
    pub maze_blind: Vec<f64>,
    /// B: greedy from the origin on.
    #[serde(rename = "B")]
    pub greedy: Vec<f64>,
    /// D: predicted from origin, target and step 1.
    #[serde(rename = "D")]
    pub maze_blind_given_first: Vec<f64>,
    /// E: given step 1, random at forks.
    #[serde(rename = "E")]
    pub corridor_random: Vec<f64>,
    /// F: given step 1, greedy at forks.
    #[serde(rename = "F")]
    pub corridor_greedy: Vec<f64>,
    /// Number of problems with a k-th step.
    pub n: Vec<u64>,
}

/// Computes the floors of a maze task over its whole distribution: on problems `0..n`, with A and D fitted to the next
/// `n_training` problems. A and D are too low where a pair of endpoints is rare in training: the published values use some
/// hundred problems per pair and first step. `None` if problems have no geometry.
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
        let walked = |given, policy| path_hits(&problem, &path, given, policy, k_max).unwrap_or_default();
        floors.n.iter_mut().take(path.len() - 1).for_each(|n| *n += 1);
        add(&mut floors.maze_blind, guessed(&a));
        add(&mut floors.greedy, walked(Given::Origin, Policy::Greedy));
        add(&mut floors.maze_blind_given_first, guessed(&d));
        add(&mut floors.corridor_random, walked(Given::FirstStep, Policy::Random));
        add(&mut floors.corridor_greedy, walked(Given::FirstStep, Policy::Greedy));
    }
    let FutureFloors { maze_blind, greedy, maze_blind_given_first, corridor_random, corridor_greedy, n } = &mut floors;
    for sums in [maze_blind, greedy, maze_blind_given_first, corridor_random, corridor_greedy] {
        sums.iter_mut().zip(&*n).for_each(|(sum, &n)| *sum /= n.max(1) as f64);
    }
    Some(floors)
}

#[cfg(test)]
mod tests {
    use super::*;

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
