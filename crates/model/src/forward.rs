//! The forward pass of a group of sequences of equal length.
//!
//! `resid_mid = resid_pre + attn(ln1(resid_pre))`, `resid_post = resid_mid + mlp(ln2(resid_mid))`,
//! `logits = ln_final(resid_post) @ W_U + b_U` (pre-norm, as GPT-2 and TransformerLens).

use crate::config::AttentionDir;
use crate::config::{ModelConfig, Normalization, PositionEmbedding};
use crate::kernels::activation::activate;
use crate::kernels::attention::AttnDims;
use crate::kernels::flash::Softmax;
use crate::kernels::lanes::{add, add_bias, add_to, set_sum};
use crate::kernels::norm::{NormActs, NormKind, norm_divide, norm_gain, norm_rows, norm_scale};
use crate::kernels::product::{Packing, set_product, view, view_mut};
use crate::kernels::real::Real;
use crate::kernels::rotary::RotaryTable;
use crate::linear::{Products, linear};
use crate::params::{BlockSlots, Layout, MlpSlots, NormSlots, Slot};
use crate::past::{Nothing, Past};
use crate::sites::{At, Site};
use crate::stage::Stage;
use crate::tap::Tap;

/// A network: its architecture, its parameter table and the parameters.
#[derive(Clone, Copy, Debug)]
pub struct Net<'a, F> {
    /// Architecture.
    pub config: &'a ModelConfig,
    /// Table of parameters.
    pub layout: &'a Layout,
    /// All parameters, flat.
    pub params: &'a [F],
    /// How its products are made.
    pub products: Products<'a, F>,
}

/// Sequences of equal length.
#[derive(Clone, Copy, Debug)]
pub struct Sequences<'a> {
    /// `[n_seq, seq]`
    pub tokens: &'a [u32],
    /// Length of each.
    pub seq: usize,
}

impl Sequences<'_> {
    /// How many sequences.
    pub fn n_seq(&self) -> usize {
        self.tokens.len() / self.seq
    }
}

/// Activations of one group, kept for the backward pass. Reused from group to group: no allocation once large enough.
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
    /// `[n_seq, seq, d_model]`, a sublayer's output on its way to the residual stream.
    branch: Vec<F>,
    packing: Packing<F>,
    rotary: RotaryTable<F>,
}

/// Activations of one block.
#[derive(Clone, Debug, Default)]
pub struct BlockActs<F> {
    /// `[n_seq, seq, d_model]`
    pub resid_pre: Vec<F>,
    /// Norm before attention.
    pub ln1: NormActs<F>,
    /// `[n_seq, seq, n_heads, d_head]`; rotated, in a rotary network.
    pub q: Vec<F>,
    /// As `q`.
    pub k: Vec<F>,
    /// `[n_seq, seq, n_heads, d_head]`
    pub v: Vec<F>,
    /// `[n_seq, n_heads, seq, n_keys]`; without a past, `n_keys` is `seq`. Empty where nobody asks for it.
    pub pattern: Vec<F>,
    /// `[n_seq, n_heads, seq]`: what the pattern can be made of again, where it is not kept.
    pub sums: Vec<Softmax<F>>,
    /// The softmax's own output, kept where a tap edited the pattern; else empty.
    pub softmax: Vec<F>,
    /// `[n_seq, seq, n_heads, d_head]`
    pub z: Vec<F>,
    /// `[n_seq, seq, d_model]`; unused in attention-only networks.
    pub resid_mid: Vec<F>,
    /// What the MLP's norm read, where a tap edited it; else empty.
    pub mlp_in: Vec<F>,
    /// Norm before the MLP.
    pub ln2: NormActs<F>,
    /// `[n_seq, seq, d_mlp]`, the nonlinearity's slope: takes the place of what it was applied to.
    pub slope: Vec<F>,
    /// `[n_seq, seq, d_mlp]`
    pub post: Vec<F>,
}

