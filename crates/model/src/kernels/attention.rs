//! Softmax attention, all heads of a group of sequences of equal length.
//!
//! `scores[b,h,t,s] = q[b,t,h] · k[b,s,h] / attn_scale`, −∞ for `s > t` in causal models;
//! `pattern = softmax over s`; `z[b,t,h] = sum_s pattern[b,h,t,s] v[b,s,h]`. Letters: `b` sequence, `h` head,
//! `t` query (destination) position, `s` key (source) position. Source: Vaswani et al. 2017, eq. 1.

use super::lanes::{self, dot, max, sum_of};
use super::product::{Packing, Store, View, ViewMut, view, view_mut};
use super::real::Real;
use super::tier::vectorised;

/// Sizes of an attention layer.
#[derive(Clone, Copy, Debug)]
pub struct AttnDims {
    /// Sequences.
    pub n_seq: usize,
    /// Positions of each.
    pub seq: usize,
    /// Heads.
    pub n_heads: usize,
    /// Dimension of a head.
    pub d_head: usize,
    /// Whether a position attends to itself and earlier positions only.
    pub causal: bool,
    /// Scores are divided by this.
    pub attn_scale: f64,
}

/// From which queries the keys and values of a position receive gradients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KvGradient {
    /// From every query that attends to them.
    #[default]
    AllQueries,
    /// From the query at their own position alone: to other positions they are constants, so a position's loss improves only what
    /// is computed at that position ("myopic" training, Wu et al. 2024, Do language models plan ahead for future tokens?).
    OwnQuery,
}

/// Queries are taken in blocks of this many rows, as many as a strip of keys has columns, and the keys after the block's last
/// row are skipped in causal models.
const QUERY_BLOCK: usize = 48;

impl AttnDims {
    fn width(self) -> usize {
        self.n_heads * self.d_head
    }

    /// Returns every (sequence, head).
    pub(super) fn pairs(self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.n_seq).flat_map(move |b| (0..self.n_heads).map(move |h| (b, h)))
    }

    /// Returns blocks of query rows with the number of keys they see: `(first row, rows, keys)`.
    pub(super) fn query_blocks(self) -> impl DoubleEndedIterator<Item = (usize, usize, usize)> {
        (0..self.seq.div_ceil(QUERY_BLOCK)).map(move |block| {
            let t0 = block * QUERY_BLOCK;
            let rows = QUERY_BLOCK.min(self.seq - t0);
            (t0, rows, if self.causal { t0 + rows } else { self.seq })
        })
    }

    /// Returns the number of keys that query `t` sees.
    #[inline(always)]
    pub(super) fn visible(self, t: usize) -> usize {
        if self.causal { t + 1 } else { self.seq }
    }

    /// Returns head `h` of sequence `b` of `[n_seq, seq, n_heads, d_head]`, as `[seq, d_head]`.
    pub(super) fn head<F: Real>(self, x: &[F], b: usize, h: usize) -> View<'_, F> {
        let len = self.seq * self.width();
        view(&x[b * len..][..len], self.width()).subcols(h * self.d_head, self.d_head)
    }

    pub(super) fn head_mut<F: Real>(self, x: &mut [F], b: usize, h: usize) -> ViewMut<'_, F> {
        let len = self.seq * self.width();
        view_mut(&mut x[b * len..][..len], self.width()).subcols_mut(h * self.d_head, self.d_head)
    }

    fn square<F: Real>(self, x: &[F], b: usize, h: usize) -> &[F] {
        let len = self.seq * self.seq;
        &x[(b * self.n_heads + h) * len..][..len]
    }

    fn square_mut<F: Real>(self, x: &mut [F], b: usize, h: usize) -> &mut [F] {
        let len = self.seq * self.seq;
        &mut x[(b * self.n_heads + h) * len..][..len]
    }
}

/// Fills `scores` from `q` and `k`, −∞ where masked.
///
/// # Shapes
/// - `q`, `k`: `[n_seq, seq, n_heads, d_head]`
/// - `scores` (out): `[n_seq, n_heads, seq, seq]`
pub fn attn_scores<F: Real>(packing: &mut Packing<F>, dims: AttnDims, q: &[F], k: &[F], scores: &mut [F]) {
    for (b, h) in dims.pairs() {
        let (q, k) = (dims.head(q, b, h), dims.head(k, b, h));
        let out = dims.square_mut(scores, b, h);
        for (t0, rows, keys) in dims.query_blocks() {
            let block = view_mut(&mut out[t0 * dims.seq..(t0 + rows) * dims.seq], dims.seq);
            let (q, k) = (q.subrows(t0, rows), k.subrows(0, keys).transpose());
            packing.multiply(q, k, Store::Set, block.subcols_mut(0, keys));
        }
    }
    lanes::scale(scores, F::of(1.0 / dims.attn_scale));
    if dims.causal {
        for (i, row) in scores.chunks_exact_mut(dims.seq).enumerate() {
            row[i % dims.seq + 1..].fill(F::NEG_INFINITY);
        }
    }
}

