//! Matrix products in plain loops, for tiers that the library cannot be held to.

use super::product::{Accum, View, ViewMut};
use super::real::Real;
use super::tier::vectorised;

/// `out = scale · a @ b`, or `out += scale · a @ b`; the rows of `out` are contiguous.
pub(super) fn product<F: Real>(mut out: ViewMut<'_, F>, accum: Accum, a: View<'_, F>, b: View<'_, F>, scale: F) {
    assert_eq!((out.nrows(), out.ncols(), a.ncols()), (a.nrows(), b.ncols(), b.nrows()));
    let (inner, columns) = (b.nrows(), b.ncols());
    let by_rows: Vec<F> = (0..inner).flat_map(|l| (0..columns).map(move |j| b[(l, j)])).collect();
    let mut sums = vec![F::ZERO; columns];
    for i in 0..a.nrows() {
        sums.fill(F::ZERO);
        for (l, b) in by_rows.chunks_exact(columns.max(1)).enumerate() {
            add_scaled(&mut sums, scale * a[(i, l)], b);
        }
        for (j, &sum) in sums.iter().enumerate() {
            out[(i, j)] = if accum == Accum::Add { out[(i, j)] + sum } else { sum };
        }
    }
}

/// `out += scale · xs`.
fn add_scaled<F: Real>(out: &mut [F], scale: F, xs: &[F]) {
    vectorised(
        #[inline(always)]
        move || {
            for (o, &x) in out.iter_mut().zip(xs) {
                *o += scale * x;
            }
        },
    );
}
