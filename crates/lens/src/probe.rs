//! Linear probes: what can be read linearly from an activation vector?
//!
//! A probe is a multinomial logistic regression with a ridge penalty on the weights. Features are standardised with the mean
//! and spread of the training examples; the intercept is free. The strength λ is chosen by cross-validation *inside* the
//! training examples, whose folds never split a symmetry class; test examples are not used. The fit is by quasi-Newton steps
//! in f64 until the gradient's norm is at most a stated tolerance; the result says whether it converged.
//!
//! An accuracy establishes that the answer is linearly readable there. It does not establish that the network uses it, nor that
//! the network *computed* it: the embedding, an untrained network or the question's prior may do as well. Report it beside
//! those and beside a control task ([`crate::control`]).
//!
//! [`ProbeSet`] holds what questions about the same activations share, so that forty binary questions, their control tasks and
//! a 25-way question need one decomposition per fold. Each question is fitted by one thread, so results do not depend on the
//! number of threads.

mod design;
mod lbfgs;
mod logistic;
mod products;

use std::collections::BTreeSet;

use rayon::prelude::*;
use searchlens_base::fault::{Fault, HasFault};
use searchlens_base::stream::{Purpose, shuffle, stream};

use design::{Axes, Coordinates};
pub use lbfgs::Convergence;
use lbfgs::Stop;
use logistic::{Objective, favourite, forward, n_outputs, nll};

/// Gradient norm at which fits that only choose λ stop.
const SELECTION_TOLERANCE: f64 = 1e-3;
/// The search stops after this many weaker penalties in a row without a better held-out loss.
const PATIENCE: usize = 2;

/// Activation vectors of `n` examples, `[n, d]` row-major.
#[derive(Clone, Copy, Debug)]
pub struct Features<'a> {
    /// The numbers, `n · d` of them.
    pub data: &'a [f32],
    /// Number of examples.
    pub n: usize,
    /// Number of features, e.g. `d_model`.
    pub d: usize,
}

impl<'a> Features<'a> {
    /// # Panics
    /// If `data` does not have `n · d` numbers.
    pub fn new(data: &'a [f32], n: usize, d: usize) -> Features<'a> {
        assert_eq!(data.len(), n * d, "features are [n, d]");
        Features { data, n, d }
    }

    /// Vector of one example, `[d]`.
    pub fn row(&self, example: usize) -> &'a [f32] {
        &self.data[example * self.d..(example + 1) * self.d]
    }

    /// Copies the vectors of some examples, one after the other.
    pub fn select(&self, examples: &[usize]) -> Vec<f32> {
        examples.iter().flat_map(|&example| self.row(example)).copied().collect()
    }
}

/// Settings of the fit.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbeConfig {
    /// Penalties to choose from, per example and standardised feature. Tried from strong to weak.
    pub lambdas: Vec<f64>,
    /// Folds of the cross-validation that chooses λ, at least 2; each of whole symmetry classes.
    pub folds: usize,
    /// A fit has converged when the Euclidean norm of the objective's gradient (nats per example) is at most this.
    pub tolerance: f64,
    /// Maximum number of steps of a fit.
    pub max_iterations: usize,
    /// Seed of the folds.
    pub seed: u64,
}

impl Default for ProbeConfig {
    /// λ from 10 to 1e-4 in half decades, 3 folds, gradient norm 1e-5.
    fn default() -> ProbeConfig {
        let lambdas = (0..=10).map(|i| 10f64.powf(1.0 - 0.5 * f64::from(i))).collect();
        ProbeConfig { lambdas, folds: 3, tolerance: 1e-5, max_iterations: 1000, seed: 0 }
    }
}

/// Errors of fitting a probe.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ProbeError {
    /// No examples.
    #[error("a probe needs examples to be fitted on, and there are none")]
    Empty,
    /// An activation is NaN or infinite.
    #[error("feature {feature} of example {example} is {value}: a probe needs finite activations")]
    NotFinite {
        /// Which example.
        example: usize,
        /// Which feature.
        feature: usize,
        /// Its value.
        value: f32,
    },
    /// Fewer symmetry classes than folds.
    #[error("{clusters} symmetry classes cannot be cut into {folds} folds: take more problems or fewer folds")]
    TooFewClusters {
        /// Distinct classes among the training examples.
        clusters: usize,
        /// Folds asked for.
        folds: usize,
    },
    /// The grid of penalties is empty or holds a value that is not positive and finite.
    #[error("penalties must be positive and finite, at least one of them; got {lambdas:?}")]
    Lambdas {
        /// The grid.
        lambdas: Vec<f64>,
    },
    /// Less than two folds.
    #[error("{folds} fold(s) leave nothing held out: use 2 or more")]
    Folds {
        /// Folds asked for.
        folds: usize,
    },
    /// The singular value decomposition of the features failed.
    #[error("the singular value decomposition of the features failed: {0:?}")]
    Decomposition(faer::linalg::solvers::SvdError),
}

