//! The KV cache in bf16, and the attention of one new position over it.
//!
//! There is one query per row, so the tile unit would use one line in 16; dot products of bf16 pairs, 16 at a time, keep up with
//! memory. A tile holds 16 keys, a line of it one pair of their numbers: the transpose of what a left factor holds.
//! A line of values holds 16 numbers of two neighbouring positions.

use super::factor::{BLOCK, Rows, pair_of_rows, transpose_tile};
use super::heads::Heads;
use crate::config::ModelConfig;
use crate::kernels::tile::{Lanes, Line, Tile};
use crate::kernels::vector::{
    V, all, dot_pairs, exp2, first, load, load_bf16, load_line, round, store, store_bf16, store_line,
};
use std::arch::x86_64::*;
use std::f32::consts::LOG2_E;

/// Positions of a tile of keys, and numbers of a line of values.
const STRIP: usize = 16;

/// Independent sums, which hide the latency of additions.
const SPREAD: usize = 4;

/// Score of a position that is not in the cache yet: 2 to its power is 0.
const ABSENT: f32 = -1e30;

/// Keys and values of every position of every row (a sequence being continued), by layer.
#[derive(Clone, Debug, Default)]
pub(crate) struct KvCache {
    layers: Vec<LayerKv>,
    /// Positions so far, by row.
    lens: Vec<usize>,
    sizes: Sizes,
    scores: Vec<Lanes>,
    pattern: Vec<Line>,
}

/// Keys and values of one layer.
#[derive(Clone, Debug, Default)]
struct LayerKv {
    /// `[rows, n_heads, capacity / 16, depth]`
    keys: Vec<Tile>,
    /// `[rows, n_heads, capacity / 2, width]`
    values: Vec<Line>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sizes {
    /// Maximum number of positions per row: a multiple of [`BLOCK`].
    capacity: usize,
    n_heads: usize,
    d_head: usize,
}

impl Sizes {
    /// Tiles of 16 keys.
    fn depth(self) -> usize {
        self.d_head.div_ceil(BLOCK)
    }

    /// Lines of two values.
    fn width(self) -> usize {
        self.d_head.div_ceil(STRIP)
    }

    /// How many numbers of a head lie in part `c` of it.
    fn in_part(self, c: usize) -> usize {
        BLOCK.min(self.d_head - c * BLOCK)
    }
}

impl KvCache {
    /// Clears the cache and resizes it for `rows` rows of at most `longest` positions. Allocates only if that is more than
    /// ever before.
    pub(crate) fn reset(&mut self, config: &ModelConfig, rows: usize, longest: usize) {
        let capacity = longest.next_multiple_of(BLOCK);
        self.sizes = Sizes { capacity, n_heads: config.n_heads, d_head: config.d_head };
        self.lens.clear();
        self.lens.resize(rows, 0);
        self.layers.resize_with(config.n_layers, LayerKv::default);
        let heads = rows * config.n_heads;
        let (n_keys, n_values) =
            (heads * capacity / STRIP * self.sizes.depth(), heads * capacity / 2 * self.sizes.width());
        for LayerKv { keys, values } in &mut self.layers {
            keys.resize(n_keys.max(keys.len()), [Line::ZERO; 16]);
            values.resize(n_values.max(values.len()), Line::ZERO);
        }
        self.scores.resize(capacity / STRIP, Lanes::ZERO);
        self.pattern.resize(capacity / BLOCK, Line::ZERO);
    }

    /// Returns the number of positions of a row.
    pub(crate) fn len(&self, row: usize) -> usize {
        self.lens[row]
    }

    /// Adds the positions of a finished pass; during the pass every layer sees the old count.
    pub(crate) fn advance(&mut self, rows: &[usize], seq: usize) {
        for &row in rows {
            self.lens[row] += seq;
        }
    }

    /// Appends the keys and values of the new positions of some rows.
    ///
    /// # Shapes
    /// - `qkv`: `[rows.len() · seq, 3 · width]`
    #[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
    pub(crate) fn append(&mut self, layer: usize, rows: &[usize], heads: Heads, qkv: &Rows) {
        let (sizes, seq) = (self.sizes, heads.dims.seq);
        let LayerKv { keys, values } = &mut self.layers[layer];
        for (b, &row) in rows.iter().enumerate() {
            let new = self.lens[row]..self.lens[row] + seq;
            assert!(new.end <= sizes.capacity, "the cache was made for fewer positions");
            for h in 0..sizes.n_heads {
                let head = row * sizes.n_heads + h;
                let from = NewHead { first_row: b * seq, first_pos: new.start, column: heads.width + h * sizes.d_head };
                let keys = &mut keys[head * sizes.capacity / STRIP * sizes.depth()..]
                    [..sizes.capacity / STRIP * sizes.depth()];
                append_keys(sizes, from, new.end, qkv, keys);
                let from = NewHead { column: from.column + heads.width, ..from };
                let values =
                    &mut values[head * sizes.capacity / 2 * sizes.width()..][..sizes.capacity / 2 * sizes.width()];
                append_values(sizes, from, new.end, qkv, values);
            }
        }
    }

