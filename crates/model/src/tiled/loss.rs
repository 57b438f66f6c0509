//! Cross-entropy of the tiled step: from float logits to rounded gradients.

use super::factor::{Floats, Rows};
use crate::kernels::tile::Line;
use crate::kernels::vector::{all, exp2_exact, first, load, load_wide, round, store, store_line};
use crate::micro_batch::MicroBatch;
use crate::net::Sequences;
use std::arch::x86_64::*;
use std::f32::consts::LOG2_E;

/// As [`crate::kernels::loss::cross_entropy`], for some rows of a micro-batch; overwrites `logits`.
///
/// # Shapes
/// - `logits`: `[rows, d_vocab]`; `dlogits` (out): the same, 0 up to whole blocks
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn cross_entropy(
    micro_batch: &MicroBatch,
    rows: &[usize],
    d_vocab: usize,
    scale: f64,
    logits: &mut Floats,
    dlogits: &mut Rows,
) -> f64 {
    let Sequences { tokens, .. } = micro_batch.targets();
    let lines = d_vocab.div_ceil(32);
    let mut loss = 0.0;
    for i in 0..rows.len().next_multiple_of(32) {
        let scored = rows.get(i).map(|&r| (r, micro_batch.weight(r))).filter(|&(_, weight)| weight != 0.0);
        let Some((r, weight)) = scored else {
            for c in 0..lines {
                *dlogits.line_mut(i, c) = Line::ZERO;
            }
            continue;
        };
        let row = logits.row_mut(i).as_flattened_mut();
        let next = tokens[r + 1] as usize;
        let target = row[next / 16].0[next % 16];
        let inside = |j: usize| first(d_vocab.saturating_sub(16 * j));
        let mut top = all(f32::NEG_INFINITY);
        for (j, lanes) in row.iter().enumerate() {
            top = _mm512_mask_max_ps(top, inside(j), top, load(lanes));
        }
        let top = _mm512_reduce_max_ps(top);
        let mut sum = all(0.0);
        for (j, lanes) in row.iter_mut().enumerate() {
            let exp = exp2_exact(_mm512_mul_ps(_mm512_sub_ps(load(lanes), all(top)), all(LOG2_E)));
            let exp = _mm512_maskz_mov_ps(inside(j), exp);
            sum = _mm512_add_ps(sum, exp);
            store(lanes, exp);
        }
        let sum = _mm512_reduce_add_ps(sum);
        loss += f64::from(weight) * (f64::from(sum).ln() + f64::from(top) - f64::from(target));
        row[next / 16].0[next % 16] -= sum;
        let factor = all((scale * f64::from(weight)) as f32 / sum);
        for (c, wide) in logits.row(i).iter().enumerate() {
            let gradient = load_wide(wide).map(|v| _mm512_mul_ps(v, factor));
            store_line(dlogits.line_mut(i, c), round(gradient));
        }
    }
    loss
}
