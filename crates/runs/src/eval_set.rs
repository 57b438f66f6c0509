//! Evaluation sets: problems of a split as prompts, answers to them, and their grades.
//!
//! Grading takes token sequences from any source; it does not know the network.

use std::ops::Range;

use rayon::prelude::*;
use searchlens_base::stream::{Purpose, stream};
use searchlens_model::generate::{Decoder, GenerateError, Sampling, Stop, generate};
use searchlens_model::workers::Workers;
use searchlens_stats::clusters::Clusters;
use searchlens_tasks::difficulty::judge::{Verdict, judge_with};
use searchlens_tasks::instance::Instance;
use searchlens_tasks::problem::solve::DistanceField;
use searchlens_tasks::splits::Split;
use searchlens_tasks::task::Task;
use searchlens_tokens::sequence::answer::Answer;
use searchlens_tokens::sequence::encoded::Encoded;
use searchlens_tokens::sequence::example::{EdgeOrder, Example};
use searchlens_tokens::tokenizer::Tokenizer;

use crate::data::edge_order_stream;

/// An evaluation problem with its prompt.
#[derive(Clone, Debug)]
pub struct EvalProblem {
    /// Index in its split.
    pub index: u64,
    /// The problem, a shortest path, and its symmetry class.
    pub instance: Instance,
    /// Distance of every node to the target.
    pub field: DistanceField,
    /// The prompt: the tokens of the problem up to and including the path-start token.
    pub prompt: Encoded,
}

/// The first problems of a split.
#[derive(Clone, Debug)]
pub struct EvalSet {
    /// The split.
    pub split: Split,
    /// Seed of the problems and of the order of their edge tokens.
    pub seed: u64,
    /// The problems, by index.
    pub problems: Vec<EvalProblem>,
}

/// An answer with its grade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GradedAnswer {
    /// The answer, decoded.
    pub answer: Answer,
    /// Whether its cells are a path, reach the target, and so on.
    pub verdict: Verdict,
}

impl EvalSet {
    /// Draws problems `0..n` of a split.
    ///
    /// # Panics
    /// If the split is empty (see [`Task::check_split`]), or the tokenizer was made for another lattice.
    pub fn draw(task: &Task, tokenizer: &Tokenizer, seed: u64, split: Split, n: usize, workers: &Workers) -> EvalSet {
        EvalSet { split, seed, problems: draw_problems(task, tokenizer, seed, split, 0..n as u64, workers) }
    }

    /// The symmetry class of every problem. The bootstrap resamples whole classes.
    pub fn classes(&self) -> Vec<u64> {
        self.problems.iter().map(|problem| problem.instance.class.0).collect()
    }

    /// The symmetry classes as clusters of the bootstrap.
    pub fn clusters(&self) -> Clusters {
        Clusters::new(&self.classes())
    }
}

/// Draws the problems of a split with these indices, and writes their prompts.
///
/// The order of a problem's edge tokens is drawn from a stream of its own, so a problem is the same in every range.
///
/// # Panics
/// As [`EvalSet::draw`].
pub fn draw_problems(
    task: &Task,
    tokenizer: &Tokenizer,
    seed: u64,
    split: Split,
    indices: Range<u64>,
    workers: &Workers,
) -> Vec<EvalProblem> {
    let draw = |index| {
        let (instance, field) = task.solved_instance(seed, split, index);
        let example = Example::of_instance(&instance).with_path(None);
        let mut order = edge_order_stream(seed, split, index);
        let prompt = tokenizer.prompt(&example, EdgeOrder::Shuffled(&mut order));
        let prompt = prompt.expect("the tokenizer was made for the task");
        EvalProblem { index, instance, field, prompt }
    };
    workers.run(|| indices.into_par_iter().map(draw).collect())
}

/// Generates the network's answer to every problem: greedy decoding, one attempt, no constraints, end token included.
///
/// An answer may be as long as the longest path that visits no cell twice. A teacherless network reads masks instead of its own answer.
///
/// # Errors
/// If a prompt does not fit the network.
pub fn generate_answers(
    reader: &Decoder<'_>,
    tokenizer: &Tokenizer,
    problems: &[EvalProblem],
    workers: &Workers,
) -> Result<Vec<Vec<u32>>, GenerateError> {
    let stop = Stop { end: Some(tokenizer.end_id()), max_new_tokens: tokenizer.max_answer_len() };
    let prompts: Vec<&[u32]> = problems.iter().map(|problem| &problem.prompt.ids[..]).collect();
    // Greedy decoding draws nothing.
    let unused = |_| stream(0, Purpose::Sample, 0);
    generate(reader, &prompts, stop, tokenizer.mask_id(), Sampling::Greedy, unused, workers)
}

/// Decodes and grades one answer per problem.
///
/// # Panics
/// If the numbers of problems and answers differ.
pub fn grade(tokenizer: &Tokenizer, problems: &[EvalProblem], answers: &[Vec<u32>]) -> Vec<GradedAnswer> {
    assert_eq!(problems.len(), answers.len(), "one answer per problem");
    let each = problems.iter().zip(answers);
    each.map(|(problem, tokens)| {
        let answer = tokenizer.decode_answer(&Example::of_instance(&problem.instance), tokens);
        let verdict = judge_with(&problem.instance.problem, &problem.field, &answer.cells);
        GradedAnswer { answer, verdict }
    })
    .collect()
}

impl GradedAnswer {
    /// Whether the answer is a shortest path, followed by the end token.
    pub fn is_exact(&self) -> bool {
        self.verdict.optimal && self.answer.ended
    }

    /// Whether the answer is a path from origin to target, followed by the end token.
    pub fn is_valid(&self) -> bool {
        self.verdict.valid && self.answer.ended
    }

    /// Whether the answer lacks the end token or ends elsewhere than in the target.
    pub fn is_end_error(&self) -> bool {
        !(self.answer.ended && self.verdict.reaches_target)
    }
}
