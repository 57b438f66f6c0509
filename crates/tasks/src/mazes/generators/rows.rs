//! Two generators that work row by row: sidewinder and binary tree. Their mazes have a corridor along the top, and going up
//! is never wrong.

use super::options::Probability;
use crate::problem::maze::Lattice;
use crate::problem::passages::PassageSet;
use searchlens_base::stream::{Stream, below};

/// Carves a sidewinder maze: each row but the first is divided into runs of cells, and one cell of each run, drawn uniformly,
/// opens a passage up. A run continues eastwards with probability `p`. The first row is one corridor.
pub(super) fn sidewinder(p: Probability, rng: &mut Stream, open: &mut PassageSet) {
    let lattice = open.lattice();
    let Lattice { rows, cols, .. } = lattice;
    (1..cols).for_each(|col| open.open(col - 1, col));
    for row in 1..rows {
        let mut run_begin = 0;
        for col in 0..cols {
            let cell = lattice.node(row, col);
            if col + 1 < cols && p.toss(rng) {
                open.open(cell, cell + 1);
            } else {
                let up = lattice.node(row, run_begin + below(rng, col - run_begin + 1));
                open.open(up - cols, up);
                run_begin = col + 1;
            }
        }
    }
}

/// Carves a binary-tree maze: each cell opens the passage up with probability `p`, otherwise the passage to the left; along
/// the top and the left side, the only one there is.
pub(super) fn binary_tree(p: Probability, rng: &mut Stream, open: &mut PassageSet) {
    let lattice = open.lattice();
    let Lattice { cols, .. } = lattice;
    for cell in 1..lattice.n_cells() {
        let (row, col) = lattice.coord(cell);
        let up = row > 0 && (col == 0 || p.toss(rng));
        open.open(if up { cell - cols } else { cell - 1 }, cell);
    }
}
