//! Maze generators: [`Generator`] with its options, and [`GENERATORS`], the list of all.

mod aldous_broder;
mod braid;
mod dfs;
mod division;
mod growing_tree;
mod hunt_and_kill;
mod kruskal;
pub mod options;
mod percolation;
mod prim;
mod rows;
mod sides;
mod wilson;

pub use braid::braid;
pub use dfs::Dfs;
pub use options::{Amount, Probability, Start};
pub use prim::Prim;

use crate::mazes::error::MazeError;
use crate::mazes::option_name::OptionName;
use crate::problem::maze::Lattice;
use crate::problem::passages::PassageSet;
use options::OptionTable;
use searchlens_base::stream::Stream;

/// A maze generator with its options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Generator {
    /// Randomised depth-first search: long corridors, not uniform over spanning trees.
    Dfs(Dfs),
    /// Prim's algorithm with random walls: many short dead ends.
    Prim(Prim),
    /// Wilson's algorithm: uniform over spanning trees.
    Wilson,
    /// The Aldous-Broder walk: uniform over spanning trees, as Wilson's algorithm.
    AldousBroder,
    /// Kruskal's algorithm: walls in random order.
    Kruskal,
    /// Chambers divided by walls with one gap.
    RecursiveDivision,
    /// Every passage is open with probability `p`, independently: loops, and disconnected cells.
    Percolation {
        /// The probability of a passage.
        p: Probability,
        /// The cell whose component holds the problems. If it is isolated, another maze is drawn.
        start: Start,
    },
    /// The passages of a depth-first search, and each other passage with probability `p`.
    DfsPercolation {
        /// The probability of a further passage.
        p: Probability,
        /// The search, with forks and without a randomised stack, as in maze-dataset.
        dfs: Dfs,
    },
    /// A tree that grows from its newest cell with probability `newest`, otherwise from any.
    GrowingTree {
        /// The first cell.
        start: Start,
        /// The probability of growing from the newest cell: 1 is depth-first search.
        newest: Probability,
    },
    /// Random walks, each starting next to the earlier ones.
    HuntAndKill {
        /// Start of the first walk.
        start: Start,
    },
    /// Runs of cells along each row, each with one passage up.
    Sidewinder {
        /// The probability that a run continues.
        p: Probability,
    },
    /// Each cell opens a passage up or to the left.
    BinaryTree {
        /// The probability of a passage up.
        p: Probability,
    },
}

/// An entry of [`GENERATORS`].
#[derive(Debug)]
pub struct GeneratorInfo {
    /// The name in configs and on the command line; maze-dataset's without `gen_`, if it has the generator.
    pub name: &'static str,
    /// A short description of its mazes.
    pub about: &'static str,
    /// The options it takes.
    pub options: &'static [OptionName],
    read: fn(&OptionTable) -> Result<Generator, MazeError>,
}

