//! Prim's algorithm, randomised.

use super::options::{Amount, OptionTable, Start};
use crate::mazes::error::MazeError;
use crate::mazes::option_name::OptionName;
use crate::problem::maze::Lattice;
use crate::problem::passages::PassageSet;
use searchlens_base::stream::{Stream, below};

/// Options of Prim's algorithm.
///
/// Repeatedly opens a wall between the maze and a cell outside, uniformly; the maze grows from its start like a
/// crystal. (maze-dataset's `gen_prim` is its depth-first search with `randomized_stack`.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Prim {
    /// The first cell of the maze.
    pub start: Start,
    /// Stop after reaching this many cells: a number, or a share of all cells rounded down. `None` for all.
    pub accessible_cells: Option<Amount>,
    /// Maximum steps of a cell from the start: a number, or a share of `rows + cols` rounded down. `None` for no limit.
    pub max_tree_depth: Option<Amount>,
}

impl Prim {
    pub(super) const OPTIONS: &[OptionName] =
        &[OptionName::Start, OptionName::AccessibleCells, OptionName::MaxTreeDepth];

    pub(super) fn read(options: &OptionTable) -> Result<Prim, MazeError> {
        Ok(Prim {
            start: options.start()?,
            accessible_cells: options.amount(OptionName::AccessibleCells)?,
            max_tree_depth: options.amount(OptionName::MaxTreeDepth)?,
        })
    }

    pub(super) fn write(self, options: &mut OptionTable) {
        options.set_start(self.start);
        options.set_amount(OptionName::AccessibleCells, self.accessible_cells);
        options.set_amount(OptionName::MaxTreeDepth, self.max_tree_depth);
    }

    /// Returns whether every maze connects all cells of the lattice.
    pub fn spans(self, lattice: Lattice) -> bool {
        self.max_tree_depth.is_none() && self.n_accessible(lattice) == lattice.n_cells()
    }

    fn n_accessible(self, lattice: Lattice) -> usize {
        self.accessible_cells.map_or(lattice.n_cells(), |amount| amount.of(lattice.n_cells())).min(lattice.n_cells())
    }

    /// Carves into a lattice whose passages are all closed, and returns the start.
    pub(super) fn carve(self, rng: &mut Stream, open: &mut PassageSet) -> usize {
        let lattice = open.lattice();
        let max_depth = self.max_tree_depth.map_or(usize::MAX, |amount| amount.of(lattice.rows + lattice.cols));
        let start = self.start.draw(lattice, rng);
        // Steps from the start, of cells in the maze.
        let mut depth: Vec<Option<u32>> = vec![None; lattice.n_cells()];
        depth[start] = Some(0);
        // Walls whose first side is in the maze; those with both sides in it are dropped when drawn.
        let mut walls: Vec<(u32, u32)> = lattice.adjacent(start).map(|to| (start as u32, to as u32)).collect();
        let mut n_joined = 1;
        while n_joined < self.n_accessible(lattice) && !walls.is_empty() {
            let drawn = below(rng, walls.len());
            let (from, to) = walls.swap_remove(drawn);
            let (from, to) = (from as usize, to as usize);
            let here = depth[from].map_or(0, |d| d + 1);
            if depth[to].is_some() || here as usize > max_depth {
                continue;
            }
            open.open(from, to);
            depth[to] = Some(here);
            n_joined += 1;
            walls.extend(lattice.adjacent(to).filter(|&v| depth[v].is_none()).map(|v| (to as u32, v as u32)));
        }
        start
    }
}
