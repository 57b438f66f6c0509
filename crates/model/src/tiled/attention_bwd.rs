//! The backward pass of [`super::attention`]: the gradients of queries, keys and values.
//!
//! The pattern is the stashed exponentials times the inverses of their sums, one number a query; instead of the exponentials,
//! the gradients `dZ` and their means are multiplied by those. Exponentials `Eᵀ` and `dSᵀ`, written by rows, are the left
//! factors of `dV = Eᵀ @ dZ` and `dK = dSᵀ @ Q`; `dSᵀ` by pairs of keys is the right factor of `dQᵀ = Kᵀ @ dSᵀ`.

use super::attention::recompute_exps;
use super::attention_stash::{AttentionStash, HeadStash};
use super::factor::{BLOCK, BlockScratch, Rows, Tiles};
use super::heads::{Head, Heads};
use crate::kernels::attention::KvGradient;
use crate::kernels::bf16_unit::TileUnit;
use crate::kernels::tile::{Block, LeftStrips, Line, Steps, Sums, Tile, Wide, ZERO_BLOCK, ZERO_WIDE};
use crate::kernels::vector::{
    all, even_numbers, halves_of_pairs, load, load_line, load_wide, odd_numbers, round, store, store_line,
};
use std::arch::x86_64::*;
use std::ops::Range;

/// Blocks of keys per partial sum of the queries' gradients, so that memory does not grow with the square of the sequence.
const SPAN: usize = 8;

/// 32 rows of 32 numbers.
type Square = [Line; 32];

/// Scratch buffers for one head at a time.
#[derive(Clone, Debug, Default)]
pub(crate) struct AttentionBwdScratch {
    /// Queries, transposed, as right factor, if exponentials are recomputed.
    q_columns: Tiles,
    /// Gradients of `z`, transposed, as right factor.
    dz_columns: Tiles,
    /// Queries, and gradients of `z`, as right factors.
    q_right: Tiles,
    dz_right: Tiles,
    /// Keys, transposed, as left factor.
    k_left: Tiles,
    /// `Sᵀ = K @ Qᵀ` and `dEᵀ = V @ dZᵀ` of a block of keys and one of queries.
    scores: BlockScratch,
    dexps: BlockScratch,
    /// Recomputed exponentials of a block of keys and one of queries, if they are not stored.
    again: Tiles,
    /// `Eᵀ` and `dSᵀ` by rows, of a block of keys and each block of queries.
    exps: Vec<Square>,
    dscores: Vec<Square>,
    /// `dSᵀ` as right factor, a span of keys at a time.
    dscores_right: Tiles,
    /// `Σ P dP` over a query's sum of exponentials, one number per query.
    mean: Vec<Wide>,
    /// `dQᵀ`, by blocks of queries and features.
    dq: Vec<Block>,
    /// `dV` and `dK`, a block of keys at a time.
    dv: BlockScratch,
    dk: BlockScratch,
}

/// Reverses [`super::attention::attention`]; overwrites `dz`.
///
/// # Shapes
/// - `qkv`: `[rows, 3 · width]`, and a block of rows after them; `dqkv` (out): `[rows, 3 · width]`; `z`, `dz`: `[rows, width]`
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn attention_bwd(
    unit: TileUnit,
    heads: Heads,
    kv_gradient: KvGradient,
    qkv: &Rows,
    z: &Rows,
    stash: &mut AttentionStash,
    dz: &mut Rows,
    dqkv: &mut Rows,
    scratch: &mut AttentionBwdScratch,
) {
    let blocks = heads.blocks();
    scratch.again.resize(BLOCK, BLOCK);
    scratch.exps.resize(blocks, [Line::ZERO; 32]);
    scratch.dscores.resize(blocks, [Line::ZERO; 32]);
    scratch.dscores_right.resize(blocks * BLOCK, SPAN.min(blocks) * BLOCK);
    scratch.mean.resize(blocks, ZERO_WIDE);
    for (number, head) in heads.pairs() {
        let stash = stash.head(heads, number);
        if stash.exps.is_none() {
            head.pack_columns(qkv, &mut scratch.q_columns);
        }
        head.pack_right(qkv, &mut scratch.q_right);
        let inverses = stash.inverses.as_flattened();
        for (half, (lanes, inverse)) in scratch.mean.as_flattened_mut().iter_mut().zip(inverses).enumerate() {
            store(lanes, _mm512_mul_ps(head.dots(z, dz, 16 * half), load(inverse)));
        }
        head.scale(dz, stash.inverses);
        head.pack_columns(dz, &mut scratch.dz_columns);
        head.pack_right(dz, &mut scratch.dz_right);
        head.shifted(heads.width).pack_left_transposed(qkv, &mut scratch.k_left);
        scratch.dq.resize(blocks * head.depth(), ZERO_BLOCK);
        for from in (0..blocks).step_by(SPAN) {
            span_bwd(unit, heads, head, kv_gradient, from..blocks.min(from + SPAN), qkv, &stash, scratch, dqkv);
        }
        let factors = [all(heads.scale()); 2];
        for (i, block) in scratch.dq.iter().enumerate() {
            head.write_columns(block, factors, unpacked, i / head.depth(), i % head.depth(), dqkv);
        }
    }
}

