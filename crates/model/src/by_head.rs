//! The parts of attention that are computed head by head, only when a tap asks: what each head reads (`hook_attn_in`,
//! `hook_q_input`, `hook_k_input`, `hook_v_input`) and what it writes (`hook_result`).
//!
//! Without edits every head reads the same residual stream through the same norm, so its input is a copy to look at. Once a tap
//! edits one of a layer's four input sites, each head's queries, keys and values read a copy of their own, normed on its own, as
//! with TransformerLens' `use_attn_in` and `use_split_qkv_input`. `ln1`'s sites then show the norm of the unedited stream;
//! edits of them apply to every copy, and their gradient is the sum over the copies.

use crate::acts::{BlockActs, HeadInput};
use crate::config::{ModelConfig, Normalization};
use crate::kernels::lanes::{add, add_bias, add_column_sums, add_to};
use crate::kernels::norm::{
    NormActs, norm_divide, norm_gain, norm_gain_bwd, norm_input_bwd, norm_scale, norm_scale_bwd,
};
use crate::kernels::product::{add_product, set_product, view, view_mut};
use crate::kernels::real::Real;
use crate::net::{Net, norm_kind};
use crate::params::{BlockSlots, NormSlots, Slot};
use crate::sites::{At, Site};
use crate::tap::Tap;

/// Input sites of queries, keys and values, in the order of [`BlockActs::by_head`].
const INPUTS: [Site; 3] = [Site::QInput, Site::KInput, Site::VInput];

fn is_wanted<F: Real>(layer: usize, tap: &dyn Tap<F>) -> bool {
    tap.wants(At::new(Site::AttnIn, layer)) || INPUTS.iter().any(|&site| tap.wants(At::new(site, layer)))
}

fn is_edited<F: Real>(layer: usize, tap: &dyn Tap<F>) -> bool {
    tap.edits(At::new(Site::AttnIn, layer)) || INPUTS.iter().any(|&site| tap.edits(At::new(site, layer)))
}

/// Offers each head's inputs to the tap. Leaves them in `block.by_head` if the tap edits one of them, else leaves that empty.
#[inline]
pub(crate) fn offer_inputs<F: Real>(net: Net<'_, F>, layer: usize, block: &mut BlockActs<F>, tap: &mut dyn Tap<F>) {
    for input in &mut block.by_head {
        input.x.clear();
    }
    if !is_wanted(layer, tap) {
        return;
    }
    let is_edited = is_edited(layer, tap);
    let mut attn_in = repeat_rows(&block.resid_pre, net.config.d_model, net.config.n_heads);
    tap.forward(At::new(Site::AttnIn, layer), &mut attn_in);
    for (site, input) in INPUTS.into_iter().zip(&mut block.by_head) {
        let at = At::new(site, layer);
        if is_edited || tap.wants(at) {
            input.x.extend_from_slice(&attn_in);
            tap.forward(at, &mut input.x);
        }
        if !is_edited {
            input.x.clear();
        }
    }
}

/// `out = norm(x) @ w + b`, each head with its own `x`.
pub(crate) fn project<F: Real>(
    net: Net<'_, F>,
    layer: usize,
    slots: NormSlots,
    input: &mut HeadInput<F>,
    w: Slot,
    b: Slot,
    out: &mut [F],
    tap: &mut dyn Tap<F>,
) {
    norm(net, layer, slots, input, tap);
    let (h, dh, d) = (net.config.n_heads, net.config.d_head, net.config.d_model);
    let (x, w) = (view(&input.norm.out, h * d), view(w.of(net.params), h * dh));
    for head in 0..h {
        let out = view_mut(out, h * dh).subcols_mut(head * dh, dh);
        set_product(out, x.subcols(head * d, d), w.subcols(head * dh, dh));
    }
    add_bias(out, b.of(net.params));
}

fn norm<F: Real>(net: Net<'_, F>, layer: usize, slots: NormSlots, input: &mut HeadInput<F>, tap: &mut dyn Tap<F>) {
    let (h, d) = (net.config.n_heads, net.config.d_model);
    let HeadInput { x, norm: acts } = input;
    acts.resize(x.len() / d, d);
    if net.config.normalization == Normalization::None {
        return acts.out.copy_from_slice(x);
    }
    let [scale, normalized] = [Site::Ln1Scale, Site::Ln1Normalized].map(|site| At::new(site, layer));
    let [gain, bias] = [slots.w, slots.b].map(|slot| slot.map(|s| s.of(net.params)));
    norm_scale(norm_kind(net.config, net.config.normalization), x, acts);
    if tap.edits(scale) {
        for_each_head(h, 1, &mut acts.scale, |values| tap.edit(scale, values));
    }
    norm_divide(x, acts);
    if tap.edits(normalized) {
        for_each_head(h, d, &mut acts.normalized, |values| tap.edit(normalized, values));
    }
    norm_gain(gain, bias, acts);
}

