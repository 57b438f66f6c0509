//! Randomised depth-first search.

use crate::maze::Lattice;
use crate::passages::PassageSet;
use crate::stream::{Stream, below};

/// Carves a spanning tree into a lattice whose passages are all closed: from the last cell reached that has an
/// unvisited neighbour, go to one of them, each as likely, until every cell is visited.
pub fn carve(start: usize, rng: &mut Stream, open: &mut PassageSet) {
    let lattice = open.lattice();
    let (n, cols) = (lattice.n_cells(), lattice.cols);
    let mut unvisited = UnvisitedSides::new(lattice);
    // By side: what to add to a cell for its neighbour there, and for the passage between them.
    let to_neighbour = [1, 1usize.wrapping_neg(), cols, cols.wrapping_neg()];
    let to_passage = [n, n - 1, 0, cols.wrapping_neg()];
    let mut trail: Vec<u32> = Vec::with_capacity(n);
    let mut at = start;
    unvisited.visit(at);
    for _ in 1..n {
        let mut sides = unvisited.of(at);
        while sides == 0 {
            at = trail.pop().expect("until all cells are visited, some cell of the trail has an unvisited neighbour")
                as usize;
            sides = unvisited.of(at);
        }
        let (n_choices, choices) = CHOICES[sides as usize];
        let side = choices[below(rng, n_choices)] as usize;
        open.set_bit(at.wrapping_add(to_passage[side]));
        trail.push(at as u32);
        at = at.wrapping_add(to_neighbour[side]);
        unvisited.visit(at);
    }
}

/// Sides of a cell, in maze-dataset's order of neighbours.
const EAST: u8 = 0;
const WEST: u8 = 1;
const SOUTH: u8 = 2;
const NORTH: u8 = 3;

/// `CHOICES[set]`: how many sides a set has, and which. A set is a number whose binary digit `s` stands for side `s`.
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

/// For each cell, on which sides an unvisited cell lies. Kept up to date at each visit, so that a choice costs one
/// look.
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
