//! What a worker keeps while it goes forward and back through a group: allocated for the first group, reused for all others.

use super::attention::AttentionRoom;
use super::attention_bwd::AttentionBwdRoom;
use super::attention_stash::AttentionStash;
use super::factor::{BLOCK, Floats, Rows, Scratch, Tiles};
use super::heads::Heads;
use super::norm::Normalized;
use super::rotary::Turns;
use super::scored::Scored;
use crate::config::ModelConfig;
use crate::net::{Sequences, attn_dims};
use crate::profile::{Profile, Profiled};
use crate::train::Group;

/// Rows of the MLP that are taken through both its layers before the next: their hidden activations stay in cache.
pub(super) fn panel(config: &ModelConfig) -> usize {
    if config.d_mlp > 768 { 32 } else { 64 }
}

/// One worker's room.
#[derive(Clone, Debug, Default)]
pub(crate) struct Room {
    /// By layer.
    pub(super) blocks: Vec<BlockStash>,
    pub(super) ln_final: Normalized,
    pub(super) scored: Scored,
    pub(super) now: Now,
    pub(super) attention: AttentionRoom,
    pub(super) attention_bwd: AttentionBwdRoom,
    pub(super) turns: Turns,
    pub(super) scratch: Scratch,
    /// Where the time went.
    pub(super) profile: Profile,
}

impl Profiled for Room {
    fn profile(&mut self) -> &mut Profile {
        &mut self.profile
    }
}

/// What one block leaves for the backward pass: about 28 bytes for each number of the residual stream.
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

/// What lives only from one kernel to the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Now {
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

impl Room {
    /// Makes room for a group and finds its scored rows.
    pub(super) fn resize(&mut self, config: &ModelConfig, group: &Group) {
        let sequences = group.sequences();
        let rows = sequences.tokens.len().next_multiple_of(BLOCK);
        let (d, heads) = (config.d_model, heads(config, sequences));
        self.scored.find(group, config.n_layers, heads.width);
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
        let now = &mut self.now;
        now.resid.resize(rows, d);
        now.normed.resize(rows, d);
        now.normed_left.resize(d, rows);
        now.hidden.resize(panel(config), hidden);
        now.logits.resize(scored, config.d_vocab);
        now.dlogits.resize(scored, config.d_vocab);
        now.grad.resize(rows, d);
        now.grad_rows.resize(rows, d);
        now.grad_left.resize(d, rows);
        now.dnormed.resize(rows, d);
        now.dz.resize(rows, heads.width);
        now.dqkv.resize(rows, 3 * heads.width);
    }
}

/// The heads of a group.
pub(super) fn heads(config: &ModelConfig, sequences: Sequences<'_>) -> Heads {
    let width = (config.n_heads * config.d_head).next_multiple_of(32);
    Heads { dims: attn_dims(config, sequences), width }
}
