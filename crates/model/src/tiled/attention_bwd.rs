//! Back through [`super::attention`]: the gradients of queries, keys and values.
//!
//! The pattern is the stashed powers times the inverses of their sums, one number a query; instead of the powers, the gradients
//! `dZ` and their means are multiplied by those. Powers `Eᵀ` and `dSᵀ`, written by rows, are the left factors of `dV = Eᵀ @ dZ`
//! and `dK = dSᵀ @ Q`; `dSᵀ` by pairs of keys is the right factor of `dQᵀ = Kᵀ @ dSᵀ`.

use super::attention::raise_again;
use super::attention_stash::{AttentionStash, HeadStash};
use super::factor::{BLOCK, Rows, Scratch, Tiles};
use super::heads::{Head, Heads};
use crate::backward::Reach;
use crate::kernels::tile::{Block, LeftStrips, Line, Steps, Sums, Tile, TileUnit, Wide, ZERO_BLOCK, ZERO_WIDE};
use crate::kernels::vector::{
    all, even_numbers, halves_of_pairs, load, load_line, load_wide, odd_numbers, round, store, store_line,
};
use std::arch::x86_64::*;
use std::ops::Range;

/// Blocks of keys that are taken together when queries' gradients are summed: room does not grow with the square of the
/// sequence.
const SPAN: usize = 8;

/// 32 rows of 32 numbers.
type Square = [Line; 32];

/// Room for one head at a time.
#[derive(Clone, Debug, Default)]
pub(crate) struct AttentionBwdRoom {
    /// Queries, transposed, as right factor, if powers are made again.
    q_columns: Tiles,
    /// Gradients of the mix, transposed, as right factor.
    dz_columns: Tiles,
    /// Queries, and gradients of the mix, as right factors.
    q_right: Tiles,
    dz_right: Tiles,
    /// Keys, transposed, as left factor.
    k_left: Tiles,
    /// `Sᵀ = K @ Qᵀ` and `dEᵀ = V @ dZᵀ` of a block of keys and one of queries.
    scores: Scratch,
    dpowers: Scratch,
    /// Powers of a block of keys and one of queries, if they are made again.
    again: Tiles,
    /// `Eᵀ` and `dSᵀ` by rows, of a block of keys and each block of queries.
    powers: Vec<Square>,
    dscores: Vec<Square>,
    /// `dSᵀ` as right factor, a span of keys at a time.
    dscores_right: Tiles,
    /// `Σ P dP` over a query's sum of powers, one number a query.
    mean: Vec<Wide>,
    /// `dQᵀ`, by blocks of queries and features.
    dq: Vec<Block>,
    /// `dV` and `dK`, a block of keys at a time.
    dv: Scratch,
    dk: Scratch,
}

