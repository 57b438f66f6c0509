//! Forward through a group, leaving in the room what the backward pass needs.

use super::attention::attention;
use super::factor::{BLOCK, Floats};
use super::linear::{Finish, multiply};
use super::norm::norm;
use super::room::{Room, heads, panel};
use super::weights::{TiledBlock, TiledMlp};
use crate::config::PositionEmbedding;
use crate::kernels::tile::{Sums, TileUnit, ZERO_WIDE};
use crate::kernels::vector::{add, load_some, store_wide};
use crate::net::{Net, Sequences};
use crate::profile::Stage;

/// Up to the residual stream after the last block.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(super) fn forward(
    unit: TileUnit,
    net: Net<'_, f32>,
    blocks: &[TiledBlock],
    sequences: Sequences<'_>,
    room: &mut Room,
) {
    embed(net, sequences.tokens, |r| r % sequences.seq, &mut room.now.resid);
    room.profile.lap(Stage::Embed);
    for (layer, weights) in blocks.iter().enumerate() {
        attention_layer(unit, net, weights, sequences, layer, room);
        attention_out(unit, weights, layer, room);
        if let Some(mlp) = &weights.mlp {
            mlp_layer(unit, net, mlp, layer, room);
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
    room: &mut Room,
) {
    let heads = heads(net.config, sequences);
    let Room { blocks, now, attention: attention_room, turns, scratch, profile, .. } = room;
    let stash = &mut blocks[layer];
    let rows = stash.ln1.len();
    for block in 0..rows / BLOCK {
        norm(&weights.ln1, &now.resid, block, &mut now.normed, Some(&mut stash.ln1));
    }
    profile.lap(Stage::Norm);
    let mut finish = Finish::Round { bias: Some(&weights.qkv.bias), out: &mut stash.qkv };
    multiply(unit, &now.normed, 0, 0..rows, &weights.qkv.forward, &mut finish, scratch);
    profile.lap(Stage::Linear);
    if let PositionEmbedding::Rotary { dim, base } = net.config.positions {
        turns.rotate(heads, dim, base, |r| r % sequences.seq, 1.0, &mut stash.qkv);
    }
    attention(unit, heads, &stash.qkv, &mut stash.z, &mut stash.attention, attention_room);
    profile.lap(Stage::Attention);
}

/// `resid += z @ W_O + b_O`; after the last attention, of the scored rows alone.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn attention_out(unit: TileUnit, weights: &TiledBlock, layer: usize, room: &mut Room) {
    let Room { blocks, scored, now, scratch, profile, .. } = room;
    scored.narrow(layer, &blocks[layer].z, &mut now.resid);
    let (z, rows) = scored.mixed(layer, &blocks[layer].z);
    let mut finish = Finish::Float { bias: Some(&weights.output.bias), sums: Sums::Add, out: &mut now.resid };
    multiply(unit, z, 0, 0..rows, &weights.output.forward, &mut finish, scratch);
    profile.lap(Stage::Linear);
}

/// `resid += mlp(ln2(resid))`.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn mlp_layer(unit: TileUnit, net: Net<'_, f32>, weights: &TiledMlp, layer: usize, room: &mut Room) {
    let Room { blocks, now, scratch, profile, .. } = room;
    let stash = &mut blocks[layer];
    let rows = stash.ln2.len();
    for block in 0..rows / BLOCK {
        norm(&weights.ln2, &now.resid, block, &mut now.normed, Some(&mut stash.ln2));
    }
    profile.lap(Stage::Norm);
    for first in (0..rows).step_by(panel(net.config)) {
        let panel = first..rows.min(first + panel(net.config));
        let mut finish = Finish::Activate {
            act: net.config.act_fn,
            bias: &weights.input.bias,
            panel: &mut now.hidden,
            right: &mut stash.post,
            slope: &mut stash.slope,
        };
        multiply(unit, &now.normed, 0, panel.clone(), &weights.input.forward, &mut finish, scratch);
        let mut finish = Finish::Float { bias: Some(&weights.output.bias), sums: Sums::Add, out: &mut now.resid };
        multiply(unit, &now.hidden, first, panel, &weights.output.forward, &mut finish, scratch);
    }
    profile.lap(Stage::Linear);
}
