//! The positions before those that a pass runs on: none, or a KV cache.
//!
//! Attention to them is the only difference between a pass over new positions and one over whole sequences, so one forward
//! pass does both.

use crate::acts::BlockActs;
use crate::config::ModelConfig;
use crate::kernels::attention::{AttnDims, attn_mix, attn_scores, softmax, softmax_rows};
use crate::kernels::flash::{Softmax, attend};
use crate::kernels::product::Packing;
use crate::kernels::real::Real;
use crate::kernels::tier::vectorised;
use crate::sites::{At, Site};
use crate::tap::Tap;
use std::ops::Range;

/// The earlier positions of every sequence of a pass.
pub(crate) trait Past<F: Real> {
    /// Position of the first new token of sequence `b`.
    fn first_pos(&self, b: usize) -> usize;

    /// Length of a row of scores once `seq` positions are added.
    fn n_keys(&self, seq: usize) -> usize;

    /// Computes `block.z` from `block.q`, `block.k` and `block.v` at the new positions; offers scores and pattern to the tap.
    fn attend(
        &mut self,
        layer: usize,
        dims: AttnDims,
        block: &mut BlockActs<F>,
        packing: &mut Packing<F>,
        tap: &mut dyn Tap<F>,
    );
}

/// No earlier positions: the sequences start here.
pub(crate) struct NoPast;

impl<F: Real> Past<F> for NoPast {
    fn first_pos(&self, _: usize) -> usize {
        0
    }

    fn n_keys(&self, seq: usize) -> usize {
        seq
    }

    fn attend(
        &mut self,
        layer: usize,
        dims: AttnDims,
        block: &mut BlockActs<F>,
        packing: &mut Packing<F>,
        tap: &mut dyn Tap<F>,
    ) {
        let rows = dims.n_seq * dims.n_heads * dims.seq;
        let [scores, pattern, z] = [Site::AttnScores, Site::Pattern, Site::Z].map(|site| At::new(site, layer));
        // Recomputing the pattern in the backward pass needs `z` as attention left it.
        if !(tap.wants(scores) || tap.wants(pattern) || tap.edits(scores) || tap.edits(pattern) || tap.edits(z)) {
            let BlockActs { q, k, v, z, pattern, sums, .. } = block;
            pattern.clear();
            sums.resize(rows, Softmax::default());
            return attend(dims, q, k, v, z, sums, packing);
        }
        block.pattern.resize(rows * dims.seq, F::ZERO);
        attn_scores(packing, dims, &block.q, &block.k, &mut block.pattern);
        to_pattern(layer, block, tap, |scores| softmax_rows(dims, scores));
        attn_mix(packing, dims, &block.pattern, &block.v, &mut block.z);
    }
}

/// Turns scores into the pattern and offers both to the tap; keeps the softmax's output if the tap edits the pattern.
fn to_pattern<F: Real>(
    layer: usize,
    block: &mut BlockActs<F>,
    tap: &mut dyn Tap<F>,
    softmax_rows: impl FnOnce(&mut [F]),
) {
    let at = |site| At::new(site, layer);
    tap.forward(at(Site::AttnScores), &mut block.pattern);
    softmax_rows(&mut block.pattern);
    block.softmax.clear();
    if tap.edits(at(Site::Pattern)) {
        block.softmax.extend_from_slice(&block.pattern);
    }
    tap.forward(at(Site::Pattern), &mut block.pattern);
}

/// KV cache: keys and values of every position so far, for every row (a sequence that is being continued).
#[derive(Clone, Debug, Default)]
pub(crate) struct KvCache<F> {
    layers: Vec<LayerCache<F>>,
    /// Positions so far, by row.
    lens: Vec<usize>,
    sizes: Sizes,
}

/// Keys and values of one layer.
#[derive(Clone, Debug, Default)]
struct LayerCache<F> {
    /// `[rows, n_heads, capacity / KEYS, d_head, KEYS]`: the scores of neighbouring keys are computed side by side.
    keys: Vec<F>,
    /// `[rows, n_heads, capacity, d_wide]`
    values: Vec<F>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sizes {
    /// Positions that fit into a row: a multiple of [`KEYS`].
    capacity: usize,
    n_heads: usize,
    d_head: usize,
    /// `d_head`, padded to a multiple of [`WIDE`].
    d_wide: usize,
}

impl<F: Real> KvCache<F> {
    /// Empties the cache and sizes it for `rows` rows of at most `longest` positions. Allocates only if it grows.
    pub(crate) fn reset(&mut self, config: &ModelConfig, rows: usize, longest: usize) {
        let &ModelConfig { n_layers, n_heads, d_head, .. } = config;
        let (capacity, d_wide) = (longest.next_multiple_of(KEYS), d_head.next_multiple_of(WIDE));
        self.sizes = Sizes { capacity, n_heads, d_head, d_wide };
        self.lens.clear();
        self.lens.resize(rows, 0);
        self.layers.resize_with(n_layers, LayerCache::default);
        for LayerCache { keys, values } in &mut self.layers {
            for (buffer, width) in [(keys, d_head), (values, d_wide)] {
                let len = rows * n_heads * capacity * width;
                if buffer.len() < len {
                    buffer.resize(len, F::ZERO);
                }
            }
        }
    }

