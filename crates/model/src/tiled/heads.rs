//! The heads of a micro-batch, side by side in matrices of rows, and their conversion to the layouts that products read.
//!
//! A head need not fill whole lines: its first line may begin with numbers of the head before it, its last may end with some of
//! the next. Of two factors one is read where it lies, neighbours and all, and the other is packed with zeros in their places.

use super::factor::{BLOCK, Rows, Tiles, pack_pairs, pack_pairs_transposed, transpose_tile};
use crate::kernels::attention::AttnDims;
use crate::kernels::tile::{Block, LeftStrips, Wide};
use crate::kernels::vector::{
    Halves, V, all, dot_pairs, load, load_line, load_wide, only, round, store_line, store_only, transpose, widen,
};
use std::arch::x86_64::*;
use std::f32::consts::LOG2_E;

/// Where queries, keys and values of a micro-batch lie side by side, `[rows, 3 · width]`, and each sequence's rows one after
/// another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heads {
    pub(crate) dims: AttnDims,
    /// Numbers from a row's queries to its keys, and from its keys to its values: `n_heads · d_head` in whole blocks.
    pub(crate) width: usize,
}

impl Heads {
    /// Returns the number of blocks of positions per sequence.
    pub(crate) fn blocks(self) -> usize {
        self.dims.seq.div_ceil(BLOCK)
    }

    /// Tiles of pattern of one head before a block of queries, each block having two strips of as many as it sees blocks of keys.
    pub(crate) fn tiles_before(self, queries: usize) -> usize {
        if self.dims.causal { queries * (queries + 1) } else { 2 * queries * self.blocks() }
    }

    /// Returns every head of every sequence, with its index.
    pub(crate) fn pairs(self) -> impl Iterator<Item = (usize, Head)> {
        let AttnDims { n_seq, n_heads, seq, d_head, .. } = self.dims;
        let head = move |s: usize, h: usize| Head { first_row: s * seq, column: h * d_head, seq, d_head };
        (0..n_seq).flat_map(move |s| (0..n_heads).map(move |h| (s * n_heads + h, head(s, h))))
    }

    pub(crate) fn scale(self) -> f32 {
        (1.0 / self.dims.attn_scale) as f32
    }

    /// Returns the factor that turns scores into exponents of 2.
    pub(crate) fn log2_scale(self) -> f32 {
        self.scale() * LOG2_E
    }

    /// Returns the number of blocks of keys that a block of queries sees.
    pub(crate) fn seen(self, queries: usize) -> usize {
        if self.dims.causal { queries + 1 } else { self.blocks() }
    }

    /// Returns the first block of queries that sees a block of keys.
    pub(crate) fn first_to_see(self, keys: usize) -> usize {
        if self.dims.causal { keys } else { 0 }
    }

    /// Returns which queries of a block see a key: none before the key, and none if the key is padding.
    #[inline]
    pub(crate) fn see(self, queries: usize, key: usize) -> [__mmask16; 2] {
        let mask = match self.dims.causal {
            true => u32::MAX.unbounded_shl(key.saturating_sub(queries * BLOCK) as u32),
            false if key < self.dims.seq => u32::MAX,
            false => 0,
        };
        [mask as u16, (mask >> 16) as u16]
    }

    /// Returns whether every query of a block sees every key of another.
    pub(crate) fn see_all(self, queries: usize, keys: usize) -> bool {
        if self.dims.causal { keys < queries } else { (keys + 1) * BLOCK <= self.dims.seq }
    }
}

/// One head of one sequence in a matrix of many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    first_row: usize,
    column: usize,
    seq: usize,
    d_head: usize,
}

impl Head {
    /// The same head's keys or values.
    pub(crate) fn shifted(self, columns: usize) -> Head {
        Head { column: self.column + columns, ..self }
    }

    /// Lines in which the head's numbers lie.
    pub(crate) fn depth(self) -> usize {
        (self.column % BLOCK + self.d_head).div_ceil(BLOCK)
    }

    /// Which numbers of line `c` are the head's own.
    #[inline]
    fn own(self, c: usize) -> __mmask32 {
        let skip = self.column % BLOCK;
        let [from, to] = [skip, skip + self.d_head].map(|n| n.saturating_sub(c * BLOCK).min(BLOCK) as u32);
        u32::MAX.unbounded_shl(from) & !u32::MAX.unbounded_shl(to)
    }

    /// In which halves of line `c` some of the head's numbers lie.
    #[inline]
    fn halves(self, c: usize) -> [bool; 2] {
        let own = self.own(c);
        [own & 0xffff != 0, own >> 16 != 0]
    }

    /// How many positions a block holds.
    fn in_block(self, block: usize) -> usize {
        BLOCK.min(self.seq - block * BLOCK)
    }

