//! Percolation: every passage is open or closed independently.

use super::options::Probability;
use crate::problem::maze::Lattice;
use crate::problem::passages::PassageSet;
use searchlens_base::stream::Stream;

/// Opens each passage of the lattice with probability `p`; open passages stay open.
pub(super) fn carve(p: Probability, rng: &mut Stream, open: &mut PassageSet) {
    let lattice = open.lattice();
    let Lattice { cols, wraps, .. } = lattice;
    let n = lattice.n_cells();
    // In the order of `Lattice::adjacent_pairs`, by the bits of the set.
    let down = 0..if wraps { n } else { n - cols };
    let right = (n..2 * n).filter(|bit| wraps || !(bit - n + 1).is_multiple_of(cols));
    for bit in down.chain(right) {
        if p.toss(rng) {
            open.set_bit(bit);
        }
    }
}
