//! Rotary positions of the tiled step: queries and keys turned where they lie.

use super::attention::Heads;
use super::factor::Rows;

/// Turns the queries and keys of a group by their positions, or, with `sign` −1, back. Angles as in
/// [`crate::kernels::attention::rotate`]; each number is rounded to bf16 once more.
///
/// # Shapes
/// - `qkv`: `[rows, 3 · width]`
pub(crate) fn rotate(heads: Heads, rotary_dim: usize, base: f64, sign: f64, qkv: &mut Rows) {
    let (dims, half) = (heads.dims, rotary_dim / 2);
    let mut turns = vec![(0.0, 0.0); half];
    for pos in 0..dims.seq {
        for (i, turn) in turns.iter_mut().enumerate() {
            let angle = pos as f64 / base.powf(2.0 * i as f64 / rotary_dim as f64);
            *turn = (angle.cos() as f32, (sign * angle.sin()) as f32);
        }
        for row in (pos..dims.n_seq * dims.seq).step_by(dims.seq) {
            for head in 0..2 * dims.n_heads {
                let column = head / dims.n_heads * heads.width + head % dims.n_heads * dims.d_head;
                let numbers = qkv.numbers_mut(row, column, rotary_dim);
                let (low, high) = numbers.split_at_mut(half);
                for ((a, b), &(cos, sin)) in low.iter_mut().zip(high).zip(&turns) {
                    let (x, y) = (widen(*a), widen(*b));
                    (*a, *b) = (nearest(x * cos - y * sin), nearest(y * cos + x * sin));
                }
            }
        }
    }
}

fn widen(x: u16) -> f32 {
    f32::from_bits(u32::from(x) << 16)
}

/// The nearest bf16 number, ties to even. NaN stays NaN.
fn nearest(x: f32) -> u16 {
    let bits = x.to_bits();
    let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1));
    (if x.is_nan() { bits | 0x0040_0000 } else { rounded } >> 16) as u16
}
