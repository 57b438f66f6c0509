//! The linear layers of the tiled step: a product, and what becomes of each 32×32 block of it while it is hot.

use super::factor::{BLOCK, Floats, Rows, Scratch, Tiles, pack_pairs};
use crate::kernels::activation::Activation;
use crate::kernels::amx::{Block, Sums, TileUnit, Wide};
use crate::kernels::vector::{
    V, add, all, gelu, gelu_new, load_line, load_wide, relu, round, store_line, store_wide, widen,
};
use std::arch::x86_64::_mm512_mul_ps;
use std::ops::Range;

/// What becomes of a product `p`. Rows of `out`, `resid` and of the stash count from the group's first row on, those of a panel
/// from the panel's.
pub(crate) enum Finish<'a> {
    /// `out = p + bias`, rounded.
    Round {
        /// Padded to whole blocks; none: 0.
        bias: Option<&'a [Wide]>,
        out: &'a mut Rows,
    },
    /// `out = p + bias + resid`.
    Float {
        /// Padded to whole blocks; none: 0.
        bias: Option<&'a [Wide]>,
        /// None: 0.
        resid: Option<&'a Floats>,
        out: &'a mut Floats,
    },
    /// `y = act(p + bias)`: by rows for the next product, by pairs of rows for the gradient of the next weights; and the
    /// derivative of `act`.
    Activate { act: Activation, bias: &'a [Wide], panel: &'a mut Rows, right: &'a mut Tiles, slope: &'a mut Rows },
    /// `y = act(p + bias)` by rows for the next product, and nothing for a way back.
    ActivateOnly { act: Activation, bias: &'a [Wide], panel: &'a mut Rows },
    /// `y = p · slope`: by rows for the next product, by pairs of rows for the gradient of the weights before; column sums are
    /// added to `bias_grad`.
    Slope { slope: &'a Rows, panel: &'a mut Rows, right: &'a mut Tiles, bias_grad: &'a mut [Wide] },
}

/// `a[rows] @ b`, block by block. The rows that `a` holds start `a_start` rows after the group's first.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn multiply(
    unit: TileUnit,
    a: &Rows,
    a_start: usize,
    rows: Range<usize>,
    b: &Tiles,
    finish: &mut Finish<'_>,
    scratch: &mut Scratch,
) {
    let panel = panel_rows(b.depth());
    let mut previous = None;
    let [mut fresh, mut ready] = scratch.0.each_mut();
    for first in rows.clone().step_by(panel) {
        for column in 0..b.len() / BLOCK {
            for row in (first..rows.end.min(first + panel)).step_by(BLOCK) {
                let strips = a.strips(row - a_start, b.depth());
                unit.multiply(strips, b.columns(column, 0, b.depth()), Sums::Set, fresh);
                if let Some((row, column)) = previous.replace((row, column)) {
                    finish_block(finish, rows.start, row, column, ready);
                }
                std::mem::swap(&mut fresh, &mut ready);
            }
        }
    }
    if let Some((row, column)) = previous {
        finish_block(finish, rows.start, row, column, ready);
    }
}

/// Rows of the left factor that are taken through all columns of the right one before the next: as many as stay in the
/// first-level cache (32 KiB), beside two strips of the right factor.
fn panel_rows(depth: usize) -> usize {
    (512 / depth.max(1)).clamp(BLOCK, 8 * BLOCK) / BLOCK * BLOCK
}

#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn finish_block(finish: &mut Finish<'_>, panel_start: usize, row: usize, column: usize, p: &Block) {
    match finish {
        Finish::Round { bias, out } => {
            let bias = bias.map_or([all(0.0); 2], |bias| load_wide(&bias[column]));
            for (r, sums) in p.iter().enumerate() {
                store_line(out.line_mut(row + r, column), round(add(load_wide(sums), bias)));
            }
        }
        Finish::Float { bias, resid, out } => {
            let bias = bias.map_or([all(0.0); 2], |bias| load_wide(&bias[column]));
            for (r, sums) in p.iter().enumerate() {
                let before = resid.map_or(bias, |resid| add(load_wide(resid.wide(row + r, column)), bias));
                store_wide(out.wide_mut(row + r, column), add(load_wide(sums), before));
            }
        }
        Finish::Activate { act, bias, panel, right, slope } => {
            let (bias, first) = (load_wide(&bias[column]), row - panel_start);
            let inputs = |r: usize| add(load_wide(&p[r]), bias);
            match act {
                Activation::GeluNew => activate(|x| gelu_new(x), inputs, panel, first, slope, row, column),
                Activation::Gelu => activate(|x| gelu(x), inputs, panel, first, slope, row, column),
                Activation::Relu => activate(|x| relu(x), inputs, panel, first, slope, row, column),
            }
            pack_pairs(panel, first, column, right.tiles_mut(column, row / BLOCK));
        }
        Finish::ActivateOnly { act, bias, panel } => {
            let (bias, first) = (load_wide(&bias[column]), row - panel_start);
            let inputs = |r: usize| add(load_wide(&p[r]), bias);
            match act {
                Activation::GeluNew => activate_only(|x| gelu_new(x).0, inputs, panel, first, column),
                Activation::Gelu => activate_only(|x| gelu(x).0, inputs, panel, first, column),
                Activation::Relu => activate_only(|x| relu(x).0, inputs, panel, first, column),
            }
        }
        Finish::Slope { slope, panel, right, bias_grad } => {
            let (mut total, first) = (load_wide(&bias_grad[column]), row - panel_start);
            for (r, sums) in p.iter().enumerate() {
                let ([a, b], [low, high]) = (load_wide(sums), widen(load_line(slope.line(row + r, column))));
                let y = [_mm512_mul_ps(a, low), _mm512_mul_ps(b, high)];
                total = add(total, y);
                store_line(panel.line_mut(first + r, column), round(y));
            }
            store_wide(&mut bias_grad[column], total);
            pack_pairs(panel, first, column, right.tiles_mut(column, row / BLOCK));
        }
    }
}

/// A block of hidden activations and their derivatives, by rows.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn activate(
    act: impl Fn(V) -> (V, V),
    inputs: impl Fn(usize) -> [V; 2],
    panel: &mut Rows,
    first: usize,
    slope: &mut Rows,
    row: usize,
    column: usize,
) {
    for r in 0..BLOCK {
        let [low, high] = inputs(r).map(&act);
        store_line(panel.line_mut(first + r, column), round([low.0, high.0]));
        store_line(slope.line_mut(row + r, column), round([low.1, high.1]));
    }
}

/// A block of hidden activations, by rows.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn activate_only(
    act: impl Fn(V) -> V,
    inputs: impl Fn(usize) -> [V; 2],
    panel: &mut Rows,
    first: usize,
    column: usize,
) {
    for r in 0..BLOCK {
        store_line(panel.line_mut(first + r, column), round(inputs(r).map(&act)));
    }
}
