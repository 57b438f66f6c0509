//! Matrix products of bf16 factors with f32 sums, on the tile unit.
//!
//! A factor is rounded to bf16 and packed once, into strips of tiles, then multiplied as often as needed. Any size will do:
//! what a tile holds beyond the matrix is 0 in both factors.

use super::amx::{Amx, Block, Tile};
use super::real::Real;
use multiversion::multiversion;

/// Rows or columns of a strip.
const STRIP: usize = 16;
/// Inner numbers of a tile.
const DEPTH: usize = 32;
/// Rows and columns of a block of the result.
const BLOCK: usize = 32;

/// The left factor of a product, `[rows, inner]`, rounded to bf16 and packed. Reused: packing another matrix allocates only if
/// that is larger than every one before.
#[derive(Clone, Debug, Default)]
pub struct Left(Strips);

/// The right factor of a product, `[inner, columns]`, rounded to bf16 and packed. Reused as [`Left`].
#[derive(Clone, Debug, Default)]
pub struct Right(Strips);

impl Left {
    /// Packs `a`, row-major `[rows, inner]`.
    pub fn pack<F: Real>(&mut self, a: &[F], inner: usize) {
        let rows = a.len() / inner;
        pack_rows::<F, false>(a, inner, self.0.resized(rows, inner));
    }

    /// Packs the transpose of `a`, row-major `[inner, rows]`.
    pub fn pack_transposed<F: Real>(&mut self, a: &[F], rows: usize) {
        let inner = a.len() / rows;
        pack_pairs_of_rows::<F, true>(a, rows, self.0.resized(rows, inner));
    }
}

impl Right {
    /// Packs `b`, row-major `[inner, columns]`.
    pub fn pack<F: Real>(&mut self, b: &[F], columns: usize) {
        let inner = b.len() / columns;
        pack_pairs_of_rows::<F, false>(b, columns, self.0.resized(columns, inner));
    }

    /// Packs the transpose of `b`, row-major `[columns, inner]`.
    pub fn pack_transposed<F: Real>(&mut self, b: &[F], inner: usize) {
        let columns = b.len() / inner;
        pack_rows::<F, true>(b, inner, self.0.resized(columns, inner));
    }
}

/// What becomes of a product.
#[derive(Clone, Copy, Debug)]
pub enum Store<'a, F> {
    /// `out = a @ b`
    Set,
    /// `out = a @ b + bias`, `bias` being `[columns]`.
    SetBiased(&'a [F]),
    /// `out += a @ b`
    Add,
}

/// Computes `a @ b` and stores it in `out`, row-major `[rows, columns]`.
///
/// # Panics
/// If the sizes do not fit together.
#[multiversion(targets = "simd")]
pub fn multiply<F: Real>(amx: Amx, a: &Left, b: &Right, store: Store<'_, F>, out: &mut [F]) {
    let (a, b) = (&a.0, &b.0);
    assert_eq!(a.inner, b.inner);
    assert_eq!(out.len(), a.len * b.len);
    // Vector work on a block waits until the tile unit is busy with the next one.
    let mut blocks = [Block([[0.0; BLOCK]; BLOCK]); 2];
    let mut previous = None;
    let [mut fresh, mut ready] = blocks.each_mut();
    let panel = panel_rows(a.inner);
    for first_row in (0..a.len).step_by(panel) {
        for column in (0..b.len).step_by(BLOCK) {
            for row in (first_row..a.len.min(first_row + panel)).step_by(BLOCK) {
                amx.multiply(a.pair(row), b.pair(column), fresh);
                if let Some((row, column)) = previous.replace((row, column)) {
                    store_block(ready, row, column, b.len, store, out);
                }
                std::mem::swap(&mut fresh, &mut ready);
            }
        }
    }
    if let Some((row, column)) = previous {
        store_block(ready, row, column, b.len, store, out);
    }
}

/// Rows of the left factor that are taken through all columns of the right one before the next: as many as stay in the
/// first-level cache (32 KiB of bf16 numbers), beside two strips of the right factor.
fn panel_rows(inner: usize) -> usize {
    (16384 / inner.max(1) / BLOCK * BLOCK).clamp(BLOCK, 8 * BLOCK)
}

/// Writes the part of a block that lies within the result, whose rows are `width` long.
#[inline(always)]
fn store_block<F: Real>(block: &Block, row: usize, column: usize, width: usize, store: Store<'_, F>, out: &mut [F]) {
    let columns = column..width.min(column + BLOCK);
    for (sums, out) in block.0.iter().zip(out[row * width..].chunks_mut(width)) {
        let sums = sums.iter().map(|&sum| F::of(sum.into()));
        let entries = out[columns.clone()].iter_mut().zip(sums);
        match store {
            Store::Set => entries.for_each(|(o, sum)| *o = sum),
            Store::SetBiased(bias) => entries.zip(&bias[columns.clone()]).for_each(|((o, sum), &b)| *o = sum + b),
            Store::Add => entries.for_each(|(o, sum)| *o += sum),
        }
    }
}

