//! Conversion of single bf16 numbers, which are the upper half of an f32.

/// Rounds to the nearest bf16 number, ties to even; NaN stays NaN.
#[inline(always)]
pub(crate) fn nearest(x: f32) -> u16 {
    let bits = x.to_bits();
    let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1));
    const INFINITY: u32 = 0x7f80_0000;
    const QUIET: u32 = 0x0040_0000;
    let is_nan = bits & !(1 << 31) > INFINITY;
    ((if is_nan { bits | QUIET } else { rounded }) >> 16) as u16
}

/// Converts a bf16 number to f32 (exact).
#[inline(always)]
pub(crate) fn widen(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounded(x: f32) -> f32 {
        widen(nearest(x))
    }

    #[test]
    fn rounding_is_to_nearest_even_and_keeps_nan() {
        let cases = [
            (1.0, 1.0),
            (1.0 + 1.0 / 256.0, 1.0),               // half-way: to even, down
            (1.0 + 3.0 / 256.0, 1.0 + 4.0 / 256.0), // half-way: to even, up
            (1.0 + 1.1 / 256.0, 1.0 + 2.0 / 256.0),
            (-1.0 - 1.1 / 256.0, -1.0 - 2.0 / 256.0),
            (f32::MAX, f32::INFINITY),
            (f32::NEG_INFINITY, f32::NEG_INFINITY),
            (-0.0, -0.0),
        ];
        for (x, want) in cases {
            assert_eq!(rounded(x).to_bits(), f32::to_bits(want), "{x}");
        }
        assert!([0x7f80_0001, 0x7fff_ffff, 0xffff_ffff].iter().all(|&bits| rounded(f32::from_bits(bits)).is_nan()));
    }
}
