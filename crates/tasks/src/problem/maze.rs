//! Mazes: graphs whose nodes are the cells of a lattice and whose edges join adjacent cells.

use std::fmt;

use crate::problem::graph::Graph;

/// A rectangle of cells. A cell is a node: `node = row * cols + col`, row 0 at the top, column 0 at the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lattice {
    /// Number of rows, at least 1.
    pub rows: usize,
    /// Number of columns, at least 1.
    pub cols: usize,
    /// Whether the last row is adjacent to the first and the last column to the first: a torus.
    pub wraps: bool,
}

/// The minimum side of a torus. On a shorter one two cells would be adjacent twice, or a cell to itself.
pub const MIN_TORUS_SIDE: usize = 3;

impl Lattice {
    /// Makes a rectangle.
    pub const fn new(rows: usize, cols: usize) -> Lattice {
        Lattice { rows, cols, wraps: false }
    }

    /// Makes a torus: a rectangle with opposite sides glued together.
    ///
    /// # Panics
    /// If a side is shorter than [`MIN_TORUS_SIDE`].
    pub const fn torus(rows: usize, cols: usize) -> Lattice {
        assert!(rows >= MIN_TORUS_SIDE && cols >= MIN_TORUS_SIDE, "a torus has at least three rows and three columns");
        Lattice { rows, cols, wraps: true }
    }

    /// Returns the number of cells.
    pub fn n_cells(self) -> usize {
        self.rows * self.cols
    }

    /// Returns the number of pairs of adjacent cells.
    pub fn n_links(self) -> usize {
        let Lattice { rows, cols, wraps } = self;
        if wraps { 2 * rows * cols } else { rows * (cols - 1) + (rows - 1) * cols }
    }

    /// Returns the node of a cell.
    pub fn node(self, row: usize, col: usize) -> usize {
        debug_assert!(row < self.rows && col < self.cols);
        row * self.cols + col
    }

    /// Returns `(row, col)` of a node.
    pub fn coord(self, node: usize) -> (usize, usize) {
        (node / self.cols, node % self.cols)
    }

    /// Returns the Manhattan distance of two cells; on a torus, the shorter way round.
    pub fn manhattan(self, a: usize, b: usize) -> usize {
        let ((ar, ac), (br, bc)) = (self.coord(a), self.coord(b));
        let (down, right) = (ar.abs_diff(br), ac.abs_diff(bc));
        if self.wraps { down.min(self.rows - down) + right.min(self.cols - right) } else { down + right }
    }

    /// Returns the largest [`Lattice::manhattan`] distance of two cells.
    pub fn max_manhattan(self) -> usize {
        if self.wraps { self.rows / 2 + self.cols / 2 } else { self.rows + self.cols - 2 }
    }

    /// Returns the cell to the right, if there is one.
    pub fn east(self, node: usize) -> Option<usize> {
        if node % self.cols + 1 < self.cols { Some(node + 1) } else { self.wraps.then(|| node + 1 - self.cols) }
    }

    /// Returns the cell to the left, if there is one.
    pub fn west(self, node: usize) -> Option<usize> {
        if !node.is_multiple_of(self.cols) { Some(node - 1) } else { self.wraps.then(|| node + self.cols - 1) }
    }

    /// Returns the cell below, if there is one.
    pub fn south(self, node: usize) -> Option<usize> {
        let below = node + self.cols;
        if below < self.n_cells() { Some(below) } else { self.wraps.then(|| below - self.n_cells()) }
    }

    /// Returns the cell above, if there is one.
    pub fn north(self, node: usize) -> Option<usize> {
        node.checked_sub(self.cols).or_else(|| self.wraps.then(|| node + self.n_cells() - self.cols))
    }

    /// Iterates over the adjacent cells in maze-dataset's order: east, west, south, north.
    pub fn adjacent(self, node: usize) -> impl Iterator<Item = usize> + Clone {
        [self.east(node), self.west(node), self.south(node), self.north(node)].into_iter().flatten()
    }

    /// Returns the index of the link (passage or wall) between two adjacent cells: `v` for the link below cell `v`,
    /// `n_cells + v` for the link to its right. `None` if the cells are not adjacent.
    pub fn link(self, a: usize, b: usize) -> Option<usize> {
        let (first, last) = (a.min(b), a.max(b));
        let ((row, col), (last_row, last_col)) = (self.coord(first), self.coord(last));
        match (last_row - row, last_col.abs_diff(col)) {
            (1, 0) => Some(first),
            (0, 1) => Some(self.n_cells() + first),
            (rows, 0) if self.wraps && rows + 1 == self.rows => Some(last),
            (0, cols) if self.wraps && cols + 1 == self.cols => Some(self.n_cells() + last),
            _ => None,
        }
    }

    /// Returns the two cells of a [`Lattice::link`], the upper or left one first; `None` if it would leave the lattice.
    pub fn cells_at(self, link: usize) -> Option<(usize, usize)> {
        let n = self.n_cells();
        let (cell, to) = if link < n { (link, self.south(link)) } else { (link - n, self.east(link - n)) };
        to.map(|to| (cell, to))
    }

    /// Iterates over the [`Lattice::n_links`] pairs of adjacent cells, smaller cell first, in maze-dataset's order: all
    /// vertical pairs in raster order of the upper cell, then all horizontal pairs in raster order of the left cell.
    pub fn adjacent_pairs(self) -> impl Iterator<Item = (usize, usize)> {
        let cells = (0..2 * self.n_cells()).filter_map(move |link| self.cells_at(link));
        cells.map(|(a, b)| (a.min(b), a.max(b)))
    }
}

