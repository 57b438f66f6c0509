//! Mazes: a generator on a lattice, classes by its symmetries, endpoints drawn last.

use crate::config::MazeConfig;
use crate::generators::Generator;
use crate::maze::Lattice;
use crate::passages::PassageSet;
use crate::problem::Problem;
use crate::solve::{DistanceField, random_shortest_path};
use crate::split::SymmetryClass;
use crate::stream::{Stream, below};
use crate::symmetry::Symmetries;
use crate::task::Instance;

/// Mazes of one config.
#[derive(Clone, Debug)]
pub(crate) struct MazeFamily {
    generator: Generator,
    lattice: Lattice,
    symmetries: Symmetries,
}

/// Lattices with more cells than this, corridors apart, have so many classes that no split is empty.
const MANY_CELLS: usize = 64;

impl MazeFamily {
    pub(crate) fn new(config: &MazeConfig) -> MazeFamily {
        let lattice = config.lattice();
        MazeFamily { generator: config.generator(), lattice, symmetries: Symmetries::of(lattice) }
    }

    /// Draws mazes until one's class is wanted, then the endpoints, then the path.
    pub(crate) fn draw(&self, rng: &mut Stream, wanted: &dyn Fn(SymmetryClass) -> bool) -> (Instance, DistanceField) {
        let mut open = PassageSet::none(self.lattice);
        let class = loop {
            self.generator.carve(rng, &mut open);
            let class = self.symmetries.class(&open);
            if wanted(class) {
                break class;
            }
        };
        let n = self.lattice.n_cells();
        let origin = below(rng, n);
        let other = below(rng, n - 1);
        let target = other + usize::from(other >= origin);
        let problem = Problem::in_maze(open.to_maze(), origin, target);
        let field = DistanceField::to(&problem.graph, target);
        let path = random_shortest_path(&problem.graph, &field, origin, rng).expect("the generators join all cells");
        (Instance { problem, path, class, shown: Vec::new() }, field)
    }

    /// The class of one draw.
    pub(crate) fn probe(&self, rng: &mut Stream) -> SymmetryClass {
        let mut open = PassageSet::none(self.lattice);
        self.generator.carve(rng, &mut open);
        self.symmetries.class(&open)
    }

    /// The class of a problem's maze.
    ///
    /// # Panics
    /// If the problem is no maze on this lattice.
    pub(crate) fn class(&self, problem: &Problem) -> SymmetryClass {
        let maze = problem.maze().expect("the problem is a maze");
        self.symmetries.class(&PassageSet::of(&maze))
    }

    /// Whether the lattice is so large that no split can be empty, so that nobody need look.
    pub(crate) fn fills_all_splits(&self) -> bool {
        self.lattice.n_cells() > MANY_CELLS && self.lattice.rows.min(self.lattice.cols) > 1
    }
}
