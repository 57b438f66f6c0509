//! Sixteen floats at a time: the vector primitives of the bf16 tiers (AVX-512 with bf16 conversion).
//!
//! Every function is safe to call from functions with the same `#[target_feature]`; loads and stores touch only what their
//! reference holds. The bf16 tier rounds to 8 bits of significand, so exponential and gelu need no more than that: their error
//! bounds are stated and tested against f64.
#![expect(unsafe_code, reason = "vector loads and stores exist only as intrinsics on pointers")]

use super::tile::{Lanes, Line, Wide};
use std::arch::x86_64::*;

/// Sixteen floats.
pub(crate) type V = __m512;
/// 32 bf16 numbers.
pub(crate) type Halves = __m512i;

/// Returns whether the processor has the vector instructions that the tiled passes are compiled for.
pub(super) fn has_vectors() -> bool {
    is_x86_feature_detected!("avx512bf16")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
}

/// Broadcasts a number to sixteen lanes.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn all(x: f32) -> V {
    _mm512_set1_ps(x)
}

/// Loads sixteen floats.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn load(x: &Lanes) -> V {
    // SAFETY: the address is that of 16 aligned floats.
    unsafe { _mm512_load_ps(x.0.as_ptr()) }
}

/// Stores sixteen floats.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn store(x: &mut Lanes, v: V) {
    // SAFETY: the address is that of 16 aligned floats.
    unsafe { _mm512_store_ps(x.0.as_mut_ptr(), v) }
}

/// Loads 32 floats.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn load_wide(x: &Wide) -> [V; 2] {
    [load(&x[0]), load(&x[1])]
}

/// Stores 32 floats.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn store_wide(x: &mut Wide, v: [V; 2]) {
    store(&mut x[0], v[0]);
    store(&mut x[1], v[1]);
}

/// Adds 32 floats.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn add(a: [V; 2], b: [V; 2]) -> [V; 2] {
    [_mm512_add_ps(a[0], b[0]), _mm512_add_ps(a[1], b[1])]
}

/// Loads the 32 numbers of a line.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn load_line(x: &Line) -> Halves {
    // SAFETY: the address is that of 64 aligned bytes.
    unsafe { _mm512_load_si512(x.0.as_ptr().cast()) }
}

/// Stores a line.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn store_line(x: &mut Line, v: Halves) {
    // SAFETY: the address is that of 64 aligned bytes.
    unsafe { _mm512_store_si512(x.0.as_mut_ptr().cast(), v) }
}

/// Zeroes the numbers outside `mask`.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn only(mask: __mmask32, v: Halves) -> Halves {
    _mm512_maskz_mov_epi16(mask, v)
}

/// Stores the numbers of a line that are in `mask`.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn store_only(mask: __mmask32, x: &mut Line, v: Halves) {
    // SAFETY: the address is that of 32 numbers of 16 bits.
    unsafe { _mm512_mask_storeu_epi16(x.0.as_mut_ptr().cast(), mask, v) }
}

/// Loads up to 16 floats; zeros beyond the end of `x`.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn load_some(x: &[f32]) -> V {
    // SAFETY: the mask has a bit for each number of `x`, 16 at most; masked addresses are not touched.
    unsafe { _mm512_maskz_loadu_ps(first(x.len()), x.as_ptr()) }
}

/// Loads up to 32 bf16 numbers; zeros beyond the end of `x`.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn load_bf16(x: &[u16]) -> Halves {
    // SAFETY: the mask has a bit for each number of `x`, 32 at most; masked addresses are not touched.
    unsafe { _mm512_maskz_loadu_epi16(first_halves(x.len()), x.as_ptr().cast()) }
}

/// Stores up to 32 bf16 numbers, as many as `x` holds.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn store_bf16(x: &mut [u16], v: Halves) {
    // SAFETY: the mask has a bit for each number of `x`, 32 at most; masked addresses are not touched.
    unsafe { _mm512_mask_storeu_epi16(x.as_mut_ptr().cast(), first_halves(x.len()), v) }
}

