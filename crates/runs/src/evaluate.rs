//! Scores of answers with confidence intervals, beside the scores of policies that do not search, on the same problems.

use std::collections::BTreeMap;

use searchlens_base::stream::{Purpose, Stream, stream};
use searchlens_model::Model;
use searchlens_model::generate::{Decoder, GenerateError};
use searchlens_model::workers::Workers;
use searchlens_results::{BaselineScores, ByLookahead, EvalResult, FORMAT_VERSION, KStar, Lookahead};
use searchlens_stats::bootstrap::{self, RESAMPLES, bootstrap, bootstrap_many};
use searchlens_stats::clusters::{Clusters, Column, Resample};
use searchlens_stats::error::StatsError;
use searchlens_stats::estimate::Estimate;
use searchlens_tasks::difficulty::measure::difficulty;
use searchlens_tasks::difficulty::policy::{
    Decisions, EffectiveLookahead, LOOKAHEADS, PolicyScores, effective_lookahead,
};
use searchlens_tokens::tokenizer::Tokenizer;

use crate::eval_set::{EvalSet, GradedAnswer, generate_answers, grade};

/// Resamples for the intervals during training, which only curves show.
const QUICK_RESAMPLES: usize = 1000;

/// Scores on the validation set during training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Validation {
    /// Share of answers that are shortest paths.
    pub exact_path: Estimate,
    /// Share of correct choices at the first fork.
    pub first_fork: Estimate,
}

/// Scores the network on an evaluation set, in f32.
///
/// `step` is the training step of the checkpoint, if known; it is only copied to the result.
///
/// ```no_run
/// use searchlens_model::workers::Workers;
/// use searchlens_runs::config::RunConfig;
/// use searchlens_runs::eval_set::EvalSet;
/// use searchlens_runs::evaluate::evaluate;
/// use searchlens_runs::snapshot;
/// use searchlens_tasks::splits::Split;
///
/// let parts = RunConfig::read("runs/first/config.toml".as_ref())?.parts();
/// let model = snapshot::load("runs/first/checkpoints/best.safetensors".as_ref())?.model;
/// let workers = Workers::new(None, true)?;
/// let set = EvalSet::draw(&parts.task, &parts.tokenizer, 1, Split::Test, 1000, &workers);
/// let scores = evaluate(&model, &parts.tokenizer, &set, None, &workers)?;
/// println!("exact paths: {:?}, greedy policy: {:?}", scores.exact_path.value, scores.baselines.greedy.value);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If a prompt does not fit the network.
pub fn evaluate(
    model: &Model,
    tokenizer: &Tokenizer,
    set: &EvalSet,
    step: Option<u64>,
    workers: &Workers,
) -> Result<EvalResult, GenerateError> {
    let answers = generate_answers(&Decoder::plain(model), tokenizer, &set.problems, workers)?;
    Ok(score(set, &grade(tokenizer, &set.problems, &answers), step))
}

/// Computes the two scores that are logged during training.
///
/// # Errors
/// If a prompt does not fit the network.
pub fn validate(
    reader: &Decoder<'_>,
    tokenizer: &Tokenizer,
    set: &EvalSet,
    workers: &Workers,
) -> Result<Validation, GenerateError> {
    let answers = generate_answers(reader, tokenizer, &set.problems, workers)?;
    let graded = GradedSet::new(set, grade(tokenizer, &set.problems, &answers), QUICK_RESAMPLES);
    Ok(Validation { exact_path: graded.share(GradedAnswer::is_exact), first_fork: graded.first_fork() })
}

/// Scores graded answers from any source.
///
/// # Panics
/// If the numbers of problems and answers differ.
pub fn score(set: &EvalSet, answers: &[GradedAnswer], step: Option<u64>) -> EvalResult {
    let graded = GradedSet::new(set, answers.to_vec(), RESAMPLES);
    let against = graded.against_policies();
    EvalResult {
        format_version: FORMAT_VERSION,
        split: set.split.name().to_owned(),
        seed: set.seed,
        step,
        exact_path: against.exact_path,
        valid_path: graded.share(GradedAnswer::is_valid),
        reaches_target: graded.share(|answer| answer.verdict.reaches_target),
        first_fork: graded.first_fork(),
        path_length_ratio: graded.path_length_ratio(),
        wall_jumps: graded.invalid_moves(),
        end_errors: graded.share(GradedAnswer::is_end_error),
        k_star: against.k_star,
        by_lookahead: graded.by_lookahead(),
        baselines: against.baselines,
    }
}

/// An evaluation set with a graded answer to each problem.
struct GradedSet<'a> {
    set: &'a EvalSet,
    answers: Vec<GradedAnswer>,
    classes: Vec<u64>,
    resamples: usize,
}

