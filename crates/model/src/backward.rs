//! The backward pass: [`crate::forward`] read from the last line to the first.
//!
//! Each step turns the gradient of what a forward line wrote into the gradient of what it read, and adds to the gradients of
//! its parameters. Every site's gradient exists on the way, so a tap sees it where the forward pass offered the value.

use crate::config::{ModelConfig, Normalization, PositionEmbedding};
use crate::forward::{Acts, BlockActs, Net, Sequences, attn_dims, norm_kind, repeat_rows};
use crate::kernels::attention::{AttnDims, KvGradient, attn_mix_bwd, attn_scores_bwd, softmax_rows_bwd};
use crate::kernels::flash::attend_bwd;
use crate::kernels::lanes::{add, add_column_sums, add_to, multiply};
use crate::kernels::norm::{NormActs, norm_gain_bwd, norm_input_bwd, norm_rows_bwd, norm_scale_bwd};
use crate::kernels::product::{Packing, Store, add_product, set_product, view, view_mut};
use crate::kernels::real::Real;
use crate::kernels::rotary::RotaryTable;
use crate::linear::{linear_input_bwd, linear_weights_bwd};
use crate::params::{BlockSlots, MlpSlots, NormSlots, Slot};
use crate::sites::{At, Site};
use crate::stage::Stage;
use crate::tap::Tap;

/// Gradients of activations on their way back. Reused from group to group.
#[derive(Clone, Debug, Default)]
pub struct ActGrads<F> {
    /// `[n_seq, seq, d_vocab]`; the loss fills it, see [`crate::kernels::loss::cross_entropy`].
    pub logits: Vec<F>,
    /// `[n_seq, seq, d_model]`, of the residual stream.
    resid: Vec<F>,
    /// `[n_seq, seq, d_model]`, of a sublayer's output.
    branch: Vec<F>,
    /// `[n_seq, seq, d_model]`, of a sublayer's input.
    input: Vec<F>,
    /// `[n_seq, seq]`, of a norm's scale.
    scale: Vec<F>,
    /// `[n_seq, seq, n_heads, d_head]`
    q: Vec<F>,
    k: Vec<F>,
    v: Vec<F>,
    z: Vec<F>,
    /// `[n_seq, n_heads, seq, seq]`
    pattern: Vec<F>,
    /// `[n_seq, seq, d_mlp]`
    hidden: Vec<F>,
    packing: Packing<F>,
    rotary: RotaryTable<F>,
}

impl<F: Real> ActGrads<F> {
    /// Room for the gradients of one group.
    pub fn resize(&mut self, config: &ModelConfig, n_seq: usize, seq: usize) {
        let (d, heads) = (config.d_model, config.n_heads * config.d_head);
        for (buffer, width) in [
            (&mut self.logits, config.d_vocab),
            (&mut self.resid, d),
            (&mut self.branch, d),
            (&mut self.input, d),
            (&mut self.scale, 1),
            (&mut self.q, heads),
            (&mut self.k, heads),
            (&mut self.v, heads),
            (&mut self.z, heads),
            (&mut self.hidden, if config.attn_only { 0 } else { config.d_mlp }),
        ] {
            buffer.resize(n_seq * seq * width, F::ZERO);
        }
    }
}

/// Adds the gradients of all parameters to `param_grads` (laid out as the parameters), given the gradient of the logits in
/// `grads.logits` and the activations that [`crate::forward::forward`] left.
pub fn backward<F: Real>(
    net: Net<'_, F>,
    sequences: Sequences<'_>,
    acts: &Acts<F>,
    kv_gradient: KvGradient,
    grads: &mut ActGrads<F>,
    param_grads: &mut [F],
    tap: &mut impl Tap<F>,
) {
    let Net { config, layout, .. } = net;
    tap.backward(At::new(Site::UnembedOut, 0), &mut grads.logits);
    let (w_u, b_u) = (layout.w_u, layout.b_u);
    linear_weights_bwd(&acts.unembed_in, &grads.logits, w_u, b_u, param_grads, &mut grads.packing);
    linear_input_bwd(net, &grads.logits, w_u, b_u, Store::Set, &mut grads.resid, &mut grads.packing);
    tap.backward(At::new(Site::UnembedIn, 0), &mut grads.resid);
    tap.over(Stage::Loss);
    let sites = [Site::LnFinalScale, Site::LnFinalNormalized].map(|site| At::new(site, 0));
    let final_norm = config.final_normalization();
    let ActGrads { resid, scale, .. } = grads;
    norm_bwd(net, final_norm, layout.ln_final, sites, &acts.resid, &acts.ln_final, resid, scale, param_grads, tap);
    tap.over(Stage::NormBackward);
    for (layer, block) in acts.blocks.iter().enumerate().rev() {
        let slots = &layout.blocks[layer];
        tap.backward(At::new(Site::ResidPost, layer), &mut grads.resid);
        if let Some(mlp_slots) = &slots.mlp {
            mlp_bwd(net, layer, mlp_slots, block, grads, param_grads, tap);
            tap.backward(At::new(Site::ResidMid, layer), &mut grads.resid);
        }
        attention_bwd(net, layer, slots, sequences, block, kv_gradient, grads, param_grads, tap);
        tap.backward(At::new(Site::ResidPre, layer), &mut grads.resid);
    }
    embed_bwd(net, sequences, grads, param_grads, tap);
    tap.over(Stage::Embed);
}

