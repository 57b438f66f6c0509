//! The walk of Aldous and Broder: a spanning tree, each as likely, by one random walk.

use super::carve_corridor;
use super::sides::UnvisitedSides;
use crate::problem::passages::PassageSet;
use searchlens_base::stream::{Stream, below};

/// Carves a uniform spanning tree into a lattice whose passages are all closed.
///
/// Walk at random until every cell was met; each cell but the first is joined to the one from which it was met first.
/// Sources: Aldous 1990, "The random walk construction of uniform spanning trees"; Broder 1989, "Generating random
/// spanning trees". Slower than Wilson's algorithm, of the same law: each is the other's check.
pub(super) fn carve(rng: &mut Stream, open: &mut PassageSet) {
    let lattice = open.lattice();
    if carve_corridor(open) {
        return;
    }
    // Nothing is ever marked as visited here: these are all neighbours.
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