/// The model beside the policies, from the same resamples.
struct AgainstPolicies {
    exact_path: Estimate,
    k_star: KStar,
    baselines: BaselineScores,
}

impl GradedSet<'_> {
    fn new(set: &EvalSet, answers: Vec<GradedAnswer>, resamples: usize) -> GradedSet<'_> {
        assert_eq!(set.problems.len(), answers.len(), "one answer per problem");
        GradedSet { set, answers, classes: set.classes(), resamples }
    }

    /// Returns `Σ above / Σ below` over the problems for which `parts` returns a value, and the number of their symmetry classes.
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

    /// Mean of a number from 0 to 1 over the problems for which `value` returns one.
    fn mean_share(&self, value: impl Fn(usize) -> Option<f64>) -> Estimate {
        let (mean, n_classes) = self.ratio(|i| Some((value(i)?, 1.0)));
        bootstrap::share(mean, n_classes)
    }

    /// Share of the answers for which `is_true` holds.
    fn share(&self, is_true: impl Fn(&GradedAnswer) -> bool) -> Estimate {
        self.mean_share(|i| Some(share(is_true(&self.answers[i]))))
    }

    fn first_fork(&self) -> Estimate {
        self.mean_share(|i| self.answers[i].verdict.first_fork.map(share))
    }

    fn path_length_ratio(&self) -> Estimate {
        let (mean, _) = self.ratio(|i| {
            let verdict = &self.answers[i].verdict;
            let optimal = verdict.optimal_steps.filter(|_| self.answers[i].is_valid())?;
            Some((verdict.steps as f64 / optimal as f64, 1.0))
        });
        mean
    }

    /// Share of invalid moves among all path steps; `n` counts the steps.
    fn invalid_moves(&self) -> Estimate {
        let steps = |i: usize| self.answers[i].verdict.steps;
        let (invalid, n_classes) = self.ratio(|i| Some((self.answers[i].verdict.wall_jumps as f64, steps(i) as f64)));
        let n = if invalid.n == 0 { 0 } else { (0..self.answers.len()).map(steps).sum() };
        Estimate { n, ..bootstrap::share(invalid, n_classes) }
    }

    fn by_lookahead(&self) -> Vec<ByLookahead> {
        let mut groups = BTreeMap::<usize, Vec<usize>>::new();
        for (i, problem) in self.set.problems.iter().enumerate() {
            let needed = difficulty(&problem.instance.problem.graph, &problem.instance.path).first_fork_lookahead;
            groups.entry(needed).or_default().push(i);
        }
        let group = |(lookahead, members): (usize, Vec<usize>)| {
            let of =
                |value: &dyn Fn(usize) -> f64| self.mean_share(|i| members.binary_search(&i).is_ok().then(|| value(i)));
            let greedy = |i: usize| self.policies(i).greedy;
            ByLookahead { lookahead, exact_path: of(&|i| share(self.answers[i].is_exact())), greedy: of(&greedy) }
        };
        groups.into_iter().map(group).collect()
    }

    /// Scores of the policies on a problem.
    fn policies(&self, i: usize) -> PolicyScores {
        let problem = &self.set.problems[i];
        Decisions::of(&problem.instance.problem, &problem.field).scores()
    }

    /// Computes the exact-path score of the model, the scores of the policies, and k*, all on the same resamples of the problems, so that
    /// they share the sampling error of the problems.
    fn against_policies(&self) -> AgainstPolicies {
        let n = self.answers.len();
        let policies: Vec<PolicyScores> = (0..n).map(|i| self.policies(i)).collect();
        let clusters = Clusters::new(&self.classes);
        let column = |value: &dyn Fn(usize) -> f64| clusters.column(&(0..n).map(value).collect::<Vec<_>>());
        let columns: Result<Vec<Column>, StatsError> = (|| {
            let mut columns = vec![
                column(&|i| share(self.answers[i].is_exact()))?,
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
        // If no resample varies the model's score (all or none correct), its interval is Wilson's, and k* takes its interval from that.
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

    /// The stream of resamples, the same for every score.
    fn stream(&self) -> Stream {
        stream(self.set.seed, Purpose::Resample, 0)
    }
}

fn share(is_true: bool) -> f64 {
    f64::from(u8::from(is_true))
}

/// Maps k* to the extended real line, for the bootstrap.
fn as_number(k: EffectiveLookahead) -> f64 {
    match k {
        EffectiveLookahead::Below => f64::NEG_INFINITY,
        EffectiveLookahead::Steps(steps) => steps,
        EffectiveLookahead::AtLeast(_) => f64::INFINITY,
    }
}

/// Inverts [`as_number`].
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
