//! Softmax attention on the tile unit, head by head, without ever holding the pattern.
//!
//! Scores are made transposed, `Sᵀ = K @ Qᵀ`, 32 keys by 32 queries at a time. So a vector holds one key's scores for 16 queries,
//! the softmax needs no sum across lanes, and `Pᵀ` and `dSᵀ`, written by rows, are the left factors of `dV = Pᵀ @ dO` and
//! `dK = dSᵀ @ Q`. The forward pass leaves one number a query, `m = log2 Σ 2^s`; the backward pass makes the pattern again from
//! it: `P = 2^(s − m)` (Dao et al. 2022, section 3.1). The 1/√d_head is in the exponent and in the small outputs. Blocks above
//! the diagonal of a causal network are never made.

use super::factor::{BLOCK, Rows, Scratch, Tiles, pack_left_transposed, pack_right, transpose_tile};
use crate::kernels::amx::{Block, LeftStrips, Line, Sums, TileUnit, Wide, ZERO_BLOCK, ZERO_WIDE};
use crate::kernels::attention::AttnDims;
use crate::kernels::vector::{
    V, all, dot_pairs, exp2, first, interleave, load, load_bf16, load_line, load_wide, log2, round, store, store_bf16,
    store_line, transpose,
};
use std::arch::x86_64::*;
use std::f32::consts::LOG2_E;

/// A query that is only padding gets this instead of the logarithm of its sum: its pattern is then 0.
const NOBODY: f32 = 1e30;

/// Score of what a query may not see: its power of 2 is 0.
const UNSEEN: f32 = -1e30;

/// Blocks of keys that are taken together when queries' gradients are summed: room does not grow with the square of the
/// sequence.
const SPAN: usize = 8;

/// Where queries, keys and values of a group lie side by side, `[rows, 3 · width]`, and each sequence's rows one after another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heads {
    pub(crate) dims: AttnDims,
    /// Numbers from a row's queries to its keys, and from its keys to its values: `n_heads · d_head` in whole blocks.
    pub(crate) width: usize,
}

impl Heads {
    /// Blocks of positions of a sequence.
    fn blocks(self) -> usize {
        self.dims.seq.div_ceil(BLOCK)
    }

    /// Length of the stash of [`attention`].
    pub(crate) fn stash_len(self) -> usize {
        self.dims.n_seq * self.dims.n_heads * self.blocks()
    }

    /// Every head of every sequence, with its number.
    fn pairs(self) -> impl Iterator<Item = (usize, Head)> {
        let AttnDims { n_seq, n_heads, seq, d_head, .. } = self.dims;
        let head = move |s: usize, h: usize| Head { first_row: s * seq, column: h * d_head, seq, d_head };
        (0..n_seq).flat_map(move |s| (0..n_heads).map(move |h| (s * n_heads + h, head(s, h))))
    }

    fn scale(self) -> f32 {
        (1.0 / self.dims.attn_scale) as f32
    }

    /// Blocks of keys that a block of queries sees.
    fn seen(self, queries: usize) -> usize {
        if self.dims.causal { queries + 1 } else { self.blocks() }
    }

    /// The first block of queries that sees a block of keys.
    fn first_to_see(self, keys: usize) -> usize {
        if self.dims.causal { keys } else { 0 }
    }
}

/// One head of one sequence in a matrix of many.
#[derive(Clone, Copy, Debug)]
struct Head {
    first_row: usize,
    column: usize,
    seq: usize,
    d_head: usize,
}

impl Head {
    /// The same head's keys or values.
    fn shifted(self, columns: usize) -> Head {
        Head { column: self.column + columns, ..self }
    }

    /// How many numbers of the head lie in line `c` of it.
    #[inline]
    fn in_line(self, c: usize) -> usize {
        BLOCK.min(self.d_head - c * BLOCK)
    }