/// Returns a mask of the first `n` lanes, all if `n` ≥ 16.
#[inline]
pub(crate) fn first(n: usize) -> __mmask16 {
    (1u32.unbounded_shl(n as u32)).wrapping_sub(1) as u16
}

fn first_halves(n: usize) -> __mmask32 {
    1u32.unbounded_shl(n as u32).wrapping_sub(1)
}

/// Rounds 32 floats to bf16 (to nearest, ties to even; numbers below 2⁻¹²⁶ become 0).
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn round([low, high]: [V; 2]) -> Halves {
    // SAFETY: both types are 64 bytes in which every bit pattern is a value.
    unsafe { std::mem::transmute::<__m512bh, __m512i>(_mm512_cvtne2ps_pbh(high, low)) }
}

/// Reverses [`round`] (exact).
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn widen(v: Halves) -> [V; 2] {
    let half = |h: __m256i| _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(h)));
    [half(_mm512_castsi512_si256(v)), half(_mm512_extracti64x4_epi64::<1>(v))]
}

/// Adds the products of 32 bf16 numbers, summed by pairs, to `sums`.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn dot_pairs(sums: V, a: Halves, b: Halves) -> V {
    // SAFETY: both types are 64 bytes in which every bit pattern is a value.
    let [a, b] = unsafe { std::mem::transmute::<[__m512i; 2], [__m512bh; 2]>([a, b]) };
    _mm512_dpbf16_ps(sums, a, b)
}

/// Converts `[x₀ … x₁₅ y₀ … y₁₅]` to `[x₀ y₀ x₁ y₁ …]`.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn interleave(v: Halves) -> Halves {
    const ORDER: [u16; 32] = {
        let mut order = [0; 32];
        let mut i = 0;
        while i < 16 {
            order[2 * i] = i as u16;
            order[2 * i + 1] = 16 + i as u16;
            i += 1;
        }
        order
    };
    // SAFETY: the address is that of 32 numbers of 16 bits.
    let order = unsafe { _mm512_loadu_si512(ORDER.as_ptr().cast()) };
    _mm512_permutexvar_epi16(order, v)
}

/// Returns numbers 0, 2, 4 … of 16 pairs.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn even_numbers(pairs: Halves) -> V {
    _mm512_castsi512_ps(_mm512_slli_epi32::<16>(pairs))
}

/// Returns numbers 1, 3, 5 … of 16 pairs.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn odd_numbers(pairs: Halves) -> V {
    _mm512_castsi512_ps(_mm512_and_si512(pairs, _mm512_set1_epi32(0xffff_0000_u32 as i32)))
}

/// Separates 32 pairs into the 32 even numbers and the 32 odd ones.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn halves_of_pairs([low, high]: [Halves; 2]) -> [Halves; 2] {
    const EVEN: [u16; 32] = {
        let mut order = [0; 32];
        let mut i = 0;
        while i < 32 {
            order[i] = 2 * i as u16;
            i += 1;
        }
        order
    };
    // SAFETY: the address is that of 32 numbers of 16 bits.
    let even = unsafe { _mm512_loadu_si512(EVEN.as_ptr().cast()) };
    let odd = _mm512_or_si512(even, _mm512_set1_epi16(1));
    [even, odd].map(|order| _mm512_permutex2var_epi16(low, order, high))
}