/// Softmax of every row over the keys it sees, in place; masked entries become 0.
///
/// A row whose scores are all −∞ (an edit can do that) becomes 0: it attends to nothing.
pub fn softmax_rows<F: Real>(dims: AttnDims, scores: &mut [F]) {
    vectorised(
        #[inline(always)]
        move || {
            for (i, row) in scores.chunks_exact_mut(dims.seq).enumerate() {
                let (seen, masked) = row.split_at_mut(dims.visible(i % dims.seq));
                softmax(seen);
                masked.fill(F::ZERO);
            }
        },
    )
}

#[inline(always)]
pub(crate) fn softmax<F: Real>(row: &mut [F]) {
    let top = max(row);
    if top == F::NEG_INFINITY {
        return row.fill(F::ZERO);
    }
    for v in row.iter_mut() {
        *v = (*v - top).exp();
    }
    let inv = F::ONE / sum_of(row, |v| v);
    for v in row.iter_mut() {
        *v *= inv;
    }
}

/// `z = pattern @ v`, head by head.
///
/// # Shapes
/// - `pattern`: `[n_seq, n_heads, seq, seq]`
/// - `v`, `z` (out): `[n_seq, seq, n_heads, d_head]`
pub fn attn_mix<F: Real>(packing: &mut Packing<F>, dims: AttnDims, pattern: &[F], v: &[F], z: &mut [F]) {
    for (b, h) in dims.pairs() {
        let p = view(dims.square(pattern, b, h), dims.seq);
        let v = dims.head(v, b, h);
        for (t0, rows, keys) in dims.query_blocks() {
            let out = dims.head_mut(z, b, h).subrows_mut(t0, rows);
            packing.multiply(p.submatrix(t0, 0, rows, keys), v.subrows(0, keys), Store::Set, out);
        }
    }
}

/// Reverses [`attn_mix`]: gradients of the pattern and of the values.
///
/// Fills only entries that a query sees; with `whole`, masked entries too: there the gradient is `dz · v` as everywhere, although
/// nothing propagates from it.
pub fn attn_mix_bwd<F: Real>(
    packing: &mut Packing<F>,
    dims: AttnDims,
    pattern: &[F],
    v: &[F],
    dz: &[F],
    whole: bool,
    dpattern: &mut [F],
    dv: &mut [F],
) {
    dv.fill(F::ZERO);
    for (b, h) in dims.pairs() {
        let (v, dz) = (dims.head(v, b, h), dims.head(dz, b, h));
        let p = view(dims.square(pattern, b, h), dims.seq);
        let dp = dims.square_mut(dpattern, b, h);
        for (t0, rows, keys) in dims.query_blocks() {
            let wide = if whole { dims.seq } else { keys };
            let block = view_mut(&mut dp[t0 * dims.seq..(t0 + rows) * dims.seq], dims.seq);
            let dz = dz.subrows(t0, rows);
            packing.multiply(dz, v.subrows(0, wide).transpose(), Store::Set, block.subcols_mut(0, wide));
            let seen = dims.head_mut(dv, b, h).subrows_mut(0, keys);
            packing.multiply(p.submatrix(t0, 0, rows, keys).transpose(), dz, Store::Add, seen);
        }
    }
}

/// Reverses [`softmax_rows`] in place: `dscores = pattern · (dpattern − sum_s pattern · dpattern)`, 0 where masked.
pub fn softmax_rows_bwd<F: Real>(dims: AttnDims, pattern: &[F], grad: &mut [F]) {
    vectorised(
        #[inline(always)]
        move || {
            let rows = pattern.chunks_exact(dims.seq).zip(grad.chunks_exact_mut(dims.seq));
            for (i, (p, g)) in rows.enumerate() {
                let seen = dims.visible(i % dims.seq);
                let (p, (g, masked)) = (&p[..seen], g.split_at_mut(seen));
                let mean = dot(p, g);
                for (g, &p) in g.iter_mut().zip(p) {
                    *g = p * (*g - mean);
                }
                masked.fill(F::ZERO);
            }
        },
    )
}

/// Reverses [`attn_scores`]: `dq = dscores @ k / attn_scale`, `dk = dscoresᵀ @ q / attn_scale`.
pub fn attn_scores_bwd<F: Real>(
    packing: &mut Packing<F>,
    dims: AttnDims,
    q: &[F],
    k: &[F],
    dscores: &[F],
    dq: &mut [F],
    dk: &mut [F],
) {
    dk.fill(F::ZERO);
    for (b, h) in dims.pairs() {
        let (q, k) = (dims.head(q, b, h), dims.head(k, b, h));
        let ds = view(dims.square(dscores, b, h), dims.seq);
        for (t0, rows, keys) in dims.query_blocks() {
            let block = ds.subrows(t0, rows).subcols(0, keys);
            let dq = dims.head_mut(dq, b, h).subrows_mut(t0, rows);
            packing.multiply(block, k.subrows(0, keys), Store::Set, dq);
            let seen = dims.head_mut(dk, b, h).subrows_mut(0, keys);
            packing.multiply(block.transpose(), q.subrows(t0, rows), Store::Add, seen);
        }
    }
    for grad in [dq, dk] {
        lanes::scale(grad, F::of(1.0 / dims.attn_scale));
    }
}
