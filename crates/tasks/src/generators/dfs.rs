//! Randomised depth-first search.

use crate::maze::Lattice;
use crate::passages::PassageSet;
use crate::stream::{Stream, below};

/// Carves a spanning tree into a lattice whose passages are all closed: from the last cell reached that has an unvisited
/// neighbour, go to one of them, each as likely, until every cell is visited.
pub fn carve(start: usize, rng: &mut Stream, open: &mut PassageSet) {
    let lattice = open.lattice();
    let (n, cols) = (lattice.n_cells(), lattice.cols);
    let mut unvisited = UnvisitedSides::new(lattice);
    let mut stack: Vec<u32> = Vec::with_capacity(n);
    stack.push(start as u32);
    unvisited.visit(start);
    while let Some(&top) = stack.last() {
        let (from, sides) = (top as usize, unvisited.of(top as usize));
        if sides == 0 {
            stack.pop();
            continue;
        }
        let choice = below(rng, sides.count_ones() as usize);
        let (to, bit) = match NTH_SIDE[sides as usize][choice] {
            EAST => (from + 1, n + from),
            WEST => (from - 1, n + from - 1),
            SOUTH => (from + cols, from),
            _ => (from - cols, from - cols),
        };
        open.set_bit(bit);
        unvisited.visit(to);
        stack.push(to as u32);
    }
}

/// Sides of a cell, in maze-dataset's order of neighbours.
const EAST: u8 = 0;
const WEST: u8 = 1;
const SOUTH: u8 = 2;
const NORTH: u8 = 3;

/// `NTH_SIDE[set][i]`: the i-th side in a set of sides, a set being a number whose binary digit `s` stands for side `s`.
const NTH_SIDE: [[u8; 4]; 16] = {
    let mut table = [[0; 4]; 16];
    let mut set = 0;
    while set < 16 {
        let (mut side, mut n) = (0, 0);
        while side < 4 {
            if set >> side & 1 == 1 {
                table[set][n] = side;
                n += 1;
            }
            side += 1;
        }
        set += 1;
    }
    table
};

/// For each cell, on which sides an unvisited cell lies. Kept up to date at each visit, so that a choice costs one look.
struct UnvisitedSides {
    /// A row of padding on either end, so that a visit writes to four neighbours without asking where the lattice ends.
    /// (What it writes across the left or right side is a bit that is not set there anyway.)
    sides: Vec<u8>,
    cols: usize,
}

impl UnvisitedSides {
    fn new(lattice: Lattice) -> UnvisitedSides {
        let Lattice { rows, cols } = lattice;
        let mut sides = vec![0b1111; (rows + 2) * cols];
        for r in 0..rows {
            sides[(r + 1) * cols] &= !(1 << WEST);
            sides[(r + 2) * cols - 1] &= !(1 << EAST);
        }
        sides[cols..2 * cols].iter_mut().for_each(|s| *s &= !(1 << NORTH));
        sides[rows * cols..(rows + 1) * cols].iter_mut().for_each(|s| *s &= !(1 << SOUTH));
        UnvisitedSides { sides, cols }
    }

    fn of(&self, node: usize) -> u8 {
        self.sides[node + self.cols]
    }

    fn visit(&mut self, node: usize) {
        let at = node + self.cols;
        self.sides[at - 1] &= !(1 << EAST);
        self.sides[at + 1] &= !(1 << WEST);
        self.sides[at - self.cols] &= !(1 << SOUTH);
        self.sides[at + self.cols] &= !(1 << NORTH);
    }
}
