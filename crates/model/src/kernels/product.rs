//! Matrix products. Activations are rows, weights multiply on the right (`resid @ W_Q`), as in TransformerLens.

use super::real::Real;
use super::strips::{self, Strips, StripsPart};

pub use super::strips::Store;
pub use super::view::{View, ViewMut, view, view_mut};

/// Scratch buffers of products and of attention. One for each worker; reused, so that the steady state allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct Packing<F> {
    left: Vec<F>,
    right: Strips<F>,
    pub(super) head: HeadScratch<F>,
}

/// Scratch buffers of one attention head, see [`super::flash`].
#[derive(Clone, Debug, Default)]
pub(super) struct HeadScratch<F> {
    pub(super) k: Strips<F>,
    pub(super) k_columns: Strips<F>,
    pub(super) v: Strips<F>,
    pub(super) q_block: Strips<F>,
    pub(super) dz_block: Strips<F>,
    /// `[queries of a block, keys rounded up to whole vectors]`
    pub(super) pattern: Vec<F>,
    pub(super) dscores: Vec<F>,
}

impl<F: Real> Packing<F> {
    /// Multiplies in the number type itself: `a @ b` is set in or added to `out`, as `store` says.
    ///
    /// # Panics
    /// If the sizes do not match, or `b` has neither contiguous rows nor contiguous columns.
    pub fn multiply(&mut self, a: View<'_, F>, b: View<'_, F>, store: Store<'_, F>, out: ViewMut<'_, F>) {
        self.right.pack(b);
        strips::multiply(a, self.right.whole(), store, out, &mut self.left);
    }

    /// The same with a right factor that is packed already.
    ///
    /// # Panics
    /// As [`Packing::multiply`].
    pub(crate) fn multiply_strips(
        &mut self,
        a: View<'_, F>,
        b: StripsPart<'_, F>,
        store: Store<'_, F>,
        out: ViewMut<'_, F>,
    ) {
        strips::multiply(a, b, store, out, &mut self.left);
    }
}

/// Sets `out = a @ b`, with scratch buffers of its own.
pub fn set_product<F: Real>(out: ViewMut<'_, F>, a: View<'_, F>, b: View<'_, F>) {
    Packing::default().multiply(a, b, Store::Set, out);
}

/// Adds `a @ b` to `out`, with scratch buffers of its own.
pub fn add_product<F: Real>(out: ViewMut<'_, F>, a: View<'_, F>, b: View<'_, F>) {
    Packing::default().multiply(a, b, Store::Add, out);
}

#[cfg(test)]
mod tests {
    use super::super::tier::{Tier, available_tiers, force_tier};
    use super::*;

    /// Against the triple loop, exactly: all numbers are small and whole.
    fn check<F: Real>(m: usize, k: usize, n: usize) {
        let numbers = |len: usize, step: usize, modulus: usize| -> Vec<F> {
            (0..len).map(|i| F::of((i * step % modulus) as f64 - (modulus / 2) as f64)).collect()
        };
        let (a, b, bias) = (numbers(m * k, 7, 13), numbers(k * n, 5, 11), numbers(n, 3, 7));
        let by_columns = |x: View<'_, F>| -> Vec<F> {
            (0..x.ncols()).flat_map(|c| (0..x.nrows()).map(move |r| x[(r, c)])).collect()
        };
        let (a, b) = (view(&a, k), view(&b, n));
        let (a_columns, b_columns) = (by_columns(a), by_columns(b));
        let want: Vec<F> = (0..m * n).map(|e| (0..k).map(|l| a[(e / n, l)] * b[(l, e % n)]).sum()).collect();
        let mut packing = Packing::default();
        // A larger one first: what it left must not show.
        packing.right.pack(view(&numbers((k + 3) * (n + 70), 3, 17), n + 70));
        for a in [a, view(&a_columns, m).transpose()] {
            for b in [b, view(&b_columns, k).transpose()] {
                // A band of a wider matrix, whose other columns must stay.
                let mut wide = vec![F::of(7.0); m * (n + 5)];
                let mut store = |store| {
                    let band = view_mut(&mut wide, n + 5).subcols_mut(2, n);
                    packing.multiply(a, b, store, band);
                    let outside = [0, 1, n + 2, n + 3, n + 4];
                    assert!(wide.chunks(n + 5).all(|row| outside.iter().all(|&c| row[c] == F::of(7.0))));
                    wide.chunks(n + 5).flat_map(|row| row[2..n + 2].to_vec()).collect::<Vec<F>>()
                };
                let what = format!("{m}x{k}x{n}");
                assert_eq!(store(Store::Set), want, "{what}");
                let sum: Vec<F> = want.iter().map(|&p| F::of(2.0) * p).collect();
                assert_eq!(store(Store::Add), sum, "{what}: sum");
                let biased: Vec<F> = want.iter().enumerate().map(|(e, &p)| p + bias[e % n]).collect();
                assert_eq!(store(Store::SetBiased(&bias)), biased, "{what}: bias");
            }
        }
    }

    #[test]
    fn products_equal_the_triple_loop_at_odd_sizes_on_every_tier() {
        let on_tier = |tier: Tier| {
            force_tier(tier).unwrap();
            for (m, k, n) in [
                (1, 1, 1),
                (7, 8, 9),
                (33, 17, 5),
                (64, 33, 65),
                (3, 20, 48),
                (70, 9, 16),
                (12, 300, 100),
                (135, 4, 33),
            ] {
                check::<f32>(m, k, n);
                check::<f64>(m, k, n);
            }
        };
        for tier in available_tiers() {
            std::thread::scope(|scope| scope.spawn(|| on_tier(tier)).join().unwrap());
        }
    }

    #[test]
    fn a_part_of_a_right_factor_is_a_product_of_its_own() {
        let (a, b): (Vec<f64>, Vec<f64>) = ((0..60).map(f64::from).collect(), (0..9000).map(f64::from).collect());
        let (mut right, mut out, mut want) = (Strips::default(), vec![0.0; 4 * 70], vec![0.0; 4 * 70]);
        right.pack(view(&b, 90));
        Packing::default().multiply_strips(view(&a, 15), right.part(15, 70), Store::Set, view_mut(&mut out, 70));
        set_product(view_mut(&mut want, 70), view(&a, 15), view(&b, 90).submatrix(0, 0, 15, 70));
        assert_eq!(out, want);
    }
}
