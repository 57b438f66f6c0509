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

/// `post[i] = act(pre[i])`.
pub fn activate<F: Real>(act: Activation, pre: &[F], post: &mut [F]) {
    vectorised(
        #[inline(always)]
        move || match act {
            Activation::Relu => each(pre, post, |x| if x < F::ZERO { F::ZERO } else { x }),
            Activation::Gelu => each(pre, post, |x| x * normal_cdf(x)),
            Activation::GeluNew => each(pre, post, |x| x * tanh_gate(x)),
        },
    )
}

/// `grad[i] *= act'(pre[i])`.
pub fn activate_bwd<F: Real>(act: Activation, pre: &[F], grad: &mut [F]) {
    vectorised(
        #[inline(always)]
        move || match act {
            Activation::Relu => each_scale(pre, grad, |x| if x > F::ZERO { F::ONE } else { F::ZERO }),
            Activation::Gelu => each_scale(pre, grad, |x| {
                let density = F::of(0.398_942_280_401_432_7) * (F::of(-0.5) * x * x).exp();
                normal_cdf(x) + x * density
            }),
            Activation::GeluNew => each_scale(pre, grad, |x| {
                let s = tanh_gate(x);
                s + x * s * (F::ONE - s) * (F::of(2.0 * SQRT_2_OVER_PI) * (F::ONE + F::of(3.0 * CUBIC) * x * x))
            }),
        },
    )
}

const SQRT_2_OVER_PI: f64 = 0.797_884_560_802_865_4;
const CUBIC: f64 = 0.044_715;

/// `0.5 (1 + tanh(y)) = 1 / (1 + exp(−2y))` with `y = √(2/π) (x + 0.044715 x³)`: one exponential, no cancellation.
#[inline(always)]
fn tanh_gate<F: Real>(x: F) -> F {
    let y2 = F::of(-2.0 * SQRT_2_OVER_PI) * x * (F::ONE + F::of(CUBIC) * x * x);
    F::ONE / (F::ONE + y2.exp())
}

#[inline(always)]
fn normal_cdf<F: Real>(x: F) -> F {
    F::of(0.5) * (F::ONE + (x * F::of(std::f64::consts::FRAC_1_SQRT_2)).erf())
}

#[inline(always)]
fn each<F: Real>(xs: &[F], out: &mut [F], f: impl Fn(F) -> F) {
    for (o, &x) in out.iter_mut().zip(xs) {
        *o = f(x);
    }
}

#[inline(always)]
fn each_scale<F: Real>(xs: &[F], out: &mut [F], f: impl Fn(F) -> F) {
    for (o, &x) in out.iter_mut().zip(xs) {
        *o *= f(x);
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
                activate(act, &[x + h, x - h], &mut ends);
                let mut slope = [1.0];
                activate_bwd(act, &[x], &mut slope);
                assert!((slope[0] - (ends[0] - ends[1]) / (2.0 * h)).abs() < 1e-8, "{act:?} at {x}");
            }
        }
    }

    #[test]
    fn far_from_zero_gelu_is_identity_or_zero() {
        let mut out = [0.0f32; 4];
        activate(Activation::GeluNew, &[-1e4, -50.0, 50.0, 1e4], &mut out);
        assert_eq!(out[2..], [50.0, 1e4]);
        assert!(out[..2].iter().all(|v| v.abs() < 1e-30), "{out:?}");
    }
}