/// All generators.
pub const GENERATORS: [GeneratorInfo; 12] = [
    GeneratorInfo {
        name: "dfs",
        about: "depth-first search: long corridors",
        options: Dfs::OPTIONS,
        read: |options| Ok(Generator::Dfs(Dfs::read(options)?)),
    },
    GeneratorInfo {
        name: "prim",
        about: "Prim's algorithm: many short dead ends",
        options: Prim::OPTIONS,
        read: |options| Ok(Generator::Prim(Prim::read(options)?)),
    },
    GeneratorInfo {
        name: "wilson",
        about: "every spanning tree as likely",
        options: &[],
        read: |_| Ok(Generator::Wilson),
    },
    GeneratorInfo {
        name: "aldous_broder",
        about: "every spanning tree as likely, made by one walk",
        options: &[],
        read: |_| Ok(Generator::AldousBroder),
    },
    GeneratorInfo {
        name: "kruskal",
        about: "walls taken down in random order",
        options: &[],
        read: |_| Ok(Generator::Kruskal),
    },
    GeneratorInfo {
        name: "recursive_division",
        about: "rooms cut in two, straight walls",
        options: &[],
        read: |_| Ok(Generator::RecursiveDivision),
    },
    GeneratorInfo {
        name: "percolation",
        about: "every passage by a coin: loops, and parts that are cut off",
        options: &[OptionName::P, OptionName::Start],
        read: |options| {
            let p = options.probability(OptionName::P, Probability::TWO_FIFTHS)?;
            Ok(Generator::Percolation { p, start: options.start()? })
        },
    },
    GeneratorInfo {
        name: "dfs_percolation",
        about: "depth-first search and further passages by a coin: loops",
        options: &[OptionName::P, OptionName::Start, OptionName::AccessibleCells, OptionName::MaxTreeDepth],
        read: |options| {
            let p = options.probability(OptionName::P, Probability::TWO_FIFTHS)?;
            Ok(Generator::DfsPercolation { p, dfs: Dfs::read(options)? })
        },
    },
    GeneratorInfo {
        name: "growing_tree",
        about: "between depth-first search and Prim's algorithm",
        options: &[OptionName::Start, OptionName::Newest],
        read: |options| {
            let newest = options.probability(OptionName::Newest, Probability::HALF)?;
            Ok(Generator::GrowingTree { start: options.start()?, newest })
        },
    },
    GeneratorInfo {
        name: "hunt_and_kill",
        about: "random walks, long corridors",
        options: &[OptionName::Start],
        read: |options| Ok(Generator::HuntAndKill { start: options.start()? }),
    },
    GeneratorInfo {
        name: "sidewinder",
        about: "runs along rows, no dead end upwards",
        options: &[OptionName::P],
        read: |options| Ok(Generator::Sidewinder { p: options.probability(OptionName::P, Probability::HALF)? }),
    },
    GeneratorInfo {
        name: "binary_tree",
        about: "each cell joined upwards or to the left",
        options: &[OptionName::P],
        read: |options| Ok(Generator::BinaryTree { p: options.probability(OptionName::P, Probability::HALF)? }),
    },
];

impl Generator {
    /// Returns depth-first search without limits, from any cell.
    pub fn dfs() -> Generator {
        Generator::Dfs(Dfs::default())
    }

    /// Makes the generator of a name with options; missing options take their defaults.
    ///
    /// # Errors
    /// If the generator is unknown, does not take an option, or a value has the wrong form.
    pub fn read(name: &str, options: &OptionTable) -> Result<Generator, MazeError> {
        let kind = GENERATORS.iter().find(|kind| kind.name == name);
        let kind = kind.ok_or_else(|| MazeError::UnknownGenerator {
            name: name.to_owned(),
            known: GENERATORS.iter().map(|info| info.name).collect(),
        })?;
        match options.iter().find(|(option, _)| !kind.options.contains(option)) {
            Some((option, value)) => Err(MazeError::UnusedOption {
                option,
                value: value.to_string(),
                generator: kind.name,
                takes: kind.options,
            }),
            None => (kind.read)(options),
        }
    }

    /// Returns the options as written in a file.
    pub fn options(self) -> OptionTable {
        let mut table = OptionTable::default();
        match self {
            Generator::Dfs(dfs) => dfs.write(&mut table),
            Generator::Prim(prim) => prim.write(&mut table),
            Generator::Wilson | Generator::AldousBroder | Generator::Kruskal | Generator::RecursiveDivision => {}
            Generator::Percolation { p, start } => {
                table.set_probability(OptionName::P, p);
                table.set_start(start);
            }
            Generator::DfsPercolation { p, dfs } => {
                table.set_probability(OptionName::P, p);
                dfs.write_limits(&mut table);
            }
            Generator::GrowingTree { start, newest } => {
                table.set_start(start);
                table.set_probability(OptionName::Newest, newest);
            }
            Generator::HuntAndKill { start } => table.set_start(start),
            Generator::Sidewinder { p } | Generator::BinaryTree { p } => table.set_probability(OptionName::P, p),
        }
        table
    }

