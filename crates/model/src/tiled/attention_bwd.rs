//! Back through [`super::attention`]: the gradients of queries, keys and values.
//!
//! The pattern is made again, transposed, from the stashed logarithms: `P = 2^(s − m)`. `Pᵀ` and `dSᵀ`, written by rows, are the
//! left factors of `dV = Pᵀ @ dZ` and `dK = dSᵀ @ Q`; `dSᵀ` by pairs of keys is the right factor of `dQᵀ = Kᵀ @ dSᵀ`.

use super::factor::{BLOCK, Rows, Scratch, Tiles};
use super::heads::{Head, Heads};
use crate::backward::Reach;
use crate::kernels::tile::{Block, LeftStrips, Line, Steps, Sums, Tile, TileUnit, Wide, ZERO_BLOCK, ZERO_WIDE};
use crate::kernels::vector::{all, exp2, load_wide, round, store, store_line};
use std::arch::x86_64::*;
use std::f32::consts::LOG2_E;
use std::ops::Range;

/// Blocks of keys that are taken together when queries' gradients are summed: room does not grow with the square of the
/// sequence.
const SPAN: usize = 8;

/// 32 rows of 32 numbers.
type Square = [Line; 32];

/// Room for one head at a time.
#[derive(Clone, Debug, Default)]
pub(crate) struct AttentionBwdRoom {
    /// Queries, and gradients of the mix, transposed, as right factors.
    q_columns: Tiles,
    dz_columns: Tiles,
    /// The same as right factors.
    q_right: Tiles,
    dz_right: Tiles,
    /// Keys, transposed, as left factor.
    k_left: Tiles,
    /// `Sᵀ = K @ Qᵀ` and `dPᵀ = V @ dZᵀ` of a block of keys and one of queries.
    scores: Scratch,
    dpattern: Scratch,
    /// `Pᵀ` and `dSᵀ` by rows, of a block of keys and each block of queries.
    pattern: Vec<Square>,
    dscores: Vec<Square>,
    /// `dSᵀ` as right factor, a span of keys at a time.
    dscores_right: Tiles,
    /// `Σ P dP`, one number a query.
    mean: Vec<Wide>,
    /// `dQᵀ`, by blocks of queries and features.
    dq: Vec<Block>,
    /// `dV` and `dK`, a block of keys at a time.
    dv: Scratch,
    dk: Scratch,
}

/// Reverses [`super::attention::attention`].
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
    dz: &Rows,
    stash: &[Wide],
    dqkv: &mut Rows,
    room: &mut AttentionBwdRoom,
) {
    let blocks = heads.blocks();
    room.pattern.resize(blocks, [Line::ZERO; 32]);
    room.dscores.resize(blocks, [Line::ZERO; 32]);
    room.dscores_right.resize(blocks * BLOCK, SPAN.min(blocks) * BLOCK);
    room.mean.resize(blocks, ZERO_WIDE);
    for (number, head) in heads.pairs() {
        head.pack_columns(qkv, &mut room.q_columns);
        head.pack_right(qkv, &mut room.q_right);
        head.pack_columns(dz, &mut room.dz_columns);
        head.pack_right(dz, &mut room.dz_right);
        head.shifted(heads.width).pack_left_transposed(qkv, &mut room.k_left);
        for (half, lanes) in room.mean.as_flattened_mut().iter_mut().enumerate() {
            store(lanes, head.dots(z, dz, 16 * half));
        }
        let stash = &stash[number * blocks..][..blocks];
        room.dq.resize(blocks * head.depth(), ZERO_BLOCK);
        for from in (0..blocks).step_by(SPAN) {
            span_bwd(unit, heads, head, reach, from..blocks.min(from + SPAN), qkv, stash, room, dqkv);
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
    stash: &[Wide],
    room: &mut AttentionBwdRoom,
    dqkv: &mut Rows,
) {
    let (blocks, depth) = (heads.blocks(), head.depth());
    let (key_head, value_head) = (head.shifted(heads.width), head.shifted(2 * heads.width));
    for keys in span.clone() {
        let seeing = heads.first_to_see(keys)..blocks;
        let [scores, dpattern] = [&mut room.scores.0, &mut room.dpattern.0];
        for queries in seeing.clone() {
            let k = key_head.strips(qkv, keys);
            unit.multiply(k, room.q_columns.columns(queries, 0, depth), Sums::Set, scores);
            let v = value_head.strips(qkv, keys);
            unit.multiply(v, room.dz_columns.columns(queries, 0, depth), Sums::Set, dpattern);
            let dscores_right = room.dscores_right.tiles_mut(queries, keys - span.start);
            let logs = [&stash[queries], &room.mean[queries]];
            let squares = [&mut room.pattern[queries], &mut room.dscores[queries]];
            weigh(heads, keys, queries, [scores, dpattern], logs, squares, dscores_right);
        }
        let answered = match reach {
            Reach::Whole => seeing,
            Reach::OwnPosition => {
                keep_diagonal(&mut room.pattern[keys]);
                keep_diagonal(&mut room.dscores[keys]);
                keys..keys + 1
            }
        };
        for c in 0..depth {
            let [dv, dk] = [&mut room.dv.0, &mut room.dk.0];
            let rows = side_by_side(&room.pattern[answered.clone()]);
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

/// `Pᵀ` and `dSᵀ = Pᵀ (dPᵀ − mean)` of a block of keys and one of queries, in the forms their products need.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn weigh(
    heads: Heads,
    keys: usize,
    queries: usize,
    [scores, dpattern]: [&Block; 2],
    [log_sums, means]: [&Wide; 2],
    [pattern, dscores]: [&mut Square; 2],
    [one, two]: [&mut Tile; 2],
) {
    let (log_sums, means) = (load_wide(log_sums), load_wide(means));
    let to_power = all(heads.scale() * LOG2_E);
    let see_all = heads.see_all(queries, keys);
    let mut line = |key: usize| {
        let (scores, dpattern) = (load_wide(&scores[key]), load_wide(&dpattern[key]));
        let mut p = [0, 1].map(|i| exp2(_mm512_fmsub_ps(scores[i], to_power, log_sums[i])));
        if !see_all {
            let seen = heads.see(queries, keys * BLOCK + key);
            p = [0, 1].map(|i| _mm512_maskz_mov_ps(seen[i], p[i]));
        }
        store_line(&mut pattern[key], round(p));
        let line = round([0, 1].map(|i| _mm512_mul_ps(p[i], _mm512_sub_ps(dpattern[i], means[i]))));
        store_line(&mut dscores[key], line);
        line
    };
    for p in 0..16 {
        let (x, y) = (line(2 * p), line(2 * p + 1));
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
