//! The open passages of a maze as a bit set, which generators carve and symmetries permute.

use crate::problem::graph::Graph;
use crate::problem::maze::{Lattice, Maze};

/// A set of passages of a lattice.
///
/// Bits are numbered by [`Lattice::link`]: maze-dataset's `connection_list`, flattened. Bits of links that would leave the
/// lattice are never set.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PassageSet {
    lattice: Lattice,
    words: Vec<u64>,
}

impl PassageSet {
    /// Returns the empty set: every passage is closed.
    pub fn none(lattice: Lattice) -> PassageSet {
        PassageSet { lattice, words: vec![0; (2 * lattice.n_cells()).div_ceil(64)] }
    }

    /// Returns the set of one passage, between two adjacent cells.
    ///
    /// # Panics
    /// If the cells are not adjacent.
    pub fn with(lattice: Lattice, a: usize, b: usize) -> PassageSet {
        let mut set = PassageSet::none(lattice);
        set.open(a, b);
        set
    }

    /// Returns the set with the bits of a word, for lattices of at most 32 cells.
    pub(crate) fn from_word(lattice: Lattice, word: u64) -> PassageSet {
        debug_assert!(lattice.n_cells() <= 32);
        PassageSet { lattice, words: vec![word] }
    }

    /// Returns the open passages of a maze.
    pub fn of(maze: &Maze) -> PassageSet {
        let mut set = PassageSet::none(maze.lattice);
        maze.graph.edges().for_each(|(a, b)| set.open(a, b));
        set
    }

    /// Returns the lattice.
    pub fn lattice(&self) -> Lattice {
        self.lattice
    }

    /// Closes every passage.
    pub fn clear(&mut self) {
        self.words.fill(0);
    }

    /// Opens the passage between two adjacent cells.
    ///
    /// # Panics
    /// If the cells are not adjacent.
    pub fn open(&mut self, a: usize, b: usize) {
        self.set_bit(self.bit_between(a, b));
    }

    /// Returns whether the passage between two adjacent cells is open.
    ///
    /// # Panics
    /// If the cells are not adjacent.
    pub fn is_open(&self, a: usize, b: usize) -> bool {
        self.bit(self.bit_between(a, b))
    }

    /// Returns the number of open passages.
    pub fn len(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// Returns whether every passage is closed.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&w| w == 0)
    }

    /// Returns the maze with these passages.
    pub fn to_maze(&self) -> Maze {
        Maze { lattice: self.lattice, graph: self.to_graph() }
    }

    /// Returns the graph of these passages on the cells.
    pub fn to_graph(&self) -> Graph {
        let Lattice { rows, cols, wraps } = self.lattice;
        if wraps {
            let passages: Vec<_> = self.bits().filter_map(|bit| self.lattice.cells_at(bit)).collect();
            return Graph::undirected(self.lattice.n_cells(), &passages);
        }
        let n = self.lattice.n_cells();
        let mut offsets = Vec::with_capacity(n + 1);
        let mut neighbours = Vec::with_capacity(2 * self.len() + 4);
        offsets.push(0);
        let mut v = 0usize;
        for r in 0..rows {
            for _ in 0..cols {
                // Ascending order. A passage that would wrap around a side is never open, so only the ends of the array
                // need care.
                let mut end = neighbours.len();
                neighbours.resize(end + 4, 0);
                let mut push = |open: bool, to: usize| {
                    neighbours[end] = to as u32;
                    end += usize::from(open);
                };
                push(r > 0 && self.bit(v.wrapping_sub(cols)), v.wrapping_sub(cols));
                push(v > 0 && self.bit((n + v).wrapping_sub(1)), v.wrapping_sub(1));
                push(self.bit(n + v), v + 1);
                push(self.bit(v), v + cols);
                neighbours.truncate(end);
                offsets.push(end as u32);
                v += 1;
            }
        }
        Graph::from_sorted_neighbours(offsets, neighbours)
    }

    /// Returns the connected component of each cell, numbered from 0 in the order of first cells.
    pub fn components(&self) -> Vec<u32> {
        const NONE: u32 = u32::MAX;
        let lattice = self.lattice;
        let mut component = vec![NONE; lattice.n_cells()];
        let mut found = Vec::new();
        let mut n_components = 0;
        for first in 0..lattice.n_cells() {
            if component[first] != NONE {
                continue;
            }
            component[first] = n_components;
            found.push(first);
            while let Some(cell) = found.pop() {
                for to in lattice.adjacent(cell).filter(|&to| self.is_open(cell, to)) {
                    if component[to] == NONE {
                        component[to] = n_components;
                        found.push(to);
                    }
                }
            }
            n_components += 1;
        }
        component
    }

    /// Returns the set as words of 64 bits, least significant first.
    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    /// Returns whether the passage of a [link](Lattice::link) is open.
    ///
    /// # Panics
    /// If there is no such link.
    pub fn bit(&self, bit: usize) -> bool {
        self.words[bit / 64] >> (bit % 64) & 1 == 1
    }

    /// Opens the passage of a [link](Lattice::link), which must join two cells ([`Lattice::cells_at`]).
    ///
    /// # Panics
    /// If there is no such link.
    pub fn set_bit(&mut self, bit: usize) {
        self.words[bit / 64] |= 1 << (bit % 64);
    }

    /// Iterates over the set bits, ascending.
    pub(crate) fn bits(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(i, &word)| {
            std::iter::successors(Some(word), |w| Some(w & w.wrapping_sub(1)))
                .take_while(|&w| w != 0)
                .map(move |w| 64 * i + w.trailing_zeros() as usize)
        })
    }

    fn bit_between(&self, a: usize, b: usize) -> usize {
        self.lattice.link(a, b).unwrap_or_else(|| panic!("cells {a} and {b} are not adjacent"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::maze::MIN_TORUS_SIDE;

    #[track_caller]
    fn check_round_trip(lattice: Lattice) {
        let passages: Vec<_> =
            lattice.adjacent_pairs().enumerate().filter(|(i, _)| i % 3 != 1).map(|(_, p)| p).collect();
        let maze = Maze::new(lattice, &passages);
        let set = PassageSet::of(&maze);
        assert_eq!((set.len(), set.bits().count()), (passages.len(), passages.len()));
        assert_eq!(set.to_maze(), maze);
        assert!(passages.iter().all(|&(a, b)| set.is_open(b, a)));
    }

    #[test]
    fn a_maze_comes_back_from_its_bits() {
        for (rows, cols) in [(1, 1), (1, 2), (1, 9), (9, 1), (2, 2), (3, 5), (5, 3), (7, 7), (8, 8), (9, 13)] {
            check_round_trip(Lattice::new(rows, cols));
            if rows.min(cols) >= MIN_TORUS_SIDE {
                check_round_trip(Lattice::torus(rows, cols));
            }
        }
    }
}
