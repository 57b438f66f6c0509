//! Sums in sixteen lanes, and small elementwise loops.
//!
//! Kernels are plain loops that the compiler turns into vector code: once for each instruction set, chosen at run time
//! ([`vectorised`]). What a kernel calls is `#[inline(always)]`, so that it is compiled for the same set.
//!
//! The compiler may not reorder a float sum, so a plain running sum stays scalar. Summing in sixteen interleaved lanes says
//! the order outright; the same order on every instruction set, so these kernels give the same bits everywhere.

use super::real::Real;
use super::tier::vectorised;

/// Number of independent sums.
pub(crate) const LANES: usize = 16;

/// Folds all lanes pairwise, in the same order on every instruction set.
#[inline(always)]
pub(crate) fn fold<F: Real>(lanes: [F; LANES], join: impl Fn(F, F) -> F) -> F {
    let eight: [F; 8] = std::array::from_fn(|i| join(lanes[i], lanes[i + 8]));
    let four: [F; 4] = std::array::from_fn(|i| join(eight[i], eight[i + 4]));
    join(join(four[0], four[2]), join(four[1], four[3]))
}

/// Sums all lanes.
#[inline(always)]
pub(crate) fn sum_lanes<F: Real>(lanes: [F; LANES]) -> F {
    fold(lanes, |a, b| a + b)
}

/// Sums `term(x)` over a slice.
#[inline(always)]
pub fn sum_of<F: Real>(xs: &[F], term: impl Fn(F) -> F) -> F {
    let mut lanes = [F::ZERO; LANES];
    let chunks = xs.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for i in 0..LANES {
            lanes[i] += term(chunk[i]);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane += term(x);
    }
    sum_lanes(lanes)
}

/// Returns the dot product of `xs` and `ys`.
#[inline(always)]
pub fn dot<F: Real>(xs: &[F], ys: &[F]) -> F {
    let mut lanes = [F::ZERO; LANES];
    let (xc, yc) = (xs.chunks_exact(LANES), ys.chunks_exact(LANES));
    let (xr, yr) = (xc.remainder(), yc.remainder());
    for (x, y) in xc.zip(yc) {
        for i in 0..LANES {
            lanes[i] += x[i] * y[i];
        }
    }
    for (i, (&x, &y)) in xr.iter().zip(yr).enumerate() {
        lanes[i] += x * y;
    }
    sum_lanes(lanes)
}

/// Returns the largest entry: NaN if any entry is NaN, −∞ if there is none.
#[inline(always)]
pub fn max<F: Real>(xs: &[F]) -> F {
    // NaN compares with nothing: written so that a NaN once taken stays, and one met is taken.
    let larger = |a: F, b: F| {
        #[expect(clippy::eq_op, reason = "only a NaN differs from itself")]
        if a >= b || a != a { a } else { b }
    };
    let mut lanes = [F::NEG_INFINITY; LANES];
    let chunks = xs.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for i in 0..LANES {
            lanes[i] = larger(lanes[i], chunk[i]);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane = larger(*lane, x);
    }
    lanes.into_iter().fold(F::NEG_INFINITY, larger)
}

/// `out[i] += xs[i]`.
pub fn add<F: Real>(out: &mut [F], xs: &[F]) {
    vectorised(
        #[inline(always)]
        move || {
            add_to(out, xs);
        },
    )
}

/// `out[i] = xs[i] + ys[i]`.
pub fn set_sum<F: Real>(out: &mut [F], xs: &[F], ys: &[F]) {
    vectorised(
        #[inline(always)]
        move || {
            for ((o, &x), &y) in out.iter_mut().zip(xs).zip(ys) {
                *o = x + y;
            }
        },
    )
}

/// `out[i] += xs[i]`, for use inside kernels.
#[inline(always)]
pub fn add_to<F: Real>(out: &mut [F], xs: &[F]) {
    for (o, &x) in out.iter_mut().zip(xs) {
        *o += x;
    }
}

/// `xs[i] *= factor`.
pub fn scale<F: Real>(xs: &mut [F], factor: F) {
    vectorised(
        #[inline(always)]
        move || {
            for x in xs.iter_mut() {
                *x *= factor;
            }
        },
    )
}

/// `out[i] *= xs[i]`.
pub fn multiply<F: Real>(out: &mut [F], xs: &[F]) {
    vectorised(
        #[inline(always)]
        move || {
            for (o, &x) in out.iter_mut().zip(xs) {
                *o *= x;
            }
        },
    )
}

/// Returns the sum of squares.
pub fn sum_of_squares<F: Real>(xs: &[F]) -> F {
    vectorised(
        #[inline(always)]
        move || sum_of(xs, |x| x * x),
    )
}

/// `out[j] += sum over rows r of xs[r, j]`: the gradient of a bias. `xs` is `[rows, out.len()]`.
pub fn add_column_sums<F: Real>(out: &mut [F], xs: &[F]) {
    vectorised(
        #[inline(always)]
        move || {
            for row in xs.chunks_exact(out.len()) {
                add_to(out, row);
            }
        },
    )
}

/// `xs[r, j] += bias[j]` in every row.
pub fn add_bias<F: Real>(xs: &mut [F], bias: &[F]) {
    vectorised(
        #[inline(always)]
        move || {
            for row in xs.chunks_exact_mut(bias.len()) {
                add_to(row, bias);
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lane_sums_equal_plain_sums_at_odd_lengths() {
        for n in [0, 1, 7, 15, 16, 17, 31, 33, 100] {
            let xs: Vec<f64> = (0..n).map(|i| ((i * 37 % 19) as f64) - 9.0).collect();
            let ys: Vec<f64> = (0..n).map(|i| ((i * 11 % 23) as f64) - 5.0).collect();
            assert_eq!(sum_of(&xs, |x| x * x), xs.iter().map(|x| x * x).sum::<f64>());
            assert_eq!(dot(&xs, &ys), xs.iter().zip(&ys).map(|(x, y)| x * y).sum::<f64>());
            assert_eq!(max(&xs), xs.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        }
    }

    #[test]
    fn a_nan_is_never_hidden_by_the_maximum() {
        for at in [0, 5, 16, 32] {
            let mut xs = vec![1.0f32; 33];
            xs[at] = f32::NAN;
            assert!(max(&xs).is_nan(), "NaN at {at}");
        }
    }
}