/// Calls `work` on each head's part of `[rows, n_heads, width]`, as `[rows, width]`.
fn for_each_head<F: Real>(n_heads: usize, width: usize, values: &mut [F], mut work: impl FnMut(&mut [F])) {
    let mut one = vec![F::ZERO; values.len() / n_heads];
    for head in 0..n_heads {
        let rows = values.chunks_exact_mut(n_heads * width).map(|row| &mut row[head * width..][..width]);
        for (one, row) in one.chunks_exact_mut(width).zip(rows) {
            one.copy_from_slice(row);
        }
        work(&mut one);
        let rows = values.chunks_exact_mut(n_heads * width).map(|row| &mut row[head * width..][..width]);
        for (one, row) in one.chunks_exact(width).zip(rows) {
            row.copy_from_slice(one);
        }
    }
}

/// Gradients of the heads' inputs in the backward pass of one layer.
pub(crate) struct InputGrads<F> {
    /// Copies of the shared input, if a tap reads the per-head gradients but no head has an input of its own.
    shared: Option<HeadInput<F>>,
    /// `[n_seq, seq, n_heads, d_model]`, summed over queries, keys and values.
    sum: Vec<F>,
    /// Gradients at `ln1`'s sites, summed over the copies: `[n_seq, seq]` and `[n_seq, seq, d_model]`.
    scale: Vec<F>,
    normalized: Vec<F>,
}

impl<F: Real> InputGrads<F> {
    /// Buffers for one layer; `None` if no tap asks.
    pub(crate) fn new(net: Net<'_, F>, layer: usize, block: &BlockActs<F>, tap: &dyn Tap<F>) -> Option<InputGrads<F>> {
        if !is_wanted(layer, tap) {
            return None;
        }
        let (h, d) = (net.config.n_heads, net.config.d_model);
        let repeat = |values: &[F]| repeat_rows(values, 1, h);
        let shared = || HeadInput {
            x: repeat_rows(&block.resid_pre, d, h),
            norm: NormActs {
                mean: repeat(&block.ln1.mean),
                raw_scale: repeat(&block.ln1.raw_scale),
                scale: repeat(&block.ln1.scale),
                normalized: vec![F::ZERO; block.resid_pre.len() * h],
                out: Vec::new(),
            },
        };
        let len = block.resid_pre.len();
        Some(InputGrads {
            shared: block.by_head[0].x.is_empty().then(shared),
            sum: vec![F::ZERO; len * h],
            scale: vec![F::ZERO; len / d],
            normalized: vec![F::ZERO; len],
        })
    }

    /// Takes the gradient `dout` of one projection back to the heads' inputs, for a tap to read.
    pub(crate) fn read_projection(
        &mut self,
        net: Net<'_, F>,
        layer: usize,
        slots: &BlockSlots,
        which: usize,
        w: Slot,
        dout: &[F],
        tap: &mut dyn Tap<F>,
    ) {
        if let Some(input) = self.shared.take() {
            self.input_bwd(net, layer, slots.ln1, which, &input, w, dout, None, tap);
            self.shared = Some(input);
        }
    }

    /// Reverses [`project`], down to the residual stream's copies.
    pub(crate) fn projection_bwd(
        &mut self,
        net: Net<'_, F>,
        layer: usize,
        slots: &BlockSlots,
        which: usize,
        input: &HeadInput<F>,
        [w, b]: [Slot; 2],
        dout: &[F],
        param_grads: &mut [F],
        tap: &mut dyn Tap<F>,
    ) {
        let (h, dh, d) = (net.config.n_heads, net.config.d_head, net.config.d_model);
        let (x, grad) = (view(&input.norm.out, h * d), view(dout, h * dh));
        for head in 0..h {
            let dw = view_mut(w.of_mut(param_grads), h * dh).subcols_mut(head * dh, dh);
            add_product(dw, x.subcols(head * d, d).transpose(), grad.subcols(head * dh, dh));
        }
        add_column_sums(b.of_mut(param_grads), dout);
        self.input_bwd(net, layer, slots.ln1, which, input, w, dout, Some(param_grads), tap);
    }