    /// Copies the head to a matrix of its own, padded with zeros.
    #[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
    fn copy(self, from: &Rows, to: &mut Rows) {
        to.resize(self.seq, self.d_head);
        for c in 0..self.d_head.div_ceil(BLOCK) {
            for r in 0..self.seq {
                let numbers = from.numbers(self.first_row + r, self.column + c * BLOCK, self.in_line(c));
                store_line(to.line_mut(r, c), load_bf16(numbers));
            }
            for r in self.seq..self.seq.next_multiple_of(BLOCK) {
                *to.line_mut(r, c) = Line::ZERO;
            }
        }
    }
}

/// Room for one head at a time.
#[derive(Clone, Debug, Default)]
pub(crate) struct AttentionRoom {
    q: Sides,
    k: Sides,
    v: Sides,
    dz: Sides,
    /// `Sᵀ`, a block of queries at a time.
    scores: Vec<Block>,
    /// `Pᵀ` as right factor, a block of queries at a time.
    pattern: Tiles,
    /// `Pᵀ` and `dSᵀ` by rows, a block of keys at a time.
    pattern_rows: Rows,
    dscores_rows: Rows,
    /// `dSᵀ` as right factor, a span of keys at a time.
    dscores: Tiles,
    /// `Σ P dP`, one number a query.
    mean: Vec<Wide>,
    /// `dQᵀ`, by blocks of queries and features.
    dq: Vec<Block>,
}

/// One head's queries (or keys, values, gradients of the mix), `x`, in the forms its products need.
#[derive(Clone, Debug, Default)]
struct Sides {
    /// `x` as left factor.
    rows: Rows,
    /// `xᵀ` as right factor.
    columns: Tiles,
    /// `x` as right factor, or `xᵀ` as left factor.
    across: Tiles,
}

impl Sides {
    /// `xᵀ` as right factor: its tiles are those of `x` as left factor, transposed.
    #[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
    fn make_columns(&mut self, head: Head) {
        self.columns.resize(head.seq, head.d_head);
        for strip in 0..self.columns.len() / 16 {
            for k in 0..self.columns.depth() {
                let tile = self.columns.tile_mut(strip, k);
                for (r, line) in tile.iter_mut().enumerate() {
                    *line = *self.rows.line(strip * 16 + r, k);
                }
                transpose_tile(tile);
            }
        }
    }

    #[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
    fn make_right(&mut self, head: Head) {
        self.across.resize(head.d_head, head.seq);
        for block in 0..self.across.depth() {
            pack_right(&self.rows, block, &mut self.across);
        }
    }

    #[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
    fn make_left_transposed(&mut self, head: Head) {
        self.across.resize(head.d_head, head.seq);
        for block in 0..self.across.depth() {
            pack_left_transposed(&self.rows, block, &mut self.across);
        }
    }
}

/// `z = softmax(q kᵀ / attn_scale) v` for every head; `stash` gets the logarithms of the sums.
///
/// # Shapes
/// - `qkv`: `[rows, 3 · width]`; `z` (out): `[rows, width]`
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn attention(
    unit: TileUnit,
    heads: Heads,
    qkv: &Rows,
    z: &mut Rows,
    stash: &mut [Wide],
    room: &mut AttentionRoom,
    scratch: &mut Scratch,
) {
    let (blocks, AttentionRoom { q, k, v, scores, pattern, .. }) = (heads.blocks(), room);
    scores.resize(blocks, ZERO_BLOCK);
    pattern.resize(BLOCK, blocks * BLOCK);
    let to_power = all(heads.scale() * LOG2_E);
    for (number, head) in heads.pairs() {
        head.copy(qkv, &mut q.rows);
        q.make_columns(head);
        head.shifted(heads.width).copy(qkv, &mut k.rows);
        head.shifted(2 * heads.width).copy(qkv, &mut v.rows);
        v.make_left_transposed(head);
        let stash = &mut stash[number * blocks..][..blocks];
        let depth = q.columns.depth();
        for queries in 0..blocks {
            let seen = heads.seen(queries);
            for (keys, block) in scores[..seen].iter_mut().enumerate() {
                let k = k.rows.strips(keys * BLOCK, depth);
                unit.multiply(k, q.columns.columns(queries, 0, depth), Sums::Set, block);
            }
            mask(heads, queries, &mut scores[seen - 1]);
            let inverse = softmax(&scores[..seen], to_power, pattern, &mut stash[queries]);
            let left = head.seq - queries * BLOCK;
            for (i, lanes) in stash[queries].iter_mut().enumerate() {
                store(lanes, _mm512_mask_mov_ps(all(NOBODY), first(left.saturating_sub(16 * i)), load(lanes)));
            }
            for c in 0..depth {
                let out = &mut scratch.0[0];
                unit.multiply(v.across.strips(c, 0, seen), pattern.columns(0, 0, seen), Sums::Set, out);
                write_columns(out, inverse, |i| i, head, queries, c, z);
            }
        }
    }
}

