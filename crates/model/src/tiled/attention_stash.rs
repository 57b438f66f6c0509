//! What attention's forward pass stores for its backward pass.
//!
//! The pattern is `2^(s − top) / Σ 2^(s − top)`. A query's `top` and the inverse of its sum are always stored, the exponentials
//! only if sequences are short: recomputed they cost a product and an exponential for each pair of positions, stored they cost
//! traffic with memory that grows with the square of the sequence.

use super::factor::grow;
use super::heads::Heads;
use crate::kernels::tile::{Line, Tile, Wide, ZERO_WIDE};

/// Maximum length of sequences whose exponentials are stored.
const MAX_STORED_SEQ: usize = 256;

/// The stash of all heads of a micro-batch.
#[derive(Clone, Debug, Default)]
pub(crate) struct AttentionStash {
    tops: Vec<Wide>,
    inverses: Vec<Wide>,
    exps: Vec<Tile>,
    stores_exps: bool,
}

/// One head's part, by blocks of queries.
pub(crate) struct HeadStash<'a> {
    /// Of each query, the exponent of its largest score.
    pub(crate) tops: &'a mut [Wide],
    /// Of each query, the inverse of the sum of its exponentials.
    pub(crate) inverses: &'a mut [Wide],
    /// Exponentials of all blocks of queries, see [`Heads::tiles_before`]; `None` if they are not stored.
    pub(crate) exps: Option<&'a mut [Tile]>,
}

impl AttentionStash {
    /// Resizes for a micro-batch; `backward`: whether a backward pass follows.
    pub(crate) fn resize(&mut self, heads: Heads, backward: bool) {
        let n_heads = heads.dims.n_seq * heads.dims.n_heads;
        for queries in [&mut self.tops, &mut self.inverses] {
            grow(queries, n_heads * heads.blocks(), ZERO_WIDE);
        }
        self.stores_exps = backward && heads.dims.seq <= MAX_STORED_SEQ;
        if self.stores_exps {
            grow(&mut self.exps, n_heads * heads.tiles_before(heads.blocks()), [Line::ZERO; 16]);
        }
    }

    /// Returns the stash of a head.
    pub(crate) fn head(&mut self, heads: Heads, number: usize) -> HeadStash<'_> {
        let (blocks, tiles) = (heads.blocks(), heads.tiles_before(heads.blocks()));
        HeadStash {
            tops: &mut self.tops[number * blocks..][..blocks],
            inverses: &mut self.inverses[number * blocks..][..blocks],
            exps: self.stores_exps.then_some(&mut self.exps).map(|exps| &mut exps[number * tiles..][..tiles]),
        }
    }
}
