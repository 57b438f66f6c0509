//! Taps that record the values and gradients of chosen sites.

use crate::acts::Acts;
use crate::backward::{ActGrads, backward};
use crate::forward::forward;
use crate::kernels::attention::KvGradient;
use crate::kernels::loss::cross_entropy;
use crate::kernels::real::Real;
use crate::net::{Net, Sequences};
use crate::sites::{At, Axes};
use crate::tap::{Tap, Window, WindowTap};
use std::collections::{BTreeMap, BTreeSet};

/// Values and gradients at the recorded sites, in the shape of [`crate::sites::Site::shape`].
#[derive(Clone, Debug, Default)]
pub struct Recording<F> {
    /// Values.
    pub values: BTreeMap<At, Vec<F>>,
    /// Gradients of the loss; empty unless asked for.
    pub gradients: BTreeMap<At, Vec<F>>,
}

/// A tap that records the values of chosen sites after the edits of an inner tap.
pub struct Recorder<'a, F> {
    sites: BTreeSet<At>,
    inner: &'a mut dyn Tap<F>,
    /// What has been recorded so far.
    pub recording: Recording<F>,
}

impl<'a, F: Real> Recorder<'a, F> {
    /// Records `sites`, after the edits of `inner`.
    pub fn new(sites: impl IntoIterator<Item = At>, inner: &'a mut dyn Tap<F>) -> Recorder<'a, F> {
        Recorder { sites: sites.into_iter().collect(), inner, recording: Recording::default() }
    }
}

impl<F: Real> Tap<F> for Recorder<'_, F> {
    fn wants(&self, at: At) -> bool {
        self.sites.contains(&at) || self.inner.wants(at)
    }

    fn edits(&self, at: At) -> bool {
        self.inner.edits(at)
    }

    fn edit(&mut self, at: At, value: &mut [F]) {
        self.inner.edit(at, value);
    }

    fn pull_back(&mut self, at: At, gradient: &mut [F]) {
        self.inner.pull_back(at, gradient);
    }

    fn read(&mut self, at: At, value: &[F]) {
        self.inner.read(at, value);
        if self.sites.contains(&at) {
            self.recording.values.insert(at, value.to_vec());
        }
    }

    fn read_gradient(&mut self, at: At, gradient: &[F]) {
        self.inner.read_gradient(at, gradient);
        if self.sites.contains(&at) {
            self.recording.gradients.insert(at, gradient.to_vec());
        }
    }
}

/// A site at one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// The site.
    pub at: At,
    /// Index of the sequence.
    pub row: usize,
    /// Position of the token in it.
    pub pos: usize,
}

/// A tap that records token by token, after the edits of an inner tap. A token's values do not depend on how its sequence was cut
/// into windows, so a trace of generation compares directly with one of a pass over the finished sequences.
pub struct Trace<'a, F> {
    sites: BTreeSet<At>,
    inner: &'a mut dyn WindowTap<F>,
    rows: Vec<usize>,
    first: Vec<usize>,
    seq: usize,
    n_keys: usize,
    /// Values by site and token: the site's axes after `pos`; of scores and patterns `[n_heads, key]`, keys up to the token.
    pub values: BTreeMap<Moment, Vec<F>>,
}

impl<'a, F: Real> Trace<'a, F> {
    /// Traces `sites`, after the edits of `inner`. Needs a [`Window`] before each pass.
    pub fn new(sites: impl IntoIterator<Item = At>, inner: &'a mut dyn WindowTap<F>) -> Trace<'a, F> {
        let (rows, first) = (Vec::new(), Vec::new());
        Trace { sites: sites.into_iter().collect(), inner, rows, first, seq: 0, n_keys: 0, values: BTreeMap::new() }
    }

    /// The values of token `t` of sequence `b` in this window.
    fn of_token(&self, at: At, value: &[F], b: usize, t: usize) -> Vec<F> {
        let (n_seq, seq, n_keys) = (self.rows.len(), self.seq, self.n_keys);
        match at.site.info().axes {
            Axes::Square => {
                let heads = value[b * value.len() / n_seq..(b + 1) * value.len() / n_seq].chunks_exact(seq * n_keys);
                heads.flat_map(|head| &head[t * n_keys..][..self.first[b] + t + 1]).copied().collect()
            }
            _ => {
                let width = value.len() / (n_seq * seq);
                value[(b * seq + t) * width..][..width].to_vec()
            }
        }
    }
}

impl<F: Real> Tap<F> for Trace<'_, F> {
    fn wants(&self, at: At) -> bool {
        self.sites.contains(&at) || self.inner.wants(at)
    }

    fn edits(&self, at: At) -> bool {
        self.inner.edits(at)
    }

    fn edit(&mut self, at: At, value: &mut [F]) {
        self.inner.edit(at, value);
    }

    fn pull_back(&mut self, at: At, gradient: &mut [F]) {
        self.inner.pull_back(at, gradient);
    }

    fn read_gradient(&mut self, at: At, gradient: &[F]) {
        self.inner.read_gradient(at, gradient);
    }

    fn read(&mut self, at: At, value: &[F]) {
        self.inner.read(at, value);
        if !self.sites.contains(&at) {
            return;
        }
        for b in 0..self.rows.len() {
            for t in 0..self.seq {
                let moment = Moment { at, row: self.rows[b], pos: self.first[b] + t };
                let values = self.of_token(at, value, b, t);
                self.values.insert(moment, values);
            }
        }
    }
}

impl<F: Real> WindowTap<F> for Trace<'_, F> {
    fn window(&mut self, window: Window<'_>) {
        self.inner.window(window);
        (self.rows, self.first) = (window.rows.to_vec(), window.first.to_vec());
        (self.seq, self.n_keys) = (window.seq, window.n_keys);
    }
}

/// Result of [`run`].
#[derive(Clone, Debug)]
pub struct Run<F> {
    /// `[n_seq, seq, d_vocab]`
    pub logits: Vec<F>,
    /// Weighted mean of the next-token losses, in nats; 0 if no position is scored.
    pub loss: f64,
    /// Gradients of the loss, laid out as the parameters; empty unless asked for.
    pub param_grads: Vec<F>,
}

/// Runs the network forward, and backward if `gradients`, on one batch.
///
/// `weights`, `[n_seq, seq − 1]`, weigh the next-token losses: the loss is their weighted mean.
pub fn run<F: Real>(
    net: Net<'_, F>,
    sequences: Sequences<'_>,
    weights: &[f32],
    gradients: bool,
    tap: &mut dyn Tap<F>,
) -> Run<F> {
    let (mut acts, mut grads) = (Acts::default(), ActGrads::default());
    forward(net, sequences, &mut acts, tap);
    grads.resize(net.config, sequences.n_seq(), sequences.seq);
    let total: f64 = weights.iter().map(|&w| f64::from(w)).sum();
    let scale = if total > 0.0 { 1.0 / total } else { 0.0 };
    let loss = scale * cross_entropy(sequences.seq, &acts.logits, sequences.tokens, weights, scale, &mut grads.logits);
    let mut param_grads = Vec::new();
    if gradients {
        param_grads.resize(net.params.len(), F::ZERO);
        backward(net, sequences, &acts, KvGradient::AllQueries, &mut grads, &mut param_grads, tap);
    }
    Run { logits: acts.logits, loss, param_grads }
}