    /// These rows, as the past of a pass.
    pub(crate) fn continued<'a>(&'a mut self, rows: &'a [usize]) -> Continued<'a, F> {
        Continued { cache: self, rows }
    }

    /// Positions of a row so far.
    pub(crate) fn len(&self, row: usize) -> usize {
        self.lens[row]
    }

    /// Counts the positions that a pass has added. Call it after the pass: during it each layer needs the old count.
    pub(crate) fn advance(&mut self, rows: &[usize], seq: usize) {
        for &row in rows {
            self.lens[row] += seq;
        }
    }
}

/// Rows of a KV cache, as the past of a pass.
pub(crate) struct Continued<'a, F> {
    cache: &'a mut KvCache<F>,
    rows: &'a [usize],
}

impl<F: Real> Past<F> for Continued<'_, F> {
    fn first_pos(&self, b: usize) -> usize {
        self.cache.lens[self.rows[b]]
    }

    fn n_keys(&self, seq: usize) -> usize {
        self.rows.iter().map(|&row| self.cache.lens[row]).max().unwrap_or(0) + seq
    }

    fn attend(
        &mut self,
        layer: usize,
        dims: AttnDims,
        block: &mut BlockActs<F>,
        packing: &mut Packing<F>,
        tap: &mut dyn Tap<F>,
    ) {
        self.append(layer, dims, &block.k, &block.v);
        let n_keys = <Self as Past<F>>::n_keys(self, dims.seq);
        if n_keys == dims.seq {
            return NoPast.attend(layer, dims, block, packing, tap);
        }
        block.pattern.resize(dims.n_seq * dims.n_heads * dims.seq * n_keys, F::ZERO);
        let Sizes { d_head, d_wide, capacity, .. } = self.cache.sizes;
        let scale = F::of(1.0 / dims.attn_scale);
        let LayerCache { keys, values } = &self.cache.layers[layer];
        for Query { seen, head, numbers, square } in self.queries(dims, n_keys) {
            let (scores, masked) = block.pattern[square].split_at_mut(seen);
            score_keys(scale, &block.q[numbers], &keys[head * capacity * d_head..][..capacity * d_head], scores);
            masked.fill(F::NEG_INFINITY);
        }
        to_pattern(layer, block, tap, |pattern| {
            for Query { seen, square, .. } in self.queries(dims, n_keys) {
                let (scores, masked) = pattern[square].split_at_mut(seen);
                softmax_row(scores);
                masked.fill(F::ZERO);
            }
        });
        for Query { seen, head, numbers, square } in self.queries(dims, n_keys) {
            let pattern = &block.pattern[square][..seen];
            mix_values(d_wide, pattern, &values[head * capacity * d_wide..], &mut block.z[numbers]);
        }
    }
}

/// One head of one new position.
struct Query {
    /// Number of keys it attends to.
    seen: usize,
    /// Index of its row and head in the cache.
    head: usize,
    /// Its slice of `[n_seq, seq, n_heads, d_head]`.
    numbers: Range<usize>,
    /// Its slice of `[n_seq, n_heads, seq, n_keys]`.
    square: Range<usize>,
}