/// Takes out of a block of queries' last scores what they may not see: later keys, and keys that are only padding.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn mask(heads: Heads, queries: usize, last: &mut Block) {
    let padding = heads.dims.seq - (heads.seen(queries) - 1) * BLOCK;
    for (key, scores) in last.iter_mut().enumerate() {
        let seen = if heads.dims.causal {
            sees(key)
        } else if key < padding {
            continue;
        } else {
            [0, 0]
        };
        for (lanes, seen) in scores.iter_mut().zip(seen) {
            store(lanes, _mm512_mask_mov_ps(all(UNSEEN), seen, load(lanes)));
        }
    }
}

/// Which queries of a block on the diagonal see its key number `key`.
#[inline]
fn sees(key: usize) -> [__mmask16; 2] {
    let mask = u32::MAX << key;
    [mask as u16, (mask >> 16) as u16]
}

/// The pattern of a block of queries, not yet divided by its sums, as right factor; the logarithms of the sums go to `stash`,
/// their inverses are returned.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn softmax(scores: &[Block], to_power: V, pattern: &mut Tiles, stash: &mut Wide) -> [V; 2] {
    // Two running results for each half: the next need not wait for the last.
    let mut top = [all(UNSEEN); 4];
    for rows in scores.as_flattened().as_chunks::<2>().0 {
        for (top, lanes) in top.iter_mut().zip(rows.as_flattened()) {
            *top = _mm512_max_ps(*top, load(lanes));
        }
    }
    let top = [0, 1].map(|i| _mm512_mul_ps(_mm512_max_ps(top[i], top[i + 2]), to_power));
    let mut sums = [all(0.0); 4];
    for (k, block) in scores.iter().enumerate() {
        let [one, two] = pattern.tiles_mut(0, k);
        for (p, rows) in block.as_chunks::<2>().0.iter().enumerate() {
            let mut powers = [all(0.0); 4];
            for (i, lanes) in rows.as_flattened().iter().enumerate() {
                powers[i] = exp2(_mm512_fmsub_ps(load(lanes), to_power, top[i % 2]));
                sums[i] = _mm512_add_ps(sums[i], powers[i]);
            }
            store_line(&mut one[p], interleave(round([powers[0], powers[2]])));
            store_line(&mut two[p], interleave(round([powers[1], powers[3]])));
        }
    }
    [0, 1].map(|i| {
        let sum = _mm512_add_ps(sums[i], sums[i + 2]);
        store(&mut stash[i], _mm512_add_ps(top[i], log2(sum)));
        _mm512_div_ps(all(1.0), sum)
    })
}

