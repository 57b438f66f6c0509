//! Two generators that work row by row and see no further: sidewinder and binary tree. Their mazes have a corridor along
//! the top, and ways up that are never wrong.

use super::options::Probability;
use crate::problem::maze::Lattice;
use crate::problem::passages::PassageSet;
use searchlens_base::stream::{Stream, below};

/// Sidewinder: each row but the first is cut into runs of cells, and from one cell of each run, each as likely, a
/// passage leads up. A run goes on eastwards with chance `p`. The first row is one corridor.
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

/// Binary tree: each cell opens the passage up, with chance `p`, or else the passage to the left; along the top and the
/// left side, the one there is.
pub(super) fn binary_tree(p: Probability, rng: &mut Stream, open: &mut PassageSet) {
    let lattice = open.lattice();
    let Lattice { cols, .. } = lattice;
    for cell in 1..lattice.n_cells() {
        let (row, col) = lattice.coord(cell);
        let up = row > 0 && (col == 0 || p.toss(rng));
        open.open(if up { cell - cols } else { cell - 1 }, cell);
    }
}
