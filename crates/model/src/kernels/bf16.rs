//! Matrix products of bf16 factors with f32 sums, on the tile unit.
//!
//! A factor is rounded to bf16 and packed once, into strips of tiles, then multiplied as often as needed. Any size will do:
//! what a tile holds beyond the matrix is 0 in both factors.

use super::product::{Store, View, ViewMut};
use super::real::Real;
use super::tier::vectorised;
use super::tile::{Bf16Unit, Block, LeftStrips, Line, Steps, Sums, Tile, ZERO_BLOCK};

/// Rows or columns of a strip.
const STRIP: usize = 16;
/// Inner numbers of a tile.
const DEPTH: usize = 32;
/// Rows and columns of a block of the result.
const BLOCK: usize = 32;

/// The left factor of a product, `[rows, inner]`, rounded to bf16 and packed. Reused: packing another matrix allocates only if
/// that is larger than every one before.
#[derive(Clone, Debug, Default)]
struct Left(Strips);

/// The right factor of a product, `[inner, columns]`, rounded to bf16 and packed. Reused as [`Left`].
#[derive(Clone, Debug, Default)]
pub struct Right(Strips);

impl Left {
    fn pack<F: Real>(&mut self, a: View<'_, F>) {
        let tiles = self.0.resized(a.nrows(), a.ncols());
        if has_contiguous_rows(a) {
            pack_rows::<F, false>(a, tiles);
        } else {
            pack_pairs_of_rows::<F, true>(a.transpose(), tiles);
        }
    }
}

impl Right {
    /// Packs a matrix whose rows or columns are contiguous.
    pub fn pack<F: Real>(&mut self, b: View<'_, F>) {
        let tiles = self.0.resized(b.ncols(), b.nrows());
        if has_contiguous_rows(b) {
            pack_pairs_of_rows::<F, false>(b, tiles);
        } else {
            pack_rows::<F, true>(b.transpose(), tiles);
        }
    }
}

/// Room for what a product takes: its factors, and the blocks it is made in. One for each worker.
#[derive(Clone, Debug)]
pub struct Packing {
    left: Left,
    right: Right,
    sums: [Block; 2],
}

impl Default for Packing {
    fn default() -> Packing {
        Packing { left: Left::default(), right: Right::default(), sums: [ZERO_BLOCK; 2] }
    }
}

impl Packing {
    /// Makes the product of two matrices.
    ///
    /// # Panics
    /// If the sizes do not fit together, or a matrix has neither contiguous rows nor columns (`out`: rows).
    pub fn multiply<F: Real>(
        &mut self,
        unit: Bf16Unit,
        a: View<'_, F>,
        b: View<'_, F>,
        store: Store<'_, F>,
        out: ViewMut<'_, F>,
    ) {
        self.left.pack(a);
        self.right.pack(b);
        multiply(unit, &self.left, &self.right, &mut self.sums, store, out);
    }

    /// The same with a right factor packed before.
    ///
    /// # Panics
    /// As [`Packing::multiply`].
    pub fn multiply_packed<F: Real>(
        &mut self,
        unit: Bf16Unit,
        a: View<'_, F>,
        b: &Right,
        store: Store<'_, F>,
        out: ViewMut<'_, F>,
    ) {
        self.left.pack(a);
        multiply(unit, &self.left, b, &mut self.sums, store, out);
    }
}

