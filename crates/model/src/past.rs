//! What came before the positions that a pass runs on: nothing, or the keys and values that earlier passes left.
//!
//! This is all in which a pass over new positions differs from one over whole sequences, so one forward pass does both.

use crate::config::ModelConfig;
use crate::forward::{BlockActs, Net};
use crate::kernels::attention::{AttnDims, attn_mix, attn_scores, softmax, softmax_rows};
use crate::kernels::bf16::Packing;
use crate::kernels::real::Real;
use crate::sites::{At, Site};
use crate::tap::Tap;
use multiversion::multiversion;

/// The earlier positions of every sequence of a pass.
pub(crate) trait Past<F: Real> {
    /// Position of the first token of sequence `b`: how many are past.
    fn first_pos(&self, b: usize) -> usize;

    /// Keys that a row of scores has room for when `seq` positions are added.
    fn n_keys(&self, seq: usize) -> usize;

    /// From `block.q`, `block.k` and `block.v`, at the new positions, to `block.z`; scores and pattern are offered to the tap.
    fn attend(
        &mut self,
        net: Net<'_, F>,
        layer: usize,
        dims: AttnDims,
        block: &mut BlockActs<F>,
        packing: &mut Packing,
        tap: &mut impl Tap<F>,
    );
}

/// The sequences begin here.
pub(crate) struct Nothing;

impl<F: Real> Past<F> for Nothing {
    fn first_pos(&self, _: usize) -> usize {
        0
    }

    fn n_keys(&self, seq: usize) -> usize {
        seq
    }

    fn attend(
        &mut self,
        net: Net<'_, F>,
        layer: usize,
        dims: AttnDims,
        block: &mut BlockActs<F>,
        packing: &mut Packing,
        tap: &mut impl Tap<F>,
    ) {
        attn_scores(&mut net.products.multiplier(packing), dims, &block.q, &block.k, &mut block.pattern);
        to_pattern(layer, block, tap, |scores| softmax_rows(dims, scores));
        attn_mix(&mut net.products.multiplier(packing), dims, &block.pattern, &block.v, &mut block.z);
    }
}

/// Scores become the pattern, with the tap's edits of either; the softmax's own output is kept where the pattern is edited.
fn to_pattern<F: Real>(
    layer: usize,
    block: &mut BlockActs<F>,
    tap: &mut impl Tap<F>,
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

/// Keys and values of every position so far, of every row (a sequence that is being continued).
#[derive(Clone, Debug, Default)]
pub(crate) struct Cache<F> {
    layers: Vec<Kept<F>>,
    /// Positions so far, by row.
    lens: Vec<usize>,
    /// Positions that a row has room for: a multiple of [`KEYS`].
    room: usize,
    n_heads: usize,
    d_head: usize,
}

/// Of one layer.
#[derive(Clone, Debug, Default)]
struct Kept<F> {
    /// `[rows, n_heads, d_head, room]`: positions innermost, so that the scores of many keys are computed side by side.
    keys: Vec<F>,
    /// `[rows, n_heads, room, d_head]`
    values: Vec<F>,
}

impl<F: Real> Cache<F> {
    /// Forgets everything and makes room for `rows` rows of at most `longest` positions. Allocates only if that is more than
    /// ever before.
    pub(crate) fn reset(&mut self, config: &ModelConfig, rows: usize, longest: usize) {
        let &ModelConfig { n_layers, n_heads, d_head, .. } = config;
        (self.room, self.n_heads, self.d_head) = (longest.next_multiple_of(KEYS), n_heads, d_head);
        self.lens.clear();
        self.lens.resize(rows, 0);
        self.layers.resize_with(n_layers, Kept::default);
        let len = rows * self.row_len();
        for Kept { keys, values } in &mut self.layers {
            for buffer in [keys, values] {
                if buffer.len() < len {
                    buffer.resize(len, F::ZERO);
                }
            }
        }
    }

    /// A pass that continues these rows, one after the other.
    pub(crate) fn continued<'a>(&'a mut self, rows: &'a [usize]) -> Continued<'a, F> {
        Continued { cache: self, rows }
    }

    /// Positions so far of a row.
    pub(crate) fn len(&self, row: usize) -> usize {
        self.lens[row]
    }

    /// Counts the positions that a pass has added, once it is over: during the pass each layer still sees the old count.
    pub(crate) fn advance(&mut self, rows: &[usize], seq: usize) {
        for &row in rows {
            self.lens[row] += seq;
        }
    }

    /// Numbers per row, layer and kind.
    fn row_len(&self) -> usize {
        self.n_heads * self.d_head * self.room
    }
}

/// Rows of a cache, as the past of a pass.
pub(crate) struct Continued<'a, F> {
    cache: &'a mut Cache<F>,
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
        net: Net<'_, F>,
        layer: usize,
        dims: AttnDims,
        block: &mut BlockActs<F>,
        packing: &mut Packing,
        tap: &mut impl Tap<F>,
    ) {
        for (b, &row) in self.rows.iter().enumerate() {
            self.append(layer, row, dims, b, block);
        }
        let n_keys = <Self as Past<F>>::n_keys(self, dims.seq);
        if n_keys == dims.seq {
            return Nothing.attend(net, layer, dims, block, packing, tap);
        }
        let BlockActs { q, pattern, .. } = block;
        self.each_query(layer, dims, n_keys, q, pattern, |kept, seen, q, scores| {
            scores[seen..].fill(F::NEG_INFINITY);
            score_keys(kept.room, F::of(1.0 / dims.attn_scale), q, kept.keys, &mut scores[..seen]);
        });
        to_pattern(layer, block, tap, |scores| {
            for (i, row) in scores.chunks_exact_mut(n_keys).enumerate() {
                let (b, t) = (i / dims.seq / dims.n_heads, i % dims.seq);
                let (seen, masked) = row.split_at_mut(<Self as Past<F>>::first_pos(self, b) + t + 1);
                softmax_row(seen);
                masked.fill(F::ZERO);
            }
        });
        let BlockActs { z, pattern, .. } = block;
        self.each_query(layer, dims, n_keys, z, pattern, |kept, seen, z, pattern| {
            mix_values(&pattern[..seen], kept.values, z);
        });
    }
}

