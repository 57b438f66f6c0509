//! Pointwise nonlinearities of the MLP and their derivatives.

use super::real::Real;
use super::tier::vectorised;
use serde::{Deserialize, Serialize};

/// The MLP's nonlinearity, by TransformerLens' names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `max(x, 0)`.
    Relu,
    /// `x · Φ(x)` by the error function (Hendrycks & Gimpel 2016).
    Gelu,
    /// The tanh approximation of gelu that GPT-2 uses: `0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³)))`.
    GeluNew,
}

/// `post[i] = act(x[i])`, and `x[i]` becomes `act'(x[i])`: both from one exponential.
pub fn activate<F: Real>(act: Activation, x: &mut [F], post: &mut [F]) {
    vectorised(
        #[inline(always)]
        move || match act {
            Activation::Relu => each(x, post, |x| if x <= F::ZERO { [F::ZERO; 2] } else { [x, F::ONE] }),
            Activation::Gelu => each(x, post, gelu),
            Activation::GeluNew => each(x, post, gelu_new),
        },
    )
}

/// With `s = 0.5 (1 + tanh(y)) = 1 / (1 + e)`, `e = exp(−2y)`, `y = √(2/π) (x + 0.044715 x³)`: `x s` and `s + x s (1 − s) 2y'`.
#[inline(always)]
fn gelu_new<F: Real>(x: F) -> [F; 2] {
    const TWO_ROOTS: f64 = 2.0 * 0.797_884_560_802_865_4;
    const CUBIC: f64 = 0.044_715;
    let exponent = F::of(-TWO_ROOTS) * x * (F::ONE + F::of(CUBIC) * x * x);
    // Beyond this, s is practically 0; infinity times 0 would be NaN.
    let e = (if exponent > F::of(80.0) { F::of(80.0) } else { exponent }).exp();
    let s = F::ONE / (F::ONE + e);
    // 1 − s is e s: taken as a difference, the error of s would grow with the cube of x.
    [x * s, s + x * s * (e * s) * (F::of(TWO_ROOTS) + F::of(3.0 * TWO_ROOTS * CUBIC) * x * x)]
}

/// `x Φ(x)` and `Φ(x) + x φ(x)`.
#[inline(always)]
fn gelu<F: Real>(x: F) -> [F; 2] {
    let share = F::of(0.5) * (F::ONE + (x * F::of(std::f64::consts::FRAC_1_SQRT_2)).erf());
    let density = F::of(0.398_942_280_401_432_7) * (F::of(-0.5) * x * x).exp();
    [x * share, share + x * density]
}

#[inline(always)]
fn each<F: Real>(xs: &mut [F], post: &mut [F], f: impl Fn(F) -> [F; 2]) {
    for (x, post) in xs.iter_mut().zip(post) {
        [*post, *x] = f(*x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_equal_central_differences() {
        for act in [Activation::Relu, Activation::Gelu, Activation::GeluNew] {
            for i in -40..40 {
                let x = f64::from(i) * 0.25 + 0.01;
                let h = 1e-6;
                let mut ends = [0.0; 2];
                activate(act, &mut [x + h, x - h], &mut ends);
                let mut slope = [x];
                activate(act, &mut slope, &mut [0.0]);
                assert!((slope[0] - (ends[0] - ends[1]) / (2.0 * h)).abs() < 1e-8, "{act:?} at {x}");
            }
        }
    }

    #[test]
    fn far_from_zero_gelu_is_identity_or_zero() {
        let mut out = [0.0f32; 4];
        activate(Activation::GeluNew, &mut [-1e4, -50.0, 50.0, 1e4], &mut out);
        assert_eq!(out[2..], [50.0, 1e4]);
        assert!(out[..2].iter().all(|v| v.abs() < 1e-30), "{out:?}");
    }
}
