//! Matrix products. Activations are rows, weights multiply on the right (`resid @ W_Q`), as in TransformerLens.

use super::amx::Amx;
use super::bf16::{Packing, Store};
use super::plain;
use super::real::Real;
use super::tier::Tier;
use faer::linalg::matmul::matmul;
use faer::{MatMut, MatRef, Par};

pub use faer::Accum;

/// A matrix to read: rows and columns with any strides.
pub type View<'a, F> = MatRef<'a, F>;
/// A matrix to write.
pub type ViewMut<'a, F> = MatMut<'a, F>;

/// Row-major `[data.len() / cols, cols]`.
pub fn view<F: Real>(data: &[F], cols: usize) -> View<'_, F> {
    MatRef::from_row_major_slice(data, data.len() / cols, cols).as_dyn_stride()
}

/// Row-major `[data.len() / cols, cols]`, to write.
pub fn view_mut<F: Real>(data: &mut [F], cols: usize) -> ViewMut<'_, F> {
    let rows = data.len() / cols;
    MatMut::from_row_major_slice_mut(data, rows, cols).as_dyn_stride_mut()
}

/// `out = a @ b`.
pub fn set_product<F: Real>(out: ViewMut<'_, F>, a: View<'_, F>, b: View<'_, F>) {
    product(out, Accum::Replace, a, b, F::ONE);
}

/// `out = scale · a @ b`.
pub fn set_scaled_product<F: Real>(out: ViewMut<'_, F>, scale: F, a: View<'_, F>, b: View<'_, F>) {
    product(out, Accum::Replace, a, b, scale);
}

/// `out += a @ b`.
pub fn add_product<F: Real>(out: ViewMut<'_, F>, a: View<'_, F>, b: View<'_, F>) {
    product(out, Accum::Add, a, b, F::ONE);
}

/// `out += scale · a @ b`.
pub fn add_scaled_product<F: Real>(out: ViewMut<'_, F>, scale: F, a: View<'_, F>, b: View<'_, F>) {
    product(out, Accum::Add, a, b, scale);
}

fn product<F: Real>(out: ViewMut<'_, F>, accum: Accum, a: View<'_, F>, b: View<'_, F>, scale: F) {
    if Tier::is_lowered() {
        return plain::product(out, accum, a, b, scale);
    }
    matmul(out, accum, a, b, scale, Par::Seq);
}

/// How activations are multiplied with each other.
#[derive(Debug)]
pub enum Multiplier<'a> {
    /// In their own number type.
    Plain,
    /// Factors rounded to bf16, sums in f32; packed in the room given.
    Bf16(Amx, &'a mut Packing),
}

impl Multiplier<'_> {
    /// `out = scale · a @ b`.
    pub fn set_product<F: Real>(&mut self, out: ViewMut<'_, F>, scale: F, a: View<'_, F>, b: View<'_, F>) {
        match self {
            Multiplier::Plain => set_scaled_product(out, scale, a, b),
            Multiplier::Bf16(amx, room) => room.multiply(*amx, a, b, scale, Store::Set, out),
        }
    }

    /// `out += scale · a @ b`.
    pub fn add_product<F: Real>(&mut self, out: ViewMut<'_, F>, scale: F, a: View<'_, F>, b: View<'_, F>) {
        match self {
            Multiplier::Plain => add_scaled_product(out, scale, a, b),
            Multiplier::Bf16(amx, room) => room.multiply(*amx, a, b, scale, Store::Add, out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(m: usize, k: usize, n: usize) {
        let a: Vec<f64> = (0..m * k).map(|i| ((i * 7 % 13) as f64) - 6.0).collect();
        let b: Vec<f64> = (0..k * n).map(|i| ((i * 5 % 11) as f64) - 5.0).collect();
        let mut want = vec![1.0; m * n];
        for i in 0..m {
            for j in 0..n {
                want[i * n + j] += 2.0 * (0..k).map(|l| a[i * k + l] * b[l * n + j]).sum::<f64>();
            }
        }
        let mut out = vec![1.0; m * n];
        add_product(view_mut(&mut out, n), view(&a, k), view(&b, n));
        let mut by_columns = vec![0.0; n * m]; // the same product, transposed operands: bᵀ aᵀ
        set_scaled_product(view_mut(&mut by_columns, m), 1.0, view(&b, n).transpose(), view(&a, k).transpose());
        for i in 0..m {
            for j in 0..n {
                assert_eq!(out[i * n + j] + by_columns[j * m + i], want[i * n + j], "{m}x{k}x{n} at {i},{j}");
            }
        }
    }

    #[test]
    fn products_equal_the_triple_loop_at_odd_sizes() {
        for (m, k, n) in [(1, 1, 1), (7, 8, 9), (33, 17, 5), (64, 33, 65)] {
            check(m, k, n);
        }
    }
}