impl<F: Real> Continued<'_, F> {
    fn queries(&self, dims: AttnDims, n_keys: usize) -> impl Iterator<Item = Query> {
        let AttnDims { seq, n_heads, d_head, .. } = dims;
        self.rows.iter().enumerate().flat_map(move |(b, &row)| {
            let len = self.cache.lens[row];
            (0..n_heads * seq).map(move |i| {
                let (h, t) = (i / seq, i % seq);
                let (numbers, square) = (((b * seq + t) * n_heads + h) * d_head, (b * n_heads * seq + i) * n_keys);
                Query {
                    seen: len + t + 1,
                    head: row * n_heads + h,
                    numbers: numbers..numbers + d_head,
                    square: square..square + n_keys,
                }
            })
        })
    }

    /// Appends the keys and values of the new positions, `[n_seq, seq, n_heads, d_head]`.
    fn append(&mut self, layer: usize, dims: AttnDims, k: &[F], v: &[F]) {
        let Sizes { capacity, n_heads, d_head, d_wide } = self.cache.sizes;
        let width = n_heads * d_head;
        let LayerCache { keys, values } = &mut self.cache.layers[layer];
        for (b, &row) in self.rows.iter().enumerate() {
            let first = self.cache.lens[row];
            assert!(first + dims.seq <= capacity, "the cache was made for fewer positions");
            for h in 0..n_heads {
                let head = row * n_heads + h;
                let (from, end) = (b * dims.seq * width + h * d_head, (b + 1) * dims.seq * width);
                append_keys(
                    width,
                    d_head,
                    first,
                    &k[from..end],
                    &mut keys[head * capacity * d_head..][..capacity * d_head],
                );
                append_values(width, d_head, d_wide, &v[from..end], &mut values[(head * capacity + first) * d_wide..]);
            }
        }
    }
}

/// Writes one head's new keys, the first `d_head` numbers of each row of `k` (`[seq, width]`, the last row cut short), to positions
/// `first..` of `[capacity / KEYS, d_head, KEYS]`.
fn append_keys<F: Real>(width: usize, d_head: usize, first: usize, k: &[F], keys: &mut [F]) {
    vectorised(
        #[inline(always)]
        move || {
            let n_new = k.len().div_ceil(width);
            let mut done = 0;
            while done < n_new {
                let (block, lane) = ((first + done) / KEYS, (first + done) % KEYS);
                let n = (KEYS - lane).min(n_new - done);
                for (i, to) in keys[block * d_head * KEYS..][..d_head * KEYS].chunks_exact_mut(KEYS).enumerate() {
                    for (t, to) in to[lane..lane + n].iter_mut().enumerate() {
                        *to = k[(done + t) * width + i];
                    }
                }
                done += n;
            }
        },
    )
}

/// Writes one head's new values, as rows of `d_wide`.
fn append_values<F: Real>(width: usize, d_head: usize, d_wide: usize, v: &[F], values: &mut [F]) {
    vectorised(
        #[inline(always)]
        move || {
            for (from, to) in v.chunks(width).zip(values.chunks_exact_mut(d_wide)) {
                let (to, padding) = to.split_at_mut(d_head);
                for (to, &from) in to.iter_mut().zip(from) {
                    *to = from;
                }
                padding.fill(F::ZERO);
            }
        },
    )
}

fn softmax_row<F: Real>(row: &mut [F]) {
    vectorised(
        #[inline(always)]
        move || {
            softmax(row);
        },
    )
}

/// Keys whose scores are summed side by side.
const KEYS: usize = 32;

/// `scores[s] = scale · q · key s`; `keys` is `[capacity / KEYS, d_head, KEYS]`.
fn score_keys<F: Real>(scale: F, q: &[F], keys: &[F], scores: &mut [F]) {
    vectorised(
        #[inline(always)]
        move || {
            for (keys, scores) in keys.chunks_exact(q.len() * KEYS).zip(scores.chunks_mut(KEYS)) {
                let mut sums = [F::ZERO; KEYS];
                for (&q, keys) in q.iter().zip(keys.as_chunks::<KEYS>().0) {
                    for i in 0..KEYS {
                        sums[i] += q * keys[i];
                    }
                }
                for (score, &sum) in scores.iter_mut().zip(&sums) {
                    *score = scale * sum;
                }
            }
        },
    )
}

/// Numbers of a value that are summed side by side, and independent sums of each: one alone would wait for its own latency.
const WIDE: usize = 16;
const SPREAD: usize = 4;

/// `z[i] = sum over s of pattern[s] · values[s, i]`; `values` is `[capacity, d_wide]`.
fn mix_values<F: Real>(d_wide: usize, pattern: &[F], values: &[F], z: &mut [F]) {
    vectorised(
        #[inline(always)]
        move || {
            let (values, stride) = (values.as_chunks::<WIDE>().0, d_wide / WIDE);
            for (block, z) in z.chunks_mut(WIDE).enumerate() {
                let mut sums = [[F::ZERO; WIDE]; SPREAD];
                for (weights, values) in pattern.chunks(SPREAD).zip(values[block..].chunks(SPREAD * stride)) {
                    for ((sum, &p), value) in sums.iter_mut().zip(weights).zip(values.iter().step_by(stride)) {
                        for i in 0..WIDE {
                            sum[i] += p * value[i];
                        }
                    }
                }
                let [a, b, c, d] = sums;
                for (i, z) in z.iter_mut().enumerate() {
                    *z = (a[i] + b[i]) + (c[i] + d[i]);
                }
            }
        },
    )
}
