//! The backward pass of a micro-batch: [`super::forward`] read from the last line to the first.

use super::attention_bwd::attention_bwd;
use super::factor::{self, BLOCK, Floats, Tiles, add_column_sums, add_weight_gradient, pack_right, round_rows};
use super::grad_slot::{BlockGrads, GradLayout, GradSlot, MlpGrads, NormGrads};
use super::linear::{Finish, multiply};
use super::loss::cross_entropy;
use super::norm::{self, Norm, Normalized, norm, norm_bwd};
use super::weights::{TiledBlock, TiledMlp, TiledWeights};
use super::workspace::{Transient, Workspace, heads, panel};
use crate::config::PositionEmbedding;
use crate::kernels::attention::KvGradient;
use crate::kernels::bf16_unit::TileUnit;
use crate::kernels::tile::{Line, Sums, Wide};
use crate::kernels::vector::{add, load_wide, store_wide};
use crate::micro_batch::MicroBatch;
use crate::net::{Net, Sequences};
use crate::stage::Stage;
use std::ops::Range;

/// Unembedding and loss, forward and backward: leaves the gradient of the residual stream after the last block in the workspace
/// and returns the weighted loss.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(super) fn loss(
    unit: TileUnit,
    net: Net<'_, f32>,
    weights: &TiledWeights,
    micro_batch: &MicroBatch,
    scale: f64,
    grad_layout: &GradLayout,
    slot: &mut GradSlot,
    workspace: &mut Workspace,
) -> f64 {
    let Workspace { ln_final, scored, transient, scratch, profile, .. } = workspace;
    let rows = scored.len();
    transient.normed_left.resize(net.config.d_model, rows);
    for block in 0..rows / BLOCK {
        norm(&weights.ln_final, &transient.resid, block, &mut transient.normed, Some(ln_final));
        factor::pack_left_transposed(&transient.normed, block, &mut transient.normed_left);
    }
    profile.lap(Stage::Norm);
    let mut finish = Finish::Float { bias: Some(&weights.unembed.bias), sums: Sums::Set, out: &mut transient.logits };
    multiply(unit, &transient.normed, 0, 0..rows, &weights.unembed.forward, &mut finish, scratch);
    let loss = cross_entropy(
        micro_batch,
        scored.rows(),
        net.config.d_vocab,
        scale,
        &mut transient.logits,
        &mut transient.dlogits,
    );
    transient.right.resize(net.config.d_vocab, rows);
    for block in 0..rows / BLOCK {
        pack_right(&transient.dlogits, block, &mut transient.right);
    }
    add_column_sums(&transient.dlogits, rows, &mut slot.vectors[grad_layout.unembed.b.clone()]);
    let dw = &mut slot.blocks[grad_layout.unembed.w.clone()];
    add_weight_gradient(unit, &transient.normed_left, &transient.right, slot.sums, dw);
    let mut finish = Finish::Float { bias: None, sums: Sums::Set, out: &mut transient.dnormed };
    multiply(unit, &transient.dlogits, 0, 0..rows, &weights.unembed.backward, &mut finish, scratch);
    profile.lap(Stage::Loss);
    let bias = grad_layout.blocks.last().map(output_bias);
    norm_layer_bwd(&weights.ln_final, ln_final, &grad_layout.ln_final, bias, Sums::Set, slot, transient);
    profile.lap(Stage::NormBackward);
    loss
}

/// Propagates the gradient of the residual stream after the last block to all parameters before it.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(super) fn backward(
    unit: TileUnit,
    net: Net<'_, f32>,
    weights: &TiledWeights,
    sequences: Sequences<'_>,
    kv_gradient: KvGradient,
    grad_layout: &GradLayout,
    slot: &mut GradSlot,
    workspace: &mut Workspace,
) {
    for (layer, weights) in weights.blocks.iter().enumerate().rev() {
        let here = &grad_layout.blocks[layer];
        if let (Some(weights), Some(mlp)) = (&weights.mlp, &here.mlp) {
            mlp_bwd(unit, net, weights, layer, mlp, here.output.b.clone(), slot, workspace);
        }
        let bias = layer.checked_sub(1).map(|before| output_bias(&grad_layout.blocks[before]));
        attention_layer_bwd(unit, net, weights, sequences, kv_gradient, layer, here, bias, slot, workspace);
    }
    embed_bwd(sequences, grad_layout, slot, &workspace.transient.grad);
    workspace.profile.lap(Stage::Embed);
}

