//! The forward pass of a micro-batch, which stores in the workspace what the backward pass needs.

use super::attention::attention;
use super::factor::{BLOCK, Floats};
use super::linear::{Finish, multiply};
use super::norm::norm;
use super::weights::{TiledBlock, TiledMlp};
use super::workspace::{Workspace, heads, panel};
use crate::config::PositionEmbedding;
use crate::kernels::bf16_unit::TileUnit;
use crate::kernels::tile::{Sums, ZERO_WIDE};
use crate::kernels::vector::{add, load_some, store_wide};
use crate::net::{Net, Sequences};
use crate::stage::Stage;

/// Runs the blocks, up to the residual stream after the last one.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(super) fn forward(
    unit: TileUnit,
    net: Net<'_, f32>,
    blocks: &[TiledBlock],
    sequences: Sequences<'_>,
    workspace: &mut Workspace,
) {
    embed(net, sequences.tokens, |r| r % sequences.seq, &mut workspace.transient.resid);
    workspace.profile.lap(Stage::Embed);
    for (layer, weights) in blocks.iter().enumerate() {
        attention_layer(unit, net, weights, sequences, layer, workspace);
        attention_out(unit, weights, layer, workspace);
        if let Some(mlp) = &weights.mlp {
            mlp_layer(unit, net, mlp, layer, workspace);
        }
    }
}

/// `resid = W_E[token] + W_pos[pos]`, zeros in rows beyond the last token.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(super) fn embed(net: Net<'_, f32>, tokens: &[u32], position: impl Fn(usize) -> usize, resid: &mut Floats) {
    let d = net.config.d_model;
    let w_e = net.layout.w_e.of(net.params);
    let w_pos = net.layout.w_pos.map(|slot| slot.of(net.params));
    for (r, &token) in tokens.iter().enumerate() {
        let token = &w_e[token as usize * d..][..d];
        let pos = w_pos.map_or(&[][..], |w_pos| &w_pos[position(r) * d..][..d]);
        let wide = |x: &[f32], c: usize| [0, 16].map(|i| load_some(&x[(c * BLOCK + i).min(x.len())..]));
        for (c, to) in resid.row_mut(r).iter_mut().enumerate() {
            store_wide(to, add(wide(token, c), wide(pos, c)));
        }
    }
    for r in tokens.len()..tokens.len().next_multiple_of(BLOCK) {
        resid.row_mut(r).fill(ZERO_WIDE);
    }
}

/// `z = attn(ln1(resid))`, before the heads are summed.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn attention_layer(
    unit: TileUnit,
    net: Net<'_, f32>,
    weights: &TiledBlock,
    sequences: Sequences<'_>,
    layer: usize,
    workspace: &mut Workspace,
) {
    let heads = heads(net.config, sequences);
    let Workspace { blocks, transient, attention: attention_scratch, rotary, scratch, profile, .. } = workspace;
    let stash = &mut blocks[layer];
    let rows = stash.ln1.len();
    for block in 0..rows / BLOCK {
        norm(&weights.ln1, &transient.resid, block, &mut transient.normed, Some(&mut stash.ln1));
    }
    profile.lap(Stage::Norm);
    let mut finish = Finish::Round { bias: Some(&weights.qkv.bias), out: &mut stash.qkv };
    multiply(unit, &transient.normed, 0, 0..rows, &weights.qkv.forward, &mut finish, scratch);
    profile.lap(Stage::Linear);
    if let PositionEmbedding::Rotary { dim, base } = net.config.positions {
        rotary.rotate(heads, dim, base, |r| r % sequences.seq, 1.0, &mut stash.qkv);
    }
    attention(unit, heads, &stash.qkv, &mut stash.z, &mut stash.attention, attention_scratch);
    profile.lap(Stage::Attention);
}

/// `resid += z @ W_O + b_O`; after the last attention, for the scored rows only.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn attention_out(unit: TileUnit, weights: &TiledBlock, layer: usize, workspace: &mut Workspace) {
    let Workspace { blocks, scored, transient, scratch, profile, .. } = workspace;
    scored.narrow(layer, &blocks[layer].z, &mut transient.resid);
    let (z, rows) = scored.mixed(layer, &blocks[layer].z);
    let mut finish = Finish::Float { bias: Some(&weights.output.bias), sums: Sums::Add, out: &mut transient.resid };
    multiply(unit, z, 0, 0..rows, &weights.output.forward, &mut finish, scratch);
    profile.lap(Stage::Linear);
}

/// `resid += mlp(ln2(resid))`.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn mlp_layer(unit: TileUnit, net: Net<'_, f32>, weights: &TiledMlp, layer: usize, workspace: &mut Workspace) {
    let Workspace { blocks, transient, scratch, profile, .. } = workspace;
    let stash = &mut blocks[layer];
    let rows = stash.ln2.len();
    for block in 0..rows / BLOCK {
        norm(&weights.ln2, &transient.resid, block, &mut transient.normed, Some(&mut stash.ln2));
    }
    profile.lap(Stage::Norm);
    for first in (0..rows).step_by(panel(net.config)) {
        let panel = first..rows.min(first + panel(net.config));
        let mut finish = Finish::Activate {
            act: net.config.act_fn,
            bias: &weights.input.bias,
            panel: &mut transient.hidden,
            right: &mut stash.post,
            slope: &mut stash.slope,
        };
        multiply(unit, &transient.normed, 0, panel.clone(), &weights.input.forward, &mut finish, scratch);
        let mut finish = Finish::Float { bias: Some(&weights.output.bias), sums: Sums::Add, out: &mut transient.resid };
        multiply(unit, &transient.hidden, first, panel, &weights.output.forward, &mut finish, scratch);
    }
    profile.lap(Stage::Linear);
}