/// Strips of [`STRIP`] rows (or columns), each a run of tiles along the inner dimension. An even number of strips, so that
/// blocks are whole.
#[derive(Clone, Debug, Default)]
struct Strips {
    tiles: Vec<Tile>,
    /// Rows (or columns) of the matrix.
    len: usize,
    inner: usize,
}

impl Strips {
    /// Room for a matrix, to be filled.
    fn resized(&mut self, len: usize, inner: usize) -> &mut Strips {
        (self.len, self.inner) = (len, inner);
        let strips = 2 * len.div_ceil(BLOCK);
        self.tiles.resize(strips * self.depth(), Tile([[0; 16]; 16]));
        self
    }

    /// Tiles of one strip.
    fn depth(&self) -> usize {
        self.inner.div_ceil(DEPTH)
    }

    /// The two strips from row (or column) `first`, a multiple of [`BLOCK`].
    fn pair(&self, first: usize) -> [&[Tile]; 2] {
        let depth = self.depth();
        let (one, two) = self.tiles[first / STRIP * depth..][..2 * depth].split_at(depth);
        [one, two]
    }
}

/// Packs `x`, row-major with `inner` columns, so that a row of a tile is a piece of a row of `x` (transposed: a column is).
#[multiversion(targets = "simd")]
fn pack_rows<F: Real, const TRANSPOSE: bool>(x: &[F], inner: usize, strips: &mut Strips) {
    for (s, strip) in strips.tiles.chunks_exact_mut(inner.div_ceil(DEPTH)).enumerate() {
        for (k, tile) in strip.iter_mut().enumerate() {
            for (r, pairs) in tile.0.iter_mut().enumerate() {
                let numbers = piece::<F, DEPTH>(x, inner, s * STRIP + r, k * DEPTH);
                for p in 0..16 {
                    pairs[p] = pair(numbers[2 * p], numbers[2 * p + 1]);
                }
            }
            if TRANSPOSE {
                transpose(tile);
            }
        }
    }
}

/// Packs `x`, row-major with `width` columns, so that a row of a tile is made of a pair of rows of `x`: row `p` is the pairs
/// `(x[2p, c], x[2p + 1, c])` (transposed: a column is).
#[multiversion(targets = "simd")]
fn pack_pairs_of_rows<F: Real, const TRANSPOSE: bool>(x: &[F], width: usize, strips: &mut Strips) {
    let depth = strips.depth();
    // Tiles of one inner range together, so that `x` is read along its rows.
    for k in 0..depth {
        for (s, tile) in strips.tiles[k..].iter_mut().step_by(depth).enumerate() {
            for (p, pairs) in tile.0.iter_mut().enumerate() {
                let row = k * DEPTH + 2 * p;
                let [first, second] = [row, row + 1].map(|row| piece::<F, STRIP>(x, width, row, s * STRIP));
                for c in 0..16 {
                    pairs[c] = pair(first[c], second[c]);
                }
            }
            if TRANSPOSE {
                transpose(tile);
            }
        }
    }
}

/// `N` numbers from `[row, column]` on; 0 beyond the matrix.
#[inline(always)]
fn piece<F: Real, const N: usize>(x: &[F], width: usize, row: usize, column: usize) -> [F; N] {
    let start = row * width + column;
    if column + N <= width && start + N <= x.len() {
        return std::array::from_fn(|i| x[start..start + N][i]);
    }
    let mut numbers = [F::ZERO; N];
    if column < width && start < x.len() {
        let inside = N.min(width - column);
        numbers[..inside].copy_from_slice(&x[start..start + inside]);
    }
    numbers
}

/// Two numbers as bf16, the first in the lower half.
#[inline(always)]
fn pair<F: Real>(first: F, second: F) -> u32 {
    bf16_bits(first) >> 16 | bf16_bits(second)
}

/// The nearest bf16 number, ties to even, in the upper half; a NaN stays one.
#[inline(always)]
fn bf16_bits<F: Real>(x: F) -> u32 {
    let bits = (x.to_f64() as f32).to_bits();
    let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1));
    const INFINITY: u32 = 0x7f80_0000;
    const QUIET: u32 = 0x0040_0000;
    let is_nan = bits & !(1 << 31) > INFINITY;
    (if is_nan { bits | QUIET } else { rounded }) & 0xffff_0000
}

