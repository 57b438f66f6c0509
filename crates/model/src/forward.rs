//! The forward pass over sequences of equal length.
//!
//! `resid_mid = resid_pre + attn(ln1(resid_pre))`, `resid_post = resid_mid + mlp(ln2(resid_mid))`,
//! `logits = ln_final(resid_post) @ W_U + b_U` (pre-norm, as GPT-2 and TransformerLens).

use crate::acts::{Acts, BlockActs};
use crate::by_head::{head_results, offer_inputs, project, sum_heads};
use crate::config::{Normalization, PositionEmbedding};
use crate::kernels::activation::activate;
use crate::kernels::attention::AttnDims;
use crate::kernels::lanes::{add, add_bias, set_sum};
use crate::kernels::norm::{NormActs, norm_divide, norm_gain, norm_rows, norm_scale};
use crate::kernels::product::Packing;
use crate::kernels::real::Real;
use crate::kernels::rotary::RotaryTable;
use crate::linear::linear;
use crate::net::{Net, Sequences, attn_dims, norm_kind};
use crate::params::{BlockSlots, MlpSlots, NormSlots};
use crate::past::{NoPast, Past};
use crate::sites::{At, Site};
use crate::stage::Stage;
use crate::tap::Tap;

/// Runs the network on sequences of equal length and leaves every activation in `acts`.
///
/// # Panics
/// If a token is not below `d_vocab` or a sequence is longer than `n_ctx`: check input with [`crate::Model::check`].
pub fn forward<F: Real>(net: Net<'_, F>, sequences: Sequences<'_>, acts: &mut Acts<F>, tap: &mut dyn Tap<F>) {
    forward_after(net, sequences, &mut NoPast, acts, tap);
}

/// Runs the network on the positions that follow `past`; `acts` holds the new positions only.
pub(crate) fn forward_after<F: Real>(
    net: Net<'_, F>,
    sequences: Sequences<'_>,
    past: &mut dyn Past<F>,
    acts: &mut Acts<F>,
    tap: &mut dyn Tap<F>,
) {
    let Net { config, layout, .. } = net;
    acts.resize(config, sequences.n_seq(), sequences.seq);
    let Acts { blocks, resid, ln_final, unembed_in, logits, branch, packing, rotary } = acts;
    embed(net, sequences, past, resid, branch, tap);
    tap.over(Stage::Embed);
    for (layer, block) in blocks.iter_mut().enumerate() {
        let slots = &layout.blocks[layer];
        std::mem::swap(&mut block.resid_pre, resid);
        tap.forward(At::new(Site::ResidPre, layer), &mut block.resid_pre);
        attention(net, layer, slots, sequences, past, block, branch, packing, rotary, tap);
        if let Some(mlp_slots) = &slots.mlp {
            set_sum(&mut block.resid_mid, &block.resid_pre, branch);
            tap.forward(At::new(Site::ResidMid, layer), &mut block.resid_mid);
            mlp(net, layer, mlp_slots, block, branch, packing, tap);
            set_sum(resid, &block.resid_mid, branch);
        } else {
            set_sum(resid, &block.resid_pre, branch);
        }
        tap.over(Stage::Linear);
        tap.forward(At::new(Site::ResidPost, layer), resid);
    }
    let sites = [Site::LnFinalScale, Site::LnFinalNormalized].map(|site| At::new(site, 0));
    norm(net, config.final_normalization(), layout.ln_final, sites, resid, ln_final, tap);
    tap.over(Stage::Norm);
    std::mem::swap(unembed_in, &mut ln_final.out);
    tap.forward(At::new(Site::UnembedIn, 0), unembed_in);
    linear(net, unembed_in, layout.w_u, layout.b_u, logits, packing);
    tap.forward(At::new(Site::UnembedOut, 0), logits);
    tap.over(Stage::Loss);
}

/// `resid = W_E[token] + W_pos[pos]`.
fn embed<F: Real>(
    net: Net<'_, F>,
    sequences: Sequences<'_>,
    past: &dyn Past<F>,
    resid: &mut [F],
    positions: &mut [F],
    tap: &mut dyn Tap<F>,
) {
    let d = net.config.d_model;
    let w_e = net.layout.w_e.of(net.params);
    for (row, &token) in resid.chunks_exact_mut(d).zip(sequences.tokens) {
        row.copy_from_slice(&w_e[token as usize * d..][..d]);
    }
    tap.forward(At::new(Site::Embed, 0), resid);
    if let Some(w_pos) = net.layout.w_pos {
        for (b, sequence) in positions.chunks_exact_mut(sequences.seq * d).enumerate() {
            sequence.copy_from_slice(&w_pos.of(net.params)[past.first_pos(b) * d..][..sequence.len()]);
        }
        tap.forward(At::new(Site::PosEmbed, 0), positions);
        add(resid, positions);
    }
}

