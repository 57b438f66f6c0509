//! maze-dataset's legacy tokenizers (its `MazeTokenizer(tokenization_mode, max_grid_size)`): the default modular
//! tokenizer and the one with coordinates in parts, with small vocabularies of their own.
//!
//! A sequence with E passages and a path of L cells takes 4E + L + 10 tokens (UT) or 12E + 5L + 18 (CTT). In the fixed
//! order passages come as in `Lattice::adjacent_pairs`, smaller cell first.

use crate::name::modular::{Coords, Elements};

/// How a legacy tokenizer names cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LegacyMode {
    /// `AOTP_UT_rasterized`: one token a cell, ids row by row.
    UtRasterized,
    /// `AOTP_UT_uniform`: one token a cell, ids from the corner outwards, so that the ids of a small grid are a prefix of
    /// those of a larger one.
    UtUniform,
    /// `AOTP_CTT_indexed`: five tokens a cell.
    CttIndexed,
}

impl LegacyMode {
    /// Every mode and its name.
    pub const ALL: [(LegacyMode, &'static str); 3] = [
        (LegacyMode::UtRasterized, "AOTP_UT_rasterized"),
        (LegacyMode::UtUniform, "AOTP_UT_uniform"),
        (LegacyMode::CttIndexed, "AOTP_CTT_indexed"),
    ];

    /// Returns the modular tokenizer that writes the same words.
    pub fn elements(self) -> Elements {
        let coords = match self {
            LegacyMode::UtRasterized | LegacyMode::UtUniform => Coords::Ut,
            LegacyMode::CttIndexed => Coords::Ctt { pre: true, intra: true, post: true },
        };
        Elements { coords, ..Elements::default() }
    }
}
