//! Percolation: every passage is open or closed by the toss of a coin, whatever the others are.

use super::options::Probability;
use crate::maze::Lattice;
use crate::passages::PassageSet;
use crate::stream::Stream;

/// Opens each passage of the lattice with chance `p`, besides those that are open.
pub(super) fn carve(p: Probability, rng: &mut Stream, open: &mut PassageSet) {
    let lattice = open.lattice();
    let Lattice { cols, .. } = lattice;
    let n = lattice.n_cells();
    // In the order of `Lattice::adjacent_pairs`, by the bits of the set.
    let down = 0..n - cols;
    let right = (n..2 * n).filter(|bit| (bit - n + 1) % cols != 0);
    for bit in down.chain(right) {
        if p.toss(rng) {
            open.set_bit(bit);
        }
    }
}
