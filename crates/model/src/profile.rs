//! Where the time of a training step goes.

use crate::kernels::real::Real;
use crate::tap::Tap;
use std::time::Instant;

/// What a step spends its time on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Embedding, its gradient.
    Embed,
    /// Norms, and turning their outputs for the weight gradients.
    Norm,
    /// Norms backward, and rounding and turning the gradient of the residual stream.
    NormBackward,
    /// Linear layers, with bias and residual sum.
    Linear,
    /// Gradients of linear layers' inputs.
    LinearInput,
    /// Gradients of linear layers' weights.
    LinearWeights,
    /// Activation functions and their slopes, where they are passes of their own (in bf16 they belong to the linear layers).
    Activation,
    /// Attention.
    Attention,
    /// Attention backward.
    AttentionBackward,
    /// Packing what attention made, bias sums.
    Pack,
    /// Unembedding and loss, both ways.
    Loss,
}

impl Stage {
    /// All, in the order of a step.
    pub const ALL: [Stage; 11] = [
        Stage::Embed,
        Stage::Norm,
        Stage::Linear,
        Stage::Activation,
        Stage::Attention,
        Stage::Pack,
        Stage::Loss,
        Stage::LinearInput,
        Stage::LinearWeights,
        Stage::AttentionBackward,
        Stage::NormBackward,
    ];

    /// What to call it in a table.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Embed => "embedding",
            Stage::Norm => "norm",
            Stage::NormBackward => "norm, backward",
            Stage::Linear => "linear",
            Stage::LinearInput => "linear, inputs",
            Stage::LinearWeights => "linear, weights",
            Stage::Activation => "activation, slopes",
            Stage::Attention => "attention",
            Stage::AttentionBackward => "attention, backward",
            Stage::Pack => "packing, bias sums",
            Stage::Loss => "unembedding, loss",
        }
    }
}

/// Nanoseconds spent in each [`Stage`], summed over workers.
pub type Nanos = [u64; Stage::ALL.len()];

/// Time spent in each stage by one worker, if asked for. A tap on the plain passes, which watches the clock alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profile {
    last: Option<Instant>,
    pub(crate) nanos: Nanos,
}

impl Profile {
    /// Starts the clock if `wanted`.
    pub(crate) fn start(&mut self, wanted: bool) {
        self.last = wanted.then(Instant::now);
    }

    /// What happened since the last call was this.
    #[inline]
    pub(crate) fn lap(&mut self, stage: Stage) {
        if let Some(last) = &mut self.last {
            let now = Instant::now();
            self.nanos[stage as usize] += (now - *last).as_nanos() as u64;
            *last = now;
        }
    }
}

/// A worker's room, with its profile.
pub(crate) trait Profiled {
    fn profile(&mut self) -> &mut Profile;
}

impl<F: Real> Tap<F> for Profile {
    #[inline]
    fn over(&mut self, stage: Stage) {
        self.lap(stage);
    }
}
