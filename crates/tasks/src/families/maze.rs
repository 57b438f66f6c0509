//! Mazes: a generator on a lattice, classes by the lattice's symmetries, endpoints drawn last.

use std::collections::BTreeSet;

use crate::band::Band;
use crate::difficulty::measure::first_fork_lookahead;
use crate::instance::Instance;
use crate::mazes::config::MazeConfig;
use crate::mazes::error::MazeError;
use crate::mazes::generators::braid;
use crate::problem::Problem;
use crate::problem::graph::Graph;
use crate::problem::maze::{Lattice, Maze};
use crate::problem::passages::PassageSet;
use crate::problem::solve::{DistanceField, random_shortest_path};
use crate::splits::symmetry::Symmetries;
use crate::splits::{FilledSplits, Split, SymmetryClass};
use searchlens_base::stream::{Purpose, Stream, below, stream};

/// Mazes of one config.
#[derive(Clone, Debug)]
pub(crate) struct MazeFamily {
    config: MazeConfig,
    symmetries: Symmetries,
    /// Whether every maze is connected.
    spans: bool,
}

/// Lattices with more cells than this, except corridors, have so many mazes that no split is empty, if the generator can
/// make most of them.
const MANY_CELLS: usize = 64;

/// Problems drawn before a split counts as empty, or ten times as many mazes before the endpoint rules count as impossible,
/// within [`MAX_PROBED_CELLS`].
const PROBE_DRAWS: usize = 2000;

/// Cells that a probe draws at most, except that it always draws [`MIN_TRIES`] mazes.
const MAX_PROBED_CELLS: usize = 4_000_000;

/// See [`MAX_PROBED_CELLS`].
const MIN_TRIES: usize = 20;

/// If this many problems all have different classes, there are so many classes that no split is empty.
const MANY_CLASSES: usize = 100;

impl MazeFamily {
    /// Returns the family of a config, and the splits it can fill.
    ///
    /// # Errors
    /// [`MazeError::NeverMet`] if none of some thousand mazes (fewer if large) can meet the endpoint rules, and
    /// [`MazeError::LookaheadNeverMet`].
    pub(crate) fn new(config: &MazeConfig) -> Result<(MazeFamily, FilledSplits), MazeError> {
        let spans = config.generator().spans(config.lattice());
        let family = MazeFamily { config: config.clone(), symmetries: Symmetries::of(config.lattice()), spans };
        let splits = family.probe()?;
        Ok((family, splits))
    }

    /// Draws mazes until one's class is `wanted` and it has endpoints that meet the rules; then the path.
    pub(crate) fn draw(&self, rng: &mut Stream, wanted: &dyn Fn(SymmetryClass) -> bool) -> (Instance, DistanceField) {
        let mut open = PassageSet::none(self.config.lattice());
        let lookahead = self.config.endpoints().wanted_lookahead(rng);
        loop {
            if let Some(drawn) = self.try_draw(&mut open, lookahead, rng, wanted) {
                return drawn;
            }
        }
    }

    /// Draws one maze, and a problem in it if the maze is `wanted` and the rules are met.
    fn try_draw(
        &self,
        open: &mut PassageSet,
        lookahead: Option<Band>,
        rng: &mut Stream,
        wanted: &dyn Fn(SymmetryClass) -> bool,
    ) -> Option<(Instance, DistanceField)> {
        let root = self.carve(rng, open);
        let class = self.symmetries.class(open);
        if !wanted(class) {
            return None;
        }
        let rules = self.config.endpoints();
        let graph = self.weighted(open, rng);
        let (origin, target) = rules.draw(open, &graph, root, self.spans, rng)?;
        let field = DistanceField::to(&graph, target);
        let path = random_shortest_path(&graph, &field, origin, rng).expect("both ends lie in one component");
        if !rules.allow_path(&graph, &path, lookahead) {
            return None;
        }
        let maze = Maze { lattice: self.config.lattice(), graph };
        Some((
            Instance { problem: Problem::in_maze(maze, origin, target), path, class, demonstrations: Vec::new() },
            field,
        ))
    }