/// Transposes 16×16 numbers of 32 bits.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn transpose(rows: [__m512i; 16]) -> [__m512i; 16] {
    let (mut t, mut u, mut out) = (rows, rows, rows);
    for i in 0..8 {
        t[2 * i] = _mm512_unpacklo_epi32(rows[2 * i], rows[2 * i + 1]);
        t[2 * i + 1] = _mm512_unpackhi_epi32(rows[2 * i], rows[2 * i + 1]);
    }
    for g in 0..4 {
        u[4 * g] = _mm512_unpacklo_epi64(t[4 * g], t[4 * g + 2]);
        u[4 * g + 1] = _mm512_unpackhi_epi64(t[4 * g], t[4 * g + 2]);
        u[4 * g + 2] = _mm512_unpacklo_epi64(t[4 * g + 1], t[4 * g + 3]);
        u[4 * g + 3] = _mm512_unpackhi_epi64(t[4 * g + 1], t[4 * g + 3]);
    }
    for j in 0..4 {
        let (a, b) = (_mm512_shuffle_i32x4::<0x88>(u[j], u[4 + j]), _mm512_shuffle_i32x4::<0xdd>(u[j], u[4 + j]));
        let (c, d) =
            (_mm512_shuffle_i32x4::<0x88>(u[8 + j], u[12 + j]), _mm512_shuffle_i32x4::<0xdd>(u[8 + j], u[12 + j]));
        out[j] = _mm512_shuffle_i32x4::<0x88>(a, c);
        out[8 + j] = _mm512_shuffle_i32x4::<0xdd>(a, c);
        out[4 + j] = _mm512_shuffle_i32x4::<0x88>(b, d);
        out[12 + j] = _mm512_shuffle_i32x4::<0xdd>(b, d);
    }
    out
}

/// 2 to the power of each lane, with a relative error below 1e-4 (bf16 rounds by up to 2e-3). −∞ and very small numbers give 0.
///
/// `2^floor(x)` by the exponent, `2^(x − floor(x))` by a cubic.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn exp2(x: V) -> V {
    let fraction = _mm512_reduce_ps::<9>(x);
    let mut p = all(0.077_907_17);
    p = _mm512_fmadd_ps(p, fraction, all(0.226_233_19));
    p = _mm512_fmadd_ps(p, fraction, all(0.695_777_1));
    p = _mm512_fmadd_ps(p, fraction, all(0.999_927_8));
    _mm512_scalef_ps(p, x)
}

/// 2 to the power of each lane, with a relative error below 3e-7.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn exp2_exact(x: V) -> V {
    let n = _mm512_roundscale_ps::<8>(x);
    let r = _mm512_sub_ps(x, n);
    let mut p = all(1.540_353e-4);
    p = _mm512_fmadd_ps(p, r, all(1.333_355_8e-3));
    p = _mm512_fmadd_ps(p, r, all(9.618_129e-3));
    p = _mm512_fmadd_ps(p, r, all(5.550_411e-2));
    p = _mm512_fmadd_ps(p, r, all(2.402_265e-1));
    p = _mm512_fmadd_ps(p, r, all(std::f32::consts::LN_2));
    p = _mm512_fmadd_ps(p, r, all(1.0));
    _mm512_scalef_ps(p, n)
}

/// `gelu_new` and its derivative, from one exponential, each within 2e-4 of max(1, |x|).
///
/// `gelu(x) = x s` with `s = 1 / (1 + exp(−2 y))`, `y = √(2/π) (x + 0.044715 x³)`; `gelu'(x) = s + x s (1 − s) 2y'`.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn gelu_new(x: V) -> (V, V) {
    const ROOT: f32 = 0.797_884_6;
    const CUBIC: f32 = 0.044_715;
    const TO_POWER_OF_2: f32 = -2.0 * std::f32::consts::LOG2_E;
    let square = _mm512_mul_ps(x, x);
    let inner = _mm512_fmadd_ps(square, all(TO_POWER_OF_2 * ROOT * CUBIC), all(TO_POWER_OF_2 * ROOT));
    // Beyond this, s is 0 and the rest 1 in bf16; infinity times 0 would be neither.
    let e = exp2(_mm512_min_ps(_mm512_mul_ps(x, inner), all(120.0)));
    let s = _mm512_rcp14_ps(_mm512_add_ps(e, all(1.0)));
    let slope = _mm512_fmadd_ps(square, all(2.0 * ROOT * 3.0 * CUBIC), all(2.0 * ROOT));
    // 1 − s is e s: taken as a difference, the error of s would grow with the cube of x.
    let value = _mm512_mul_ps(x, s);
    (value, _mm512_fmadd_ps(_mm512_mul_ps(value, _mm512_mul_ps(e, s)), slope, s))
}

