//! Scores of answers, each with its interval and beside policies that do not search, on the same problems.

use searchlens_base::stream::{Purpose, stream};
use searchlens_model::Model;
use searchlens_model::generate::{GenerateError, Reader};
use searchlens_model::workers::Workers;
use searchlens_stats::bootstrap::{self, RESAMPLES, bootstrap, bootstrap_many};
use searchlens_stats::clusters::{Clusters, Column, Resample};
use searchlens_stats::error::StatsError;
use searchlens_stats::estimate::Estimate;
use searchlens_tasks::measure::difficulty;
use searchlens_tasks::policy::{Decisions, EffectiveLookahead, LOOKAHEADS, PolicyScores, effective_lookahead};
use searchlens_tokens::tokenizer::Tokenizer;
use std::collections::BTreeMap;

use crate::exam::{Exam, Marking, answers, mark};
use searchlens_results::{BaselineScores, ByLookahead, EvalResult, FORMAT_VERSION, KStar, Lookahead};

/// Resamples of the intervals during training, which only curves show.
const QUICK_RESAMPLES: usize = 1000;

/// What is measured during training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Validation {
    /// Share of optimal paths.
    pub exact_path: Estimate,
    /// Share of first forks taken right.
    pub first_fork: Estimate,
}

/// Lets the network answer every problem, in f32, and scores it.
///
/// `step` is that of the checkpoint, if it comes from a run.
///
/// # Errors
/// If the prompts do not fit the network.
pub fn evaluate(
    model: &Model,
    tokenizer: &Tokenizer,
    exam: &Exam,
    step: Option<u64>,
    workers: &Workers,
) -> Result<EvalResult, GenerateError> {
    let answers = answers(&Reader::plain(model), tokenizer, &exam.questions, workers)?;
    Ok(score(exam, &mark(tokenizer, &exam.questions, &answers), step))
}

/// The two scores that are followed during training.
///
/// # Errors
/// If the prompts do not fit the network.
pub fn validate(
    reader: &Reader<'_>,
    tokenizer: &Tokenizer,
    exam: &Exam,
    workers: &Workers,
) -> Result<Validation, GenerateError> {
    let answers = answers(reader, tokenizer, &exam.questions, workers)?;
    let sheet = Sheet::new(exam, mark(tokenizer, &exam.questions, &answers), QUICK_RESAMPLES);
    Ok(Validation { exact_path: sheet.share(Marking::is_exact), first_fork: sheet.first_fork() })
}

/// Scores marked answers, whoever gave them.
///
/// # Panics
/// If there is not one marking for each question.
pub fn score(exam: &Exam, markings: &[Marking], step: Option<u64>) -> EvalResult {
    let sheet = Sheet::new(exam, markings.to_vec(), RESAMPLES);
    let against = sheet.against_policies();
    EvalResult {
        format_version: FORMAT_VERSION,
        split: exam.split.name().to_owned(),
        seed: exam.seed,
        step,
        exact_path: against.exact_path,
        valid_path: sheet.share(Marking::is_valid),
        reaches_target: sheet.share(|m| m.verdict.reaches_target),
        first_fork: sheet.first_fork(),
        path_length_ratio: sheet.path_length_ratio(),
        wall_jumps: sheet.wall_jumps(),
        end_errors: sheet.share(Marking::is_end_error),
        k_star: against.k_star,
        by_lookahead: sheet.by_lookahead(),
        baselines: against.baselines,
    }
}

/// Marked answers, ready to be counted.
struct Sheet<'a> {
    exam: &'a Exam,
    markings: Vec<Marking>,
    classes: Vec<u64>,
    resamples: usize,
}

/// The model beside the policies, from one set of resamples.
struct AgainstPolicies {
    exact_path: Estimate,
    k_star: KStar,
    baselines: BaselineScores,
}

