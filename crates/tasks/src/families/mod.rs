//! The families of problems that a task can draw from: one file each, behind one closed enum.
//!
//! A family of graphs says how a problem is drawn and what makes two of them the same ([`Equivalence`]); the rest, from
//! the split to the path, is the same for all and stands here. Mazes know their class before their endpoints are drawn,
//! and have a draw of their own.

pub(crate) mod maze;
pub mod star;

use std::collections::BTreeSet;

use crate::config::{TaskConfig, TaskError};
use crate::problem::Problem;
use crate::refine::{labelled_class, relabelling_class};
use crate::solve::{DistanceField, random_shortest_path};
use crate::split::{Split, SymmetryClass};
use crate::stream::{Purpose, Stream, stream};
use crate::task::Instance;
use maze::MazeFamily;
use star::StarConfig;

/// When two problems of a family count as the same, so that one may not be trained on and the other tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Equivalence {
    /// If the symmetries of the lattice take one maze to the other (D4 on squares, D2 otherwise), endpoints aside.
    Lattice,
    /// If some renaming of the nodes takes one to the other, with origin, goal and labels.
    Relabelling,
    /// Only if they are equal, name by name: there is one graph up to renaming, and names are all that differs.
    Labelled,
}

/// A family, with what it looks up while drawing.
#[derive(Clone, Debug)]
pub(crate) enum Family {
    Maze(MazeFamily),
    Star(StarConfig),
}

impl Family {
    /// The family of a config, and the splits it has problems in.
    pub(crate) fn new(config: &TaskConfig) -> Result<(Family, FilledSplits), TaskError> {
        let family = match config {
            TaskConfig::Maze(maze) => {
                let (mazes, splits) = MazeFamily::new(maze)?;
                return Ok((Family::Maze(mazes), splits));
            }
            TaskConfig::Star(star) => Family::Star(star.clone()),
        };
        let splits = FilledSplits::probe(&family);
        Ok((family, splits))
    }

    /// What makes two problems the same.
    pub(crate) fn equivalence(&self) -> Equivalence {
        match self {
            Family::Maze(_) => Equivalence::Lattice,
            Family::Star(_) => Equivalence::Labelled,
        }
    }

    /// Draws until a problem's class is wanted, then its path.
    pub(crate) fn draw(&self, rng: &mut Stream, wanted: &dyn Fn(SymmetryClass) -> bool) -> (Instance, DistanceField) {
        if let Family::Maze(mazes) = self {
            return mazes.draw(rng, wanted);
        }
        let (problem, class) = loop {
            let problem = self.problem(rng);
            let class = self.class(&problem);
            if wanted(class) {
                break (problem, class);
            }
        };
        let field = problem.distances().expect("families draw problems with a goal");
        let path = random_shortest_path(&problem.graph, &field, problem.origin, rng);
        let path = path.expect("families draw problems that can be solved");
        (Instance { problem, path, class, shown: Vec::new() }, field)
    }

    fn problem(&self, rng: &mut Stream) -> Problem {
        match self {
            Family::Maze(mazes) => mazes.draw(rng, &|_| true).0.problem,
            Family::Star(star) => star.problem(rng),
        }
    }

    /// The class of a problem of this family.
    pub(crate) fn class(&self, problem: &Problem) -> SymmetryClass {
        match (self, self.equivalence()) {
            (Family::Maze(mazes), _) => mazes.class(problem),
            (_, Equivalence::Labelled) => labelled_class(problem),
            (_, Equivalence::Lattice | Equivalence::Relabelling) => relabelling_class(problem),
        }
    }
}

/// How many problems [`FilledSplits::probe`] looks at before it calls a split empty. A split that holds one in a
/// hundred is missed once in 500 million tasks.
const PROBE_DRAWS: usize = 2000;

/// Which splits a task has problems in.
#[derive(Clone, Debug)]
pub(crate) struct FilledSplits {
    pub(crate) filled: [bool; 3],
    /// Problems drawn while looking.
    pub(crate) n_draws: usize,
    /// Different classes met while looking.
    pub(crate) n_classes: usize,
}

impl FilledSplits {
    /// Draws problems, the same ones every time, until each split has shown one or [`PROBE_DRAWS`] are drawn.
    fn probe(family: &Family) -> FilledSplits {
        let mut rng = stream(0, Purpose::Probe, 0);
        let mut filled = [false; 3];
        let (mut n_draws, mut classes) = (0, BTreeSet::new());
        for _ in 0..PROBE_DRAWS {
            let class = family.class(&family.problem(&mut rng));
            n_draws += 1;
            filled[Split::of(class) as usize] = true;
            classes.insert(class);
            if filled == [true; 3] {
                break;
            }
        }
        FilledSplits { filled, n_draws, n_classes: classes.len() }
    }
}
