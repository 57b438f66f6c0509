//! Back through a group: [`super::forward`] read from the last line to the first.

use super::attention_bwd::attention_bwd;
use super::factor::{self, BLOCK, Floats, Tiles, add_column_sums, add_weight_gradient, pack_right, round_rows};
use super::linear::{Finish, multiply};
use super::loss::cross_entropy;
use super::norm::{self, Norm, Normalized, norm, norm_bwd};
use super::room::{Now, Room, heads, panel};
use super::slot::{BlockPlaces, GradSlot, MlpPlaces, NormPlaces, Places};
use super::weights::{TiledBlock, TiledMlp, TiledWeights};
use crate::backward::Reach;
use crate::config::PositionEmbedding;
use crate::kernels::tile::{Line, Sums, TileUnit, Wide};
use crate::kernels::vector::{add, load_wide, store_wide};
use crate::net::{Net, Sequences};
use crate::profile::Stage;
use crate::train::Group;
use std::ops::Range;

/// Unembedding and loss, forward and back: the gradient of the residual stream after the last block is left in the room, the
/// weighted loss returned.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(super) fn loss(
    unit: TileUnit,
    net: Net<'_, f32>,
    weights: &TiledWeights,
    group: &Group,
    scale: f64,
    places: &Places,
    slot: &mut GradSlot,
    room: &mut Room,
) -> f64 {
    let Room { ln_final, scored, now, scratch, profile, .. } = room;
    let rows = scored.len();
    now.normed_left.resize(net.config.d_model, rows);
    for block in 0..rows / BLOCK {
        norm(&weights.ln_final, &now.resid, block, &mut now.normed, Some(ln_final));
        factor::pack_left_transposed(&now.normed, block, &mut now.normed_left);
    }
    profile.lap(Stage::Norm);
    let mut finish = Finish::Float { bias: Some(&weights.unembed.bias), sums: Sums::Set, out: &mut now.logits };
    multiply(unit, &now.normed, 0, 0..rows, &weights.unembed.forward, &mut finish, scratch);
    let loss = cross_entropy(group, scored.rows(), net.config.d_vocab, scale, &mut now.logits, &mut now.dlogits);
    now.right.resize(net.config.d_vocab, rows);
    for block in 0..rows / BLOCK {
        pack_right(&now.dlogits, block, &mut now.right);
    }
    add_column_sums(&now.dlogits, rows, &mut slot.vectors[places.unembed.b.clone()]);
    let dw = &mut slot.blocks[places.unembed.w.clone()];
    add_weight_gradient(unit, &now.normed_left, &now.right, slot.sums, dw);
    let mut finish = Finish::Float { bias: None, sums: Sums::Set, out: &mut now.dnormed };
    multiply(unit, &now.dlogits, 0, 0..rows, &weights.unembed.backward, &mut finish, scratch);
    profile.lap(Stage::Loss);
    let bias = places.blocks.last().map(output_bias);
    norm_layer_bwd(&weights.ln_final, ln_final, &places.ln_final, bias, Sums::Set, slot, now);
    profile.lap(Stage::NormBackward);
    loss
}

/// From the gradient of the residual stream after the last block to those of all parameters before it.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(super) fn backward(
    unit: TileUnit,
    net: Net<'_, f32>,
    weights: &TiledWeights,
    sequences: Sequences<'_>,
    reach: Reach,
    places: &Places,
    slot: &mut GradSlot,
    room: &mut Room,
) {
    for (layer, weights) in weights.blocks.iter().enumerate().rev() {
        let here = &places.blocks[layer];
        if let (Some(weights), Some(mlp)) = (&weights.mlp, &here.mlp) {
            mlp_bwd(unit, net, weights, layer, mlp, here.output.b.clone(), slot, room);
        }
        let bias = layer.checked_sub(1).map(|before| output_bias(&places.blocks[before]));
        attention_layer_bwd(unit, net, weights, sequences, reach, layer, here, bias, slot, room);
    }
    embed_bwd(sequences, places, slot, &room.now.grad);
    room.profile.lap(Stage::Embed);
}

