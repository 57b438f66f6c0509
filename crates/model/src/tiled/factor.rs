//! Matrices of bf16 numbers in the layouts that the tile unit reads.
//!
//! A product `a @ b` reads its left factor by rows, 32 numbers a line, and its right factor by pairs of rows: line `p` of a tile
//! is the pairs `(b[2p, n], b[2p + 1, n])` of 16 columns `n`. Read as 16×16 numbers of 32 bits, a tile of `b` as right factor is
//! the transpose of the tile of `bᵀ` as left factor. So one shuffle, [`transpose`], converts either form of a matrix to the
//! other form of its transpose, and weight gradients, `xᵀ @ dout`, need no third form.
//!
//! Sizes are rounded up to whole tiles; padding is 0.

use crate::kernels::bf16_unit::TileUnit;
use crate::kernels::tile::{Block, LeftStrips, Line, Steps, Sums, Tile, Wide, ZERO_BLOCK, ZERO_WIDE};
use crate::kernels::vector::{
    Halves, add, interleave, load_line, load_some, load_wide, round, store_line, store_wide, transpose, widen,
};
use std::arch::x86_64::{_mm512_castsi512_si256, _mm512_inserti64x4, _mm512_shuffle_i64x2};

/// Rows (or columns) of a block of the result, and inner numbers of a tile.
pub(crate) const BLOCK: usize = 32;

/// Rows (or columns) of a strip.
const STRIP: usize = 16;

/// Grows a buffer to at least `len`. It never shrinks: micro-batches differ in length, and what is cut off would have to be
/// zeroed again.
pub(crate) fn grow<T: Copy>(buffer: &mut Vec<T>, len: usize, zero: T) {
    if buffer.len() < len {
        buffer.resize(len, zero);
    }
}

/// A matrix of floats, each row padded to whole blocks of columns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Floats {
    lanes: Vec<Wide>,
    pitch: usize,
}

impl Floats {
    /// Resizes for a matrix; rows are rounded up to whole blocks. Contents are those of before, or 0.
    pub(crate) fn resize(&mut self, rows: usize, cols: usize) {
        self.pitch = cols.div_ceil(BLOCK);
        grow(&mut self.lanes, rows.next_multiple_of(BLOCK) * self.pitch, ZERO_WIDE);
    }

    #[inline]
    pub(crate) fn row(&self, r: usize) -> &[Wide] {
        &self.lanes[r * self.pitch..][..self.pitch]
    }

    #[inline]
    pub(crate) fn row_mut(&mut self, r: usize) -> &mut [Wide] {
        &mut self.lanes[r * self.pitch..][..self.pitch]
    }

    /// Keeps only these rows, in increasing order, and moves them to the front.
    pub(crate) fn keep(&mut self, rows: impl Iterator<Item = usize>) {
        for (to, from) in rows.enumerate() {
            self.lanes.copy_within(from * self.pitch..(from + 1) * self.pitch, to * self.pitch);
        }
    }

    /// Reverses `keep`: moves the first rows to `rows` and zeroes the others of all `n`.
    pub(crate) fn spread(&mut self, rows: &[usize], n: usize) {
        let mut end = n;
        for (from, &to) in rows.iter().enumerate().rev() {
            self.lanes[(to + 1) * self.pitch..end * self.pitch].fill(ZERO_WIDE);
            self.lanes.copy_within(from * self.pitch..(from + 1) * self.pitch, to * self.pitch);
            end = to;
        }
        self.lanes[..end * self.pitch].fill(ZERO_WIDE);
    }

    /// Iterates over numbers `32 c..32 (c + 1)` of rows `row..`, to write.
    #[inline]
    pub(crate) fn wides_mut(&mut self, row: usize, c: usize) -> impl Iterator<Item = &mut Wide> {
        self.lanes[row * self.pitch + c..].iter_mut().step_by(self.pitch)
    }

    /// Numbers `32 c..32 (c + 1)` of a row, to write.
    #[inline]
    pub(crate) fn wide_mut(&mut self, row: usize, c: usize) -> &mut Wide {
        &mut self.lanes[row * self.pitch + c]
    }
}

/// A matrix of bf16 numbers by rows: a left factor.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    lines: Vec<Line>,
    pitch: usize,
}

