//! Recursive division: walls with one gap each divide an open field, until nothing is left to divide.

use crate::problem::maze::Lattice;
use crate::problem::passages::PassageSet;
use searchlens_base::stream::{Stream, below};

/// A rectangle of cells.
#[derive(Clone, Copy)]
struct Chamber {
    top: usize,
    left: usize,
    rows: usize,
    cols: usize,
}

/// Makes a spanning tree of a lattice whose passages are all closed: maze-dataset's `gen_recursive_division`.
///
/// A chamber with a single row or column is left open. Any other is cut in two across its longer side, squares into
/// upper and lower; the positions of the wall and its gap are uniform. Far fewer trees are possible than exist: 48 of
/// 192 on 3×3.
pub(super) fn carve(rng: &mut Stream, open: &mut PassageSet) {
    let lattice = open.lattice();
    let Lattice { rows, cols, .. } = lattice;
    let mut chambers = vec![Chamber { top: 0, left: 0, rows, cols }];
    while let Some(chamber) = chambers.pop() {
        let Chamber { top, left, rows, cols } = chamber;
        if rows < 2 || cols < 2 {
            let cells = (0..rows * cols).map(|i| lattice.node(top + i / cols, left + i % cols));
            cells.clone().zip(cells.skip(1)).for_each(|(a, b)| open.open(a, b));
        } else if cols > rows {
            let west = 1 + below(rng, cols - 1);
            let gap = lattice.node(top + below(rng, rows), left + west);
            open.open(gap - 1, gap);
            chambers.push(Chamber { cols: west, ..chamber });
            chambers.push(Chamber { left: left + west, cols: cols - west, ..chamber });
        } else {
            let upper = 1 + below(rng, rows - 1);
            let gap = lattice.node(top + upper, left + below(rng, cols));
            open.open(gap - lattice.cols, gap);
            chambers.push(Chamber { rows: upper, ..chamber });
            chambers.push(Chamber { top: top + upper, rows: rows - upper, ..chamber });
        }
    }
}