/// The bias that a block's output ends with: its gradient is the column sum of the residual stream's.
fn output_bias(block: &BlockPlaces) -> Range<usize> {
    block.mlp.as_ref().map_or(&block.output.b, |mlp| &mlp.output.b).clone()
}

/// Through a norm into the residual stream's gradient, and that one rounded for what comes before, its column sums added to
/// the gradient of `bias`.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn norm_layer_bwd(
    weights: &Norm,
    stash: &Normalized,
    places: &NormPlaces,
    bias: Option<Range<usize>>,
    sums: Sums,
    slot: &mut GradSlot,
    now: &mut Now,
) {
    now.grad_left.resize(weights.d_model, stash.len());
    for block in 0..stash.len() / BLOCK {
        let [dgain, dbias] = slot
            .vectors
            .get_disjoint_mut([places.gain.clone(), places.bias.clone()])
            .expect("gain and bias have places of their own");
        norm_bwd(weights, stash, &now.dnormed, block, [dgain, dbias], sums, &mut now.grad);
        if let Some(bias) = bias.clone() {
            let column_sums = &mut slot.vectors[bias];
            round_rows(&now.grad, block, &mut now.grad_rows, &mut now.grad_left, column_sums);
        }
    }
}

/// A norm's output, transposed, as left factor.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn pack_normed(weights: &Norm, stash: &Normalized, out: &mut Tiles) {
    out.resize(weights.d_model, stash.len());
    for block in 0..stash.len() / BLOCK {
        norm::pack_left_transposed(weights, stash, block, out);
    }
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn mlp_bwd(
    unit: TileUnit,
    net: Net<'_, f32>,
    weights: &TiledMlp,
    layer: usize,
    places: &MlpPlaces,
    bias_before: Range<usize>,
    slot: &mut GradSlot,
    room: &mut Room,
) {
    let Room { blocks, now, scratch, profile, .. } = room;
    let stash = &blocks[layer];
    let rows = stash.ln2.len();
    let dw_out = &mut slot.blocks[places.output.w.clone()];
    add_weight_gradient(unit, &now.grad_left, &stash.post, slot.sums, dw_out);
    profile.lap(Stage::LinearWeights);
    now.right.resize(net.config.d_mlp, rows);
    for first in (0..rows).step_by(panel(net.config)) {
        let panel = first..rows.min(first + panel(net.config));
        let mut finish = Finish::Slope {
            slope: &stash.slope,
            panel: &mut now.hidden,
            right: &mut now.right,
            bias_grad: &mut slot.vectors[places.input.b.clone()],
        };
        multiply(unit, &now.grad_rows, 0, panel.clone(), &weights.output.backward, &mut finish, scratch);
        let mut finish = Finish::Float { bias: None, sums: Sums::Set, out: &mut now.dnormed };
        multiply(unit, &now.hidden, first, panel, &weights.input.backward, &mut finish, scratch);
    }
    profile.lap(Stage::LinearInput);
    pack_normed(&weights.ln2, &stash.ln2, &mut now.normed_left);
    profile.lap(Stage::Pack);
    let dw_in = &mut slot.blocks[places.input.w.clone()];
    add_weight_gradient(unit, &now.normed_left, &now.right, slot.sums, dw_in);
    profile.lap(Stage::LinearWeights);
    let bias = Some(bias_before);
    norm_layer_bwd(&weights.ln2, &stash.ln2, &places.ln2, bias, Sums::Add, slot, now);
    profile.lap(Stage::NormBackward);
}

