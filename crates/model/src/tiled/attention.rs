//! Softmax attention on the tile unit, head by head, without ever holding the pattern.
//!
//! Scores are made transposed, `Sᵀ = K @ Qᵀ`, 32 keys by 32 queries at a time. So a vector holds one key's scores for 16 queries,
//! and the softmax needs no sum across lanes. The forward pass leaves one number a query, `m = log2 Σ 2^s`; the backward pass,
//! [`super::attention_bwd`], makes the pattern again from it (Dao et al. 2022, section 3.1). The 1/√d_head is in the exponent
//! and in the small outputs. Blocks above the diagonal of a causal network are never made.

use super::factor::{BLOCK, Rows, Scratch, Tiles};
use super::heads::{Head, Heads};
use crate::kernels::tile::{Block, Sums, TileUnit, Wide, ZERO_BLOCK};
use crate::kernels::vector::{V, all, exp2, first, interleave, load, log2, round, store, store_line};
use std::arch::x86_64::*;
use std::f32::consts::LOG2_E;

/// A query that is only padding gets this instead of the logarithm of its sum: its pattern is then 0.
const NOBODY: f32 = 1e30;

/// Score of what a query may not see: its power of 2 is 0.
const UNSEEN: f32 = -1e30;

/// Room for one head at a time.
#[derive(Clone, Debug, Default)]
pub(crate) struct AttentionRoom {
    /// Queries, transposed, as right factor.
    q_columns: Tiles,
    /// Values, transposed, as left factor.
    v_left: Tiles,
    /// `Sᵀ` of a block of queries.
    scores: Vec<Block>,
    /// `Pᵀ` of a block of queries as right factor.
    pattern: Tiles,
    /// `zᵀ` of a block of queries, not yet divided by the sums of the pattern.
    mixed: Scratch,
}

/// `z = softmax(q kᵀ / attn_scale) v` for every head; `stash` gets the logarithms of the sums.
///
/// # Shapes
/// - `qkv`: `[rows, 3 · width]`, and a block of rows after them; `z` (out): `[rows, width]`
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn attention(
    unit: TileUnit,
    heads: Heads,
    qkv: &Rows,
    z: &mut Rows,
    stash: &mut [Wide],
    room: &mut AttentionRoom,
) {
    let blocks = heads.blocks();
    room.scores.resize(blocks, ZERO_BLOCK);
    room.pattern.resize(BLOCK, blocks * BLOCK);
    for (number, head) in heads.pairs() {
        attend(unit, heads, head, qkv, z, &mut stash[number * blocks..][..blocks], room);
    }
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn attend(
    unit: TileUnit,
    heads: Heads,
    head: Head,
    qkv: &Rows,
    z: &mut Rows,
    stash: &mut [Wide],
    room: &mut AttentionRoom,
) {
    let AttentionRoom { q_columns, v_left, scores, pattern, mixed } = room;
    let depth = head.depth();
    head.pack_columns(qkv, q_columns);
    head.shifted(2 * heads.width).pack_left_transposed(qkv, v_left);
    let to_power = all(heads.scale() * LOG2_E);
    for queries in 0..heads.blocks() {
        let seen = heads.seen(queries);
        let scores = &mut scores[..seen];
        for (keys, block) in scores.iter_mut().enumerate() {
            let k = head.shifted(heads.width).strips(qkv, keys);
            unit.multiply(k, q_columns.columns(queries, 0, depth), Sums::Set, block);
        }
        mask(heads, queries, &mut scores[seen - 1]);
        let inverse = softmax(scores, to_power, pattern, &mut stash[queries]);
        let left = heads.dims.seq - queries * BLOCK;
        for (i, lanes) in stash[queries].iter_mut().enumerate() {
            store(lanes, _mm512_mask_mov_ps(all(NOBODY), first(left.saturating_sub(16 * i)), load(lanes)));
        }
        for c in 0..depth {
            unit.multiply(v_left.strips(c, 0, seen), pattern.columns(0, 0, seen), Sums::Set, &mut mixed.0);
            head.write_columns(&mixed.0, inverse, |i| i, queries, c, z);
        }
    }
}

/// Takes out of a block of queries' last scores what they may not see.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn mask(heads: Heads, queries: usize, last: &mut Block) {
    let keys = heads.seen(queries) - 1;
    if heads.see_all(queries, keys) {
        return;
    }
    for (key, scores) in last.iter_mut().enumerate() {
        for (lanes, seen) in scores.iter_mut().zip(heads.see(queries, keys * BLOCK + key)) {
            store(lanes, _mm512_mask_mov_ps(all(UNSEEN), seen, load(lanes)));
        }
    }
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
