//! Ways of making mazes: one [`Generator`] with its options, and [`GENERATORS`], the list of all there are.

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
use crate::problem::maze::Lattice;
use crate::problem::passages::PassageSet;
use options::{OptionName, OptionTable};
use searchlens_base::stream::Stream;

/// A way of making mazes, with its options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Generator {
    /// Randomised depth-first search: long corridors, not uniform over spanning trees.
    Dfs(Dfs),
    /// Prim's algorithm with walls drawn at random: many short dead ends.
    Prim(Prim),
    /// Wilson's algorithm: every spanning tree of the lattice is as likely.
    Wilson,
    /// The walk of Aldous and Broder: every spanning tree is as likely, as in Wilson's algorithm.
    AldousBroder,
    /// Kruskal's algorithm: walls in random order.
    Kruskal,
    /// Rooms cut in two by walls with one gap.
    RecursiveDivision,
    /// Every passage is open with chance `p`, whatever the others are: loops, and cells that are apart.
    Percolation {
        /// The chance of a passage.
        p: Probability,
        /// The cell whose part of the maze holds the problems. Where it stands alone, another maze is drawn.
        start: Start,
    },
    /// A depth-first search's passages, and besides each with chance `p`.
    DfsPercolation {
        /// The chance of a further passage.
        p: Probability,
        /// The search. It has forks and no randomised stack, as in maze-dataset.
        dfs: Dfs,
    },
    /// A tree that grows from its newest cell with chance `newest`, else from any.
    GrowingTree {
        /// The first cell.
        start: Start,
        /// The chance to grow from the newest cell: 1 is depth-first search.
        newest: Probability,
    },
    /// Random walks, each beginning beside the ones before.
    HuntAndKill {
        /// Where the first walk begins.
        start: Start,
    },
    /// Runs of cells along each row, with one way up each.
    Sidewinder {
        /// The chance that a run goes on.
        p: Probability,
    },
    /// Each cell is joined upwards or to the left.
    BinaryTree {
        /// The chance of upwards.
        p: Probability,
    },
}

/// An entry in the list of generators.
#[derive(Debug)]
pub struct GeneratorInfo {
    /// The name in configs and on the command line; maze-dataset's without `gen_`, where it has the generator.
    pub name: &'static str,
    /// What its mazes are like, in a few words.
    pub about: &'static str,
    /// The options it takes.
    pub options: &'static [OptionName],
    read: fn(&OptionTable) -> Result<Generator, MazeError>,
}

/// Every generator there is.
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
    /// Depth-first search without limits, from any cell.
    pub fn dfs() -> Generator {
        Generator::Dfs(Dfs::default())
    }

    /// The generator of a name, with the options given; the others take their defaults.
    ///
    /// # Errors
    /// If there is no such generator, it takes no such option, or a value is not of its option's form.
    pub fn read(name: &str, options: &OptionTable) -> Result<Generator, MazeError> {
        let kind = GENERATORS.iter().find(|kind| kind.name == name);
        let kind = kind.ok_or_else(|| MazeError::UnknownGenerator { name: name.to_owned() })?;
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

    /// The options as they stand in a file; those that have their default are left out, chances excepted.
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

    /// The name in configs and on the command line.
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

    /// Whether every maze on this lattice joins all its cells.
    pub fn spans(self, lattice: Lattice) -> bool {
        match self {
            Generator::Dfs(dfs) | Generator::DfsPercolation { dfs, .. } => dfs.spans(lattice),
            Generator::Prim(prim) => prim.spans(lattice),
            Generator::Percolation { p, .. } => p.get() == 1.0,
            _ => true,
        }
    }

    /// Whether no maze has a loop.
    pub fn is_loopless(self) -> bool {
        match self {
            Generator::Percolation { p, .. } | Generator::DfsPercolation { p, .. } => p.get() == 0.0,
            _ => true,
        }
    }

    /// Whether it makes use of a torus. The others work row by row, or from side to side, and a torus has no sides.
    pub fn wraps(self) -> bool {
        !matches!(self, Generator::RecursiveDivision | Generator::Sidewinder { .. } | Generator::BinaryTree { .. })
    }

    /// Whether the number of different mazes grows exponentially with the lattice, whatever the options say.
    pub(crate) fn makes_many(self) -> bool {
        match self {
            Generator::Percolation { .. } | Generator::Sidewinder { .. } | Generator::BinaryTree { .. } => false,
            Generator::DfsPercolation { p, .. } => p.get() < 0.99,
            _ => true,
        }
    }

    /// Where the generator starts, if that is a choice of its options.
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

    /// Draws a maze into `open`, whose passages are closed first; a cell of the part of it in which problems lie (any
    /// cell, where all are joined).
    ///
    /// # Panics
    /// If the lattice has no cell where [`Generator::start`] asks for one, which no `MazeConfig` allows.
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

/// Opens a lattice of one row or one column from end to end, and says whether it was one: its only spanning tree, which a
/// random walk would need n² steps to find.
fn carve_corridor(open: &mut PassageSet) -> bool {
    let Lattice { rows, cols, .. } = open.lattice();
    let is_corridor = rows == 1 || cols == 1;
    if is_corridor {
        (1..rows * cols).for_each(|v| open.open(v - 1, v));
    }
    is_corridor
}