/// `gelu` by the error function, and its derivative, each within 2e-4 of max(1, |x|).
///
/// `Φ(|x|) = 1 − φ(x) P(1 / (1 + p |x| / √2))` (Abramowitz & Stegun 7.1.26); `gelu' = Φ + x φ`.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn gelu(x: V) -> (V, V) {
    let distance = _mm512_mul_ps(_mm512_abs_ps(x), all(std::f32::consts::FRAC_1_SQRT_2));
    let t = _mm512_rcp14_ps(_mm512_fmadd_ps(distance, all(0.327_591_1), all(1.0)));
    let mut p = all(1.061_405_4);
    p = _mm512_fmadd_ps(p, t, all(-1.453_152));
    p = _mm512_fmadd_ps(p, t, all(1.421_413_7));
    p = _mm512_fmadd_ps(p, t, all(-0.284_496_74));
    p = _mm512_fmadd_ps(p, t, all(0.254_829_6));
    let bell = exp2(_mm512_mul_ps(_mm512_mul_ps(distance, distance), all(-std::f32::consts::LOG2_E)));
    let tail = _mm512_mul_ps(_mm512_mul_ps(p, t), _mm512_mul_ps(bell, all(0.5)));
    let negative = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(x, all(0.0));
    let share = _mm512_mask_mov_ps(_mm512_sub_ps(all(1.0), tail), negative, tail);
    let density = _mm512_mul_ps(bell, all(0.398_942_3));
    (_mm512_mul_ps(x, share), _mm512_fmadd_ps(x, density, share))
}

/// `max(x, 0)` and its derivative. NaN stays NaN.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn relu(x: V) -> (V, V) {
    let negative = _mm512_cmp_ps_mask::<_CMP_LE_OQ>(x, all(0.0));
    (_mm512_mask_mov_ps(x, negative, all(0.0)), _mm512_mask_mov_ps(all(1.0), negative, all(0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest error of a function against f64, as a share of `unit`, over `range`; per output.
    #[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
    fn worst(range: f32, f: impl Fn(V) -> [V; 2], want: impl Fn(f64) -> [f64; 2], unit: impl Fn(f64) -> f64) -> f64 {
        let mut worst = 0.0f64;
        for i in -100_000..100_000 {
            let x = range * (i as f32 / 1e5);
            for (got, want) in f(all(x)).into_iter().zip(want(x.into())) {
                let mut lanes = Lanes::ZERO;
                store(&mut lanes, got);
                worst = worst.max((f64::from(lanes.0[0]) - want).abs() / unit(x.into()));
            }
        }
        worst
    }

    #[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
    fn check_bounds() {
        let power = |x: f64| [x.exp2(); 2];
        assert!(worst(120.0, |x| [exp2(x); 2], power, f64::exp2) < 1e-4);
        assert!(worst(120.0, |x| [exp2_exact(x); 2], power, f64::exp2) < 3e-7);
        let larger = |x: f64| x.abs().max(1.0);
        let by_tanh = |x: f64| {
            let root = (2.0 / std::f64::consts::PI).sqrt();
            let t = (root * (x + 0.044_715 * x.powi(3))).tanh();
            let slope = root * (1.0 + 3.0 * 0.044_715 * x * x);
            [0.5 * x * (1.0 + t), 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * slope]
        };
        assert!(worst(30.0, |x| gelu_new(x).into(), by_tanh, larger) < 2e-4);
        let by_erf = |x: f64| {
            let share = 0.5 * (1.0 + libm::erf(x / std::f64::consts::SQRT_2));
            [x * share, share + x * (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt()]
        };
        assert!(worst(30.0, |x| gelu(x).into(), by_erf, larger) < 2e-4);
        let by_max = |x: f64| [x.max(0.0), if x > 0.0 { 1.0 } else { 0.0 }];
        assert!(worst(30.0, |x| relu(x).into(), by_max, larger) == 0.0);
    }

    #[test]
    fn functions_are_within_their_stated_bounds() {
        if !has_vectors() {
            println!("skipped: no AVX-512 for bf16 on this machine");
            return;
        }
        // SAFETY: asked above.
        unsafe { check_bounds() };
    }
}
