//! Braiding: some dead ends are opened, which makes loops.

use super::options::Probability;
use crate::problem::passages::PassageSet;
use searchlens_base::stream::{Stream, below};

/// Opens one more passage of each dead end with chance `p`, row by row: any of its walls, each as likely, behind which
/// lies a cell that one could walk to anyway. Cells that were apart stay apart, and no dead end is made.
///
/// With chance 1 no dead end is left, but where every wall of one has cells that are apart behind it, as in corridors.
pub fn braid(p: Probability, rng: &mut Stream, open: &mut PassageSet) {
    let lattice = open.lattice();
    let part = open.parts();
    for cell in 0..lattice.n_cells() {
        let n_ways = lattice.adjacent(cell).filter(|&v| open.is_open(cell, v)).count();
        if n_ways != 1 || !p.toss(rng) {
            continue;
        }
        let walls: Vec<usize> =
            lattice.adjacent(cell).filter(|&v| !open.is_open(cell, v) && part[v] == part[cell]).collect();
        if !walls.is_empty() {
            open.open(cell, walls[below(rng, walls.len())]);
        }
    }
}
