//! Problems to be answered: drawn from a split, written as prompts, and the answers marked.
//!
//! Marking knows nothing of networks: it takes token sequences, whoever wrote them.

use rayon::prelude::*;
use searchlens_base::stream::{Purpose, stream};
use searchlens_model::generate::{GenerateError, Reader, Sampling, Stop, generate};
use searchlens_model::workers::Workers;
use searchlens_stats::clusters::Clusters;
use searchlens_tasks::judge::{Verdict, judge_with};
use searchlens_tasks::solve::DistanceField;
use searchlens_tasks::split::Split;
use searchlens_tasks::task::{Instance, Task};
use searchlens_tokens::sequence::answer::Answer;
use searchlens_tokens::sequence::encoded::Encoded;
use searchlens_tokens::sequence::example::{EdgeOrder, Example};
use searchlens_tokens::tokenizer::Tokenizer;

use crate::data::edge_order_stream;

/// A problem with its prompt.
#[derive(Clone, Debug)]
pub struct Question {
    /// Index in its split.
    pub index: u64,
    /// The problem, a shortest path, and the maze's symmetry class.
    pub instance: Instance,
    /// Distances to the target.
    pub field: DistanceField,
    /// The problem in tokens, up to and including the one after which the path begins.
    pub prompt: Encoded,
}

/// The first problems of a split.
#[derive(Clone, Debug)]
pub struct Exam {
    /// Which split.
    pub split: Split,
    /// Seed of the problems and the order of their edges.
    pub seed: u64,
    /// The problems, by index.
    pub questions: Vec<Question>,
}

/// An answer, read and judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marking {
    /// What the tokens say.
    pub answer: Answer,
    /// What is true of the cells walked.
    pub verdict: Verdict,
}

impl Exam {
    /// Problems `0..n` of a split.
    ///
    /// # Panics
    /// If the split is empty (see [`Task::check_split`]), or the tokenizer was made for another lattice.
    pub fn draw(task: &Task, tokenizer: &Tokenizer, seed: u64, split: Split, n: usize, workers: &Workers) -> Exam {
        Exam { split, seed, questions: draw(task, tokenizer, seed, split, 0..n as u64, workers) }
    }

    /// The symmetry class of every problem: what is resampled as a whole.
    pub fn classes(&self) -> Vec<u64> {
        self.questions.iter().map(|q| q.instance.class.0).collect()
    }

    /// The classes as clusters.
    pub fn clusters(&self) -> Clusters {
        Clusters::new(&self.classes())
    }
}

/// Problems of a range of a split.
pub fn draw(
    task: &Task,
    tokenizer: &Tokenizer,
    seed: u64,
    split: Split,
    range: std::ops::Range<u64>,
    workers: &Workers,
) -> Vec<Question> {
    let question = |index| {
        let (instance, field) = task.solved_instance(seed, split, index);
        let example = Example::of_instance(&instance).with_path(None);
        let mut order = edge_order_stream(seed, split, index);
        let prompt = tokenizer.prompt(&example, EdgeOrder::Shuffled(&mut order));
        let prompt = prompt.expect("the tokenizer was made for the task");
        Question { index, instance, field, prompt }
    };
    workers.run(|| range.into_par_iter().map(question).collect())
}

/// What the network answers, token by token: greedy decoding, first attempt, nothing masked, with room for the longest path that visits
/// no cell twice. The end token is included. A network that was trained without a teacher is not shown its own answer.
///
/// # Errors
/// If the prompts do not fit the network.
pub fn answers(
    reader: &Reader<'_>,
    tokenizer: &Tokenizer,
    questions: &[Question],
    workers: &Workers,
) -> Result<Vec<Vec<u32>>, GenerateError> {
    let stop = Stop { end: Some(tokenizer.end_id()), max_new_tokens: tokenizer.max_answer_len() };
    let prompts: Vec<&[u32]> = questions.iter().map(|question| &question.prompt.ids[..]).collect();
    // Greedy decoding draws nothing.
    let unused = |_| stream(0, Purpose::Sample, 0);
    generate(reader, &prompts, stop, tokenizer.mask_id(), Sampling::Greedy, unused, workers)
}

/// Reads and judges answers, one for each question.
///
/// # Panics
/// If there is not one answer for each question.
pub fn mark(tokenizer: &Tokenizer, questions: &[Question], answers: &[Vec<u32>]) -> Vec<Marking> {
    assert_eq!(questions.len(), answers.len(), "one answer for each question");
    let each = questions.iter().zip(answers);
    each.map(|(question, tokens)| {
        let problem = &question.instance.problem;
        let answer = tokenizer.decode_answer(&Example::of_instance(&question.instance), tokens);
        let verdict = judge_with(problem, &question.field, &answer.cells);
        Marking { answer, verdict }
    })
    .collect()
}

impl Marking {
    /// A shortest path, properly ended.
    pub fn is_exact(&self) -> bool {
        self.verdict.optimal && self.answer.ended
    }

    /// A path that may be walked from origin to target, properly ended.
    pub fn is_valid(&self) -> bool {
        self.verdict.valid && self.answer.ended
    }

    /// Not properly ended, or elsewhere than in the target.
    pub fn is_end_error(&self) -> bool {
        !(self.answer.ended && self.verdict.reaches_target)
    }
}