    /// A block of positions as left factor, neighbours and following rows included.
    #[inline]
    pub(crate) fn strips(self, x: &Rows, block: usize) -> LeftStrips<'_> {
        x.strips_from(self.first_row + block * BLOCK, self.column / BLOCK, self.depth())
    }

    /// Line `c` of a position; zeros where the numbers are not its `own`, and beyond the last position.
    #[inline]
    #[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
    fn line(self, x: &Rows, own: __mmask32, pos: usize, c: usize) -> Halves {
        if pos >= self.seq {
            return _mm512_setzero_si512();
        }
        only(own, load_line(x.line(self.first_row + pos, self.column / BLOCK + c)))
    }

    /// `x` of this head, transposed, as right factor.
    #[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
    pub(crate) fn pack_columns(self, x: &Rows, out: &mut Tiles) {
        out.resize(self.seq, self.depth() * BLOCK);
        for c in 0..self.depth() {
            let own = self.own(c);
            for strip in 0..out.len() / 16 {
                let tile = out.tile_mut(strip, c);
                for (r, line) in tile.iter_mut().enumerate() {
                    store_line(line, self.line(x, own, strip * 16 + r, c));
                }
                transpose_tile(tile);
            }
        }
    }

    /// `x` of this head as right factor; strips in which none of its numbers lie are left as they were.
    #[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
    pub(crate) fn pack_right(self, x: &Rows, out: &mut Tiles) {
        out.resize(self.depth() * BLOCK, self.seq);
        for c in 0..self.depth() {
            let (own, halves) = (self.own(c), self.halves(c));
            for block in 0..self.seq.div_ceil(BLOCK) {
                pack_pairs(|r| self.line(x, own, block * BLOCK + r, c), out.tiles_mut(c, block), halves);
            }
        }
    }

    /// `x` of this head, transposed, as left factor; strips in which none of its numbers lie are left as they were.
    #[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
    pub(crate) fn pack_left_transposed(self, x: &Rows, out: &mut Tiles) {
        out.resize(self.depth() * BLOCK, self.seq);
        for c in 0..self.depth() {
            let (own, halves) = (self.own(c), self.halves(c));
            for block in 0..self.seq.div_ceil(BLOCK) {
                pack_pairs_transposed(|r| self.line(x, own, block * BLOCK + r, c), out.tiles_mut(c, block), halves);
            }
        }
    }

    /// `x · y` of each of 16 positions; 0 beyond the last.
    #[inline]
    #[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
    pub(crate) fn dots(self, x: &Rows, y: &Rows, first: usize) -> V {
        let positions = first..self.seq.min(first + 16);
        if positions.is_empty() {
            return all(0.0);
        }
        let mut parts = [_mm512_setzero_si512(); 16];
        for c in 0..self.depth() {
            let own = self.own(c);
            let [x, y] = [x, y].map(|x| x.lines(self.first_row + first, self.column / BLOCK + c));
            for (part, (x, y)) in parts[..positions.len()].iter_mut().zip(x.zip(y)) {
                let sums = dot_pairs(_mm512_castsi512_ps(*part), only(own, load_line(x)), load_line(y));
                *part = _mm512_castps_si512(sums);
            }
        }
        transpose(parts).into_iter().fold(all(0.0), |sum, part| _mm512_add_ps(sum, _mm512_castsi512_ps(part)))
    }

    /// Multiplies each position of this head by its factor.
    #[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
    pub(crate) fn scale(self, x: &mut Rows, factors: &[Wide]) {
        let factors: &[f32] = bytemuck::cast_slice(factors);
        for c in 0..self.depth() {
            let own = self.own(c);
            let lines = x.lines_mut(self.first_row, self.column / BLOCK + c);
            for (line, &factor) in lines.zip(&factors[..self.seq]) {
                let numbers = widen(load_line(line)).map(|v| _mm512_mul_ps(v, all(factor)));
                store_only(own, line, round(numbers));
            }
        }
    }

    /// Writes a block `[features, queries]`, each column times its query's factor, as line `c` of rows. `query` maps a column
    /// to its query.
    #[inline]
    #[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
    pub(crate) fn write_columns(
        self,
        block: &Block,
        factors: [V; 2],
        query: impl Fn(usize) -> usize,
        queries: usize,
        c: usize,
        out: &mut Rows,
    ) {
        let (own, halves) = (self.own(c), self.halves(c));
        for (half, factor) in factors.into_iter().enumerate() {
            let turned = [0, 1].map(|i| {
                if !halves[i] {
                    return [_mm512_setzero_si512(); 16];
                }
                let mut rows = [_mm512_setzero_si512(); 16];
                for (r, row) in rows.iter_mut().enumerate() {
                    *row = _mm512_castps_si512(_mm512_mul_ps(load(&block[16 * i + r][half]), factor));
                }
                transpose(rows)
            });
            for i in 0..16 {
                let pos = queries * BLOCK + query(16 * half + i);
                if pos < self.seq {
                    let numbers = [turned[0][i], turned[1][i]].map(|v| _mm512_castsi512_ps(v));
                    let line = out.line_mut(self.first_row + pos, self.column / BLOCK + c);
                    store_only(own, line, round(numbers));
                }
            }
        }
    }

    /// Writes a block `[keys, features]` times `factor` as line `c` of rows.
    #[inline]
    #[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
    pub(crate) fn write_rows(self, block: &Block, factor: f32, keys: usize, c: usize, out: &mut Rows) {
        let own = self.own(c);
        let lines = out.lines_mut(self.first_row + keys * BLOCK, self.column / BLOCK + c);
        for (sums, line) in block[..self.in_block(keys)].iter().zip(lines) {
            let numbers = load_wide(sums).map(|v| _mm512_mul_ps(v, all(factor)));
            store_only(own, line, round(numbers));
        }
    }
}
