//! Rotary position embedding of the tiled step, in place.

use super::factor::Rows;
use super::heads::Heads;
use crate::kernels::bf16::{nearest, widen};

/// RoPE table: cosines and sines of the positions so far, shared by all layers and micro-batches.
#[derive(Clone, Debug, Default)]
pub(crate) struct RotaryTable {
    /// `[pos, rotary_dim / 2]`
    cos_sin: Vec<(f32, f32)>,
}

impl RotaryTable {
    /// Rotates the queries and keys of each row by its position, or, with `sign` −1, back. Angles as in
    /// [`crate::kernels::rotary`]; each number is rounded to bf16 once more. Dimension and base are the network's:
    /// the same in every call.
    ///
    /// # Shapes
    /// - `qkv`: `[rows, 3 · width]`
    pub(crate) fn rotate(
        &mut self,
        heads: Heads,
        rotary_dim: usize,
        base: f64,
        position: impl Fn(usize) -> usize,
        sign: f32,
        qkv: &mut Rows,
    ) {
        let (dims, half) = (heads.dims, rotary_dim / 2);
        if half == 0 {
            return;
        }
        for row in 0..dims.n_seq * dims.seq {
            let position = position(row);
            for pos in self.cos_sin.len() / half..=position {
                self.cos_sin.extend((0..half).map(|i| {
                    let angle = pos as f64 / base.powf(2.0 * i as f64 / rotary_dim as f64);
                    (angle.cos() as f32, angle.sin() as f32)
                }));
            }
            let cos_sin = &self.cos_sin[position * half..][..half];
            for head in 0..2 * dims.n_heads {
                let column = head / dims.n_heads * heads.width + head % dims.n_heads * dims.d_head;
                let (low, high) = qkv.numbers_mut(row, column, rotary_dim).split_at_mut(half);
                for ((a, b), &(cos, sin)) in low.iter_mut().zip(high).zip(cos_sin) {
                    let (x, y, sin) = (widen(*a), widen(*b), sign * sin);
                    (*a, *b) = (nearest(x * cos - y * sin), nearest(y * cos + x * sin));
                }
            }
        }
    }
}
