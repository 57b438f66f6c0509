//! The Aldous-Broder walk: a uniform spanning tree from one random walk.

use super::carve_corridor;
use super::sides::UnvisitedSides;
use crate::problem::passages::PassageSet;
use searchlens_base::stream::{Stream, below};

/// Carves a uniform spanning tree into a lattice whose passages are all closed.
///
/// Walks at random until every cell is visited; each cell but the first is joined to the one it was first entered from.
/// Sources: Aldous 1990, "The random walk construction of uniform spanning trees"; Broder 1989, "Generating random
/// spanning trees". Slower than Wilson's algorithm, with the same distribution: each checks the other.
pub(super) fn carve(rng: &mut Stream, open: &mut PassageSet) {
    let lattice = open.lattice();
    if carve_corridor(open) {
        return;
    }
    // Nothing is ever marked as visited here, so these are all neighbours.
    let neighbours = UnvisitedSides::new(lattice);
    let mut met = vec![false; lattice.n_cells()];
    let mut at = below(rng, lattice.n_cells());
    met[at] = true;
    let mut n_met = 1;
    while n_met < lattice.n_cells() {
        let (to, passage) = neighbours.choose(at, neighbours.of(at), rng);
        if !met[to] {
            met[to] = true;
            n_met += 1;
            open.set_bit(passage);
        }
        at = to;
    }
}