/// `out` is `[rows, columns]`; `sums` are two blocks because vector work on one goes on while the tile unit fills the other.
fn multiply<F: Real>(
    unit: Bf16Unit,
    a: &Left,
    b: &Right,
    sums: &mut [Block; 2],
    store: Store<'_, F>,
    out: ViewMut<'_, F>,
) {
    vectorised(
        #[inline(always)]
        move || {
            let (a, b, mut out) = (&a.0, &b.0, out);
            assert_eq!(a.inner, b.inner);
            assert_eq!((out.nrows(), out.ncols()), (a.len, b.len));
            let unit = unit.on_this_thread();
            let mut previous = None;
            let [mut fresh, mut ready] = sums.each_mut();
            let panel = panel_rows(a.inner);
            for first_row in (0..a.len).step_by(panel) {
                for column in (0..b.len).step_by(BLOCK) {
                    for row in (first_row..a.len.min(first_row + panel)).step_by(BLOCK) {
                        unit.multiply(a.strips(row), b.pair(column), Sums::Set, fresh);
                        if let Some((row, column)) = previous.replace((row, column)) {
                            store_block(ready, row, column, store, &mut out);
                        }
                        std::mem::swap(&mut fresh, &mut ready);
                    }
                }
            }
            if let Some((row, column)) = previous {
                store_block(ready, row, column, store, &mut out);
            }
        },
    )
}

/// Rows of the left factor that are taken through all columns of the right one before the next: as many as stay in the
/// first-level cache (32 KiB of bf16 numbers), beside two strips of the right factor.
fn panel_rows(inner: usize) -> usize {
    (16384 / inner.max(1) / BLOCK * BLOCK).clamp(BLOCK, 8 * BLOCK)
}

/// Writes the part of a block that lies within the result.
#[inline(always)]
fn store_block<F: Real>(block: &Block, row: usize, column: usize, store: Store<'_, F>, out: &mut ViewMut<'_, F>) {
    let columns = column..out.ncols().min(column + BLOCK);
    for (row, sums) in (row..out.nrows()).zip(block) {
        let out = out.as_mut().row_mut(row).try_as_row_major_mut().expect("rows are contiguous").as_slice_mut();
        let products = sums.iter().flat_map(|lanes| lanes.0.iter()).map(|&sum| F::of(sum.into()));
        let entries = out[columns.clone()].iter_mut().zip(products);
        match store {
            Store::Set => entries.for_each(|(o, p)| *o = p),
            Store::SetBiased(bias) => entries.zip(&bias[columns.clone()]).for_each(|((o, p), &b)| *o = p + b),
            Store::Add => entries.for_each(|(o, p)| *o += p),
        }
    }
}

/// Strips of [`STRIP`] rows (or columns), each a run of tiles along the inner dimension. An even number of strips, so that
/// blocks are whole.
#[derive(Clone, Debug, Default)]
struct Strips {
    /// Those of the largest matrix so far; the first of them hold the present one.
    tiles: Vec<Tile>,
    /// Rows (or columns) of the matrix.
    len: usize,
    inner: usize,
}

impl Strips {
    /// The tiles of a matrix, to be filled.
    fn resized(&mut self, len: usize, inner: usize) -> &mut [Tile] {
        (self.len, self.inner) = (len, inner);
        let n_tiles = len.div_ceil(BLOCK) * (BLOCK / STRIP) * self.depth();
        if self.tiles.len() < n_tiles {
            self.tiles.resize(n_tiles, [Line::ZERO; 16]);
        }
        &mut self.tiles[..n_tiles]
    }

    /// Tiles of one strip.
    fn depth(&self) -> usize {
        self.inner.div_ceil(DEPTH)
    }

    fn strips(&self, first: usize) -> LeftStrips<'_> {
        let depth = self.depth();
        let tiles = &self.tiles[first / STRIP * depth..][..2 * depth];
        LeftStrips::new(tiles.as_flattened(), Steps { row: 1, tile: 16, strip: 16 * depth }, depth)
    }

    /// The two strips from row (or column) `first`, a multiple of [`BLOCK`].
    fn pair(&self, first: usize) -> [&[Tile]; 2] {
        let depth = self.depth();
        let (one, two) = self.tiles[first / STRIP * depth..][..2 * depth].split_at(depth);
        [one, two]
    }
}

/// Turns the lines of a tile, as numbers of 32 bits, into its columns: interleaving lines `i` and `i + 8`, for every `i`, four
/// times over.
#[inline(always)]
fn transpose(tile: &mut Tile) {
    for _ in 0..4 {
        let before = *tile;
        for i in 0..8 {
            for j in 0..8 {
                tile[2 * i].0[2 * j] = before[i].0[j];
                tile[2 * i].0[2 * j + 1] = before[i + 8].0[j];
                tile[2 * i + 1].0[2 * j] = before[i].0[8 + j];
                tile[2 * i + 1].0[2 * j + 1] = before[i + 8].0[8 + j];
            }
        }
    }
}