/// Writes a block `[features, queries]`, each query's column times its factor, as rows of a head. `query` tells which query of
/// the block a column speaks of.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn write_columns(
    block: &Block,
    factors: [V; 2],
    query: impl Fn(usize) -> usize,
    head: Head,
    queries: usize,
    c: usize,
    out: &mut Rows,
) {
    for (half, factor) in factors.into_iter().enumerate() {
        let turned = [0, 16].map(|feature| {
            let mut rows = [_mm512_setzero_si512(); 16];
            for (i, row) in rows.iter_mut().enumerate() {
                *row = _mm512_castps_si512(_mm512_mul_ps(load(&block[feature + i][half]), factor));
            }
            transpose(rows)
        });
        for i in 0..16 {
            let row = queries * BLOCK + query(16 * half + i);
            if row < head.seq {
                let numbers = [turned[0][i], turned[1][i]].map(|v| _mm512_castsi512_ps(v));
                let to = out.numbers_mut(head.first_row + row, head.column + c * BLOCK, head.in_line(c));
                store_bf16(to, round(numbers));
            }
        }
    }
}

/// Writes a block `[keys, features]` times `factor` as rows of a head.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn write_rows(block: &Block, factor: f32, head: Head, keys: usize, c: usize, out: &mut Rows) {
    let rows = BLOCK.min(head.seq - keys * BLOCK);
    for (r, sums) in block[..rows].iter().enumerate() {
        let numbers = load_wide(sums).map(|v| _mm512_mul_ps(v, all(factor)));
        let row = head.first_row + keys * BLOCK + r;
        store_bf16(out.numbers_mut(row, head.column + c * BLOCK, head.in_line(c)), round(numbers));
    }
}

/// Reverses [`attention`]: the gradients of queries, keys and values.
///
/// # Shapes
/// - `qkv`, `dqkv` (out): `[rows, 3 · width]`; `z`, `dz`: `[rows, width]`
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn attention_bwd(
    unit: TileUnit,
    heads: Heads,
    qkv: &Rows,
    z: &Rows,
    dz: &Rows,
    stash: &[Wide],
    dqkv: &mut Rows,
    room: &mut AttentionRoom,
    scratch: &mut Scratch,
) {
    let blocks = heads.blocks();
    room.pattern_rows.resize(BLOCK, blocks * BLOCK);
    room.dscores_rows.resize(BLOCK, blocks * BLOCK);
    room.dscores.resize(blocks * BLOCK, SPAN.min(blocks) * BLOCK);
    room.mean.resize(blocks, ZERO_WIDE);
    for (number, head) in heads.pairs() {
        let AttentionRoom { q, k, v, dz: dout, mean, .. } = &mut *room;
        head.copy(qkv, &mut q.rows);
        q.make_columns(head);
        q.make_right(head);
        head.copy(dz, &mut dout.rows);
        dout.make_columns(head);
        dout.make_right(head);
        head.shifted(heads.width).copy(qkv, &mut k.rows);
        k.make_left_transposed(head);
        head.shifted(2 * heads.width).copy(qkv, &mut v.rows);
        pattern_means(head, z, &dout.rows, mean);
        let stash = &stash[number * blocks..][..blocks];
        let depth = room.q.columns.depth();
        room.dq.resize(blocks * depth, ZERO_BLOCK);
        for from in (0..blocks).step_by(SPAN) {
            let to = blocks.min(from + SPAN);
            for keys in from..to {
                keys_bwd(unit, heads, head, keys, from, stash, room, dqkv, scratch);
            }
            let sums = if from == 0 { Sums::Set } else { Sums::Add };
            for queries in heads.first_to_see(from)..blocks {
                let to = to.min(heads.seen(queries));
                for c in 0..depth {
                    let dscores = room.dscores.columns(queries, 0, to - from);
                    unit.multiply(room.k.across.strips(c, from, to), dscores, sums, &mut room.dq[queries * depth + c]);
                }
            }
        }
        let factors = [all(heads.scale()); 2];
        for (i, block) in room.dq.iter().enumerate() {
            write_columns(block, factors, unpacked, head, i / depth, i % depth, dqkv);
        }
    }
}

