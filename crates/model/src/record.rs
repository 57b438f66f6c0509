//! Recording: a tap that keeps the values, and if asked the gradients, of chosen sites.

use crate::backward::{ActGrads, backward};
use crate::forward::{Acts, Net, Sequences, forward};
use crate::kernels::loss::cross_entropy;
use crate::kernels::real::Real;
use crate::sites::At;
use crate::tap::Tap;
use std::collections::{BTreeMap, BTreeSet};

/// What a run left at the recorded sites; shapes are [`crate::sites::Site::shape`]'s.
#[derive(Clone, Debug, Default)]
pub struct Recording<F> {
    /// Values.
    pub values: BTreeMap<At, Vec<F>>,
    /// Gradients of the loss; empty unless asked for.
    pub gradients: BTreeMap<At, Vec<F>>,
}

/// A tap that records, around another one that may edit: edits come first, so the record holds what the next layer saw.
pub struct Recorder<'a, F, T> {
    sites: BTreeSet<At>,
    inner: &'a mut T,
    /// What has been recorded so far.
    pub recording: Recording<F>,
}

impl<'a, F: Real, T: Tap<F>> Recorder<'a, F, T> {
    /// Records `sites`, after `inner` has had its turn.
    pub fn new(sites: impl IntoIterator<Item = At>, inner: &'a mut T) -> Recorder<'a, F, T> {
        Recorder { sites: sites.into_iter().collect(), inner, recording: Recording::default() }
    }
}

impl<F: Real, T: Tap<F>> Tap<F> for Recorder<'_, F, T> {
    fn wants(&self, at: At) -> bool {
        self.sites.contains(&at) || self.inner.wants(at)
    }

    fn edits(&self, at: At) -> bool {
        self.inner.edits(at)
    }

    fn forward(&mut self, at: At, value: &mut [F]) {
        self.inner.forward(at, value);
        if self.sites.contains(&at) {
            self.recording.values.insert(at, value.to_vec());
        }
    }

    fn backward(&mut self, at: At, gradient: &mut [F]) {
        if self.sites.contains(&at) {
            self.recording.gradients.insert(at, gradient.to_vec());
        }
        self.inner.backward(at, gradient);
    }
}

/// Result of [`run`]: one pass over a batch, kept whole.
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
    tap: &mut impl Tap<F>,
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
        backward(net, sequences, &acts, &mut grads, &mut param_grads, tap);
    }
    Run { logits: acts.logits, loss, param_grads }
}
