//! The networks and precisions that `searchlens bench` times.

use clap::ValueEnum;
use searchlens::model::kernels::tier::{Precision, fastest_precision};

/// Sizes of benchmark networks; the architecture is the default one with d_mlp = 4 d_model.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum ShapeName {
    /// 4 layers, width 64, 64 sequences of 128 tokens
    Xs,
    /// 6 layers, width 128, 32 sequences of 256 tokens
    S,
    /// 8 layers, width 256, 32 sequences of 256 tokens
    M,
    /// 4 layers, width 128, 256 sequences of 56 tokens
    P,
}

/// `--precision`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum PrecisionArg {
    /// bf16 if the processor has a unit for it that beats f32, else f32
    Auto,
    /// f32 throughout
    F32,
    /// bf16 products, f32 sums
    Bf16,
}

impl PrecisionArg {
    /// Returns the precision for this machine.
    pub(super) fn resolve(self) -> Precision {
        match self {
            PrecisionArg::Auto => fastest_precision(),
            PrecisionArg::F32 => Precision::F32,
            PrecisionArg::Bf16 => Precision::Bf16,
        }
    }
}

/// Size of a benchmark network and its batch.
pub(super) struct Shape {
    pub(super) n_layers: usize,
    pub(super) d_model: usize,
    pub(super) n_heads: usize,
    pub(super) d_vocab: usize,
    pub(super) n_ctx: usize,
    pub(super) batch: usize,
}

impl ShapeName {
    /// Returns the size with this name.
    pub(super) fn shape(self) -> Shape {
        match self {
            ShapeName::Xs => Shape { n_layers: 4, d_model: 64, n_heads: 4, d_vocab: 80, n_ctx: 128, batch: 64 },
            ShapeName::S => Shape { n_layers: 6, d_model: 128, n_heads: 4, d_vocab: 80, n_ctx: 256, batch: 32 },
            ShapeName::M => Shape { n_layers: 8, d_model: 256, n_heads: 8, d_vocab: 80, n_ctx: 256, batch: 32 },
            ShapeName::P => Shape { n_layers: 4, d_model: 128, n_heads: 4, d_vocab: 72, n_ctx: 56, batch: 256 },
        }
    }
}
