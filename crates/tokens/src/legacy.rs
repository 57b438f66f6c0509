//! maze-dataset's legacy tokenizers (its `MazeTokenizer(tokenization_mode, max_grid_size)`): the default modular
//! tokenizer and the one with coordinates in parts, with small vocabularies of their own.
//!
//! A sequence with E passages and a path of L cells takes 4E + L + 10 tokens (UT) or 12E + 5L + 18 (CTT). In the fixed
//! order passages come as in `Lattice::adjacent_pairs`, smaller cell first.

use crate::modular::elements::{
    Coords, EdgeList, Elements, Grouping, Part, Parts, Permuter, Prompt, StepSequence, StepSize, Subset, Trailing,
};

/// How a legacy tokenizer names cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LegacyMode {
    /// `AOTP_UT_rasterized`: one token a cell, ids row by row.
    UtRasterized,
    /// `AOTP_UT_uniform`: one token a cell, ids from the corner outwards, so that those of a small grid are those of a
    /// larger one's beginning.
    UtUniform,
    /// `AOTP_CTT_indexed`: five tokens a cell.
    CttIndexed,
}

impl LegacyMode {
    /// Every mode with its name.
    pub const ALL: [(LegacyMode, &'static str); 3] = [
        (LegacyMode::UtRasterized, "AOTP_UT_rasterized"),
        (LegacyMode::UtUniform, "AOTP_UT_uniform"),
        (LegacyMode::CttIndexed, "AOTP_CTT_indexed"),
    ];

    /// The modular tokenizer that writes the same words.
    pub fn elements(self) -> Elements {
        let coords = match self {
            LegacyMode::UtRasterized | LegacyMode::UtUniform => Coords::Ut,
            LegacyMode::CttIndexed => Coords::Ctt { pre: true, intra: true, post: true },
        };
        Elements { coords, ..Elements::default() }
    }
}

/// maze-dataset's default: one token a cell, passages in drawn order and orientation, the path cell by cell.
impl Default for Elements {
    fn default() -> Elements {
        Elements {
            prompt: Prompt::Aotp { target_post: false },
            coords: Coords::Ut,
            edges: EdgeList {
                trailing: Trailing::Coord,
                pre: false,
                post: true,
                shuffle_d0: true,
                grouping: Grouping::Ungrouped { connector: 1 },
                subset: Subset::Passages,
                permuter: Permuter::Random,
            },
            path: StepSequence {
                size: StepSize::Singles,
                parts: Parts::one(Part::Coord),
                pre: false,
                intra: false,
                post: false,
            },
        }
    }
}