    /// `z = softmax(q kᵀ / attn_scale) v` for the last new position of each of some rows, appended already.
    ///
    /// # Shapes
    /// - `qkv`: `[rows.len(), 3 · width]`; `z` (out): `[rows.len(), width]`
    #[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
    pub(crate) fn attend(&mut self, layer: usize, rows: &[usize], heads: Heads, qkv: &Rows, z: &mut Rows) {
        let KvCache { layers, lens, sizes, scores, pattern } = self;
        let (LayerKv { keys, values }, sizes) = (&layers[layer], *sizes);
        let log2_scale = all(LOG2_E / heads.dims.attn_scale as f32);
        let (depth, width) = (sizes.depth(), sizes.width());
        for (b, &row) in rows.iter().enumerate() {
            let n = lens[row] + heads.dims.seq;
            for h in 0..sizes.n_heads {
                let head = row * sizes.n_heads + h;
                let scores = &mut scores[..n.div_ceil(STRIP)];
                let tiles = &keys[head * sizes.capacity / STRIP * depth..][..scores.len() * depth];
                let values = &values[head * sizes.capacity / 2 * width..][..n.div_ceil(2) * width];
                for c in 0..depth {
                    let mut q = Line::ZERO;
                    let numbers = qkv.numbers(b, h * sizes.d_head + c * BLOCK, sizes.in_part(c));
                    store_line(&mut q, load_bf16(numbers));
                    add_scores(&q.0[..sizes.in_part(c).div_ceil(2)], &tiles[c..], depth, c == 0, scores);
                }
                let inverse = softmax(n, log2_scale, scores, pattern);
                let pairs = &bytemuck::cast_slice::<Line, u32>(pattern)[..n.div_ceil(2)];
                for c in (0..width).step_by(2) {
                    let mixed = match width - c {
                        1 => round(
                            [mix::<1>(pairs, &values[c..], width)[0], all(0.0)].map(|v| _mm512_mul_ps(v, inverse)),
                        ),
                        _ => round(mix::<2>(pairs, &values[c..], width).map(|v| _mm512_mul_ps(v, inverse))),
                    };
                    store_bf16(z.numbers_mut(b, h * sizes.d_head + c * STRIP, sizes.in_part(c / 2)), mixed);
                }
            }
        }
    }
}

/// Where one head's keys or values at new positions are.
#[derive(Clone, Copy)]
struct NewHead {
    first_row: usize,
    first_pos: usize,
    column: usize,
}

impl NewHead {
    /// `len` numbers at a position, from number `skip` on.
    #[inline]
    #[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
    fn numbers(self, from: &Rows, pos: usize, skip: usize, len: usize) -> __m512i {
        load_bf16(from.numbers(self.first_row + pos - self.first_pos, self.column + skip, len))
    }
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn append_keys(sizes: Sizes, new: NewHead, end: usize, from: &Rows, keys: &mut [Tile]) {
    for c in 0..sizes.depth() {
        let key = |pos: usize| new.numbers(from, pos, c * BLOCK, sizes.in_part(c));
        let mut pos = new.first_pos;
        while pos < end {
            let tile = &mut keys[pos / STRIP * sizes.depth() + c];
            if pos.is_multiple_of(STRIP) && pos + STRIP <= end {
                for (i, line) in tile.iter_mut().enumerate() {
                    store_line(line, key(pos + i));
                }
                transpose_tile(tile);
                pos += STRIP;
            } else {
                let mut pairs = Line::ZERO;
                store_line(&mut pairs, key(pos));
                for (line, pair) in tile.iter_mut().zip(pairs.0) {
                    line.0[pos % STRIP] = pair;
                }
                pos += 1;
            }
        }
    }
}

/// An even position clears the odd one after it: what is not there yet is 0.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn append_values(sizes: Sizes, new: NewHead, end: usize, from: &Rows, values: &mut [Line]) {
    for c in (0..sizes.width()).step_by(2) {
        let value = |pos: usize| new.numbers(from, pos, c * STRIP, sizes.in_part(c / 2));
        let nothing = _mm512_setzero_si512();
        let mut pos = new.first_pos;
        while pos < end {
            let lines = &mut values[pos / 2 * sizes.width() + c..][..2.min(sizes.width() - c)];
            let odd = pos % 2;
            let pairs = match (odd, pos + 1 < end) {
                (0, true) => pair_of_rows(value(pos), value(pos + 1)),
                (0, false) => pair_of_rows(value(pos), nothing),
                _ => pair_of_rows(nothing, value(pos)),
            };
            for (line, pairs) in lines.iter_mut().zip(pairs) {
                let before = if odd == 1 { load_line(line) } else { nothing };
                store_line(line, _mm512_or_si512(before, pairs));
            }
            pos += 2 - odd;
        }
    }
}

/// Adds `q · key` to the score of each key, over the pairs of numbers that the first tile of every `depth` holds.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn add_scores(q: &[u32], tiles: &[Tile], depth: usize, fresh: bool, scores: &mut [Lanes]) {
    let (many, few) = scores.as_chunks_mut::<SPREAD>();
    let (tiles_of_many, tiles_of_few) = tiles.split_at((many.len() * SPREAD * depth).min(tiles.len()));
    for (scores, tiles) in many.iter_mut().zip(tiles_of_many.chunks(SPREAD * depth)) {
        add_scores_of(q, tiles, depth, fresh, scores);
    }
    for (score, tile) in few.iter_mut().zip(tiles_of_few.chunks(depth)) {
        add_scores_of(q, tile, depth, fresh, std::array::from_mut(score));
    }
}

