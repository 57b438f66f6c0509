//! Activations of a forward pass.

use crate::config::ModelConfig;
use crate::kernels::flash::Softmax;
use crate::kernels::norm::NormActs;
use crate::kernels::product::Packing;
use crate::kernels::real::Real;
use crate::kernels::rotary::RotaryTable;

/// Activations of one batch, as the backward pass needs them. Buffers are reused from batch to batch and allocate only when they grow.
#[derive(Clone, Debug, Default)]
pub struct Acts<F> {
    /// By layer.
    pub blocks: Vec<BlockActs<F>>,
    /// `[n_seq, seq, d_model]`, after the last block.
    pub resid: Vec<F>,
    /// The norm before the unembedding.
    pub ln_final: NormActs<F>,
    /// `[n_seq, seq, d_model]`, what the unembedding reads.
    pub unembed_in: Vec<F>,
    /// `[n_seq, seq, d_vocab]`
    pub logits: Vec<F>,
    /// `[n_seq, seq, d_model]`, a sublayer's output before it is added to the residual stream.
    pub(crate) branch: Vec<F>,
    pub(crate) packing: Packing<F>,
    pub(crate) rotary: RotaryTable<F>,
}

/// Activations of one block.
#[derive(Clone, Debug, Default)]
pub struct BlockActs<F> {
    /// `[n_seq, seq, d_model]`
    pub resid_pre: Vec<F>,
    /// What each head's queries, keys and values read, if a tap edits it; else empty.
    pub by_head: [HeadInput<F>; 3],
    /// Norm before attention.
    pub ln1: NormActs<F>,
    /// `[n_seq, seq, n_heads, d_head]`; rotated, in a rotary network.
    pub q: Vec<F>,
    /// As `q`.
    pub k: Vec<F>,
    /// `[n_seq, seq, n_heads, d_head]`
    pub v: Vec<F>,
    /// `[n_seq, n_heads, seq, n_keys]`; without a cache, `n_keys` is `seq`. Empty unless a tap asks for it.
    pub pattern: Vec<F>,
    /// `[n_seq, n_heads, seq]`: what the backward pass recomputes the pattern from, if it is not stored.
    pub sums: Vec<Softmax<F>>,
    /// The softmax's output before a tap edited the pattern; else empty.
    pub softmax: Vec<F>,
    /// `[n_seq, seq, n_heads, d_head]`
    pub z: Vec<F>,
    /// `[n_seq, seq, d_model]`; unused in attention-only networks.
    pub resid_mid: Vec<F>,
    /// What the MLP's norm read, if a tap asked for it; else empty.
    pub mlp_in: Vec<F>,
    /// Norm before the MLP.
    pub ln2: NormActs<F>,
    /// `[n_seq, seq, d_mlp]`, the nonlinearity's slope; overwrites its input.
    pub slope: Vec<F>,
    /// `[n_seq, seq, d_mlp]`
    pub post: Vec<F>,
}

/// The input of the queries, keys or values, a copy for each head.
#[derive(Clone, Debug, Default)]
pub struct HeadInput<F> {
    /// `[n_seq, seq, n_heads, d_model]`
    pub x: Vec<F>,
    /// Norm of each copy: of `n_seq * seq * n_heads` rows.
    pub norm: NormActs<F>,
}

impl<F: Real> Acts<F> {
    pub(crate) fn resize(&mut self, config: &ModelConfig, n_seq: usize, seq: usize) {
        let rows = n_seq * seq;
        let (d, heads) = (config.d_model, config.n_heads * config.d_head);
        let hidden = if config.attn_only { 0 } else { config.d_mlp };
        let mid = if config.attn_only { 0 } else { d };
        self.blocks.resize_with(config.n_layers, BlockActs::default);
        for block in &mut self.blocks {
            block.ln1.resize(rows, d);
            block.ln2.resize(rows, mid);
            for (buffer, width) in [
                (&mut block.resid_pre, d),
                (&mut block.q, heads),
                (&mut block.k, heads),
                (&mut block.v, heads),
                (&mut block.z, heads),
                (&mut block.resid_mid, mid),
                (&mut block.slope, hidden),
                (&mut block.post, hidden),
            ] {
                buffer.resize(rows * width, F::ZERO);
            }
        }
        self.ln_final.resize(rows, d);
        for (buffer, width) in
            [(&mut self.resid, d), (&mut self.branch, d), (&mut self.unembed_in, d), (&mut self.logits, config.d_vocab)]
        {
            buffer.resize(rows * width, F::ZERO);
        }
    }
}
