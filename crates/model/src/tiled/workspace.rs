//! A worker's buffers for a micro-batch, forward and backward: allocated for the first one, reused for all others.

use super::attention::AttentionScratch;
use super::attention_bwd::AttentionBwdScratch;
use super::attention_stash::AttentionStash;
use super::factor::{BLOCK, BlockScratch, Floats, Rows, Tiles};
use super::heads::Heads;
use super::norm::Normalized;
use super::rotary::RotaryTable;
use super::scored::Scored;
use crate::config::ModelConfig;
use crate::micro_batch::MicroBatch;
use crate::net::{Sequences, attn_dims};
use crate::profile::{Profile, Profiled};

/// Rows of the MLP that go through both its layers at a time: their hidden activations stay in cache.
pub(super) fn panel(config: &ModelConfig) -> usize {
    if config.d_mlp > 768 { 32 } else { 64 }
}

/// One worker's buffers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Workspace {
    /// By layer.
    pub(super) blocks: Vec<BlockStash>,
    pub(super) ln_final: Normalized,
    pub(super) scored: Scored,
    pub(super) transient: Transient,
    pub(super) attention: AttentionScratch,
    pub(super) attention_bwd: AttentionBwdScratch,
    pub(super) rotary: RotaryTable,
    pub(super) scratch: BlockScratch,
    /// Time by stage.
    pub(super) profile: Profile,
}

impl Profiled for Workspace {
    fn profile(&mut self) -> &mut Profile {
        &mut self.profile
    }
}

/// Activations of one block for the backward pass: about 28 bytes for each number of the residual stream.
#[derive(Clone, Debug, Default)]
pub(super) struct BlockStash {
    pub(super) ln1: Normalized,
    /// `[rows, 3 · width]`
    pub(super) qkv: Rows,
    pub(super) attention: AttentionStash,
    /// `[rows, width]`
    pub(super) z: Rows,
    pub(super) ln2: Normalized,
    /// `[rows, d_mlp]`, the hidden activations as right factor.
    pub(super) post: Tiles,
    /// `[rows, d_mlp]`, the activation's derivative.
    pub(super) slope: Rows,
}

/// Buffers that live between two kernels.
#[derive(Clone, Debug, Default)]
pub(super) struct Transient {
    /// `[rows, d_model]`, the residual stream; in the backward pass its gradient is in `grad`.
    pub(super) resid: Floats,
    /// `[rows, d_model]`, a norm's output, or, as left factor, its transpose.
    pub(super) normed: Rows,
    pub(super) normed_left: Tiles,
    /// `[panel, d_mlp]`, hidden activations, or their gradients.
    pub(super) hidden: Rows,
    /// `[rows, d_mlp]`, gradients of hidden activations, or of logits, or what attention mixed, as right factor.
    pub(super) right: Tiles,
    /// `[rows, d_vocab]`
    pub(super) logits: Floats,
    pub(super) dlogits: Rows,
    /// `[rows, d_model]`, the gradient of the residual stream.
    pub(super) grad: Floats,
    /// The same, rounded, by rows and as left factor, transposed.
    pub(super) grad_rows: Rows,
    pub(super) grad_left: Tiles,
    /// `[rows, d_model]`, the gradient of a norm's output.
    pub(super) dnormed: Floats,
    /// `[rows, width]`
    pub(super) dz: Rows,
    /// `[rows, 3 · width]`
    pub(super) dqkv: Rows,
}

impl Workspace {
    /// Resizes the buffers for a micro-batch and finds its scored rows.
    pub(super) fn resize(&mut self, config: &ModelConfig, micro_batch: &MicroBatch) {
        let sequences = micro_batch.sequences();
        let rows = sequences.tokens.len().next_multiple_of(BLOCK);
        let (d, heads) = (config.d_model, heads(config, sequences));
        self.scored.find(micro_batch, config.n_layers, heads.width);
        let scored = self.scored.len();
        let hidden = if config.attn_only { 0 } else { config.d_mlp };
        self.blocks.resize_with(config.n_layers, BlockStash::default);
        for (layer, block) in self.blocks.iter_mut().enumerate() {
            block.ln1.resize(rows, d);
            // A sequence's last block may go on beyond the last row.
            block.qkv.resize(rows + BLOCK, 3 * heads.width);
            block.attention.resize(heads, true);
            block.z.resize(rows, heads.width);
            if !config.attn_only {
                let rows = if layer + 1 == config.n_layers { scored } else { rows };
                block.ln2.resize(rows, d);
                block.post.resize(hidden, rows);
                block.slope.resize(rows, hidden);
            }
        }
        self.ln_final.resize(scored, d);
        let transient = &mut self.transient;
        transient.resid.resize(rows, d);
        transient.normed.resize(rows, d);
        transient.normed_left.resize(d, rows);
        transient.hidden.resize(panel(config), hidden);
        transient.logits.resize(scored, config.d_vocab);
        transient.dlogits.resize(scored, config.d_vocab);
        transient.grad.resize(rows, d);
        transient.grad_rows.resize(rows, d);
        transient.grad_left.resize(d, rows);
        transient.dnormed.resize(rows, d);
        transient.dz.resize(rows, heads.width);
        transient.dqkv.resize(rows, 3 * heads.width);
    }
}

/// Returns the heads of a micro-batch.
pub(super) fn heads(config: &ModelConfig, sequences: Sequences<'_>) -> Heads {
    let width = (config.n_heads * config.d_head).next_multiple_of(32);
    Heads { dims: attn_dims(config, sequences), width }
}
