//! Matrix products of the fit, and a pitfall of the library behind them.

use faer::{Accum, MatMut, MatRef, Par, linalg::matmul::matmul};
use pulp::{Arch, Simd, WithSimd};

/// Independent partial sums of a product, so that additions do not wait for each other.
const SUMS: usize = 4;

/// `out = alpha · a b`, or `out += alpha · a b`, by one thread.
pub(super) fn multiply(out: MatMut<'_, f64>, add: Accum, a: MatRef<'_, f64>, b: MatRef<'_, f64>, alpha: f64) {
    matmul(out, add, a, b, alpha, Par::Seq);
    leave_wide_registers();
}

/// Call after every faer routine that multiplies.
///
/// Its x86 kernels return with the upper halves of the vector registers in use (no `vzeroupper`). On some processors every
/// call of the C library's `exp` and its kin then pays for two changes of state: 134 ns instead of 4 (measured on a Sapphire
/// Rapids server), until some function cleans up. A function compiled for wide vectors does so on return; this is one.
pub(super) fn leave_wide_registers() {
    Arch::new().dispatch(|| {
        let wide = std::hint::black_box([1.0f64; 8]);
        std::hint::black_box(wide.map(|x| 2.0 * x));
    });
}

/// For each of the `n` rows of `x`, `[n, w.len()]`: `weight(i, x[i]·w)`, then `out += weight · x[i]`. One pass over the rows for a model
/// with one output: its product and its gradient.
///
/// The order of additions depends only on the width of the machine's vectors.
pub(super) fn weigh_rows(n: usize, x: &[f64], w: &[f64], out: &mut [f64], weight: impl FnMut(usize, f64) -> f64) {
    Arch::new().dispatch(WeighRows { n, x, w, out, weight });
}

struct WeighRows<'a, F> {
    n: usize,
    x: &'a [f64],
    w: &'a [f64],
    out: &'a mut [f64],
    weight: F,
}

impl<F: FnMut(usize, f64) -> f64> WithSimd for WeighRows<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let WeighRows { n, x, w, out, mut weight } = self;
        let r = w.len();
        for i in 0..n {
            let row = &x[i * r..i * r + r];
            let weight = weight(i, dot(simd, row, w));
            add_scaled(simd, out, weight, row);
        }
    }
}

#[inline(always)]
fn dot<S: Simd>(simd: S, a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (S::as_simd_f64s(a), S::as_simd_f64s(b));
    let ((a, a_single), (b, b_single)) = (a.as_chunks::<SUMS>(), b.as_chunks::<SUMS>());
    let mut sums = [simd.splat_f64s(0.0); SUMS];
    for k in 0..a.len() {
        for l in 0..SUMS {
            sums[l] = simd.mul_add_e_f64s(a[k][l], b[k][l], sums[l]);
        }
    }
    for k in 0..a_single.len() {
        sums[0] = simd.mul_add_e_f64s(a_single[k], b_single[k], sums[0]);
    }
    let sum = simd.add_f64s(simd.add_f64s(sums[0], sums[1]), simd.add_f64s(sums[2], sums[3]));
    let mut sum = simd.reduce_sum_f64s(sum);
    for k in 0..a_rest.len() {
        sum += a_rest[k] * b_rest[k];
    }
    sum
}

#[inline(always)]
fn add_scaled<S: Simd>(simd: S, out: &mut [f64], scale: f64, x: &[f64]) {
    let ((out, out_rest), (x, x_rest)) = (S::as_mut_simd_f64s(out), S::as_simd_f64s(x));
    let wide = simd.splat_f64s(scale);
    for k in 0..out.len() {
        out[k] = simd.mul_add_e_f64s(wide, x[k], out[k]);
    }
    for k in 0..out_rest.len() {
        out_rest[k] += scale * x_rest[k];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_any_length_are_weighed() {
        for r in [0, 1, 7, 16, 33, 65, 128] {
            let n = 5;
            let x: Vec<f64> = (0..n * r).map(|i| (i as f64).sin()).collect();
            let w: Vec<f64> = (0..r).map(|j| (j as f64).cos()).collect();
            let mut out = vec![1.0; r];
            weigh_rows(n, &x, &w, &mut out, |i, dot| i as f64 + dot);
            for j in 0..r {
                let naive = |i: usize| (i as f64 + (0..r).map(|k| x[i * r + k] * w[k]).sum::<f64>()) * x[i * r + j];
                let want = 1.0 + (0..n).map(naive).sum::<f64>();
                assert!((out[j] - want).abs() < 1e-12, "length {r}: {} against {want}", out[j]);
            }
        }
    }
}
