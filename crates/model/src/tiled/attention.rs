//! Softmax attention on the tile unit, head by head.
//!
//! Scores are made transposed, `Sᵀ = K @ Qᵀ`, 32 keys by 32 queries at a time. So a vector holds one key's scores for 16 queries,
//! and the softmax needs no sum across lanes. The 1/√d_head is in the exponent; values are multiplied by exponentials,
//! `2^(s − top)`, and the inverses of their sums scale the small outputs. Blocks above the diagonal of a causal network are never
//! computed. What is stored for [`super::attention_bwd`]: see [`super::attention_stash`].

use super::attention_stash::{AttentionStash, HeadStash};
use super::factor::{BLOCK, BlockScratch, Rows, Tiles};
use super::heads::{Head, Heads};
use crate::kernels::bf16_unit::TileUnit;
use crate::kernels::tile::{Block, Line, Sums, Tile, Wide, ZERO_BLOCK};
use crate::kernels::vector::{V, all, exp2, interleave, load, load_wide, round, store, store_line, store_wide};
use std::arch::x86_64::*;

/// Score of a masked key: 2 to its power is 0.
const UNSEEN: f32 = -1e30;

/// Scratch buffers for one head at a time.
#[derive(Clone, Debug, Default)]
pub(crate) struct AttentionScratch {
    /// Queries, transposed, as right factor.
    q_columns: Tiles,
    /// Values, transposed, as left factor.
    v_left: Tiles,
    /// `Sᵀ` of a block of queries.
    scores: Vec<Block>,
    /// Exponentials of a block of queries, if they are not stored.
    exps: Vec<Tile>,
    /// `zᵀ` of a block of queries, not yet divided by the sums of the exponentials.
    mixed: BlockScratch,
}

/// `z = softmax(q kᵀ / attn_scale) v` for every head.
///
/// # Shapes
/// - `qkv`: `[rows, 3 · width]`, and a block of rows after them; `z` (out): `[rows, width]`
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn attention(
    unit: TileUnit,
    heads: Heads,
    qkv: &Rows,
    z: &mut Rows,
    stash: &mut AttentionStash,
    scratch: &mut AttentionScratch,
) {
    let blocks = heads.blocks();
    scratch.scores.resize(blocks, ZERO_BLOCK);
    scratch.exps.resize(2 * blocks, [Line::ZERO; 16]);
    for (number, head) in heads.pairs() {
        attend(unit, heads, head, qkv, z, stash.head(heads, number), scratch);
    }
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn attend(
    unit: TileUnit,
    heads: Heads,
    head: Head,
    qkv: &Rows,
    z: &mut Rows,
    mut stash: HeadStash<'_>,
    scratch: &mut AttentionScratch,
) {
    let AttentionScratch { q_columns, v_left, scores, exps, mixed } = scratch;
    let depth = head.depth();
    head.pack_columns(qkv, q_columns);
    head.shifted(2 * heads.width).pack_left_transposed(qkv, v_left);
    for queries in 0..heads.blocks() {
        let seen = heads.seen(queries);
        let scores = &mut scores[..seen];
        for (keys, block) in scores.iter_mut().enumerate() {
            let k = head.shifted(heads.width).strips(qkv, keys);
            unit.multiply(k, q_columns.columns(queries, 0, depth), Sums::Set, block);
        }
        mask(heads, queries, seen - 1, &mut scores[seen - 1]);
        let exps = match &mut stash.exps {
            Some(stored) => &mut stored[heads.tiles_before(queries)..],
            None => &mut exps[..],
        };
        let (one, two) = exps[..2 * seen].split_at_mut(seen);
        let inverse = softmax(scores, heads.log2_scale(), [&mut *one, &mut *two], &mut stash.tops[queries]);
        store_wide(&mut stash.inverses[queries], inverse);
        for c in 0..depth {
            unit.multiply(v_left.strips(c, 0, seen), [&*one, &*two], Sums::Set, &mut mixed.0);
            head.write_columns(&mixed.0, inverse, |i| i, queries, c, z);
        }
    }
}

/// Masks the keys of a block of scores that its queries may not see.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn mask(heads: Heads, queries: usize, keys: usize, scores: &mut Block) {
    if heads.see_all(queries, keys) {
        return;
    }
    for (key, scores) in scores.iter_mut().enumerate() {
        for (lanes, seen) in scores.iter_mut().zip(heads.see(queries, keys * BLOCK + key)) {
            store(lanes, _mm512_mask_mov_ps(all(UNSEEN), seen, load(lanes)));
        }
    }
}

/// Computes the exponentials of a block of queries, as right factor; the exponents of their largest scores go to `tops`, the
/// inverses of their sums are returned.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn softmax(scores: &[Block], log2_scale: f32, [one, two]: [&mut [Tile]; 2], tops: &mut Wide) -> [V; 2] {
    // Two running results for each half: the next need not wait for the last.
    let mut top = [all(UNSEEN); 4];
    for rows in scores.as_flattened().as_chunks::<2>().0 {
        for (top, lanes) in top.iter_mut().zip(rows.as_flattened()) {
            *top = _mm512_max_ps(*top, load(lanes));
        }
    }
    let top = [0, 1].map(|i| _mm512_mul_ps(_mm512_max_ps(top[i], top[i + 2]), all(log2_scale)));
    store_wide(tops, top);
    let mut sums = [all(0.0); 4];
    for (block, tiles) in scores.iter().zip(one.iter_mut().zip(two)) {
        exponentiate(block, log2_scale, top, tiles.into(), &mut sums);
    }
    [0, 1].map(|i| _mm512_div_ps(all(1.0), _mm512_add_ps(sums[i], sums[i + 2])))
}

/// Computes the exponentials of a block of scores, as tiles of the right factor, and adds them to `sums`, those of even and of
/// odd keys.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn exponentiate(scores: &Block, log2_scale: f32, top: [V; 2], [one, two]: [&mut Tile; 2], sums: &mut [V; 4]) {
    for (p, rows) in scores.as_chunks::<2>().0.iter().enumerate() {
        let mut exps = [all(0.0); 4];
        for (i, lanes) in rows.as_flattened().iter().enumerate() {
            exps[i] = exp2(_mm512_fmsub_ps(load(lanes), all(log2_scale), top[i % 2]));
            sums[i] = _mm512_add_ps(sums[i], exps[i]);
        }
        store_line(&mut one[p], interleave(round([exps[0], exps[2]])));
        store_line(&mut two[p], interleave(round([exps[1], exps[3]])));
    }
}

/// Recomputes the exponentials of a block of keys and one of queries from their scores.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(super) fn recompute_exps(
    heads: Heads,
    keys: usize,
    queries: usize,
    scores: &mut Block,
    tops: &Wide,
    tiles: [&mut Tile; 2],
) {
    mask(heads, queries, keys, scores);
    exponentiate(scores, heads.log2_scale(), load_wide(tops), tiles, &mut [all(0.0); 4]);
}