/// Reverses a norm: `grad` comes in as the gradient of its output and leaves as the gradient of its input.
fn norm_bwd<F: Real>(
    net: Net<'_, F>,
    normalization: Normalization,
    slots: NormSlots,
    [scale_site, normalized_site]: [At; 2],
    x: &[F],
    acts: &NormActs<F>,
    grad: &mut [F],
    dscale: &mut [F],
    param_grads: &mut [F],
    tap: &mut impl Tap<F>,
) {
    if normalization == Normalization::None {
        return;
    }
    let gain = slots.w.map(|s| s.of(net.params));
    let kind = norm_kind(net.config, normalization);
    let [dgain, dbias] = slots.of_mut(param_grads);
    if !tap.wants(scale_site) && !tap.wants(normalized_site) {
        return norm_rows_bwd(kind, gain, acts, x, grad, dgain, dbias);
    }
    norm_gain_bwd(gain, acts, grad, dgain, dbias);
    tap.backward(normalized_site, grad);
    norm_scale_bwd(acts, x, grad, dscale);
    tap.backward(scale_site, dscale);
    norm_input_bwd(kind, acts, x, dscale, grad);
}

/// The gradient of a branch of the residual stream: the stream's own, or a copy that a tap has looked at.
fn offered<'a, F: Real>(site: At, resid: &'a [F], copy: &'a mut [F], tap: &mut impl Tap<F>) -> &'a [F] {
    if !tap.wants(site) {
        return resid;
    }
    copy.copy_from_slice(resid);
    tap.backward(site, copy);
    copy
}

fn mlp_bwd<F: Real>(
    net: Net<'_, F>,
    layer: usize,
    slots: &MlpSlots,
    block: &BlockActs<F>,
    grads: &mut ActGrads<F>,
    param_grads: &mut [F],
    tap: &mut impl Tap<F>,
) {
    let Net { config, .. } = net;
    let at = |site| At::new(site, layer);
    let ActGrads { resid, branch, input, scale, hidden, packing, .. } = grads;
    let branch = offered(at(Site::MlpOut), resid, branch, tap);
    linear_weights_bwd(&block.post, branch, slots.w_out, slots.b_out, param_grads, packing);
    tap.over(Stage::LinearWeights);
    linear_input_bwd(net, branch, slots.w_out, slots.b_out, Store::Set, hidden, packing);
    tap.over(Stage::LinearInput);
    tap.backward(at(Site::MlpPost), hidden);
    multiply(hidden, &block.slope);
    tap.backward(at(Site::MlpPre), hidden);
    tap.over(Stage::Activation);
    linear_weights_bwd(&block.ln2.out, hidden, slots.w_in, slots.b_in, param_grads, packing);
    tap.over(Stage::LinearWeights);
    linear_input_bwd(net, hidden, slots.w_in, slots.b_in, Store::Set, input, packing);
    tap.over(Stage::LinearInput);
    let x = if block.mlp_in.is_empty() { &block.resid_mid } else { &block.mlp_in };
    let sites = [Site::Ln2Scale, Site::Ln2Normalized].map(at);
    norm_bwd(net, config.normalization, slots.ln2, sites, x, &block.ln2, input, scale, param_grads, tap);
    tap.backward(at(Site::MlpIn), input);
    add(resid, input);
    tap.over(Stage::NormBackward);
}

