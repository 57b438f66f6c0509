//! Ways of making mazes.

pub mod dfs;
pub mod wilson;

use crate::maze::Lattice;
use crate::passages::PassageSet;
use crate::stream::{Stream, below};

/// Where a generator starts to carve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Start {
    /// Any cell, each as likely.
    #[default]
    Uniform,
    /// Any cell but those of the last row and column, each as likely: what maze-dataset 1.4.2 does, whose draw leaves
    /// them out. Needs at least two rows and two columns.
    MazeDataset,
}

impl Start {
    /// Draws the cell.
    fn draw(self, lattice: Lattice, rng: &mut Stream) -> usize {
        let Lattice { rows, cols } = lattice;
        match self {
            Start::Uniform => below(rng, rows * cols),
            Start::MazeDataset => {
                let row = below(rng, rows - 1);
                lattice.node(row, below(rng, cols - 1))
            }
        }
    }

    /// Every cell that can be drawn, ascending.
    pub fn cells(self, lattice: Lattice) -> Vec<usize> {
        let allowed = |v: usize| {
            let (row, col) = lattice.coord(v);
            match self {
                Start::Uniform => true,
                Start::MazeDataset => row + 1 < lattice.rows && col + 1 < lattice.cols,
            }
        };
        (0..lattice.n_cells()).filter(|&v| allowed(v)).collect()
    }
}

/// A way of making mazes, with its options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Generator {
    /// Randomised depth-first search: long corridors, not uniform over spanning trees.
    Dfs {
        /// Where the search starts.
        start: Start,
    },
    /// Wilson's algorithm: every spanning tree of the lattice is as likely.
    Wilson,
}

impl Generator {
    /// The name in configs and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Generator::Dfs { .. } => "dfs",
            Generator::Wilson => "wilson",
        }
    }

    /// Draws a maze into `open`, whose passages are closed first.
    ///
    /// # Panics
    /// If there is no cell to start in: [`Start::MazeDataset`] on a single row or column, which no `MazeConfig` allows.
    pub fn carve(self, rng: &mut Stream, open: &mut PassageSet) {
        open.clear();
        match self {
            Generator::Dfs { start } => {
                let from = start.draw(open.lattice(), rng);
                dfs::carve(from, rng, open);
            }
            Generator::Wilson => wilson::carve(rng, open),
        }
    }
}
