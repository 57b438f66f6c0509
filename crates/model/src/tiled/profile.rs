//! Where the time of a tiled step goes.

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
    /// Linear layers, with bias, activation and residual sum.
    Linear,
    /// Gradients of linear layers' inputs.
    LinearInput,
    /// Gradients of linear layers' weights.
    LinearWeights,
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
    pub const ALL: [Stage; 10] = [
        Stage::Embed,
        Stage::Norm,
        Stage::Linear,
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
            Stage::Attention => "attention",
            Stage::AttentionBackward => "attention, backward",
            Stage::Pack => "packing, bias sums",
            Stage::Loss => "unembedding, loss",
        }
    }
}

/// Time spent in each stage by one worker, if asked for.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    last: Option<Instant>,
    /// Nanoseconds, by [`Stage`].
    pub nanos: [u64; Stage::ALL.len()],
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