/// A span of blocks of keys: the gradients of its keys and values, and its part of those of all queries that see it.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn span_bwd(
    unit: TileUnit,
    heads: Heads,
    head: Head,
    kv_gradient: KvGradient,
    span: Range<usize>,
    qkv: &Rows,
    stash: &HeadStash<'_>,
    scratch: &mut AttentionBwdScratch,
    dqkv: &mut Rows,
) {
    let (blocks, depth) = (heads.blocks(), head.depth());
    let (key_head, value_head) = (head.shifted(heads.width), head.shifted(2 * heads.width));
    for keys in span.clone() {
        let seeing = heads.first_to_see(keys)..blocks;
        for queries in seeing.clone() {
            let exps = match &stash.exps {
                Some(stored) => {
                    let first = heads.tiles_before(queries) + keys;
                    [&stored[first], &stored[first + heads.seen(queries)]]
                }
                None => {
                    let scores = &mut scratch.scores.0;
                    let k = key_head.strips(qkv, keys);
                    unit.multiply(k, scratch.q_columns.columns(queries, 0, depth), Sums::Set, scores);
                    recompute_exps(heads, keys, queries, scores, &stash.tops[queries], scratch.again.tiles_mut(0, 0));
                    scratch.again.columns(0, 0, 1).map(|strip| &strip[0])
                }
            };
            let dexps = &mut scratch.dexps.0;
            let v = value_head.strips(qkv, keys);
            unit.multiply(v, scratch.dz_columns.columns(queries, 0, depth), Sums::Set, dexps);
            let dscores_right = scratch.dscores_right.tiles_mut(queries, keys - span.start);
            let squares = [&mut scratch.exps[queries], &mut scratch.dscores[queries]];
            weigh(exps, dexps, &scratch.mean[queries], squares, dscores_right);
        }
        let answered = match kv_gradient {
            KvGradient::AllQueries => seeing,
            KvGradient::OwnQuery => {
                keep_diagonal(&mut scratch.exps[keys]);
                keep_diagonal(&mut scratch.dscores[keys]);
                keys..keys + 1
            }
        };
        for c in 0..depth {
            let [dv, dk] = [&mut scratch.dv.0, &mut scratch.dk.0];
            let rows = side_by_side(&scratch.exps[answered.clone()]);
            unit.multiply(rows, scratch.dz_right.columns(c, answered.start, answered.end), Sums::Set, dv);
            let rows = side_by_side(&scratch.dscores[answered.clone()]);
            unit.multiply(rows, scratch.q_right.columns(c, answered.start, answered.end), Sums::Set, dk);
            value_head.write_rows(dv, 1.0, keys, c, dqkv);
            key_head.write_rows(dk, heads.scale(), keys, c, dqkv);
        }
    }
    let sums = if span.start == 0 { Sums::Set } else { Sums::Add };
    for queries in heads.first_to_see(span.start)..blocks {
        let end = span.end.min(heads.seen(queries));
        for c in 0..depth {
            let dscores = scratch.dscores_right.columns(queries, 0, end - span.start);
            unit.multiply(
                scratch.k_left.strips(c, span.start, end),
                dscores,
                sums,
                &mut scratch.dq[queries * depth + c],
            );
        }
    }
}

/// Squares side by side as left factor.
fn side_by_side(squares: &[Square]) -> LeftStrips<'_> {
    LeftStrips::new(squares.as_flattened(), Steps { row: 1, tile: BLOCK, strip: 16 }, squares.len())
}

/// Zeroes everything but the diagonal: what each query gives to its own position.
fn keep_diagonal(square: &mut Square) {
    for (position, Line(pairs)) in square.iter_mut().enumerate() {
        let (pair, half) = (position / 2, position % 2);
        let own = pairs[pair] & 0xffff << (16 * half);
        *pairs = [0; 16];
        pairs[pair] = own;
    }
}

/// `Eᵀ` and `dSᵀ = Eᵀ (dEᵀ − mean)` of a block of keys and one of queries, in the forms their products need.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn weigh(
    exps: [&Tile; 2],
    dexps: &Block,
    means: &Wide,
    [exp_rows, dscore_rows]: [&mut Square; 2],
    [one, two]: [&mut Tile; 2],
) {
    let means = load_wide(means);
    for (p, dexps) in dexps.as_chunks::<2>().0.iter().enumerate() {
        let pairs = exps.map(|tile| load_line(&tile[p]));
        let rows = halves_of_pairs(pairs);
        let [x, y] = [0, 1].map(|i| {
            store_line(&mut exp_rows[2 * p + i], rows[i]);
            let exps =
                if i == 0 { pairs.map(|pairs| even_numbers(pairs)) } else { pairs.map(|pairs| odd_numbers(pairs)) };
            let dexps = load_wide(&dexps[i]);
            let line = round([0, 1].map(|h| _mm512_mul_ps(exps[h], _mm512_sub_ps(dexps[h], means[h]))));
            store_line(&mut dscore_rows[2 * p + i], line);
            line
        });
        // Queries come out in the order of `unpacked`: one instruction a line instead of two.
        store_line(&mut one[p], _mm512_unpacklo_epi16(x, y));
        store_line(&mut two[p], _mm512_unpackhi_epi16(x, y));
    }
}

/// Maps a column to its query in the block, after two rows were unpacked against each other.
fn unpacked(column: usize) -> usize {
    let (half, i) = (column / 16, column % 16);
    i / 4 * 8 + half * 4 + i % 4
}