    /// Adds `norm_bwd(dout @ wᵀ)`, head by head, to the sum.
    fn input_bwd(
        &mut self,
        net: Net<'_, F>,
        layer: usize,
        slots: NormSlots,
        which: usize,
        input: &HeadInput<F>,
        w: Slot,
        dout: &[F],
        param_grads: Option<&mut [F]>,
        tap: &mut dyn Tap<F>,
    ) {
        let (h, dh, d) = (net.config.n_heads, net.config.d_head, net.config.d_model);
        let mut grad = vec![F::ZERO; self.sum.len()];
        let (w, dout) = (view(w.of(net.params), h * dh), view(dout, h * dh));
        for head in 0..h {
            let out = view_mut(&mut grad, h * d).subcols_mut(head * d, d);
            set_product(out, dout.subcols(head * dh, dh), w.subcols(head * dh, dh).transpose());
        }
        self.norm_bwd(net, layer, slots, input, &mut grad, param_grads, tap);
        tap.backward(At::new(INPUTS[which], layer), &mut grad);
        add(&mut self.sum, &grad);
    }

    /// Reverses [`norm`]: `grad` comes in as the gradient of its output and leaves as the gradient of its input.
    fn norm_bwd(
        &mut self,
        net: Net<'_, F>,
        layer: usize,
        slots: NormSlots,
        input: &HeadInput<F>,
        grad: &mut [F],
        param_grads: Option<&mut [F]>,
        tap: &mut dyn Tap<F>,
    ) {
        if net.config.normalization == Normalization::None {
            return;
        }
        let (h, d) = (net.config.n_heads, net.config.d_model);
        let HeadInput { x, norm: acts } = input;
        let [scale, normalized] = [Site::Ln1Scale, Site::Ln1Normalized].map(|site| At::new(site, layer));
        let kind = norm_kind(net.config, net.config.normalization);
        let [dgain, dbias] = param_grads.map_or([None, None], |grads| slots.of_mut(grads));
        norm_gain_bwd(slots.w.map(|s| s.of(net.params)), acts, grad, dgain, dbias);
        if tap.wants(normalized) {
            for_each_head(h, d, grad, |grad| {
                add(&mut self.normalized, grad);
                tap.pull_back(normalized, grad);
            });
        }
        let mut dscale = vec![F::ZERO; acts.mean.len()];
        norm_scale_bwd(acts, x, grad, &mut dscale);
        if tap.wants(scale) {
            for_each_head(h, 1, &mut dscale, |grad| {
                add(&mut self.scale, grad);
                tap.pull_back(scale, grad);
            });
        }
        norm_input_bwd(kind, acts, x, &dscale, grad);
    }

    /// Offers the gradient at `hook_attn_in`. If the heads have inputs of their own, also offers those at `ln1`'s sites and
    /// leaves the sum over heads, the gradient of the residual stream, in `dx`.
    pub(crate) fn finish(mut self, net: Net<'_, F>, layer: usize, dx: &mut [F], tap: &mut dyn Tap<F>) {
        let at = |site| At::new(site, layer);
        tap.backward(at(Site::AttnIn), &mut self.sum);
        if self.shared.is_some() {
            return;
        }
        if net.config.normalization != Normalization::None {
            tap.read_gradient(at(Site::Ln1Normalized), &self.normalized);
            tap.read_gradient(at(Site::Ln1Scale), &self.scale);
        }
        sum_heads(net.config, &self.sum, dx);
    }
}

/// `z @ W_O` head by head: `[n_seq, seq, n_heads, d_model]`.
pub(crate) fn head_results<F: Real>(config: &ModelConfig, z: &[F], w_o: &[F]) -> Vec<F> {
    let (h, dh, d) = (config.n_heads, config.d_head, config.d_model);
    let mut result = vec![F::ZERO; z.len() / dh * d];
    let (z, w_o) = (view(z, h * dh), view(w_o, d));
    for head in 0..h {
        let out = view_mut(&mut result, h * d).subcols_mut(head * d, d);
        set_product(out, z.subcols(head * dh, dh), w_o.subrows(head * dh, dh));
    }
    result
}

/// Reverses the sum of [`head_results`] over heads, `b_O` included.
pub(crate) fn result_bwd<F: Real>(
    net: Net<'_, F>,
    slots: &BlockSlots,
    site: At,
    z: &[F],
    branch: &[F],
    dz: &mut [F],
    param_grads: &mut [F],
    tap: &mut dyn Tap<F>,
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

/// Repeats every row: `[rows, width]` to `[rows, times, width]`.
fn repeat_rows<F: Real>(x: &[F], width: usize, times: usize) -> Vec<F> {
    x.chunks_exact(width).flat_map(|row| std::iter::repeat_n(row, times)).flatten().copied().collect()
}

/// Sum of `[rows, n_heads, d_model]` over heads.
pub(crate) fn sum_heads<F: Real>(config: &ModelConfig, values: &[F], out: &mut [F]) {
    let d = config.d_model;
    for (row, out) in values.chunks_exact(config.n_heads * d).zip(out.chunks_exact_mut(d)) {
        out.fill(F::ZERO);
        for head in row.chunks_exact(d) {
            add_to(out, head);
        }
    }
}