fn attention_bwd<F: Real>(
    net: Net<'_, F>,
    layer: usize,
    slots: &BlockSlots,
    sequences: Sequences<'_>,
    block: &BlockActs<F>,
    kv_gradient: KvGradient,
    grads: &mut ActGrads<F>,
    param_grads: &mut [F],
    tap: &mut impl Tap<F>,
) {
    let Net { config, .. } = net;
    let at = |site| At::new(site, layer);
    let dims = attn_dims(config, sequences);
    let ActGrads { resid, branch, input, scale, q, k, v, z, pattern, packing, rotary, .. } = grads;
    let branch = offered(at(Site::AttnOut), resid, branch, tap);
    if tap.wants(at(Site::Result)) {
        result_bwd(net, slots, at(Site::Result), &block.z, branch, z, param_grads, tap);
    } else {
        linear_weights_bwd(&block.z, branch, slots.w_o, slots.b_o, param_grads, packing);
        tap.over(Stage::LinearWeights);
        linear_input_bwd(net, branch, slots.w_o, slots.b_o, Store::Set, z, packing);
    }
    tap.backward(at(Site::Z), z);
    tap.over(Stage::LinearInput);
    if block.pattern.is_empty() {
        let read = [&block.q, &block.k, &block.v].map(|x| &x[..]);
        attend_bwd(dims, kv_gradient, read, &block.sums, &block.z, z, [&mut *q, &mut *k, &mut *v], packing);
    } else {
        let whole = tap.wants(at(Site::Pattern));
        pattern.resize(block.pattern.len(), F::ZERO);
        attn_mix_bwd(packing, dims, &block.pattern, &block.v, z, whole, pattern, v);
        tap.backward(at(Site::Pattern), pattern);
        softmax_rows_bwd(dims, if block.softmax.is_empty() { &block.pattern } else { &block.softmax }, pattern);
        tap.backward(at(Site::AttnScores), pattern);
        attn_scores_bwd(packing, dims, &block.q, &block.k, pattern, q, k);
        if kv_gradient == KvGradient::OwnQuery {
            own_key_and_value_bwd(dims, block, z, pattern, k, v);
        }
    }
    if let PositionEmbedding::Rotary { dim, base } = config.positions {
        for (site, grad) in [(Site::RotQ, &mut *q), (Site::RotK, &mut *k)] {
            tap.backward(at(site), grad);
            rotary.rotate(dims, dim, base, -1.0, 0, grad);
        }
    }
    tap.over(Stage::AttentionBackward);
    let mut by_head = HeadInputs::new(net, layer, block, tap);
    let mut store = Store::Set;
    let projections = [
        (Site::Q, Site::QInput, slots.w_q, slots.b_q, q),
        (Site::K, Site::KInput, slots.w_k, slots.b_k, k),
        (Site::V, Site::VInput, slots.w_v, slots.b_v, v),
    ];
    for (site, input_site, w, b, grad) in projections {
        tap.backward(at(site), grad);
        linear_weights_bwd(&block.ln1.out, grad, w, b, param_grads, packing);
        tap.over(Stage::LinearWeights);
        linear_input_bwd(net, grad, w, b, store, input, packing);
        store = Store::Add;
        by_head.offer(net, slots, at(input_site), block, w, grad, tap);
        tap.over(Stage::LinearInput);
    }
    by_head.offer_sum(at(Site::AttnIn), tap);
    let sites = [Site::Ln1Scale, Site::Ln1Normalized].map(at);
    norm_bwd(net, config.normalization, slots.ln1, sites, &block.resid_pre, &block.ln1, input, scale, param_grads, tap);
    add(resid, input);
    tap.over(Stage::NormBackward);
}

/// Gradients of keys and values from the query at their own position alone, in place of those from all queries:
/// `dk[s] = dscores[s, s] q[s] / attn_scale`, `dv[s] = pattern[s, s] dz[s]`.
fn own_key_and_value_bwd<F: Real>(
    dims: AttnDims,
    block: &BlockActs<F>,
    dz: &[F],
    dscores: &[F],
    dk: &mut [F],
    dv: &mut [F],
) {
    let AttnDims { seq, n_heads, d_head, .. } = dims;
    let scale = F::of(1.0 / dims.attn_scale);
    let own = dk.chunks_exact_mut(d_head).zip(dv.chunks_exact_mut(d_head)).enumerate();
    for (i, (dk, dv)) in own {
        let (b, s, head) = (i / n_heads / seq, i / n_heads % seq, i % n_heads);
        let diagonal = ((b * n_heads + head) * seq + s) * seq + s;
        let (dscore, p) = (scale * dscores[diagonal], block.pattern[diagonal]);
        for (j, (dk, dv)) in dk.iter_mut().zip(dv).enumerate() {
            (*dk, *dv) = (dscore * block.q[i * d_head + j], p * dz[i * d_head + j]);
        }
    }
}