impl HasFault for ProbeError {
    fn fault(&self) -> Fault {
        Fault::Failure
    }
}

/// A probe fitted to one question.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// The answers seen in training, ascending; the only ones the probe gives.
    pub classes: Vec<usize>,
    /// Number of features.
    pub d: usize,
    /// `[n_outputs, d]`, on the raw features. With two classes there is one output, the log-odds of `classes[1]`; with one
    /// class none; otherwise one for each class (their mean is free).
    pub weights: Vec<f64>,
    /// `[n_outputs]`.
    pub intercepts: Vec<f64>,
    /// The chosen penalty.
    pub lambda: f64,
    /// Cross-validated score on the training examples at this λ. Choose sites by it.
    pub inner: InnerScore,
    /// How the last fit, on all training examples, ended.
    pub convergence: Convergence,
}

/// Mean score on the training examples, each scored by a probe fitted without its fold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InnerScore {
    /// Mean −ln p(answer), nats. Without answers that the other folds lack.
    pub loss_nats: f64,
    /// Share of correct answers; those that the other folds lack count as wrong.
    pub accuracy: f64,
}

impl Probe {
    /// Returns the outputs for an activation vector: log-odds (two classes) or logits.
    ///
    /// # Panics
    /// If the vector does not have `d` features.
    pub fn outputs(&self, features: &[f32]) -> Vec<f64> {
        assert_eq!(features.len(), self.d, "a probe reads vectors of the length it was fitted on");
        let weights = self.weights.chunks_exact(self.d.max(1));
        let dots = weights.map(|w| w.iter().zip(features).map(|(w, &x)| w * f64::from(x)).sum::<f64>());
        // Without features there are no weights, and only the intercepts speak.
        self.intercepts.iter().zip(dots.chain(std::iter::repeat(0.0))).map(|(b, dot)| b + dot).collect()
    }

    /// Returns the probe's answer for every example.
    pub fn predict(&self, features: Features<'_>) -> Vec<usize> {
        let favourite =
            |row: usize| if self.classes.len() == 1 { 0 } else { favourite(&self.outputs(features.row(row))) };
        (0..features.n).map(|row| self.classes[favourite(row)]).collect()
    }

    /// Returns 1 for every example answered correctly, else 0.
    ///
    /// # Panics
    /// If there is not one label per example.
    pub fn correct(&self, features: Features<'_>, labels: &[usize]) -> Vec<f64> {
        assert_eq!(labels.len(), features.n, "one label per example");
        self.predict(features).iter().zip(labels).map(|(p, l)| f64::from(u8::from(p == l))).collect()
    }
}

/// Returns the share of the questions answered correctly for each example, over all probes: `[n]`. `targets` are
/// `[question][example]`.
///
/// # Panics
/// If there is not one target per probe and one label per example.
pub fn mean_correct(probes: &[Probe], features: Features<'_>, targets: &[Vec<usize>]) -> Vec<f64> {
    assert_eq!(probes.len(), targets.len(), "one target per probe");
    let each: Vec<Vec<f64>> = probes.par_iter().zip(targets).map(|(probe, t)| probe.correct(features, t)).collect();
    (0..features.n).map(|i| each.iter().map(|c| c[i]).sum::<f64>() / each.len() as f64).collect()
}

/// Training activations, ready for any number of questions.
#[derive(Debug)]
pub struct ProbeSet {
    config: ProbeConfig,
    n: usize,
    d: usize,
    folds: Vec<Fold>,
    axes: Axes,
    all: Coordinates,
}

/// The examples outside a fold, to fit on, and those inside, to score.
#[derive(Debug)]
struct Fold {
    axes: Axes,
    inner_rows: Vec<usize>,
    inner: Coordinates,
    held_rows: Vec<usize>,
    held: Coordinates,
}