impl Rows {
    /// Resizes for a matrix; rows are rounded up to whole blocks. Contents are those of before, or 0.
    pub(crate) fn resize(&mut self, rows: usize, cols: usize) {
        let width = cols.div_ceil(BLOCK);
        // Rows a multiple of 512 bytes apart share few sets of the first-level cache: one line more spreads them.
        self.pitch = width + usize::from(width.is_multiple_of(8));
        grow(&mut self.lines, rows.next_multiple_of(BLOCK) * self.pitch, Line::ZERO);
    }

    /// Keeps only these rows, in increasing order, and moves them to the front.
    pub(crate) fn keep(&mut self, rows: impl Iterator<Item = usize>) {
        for (to, from) in rows.enumerate() {
            self.lines.copy_within(from * self.pitch..(from + 1) * self.pitch, to * self.pitch);
        }
    }

    /// Reverses `keep`: moves the first rows to `rows` and zeroes the others of all `n`.
    pub(crate) fn spread(&mut self, rows: &[usize], n: usize) {
        let mut end = n;
        for (from, &to) in rows.iter().enumerate().rev() {
            self.lines[(to + 1) * self.pitch..end * self.pitch].fill(Line::ZERO);
            self.lines.copy_within(from * self.pitch..(from + 1) * self.pitch, to * self.pitch);
            end = to;
        }
        self.lines[..end * self.pitch].fill(Line::ZERO);
    }

    /// Copies rows of another matrix of this width.
    pub(crate) fn take(&mut self, from: &Rows, rows: &[usize]) {
        for (to, &row) in self.lines.chunks_exact_mut(self.pitch).zip(rows) {
            to.copy_from_slice(&from.lines[row * self.pitch..][..self.pitch]);
        }
    }

    #[inline]
    pub(crate) fn line(&self, row: usize, c: usize) -> &Line {
        &self.lines[row * self.pitch + c]
    }

    #[inline]
    pub(crate) fn line_mut(&mut self, row: usize, c: usize) -> &mut Line {
        &mut self.lines[row * self.pitch + c]
    }

    /// Iterates over line `c` of rows `row..`.
    #[inline]
    pub(crate) fn lines(&self, row: usize, c: usize) -> impl Iterator<Item = &Line> {
        self.lines[row * self.pitch + c..].iter().step_by(self.pitch)
    }

    /// Iterates over line `c` of rows `row..`, to write.
    #[inline]
    pub(crate) fn lines_mut(&mut self, row: usize, c: usize) -> impl Iterator<Item = &mut Line> {
        self.lines[row * self.pitch + c..].iter_mut().step_by(self.pitch)
    }

    /// `len` numbers of a row from a column on.
    #[inline]
    pub(crate) fn numbers(&self, row: usize, column: usize, len: usize) -> &[u16] {
        &bytemuck::cast_slice(&self.lines)[row * self.pitch * BLOCK + column..][..len]
    }

    /// `len` numbers of a row from a column on, to write.
    #[inline]
    pub(crate) fn numbers_mut(&mut self, row: usize, column: usize, len: usize) -> &mut [u16] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[row * self.pitch * BLOCK + column..][..len]
    }

    /// Rows `row..row + 32` as left factor, `depth` tiles of them.
    #[inline]
    pub(crate) fn strips(&self, row: usize, depth: usize) -> LeftStrips<'_> {
        self.strips_from(row, 0, depth)
    }

    /// Rows `row..row + 32` as left factor, `depth` tiles of them from tile `first` on.
    #[inline]
    pub(crate) fn strips_from(&self, row: usize, first: usize, depth: usize) -> LeftStrips<'_> {
        let steps = Steps { row: self.pitch, tile: 1, strip: STRIP * self.pitch };
        LeftStrips::new(&self.lines[row * self.pitch + first..], steps, depth)
    }
}

/// Strips of 16 columns of a right factor (or rows of a left one), each a run of tiles along the inner dimension.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tiles {
    tiles: Vec<Tile>,
    depth: usize,
    blocks: usize,
}