/// Returns the bias that a block ends with: its gradient is the column sum of the residual stream's.
fn output_bias(block: &BlockGrads) -> Range<usize> {
    block.mlp.as_ref().map_or(&block.output.b, |mlp| &mlp.output.b).clone()
}

/// Reverses a norm into the residual stream's gradient, rounds that for the layer before, and adds its column sums to the
/// gradient of `bias`.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn norm_layer_bwd(
    weights: &Norm,
    stash: &Normalized,
    grad_layout: &NormGrads,
    bias: Option<Range<usize>>,
    sums: Sums,
    slot: &mut GradSlot,
    transient: &mut Transient,
) {
    transient.grad_left.resize(weights.d_model, stash.len());
    for block in 0..stash.len() / BLOCK {
        let [dgain, dbias] = slot
            .vectors
            .get_disjoint_mut([grad_layout.gain.clone(), grad_layout.bias.clone()])
            .expect("gain and bias have grad_layout of their own");
        norm_bwd(weights, stash, &transient.dnormed, block, [dgain, dbias], sums, &mut transient.grad);
        if let Some(bias) = bias.clone() {
            let column_sums = &mut slot.vectors[bias];
            round_rows(&transient.grad, block, &mut transient.grad_rows, &mut transient.grad_left, column_sums);
        }
    }
}

/// Packs the transpose of a norm's output as left factor.
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
    grad_layout: &MlpGrads,
    bias_before: Range<usize>,
    slot: &mut GradSlot,
    workspace: &mut Workspace,
) {
    let Workspace { blocks, transient, scratch, profile, .. } = workspace;
    let stash = &blocks[layer];
    let rows = stash.ln2.len();
    let dw_out = &mut slot.blocks[grad_layout.output.w.clone()];
    add_weight_gradient(unit, &transient.grad_left, &stash.post, slot.sums, dw_out);
    profile.lap(Stage::LinearWeights);
    transient.right.resize(net.config.d_mlp, rows);
    for first in (0..rows).step_by(panel(net.config)) {
        let panel = first..rows.min(first + panel(net.config));
        let mut finish = Finish::Slope {
            slope: &stash.slope,
            panel: &mut transient.hidden,
            right: &mut transient.right,
            bias_grad: &mut slot.vectors[grad_layout.input.b.clone()],
        };
        multiply(unit, &transient.grad_rows, 0, panel.clone(), &weights.output.backward, &mut finish, scratch);
        let mut finish = Finish::Float { bias: None, sums: Sums::Set, out: &mut transient.dnormed };
        multiply(unit, &transient.hidden, first, panel, &weights.input.backward, &mut finish, scratch);
    }
    profile.lap(Stage::LinearInput);
    pack_normed(&weights.ln2, &stash.ln2, &mut transient.normed_left);
    profile.lap(Stage::Pack);
    let dw_in = &mut slot.blocks[grad_layout.input.w.clone()];
    add_weight_gradient(unit, &transient.normed_left, &transient.right, slot.sums, dw_in);
    profile.lap(Stage::LinearWeights);
    let bias = Some(bias_before);
    norm_layer_bwd(&weights.ln2, &stash.ln2, &grad_layout.ln2, bias, Sums::Add, slot, transient);
    profile.lap(Stage::NormBackward);
}

