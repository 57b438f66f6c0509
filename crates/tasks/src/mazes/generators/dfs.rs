//! Randomised depth-first search, with maze-dataset's limits.

use super::options::{Amount, OptionTable, Start};
use super::sides::{UnvisitedSides, n_sides};
use crate::mazes::error::MazeError;
use crate::mazes::option_name::OptionName;
use crate::problem::maze::Lattice;
use crate::problem::passages::PassageSet;
use searchlens_base::stream::{Stream, below};

/// Options of depth-first search, named as in maze-dataset's `gen_dfs`.
///
/// Without limits it makes a spanning tree. With a limit some cells stay unreached: they are walled in on all sides, and
/// problems lie among the reached cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dfs {
    /// Start of the search.
    pub start: Start,
    /// Stop after reaching this many cells: a number, or a share of all cells rounded down. `None` for all.
    pub accessible_cells: Option<Amount>,
    /// Twice the maximum value of a depth counter: a number, or a share of `rows + cols` rounded down. `None` for no
    /// limit.
    ///
    /// As in maze-dataset the counter is not the tree's depth: it starts at 1, rises by 1 with each carving, falls by 1 with
    /// each abandoned cell, and nothing is carved while it exceeds half the limit. A cell abandoned for that reason is never
    /// revisited.
    pub max_tree_depth: Option<Amount>,
    /// Whether the search backtracks. Without forks the maze is one corridor: a walk until it is stuck.
    pub do_forks: bool,
    /// Continue from any cell on the stack, uniformly, instead of the last one.
    pub randomized_stack: bool,
}

impl Default for Dfs {
    fn default() -> Dfs {
        Dfs::UNLIMITED
    }
}

impl Dfs {
    /// The search that reaches all cells, from any cell: the default.
    pub const UNLIMITED: Dfs = Dfs {
        start: Start::Uniform,
        accessible_cells: None,
        max_tree_depth: None,
        do_forks: true,
        randomized_stack: false,
    };

    pub(super) const OPTIONS: &[OptionName] = &[
        OptionName::Start,
        OptionName::AccessibleCells,
        OptionName::MaxTreeDepth,
        OptionName::DoForks,
        OptionName::RandomizedStack,
    ];

    pub(super) fn read(options: &OptionTable) -> Result<Dfs, MazeError> {
        Ok(Dfs {
            start: options.start()?,
            accessible_cells: options.amount(OptionName::AccessibleCells)?,
            max_tree_depth: options.amount(OptionName::MaxTreeDepth)?,
            do_forks: options.flag(OptionName::DoForks, true)?,
            randomized_stack: options.flag(OptionName::RandomizedStack, false)?,
        })
    }

    pub(super) fn write(self, options: &mut OptionTable) {
        self.write_limits(options);
        options.set_flag(OptionName::DoForks, self.do_forks);
        options.set_flag(OptionName::RandomizedStack, self.randomized_stack);
    }

    /// Writes the options that `dfs_percolation` takes too.
    pub(super) fn write_limits(self, options: &mut OptionTable) {
        options.set_start(self.start);
        options.set_amount(OptionName::AccessibleCells, self.accessible_cells);
        options.set_amount(OptionName::MaxTreeDepth, self.max_tree_depth);
    }

    /// Returns whether every maze connects all cells of the lattice.
    pub fn spans(self, lattice: Lattice) -> bool {
        self.max_tree_depth.is_none() && self.do_forks && self.n_accessible(lattice) == lattice.n_cells()
    }

    /// Carves into a lattice whose passages are all closed, and returns the start.
    pub(super) fn carve(self, rng: &mut Stream, open: &mut PassageSet) -> usize {
        let start = self.start.draw(open.lattice(), rng);
        if self.max_tree_depth.is_none() && self.do_forks && !self.randomized_stack {
            carve_on(start, self.n_accessible(open.lattice()), rng, open);
        } else {
            self.carve_limited(start, rng, open);
        }
        start
    }

    fn n_accessible(self, lattice: Lattice) -> usize {
        self.accessible_cells.map_or(lattice.n_cells(), |amount| amount.of(lattice.n_cells())).min(lattice.n_cells())
    }

    /// Runs the search as maze-dataset does.
    fn carve_limited(self, start: usize, rng: &mut Stream, open: &mut PassageSet) {
        let lattice = open.lattice();
        let n_accessible = self.n_accessible(lattice);
        let max_depth = self.max_tree_depth.map_or(usize::MAX, |amount| amount.of(lattice.rows + lattice.cols));
        let mut unvisited = UnvisitedSides::new(lattice);
        unvisited.visit(start);
        let mut stack = vec![start as u32];
        let (mut n_visited, mut depth) = (1, 1usize);
        while n_visited < n_accessible && !stack.is_empty() {
            let taken = if self.randomized_stack { below(rng, stack.len()) } else { stack.len() - 1 };
            // If any cell may be taken, the order of the rest does not matter.
            let at = stack.swap_remove(taken) as usize;
            let sides = unvisited.of(at);
            if sides == 0 || depth > max_depth / 2 {
                // The counter is never below the stack's length, so this does not underflow.
                depth -= 1;
                continue;
            }
            if self.do_forks && n_sides(sides) > 1 {
                stack.push(at as u32);
            }
            let (to, passage) = unvisited.choose(at, sides, rng);
            open.set_bit(passage);
            unvisited.visit(to);
            stack.push(to as u32);
            n_visited += 1;
            depth += 1;
        }
    }
}

/// Moves from the last visited cell that has unvisited neighbours to one of them, uniformly, until `n_accessible` cells are
/// visited.
fn carve_on(start: usize, n_accessible: usize, rng: &mut Stream, open: &mut PassageSet) {
    let mut unvisited = UnvisitedSides::new(open.lattice());
    let mut trail: Vec<u32> = Vec::with_capacity(n_accessible);
    let mut at = start;
    unvisited.visit(at);
    for _ in 1..n_accessible {
        let mut sides = unvisited.of(at);
        while sides == 0 {
            at = trail.pop().expect("until all cells are visited, some cell of the trail has an unvisited neighbour")
                as usize;
            sides = unvisited.of(at);
        }
        trail.push(at as u32);
        let (to, passage) = unvisited.choose(at, sides, rng);
        open.set_bit(passage);
        unvisited.visit(to);
        at = to;
    }
}