#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn add_scores_of<const N: usize>(q: &[u32], tiles: &[Tile], depth: usize, fresh: bool, scores: &mut [Lanes; N]) {
    let mut sums = [all(0.0); N];
    if !fresh {
        sums = std::array::from_fn(|i| load(&scores[i]));
    }
    for (p, &pair) in q.iter().enumerate() {
        let pair = _mm512_set1_epi32(pair as i32);
        for (i, sum) in sums.iter_mut().enumerate() {
            *sum = dot_pairs(*sum, pair, load_line(&tiles[i * depth][p]));
        }
    }
    for (score, sum) in scores.iter_mut().zip(sums) {
        store(score, sum);
    }
}

/// The pattern over the first `n` positions, not yet divided by its sum, rounded; the inverse of the sum is returned.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn softmax(n: usize, log2_scale: V, scores: &mut [Lanes], pattern: &mut [Line]) -> V {
    if let Some(last) = scores.last_mut() {
        let there = first(n - (n - 1) / STRIP * STRIP);
        store(last, _mm512_mask_mov_ps(all(ABSENT), there, load(last)));
    }
    let top = scores.iter().fold(all(ABSENT), |top, lanes| _mm512_max_ps(top, load(lanes)));
    let top = _mm512_mul_ps(all(_mm512_reduce_max_ps(top)), log2_scale);
    let mut sum = all(0.0);
    let mut exp = |lanes: &Lanes| {
        let exp = exp2(_mm512_fmsub_ps(load(lanes), log2_scale, top));
        sum = _mm512_add_ps(sum, exp);
        exp
    };
    for (line, lanes) in pattern.iter_mut().zip(scores.chunks(2)) {
        let low = exp(&lanes[0]);
        let high = lanes.get(1).map_or(all(0.0), &mut exp);
        store_line(line, round([low, high]));
    }
    all(1.0 / _mm512_reduce_add_ps(sum))
}

/// `Σ pattern[s] · value s` over pairs of positions, of the numbers that the first `N` lines of every `width` hold.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn mix<const N: usize>(pattern: &[u32], values: &[Line], width: usize) -> [V; N] {
    let mut sums = [[all(0.0); N]; SPREAD];
    for (pairs, lines) in pattern.chunks(SPREAD).zip(values.chunks(SPREAD * width)) {
        for (i, &pair) in pairs.iter().enumerate() {
            let pair = _mm512_set1_epi32(pair as i32);
            for (c, line) in lines[i * width..][..N].iter().enumerate() {
                sums[i][c] = dot_pairs(sums[i][c], pair, load_line(line));
            }
        }
    }
    let [one, two, three, four] = sums;
    std::array::from_fn(|c| _mm512_add_ps(_mm512_add_ps(one[c], two[c]), _mm512_add_ps(three[c], four[c])))
}