/// Through the per-head results `[n_seq, seq, n_heads, d_model]`, whose sum (and `b_O`) is the attention output.
fn result_bwd<F: Real>(
    net: Net<'_, F>,
    slots: &BlockSlots,
    site: At,
    z: &[F],
    branch: &[F],
    dz: &mut [F],
    param_grads: &mut [F],
    tap: &mut impl Tap<F>,
) {
    let (h, dh, d) = (net.config.n_heads, net.config.d_head, net.config.d_model);
    add_column_sums(slots.b_o.of_mut(param_grads), branch);
    let mut dresult = repeat_rows(branch, d, h);
    tap.backward(site, &mut dresult);
    let (w_o, z) = (view(slots.w_o.of(net.params), d), view(z, h * dh));
    for head in 0..h {
        let grad = view(&dresult, h * d).subcols(head * d, d);
        let dw_o = view_mut(slots.w_o.of_mut(param_grads), d).subrows_mut(head * dh, dh);
        add_product(dw_o, z.subcols(head * dh, dh).transpose(), grad);
        let out = view_mut(dz, h * dh).subcols_mut(head * dh, dh);
        set_product(out, grad, w_o.subrows(head * dh, dh).transpose());
    }
}

/// Gradients of what each head's queries, keys and values read (`hook_q_input` and its like), made only when a tap asks.
struct HeadInputs<F> {
    /// `[n_seq, seq, n_heads, d_model]`, summed over queries, keys and values; empty if nobody asks.
    sum: Vec<F>,
    wanted: bool,
}

impl<F: Real> HeadInputs<F> {
    fn new(net: Net<'_, F>, layer: usize, block: &BlockActs<F>, tap: &impl Tap<F>) -> HeadInputs<F> {
        let sites = [Site::AttnIn, Site::QInput, Site::KInput, Site::VInput];
        let wanted = sites.iter().any(|&site| tap.wants(At::new(site, layer)));
        let len = if wanted { block.resid_pre.len() * net.config.n_heads } else { 0 };
        HeadInputs { sum: vec![F::ZERO; len], wanted }
    }

    /// One projection's share: per head `dproj @ Wᵀ`, then back through the norm, whose input all heads share.
    fn offer(
        &mut self,
        net: Net<'_, F>,
        slots: &BlockSlots,
        site: At,
        block: &BlockActs<F>,
        w: Slot,
        dproj: &[F],
        tap: &mut impl Tap<F>,
    ) {
        if !self.wanted {
            return;
        }
        let (h, dh, d) = (net.config.n_heads, net.config.d_head, net.config.d_model);
        let mut by_head = vec![F::ZERO; self.sum.len()];
        let mut dscale = vec![F::ZERO; block.resid_pre.len() / d];
        let mut one = vec![F::ZERO; block.resid_pre.len()];
        for head in 0..h {
            let w = view(w.of(net.params), h * dh).subcols(head * dh, dh);
            set_product(view_mut(&mut one, d), view(dproj, h * dh).subcols(head * dh, dh), w.transpose());
            if net.config.normalization != Normalization::None {
                norm_gain_bwd(slots.ln1.w.map(|s| s.of(net.params)), &block.ln1, &mut one, None, None);
                norm_scale_bwd(&block.ln1, &block.resid_pre, &one, &mut dscale);
                let kind = norm_kind(net.config, net.config.normalization);
                norm_input_bwd(kind, &block.ln1, &block.resid_pre, &dscale, &mut one);
            }
            for (row, out) in one.chunks_exact(d).zip(by_head.chunks_exact_mut(h * d)) {
                out[head * d..(head + 1) * d].copy_from_slice(row);
            }
        }
        add(&mut self.sum, &by_head);
        tap.backward(site, &mut by_head);
    }

    fn offer_sum(&mut self, site: At, tap: &mut impl Tap<F>) {
        if self.wanted {
            tap.backward(site, &mut self.sum);
        }
    }
}

fn embed_bwd<F: Real>(
    net: Net<'_, F>,
    sequences: Sequences<'_>,
    grads: &mut ActGrads<F>,
    param_grads: &mut [F],
    tap: &mut impl Tap<F>,
) {
    let d = net.config.d_model;
    if let Some(w_pos) = net.layout.w_pos {
        grads.branch.copy_from_slice(&grads.resid);
        tap.backward(At::new(Site::PosEmbed, 0), &mut grads.branch);
        let dw_pos = &mut w_pos.of_mut(param_grads)[..sequences.seq * d];
        for sequence in grads.branch.chunks_exact(dw_pos.len()) {
            add_to(dw_pos, sequence);
        }
    }
    tap.backward(At::new(Site::Embed, 0), &mut grads.resid);
    let dw_e = net.layout.w_e.of_mut(param_grads);
    for (row, &token) in grads.resid.chunks_exact(d).zip(sequences.tokens) {
        add_to(&mut dw_e[token as usize * d..][..d], row);
    }
}
