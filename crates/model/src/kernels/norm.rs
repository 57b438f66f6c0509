//! LayerNorm and RMSNorm over the last axis.
//!
//! `centred = x − mean(x)` (LayerNorm) or `x` (RMSNorm); `scale = sqrt(mean(centred²) + eps)`; `normalized = centred / scale`;
//! `out = normalized · w + b`. Sites: `hook_scale` and `hook_normalized` (before gain and bias).
//! Sources: Ba et al. 2016, eq. 3–4 (biased variance); Zhang & Sennrich 2019, eq. 4.

use super::lanes::{add_to, dot, sum_of};
use super::real::Real;
use super::tier::vectorised;

/// Kind of norm.
#[derive(Clone, Copy, Debug)]
pub struct NormKind {
    /// Whether to subtract the mean: LayerNorm does, RMSNorm does not.
    pub centred: bool,
    /// Added to the mean square.
    pub eps: f64,
}

/// Activations of a norm for the backward pass, for `rows` rows.
#[derive(Clone, Debug, Default)]
pub struct NormActs<F> {
    /// `[rows]`, mean of each row (0 for RMSNorm).
    pub mean: Vec<F>,
    /// `[rows]`, scale as computed.
    pub raw_scale: Vec<F>,
    /// `[rows]`, scale as used: differs from `raw_scale` only where a tap edited it.
    pub scale: Vec<F>,
    /// `[rows, d_model]`, before gain and bias.
    pub normalized: Vec<F>,
    /// `[rows, d_model]`, what the sublayer reads.
    pub out: Vec<F>,
}

impl<F: Real> NormActs<F> {
    /// Resizes for `rows` rows of `d` numbers.
    pub fn resize(&mut self, rows: usize, d: usize) {
        for (buffer, len) in [
            (&mut self.mean, rows),
            (&mut self.raw_scale, rows),
            (&mut self.scale, rows),
            (&mut self.normalized, rows * d),
            (&mut self.out, rows * d),
        ] {
            buffer.resize(len, F::ZERO);
        }
    }
}

/// Applies the whole norm in one pass, if no tap looks inside: `acts.normalized` is not written.
pub fn norm_rows<F: Real>(kind: NormKind, gain: Option<&[F]>, bias: Option<&[F]>, x: &[F], acts: &mut NormActs<F>) {
    vectorised(
        #[inline(always)]
        move || {
            let d = x.len() / acts.mean.len();
            for (r, (row, out)) in x.chunks_exact(d).zip(acts.out.chunks_exact_mut(d)).enumerate() {
                let (mean, scale) = mean_and_scale(kind, row);
                (acts.mean[r], acts.raw_scale[r], acts.scale[r]) = (mean, scale, scale);
                divide(mean, F::ONE / scale, row, out);
                gain_and_bias(gain, bias, out);
            }
        },
    )
}

/// Reverses [`norm_rows`]: `grad` comes in as the gradient of the output and leaves as that of the input; adds to the gradients
/// of gain and bias.
///
/// With `g = dout · gain`: `dx = (g − mean(g) − normalized · mean(g · normalized)) / scale`, without `mean(g)` for RMSNorm.
pub fn norm_rows_bwd<F: Real>(
    kind: NormKind,
    gain: Option<&[F]>,
    acts: &NormActs<F>,
    x: &[F],
    grad: &mut [F],
    dgain: Option<&mut [F]>,
    dbias: Option<&mut [F]>,
) {
    vectorised(
        #[inline(always)]
        move || {
            let d = x.len() / acts.mean.len();
            let inv_d = F::of(1.0 / d as f64);
            let (mut dgain, mut dbias) = (dgain, dbias);
            for (r, (row, grad)) in x.chunks_exact(d).zip(grad.chunks_exact_mut(d)).enumerate() {
                let (mean, inv) = (acts.mean[r], F::ONE / acts.scale[r]);
                if let Some(dbias) = &mut dbias {
                    add_to(dbias, grad);
                }
                if let Some(dgain) = &mut dgain {
                    for ((dgain, &g), &v) in dgain.iter_mut().zip(&*grad).zip(row) {
                        *dgain += g * ((v - mean) * inv);
                    }
                }
                gain_and_bias(gain, None, grad);
                let sum = sum_of(grad, |g| g);
                let along = (dot(row, grad) - mean * sum) * inv * inv_d;
                let mean_grad = if kind.centred { sum * inv_d } else { F::ZERO };
                for (g, &v) in grad.iter_mut().zip(row) {
                    *g = (*g - mean_grad - (v - mean) * inv * along) * inv;
                }
            }
        },
    )
}

/// Returns mean and scale of a row.
#[inline(always)]
fn mean_and_scale<F: Real>(kind: NormKind, row: &[F]) -> (F, F) {
    let inv_d = F::of(1.0 / row.len() as f64);
    let mean = if kind.centred { sum_of(row, |v| v) * inv_d } else { F::ZERO };
    (mean, (sum_of(row, |v| (v - mean) * (v - mean)) * inv_d + F::of(kind.eps)).sqrt())
}

