//! Baselines of a probe's accuracy: control tasks and the majority answer.
//!
//! # The control task
//! A probe that scores well may have *read* the answer from the activations, or *learnt* the task itself from features that
//! identify the input. Hewitt & Liang separate the two with a control task: every **type** of input gets a random answer, the
//! same in train and test, which only a probe with the capacity to memorise types can learn. Selectivity is the accuracy on
//! the question minus the accuracy on its control (`stats::bootstrap_difference` gives its interval).
//!
//! Here the input is a maze problem, and a type must recur between training and test problems, whose mazes are of different
//! symmetry classes. The pair (origin, target) recurs, is available to every layer, and says nothing about the maze's walls:
//! that is the type, [`pair_type`]. For each question (is this passage open? which cell is reached at step k?), one fixed
//! random permutation of the types assigns answers in the proportions of the training answers; a problem's control answer is
//! that of its type. A question about each token (does the passage that this token names exist?) has the token's identity as
//! its type instead, exactly as in Hewitt & Liang.
//!
//! # What is not a control
//! "Randomly permuted labels" can mean tasks that measure nothing; this crate's tests show the first and the last.
//! - *A bijection of the answers* (swap open and closed at random cells; rename the 25 cells). Renaming classes does
//!   not change a linear classifier: same fit, same accuracy, selectivity 0 for any network.
//! - *Questions permuted among themselves* (passage 3 gets the answers of passage 17). The mean over questions is unchanged.
//! - *Answers permuted among mazes.* No test maze occurs in training, so even a probe that memorises every training maze is at
//!   chance: the score measures leakage between train and test, not capacity.
//!
//! Source: Hewitt & Liang 2019, "Designing and Interpreting Probes with Control Tasks", section 2.

use std::collections::BTreeMap;

use searchlens_base::stream::{Purpose, shuffle, stream};
use searchlens_tasks::problem::Problem;

/// Random answers by type of input, fixed by a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlTask {
    /// Seed of the random maps.
    pub seed: u64,
    /// Types are `0..n_types`.
    pub n_types: usize,
}

impl ControlTask {
    /// Returns the control answers of one question for inputs of the given types: a pure function of the seed, the question,
    /// the proportions and the type.
    ///
    /// Over all types the answers have the given proportions, to within one type per answer. Use the proportions of the
    /// *training* answers for both training and test; otherwise the map would differ between them.
    ///
    /// # Panics
    /// If a type is `>= n_types`.
    pub fn answers(&self, question: u64, proportions: &Proportions, types: &[usize]) -> Vec<usize> {
        let mut rank: Vec<usize> = (0..self.n_types).collect();
        shuffle(&mut stream(self.seed, Purpose::Control, question), &mut rank);
        let answer = |&t: &usize| proportions.quantile((rank[t] as f64 + 0.5) / self.n_types as f64);
        types.iter().map(answer).collect()
    }

    /// Returns the control answers of many questions, `[question][example]`: question `q` in the proportions of `training[q]`.
    pub fn answers_to_all(&self, training: &[Vec<usize>], types: &[usize]) -> Vec<Vec<usize>> {
        (0u64..).zip(training).map(|(q, answers)| self.answers(q, &Proportions::of(answers), types)).collect()
    }
}

/// Returns the type of a problem for [`ControlTask`]: its pair of origin and target, `0..n_nodes²`.
pub fn pair_type(problem: &Problem) -> usize {
    problem.origin * problem.graph.n_nodes() + problem.target()
}

/// Relative frequencies of answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Proportions {
    /// Answers, ascending, each with the share of answers up to and including it.
    cumulative: Vec<(usize, f64)>,
    majority: usize,
}

impl Proportions {
    /// Counts answers.
    ///
    /// # Panics
    /// If there are no answers.
    pub fn of(answers: &[usize]) -> Proportions {
        assert!(!answers.is_empty(), "proportions of no answers");
        let mut counts = BTreeMap::<usize, usize>::new();
        for &answer in answers {
            *counts.entry(answer).or_default() += 1;
        }
        let mut majority = (0, 0);
        let mut up_to = 0;
        let mut cumulative = Vec::with_capacity(counts.len());
        for (answer, count) in counts {
            up_to += count;
            cumulative.push((answer, up_to as f64 / answers.len() as f64));
            if count > majority.1 {
                majority = (answer, count);
            }
        }
        Proportions { cumulative, majority: majority.0 }
    }

    /// The most frequent answer; ties go to the smallest.
    pub fn majority(&self) -> usize {
        self.majority
    }

    /// The `u`-quantile of the answers, `u` in 0..1.
    fn quantile(&self, u: f64) -> usize {
        let at = self.cumulative.partition_point(|&(_, up_to)| up_to <= u);
        self.cumulative[at.min(self.cumulative.len() - 1)].0
    }
}

/// The prior as a baseline: for every test example the share of questions (passages, say) that the most frequent *training*
/// answer gets right. `[n_test]`, from `[question][example]`.
///
/// # Panics
/// If the two differ in the number of questions, or a question has no training answers.
pub fn majority_correct(training: &[Vec<usize>], test: &[Vec<usize>]) -> Vec<f64> {
    assert_eq!(training.len(), test.len(), "the same questions in training and test");
    let majorities: Vec<usize> = training.iter().map(|answers| Proportions::of(answers).majority()).collect();
    let n = test.first().map_or(0, Vec::len);
    let share = |i: usize| {
        let right = majorities.iter().zip(test).filter(|(majority, answers)| **majority == answers[i]).count();
        right as f64 / majorities.len() as f64
    };
    (0..n).map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_keep_their_proportions_and_depend_on_the_type_alone() {
        let task = ControlTask { seed: 5, n_types: 600 };
        let training = [vec![7; 60], vec![2; 30], vec![9; 10]].concat();
        let proportions = Proportions::of(&training);
        let all: Vec<usize> = (0..600).collect();
        let answers = task.answers(3, &proportions, &all);
        let count = |a: usize| answers.iter().filter(|&&x| x == a).count();
        assert_eq!((count(2), count(7), count(9)), (180, 360, 60));
        assert_eq!(task.answers(3, &proportions, &[17, 4, 17]), [answers[17], answers[4], answers[17]]);
        assert_ne!(task.answers(4, &proportions, &all), answers);
        assert_ne!(ControlTask { seed: 6, ..task }.answers(3, &proportions, &all), answers);
    }

    #[test]
    fn a_single_answer_stays_single() {
        let task = ControlTask { seed: 1, n_types: 3 };
        assert_eq!(task.answers_to_all(&[vec![4, 4]], &[0, 1, 2, 2]), [[4; 4]]);
    }

    #[test]
    fn the_majority_is_that_of_the_training_answers() {
        let training = [vec![0, 1, 1], vec![0, 0, 1], vec![2, 1]];
        let test = [vec![1, 0], vec![1, 1], vec![1, 2]];
        assert_eq!(majority_correct(&training, &test), [2.0 / 3.0, 0.0]);
    }
}
