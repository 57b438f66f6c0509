//! The number types of the engine: `f32` for work, `f64` for finite differences and reference values.

use pulp::Simd;
use std::fmt::{Debug, Display};
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// A real number type, with what the kernels need of it.
pub trait Real:
    Copy
    + Default
    + PartialOrd
    + Debug
    + Display
    + Send
    + Sync
    + Sum
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + 'static
{
    /// Zero.
    const ZERO: Self;
    /// One.
    const ONE: Self;
    /// Negative infinity, the value of masked attention scores.
    const NEG_INFINITY: Self;
    /// Converts to the nearest number of this type.
    fn of(x: f64) -> Self;
    /// Converts to f64 (exact).
    fn to_f64(self) -> f64;
    /// Square root.
    fn sqrt(self) -> Self;
    /// e to the power of `self`. In `f32` within 2 units in the last place for results in the normal range, 0 below.
    fn exp(self) -> Self;
    /// The error function.
    fn erf(self) -> Self;

    /// A vector of an instruction set.
    type Vector<S: Simd>: Copy;
    /// Returns the number of lanes of a vector.
    fn lanes<S: Simd>() -> usize;
    /// Broadcasts a number to every lane.
    fn splat<S: Simd>(simd: S, x: Self) -> Self::Vector<S>;
    /// `a · b + c`, rounded once if the instruction set can.
    fn mul_add<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>, c: Self::Vector<S>) -> Self::Vector<S>;
    /// Views the start of a slice as whole vectors.
    fn vectors<S: Simd>(xs: &[Self]) -> &[Self::Vector<S>];
    /// The same, to write.
    fn vectors_mut<S: Simd>(xs: &mut [Self]) -> &mut [Self::Vector<S>];
}

impl Real for f64 {
    const ZERO: f64 = 0.0;
    const ONE: f64 = 1.0;
    const NEG_INFINITY: f64 = f64::NEG_INFINITY;
    #[inline(always)]
    fn of(x: f64) -> f64 {
        x
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn sqrt(self) -> f64 {
        f64::sqrt(self)
    }
    #[inline(always)]
    fn exp(self) -> f64 {
        f64::exp(self)
    }
    fn erf(self) -> f64 {
        libm::erf(self)
    }

    type Vector<S: Simd> = S::f64s;
    #[inline(always)]
    fn lanes<S: Simd>() -> usize {
        S::F64_LANES
    }
    #[inline(always)]
    fn splat<S: Simd>(simd: S, x: f64) -> S::f64s {
        simd.splat_f64s(x)
    }
    #[inline(always)]
    fn mul_add<S: Simd>(simd: S, a: S::f64s, b: S::f64s, c: S::f64s) -> S::f64s {
        simd.mul_add_e_f64s(a, b, c)
    }
    #[inline(always)]
    fn vectors<S: Simd>(xs: &[f64]) -> &[S::f64s] {
        S::as_simd_f64s(xs).0
    }
    #[inline(always)]
    fn vectors_mut<S: Simd>(xs: &mut [f64]) -> &mut [S::f64s] {
        S::as_mut_simd_f64s(xs).0
    }
}

impl Real for f32 {
    const ZERO: f32 = 0.0;
    const ONE: f32 = 1.0;
    const NEG_INFINITY: f32 = f32::NEG_INFINITY;
    #[inline(always)]
    fn of(x: f64) -> f32 {
        x as f32
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn sqrt(self) -> f32 {
        f32::sqrt(self)
    }
    #[inline(always)]
    fn exp(self) -> f32 {
        exp_f32(self)
    }
    fn erf(self) -> f32 {
        libm::erff(self)
    }

    type Vector<S: Simd> = S::f32s;
    #[inline(always)]
    fn lanes<S: Simd>() -> usize {
        S::F32_LANES
    }
    #[inline(always)]
    fn splat<S: Simd>(simd: S, x: f32) -> S::f32s {
        simd.splat_f32s(x)
    }
    #[inline(always)]
    fn mul_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
        simd.mul_add_e_f32s(a, b, c)
    }
    #[inline(always)]
    fn vectors<S: Simd>(xs: &[f32]) -> &[S::f32s] {
        S::as_simd_f32s(xs).0
    }
    #[inline(always)]
    fn vectors_mut<S: Simd>(xs: &mut [f32]) -> &mut [S::f32s] {
        S::as_mut_simd_f32s(xs).0
    }
}

/// e^x = 2^n · e^r with n = round(x / ln 2), |r| ≤ ln 2 / 2, and a polynomial of degree 7 for e^r (the coefficients of
/// Cephes' `expf`). Branch-free on purpose: the compiler turns loops over it into vector code, which it cannot do with
/// the library's `exp`. NaN stays NaN; below −87 the result is 0, above 88 it stays at e^88.
#[inline(always)]
fn exp_f32(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 · 2^23: adding it leaves round(·) in the low bits of the mantissa
    let clamped = x.clamp(-87.0, 88.0);
    let shifted = clamped * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = clamped - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 5.0e-1;
    let e_r = p * (r * r) + r + 1.0;
    let result = f32::from_bits(e_r.to_bits().wrapping_add(shifted.to_bits() << 23));
    if x < -87.0 { 0.0 } else { result }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_two_units_in_the_last_place() {
        let mut worst = 0.0f64;
        for i in 0..2_000_000 {
            let x = -87.0 + 175.0 * (i as f32 / 2_000_000.0);
            let want = f64::from(x).exp();
            worst = worst.max((f64::from(exp_f32(x)) - want).abs() / want);
        }
        assert!(worst < 2.0 * f64::from(f32::EPSILON), "relative error {worst:e}");
        assert_eq!((exp_f32(0.0), exp_f32(f32::NEG_INFINITY), exp_f32(-1e4)), (1.0, 0.0, 0.0));
        assert!(exp_f32(f32::NAN).is_nan() && exp_f32(1e4).is_finite());
    }
}