impl ProbeSet {
    /// Prepares training activations. `clusters[i]` is the symmetry class of example `i`.
    ///
    /// # Errors
    /// [`ProbeError`]: no examples, an activation that is not finite, fewer classes than folds, a bad config.
    ///
    /// # Panics
    /// If there is not one cluster per example.
    pub fn new(features: Features<'_>, clusters: &[u64], mut config: ProbeConfig) -> Result<ProbeSet, ProbeError> {
        assert_eq!(clusters.len(), features.n, "one symmetry class per example");
        if features.n == 0 {
            return Err(ProbeError::Empty);
        }
        if let Some(at) = features.data.iter().position(|x| !x.is_finite()) {
            let (example, feature) = (at / features.d, at % features.d);
            return Err(ProbeError::NotFinite { example, feature, value: features.data[at] });
        }
        if config.lambdas.is_empty() || config.lambdas.iter().any(|l| !(l.is_finite() && *l > 0.0)) {
            return Err(ProbeError::Lambdas { lambdas: config.lambdas });
        }
        config.lambdas.sort_by(|a, b| b.total_cmp(a));
        let fold_of = assign_folds(clusters, &config)?;
        let folds = (0..config.folds).into_par_iter().map(|fold| {
            let (held_rows, inner_rows): (Vec<_>, Vec<_>) = (0..features.n).partition(|&i| fold_of[i] == fold);
            let axes = Axes::of(features, &inner_rows)?;
            let (inner, held) = (axes.project(features, &inner_rows), axes.project(features, &held_rows));
            Ok(Fold { axes, inner_rows, inner, held_rows, held })
        });
        let folds = folds.collect::<Result<Vec<_>, _>>()?;
        let rows: Vec<usize> = (0..features.n).collect();
        let axes = Axes::of(features, &rows)?;
        let all = axes.project(features, &rows);
        Ok(ProbeSet { config, n: features.n, d: features.d, folds, axes, all })
    }

    /// Fits a probe to one question: `labels[i]` is the answer of example `i`, any number.
    ///
    /// # Panics
    /// If there is not one label per example.
    pub fn fit(&self, labels: &[usize]) -> Probe {
        assert_eq!(labels.len(), self.n, "one label per example");
        let classes: Vec<usize> = BTreeSet::from_iter(labels.iter().copied()).into_iter().collect();
        let dense: Vec<usize> = labels.iter().map(|l| classes.partition_point(|c| c < l)).collect();
        if classes.len() == 1 {
            return self.constant(classes);
        }
        let (lambda, inner) = self.choose_lambda(&dense, classes.len());
        let objective = Objective { x: &self.all, labels: &dense, n_classes: classes.len(), lambda };
        let mut parameters = vec![0.0; (self.all.r + 1) * n_outputs(classes.len())];
        let stop = Stop { tolerance: self.config.tolerance, max_iterations: self.config.max_iterations };
        let convergence = objective.minimise(&mut parameters, &self.axes.variance, stop);
        let (weights, intercepts) = self.axes.to_raw(&parameters, n_outputs(classes.len()));
        Probe { classes, d: self.d, weights, intercepts, lambda, inner, convergence }
    }

    /// Fits many questions, in parallel. `targets` are `[question][example]`.
    pub fn fit_many(&self, targets: &[Vec<usize>]) -> Vec<Probe> {
        targets.par_iter().map(|labels| self.fit(labels)).collect()
    }

    /// The probe of a question with one answer: no weights.
    fn constant(&self, classes: Vec<usize>) -> Probe {
        Probe {
            classes,
            d: self.d,
            weights: vec![],
            intercepts: vec![],
            lambda: self.config.lambdas[0],
            inner: InnerScore { loss_nats: 0.0, accuracy: 1.0 },
            convergence: Convergence { iterations: 0, gradient_norm: 0.0, converged: true },
        }
    }

    /// The penalty with the least held-out loss over all folds; ties go to the stronger one. Each fold walks from strong to
    /// weak, starting where the stronger penalty left it.
    fn choose_lambda(&self, labels: &[usize], n_classes: usize) -> (f64, InnerScore) {
        let mut walks: Vec<Walk<'_>> = self.folds.iter().map(|fold| Walk::new(fold, labels, n_classes)).collect();
        let mut best: Option<(f64, InnerScore)> = None;
        let mut since_best = 0;
        for &lambda in &self.config.lambdas {
            let scores: Vec<HeldScore> =
                walks.par_iter_mut().map(|walk| walk.step(lambda, self.config.max_iterations)).collect();
            let score = self.pool(&scores);
            if best.is_none_or(|(_, b)| score.loss_nats < b.loss_nats) {
                best = Some((lambda, score));
                since_best = 0;
            } else {
                since_best += 1;
                if since_best == PATIENCE {
                    break;
                }
            }
        }
        best.expect("the grid is not empty: checked in `new`")
    }

