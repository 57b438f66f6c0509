//! A network as the passes read it, and the sequences they run on.

use crate::config::{AttentionDir, ModelConfig, Normalization};
use crate::kernels::attention::AttnDims;
use crate::kernels::norm::NormKind;
use crate::packed::PackedWeights;
use crate::params::Layout;

/// A network: its architecture, its parameter table and the parameters.
#[derive(Clone, Copy, Debug)]
pub struct Net<'a, F> {
    /// Architecture.
    pub config: &'a ModelConfig,
    /// Table of parameters.
    pub layout: &'a Layout,
    /// All parameters, flat.
    pub params: &'a [F],
    /// Where matrix products read the weights.
    pub products: Products<'a, F>,
}

/// Where matrix products read the weights.
#[derive(Clone, Copy, Debug)]
pub enum Products<'a, F> {
    /// From the parameters.
    Plain,
    /// From a packed copy.
    Packed(&'a PackedWeights<F>),
}

/// Sequences of equal length.
#[derive(Clone, Copy, Debug)]
pub struct Sequences<'a> {
    /// `[n_seq, seq]`
    pub tokens: &'a [u32],
    /// Length of each.
    pub seq: usize,
}

impl Sequences<'_> {
    /// Number of sequences.
    pub fn n_seq(&self) -> usize {
        self.tokens.len() / self.seq
    }
}

/// Sizes of the attention layers for one batch.
pub(crate) fn attn_dims(config: &ModelConfig, sequences: Sequences<'_>) -> AttnDims {
    AttnDims {
        n_seq: sequences.n_seq(),
        seq: sequences.seq,
        n_heads: config.n_heads,
        d_head: config.d_head,
        causal: config.attention_dir == AttentionDir::Causal,
        attn_scale: config.attn_scale,
    }
}

pub(crate) fn norm_kind(config: &ModelConfig, normalization: Normalization) -> NormKind {
    NormKind { centred: normalization.is_centred(), eps: config.eps }
}