fn has_contiguous_rows<F: Real>(x: View<'_, F>) -> bool {
    x.col_stride() == 1
}

/// Packs `x` so that a row of a tile is a piece of a row of `x` (transposed: a column is).
fn pack_rows<F: Real, const TRANSPOSE: bool>(x: View<'_, F>, tiles: &mut [Tile]) {
    vectorised(
        #[inline(always)]
        move || {
            let mut padded = [F::ZERO; DEPTH];
            for (s, strip) in tiles.chunks_exact_mut(x.ncols().div_ceil(DEPTH)).enumerate() {
                for (k, tile) in strip.iter_mut().enumerate() {
                    for (r, Line(pairs)) in tile.iter_mut().enumerate() {
                        let numbers = piece(x, s * STRIP + r, k * DEPTH, &mut padded);
                        for p in 0..16 {
                            pairs[p] = pair(numbers[2 * p], numbers[2 * p + 1]);
                        }
                    }
                    if TRANSPOSE {
                        transpose(tile);
                    }
                }
            }
        },
    )
}

/// Packs `x` so that a row of a tile is made of a pair of rows of `x`: row `p` is the pairs `(x[2p, c], x[2p + 1, c])`
/// (transposed: a column is).
fn pack_pairs_of_rows<F: Real, const TRANSPOSE: bool>(x: View<'_, F>, tiles: &mut [Tile]) {
    vectorised(
        #[inline(always)]
        move || {
            let depth = x.nrows().div_ceil(DEPTH);
            let mut padded = [[F::ZERO; STRIP]; 2];
            // Tiles of one inner range together, so that `x` is read along its rows.
            for k in 0..depth {
                for (s, tile) in tiles[k..].iter_mut().step_by(depth).enumerate() {
                    for (p, Line(pairs)) in tile.iter_mut().enumerate() {
                        let (row, column) = (k * DEPTH + 2 * p, s * STRIP);
                        let [one, two] = padded.each_mut();
                        let (first, second) = (piece(x, row, column, one), piece(x, row + 1, column, two));
                        for c in 0..16 {
                            pairs[c] = pair(first[c], second[c]);
                        }
                    }
                    if TRANSPOSE {
                        transpose(tile);
                    }
                }
            }
        },
    )
}

/// `N` numbers from `[row, column]` on: where they lie, or, beyond the matrix, filled up with 0 in `padded`.
#[inline(always)]
fn piece<'a, F: Real, const N: usize>(x: View<'a, F>, row: usize, column: usize, padded: &'a mut [F; N]) -> &'a [F; N] {
    let mut inside: &[F] = &[];
    if row < x.nrows() && column < x.ncols() {
        inside = &x.row(row).try_as_row_major().expect("rows are contiguous").as_slice()[column..];
        if let Some(whole) = inside.first_chunk() {
            return whole;
        }
    }
    padded.fill(F::ZERO);
    padded[..inside.len()].copy_from_slice(inside);
    padded
}

/// Two numbers as bf16, the first in the lower half.
#[inline(always)]
fn pair<F: Real>(first: F, second: F) -> u32 {
    u32::from(nearest(first.to_f64() as f32)) | u32::from(nearest(second.to_f64() as f32)) << 16
}

/// The nearest bf16 number, ties to even; a NaN stays one.
#[inline(always)]
pub(crate) fn nearest(x: f32) -> u16 {
    let bits = x.to_bits();
    let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1));
    const INFINITY: u32 = 0x7f80_0000;
    const QUIET: u32 = 0x0040_0000;
    let is_nan = bits & !(1 << 31) > INFINITY;
    ((if is_nan { bits | QUIET } else { rounded }) >> 16) as u16
}

