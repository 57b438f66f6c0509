//! The sides of a cell with unvisited neighbours, from which walking generators choose.

use crate::problem::maze::Lattice;
use searchlens_base::stream::{Stream, below};

/// Sides of a cell, in maze-dataset's order of neighbours.
const EAST: u8 = 0;
const WEST: u8 = 1;
const SOUTH: u8 = 2;
const NORTH: u8 = 3;

/// A set of sides: binary digit `s` stands for side `s`.
pub(super) type Sides = u8;

/// `CHOICES[set]`: the number of sides in a set, and the sides.
const CHOICES: [(usize, [u8; 4]); 16] = {
    let mut table = [(0, [0; 4]); 16];
    let mut set = 0;
    while set < 16 {
        let mut side = 0;
        while side < 4 {
            if set >> side & 1 == 1 {
                table[set].1[table[set].0] = side;
                table[set].0 += 1;
            }
            side += 1;
        }
        set += 1;
    }
    table
};

/// Returns the number of sides in a set.
pub(super) fn n_sides(sides: Sides) -> usize {
    CHOICES[sides as usize].0
}

/// For each cell, the sides with unvisited neighbours. Updated at each visit, so that a choice costs one lookup.
pub(super) struct UnvisitedSides {
    lattice: Lattice,
    /// With a row of padding on either end, so that a visit updates four neighbours without bounds checks. (Across the left
    /// or right side it clears a bit that is not set.) Tori use a lookup instead.
    sides: Vec<Sides>,
    /// By side: the offset from a cell to its neighbour, and to the bit of the passage between them.
    to_neighbour: [usize; 4],
    to_passage: [usize; 4],
}

impl UnvisitedSides {
    /// Makes the state in which no cell is visited.
    pub(super) fn new(lattice: Lattice) -> UnvisitedSides {
        let Lattice { rows, cols, wraps } = lattice;
        let n = lattice.n_cells();
        let mut sides = vec![0b1111; (rows + 2) * cols];
        if !wraps {
            for r in 0..rows {
                sides[(r + 1) * cols] &= !(1 << WEST);
                sides[(r + 2) * cols - 1] &= !(1 << EAST);
            }
            sides[cols..2 * cols].iter_mut().for_each(|s| *s &= !(1 << NORTH));
            sides[rows * cols..(rows + 1) * cols].iter_mut().for_each(|s| *s &= !(1 << SOUTH));
        }
        UnvisitedSides {
            lattice,
            sides,
            to_neighbour: [1, 1usize.wrapping_neg(), cols, cols.wrapping_neg()],
            to_passage: [n, n - 1, 0, cols.wrapping_neg()],
        }
    }

    /// Returns the sides of a cell with unvisited neighbours.
    pub(super) fn of(&self, cell: usize) -> Sides {
        self.sides[cell + self.lattice.cols]
    }

    /// Marks a cell as visited.
    pub(super) fn visit(&mut self, cell: usize) {
        let Lattice { cols, wraps, .. } = self.lattice;
        if wraps {
            return self.visit_on_torus(cell);
        }
        let at = cell + cols;
        self.sides[at - 1] &= !(1 << EAST);
        self.sides[at + 1] &= !(1 << WEST);
        self.sides[at - cols] &= !(1 << SOUTH);
        self.sides[at + cols] &= !(1 << NORTH);
    }

    fn visit_on_torus(&mut self, cell: usize) {
        // On a torus every cell has neighbours on all sides, in this order; each sees it on the opposite side.
        for (neighbour, back) in self.lattice.adjacent(cell).zip([WEST, EAST, NORTH, SOUTH]) {
            self.sides[neighbour + self.lattice.cols] &= !(1 << back);
        }
    }

    /// Draws one of the given sides uniformly, and returns the neighbour there and the bit of the passage to it.
    pub(super) fn choose(&self, cell: usize, sides: Sides, rng: &mut Stream) -> (usize, usize) {
        let (n_choices, choices) = CHOICES[sides as usize];
        let side = choices[below(rng, n_choices)] as usize;
        if self.lattice.wraps {
            return self.choose_on_torus(cell, side);
        }
        (cell.wrapping_add(self.to_neighbour[side]), cell.wrapping_add(self.to_passage[side]))
    }

    fn choose_on_torus(&self, cell: usize, side: usize) -> (usize, usize) {
        let to = self.lattice.adjacent(cell).nth(side).expect("every cell of a torus has four neighbours");
        (to, self.lattice.link(cell, to).expect("neighbours are adjacent"))
    }
}