    fn pool(&self, scores: &[HeldScore]) -> InnerScore {
        let scored: usize = scores.iter().map(|s| s.scored).sum();
        let loss: f64 = scores.iter().map(|s| s.loss).sum();
        let right: usize = scores.iter().map(|s| s.right).sum();
        InnerScore { loss_nats: loss / scored.max(1) as f64, accuracy: right as f64 / self.n as f64 }
    }
}

/// Deals whole symmetry classes to folds, in an order that depends only on the seed and the set of classes.
fn assign_folds(clusters: &[u64], config: &ProbeConfig) -> Result<Vec<usize>, ProbeError> {
    let mut keys: Vec<u64> = BTreeSet::from_iter(clusters.iter().copied()).into_iter().collect();
    if config.folds < 2 {
        return Err(ProbeError::Folds { folds: config.folds });
    }
    if keys.len() < config.folds {
        return Err(ProbeError::TooFewClusters { clusters: keys.len(), folds: config.folds });
    }
    shuffle(&mut stream(config.seed, Purpose::Resample, u64::MAX), &mut keys);
    let mut dealt: Vec<(u64, usize)> = keys.into_iter().enumerate().map(|(i, key)| (key, i % config.folds)).collect();
    dealt.sort_unstable();
    let fold_of = |key: &u64| dealt[dealt.partition_point(|(k, _)| k < key)].1;
    Ok(clusters.iter().map(fold_of).collect())
}

/// A fold's fits along the penalties.
struct Walk<'a> {
    fold: &'a Fold,
    /// Labels of the inner examples, over the classes that occur among them.
    inner: Vec<usize>,
    /// Labels of the held-out examples, `None` where the inner examples lack the class.
    held: Vec<Option<usize>>,
    n_classes: usize,
    parameters: Vec<f64>,
}

/// Sums over the held-out examples of a fold.
struct HeldScore {
    loss: f64,
    scored: usize,
    right: usize,
}

impl<'a> Walk<'a> {
    fn new(fold: &'a Fold, labels: &[usize], n_classes: usize) -> Walk<'a> {
        let mut present = vec![false; n_classes];
        for &row in &fold.inner_rows {
            present[labels[row]] = true;
        }
        let dense: Vec<Option<usize>> = present
            .iter()
            .scan(0, |next, &here| {
                *next += usize::from(here);
                Some(here.then(|| *next - 1))
            })
            .collect();
        let n_classes = dense.iter().flatten().count();
        Walk {
            inner: fold.inner_rows.iter().filter_map(|&row| dense[labels[row]]).collect(),
            held: fold.held_rows.iter().map(|&row| dense[labels[row]]).collect(),
            n_classes,
            parameters: vec![0.0; (fold.inner.r + 1) * n_outputs(n_classes)],
            fold,
        }
    }

    /// Fits at a penalty and scores the held-out examples.
    fn step(&mut self, lambda: f64, max_iterations: usize) -> HeldScore {
        let known = self.held.iter().flatten().count();
        if self.n_classes == 1 {
            return HeldScore { loss: 0.0, scored: known, right: known };
        }
        let objective = Objective { x: &self.fold.inner, labels: &self.inner, n_classes: self.n_classes, lambda };
        let stop = Stop { tolerance: SELECTION_TOLERANCE, max_iterations };
        objective.minimise(&mut self.parameters, &self.fold.axes.variance, stop);

        let c = n_outputs(self.n_classes);
        let mut outputs = vec![0.0; self.held.len() * c];
        forward(&self.fold.held, &self.parameters, c, &mut outputs);
        let mut score = HeldScore { loss: 0.0, scored: known, right: 0 };
        for (row, label) in outputs.chunks_exact(c).zip(&self.held) {
            if let Some(label) = *label {
                score.loss += nll(row, label);
                score.right += usize::from(favourite(row) == label);
            }
        }
        score
    }
}
