//! Rotary position embedding (RoPE, Su et al. 2021), in split halves as in GPT-NeoX: pair `(i, i + dim/2)` of the first `dim`
//! dimensions of every head rotates by the angle `pos / base^(2i / dim)`.

use super::attention::AttnDims;
use super::real::Real;

/// RoPE table: cosines and sines of the positions so far, shared by all layers and micro-batches.
#[derive(Clone, Debug, Default)]
pub struct RotaryTable<F> {
    dim: usize,
    base: f64,
    /// `[pos, dim / 2]`
    cos_sin: Vec<(F, F)>,
}

impl<F: Real> RotaryTable<F> {
    /// Rotates every head in place; `sign` −1 rotates back, which is also the gradient.
    ///
    /// # Shapes
    /// - `x`: `[n_seq, seq, n_heads, d_head]`; `first_pos` is the position of the first row of each sequence
    pub fn rotate(&mut self, dims: AttnDims, dim: usize, base: f64, sign: f64, first_pos: usize, x: &mut [F]) {
        let AttnDims { seq, n_heads, d_head, .. } = dims;
        let half = dim / 2;
        if half == 0 {
            return;
        }
        self.extend(dim, base, first_pos + seq);
        let sign = F::of(sign);
        for (r, row) in x.chunks_exact_mut(n_heads * d_head).enumerate() {
            let cos_sin = &self.cos_sin[(first_pos + r % seq) * half..][..half];
            for head in row.chunks_exact_mut(d_head) {
                let (low, high) = head[..dim].split_at_mut(half);
                for ((a, b), &(cos, sin)) in low.iter_mut().zip(high).zip(cos_sin) {
                    let (x, y, sin) = (*a, *b, sign * sin);
                    (*a, *b) = (x * cos - y * sin, y * cos + x * sin);
                }
            }
        }
    }

    /// Extends the table to positions below `positions`.
    fn extend(&mut self, dim: usize, base: f64, positions: usize) {
        if (self.dim, self.base) != (dim, base) {
            *self = RotaryTable { dim, base, cos_sin: Vec::new() };
        }
        for pos in self.cos_sin.len() / (dim / 2)..positions {
            self.cos_sin.extend((0..dim / 2).map(|i| {
                let angle = pos as f64 / base.powf(2.0 * i as f64 / dim as f64);
                (F::of(angle.cos()), F::of(angle.sin()))
            }));
        }
    }
}
