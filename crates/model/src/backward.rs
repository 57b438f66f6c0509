//! The backward pass: [`crate::forward`] from the last line to the first.
//!
//! Each step turns the gradient of what a forward line wrote into the gradient of what it read, and adds to the gradients of
//! its parameters. A tap is offered every site's gradient where the forward pass offered the value.

use crate::acts::{Acts, BlockActs};
use crate::by_head::{InputGrads, result_bwd};
use crate::config::{ModelConfig, Normalization, PositionEmbedding};
use crate::kernels::attention::{AttnDims, KvGradient, attn_mix_bwd, attn_scores_bwd, softmax_rows_bwd};
use crate::kernels::flash::attend_bwd;
use crate::kernels::lanes::{add, add_to, multiply};
use crate::kernels::norm::{NormActs, norm_gain_bwd, norm_input_bwd, norm_rows_bwd, norm_scale_bwd};
use crate::kernels::product::{Packing, Store};
use crate::kernels::real::Real;
use crate::kernels::rotary::RotaryTable;
use crate::linear::{linear_input_bwd, linear_weights_bwd};
use crate::net::{Net, Sequences, attn_dims, norm_kind};
use crate::params::{BlockSlots, MlpSlots, NormSlots};
use crate::sites::{At, Site};
use crate::stage::Stage;
use crate::tap::Tap;

/// Gradients of activations. Buffers are reused from batch to batch.
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
    /// Sizes the buffers for one batch.
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
    tap: &mut dyn Tap<F>,
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
    tap: &mut dyn Tap<F>,
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

/// The gradient of a sublayer's output: the residual stream's own, or a copy that went through the tap.
fn offered<'a, F: Real>(site: At, resid: &'a [F], copy: &'a mut [F], tap: &mut dyn Tap<F>) -> &'a [F] {
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
    tap: &mut dyn Tap<F>,
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
    tap: &mut dyn Tap<F>,
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
    let mut by_head = InputGrads::new(net, layer, block, tap);
    let shares_input = block.by_head[0].x.is_empty();
    let mut store = Store::Set;
    let projections =
        [(Site::Q, slots.w_q, slots.b_q, q), (Site::K, slots.w_k, slots.b_k, k), (Site::V, slots.w_v, slots.b_v, v)];
    for (which, (site, w, b, grad)) in projections.into_iter().enumerate() {
        tap.backward(at(site), grad);
        if shares_input {
            linear_weights_bwd(&block.ln1.out, grad, w, b, param_grads, packing);
            tap.over(Stage::LinearWeights);
            linear_input_bwd(net, grad, w, b, store, input, packing);
            store = Store::Add;
            if let Some(by_head) = &mut by_head {
                by_head.read_projection(net, layer, slots, which, w, grad, tap);
            }
        } else if let Some(by_head) = &mut by_head {
            by_head.projection_bwd(net, layer, slots, which, &block.by_head[which], [w, b], grad, param_grads, tap);
        }
        tap.over(Stage::LinearInput);
    }
    if let Some(by_head) = by_head {
        by_head.finish(net, layer, input, tap);
    }
    if shares_input {
        let sites = [Site::Ln1Scale, Site::Ln1Normalized].map(at);
        let (x, acts) = (&block.resid_pre, &block.ln1);
        norm_bwd(net, config.normalization, slots.ln1, sites, x, acts, input, scale, param_grads, tap);
    }
    add(resid, input);
    tap.over(Stage::NormBackward);
}

/// Gradients of keys and values from the query at their own position only, instead of from all queries:
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

fn embed_bwd<F: Real>(
    net: Net<'_, F>,
    sequences: Sequences<'_>,
    grads: &mut ActGrads<F>,
    param_grads: &mut [F],
    tap: &mut dyn Tap<F>,
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