/// Reverses `W_O`, to the gradient of `z`.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn attention_out_bwd(
    unit: TileUnit,
    weights: &TiledBlock,
    layer: usize,
    grad_layout: &BlockGrads,
    slot: &mut GradSlot,
    workspace: &mut Workspace,
) {
    let Workspace { blocks, scored, transient, scratch, profile, .. } = workspace;
    let (z, rows) = scored.mixed(layer, &blocks[layer].z);
    transient.right.resize(weights.output.forward.depth() * BLOCK, rows);
    for block in 0..rows / BLOCK {
        pack_right(z, block, &mut transient.right);
    }
    profile.lap(Stage::Pack);
    let dw_o = &mut slot.blocks[grad_layout.output.w.clone()];
    add_weight_gradient(unit, &transient.grad_left, &transient.right, slot.sums, dw_o);
    profile.lap(Stage::LinearWeights);
    let mut finish = Finish::Round { bias: None, out: &mut transient.dz };
    multiply(unit, &transient.grad_rows, 0, 0..rows, &weights.output.backward, &mut finish, scratch);
    scored.widen(layer, &mut transient.dz, &mut transient.grad);
    profile.lap(Stage::LinearInput);
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn attention_layer_bwd(
    unit: TileUnit,
    net: Net<'_, f32>,
    weights: &TiledBlock,
    sequences: Sequences<'_>,
    kv_gradient: KvGradient,
    layer: usize,
    grad_layout: &BlockGrads,
    bias_before: Option<Range<usize>>,
    slot: &mut GradSlot,
    workspace: &mut Workspace,
) {
    attention_out_bwd(unit, weights, layer, grad_layout, slot, workspace);
    let Workspace { blocks, transient, attention_bwd: attention_bwd_scratch, rotary, scratch, profile, .. } = workspace;
    let stash = &mut blocks[layer];
    let (rows, heads) = (stash.ln1.len(), heads(net.config, sequences));
    let (attention, dqkv) = (&mut stash.attention, &mut transient.dqkv);
    attention_bwd(
        unit,
        heads,
        kv_gradient,
        &stash.qkv,
        &stash.z,
        attention,
        &mut transient.dz,
        dqkv,
        attention_bwd_scratch,
    );
    if let PositionEmbedding::Rotary { dim, base } = net.config.positions {
        rotary.rotate(heads, dim, base, |r| r % sequences.seq, -1.0, &mut transient.dqkv);
    }
    profile.lap(Stage::AttentionBackward);
    let lines = 3 * heads.width / BLOCK;
    for r in sequences.tokens.len()..rows {
        // A larger micro-batch may have left something here.
        for c in 0..lines {
            *transient.dqkv.line_mut(r, c) = Line::ZERO;
        }
    }
    transient.right.resize(3 * heads.width, rows);
    for block in 0..rows / BLOCK {
        pack_right(&transient.dqkv, block, &mut transient.right);
    }
    add_column_sums(&transient.dqkv, rows, &mut slot.vectors[grad_layout.qkv.b.clone()]);
    pack_normed(&weights.ln1, &stash.ln1, &mut transient.normed_left);
    profile.lap(Stage::Pack);
    let dw_qkv = &mut slot.blocks[grad_layout.qkv.w.clone()];
    add_weight_gradient(unit, &transient.normed_left, &transient.right, slot.sums, dw_qkv);
    profile.lap(Stage::LinearWeights);
    let mut finish = Finish::Float { bias: None, sums: Sums::Set, out: &mut transient.dnormed };
    multiply(unit, &transient.dqkv, 0, 0..rows, &weights.qkv.backward, &mut finish, scratch);
    profile.lap(Stage::LinearInput);
    norm_layer_bwd(&weights.ln1, &stash.ln1, &grad_layout.ln1, bias_before, Sums::Add, slot, transient);
    profile.lap(Stage::NormBackward);
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn embed_bwd(sequences: Sequences<'_>, grad_layout: &GradLayout, slot: &mut GradSlot, grad: &Floats) {
    let mut add_to = |to: Range<usize>, row: &[Wide]| {
        for (sum, wide) in slot.vectors[to].iter_mut().zip(row) {
            store_wide(sum, add(load_wide(sum), load_wide(wide)));
        }
    };
    for (r, &token) in sequences.tokens.iter().enumerate() {
        add_to(grad_layout.w_e.row(token as usize), grad.row(r));
        if let Some(w_pos) = &grad_layout.w_pos {
            add_to(w_pos.row(r % sequences.seq), grad.row(r));
        }
    }
}