/// One block of keys: `Pᵀ` and `dSᵀ` for all queries that see it, and from them the gradients of its keys and values.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn keys_bwd(
    unit: TileUnit,
    heads: Heads,
    head: Head,
    keys: usize,
    span: usize,
    stash: &[Wide],
    room: &mut AttentionRoom,
    dqkv: &mut Rows,
    scratch: &mut Scratch,
) {
    let AttentionRoom { q, k, v, dz, pattern_rows, dscores_rows, dscores, mean, .. } = room;
    let [scores, dpattern] = &mut scratch.0;
    let (depth, first, blocks) = (q.columns.depth(), heads.first_to_see(keys), heads.blocks());
    let to_power = all(heads.scale() * LOG2_E);
    for queries in first..blocks {
        let (q, dz) = (q.columns.columns(queries, 0, depth), dz.columns.columns(queries, 0, depth));
        unit.multiply(k.rows.strips(keys * BLOCK, depth), q, Sums::Set, scores);
        unit.multiply(v.rows.strips(keys * BLOCK, depth), dz, Sums::Set, dpattern);
        let (log_sums, means) = (load_wide(&stash[queries]), load_wide(&mean[queries]));
        let on_diagonal = heads.dims.causal && queries == keys;
        let [one, two] = dscores.tiles_mut(queries, keys - span);
        let mut line = |key: usize| {
            let seen = if on_diagonal { sees(key) } else { [u16::MAX; 2] };
            let (scores, dpattern) = (load_wide(&scores[key]), load_wide(&dpattern[key]));
            let p = [0, 1].map(|i| {
                let power = exp2(_mm512_fmsub_ps(scores[i], to_power, log_sums[i]));
                _mm512_maskz_mov_ps(seen[i], power)
            });
            store_line(pattern_rows.line_mut(key, queries), round(p));
            let dscores = round([0, 1].map(|i| _mm512_mul_ps(p[i], _mm512_sub_ps(dpattern[i], means[i]))));
            store_line(dscores_rows.line_mut(key, queries), dscores);
            dscores
        };
        for p in 0..16 {
            let (x, y) = (line(2 * p), line(2 * p + 1));
            // Queries come out in the order of `unpacked`: one instruction a line instead of two.
            store_line(&mut one[p], _mm512_unpacklo_epi16(x, y));
            store_line(&mut two[p], _mm512_unpackhi_epi16(x, y));
        }
    }
    for c in 0..depth {
        let from = first..blocks;
        unit.multiply(seen_by(pattern_rows, &from), dz.across.columns(c, from.start, from.end), Sums::Set, scores);
        unit.multiply(seen_by(dscores_rows, &from), q.across.columns(c, from.start, from.end), Sums::Set, dpattern);
        write_rows(scores, 1.0, head.shifted(2 * heads.width), keys, c, dqkv);
        write_rows(dpattern, heads.scale(), head.shifted(heads.width), keys, c, dqkv);
    }
}

/// 32 keys by a range of blocks of queries, as left factor.
fn seen_by<'a>(rows: &'a Rows, queries: &std::ops::Range<usize>) -> LeftStrips<'a> {
    rows.strips_from(0, queries.start, queries.len())
}

/// Which query of a block stands in a column after two rows were unpacked against each other.
fn unpacked(column: usize) -> usize {
    let (half, i) = (column / 16, column % 16);
    i / 4 * 8 + half * 4 + i % 4
}

/// `Σ P dP = dz · z`, one number a query.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn pattern_means(head: Head, z: &Rows, dz: &Rows, mean: &mut [Wide]) {
    for r in 0..head.seq {
        let mut sum = all(0.0);
        for c in 0..head.d_head.div_ceil(BLOCK) {
            let z = load_bf16(z.numbers(head.first_row + r, head.column + c * BLOCK, head.in_line(c)));
            sum = dot_pairs(sum, z, load_line(dz.line(r, c)));
        }
        mean[r / BLOCK][r / 16 % 2].0[r % 16] = _mm512_reduce_add_ps(sum);
    }
}