    /// Returns the name in configs and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Generator::Dfs(_) => "dfs",
            Generator::Prim(_) => "prim",
            Generator::Wilson => "wilson",
            Generator::AldousBroder => "aldous_broder",
            Generator::Kruskal => "kruskal",
            Generator::RecursiveDivision => "recursive_division",
            Generator::Percolation { .. } => "percolation",
            Generator::DfsPercolation { .. } => "dfs_percolation",
            Generator::GrowingTree { .. } => "growing_tree",
            Generator::HuntAndKill { .. } => "hunt_and_kill",
            Generator::Sidewinder { .. } => "sidewinder",
            Generator::BinaryTree { .. } => "binary_tree",
        }
    }

    /// Returns whether every maze on this lattice is connected.
    pub fn spans(self, lattice: Lattice) -> bool {
        match self {
            Generator::Dfs(dfs) | Generator::DfsPercolation { dfs, .. } => dfs.spans(lattice),
            Generator::Prim(prim) => prim.spans(lattice),
            Generator::Percolation { p, .. } => p.get() == 1.0,
            _ => true,
        }
    }

    /// Returns whether no maze has a loop.
    pub fn is_loopless(self) -> bool {
        match self {
            Generator::Percolation { p, .. } | Generator::DfsPercolation { p, .. } => p.get() == 0.0,
            _ => true,
        }
    }

    /// Returns whether it supports a torus. The others work row by row, or from side to side, and a torus has no sides.
    pub fn wraps(self) -> bool {
        !matches!(self, Generator::RecursiveDivision | Generator::Sidewinder { .. } | Generator::BinaryTree { .. })
    }

    /// Returns whether the number of mazes grows exponentially with the lattice, for all options.
    pub(crate) fn makes_many(self) -> bool {
        match self {
            Generator::Percolation { .. } | Generator::Sidewinder { .. } | Generator::BinaryTree { .. } => false,
            Generator::DfsPercolation { p, .. } => p.get() < 0.99,
            _ => true,
        }
    }

    /// Returns the start option, if the generator has one.
    pub fn start(self) -> Option<Start> {
        match self {
            Generator::Dfs(Dfs { start, .. })
            | Generator::DfsPercolation { dfs: Dfs { start, .. }, .. }
            | Generator::Prim(Prim { start, .. })
            | Generator::Percolation { start, .. }
            | Generator::GrowingTree { start, .. }
            | Generator::HuntAndKill { start } => Some(start),
            _ => None,
        }
    }

    /// Draws a maze into `open`, closing all passages first, and returns a cell of the component in which problems lie (any
    /// cell, if the maze is connected).
    ///
    /// # Panics
    /// If the lattice lacks the cell of [`Generator::start`], which no `MazeConfig` allows.
    pub fn carve(self, rng: &mut Stream, open: &mut PassageSet) -> usize {
        open.clear();
        match self {
            Generator::Dfs(dfs) => return dfs.carve(rng, open),
            Generator::Prim(prim) => return prim.carve(rng, open),
            Generator::Wilson => wilson::carve(rng, open),
            Generator::AldousBroder => aldous_broder::carve(rng, open),
            Generator::Kruskal => kruskal::carve(rng, open),
            Generator::RecursiveDivision => division::carve(rng, open),
            Generator::Percolation { p, start } => {
                let start = start.draw(open.lattice(), rng);
                percolation::carve(p, rng, open);
                return start;
            }
            Generator::DfsPercolation { p, dfs } => {
                let start = dfs.carve(rng, open);
                percolation::carve(p, rng, open);
                return start;
            }
            Generator::GrowingTree { start, newest } => return growing_tree::carve(start, newest, rng, open),
            Generator::HuntAndKill { start } => return hunt_and_kill::carve(start, rng, open),
            Generator::Sidewinder { p } => rows::sidewinder(p, rng, open),
            Generator::BinaryTree { p } => rows::binary_tree(p, rng, open),
        }
        0
    }
}

/// Opens a lattice of one row or one column from end to end, its only spanning tree, which a random walk would need n² steps
/// to find. Returns whether the lattice was one.
fn carve_corridor(open: &mut PassageSet) -> bool {
    let Lattice { rows, cols, .. } = open.lattice();
    let is_corridor = rows == 1 || cols == 1;
    if is_corridor {
        (1..rows * cols).for_each(|v| open.open(v - 1, v));
    }
    is_corridor
}