/// Through `W_O`, to the gradient of what the heads mixed.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn attention_out_bwd(
    unit: TileUnit,
    weights: &TiledBlock,
    layer: usize,
    places: &BlockPlaces,
    slot: &mut GradSlot,
    room: &mut Room,
) {
    let Room { blocks, scored, now, scratch, profile, .. } = room;
    let (z, rows) = scored.mixed(layer, &blocks[layer].z);
    now.right.resize(weights.output.forward.depth() * BLOCK, rows);
    for block in 0..rows / BLOCK {
        pack_right(z, block, &mut now.right);
    }
    profile.lap(Stage::Pack);
    let dw_o = &mut slot.blocks[places.output.w.clone()];
    add_weight_gradient(unit, &now.grad_left, &now.right, slot.sums, dw_o);
    profile.lap(Stage::LinearWeights);
    let mut finish = Finish::Round { bias: None, out: &mut now.dz };
    multiply(unit, &now.grad_rows, 0, 0..rows, &weights.output.backward, &mut finish, scratch);
    scored.widen(layer, &mut now.dz, &mut now.grad);
    profile.lap(Stage::LinearInput);
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn attention_layer_bwd(
    unit: TileUnit,
    net: Net<'_, f32>,
    weights: &TiledBlock,
    sequences: Sequences<'_>,
    reach: Reach,
    layer: usize,
    places: &BlockPlaces,
    bias_before: Option<Range<usize>>,
    slot: &mut GradSlot,
    room: &mut Room,
) {
    attention_out_bwd(unit, weights, layer, places, slot, room);
    let Room { blocks, now, attention_bwd: attention_bwd_room, turns, scratch, profile, .. } = room;
    let stash = &mut blocks[layer];
    let (rows, heads) = (stash.ln1.len(), heads(net.config, sequences));
    let (attention, dqkv) = (&mut stash.attention, &mut now.dqkv);
    attention_bwd(unit, heads, reach, &stash.qkv, &stash.z, attention, &mut now.dz, dqkv, attention_bwd_room);
    if let PositionEmbedding::Rotary { dim, base } = net.config.positions {
        turns.rotate(heads, dim, base, |r| r % sequences.seq, -1.0, &mut now.dqkv);
    }
    profile.lap(Stage::AttentionBackward);
    let lines = 3 * heads.width / BLOCK;
    for r in sequences.tokens.len()..rows {
        // A larger group may have left something here.
        for c in 0..lines {
            *now.dqkv.line_mut(r, c) = Line::ZERO;
        }
    }
    now.right.resize(3 * heads.width, rows);
    for block in 0..rows / BLOCK {
        pack_right(&now.dqkv, block, &mut now.right);
    }
    add_column_sums(&now.dqkv, rows, &mut slot.vectors[places.qkv.b.clone()]);
    pack_normed(&weights.ln1, &stash.ln1, &mut now.normed_left);
    profile.lap(Stage::Pack);
    let dw_qkv = &mut slot.blocks[places.qkv.w.clone()];
    add_weight_gradient(unit, &now.normed_left, &now.right, slot.sums, dw_qkv);
    profile.lap(Stage::LinearWeights);
    let mut finish = Finish::Float { bias: None, sums: Sums::Set, out: &mut now.dnormed };
    multiply(unit, &now.dqkv, 0, 0..rows, &weights.qkv.backward, &mut finish, scratch);
    profile.lap(Stage::LinearInput);
    norm_layer_bwd(&weights.ln1, &stash.ln1, &places.ln1, bias_before, Sums::Add, slot, now);
    profile.lap(Stage::NormBackward);
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn embed_bwd(sequences: Sequences<'_>, places: &Places, slot: &mut GradSlot, grad: &Floats) {
    let mut add_to = |to: Range<usize>, row: &[Wide]| {
        for (sum, wide) in slot.vectors[to].iter_mut().zip(row) {
            store_wide(sum, add(load_wide(sum), load_wide(wide)));
        }
    };
    for (r, &token) in sequences.tokens.iter().enumerate() {
        add_to(places.w_e.row(token as usize), grad.row(r));
        if let Some(w_pos) = &places.w_pos {
            add_to(w_pos.row(r % sequences.seq), grad.row(r));
        }
    }
}
