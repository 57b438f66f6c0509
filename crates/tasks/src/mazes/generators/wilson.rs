//! Wilson's algorithm: a uniform spanning tree from loop-erased random walks.

use super::carve_corridor;
use super::sides::UnvisitedSides;
use crate::problem::maze::Lattice;
use crate::problem::passages::PassageSet;
use searchlens_base::stream::Stream;

/// Carves a uniform spanning tree into a lattice whose passages are all closed.
///
/// From each cell in turn that is not yet in the tree, walks at random until it hits the tree; the loop-erased walk joins
/// the tree. Source: Wilson 1996, "Generating random spanning trees more quickly than the cover time", STOC. The
/// distribution depends neither on the root nor on the order of cells: the root is in the middle, where walks hit it soonest.
pub(super) fn carve(rng: &mut Stream, open: &mut PassageSet) {
    let lattice = open.lattice();
    if carve_corridor(open) {
        return;
    }
    let Lattice { rows, cols, .. } = lattice;
    // Nothing is ever marked as visited here, so these are all neighbours.
    let neighbours = UnvisitedSides::new(lattice);
    let mut in_tree = vec![false; lattice.n_cells()];
    in_tree[lattice.node(rows / 2, cols / 2)] = true;
    // The last exit from each cell: following exits from the start gives the loop-erased walk.
    let mut left_for = vec![0u32; lattice.n_cells()];
    for start in 0..lattice.n_cells() {
        let mut at = start;
        while !in_tree[at] {
            let (to, _) = neighbours.choose(at, neighbours.of(at), rng);
            left_for[at] = to as u32;
            at = to;
        }
        let mut at = start;
        while !in_tree[at] {
            in_tree[at] = true;
            let to = left_for[at] as usize;
            open.open(at, to);
            at = to;
        }
    }
}
