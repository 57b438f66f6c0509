//! Randomised depth-first search, with maze-dataset's limits on it.

use super::options::{Amount, OptionName, OptionTable, Start};
use super::sides::{UnvisitedSides, n_sides};
use crate::mazes::error::MazeError;
use crate::problem::maze::Lattice;
use crate::problem::passages::PassageSet;
use searchlens_base::stream::{Stream, below};

/// Options of the depth-first search; maze-dataset's `gen_dfs`, whose names they bear.
///
/// Without limits it makes a spanning tree. With one, cells stay unreached: they are walled in on all sides, and
/// problems lie among the cells reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dfs {
    /// Where the search starts.
    pub start: Start,
    /// Stop when so many cells are reached: a number, or a share of all cells rounded down. `None` for all.
    pub accessible_cells: Option<Amount>,
    /// Twice the greatest number of carvings that may be open at once: a number, or a share of `rows + cols` rounded
    /// down. `None` for no limit.
    ///
    /// As in maze-dataset this bounds a counter, not the tree's depth: it begins at 1, rises by 1 with each carving,
    /// falls by 1 with each cell given up, and nothing is carved while it exceeds half the limit. A cell given up for
    /// that reason is not come back to.
    pub max_tree_depth: Option<Amount>,
    /// Whether a cell with other ways to go is come back to. Without forks the maze is one corridor: a walk until it is
    /// stuck.
    pub do_forks: bool,
    /// Go on from any cell that still may have a way to go, each as likely, instead of the last one.
    pub randomized_stack: bool,
}

impl Default for Dfs {
    fn default() -> Dfs {
        Dfs::UNLIMITED
    }
}

impl Dfs {
    /// The search that joins all cells, from any cell: the default.
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

    /// The options that `dfs_percolation` takes too.
    pub(super) fn write_limits(self, options: &mut OptionTable) {
        options.set_start(self.start);
        options.set_amount(OptionName::AccessibleCells, self.accessible_cells);
        options.set_amount(OptionName::MaxTreeDepth, self.max_tree_depth);
    }

    /// Whether every maze joins all cells of the lattice.
    pub fn spans(self, lattice: Lattice) -> bool {
        self.max_tree_depth.is_none() && self.do_forks && self.n_accessible(lattice) == lattice.n_cells()
    }

    /// Carves into a lattice whose passages are all closed; the cell it started in.
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

    /// The search as maze-dataset words it.
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
            // Where any cell is taken, the order of the rest does not matter.
            let at = stack.swap_remove(taken) as usize;
            let sides = unvisited.of(at);
            if sides == 0 || depth > max_depth / 2 {
                // The stack is never longer than the count is high, so this does not pass below 0.
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

/// From the last cell reached that has an unvisited neighbour, go to one of them, each as likely, until so many cells
/// are visited.
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