/// One norm: scale, division, gain and bias. Without normalisation the input passes unchanged.
fn norm<F: Real>(
    net: Net<'_, F>,
    normalization: Normalization,
    slots: NormSlots,
    [scale_site, normalized_site]: [At; 2],
    x: &[F],
    acts: &mut NormActs<F>,
    tap: &mut dyn Tap<F>,
) {
    if normalization == Normalization::None {
        acts.out.copy_from_slice(x);
        return;
    }
    let [gain, bias] = [slots.w, slots.b].map(|slot| slot.map(|s| s.of(net.params)));
    let kind = norm_kind(net.config, normalization);
    if !tap.wants(scale_site) && !tap.wants(normalized_site) {
        return norm_rows(kind, gain, bias, x, acts);
    }
    norm_scale(kind, x, acts);
    tap.forward(scale_site, &mut acts.scale);
    norm_divide(x, acts);
    tap.forward(normalized_site, &mut acts.normalized);
    norm_gain(gain, bias, acts);
}

/// Attention from `block.resid_pre` to `branch`.
fn attention<F: Real>(
    net: Net<'_, F>,
    layer: usize,
    slots: &BlockSlots,
    sequences: Sequences<'_>,
    past: &mut dyn Past<F>,
    block: &mut BlockActs<F>,
    branch: &mut [F],
    packing: &mut Packing<F>,
    rotary: &mut RotaryTable<F>,
    tap: &mut dyn Tap<F>,
) {
    let Net { config, params, .. } = net;
    let at = |site| At::new(site, layer);
    offer_inputs(net, layer, block, tap);
    let sites = [Site::Ln1Scale, Site::Ln1Normalized].map(at);
    norm(net, config.normalization, slots.ln1, sites, &block.resid_pre, &mut block.ln1, tap);
    tap.over(Stage::Norm);
    let dims = attn_dims(config, sequences);
    let BlockActs { by_head: [q_input, k_input, v_input], ln1, q, k, v, .. } = block;
    let projections = [
        (Site::Q, slots.w_q, slots.b_q, q_input, q),
        (Site::K, slots.w_k, slots.b_k, k_input, k),
        (Site::V, slots.w_v, slots.b_v, v_input, v),
    ];
    for (site, w, b, own, out) in projections {
        if own.x.is_empty() {
            linear(net, &ln1.out, w, b, out, packing);
        } else {
            project(net, layer, slots.ln1, own, w, b, out, tap);
        }
        tap.forward(at(site), out);
    }
    tap.over(Stage::Linear);
    if let PositionEmbedding::Rotary { dim, base } = config.positions {
        for (site, x) in [(Site::RotQ, &mut block.q), (Site::RotK, &mut block.k)] {
            for_each_start(dims, past, x, |dims, pos, x| rotary.rotate(dims, dim, base, 1.0, pos, x));
            tap.forward(at(site), x);
        }
    }
    past.attend(layer, dims, block, packing, tap);
    tap.over(Stage::Attention);
    tap.forward(at(Site::Z), &mut block.z);
    if tap.wants(at(Site::Result)) {
        let mut result = head_results(config, &block.z, slots.w_o.of(params));
        tap.forward(at(Site::Result), &mut result);
        sum_heads(config, &result, branch);
        add_bias(branch, slots.b_o.of(params));
    } else {
        linear(net, &block.z, slots.w_o, slots.b_o, branch, packing);
    }
    tap.forward(at(Site::AttnOut), branch);
}

/// Calls `work` on runs of sequences that start at the same position.
fn for_each_start<F: Real>(
    dims: AttnDims,
    past: &dyn Past<F>,
    x: &mut [F],
    mut work: impl FnMut(AttnDims, usize, &mut [F]),
) {
    let len = dims.seq * dims.n_heads * dims.d_head;
    let mut first = 0;
    while first < dims.n_seq {
        let pos = past.first_pos(first);
        let n_seq = (first..dims.n_seq).take_while(|&b| past.first_pos(b) == pos).count();
        work(AttnDims { n_seq, ..dims }, pos, &mut x[first * len..(first + n_seq) * len]);
        first += n_seq;
    }
}

/// The MLP from `block.resid_mid` to `branch`.
fn mlp<F: Real>(
    net: Net<'_, F>,
    layer: usize,
    slots: &MlpSlots,
    block: &mut BlockActs<F>,
    branch: &mut [F],
    packing: &mut Packing<F>,
    tap: &mut dyn Tap<F>,
) {
    let config = net.config;
    let at = |site| At::new(site, layer);
    block.mlp_in.clear();
    if tap.wants(at(Site::MlpIn)) {
        block.mlp_in.extend_from_slice(&block.resid_mid);
        tap.forward(at(Site::MlpIn), &mut block.mlp_in);
    }
    let BlockActs { resid_mid, mlp_in, ln2, slope: pre, post, .. } = block;
    let input = if mlp_in.is_empty() { &*resid_mid } else { &*mlp_in };
    let sites = [Site::Ln2Scale, Site::Ln2Normalized].map(at);
    norm(net, config.normalization, slots.ln2, sites, input, ln2, tap);
    tap.over(Stage::Norm);
    linear(net, &ln2.out, slots.w_in, slots.b_in, pre, packing);
    tap.forward(at(Site::MlpPre), pre);
    tap.over(Stage::Linear);
    activate(config.act_fn, pre, post);
    tap.forward(at(Site::MlpPost), post);
    tap.over(Stage::Activation);
    linear(net, post, slots.w_out, slots.b_out, branch, packing);
    tap.forward(at(Site::MlpOut), branch);
}
