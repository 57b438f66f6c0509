//! Mazes: graphs whose nodes are the cells of a lattice and whose edges join adjacent cells.

use crate::graph::Graph;

/// A rectangle of cells. A cell is a node: `node = row * cols + col`, row 0 at the top, column 0 at the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lattice {
    /// Number of rows, at least 1.
    pub rows: usize,
    /// Number of columns, at least 1.
    pub cols: usize,
}

impl Lattice {
    /// Number of cells.
    pub fn n_cells(self) -> usize {
        self.rows * self.cols
    }

    /// Node of a cell.
    pub fn node(self, row: usize, col: usize) -> usize {
        debug_assert!(row < self.rows && col < self.cols);
        row * self.cols + col
    }

    /// `(row, col)` of a node.
    pub fn coord(self, node: usize) -> (usize, usize) {
        (node / self.cols, node % self.cols)
    }

    /// Steps between two cells if there were no walls.
    pub fn manhattan(self, a: usize, b: usize) -> usize {
        let ((ar, ac), (br, bc)) = (self.coord(a), self.coord(b));
        ar.abs_diff(br) + ac.abs_diff(bc)
    }

    /// Adjacent cells in maze-dataset's order: east, west, south, north.
    pub fn adjacent(self, node: usize) -> impl Iterator<Item = usize> + Clone {
        let (r, c) = self.coord(node);
        [
            (c + 1 < self.cols).then(|| node + 1),
            (c > 0).then(|| node - 1),
            (r + 1 < self.rows).then(|| node + self.cols),
            (r > 0).then(|| node - self.cols),
        ]
        .into_iter()
        .flatten()
    }

    /// Every pair of adjacent cells, smaller first, in maze-dataset's order: all pairs one above the other in raster
    /// order, then all pairs side by side in raster order. `rows·(cols−1) + (rows−1)·cols` pairs.
    pub fn adjacent_pairs(self) -> impl Iterator<Item = (usize, usize)> {
        let down = (0..self.n_cells()).filter(move |v| v / self.cols + 1 < self.rows).map(move |v| (v, v + self.cols));
        let right = (0..self.n_cells()).filter(move |v| v % self.cols + 1 < self.cols).map(|v| (v, v + 1));
        down.chain(right)
    }
}

/// A maze: a lattice and the graph of its open passages.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Maze {
    /// The rectangle of cells.
    pub lattice: Lattice,
    /// Undirected; every edge joins adjacent cells.
    pub graph: Graph,
}

/// maze-dataset's file form, `[2][rows][cols]`: `[0][r][c]` opens the passage down from (r, c), `[1][r][c]` the passage
/// right.
pub type ConnectionList = [Vec<Vec<bool>>; 2];

impl Maze {
    /// The maze with the given open passages, in any order and orientation.
    ///
    /// # Panics
    /// If a passage joins cells that are not adjacent.
    pub fn new(lattice: Lattice, passages: &[(usize, usize)]) -> Maze {
        assert!(
            passages.iter().all(|&(a, b)| lattice.manhattan(a, b) == 1),
            "a passage joins cells that are not adjacent"
        );
        Maze { lattice, graph: Graph::undirected(lattice.n_cells(), passages) }
    }

    /// Open passages in the order of [`Lattice::adjacent_pairs`], smaller cell first.
    pub fn passages(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.lattice.adjacent_pairs().filter(|&(a, b)| self.graph.has_edge(a, b))
    }

    /// What each open passage costs, in the form of [`ConnectionList`]; 0 where there is a wall.
    pub fn weights(&self) -> [Vec<Vec<u32>>; 2] {
        let Lattice { rows, cols } = self.lattice;
        let mut list = [vec![vec![0; cols]; rows], vec![vec![0; cols]; rows]];
        for (a, b) in self.passages() {
            let ((r, c), (below, _)) = (self.lattice.coord(a), self.lattice.coord(b));
            list[usize::from(below == r)][r][c] = self.graph.weight(a, b).unwrap_or(1);
        }
        list
    }

    /// maze-dataset's file form of the passages.
    pub fn connection_list(&self) -> ConnectionList {
        let Lattice { rows, cols } = self.lattice;
        let mut list = [vec![vec![false; cols]; rows], vec![vec![false; cols]; rows]];
        for (a, b) in self.passages() {
            let ((r, c), (below, _)) = (self.lattice.coord(a), self.lattice.coord(b));
            list[usize::from(below == r)][r][c] = true;
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passages_come_in_maze_datasets_order() {
        let lattice = Lattice { rows: 2, cols: 2 };
        let maze = Maze::new(lattice, &[(3, 2), (0, 1), (3, 1)]);
        assert_eq!(maze.passages().collect::<Vec<_>>(), [(1, 3), (0, 1), (2, 3)]);
        assert_eq!(maze.connection_list(), [vec![vec![false, true], vec![false; 2]], vec![vec![true, false]; 2]]);
    }

    #[test]
    fn a_single_column_has_no_passage_right() {
        let lattice = Lattice { rows: 3, cols: 1 };
        let maze = Maze::new(lattice, &[(0, 1), (1, 2)]);
        assert_eq!(maze.connection_list(), [vec![vec![true], vec![true], vec![false]], vec![vec![false]; 3]]);
        assert_eq!(lattice.adjacent(1).collect::<Vec<_>>(), [2, 0]);
    }
}