/// A bf16 number as an f32, exact.
#[inline(always)]
pub(crate) fn widen(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

#[cfg(test)]
mod tests {
    use super::super::product::{view, view_mut};
    use super::super::tier::bf16_unit;
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

    /// The same matrix with contiguous columns.
    fn by_columns(x: View<'_, f32>) -> Vec<f32> {
        (0..x.ncols()).flat_map(|c| (0..x.nrows()).map(move |r| x[(r, c)])).collect()
    }

    fn rounded(x: f32) -> f32 {
        widen(nearest(x))
    }

    #[track_caller]
    fn close(what: &str, got: &[f32], want: &[f64], bound: f64) {
        for (i, (&g, w)) in got.iter().zip(want).enumerate() {
            assert!((f64::from(g) - w).abs() <= bound, "{what}: [{i}] is {g}, wanted {w}");
        }
    }

    /// Against the triple loop: tightly with factors rounded beforehand, and within `k` · 2⁻⁸ with the factors as they are
    /// (each factor below 1 is off by at most 2⁻⁹ of itself).
    fn check(unit: Bf16Unit, m: usize, k: usize, n: usize) {
        let (a, b, bias) = (numbers(m * k, 1), numbers(k * n, 2), numbers(n, 3));
        let naive = |round: fn(f32) -> f32| -> Vec<f64> {
            let term = |i: usize, l: usize, j: usize| f64::from(round(a[i * k + l])) * f64::from(round(b[l * n + j]));
            (0..m * n).map(|e| (0..k).map(|l| term(e / n, l, e % n)).sum()).collect()
        };
        let (exact, of_rounded) = (naive(|x| x), naive(rounded));
        let sum_error = k as f64 * f64::from(f32::EPSILON) * 2.0;
        let (a, b) = (view(&a, k), view(&b, n));
        let (a_columns, b_columns) = (by_columns(a), by_columns(b));
        let what = format!("{m}x{k}x{n}");
        for a in [a, view(&a_columns, m).transpose()] {
            for b in [b, view(&b_columns, k).transpose()] {
                let mut room = Packing::default();
                // A larger one first: what it left must not show.
                let (large_a, large_b) = (numbers((m + 40) * (k + 3), 9), numbers((k + 3) * (n + 70), 9));
                let mut large = vec![0.0; (m + 40) * (n + 70)];
                let (large_a, large_b) = (view(&large_a, k + 3), view(&large_b, n + 70));
                room.multiply(unit, large_a, large_b, Store::Set, view_mut(&mut large, n + 70));
                // A band of a wider matrix, whose other columns must stay.
                let mut wide = vec![7.0; m * (n + 5)];
                let mut store = |store| {
                    let band = view_mut(&mut wide, n + 5).subcols_mut(2, n);
                    room.multiply(unit, a, b, store, band);
                    assert!(wide.chunks(n + 5).all(|row| [0, 1, n + 2, n + 3, n + 4].iter().all(|&c| row[c] == 7.0)));
                    wide.chunks(n + 5).flat_map(|row| row[2..n + 2].to_vec()).collect::<Vec<f32>>()
                };
                let product = store(Store::Set);
                close(&what, &product, &of_rounded, sum_error);
                close(&what, &product, &exact, k as f64 / 256.0);
                let sum = store(Store::Add);
                assert!(sum.iter().zip(&product).all(|(&sum, &p)| sum == 2.0 * p), "{what}: sum");
                let biased = store(Store::SetBiased(&bias));
                let want = product.iter().enumerate().map(|(e, &p)| p + bias[e % n]);
                assert!(biased.iter().zip(want).all(|(&got, want)| got == want), "{what}: bias");
            }
        }
    }

    #[test]
    fn products_equal_the_triple_loop_at_odd_sizes() {
        let Ok(unit) = bf16_unit() else {
            println!("skipped: no bf16 unit on this machine");
            return;
        };
        for (m, k, n) in [(1, 1, 1), (7, 8, 9), (33, 17, 5), (64, 33, 65), (31, 96, 32), (300, 64, 70), (40, 1030, 47)]
        {
            check(unit, m, k, n);
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
