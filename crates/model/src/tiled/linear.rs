//! The linear layers of the tiled step: a product with a fused epilogue on each 32×32 block.

use super::factor::{BLOCK, BlockScratch, Floats, Rows, Tiles, pair_of_rows};
use crate::kernels::activation::Activation;
use crate::kernels::bf16_unit::TileUnit;
use crate::kernels::tile::{Block, Line, Sums, Tile, Wide};
use crate::kernels::vector::{
    Halves, V, add, all, gelu, gelu_new, load_line, load_wide, relu, round, store_line, store_wide, widen,
};
use std::arch::x86_64::_mm512_mul_ps;
use std::ops::Range;

/// Epilogue of a product `p`. Rows of `out`, `resid` and of the stash are counted from the first row of the micro-batch, those of
/// a panel from the first of the panel.
pub(crate) enum Finish<'a> {
    /// `out = p + bias`, rounded.
    Round {
        /// Padded to whole blocks; `None` is 0.
        bias: Option<&'a [Wide]>,
        out: &'a mut Rows,
    },
    /// `out = p + bias`, or `out += p + bias`.
    Float {
        /// Padded to whole blocks; `None` is 0.
        bias: Option<&'a [Wide]>,
        sums: Sums,
        out: &'a mut Floats,
    },
    /// `y = act(p + bias)`: by rows for the next product, by pairs of rows for the gradient of the next weights; and the
    /// derivative of `act`.
    Activate { act: Activation, bias: &'a [Wide], panel: &'a mut Rows, right: &'a mut Tiles, slope: &'a mut Rows },
    /// `y = act(p + bias)` by rows for the next product, without a backward pass.
    ActivateOnly { act: Activation, bias: &'a [Wide], panel: &'a mut Rows },
    /// `y = p · slope`: by rows for the next product, by pairs of rows for the gradient of the weights before; column sums are
    /// added to `bias_grad`.
    Slope { slope: &'a Rows, panel: &'a mut Rows, right: &'a mut Tiles, bias_grad: &'a mut [Wide] },
}

/// Multiplies `a[rows] @ b` block by block. The first row of `a` is row `a_start` of the micro-batch.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn multiply(
    unit: TileUnit,
    a: &Rows,
    a_start: usize,
    rows: Range<usize>,
    b: &Tiles,
    finish: &mut Finish<'_>,
    scratch: &mut BlockScratch,
) {
    let panel = panel_rows(b.depth());
    let sums = &mut scratch.0;
    for first in rows.clone().step_by(panel) {
        for column in 0..b.len() / BLOCK {
            for row in (first..rows.end.min(first + panel)).step_by(BLOCK) {
                let strips = a.strips(row - a_start, b.depth());
                unit.multiply(strips, b.columns(column, 0, b.depth()), Sums::Set, sums);
                finish_block(finish, rows.start, row, column, sums);
            }
        }
    }
}

/// Rows of the left factor per pass over the columns of the right one: as many as fit the first-level cache (32 KiB) beside two
/// strips of the right factor.
fn panel_rows(depth: usize) -> usize {
    (512 / depth.max(1)).clamp(BLOCK, 8 * BLOCK) / BLOCK * BLOCK
}

#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn finish_block(finish: &mut Finish<'_>, panel_start: usize, row: usize, column: usize, p: &Block) {
    let padded = |bias: Option<&[Wide]>| bias.map_or([all(0.0); 2], |bias| load_wide(&bias[column]));
    match finish {
        Finish::Round { bias, out } => {
            let bias = padded(*bias);
            for (sums, line) in p.iter().zip(out.lines_mut(row, column)) {
                store_line(line, round(add(load_wide(sums), bias)));
            }
        }
        Finish::Float { bias, sums: Sums::Set, out } => {
            let bias = padded(*bias);
            for (sums, wide) in p.iter().zip(out.wides_mut(row, column)) {
                store_wide(wide, add(load_wide(sums), bias));
            }
        }
        Finish::Float { bias, sums: Sums::Add, out } => {
            let bias = padded(*bias);
            for (sums, wide) in p.iter().zip(out.wides_mut(row, column)) {
                store_wide(wide, add(load_wide(wide), add(load_wide(sums), bias)));
            }
        }
        Finish::Activate { act, bias, panel, right, slope } => {
            let (bias, panel) = (load_wide(&bias[column]), panel.lines_mut(row - panel_start, column));
            let (right, slope) = (right.tiles_mut(column, row / BLOCK), slope.lines_mut(row, column));
            match act {
                Activation::GeluNew => activate(|x| gelu_new(x), p, bias, panel, right, slope),
                Activation::Gelu => activate(|x| gelu(x), p, bias, panel, right, slope),
                Activation::Relu => activate(|x| relu(x), p, bias, panel, right, slope),
            }
        }
        Finish::ActivateOnly { act, bias, panel } => {
            let (bias, panel) = (load_wide(&bias[column]), panel.lines_mut(row - panel_start, column));
            match act {
                Activation::GeluNew => activate_only(|x| gelu_new(x).0, p, bias, panel),
                Activation::Gelu => activate_only(|x| gelu(x).0, p, bias, panel),
                Activation::Relu => activate_only(|x| relu(x).0, p, bias, panel),
            }
        }
        Finish::Slope { slope, panel, right, bias_grad } => {
            let mut total = load_wide(&bias_grad[column]);
            let (mut panel, mut slope) = (panel.lines_mut(row - panel_start, column), slope.lines(row, column));
            write_pairs(p, right.tiles_mut(column, row / BLOCK), |sums| {
                let slope = slope.next().map_or([all(0.0); 2], |slope| widen(load_line(slope)));
                let sums = load_wide(sums);
                let y = [_mm512_mul_ps(sums[0], slope[0]), _mm512_mul_ps(sums[1], slope[1])];
                total = add(total, y);
                let y = round(y);
                panel.next().into_iter().for_each(|line| store_line(line, y));
                y
            });
            store_wide(&mut bias_grad[column], total);
        }
    }
}

/// Converts each row of a block to a line and writes the lines by pairs of rows.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn write_pairs(p: &Block, [one, two]: [&mut Tile; 2], mut line: impl FnMut(&Wide) -> Halves) {
    for ([even, odd], (one, two)) in p.as_chunks::<2>().0.iter().zip(one.iter_mut().zip(two)) {
        let [first, second] = pair_of_rows(line(even), line(odd));
        store_line(one, first);
        store_line(two, second);
    }
}

/// Writes a block of hidden activations by rows and by pairs of rows, and their derivatives by rows.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn activate<'a>(
    act: impl Fn(V) -> (V, V),
    p: &Block,
    bias: [V; 2],
    mut panel: impl Iterator<Item = &'a mut Line>,
    right: [&mut Tile; 2],
    mut slope: impl Iterator<Item = &'a mut Line>,
) {
    write_pairs(p, right, |sums| {
        let [low, high] = add(load_wide(sums), bias).map(&act);
        let y = round([low.0, high.0]);
        panel.next().into_iter().for_each(|line| store_line(line, y));
        slope.next().into_iter().for_each(|line| store_line(line, round([low.1, high.1])));
        y
    });
}

/// Writes a block of hidden activations by rows.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn activate_only<'a>(act: impl Fn(V) -> V, p: &Block, bias: [V; 2], panel: impl Iterator<Item = &'a mut Line>) {
    for (sums, line) in p.iter().zip(panel) {
        store_line(line, round(add(load_wide(sums), bias).map(&act)));
    }
}