impl Tiles {
    /// Resizes for a factor of `len` columns (or rows) of `inner` numbers. Contents are those of before, or 0.
    pub(crate) fn resize(&mut self, len: usize, inner: usize) {
        (self.depth, self.blocks) = (inner.div_ceil(BLOCK), len.div_ceil(BLOCK));
        grow(&mut self.tiles, self.blocks * 2 * self.depth, [Line::ZERO; 16]);
    }

    /// Returns the number of tiles per strip.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// Returns the number of columns (or rows), rounded up to whole blocks.
    pub(crate) fn len(&self) -> usize {
        self.blocks * BLOCK
    }

    /// Tile `k` of a strip.
    #[inline]
    pub(crate) fn tile_mut(&mut self, strip: usize, k: usize) -> &mut Tile {
        &mut self.tiles[strip * self.depth + k]
    }

    /// Tiles `k` of the two strips of a block.
    #[inline]
    pub(crate) fn tiles_mut(&mut self, block: usize, k: usize) -> [&mut Tile; 2] {
        let (one, two) = self.tiles[2 * block * self.depth..][..2 * self.depth].split_at_mut(self.depth);
        [&mut one[k], &mut two[k]]
    }

    /// Columns `32 block..32 (block + 1)` as right factor, tiles `from..to` of them.
    #[inline]
    pub(crate) fn columns(&self, block: usize, from: usize, to: usize) -> [&[Tile]; 2] {
        let (one, two) = self.tiles[2 * block * self.depth..][..2 * self.depth].split_at(self.depth);
        [&one[from..to], &two[from..to]]
    }

    /// Rows `32 block..32 (block + 1)` as left factor, tiles `from..to` of them.
    #[inline]
    pub(crate) fn strips(&self, block: usize, from: usize, to: usize) -> LeftStrips<'_> {
        let tiles = &self.tiles[2 * block * self.depth + from..2 * (block + 1) * self.depth];
        LeftStrips::new(tiles.as_flattened(), Steps { row: 1, tile: 16, strip: 16 * self.depth }, to - from)
    }
}

/// Interleaves 32 columns of two rows into lines of the two tiles of a right factor.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn pair_of_rows(one: Halves, two: Halves) -> [Halves; 2] {
    let low = _mm512_inserti64x4::<1>(one, _mm512_castsi512_si256(two));
    let high = _mm512_shuffle_i64x2::<0b11_10_11_10>(one, two);
    [interleave(low), interleave(high)]
}

/// Transposes a tile of 16×16 numbers of 32 bits.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn transpose_tile(tile: &mut Tile) {
    let mut rows = [load_line(&tile[0]); 16];
    for (row, line) in rows.iter_mut().zip(&*tile) {
        *row = load_line(line);
    }
    for (line, row) in tile.iter_mut().zip(transpose(rows)) {
        store_line(line, row);
    }
}

/// Packs rows `32 block..32 (block + 1)` of `x` into a right factor: tile `block` of every strip.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn pack_right(x: &Rows, block: usize, out: &mut Tiles) {
    for c in 0..out.len() / BLOCK {
        pack_pairs(|r| load_line(x.line(block * BLOCK + r, c)), out.tiles_mut(c, block), [true; 2]);
    }
}

/// Packs 32 lines into the two tiles of a right factor, or only those `wanted`.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn pack_pairs(line: impl Fn(usize) -> Halves, [one, two]: [&mut Tile; 2], wanted: [bool; 2]) {
    for p in 0..16 {
        let [first, second] = pair_of_rows(line(2 * p), line(2 * p + 1));
        if wanted[0] {
            store_line(&mut one[p], first);
        }
        if wanted[1] {
            store_line(&mut two[p], second);
        }
    }
}

/// Packs rows `32 block..32 (block + 1)` of `x` into the left factor `xᵀ`: tile `block` of every strip.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn pack_left_transposed(x: &Rows, block: usize, out: &mut Tiles) {
    for c in 0..out.len() / BLOCK {
        pack_pairs_transposed(|r| load_line(x.line(block * BLOCK + r, c)), out.tiles_mut(c, block), [true; 2]);
    }
}