impl Sheet<'_> {
    fn new(exam: &Exam, markings: Vec<Marking>, resamples: usize) -> Sheet<'_> {
        assert_eq!(exam.questions.len(), markings.len(), "one marking for each question");
        Sheet { exam, markings, classes: exam.classes(), resamples }
    }

    /// `Σ above / Σ below` over the problems for which `parts` has a value, and of how many symmetry classes these are.
    fn ratio(&self, parts: impl Fn(usize) -> Option<(f64, f64)>) -> (Estimate, usize) {
        let rows: Vec<(u64, (f64, f64))> =
            self.classes.iter().enumerate().filter_map(|(i, &class)| Some((class, parts(i)?))).collect();
        let clusters = Clusters::new(&rows.iter().map(|&(class, _)| class).collect::<Vec<_>>());
        let column = |value: fn(&(f64, f64)) -> f64| {
            let values: Vec<f64> = rows.iter().map(|(_, pair)| value(pair)).collect();
            clusters.column(&values)
        };
        let estimate = column(|pair| pair.0).and_then(|above| {
            let below = column(|pair| pair.1)?;
            let ratio = |r: &Resample<'_>| r.sum(&above) / r.sum(&below);
            bootstrap(&clusters, self.resamples, self.stream(), ratio)
        });
        // Nothing to average, or nothing to divide by.
        (estimate.unwrap_or(Estimate::NOTHING), clusters.n_clusters())
    }

    /// Mean of a number from 0 to 1 over the problems that have one.
    fn mean_share(&self, value: impl Fn(usize) -> Option<f64>) -> Estimate {
        let (mean, n_classes) = self.ratio(|i| Some((value(i)?, 1.0)));
        bootstrap::share(mean, n_classes)
    }

    /// Share of the answers of which something is true.
    fn share(&self, is_true: impl Fn(&Marking) -> bool) -> Estimate {
        self.mean_share(|i| Some(share(is_true(&self.markings[i]))))
    }

    fn first_fork(&self) -> Estimate {
        self.mean_share(|i| self.markings[i].verdict.first_fork.map(share))
    }

    fn path_length_ratio(&self) -> Estimate {
        let (mean, _) = self.ratio(|i| {
            let verdict = &self.markings[i].verdict;
            let optimal = verdict.optimal_steps.filter(|_| self.markings[i].is_valid())?;
            Some((verdict.steps as f64 / optimal as f64, 1.0))
        });
        mean
    }

    fn wall_jumps(&self) -> Estimate {
        let steps = |i: usize| self.markings[i].verdict.steps;
        let (jumps, n_classes) = self.ratio(|i| Some((self.markings[i].verdict.wall_jumps as f64, steps(i) as f64)));
        let n = if jumps.n == 0 { 0 } else { (0..self.markings.len()).map(steps).sum() };
        Estimate { n, ..bootstrap::share(jumps, n_classes) }
    }

    fn by_lookahead(&self) -> Vec<ByLookahead> {
        let mut groups = BTreeMap::<usize, Vec<usize>>::new();
        for (i, question) in self.exam.questions.iter().enumerate() {
            let needed = difficulty(&question.instance.problem.graph, &question.instance.path).first_fork_lookahead;
            groups.entry(needed).or_default().push(i);
        }
        let group = |(lookahead, members): (usize, Vec<usize>)| {
            let of =
                |value: &dyn Fn(usize) -> f64| self.mean_share(|i| members.binary_search(&i).is_ok().then(|| value(i)));
            let greedy = |i: usize| self.policies(i).greedy;
            ByLookahead { lookahead, exact_path: of(&|i| share(self.markings[i].is_exact())), greedy: of(&greedy) }
        };
        groups.into_iter().map(group).collect()
    }

    /// What the policies score on a problem.
    fn policies(&self, i: usize) -> PolicyScores {
        let question = &self.exam.questions[i];
        Decisions::of(&question.instance.problem, &question.field).scores()
    }

    /// The model's exact-path score, those of the policies and k*, all on the same resamples of the problems: what is uncertain about the
    /// problems is so for all of them alike.
    fn against_policies(&self) -> AgainstPolicies {
        let n = self.markings.len();
        let policies: Vec<PolicyScores> = (0..n).map(|i| self.policies(i)).collect();
        let clusters = Clusters::new(&self.classes);
        let column = |value: &dyn Fn(usize) -> f64| clusters.column(&(0..n).map(value).collect::<Vec<_>>());
        let columns: Result<Vec<Column>, StatsError> = (|| {
            let mut columns = vec![
                column(&|i| share(self.markings[i].is_exact()))?,
                column(&|i| policies[i].random)?,
                column(&|i| policies[i].greedy)?,
            ];
            for k in LOOKAHEADS {
                columns.push(column(&|i| policies[i].k_lookahead[&k])?);
            }
            Ok(columns)
        })();
        let star_of = |policies: &[f64], score: f64| {
            let by_k: Vec<(usize, f64)> = LOOKAHEADS.into_iter().zip(policies.iter().copied()).collect();
            as_number(effective_lookahead(&by_k, score))
        };
        let estimates = columns.and_then(|columns| {
            bootstrap_many(&clusters, columns.len() + 1, self.resamples, self.stream(), |resample, out| {
                for (value, column) in out.iter_mut().zip(&columns) {
                    *value = resample.mean(column);
                }
                out[columns.len()] = star_of(&out[3..], out[0]);
            })
        });
        let estimates = estimates.unwrap_or_else(|_| vec![Estimate::NOTHING; LOOKAHEADS.len() + 4]);
        let (scores, star) = estimates.split_at(LOOKAHEADS.len() + 3);
        let shares: Vec<Estimate> =
            scores.iter().map(|&score| bootstrap::share(score, clusters.n_clusters())).collect();
        let policies: Vec<f64> = scores[3..].iter().filter_map(|score| score.value).collect();
        // Where resampling does not see the model's score vary, k* varies with what that score may be.
        let star = match shares[0].interval().filter(|_| shares[0] != scores[0]) {
            Some((low, high)) => Estimate {
                low: star[0].low.map(|end| end.min(star_of(&policies, low))),
                high: star[0].high.map(|end| end.max(star_of(&policies, high))),
                ..star[0]
            },
            None => star[0],
        };
        AgainstPolicies {
            exact_path: shares[0],
            k_star: KStar {
                value: star.value.map(lookahead),
                low: star.low.map(lookahead),
                high: star.high.map(lookahead),
                n: star.n,
            },
            baselines: BaselineScores {
                random: shares[1],
                greedy: shares[2],
                k_lookahead: LOOKAHEADS.into_iter().zip(shares[3..].iter().copied()).collect(),
            },
        }
    }

    /// Every score resamples the same way, so that none is luckier than another.
    fn stream(&self) -> searchlens_base::stream::Stream {
        stream(self.exam.seed, Purpose::Resample, 0)
    }
}

fn share(is_true: bool) -> f64 {
    f64::from(u8::from(is_true))
}

/// k* on the extended line, so that it can be resampled.
fn as_number(k: EffectiveLookahead) -> f64 {
    match k {
        EffectiveLookahead::Below => f64::NEG_INFINITY,
        EffectiveLookahead::Steps(steps) => steps,
        EffectiveLookahead::AtLeast(_) => f64::INFINITY,
    }
}

/// And back.
fn lookahead(k: f64) -> Lookahead {
    let largest = LOOKAHEADS[LOOKAHEADS.len() - 1];
    if k.is_finite() {
        Lookahead::Steps(k)
    } else if k > 0.0 {
        Lookahead::AtLeast(largest)
    } else {
        Lookahead::Below
    }
}
