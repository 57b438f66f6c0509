//! The stages of a training step, told apart in profiles.

/// A part of a training step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Embedding, its gradient.
    Embed,
    /// Norms, and transposing their outputs for the weight gradients.
    Norm,
    /// Norms backward, and rounding and transposing the gradient of the residual stream.
    NormBackward,
    /// Linear layers, with bias and residual sum.
    Linear,
    /// Gradients of linear layers' inputs.
    LinearInput,
    /// Gradients of linear layers' weights.
    LinearWeights,
    /// Activation functions and their derivatives, where they are separate passes (in bf16 they are fused into the linear
    /// layers).
    Activation,
    /// Attention.
    Attention,
    /// Attention backward.
    AttentionBackward,
    /// Packing attention's outputs, bias sums.
    Pack,
    /// Unembedding and loss, forward and backward.
    Loss,
}

impl Stage {
    /// Every stage, in the order of a step.
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

    /// Returns its name in tables.
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