/// Reverses [`super::attention::attention`]; `dz` is lost.
///
/// # Shapes
/// - `qkv`: `[rows, 3 · width]`, and a block of rows after them; `dqkv` (out): `[rows, 3 · width]`; `z`, `dz`: `[rows, width]`
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn attention_bwd(
    unit: TileUnit,
    heads: Heads,
    reach: Reach,
    qkv: &Rows,
    z: &Rows,
    stash: &mut AttentionStash,
    dz: &mut Rows,
    dqkv: &mut Rows,
    room: &mut AttentionBwdRoom,
) {
    let blocks = heads.blocks();
    room.again.resize(BLOCK, BLOCK);
    room.powers.resize(blocks, [Line::ZERO; 32]);
    room.dscores.resize(blocks, [Line::ZERO; 32]);
    room.dscores_right.resize(blocks * BLOCK, SPAN.min(blocks) * BLOCK);
    room.mean.resize(blocks, ZERO_WIDE);
    for (number, head) in heads.pairs() {
        let stash = stash.head(heads, number);
        if stash.powers.is_none() {
            head.pack_columns(qkv, &mut room.q_columns);
        }
        head.pack_right(qkv, &mut room.q_right);
        let inverses = stash.inverses.as_flattened();
        for (half, (lanes, inverse)) in room.mean.as_flattened_mut().iter_mut().zip(inverses).enumerate() {
            store(lanes, _mm512_mul_ps(head.dots(z, dz, 16 * half), load(inverse)));
        }
        head.scale(dz, stash.inverses);
        head.pack_columns(dz, &mut room.dz_columns);
        head.pack_right(dz, &mut room.dz_right);
        head.shifted(heads.width).pack_left_transposed(qkv, &mut room.k_left);
        room.dq.resize(blocks * head.depth(), ZERO_BLOCK);
        for from in (0..blocks).step_by(SPAN) {
            span_bwd(unit, heads, head, reach, from..blocks.min(from + SPAN), qkv, &stash, room, dqkv);
        }
        let factors = [all(heads.scale()); 2];
        for (i, block) in room.dq.iter().enumerate() {
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
    reach: Reach,
    span: Range<usize>,
    qkv: &Rows,
    stash: &HeadStash<'_>,
    room: &mut AttentionBwdRoom,
    dqkv: &mut Rows,
) {
    let (blocks, depth) = (heads.blocks(), head.depth());
    let (key_head, value_head) = (head.shifted(heads.width), head.shifted(2 * heads.width));
    for keys in span.clone() {
        let seeing = heads.first_to_see(keys)..blocks;
        for queries in seeing.clone() {
            let powers = match &stash.powers {
                Some(kept) => {
                    let first = heads.tiles_before(queries) + keys;
                    [&kept[first], &kept[first + heads.seen(queries)]]
                }
                None => {
                    let scores = &mut room.scores.0;
                    let k = key_head.strips(qkv, keys);
                    unit.multiply(k, room.q_columns.columns(queries, 0, depth), Sums::Set, scores);
                    raise_again(heads, keys, queries, scores, &stash.tops[queries], room.again.tiles_mut(0, 0));
                    room.again.columns(0, 0, 1).map(|strip| &strip[0])
                }
            };
            let dpowers = &mut room.dpowers.0;
            let v = value_head.strips(qkv, keys);
            unit.multiply(v, room.dz_columns.columns(queries, 0, depth), Sums::Set, dpowers);
            let dscores_right = room.dscores_right.tiles_mut(queries, keys - span.start);
            let squares = [&mut room.powers[queries], &mut room.dscores[queries]];
            weigh(powers, dpowers, &room.mean[queries], squares, dscores_right);
        }
        let answered = match reach {
            Reach::Whole => seeing,
            Reach::OwnPosition => {
                keep_diagonal(&mut room.powers[keys]);
                keep_diagonal(&mut room.dscores[keys]);
                keys..keys + 1
            }
        };
        for c in 0..depth {
            let [dv, dk] = [&mut room.dv.0, &mut room.dk.0];
            let rows = side_by_side(&room.powers[answered.clone()]);
            unit.multiply(rows, room.dz_right.columns(c, answered.start, answered.end), Sums::Set, dv);
            let rows = side_by_side(&room.dscores[answered.clone()]);
            unit.multiply(rows, room.q_right.columns(c, answered.start, answered.end), Sums::Set, dk);
            value_head.write_rows(dv, 1.0, keys, c, dqkv);
            key_head.write_rows(dk, heads.scale(), keys, c, dqkv);
        }
    }
    let sums = if span.start == 0 { Sums::Set } else { Sums::Add };
    for queries in heads.first_to_see(span.start)..blocks {
        let end = span.end.min(heads.seen(queries));
        for c in 0..depth {
            let dscores = room.dscores_right.columns(queries, 0, end - span.start);
            unit.multiply(room.k_left.strips(c, span.start, end), dscores, sums, &mut room.dq[queries * depth + c]);
        }
    }
}

/// Squares side by side as left factor.
fn side_by_side(squares: &[Square]) -> LeftStrips<'_> {
    LeftStrips::new(squares.as_flattened(), Steps { row: 1, tile: BLOCK, strip: 16 }, squares.len())
}

/// Only what each query gives to its own position is left.
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
    powers: [&Tile; 2],
    dpowers: &Block,
    means: &Wide,
    [power_rows, dscore_rows]: [&mut Square; 2],
    [one, two]: [&mut Tile; 2],
) {
    let means = load_wide(means);
    for (p, dpowers) in dpowers.as_chunks::<2>().0.iter().enumerate() {
        let pairs = powers.map(|tile| load_line(&tile[p]));
        let rows = halves_of_pairs(pairs);
        let [x, y] = [0, 1].map(|i| {
            store_line(&mut power_rows[2 * p + i], rows[i]);
            let powers =
                if i == 0 { pairs.map(|pairs| even_numbers(pairs)) } else { pairs.map(|pairs| odd_numbers(pairs)) };
            let dpowers = load_wide(&dpowers[i]);
            let line = round([0, 1].map(|h| _mm512_mul_ps(powers[h], _mm512_sub_ps(dpowers[h], means[h]))));
            store_line(&mut dscore_rows[2 * p + i], line);
            line
        });
        // Queries come out in the order of `unpacked`: one instruction a line instead of two.
        store_line(&mut one[p], _mm512_unpacklo_epi16(x, y));
        store_line(&mut two[p], _mm512_unpackhi_epi16(x, y));
    }
}

/// Which query of a block stands in a column after two rows were unpacked against each other.
fn unpacked(column: usize) -> usize {
    let (half, i) = (column / 16, column % 16);
    i / 4 * 8 + half * 4 + i % 4
}