#[inline(always)]
fn transpose(tile: &mut Tile) {
    let from = tile.0;
    for i in 0..16 {
        for j in 0..16 {
            tile.0[i][j] = from[j][i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that bf16 cannot hold exactly.
    fn numbers(len: usize, seed: u64) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..len).map(|_| next()).collect()
    }

    fn transposed(x: &[f32], width: usize) -> Vec<f32> {
        (0..x.len()).map(|i| x[i % (x.len() / width) * width + i / (x.len() / width)]).collect()
    }

    fn rounded(x: f32) -> f32 {
        f32::from_bits(bf16_bits(x))
    }

    #[track_caller]
    fn close(what: &str, got: &[f32], want: &[f64], bound: f64) {
        for (i, (&g, w)) in got.iter().zip(want).enumerate() {
            assert!((f64::from(g) - w).abs() <= bound, "{what}: [{i}] is {g}, wanted {w}");
        }
    }

    /// Against the triple loop: tightly with factors rounded beforehand, and within `k` · 2⁻⁸ with the factors as they are
    /// (each factor below 1 is off by at most 2⁻⁹ of itself).
    fn check(amx: Amx, m: usize, k: usize, n: usize) {
        let (a, b, bias) = (numbers(m * k, 1), numbers(k * n, 2), numbers(n, 3));
        let naive = |round: fn(f32) -> f32| -> Vec<f64> {
            let term = |i: usize, l: usize, j: usize| f64::from(round(a[i * k + l])) * f64::from(round(b[l * n + j]));
            (0..m * n).map(|e| (0..k).map(|l| term(e / n, l, e % n)).sum()).collect()
        };
        let (exact, of_rounded) = (naive(|x| x), naive(rounded));
        let sum_error = k as f64 * f64::from(f32::EPSILON) * 2.0;
        let (mut left, mut right, mut left_t, mut right_t) =
            (Left::default(), Right::default(), Left::default(), Right::default());
        // Larger first: what an earlier matrix left must not show.
        left.pack(&numbers((m + 40) * (k + 3), 9), k + 3);
        right.pack(&numbers((k + 70) * (n + 5), 9), n + 5);
        left.pack(&a, k);
        right.pack(&b, n);
        left_t.pack_transposed(&transposed(&a, k), m);
        right_t.pack_transposed(&transposed(&b, n), k);
        for (left, right) in [(&left, &right), (&left_t, &right), (&left, &right_t), (&left_t, &right_t)] {
            let what = format!("{m}x{k}x{n}");
            let mut out = vec![f32::NAN; m * n];
            multiply(amx, left, right, Store::Set, &mut out);
            close(&what, &out, &of_rounded, sum_error);
            close(&what, &out, &exact, k as f64 / 256.0);
            let plain = out.clone();
            multiply(amx, left, right, Store::Add, &mut out);
            assert!(out.iter().zip(&plain).all(|(&twice, &once)| twice == 2.0 * once), "{what}: sum");
            multiply(amx, left, right, Store::SetBiased(&bias), &mut out);
            let biased = plain.iter().enumerate().map(|(e, &p)| p + bias[e % n]);
            assert!(out.iter().zip(biased).all(|(&got, want)| got == want), "{what}: bias");
        }
    }

    #[test]
    fn products_equal_the_triple_loop_at_odd_sizes() {
        let Some(amx) = Amx::detect() else {
            println!("skipped: no AMX on this machine");
            return;
        };
        for (m, k, n) in [(1, 1, 1), (7, 8, 9), (33, 17, 5), (64, 33, 65), (31, 96, 32), (300, 64, 70), (40, 1030, 47)]
        {
            check(amx, m, k, n);
        }
    }

    #[test]
    fn rounding_is_to_nearest_even_and_keeps_nan() {
        let cases = [
            (1.0, 1.0),
            (1.0 + 1.0 / 256.0, 1.0),               // half-way: to even, down
            (1.0 + 3.0 / 256.0, 1.0 + 4.0 / 256.0), // half-way: to even, up
            (1.0 + 1.1 / 256.0, 1.0 + 2.0 / 256.0),
            (-1.0 - 1.1 / 256.0, -1.0 - 2.0 / 256.0),
            (f32::MAX, f32::INFINITY),
            (f32::NEG_INFINITY, f32::NEG_INFINITY),
            (-0.0, -0.0),
        ];
        for (x, want) in cases {
            assert_eq!(rounded(x).to_bits(), f32::to_bits(want), "{x}");
        }
        assert!([0x7f80_0001, 0x7fff_ffff, 0xffff_ffff].iter().all(|&bits| rounded(f32::from_bits(bits)).is_nan()));
    }
}
