//! LayerNorm and RMSNorm of the tiled step, one block of rows at a time, so that their readers find them in cache.
//!
//! `normalized = (x − mean) / scale`, `out = normalized · gain + bias`, see [`crate::kernels::norm`].

use super::factor::{BLOCK, Floats, Rows, Tiles, pack_pairs_transposed};
use crate::kernels::norm::NormKind;
use crate::kernels::tile::{Sums, Wide};
use crate::kernels::vector::{Halves, V, add, all, first, load_line, load_wide, round, store_line, store_wide, widen};
use std::arch::x86_64::*;

/// A norm with its parameters, padded with zeros to whole blocks.
#[derive(Clone, Debug)]
pub(crate) struct Norm {
    /// `None`: the input passes unchanged.
    pub(crate) kind: Option<NormKind>,
    /// Ones if the norm has no gain.
    pub(crate) gain: Vec<Wide>,
    /// Zeros if the norm has no bias.
    pub(crate) bias: Vec<Wide>,
    /// Width of a row.
    pub(crate) d_model: usize,
}

/// What a norm stores for the backward pass.
#[derive(Clone, Debug, Default)]
pub(crate) struct Normalized {
    /// `[rows, d_model]`: centred and divided by the scale, before gain and bias.
    rows: Rows,
    /// One over the scale of each row.
    inverse: Vec<f32>,
}

impl Normalized {
    /// Resizes for as many rows, rounded up to whole blocks.
    pub(crate) fn resize(&mut self, rows: usize, d_model: usize) {
        self.rows.resize(rows, d_model);
        self.inverse.resize(rows.next_multiple_of(BLOCK), 0.0);
    }

    /// Returns the number of rows, in whole blocks.
    pub(crate) fn len(&self) -> usize {
        self.inverse.len()
    }
}

/// Normalises rows `32 block..32 (block + 1)` of `x`.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn norm(norm: &Norm, x: &Floats, block: usize, out: &mut Rows, mut stash: Option<&mut Normalized>) {
    let inverse_d = 1.0 / norm.d_model as f32;
    for r in block * BLOCK..(block + 1) * BLOCK {
        let row = x.row(r);
        let (mut mean, mut inverse) = (0.0, 1.0);
        if let Some(kind) = norm.kind {
            if kind.centred {
                mean = sum(row.iter().fold([all(0.0); 2], |sum, wide| add(sum, load_wide(wide)))) * inverse_d;
            }
            let mut squares = [all(0.0); 2];
            for (c, wide) in row.iter().enumerate() {
                let centred = norm.inside(c, load_wide(wide).map(|v| _mm512_sub_ps(v, all(mean))));
                squares = [0, 1].map(|i| _mm512_fmadd_ps(centred[i], centred[i], squares[i]));
            }
            inverse = 1.0 / (sum(squares) * inverse_d + kind.eps as f32).sqrt();
        }
        for (c, wide) in row.iter().enumerate() {
            let normalized = load_wide(wide).map(|v| _mm512_mul_ps(_mm512_sub_ps(v, all(mean)), all(inverse)));
            store_line(out.line_mut(r, c), norm.gained(c, normalized));
            if let Some(stash) = &mut stash {
                store_line(stash.rows.line_mut(r, c), round(normalized));
            }
        }
        if let Some(stash) = &mut stash {
            stash.inverse[r] = inverse;
        }
    }
}

/// Recomputes the output of [`norm`] for rows `32 block..32 (block + 1)`, up to a second rounding, and packs it into the left
/// factor that is its transpose.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn pack_left_transposed(norm: &Norm, stash: &Normalized, block: usize, out: &mut Tiles) {
    for c in 0..out.len() / BLOCK {
        let line = |r| norm.gained(c, widen(load_line(stash.rows.line(block * BLOCK + r, c))));
        pack_pairs_transposed(line, out.tiles_mut(c, block), [true; 2]);
    }
}

#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn sum(v: [V; 2]) -> f32 {
    _mm512_reduce_add_ps(_mm512_add_ps(v[0], v[1]))
}

impl Norm {
    /// Applies gain and bias to numbers `32 c..` of a row and rounds them.
    #[inline]
    #[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
    fn gained(&self, c: usize, normalized: [V; 2]) -> Halves {
        let (gain, bias) = (load_wide(&self.gain[c]), load_wide(&self.bias[c]));
        round([0, 1].map(|i| _mm512_fmadd_ps(normalized[i], gain[i], bias[i])))
    }

    /// Zeroes the padding among numbers `32 c..` of a row.
    #[inline]
    #[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
    fn inside(&self, c: usize, v: [V; 2]) -> [V; 2] {
        let left = self.d_model.saturating_sub(c * BLOCK);
        if left >= BLOCK {
            return v;
        }
        [_mm512_maskz_mov_ps(first(left), v[0]), _mm512_maskz_mov_ps(first(left.saturating_sub(16)), v[1])]
    }
}

/// Reverses [`norm`] for the same rows: from the gradient of its output, `dout`, sets or adds to the gradient of its input,
/// `dx`, and adds to the gradients of gain and bias.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn norm_bwd(
    norm: &Norm,
    stash: &Normalized,
    dout: &Floats,
    block: usize,
    [dgain, dbias]: [&mut [Wide]; 2],
    sums: Sums,
    dx: &mut Floats,
) {
    let inverse_d = 1.0 / norm.d_model as f32;
    for r in block * BLOCK..(block + 1) * BLOCK {
        let grad = dout.row(r);
        let normalized = |c: usize| widen(load_line(stash.rows.line(r, c)));
        let mut write = |c: usize, v: [V; 2]| {
            let to = dx.wide_mut(r, c);
            store_wide(to, if sums == Sums::Add { add(load_wide(to), v) } else { v });
        };
        let Some(kind) = norm.kind else {
            for (c, grad) in grad.iter().enumerate() {
                write(c, load_wide(grad));
            }
            continue;
        };
        let (mut total, mut dot) = ([all(0.0); 2], [all(0.0); 2]);
        for (c, grad) in grad.iter().enumerate() {
            let (normalized, grad) = (normalized(c), load_wide(grad));
            let (gain, before) = (load_wide(&norm.gain[c]), load_wide(&dgain[c]));
            store_wide(&mut dgain[c], [0, 1].map(|i| _mm512_fmadd_ps(grad[i], normalized[i], before[i])));
            let sum = add(grad, load_wide(&dbias[c]));
            store_wide(&mut dbias[c], sum);
            let scaled = [0, 1].map(|i| _mm512_mul_ps(grad[i], gain[i]));
            total = add(total, scaled);
            dot = [0, 1].map(|i| _mm512_fmadd_ps(scaled[i], normalized[i], dot[i]));
        }
        let mean_grad = all(if kind.centred { sum(total) * inverse_d } else { 0.0 });
        let (mean_dot, inverse) = (all(sum(dot) * inverse_d), all(stash.inverse[r]));
        for (c, grad) in grad.iter().enumerate() {
            let (normalized, grad, gain) = (normalized(c), load_wide(grad), load_wide(&norm.gain[c]));
            let v = [0, 1].map(|i| {
                let scaled = _mm512_fmsub_ps(grad[i], gain[i], mean_grad);
                _mm512_mul_ps(inverse, _mm512_fnmadd_ps(normalized[i], mean_dot, scaled))
            });
            write(c, norm.inside(c, v));
        }
    }
}