impl<F: Real> Acts<F> {
    fn resize(&mut self, config: &ModelConfig, n_seq: usize, seq: usize) {
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

/// Sizes of the attention layers for one group.
pub(crate) fn attn_dims(config: &ModelConfig, sequences: Sequences<'_>) -> AttnDims {
    AttnDims {
        n_seq: sequences.n_seq(),
        seq: sequences.seq,
        n_heads: config.n_heads,
        d_head: config.d_head,
        causal: config.attention_dir == AttentionDir::Causal,
        attn_scale: config.attn_scale,
    }
}

pub(crate) fn norm_kind(config: &ModelConfig, normalization: Normalization) -> NormKind {
    NormKind { centred: normalization.is_centred(), eps: config.eps }
}

/// Runs the network on a group of sequences, leaving every activation in `acts`.
///
/// # Panics
/// If a token is not below `d_vocab` or a sequence is longer than `n_ctx`: check input with [`crate::Model::check`].
pub fn forward<F: Real>(net: Net<'_, F>, sequences: Sequences<'_>, acts: &mut Acts<F>, tap: &mut impl Tap<F>) {
    forward_after(net, sequences, &mut Nothing, acts, tap);
}

/// The same for sequences that go on from a past: `acts` holds the new positions alone.
pub(crate) fn forward_after<F: Real>(
    net: Net<'_, F>,
    sequences: Sequences<'_>,
    past: &mut impl Past<F>,
    acts: &mut Acts<F>,
    tap: &mut impl Tap<F>,
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
    past: &impl Past<F>,
    resid: &mut [F],
    positions: &mut [F],
    tap: &mut impl Tap<F>,
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

/// One norm, scale first, then the division, then gain and bias; without normalisation the input passes unchanged.
fn norm<F: Real>(
    net: Net<'_, F>,
    normalization: Normalization,
    slots: NormSlots,
    [scale_site, normalized_site]: [At; 2],
    x: &[F],
    acts: &mut NormActs<F>,
    tap: &mut impl Tap<F>,
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
    past: &mut impl Past<F>,
    block: &mut BlockActs<F>,
    branch: &mut [F],
    packing: &mut Packing<F>,
    rotary: &mut RotaryTable<F>,
    tap: &mut impl Tap<F>,
) {
    let Net { config, params, .. } = net;
    let at = |site| At::new(site, layer);
    for site in [Site::AttnIn, Site::QInput, Site::KInput, Site::VInput].map(at) {
        if tap.wants(site) {
            let mut copies = repeat_rows(&block.resid_pre, config.d_model, config.n_heads);
            tap.forward(site, &mut copies);
        }
    }
    let sites = [Site::Ln1Scale, Site::Ln1Normalized].map(at);
    norm(net, config.normalization, slots.ln1, sites, &block.resid_pre, &mut block.ln1, tap);
    tap.over(Stage::Norm);
    let dims = attn_dims(config, sequences);
    let projections: [(Site, Slot, Slot, &mut [F]); 3] = [
        (Site::Q, slots.w_q, slots.b_q, &mut block.q),
        (Site::K, slots.w_k, slots.b_k, &mut block.k),
        (Site::V, slots.w_v, slots.b_v, &mut block.v),
    ];
    for (site, w, b, out) in projections {
        linear(net, &block.ln1.out, w, b, out, packing);
        tap.forward(at(site), out);
    }
    tap.over(Stage::Linear);
    if let PositionEmbedding::Rotary { dim, base } = config.positions {
        for (site, x) in [(Site::RotQ, &mut block.q), (Site::RotK, &mut block.k)] {
            each_beginning(dims, past, x, |dims, pos, x| rotary.rotate(dims, dim, base, 1.0, pos, x));
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

/// Sequences with their first position, those that begin alike together.
fn each_beginning<F: Real>(
    dims: AttnDims,
    past: &impl Past<F>,
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
    tap: &mut impl Tap<F>,
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

/// Every row `times` over: `[rows, width]` to `[rows, times, width]`.
pub(crate) fn repeat_rows<F: Real>(x: &[F], width: usize, times: usize) -> Vec<F> {
    x.chunks_exact(width).flat_map(|row| std::iter::repeat_n(row, times)).flatten().copied().collect()
}

/// `z @ W_O` head by head: `[n_seq, seq, n_heads, d_model]`.
fn head_results<F: Real>(config: &ModelConfig, z: &[F], w_o: &[F]) -> Vec<F> {
    let (h, dh, d) = (config.n_heads, config.d_head, config.d_model);
    let mut result = vec![F::ZERO; z.len() / dh * d];
    let (z, w_o) = (view(z, h * dh), view(w_o, d));
    for head in 0..h {
        let out = view_mut(&mut result, h * d).subcols_mut(head * d, d);
        set_product(out, z.subcols(head * dh, dh), w_o.subrows(head * dh, dh));
    }
    result
}

/// Sum of `[rows, n_heads, d_model]` over heads.
fn sum_heads<F: Real>(config: &ModelConfig, result: &[F], out: &mut [F]) {
    let d = config.d_model;
    for (row, out) in result.chunks_exact(config.n_heads * d).zip(out.chunks_exact_mut(d)) {
        out.fill(F::ZERO);
        for head in row.chunks_exact(d) {
            add_to(out, head);
        }
    }
}