    /// Draws the passages of a maze, and returns a cell of the component in which problems lie.
    fn carve(&self, rng: &mut Stream, open: &mut PassageSet) -> usize {
        let root = self.config.generator().carve(rng, open);
        if let Some(chance) = self.config.braid() {
            braid(chance, rng, open);
        }
        root
    }

    /// Draws a weight for each passage, and returns the maze's graph.
    fn weighted(&self, open: &PassageSet, rng: &mut Stream) -> Graph {
        let graph = open.to_graph();
        match self.config.max_weight() {
            1 => graph,
            max => graph.with_weights(|_, _| 1 + below(rng, max as usize) as u32),
        }
    }

    /// Probes which splits have problems that meet the rules: draws a fixed sequence of mazes until every split has one (of
    /// each lookahead, if balanced), or enough are drawn.
    fn probe(&self) -> Result<FilledSplits, MazeError> {
        let (rules, lattice) = (self.config.endpoints(), self.config.lattice());
        let Lattice { rows, cols, .. } = lattice;
        let is_large = lattice.n_cells() > MANY_CELLS && rows.min(cols) > 1;
        if is_large && self.spans && rules.is_default() && self.config.generator().makes_many() {
            return Ok(FilledSplits { filled: [true; 3], n_draws: 0, n_classes: 0 });
        }
        let levels: Vec<Option<usize>> = match rules.lookahead {
            Some(Band { min, max: Some(max) }) if rules.balance_lookahead => (min..=max).map(Some).collect(),
            _ => vec![None],
        };
        // Levels not seen yet, by split and overall.
        let mut missing = [levels.clone(), levels.clone(), levels.clone()];
        let mut missing_anywhere = levels;
        let (mut n_problems, mut n_draws) = (0, 0);
        let mut classes = BTreeSet::new();
        let (mut rng, mut open) = (stream(0, Purpose::Probe, 0), PassageSet::none(lattice));
        let max_draws = (MAX_PROBED_CELLS / lattice.n_cells()).clamp(MIN_TRIES, 10 * PROBE_DRAWS);
        while n_draws < max_draws && n_problems < PROBE_DRAWS && !missing.iter().all(Vec::is_empty) {
            n_draws += 1;
            // If balanced, every level is searched for in the same draws.
            let Some((instance, _)) = self.try_draw(&mut open, rules.lookahead, &mut rng, &|_| true) else { continue };
            n_problems += 1;
            classes.insert(instance.class);
            let level = first_fork_lookahead(&instance.problem.graph, &instance.path);
            let is_missing = |wanted: &Option<usize>| wanted.is_some_and(|wanted| wanted != level);
            missing[Split::of(instance.class) as usize].retain(is_missing);
            missing_anywhere.retain(is_missing);
            let many_classes = classes.len() == n_problems && n_problems >= MANY_CLASSES.min(max_draws / 2);
            if many_classes && missing_anywhere.is_empty() {
                missing = [const { Vec::new() }; 3];
            }
        }
        let generator = self.config.generator().name();
        match missing_anywhere.first() {
            Some(Some(lookahead)) if n_problems > 0 => {
                Err(MazeError::LookaheadNeverMet { lookahead: *lookahead, n_draws, generator, rows, cols })
            }
            Some(_) => Err(MazeError::NeverMet { n_draws, generator, rows, cols }),
            None => {
                Ok(FilledSplits { filled: missing.map(|levels| levels.is_empty()), n_draws, n_classes: classes.len() })
            }
        }
    }

    /// Returns the class of a problem's maze.
    ///
    /// # Panics
    /// If the problem is not a maze on this lattice.
    pub(crate) fn class(&self, problem: &Problem) -> SymmetryClass {
        let maze = problem.maze().expect("the problem is a maze");
        self.symmetries.class(&PassageSet::of(&maze))
    }
}
