//! Blocks of bf16 numbers: 32×32 sums in f32 of tiles of two factors, in the forms that [`super::bf16_unit`] reads.

use bytemuck::{Pod, Zeroable};

/// 16 pairs of bf16 numbers, the earlier one of a pair in the lower half: a row of a tile, and a line of the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C, align(64))]
pub struct Line(pub [u32; 16]);

impl Line {
    /// 32 zeros.
    pub const ZERO: Line = Line([0; 16]);
}

/// The contents of a tile register: 16 lines.
pub type Tile = [Line; 16];

/// The contents of a vector register: 16 floats.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C, align(64))]
pub struct Lanes(pub [f32; 16]);

impl Lanes {
    /// 16 zeros.
    pub const ZERO: Lanes = Lanes([0.0; 16]);
}

/// 32 floats: as many as a [`Line`] holds bf16 numbers.
pub type Wide = [Lanes; 2];

/// 32 zeros.
pub const ZERO_WIDE: Wide = [Lanes::ZERO; 2];

/// A 32×32 matrix of sums, row-major.
pub type Block = [Wide; 32];

/// A block of zeros.
pub const ZERO_BLOCK: Block = [ZERO_WIDE; 32];

/// Two strips of 16 rows of a left factor, with the distances between their tiles.
#[derive(Clone, Copy, Debug)]
pub struct LeftStrips<'a> {
    pub(super) lines: &'a [Line],
    pub(super) steps: Steps,
    pub(super) depth: usize,
}

/// Distances, in lines, within a left factor.
#[derive(Clone, Copy, Debug)]
pub struct Steps {
    /// From a row of a tile to the next.
    pub row: usize,
    /// From a tile to the next along the inner dimension.
    pub tile: usize,
    /// From the first strip to the second.
    pub strip: usize,
}

impl<'a> LeftStrips<'a> {
    /// Views `depth` tiles along the inner dimension, the first of which starts at `lines[0]`.
    ///
    /// # Panics
    /// If a tile ends beyond `lines`.
    #[inline]
    pub fn new(lines: &'a [Line], steps: Steps, depth: usize) -> LeftStrips<'a> {
        let last = steps.strip + 15 * steps.row + depth.saturating_sub(1) * steps.tile;
        assert!(last < lines.len(), "the strips end at line {last} of {}", lines.len());
        LeftStrips { lines, steps, depth }
    }
}

/// What a product does to the sums of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sums {
    /// Overwrites them.
    Set,
    /// Adds to them.
    Add,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "the strips end at line 31 of 31")]
    fn strips_that_end_beyond_their_lines_are_refused() {
        LeftStrips::new(&[Line::ZERO; 31], Steps { row: 1, tile: 16, strip: 16 }, 1);
    }
}