/// One head of one row.
struct Head<'a, F> {
    /// `[d_head, room]`
    keys: &'a [F],
    /// `[room, d_head]`
    values: &'a [F],
    room: usize,
}

impl<F: Real> Continued<'_, F> {
    /// Takes the keys and values of the new positions over.
    fn append(&mut self, layer: usize, row: usize, dims: AttnDims, b: usize, block: &BlockActs<F>) {
        let &mut Cache { room, n_heads, d_head, .. } = self.cache;
        let (first, row_len, width) = (self.cache.lens[row], self.cache.row_len(), n_heads * d_head);
        assert!(first + dims.seq <= room, "the cache was made for fewer positions");
        let Kept { keys, values } = &mut self.cache.layers[layer];
        let (keys, values) = (&mut keys[row * row_len..][..row_len], &mut values[row * row_len..][..row_len]);
        for t in 0..dims.seq {
            let from = (b * dims.seq + t) * width..(b * dims.seq + t + 1) * width;
            for (i, &k) in block.k[from.clone()].iter().enumerate() {
                keys[i * room + first + t] = k;
            }
            for (head, v) in block.v[from].chunks_exact(d_head).enumerate() {
                values[(head * room + first + t) * d_head..][..d_head].copy_from_slice(v);
            }
        }
    }

    /// Calls `work` for every query with its head of the cache, the keys it sees, its `d_head` numbers of `x` (`[n_seq, seq,
    /// n_heads, d_head]`) and its row of `squares` (`[n_seq, n_heads, seq, n_keys]`).
    fn each_query(
        &self,
        layer: usize,
        dims: AttnDims,
        n_keys: usize,
        x: &mut [F],
        squares: &mut [F],
        work: impl Fn(Head<'_, F>, usize, &mut [F], &mut [F]),
    ) {
        let &Cache { room, n_heads, d_head, .. } = &*self.cache;
        let Kept { keys, values } = &self.cache.layers[layer];
        let head_len = d_head * room;
        for (b, &row) in self.rows.iter().enumerate() {
            for head in 0..n_heads {
                let kept = (row * n_heads + head) * head_len..(row * n_heads + head + 1) * head_len;
                for t in 0..dims.seq {
                    let x = &mut x[((b * dims.seq + t) * n_heads + head) * d_head..][..d_head];
                    let square = &mut squares[((b * n_heads + head) * dims.seq + t) * n_keys..][..n_keys];
                    let kept = Head { keys: &keys[kept.clone()], values: &values[kept.clone()], room };
                    work(kept, self.cache.lens[row] + t + 1, x, square);
                }
            }
        }
    }
}

#[multiversion(targets = "simd")]
fn softmax_row<F: Real>(row: &mut [F]) {
    softmax(row);
}

/// Keys whose scores are summed side by side.
const KEYS: usize = 64;

/// `scores[s] = scale · sum over i of q[i] · keys[i, s]`; `keys` is `[d_head, room]`.
#[multiversion(targets = "simd")]
fn score_keys<F: Real>(room: usize, scale: F, q: &[F], keys: &[F], scores: &mut [F]) {
    for (block, scores) in scores.chunks_mut(KEYS).enumerate() {
        let mut sums = [F::ZERO; KEYS];
        for (&q, keys) in q.iter().zip(keys.chunks_exact(room)) {
            let keys = &keys[block * KEYS..][..KEYS];
            for (sum, &k) in sums.iter_mut().zip(keys) {
                *sum += q * k;
            }
        }
        for (score, &sum) in scores.iter_mut().zip(&sums) {
            *score = scale * sum;
        }
    }
}

/// Numbers of a value that are summed side by side, and the sums that they are spread over: one alone would wait for itself.
const WIDE: usize = 16;
const SPREAD: usize = 4;

/// `z[i] = sum over s of pattern[s] · values[s, i]`; `values` is `[room, d_head]`.
#[multiversion(targets = "simd")]
fn mix_values<F: Real>(pattern: &[F], values: &[F], z: &mut [F]) {
    let d_head = z.len();
    for (block, z) in z.chunks_mut(WIDE).enumerate() {
        let piece = |value: &[F]| {
            let mut piece = [F::ZERO; WIDE];
            match value.get(block * WIDE..(block + 1) * WIDE) {
                Some(whole) => piece.copy_from_slice(whole),
                None => piece[..z.len()].copy_from_slice(&value[block * WIDE..]),
            }
            piece
        };
        let mut sums = [[F::ZERO; WIDE]; SPREAD];
        for (weights, values) in pattern.chunks(SPREAD).zip(values.chunks(SPREAD * d_head)) {
            for ((sum, &p), value) in sums.iter_mut().zip(weights).zip(values.chunks_exact(d_head)) {
                for (sum, v) in sum.iter_mut().zip(piece(value)) {
                    *sum += p * v;
                }
            }
        }
        let [a, b, c, d] = sums;
        for (i, z) in z.iter_mut().enumerate() {
            *z = (a[i] + b[i]) + (c[i] + d[i]);
        }
    }
}