/// `5 x 7`, or `5 x 7 torus`.
impl fmt::Display for Lattice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} x {}{}", self.rows, self.cols, if self.wraps { " torus" } else { "" })
    }
}

/// A maze: a lattice and the graph of its open passages.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Maze {
    /// The lattice of cells.
    pub lattice: Lattice,
    /// Undirected; every edge joins adjacent cells.
    pub graph: Graph,
}

/// Open passages in maze-dataset's file form, `[2][rows][cols]`: `[0][r][c]` is the passage down from (r, c), `[1][r][c]` the
/// passage right. On a torus the last row of `[0]` leads to the first row, and the last column of `[1]` to the first
/// column; elsewhere both are closed.
pub type ConnectionList = [Vec<Vec<bool>>; 2];

impl Maze {
    /// Makes a maze from its open passages, in any order and orientation.
    ///
    /// # Panics
    /// If a passage joins cells that are not adjacent.
    pub fn new(lattice: Lattice, passages: &[(usize, usize)]) -> Maze {
        assert!(
            passages.iter().all(|&(a, b)| lattice.link(a, b).is_some()),
            "a passage joins cells that are not adjacent"
        );
        Maze { lattice, graph: Graph::undirected(lattice.n_cells(), passages) }
    }

    /// Iterates over the open passages in the order of [`Lattice::adjacent_pairs`], smaller cell first.
    pub fn passages(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.lattice.adjacent_pairs().filter(|&(a, b)| self.graph.has_edge(a, b))
    }

    /// Returns the weight of each open passage, in the form of [`ConnectionList`]; 0 for a wall.
    pub fn weights(&self) -> [Vec<Vec<u32>>; 2] {
        self.boards(|a, b| self.graph.weight(a, b).unwrap_or(1))
    }

    /// Returns the open passages in maze-dataset's file form.
    pub fn connection_list(&self) -> ConnectionList {
        self.boards(|_, _| true)
    }

    /// Returns `of` each open passage, in the form of [`ConnectionList`]; the default for a wall.
    fn boards<T: Clone + Default>(&self, of: impl Fn(usize, usize) -> T) -> [Vec<Vec<T>>; 2] {
        let Lattice { rows, cols, .. } = self.lattice;
        let mut list = [vec![vec![T::default(); cols]; rows], vec![vec![T::default(); cols]; rows]];
        for (a, b) in self.passages() {
            let link = self.lattice.link(a, b).expect("passages join adjacent cells");
            let (row, col) = self.lattice.coord(link % self.lattice.n_cells());
            list[link / self.lattice.n_cells()][row][col] = of(a, b);
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passages_come_in_maze_datasets_order() {
        let lattice = Lattice::new(2, 2);
        let maze = Maze::new(lattice, &[(3, 2), (0, 1), (3, 1)]);
        assert_eq!(maze.passages().collect::<Vec<_>>(), [(1, 3), (0, 1), (2, 3)]);
        assert_eq!(maze.connection_list(), [vec![vec![false, true], vec![false; 2]], vec![vec![true, false]; 2]]);
    }

    #[test]
    fn a_single_column_has_no_passage_right() {
        let lattice = Lattice::new(3, 1);
        let maze = Maze::new(lattice, &[(0, 1), (1, 2)]);
        assert_eq!(maze.connection_list(), [vec![vec![true], vec![true], vec![false]], vec![vec![false]; 3]]);
        assert_eq!(lattice.adjacent(1).collect::<Vec<_>>(), [2, 0]);
    }

    #[test]
    fn a_torus_has_neighbours_on_all_sides() {
        let lattice = Lattice::torus(3, 4);
        assert_eq!(lattice.adjacent(0).collect::<Vec<_>>(), [1, 3, 4, 8]);
        assert_eq!(lattice.adjacent(11).collect::<Vec<_>>(), [8, 10, 3, 7]);
        assert_eq!((lattice.manhattan(0, 11), lattice.max_manhattan(), lattice.n_links()), (2, 3, 24));
        assert_eq!((lattice.link(0, 8), lattice.link(3, 0), lattice.link(0, 5)), (Some(8), Some(15), None));
        let pairs: Vec<_> = lattice.adjacent_pairs().collect();
        assert!(pairs.iter().enumerate().all(|(i, &(a, b))| a < b && lattice.link(b, a) == Some(i)), "{pairs:?}");
        let maze = Maze::new(lattice, &[(0, 8), (4, 7)]);
        let [down, right] = maze.connection_list();
        assert!(down[2][0] && right[1][3] && down.iter().chain(&right).flatten().filter(|open| **open).count() == 2);
    }

    #[test]
    fn links_of_a_rectangle_are_where_two_cells_meet() {
        for lattice in [Lattice::new(1, 4), Lattice::new(4, 1), Lattice::new(2, 2), Lattice::new(3, 5)] {
            let found = (0..2 * lattice.n_cells()).filter_map(|link| Some((link, lattice.cells_at(link)?)));
            let found: Vec<_> = found.collect();
            assert!(found.iter().all(|&(link, (a, b))| lattice.link(a, b) == Some(link)), "{lattice}");
            assert_eq!((found.len(), lattice.adjacent_pairs().count()), (lattice.n_links(), lattice.n_links()));
        }
    }
}
