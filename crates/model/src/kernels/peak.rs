//! Multiply-adds in registers: the peak rate of f32 kernels on this thread's tier.

use super::real::Real;
use super::tier::vectorised_with;
use pulp::{Simd, WithSimd};
use std::hint::black_box;

/// Vectors of sums: enough to hide the latency of multiply-adds, few enough for the registers of every tier.
const SUMS: usize = 12;

/// Runs `iterations` rounds of independent multiply-adds in f32; returns how many operations that was, a multiply-add being two.
pub fn multiply_adds(iterations: usize) -> usize {
    vectorised_with(MultiplyAdds { iterations })
}

struct MultiplyAdds {
    iterations: usize,
}

impl WithSimd for MultiplyAdds {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        let [factor, summand] = [0.999, 1e-3].map(|x| <f32 as Real>::splat(simd, black_box(x)));
        let mut sums = [summand; SUMS];
        for _ in 0..self.iterations {
            for sum in &mut sums {
                *sum = <f32 as Real>::mul_add(simd, *sum, factor, summand);
            }
        }
        black_box(sums);
        2 * self.iterations * SUMS * <f32 as Real>::lanes::<S>()
    }
}