/// `out = (row − mean) · inverse`.
#[inline(always)]
fn divide<F: Real>(mean: F, inverse: F, row: &[F], out: &mut [F]) {
    for (o, &v) in out.iter_mut().zip(row) {
        *o = (v - mean) * inverse;
    }
}

/// `row = row · gain + bias`; either may be absent.
#[inline(always)]
fn gain_and_bias<F: Real>(gain: Option<&[F]>, bias: Option<&[F]>, row: &mut [F]) {
    if let Some(gain) = gain {
        for (o, &w) in row.iter_mut().zip(gain) {
            *o *= w;
        }
    }
    if let Some(bias) = bias {
        add_to(row, bias);
    }
}

/// Computes mean and scale of every row of `x`, `[rows, d]`.
pub fn norm_scale<F: Real>(kind: NormKind, x: &[F], acts: &mut NormActs<F>) {
    vectorised(
        #[inline(always)]
        move || {
            let d = x.len() / acts.mean.len();
            for (r, row) in x.chunks_exact(d).enumerate() {
                (acts.mean[r], acts.raw_scale[r]) = mean_and_scale(kind, row);
            }
            acts.scale.copy_from_slice(&acts.raw_scale);
        },
    )
}

/// `normalized = (x − mean) / scale`.
pub fn norm_divide<F: Real>(x: &[F], acts: &mut NormActs<F>) {
    vectorised(
        #[inline(always)]
        move || {
            let d = x.len() / acts.mean.len();
            for (r, (row, out)) in x.chunks_exact(d).zip(acts.normalized.chunks_exact_mut(d)).enumerate() {
                divide(acts.mean[r], F::ONE / acts.scale[r], row, out);
            }
        },
    )
}

/// `out = normalized · gain + bias`; either may be absent.
pub fn norm_gain<F: Real>(gain: Option<&[F]>, bias: Option<&[F]>, acts: &mut NormActs<F>) {
    vectorised(
        #[inline(always)]
        move || {
            let d = acts.normalized.len() / acts.mean.len();
            for (row, out) in acts.normalized.chunks_exact(d).zip(acts.out.chunks_exact_mut(d)) {
                out.copy_from_slice(row);
                gain_and_bias(gain, bias, out);
            }
        },
    )
}

/// Reverses [`norm_gain`]: `dout` becomes the gradient of `normalized`; adds to the gradients of gain and bias.
pub fn norm_gain_bwd<F: Real>(
    gain: Option<&[F]>,
    acts: &NormActs<F>,
    dout: &mut [F],
    dgain: Option<&mut [F]>,
    dbias: Option<&mut [F]>,
) {
    vectorised(
        #[inline(always)]
        move || {
            let d = acts.normalized.len() / acts.mean.len();
            if let Some(dbias) = dbias {
                for row in dout.chunks_exact(d) {
                    add_to(dbias, row);
                }
            }
            if let Some(dgain) = dgain {
                for (row, normalized) in dout.chunks_exact(d).zip(acts.normalized.chunks_exact(d)) {
                    for ((g, &o), &n) in dgain.iter_mut().zip(row).zip(normalized) {
                        *g += o * n;
                    }
                }
            }
            if let Some(gain) = gain {
                for row in dout.chunks_exact_mut(d) {
                    for (o, &w) in row.iter_mut().zip(gain) {
                        *o *= w;
                    }
                }
            }
        },
    )
}

/// Gradient of the scale, `[rows]`: `normalized = centred / scale`, so `dscale = −sum(dnormalized · centred) / scale²`.
pub fn norm_scale_bwd<F: Real>(acts: &NormActs<F>, x: &[F], dnormalized: &[F], dscale: &mut [F]) {
    vectorised(
        #[inline(always)]
        move || {
            let d = x.len() / acts.mean.len();
            for (r, (row, grad)) in x.chunks_exact(d).zip(dnormalized.chunks_exact(d)).enumerate() {
                let dot = dot(row, grad) - acts.mean[r] * sum_of(grad, |v| v);
                dscale[r] = -dot / (acts.scale[r] * acts.scale[r]);
            }
        },
    )
}

/// Gradient of the input, through `normalized` and through the scale: replaces `dnormalized`.
///
/// `dcentred = dnormalized / scale + dscale · centred / (d · raw_scale)`; LayerNorm then subtracts the mean.
pub fn norm_input_bwd<F: Real>(kind: NormKind, acts: &NormActs<F>, x: &[F], dscale: &[F], dnormalized: &mut [F]) {
    vectorised(
        #[inline(always)]
        move || {
            let d = x.len() / acts.mean.len();
            let inv_d = F::of(1.0 / d as f64);
            for (r, (row, grad)) in x.chunks_exact(d).zip(dnormalized.chunks_exact_mut(d)).enumerate() {
                let (mean, inv_scale) = (acts.mean[r], F::ONE / acts.scale[r]);
                let through_scale = dscale[r] * inv_d / acts.raw_scale[r];
                for (g, &v) in grad.iter_mut().zip(row) {
                    *g = *g * inv_scale + through_scale * (v - mean);
                }
                if kind.centred {
                    let mean_grad = sum_of(grad, |v| v) * inv_d;
                    for g in grad.iter_mut() {
                        *g -= mean_grad;
                    }
                }
            }
        },
    )
}