/// Packs the transpose of 32 lines into the two tiles of a left factor, or only those `wanted`.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn pack_pairs_transposed(line: impl Fn(usize) -> Halves, tiles: [&mut Tile; 2], wanted: [bool; 2]) {
    let mut pairs = [[line(0); 16]; 2];
    for p in 0..16 {
        [pairs[0][p], pairs[1][p]] = pair_of_rows(line(2 * p), line(2 * p + 1));
    }
    for ((tile, pairs), wanted) in tiles.into_iter().zip(pairs).zip(wanted) {
        if wanted {
            for (line, row) in tile.iter_mut().zip(transpose(pairs)) {
                store_line(line, row);
            }
        }
    }
}

/// Rounds rows `32 block..32 (block + 1)` of `x`, writes them by rows and into the left factor `xᵀ`, and adds their column sums
/// to `sums`.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn round_rows(x: &Floats, block: usize, rows: &mut Rows, transposed: &mut Tiles, sums: &mut [Wide]) {
    for r in block * BLOCK..(block + 1) * BLOCK {
        for (c, (wide, sum)) in x.row(r).iter().zip(&mut *sums).enumerate() {
            let v = load_wide(wide);
            store_line(rows.line_mut(r, c), round(v));
            store_wide(sum, add(load_wide(sum), v));
        }
    }
    pack_left_transposed(rows, block, transposed);
}

/// Adds the column sums of the first `n_rows` rows of `x` to `sums`.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn add_column_sums(x: &Rows, n_rows: usize, sums: &mut [Wide]) {
    for (c, sum) in sums.iter_mut().enumerate() {
        let mut total = load_wide(sum);
        for r in 0..n_rows {
            total = add(total, widen(load_line(x.line(r, c))));
        }
        store_wide(sum, total);
    }
}

/// Packs a weight matrix `w`, `[inner, width]`, into the columns of the right factor `out` from block `first` on.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn pack_weights(w: &[f32], width: usize, first: usize, out: &mut Tiles) {
    let inner = w.len() / width;
    let at = |row: usize, column: usize| {
        let some = if row < inner { &w[row * width..][column.min(width)..width] } else { &[] };
        load_some(some)
    };
    for strip in 0..width.div_ceil(BLOCK) * 2 {
        for k in 0..out.depth {
            let tile = out.tile_mut(2 * first + strip, k);
            for (p, line) in tile.iter_mut().enumerate() {
                let row = k * BLOCK + 2 * p;
                store_line(line, interleave(round([row, row + 1].map(|row| at(row, strip * STRIP)))));
            }
        }
    }
}

/// Packs the transpose of a weight matrix `w`, `[rows, width]`, along the inner dimension of the right factor `out`, from tile
/// `first` on.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn pack_weights_transposed(w: &[f32], width: usize, first: usize, out: &mut Tiles) {
    let n_rows = w.len() / width;
    let at = |row: usize, column: usize| {
        let some = if row < n_rows { &w[row * width..][column.min(width)..width] } else { &[] };
        load_some(some)
    };
    for strip in 0..n_rows.div_ceil(BLOCK) * 2 {
        for k in 0..width.div_ceil(BLOCK) {
            let tile = out.tile_mut(strip, first + k);
            for (r, line) in tile.iter_mut().enumerate() {
                let (row, column) = (strip * STRIP + r, k * BLOCK);
                store_line(line, round([column, column + STRIP].map(|column| at(row, column))));
            }
            transpose_tile(tile);
        }
    }
}

/// `out[i, j] (+)= left strips i @ right columns j`, blocks row-major: the gradient of a weight matrix, summed over the
/// rows of a micro-batch.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
pub(crate) fn add_weight_gradient(unit: TileUnit, left: &Tiles, right: &Tiles, sums: Sums, out: &mut [Block]) {
    let (rows, columns) = (left.len() / BLOCK, right.len() / BLOCK);
    assert_eq!((left.depth, rows * columns), (right.depth, out.len()));
    for (i, out) in out.chunks_exact_mut(columns).enumerate() {
        for (j, out) in out.iter_mut().enumerate() {
            unit.multiply(left.strips(i, 0, left.depth), right.columns(j, 0, right.depth), sums, out);
        }
    }
}

/// Scratch block of sums, passed from the tile unit to the vectors.
#[derive(Clone, Debug)]
pub(crate) struct BlockScratch(pub(crate) Block);

impl Default for BlockScratch {
    fn default() -> BlockScratch {
        BlockScratch(ZERO_BLOCK)
    }
}
