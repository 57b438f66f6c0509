//! Braiding: opens dead ends, which makes loops.

use super::options::Probability;
use crate::problem::passages::PassageSet;
use searchlens_base::stream::{Stream, below};

/// Opens one more passage of each dead end with probability `p`, row by row: through any of its walls, uniformly, to a cell of
/// the same component. Components stay apart, and no dead end is added.
///
/// With probability 1 no dead end is left, except where no wall leads to the same component, as in corridors.
pub fn braid(p: Probability, rng: &mut Stream, open: &mut PassageSet) {
    let lattice = open.lattice();
    let component = open.components();
    for cell in 0..lattice.n_cells() {
        let n_open = lattice.adjacent(cell).filter(|&v| open.is_open(cell, v)).count();
        if n_open != 1 || !p.toss(rng) {
            continue;
        }
        let walls: Vec<usize> =
            lattice.adjacent(cell).filter(|&v| !open.is_open(cell, v) && component[v] == component[cell]).collect();
        if !walls.is_empty() {
            open.open(cell, walls[below(rng, walls.len())]);
        }
    }
}
