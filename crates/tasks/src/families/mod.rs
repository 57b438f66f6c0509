//! The families of problems: one file each, behind one closed enum.
//!
//! The exact solver of every family is [`Problem::distances`] (with [`Problem::nearest_targets`] for all nearest goals and
//! [`DistanceField::successors`] for all optimal steps). The loss due to ties is
//! [`crate::difficulty::shortcut::EntropyFloor`]; the scores of policies that do not search are
//! [`crate::sets::baselines::baselines`].
//!
//! | family | equivalent problems | no-search baselines | ties |
//! |---|---|---|---|
//! | `maze` | D4 or D2, endpoints aside | policies, greedy by Manhattan distance | none on trees |
//! | `star` | identical | policies: 1/arms at the first step, then certain | none |
//! | `dag`, `graph` | renaming | policies (greedy is random: no geometry) | shortest paths |
//! | `tree` | renaming | policies | none |
//! | `labelled`, `prompted` | renaming, with labels and sets | policies, and label-blind [`crate::difficulty::shortcut::Shortcut`]s | shortest paths; one goal if `unique_nearest` |
//! | `hops` | identical | every step is forced; a guess of the end is right once in `nodes - 1` | none |
//! | `countdown` | identical numbers and target | policies | orders of operations |
//! | `sliding` | identical arrangements | policies | shortest paths |
//!
//! A family of graphs defines how to draw a problem and when two are equivalent ([`Equivalence`]); everything else, from
//! the split to the path, is common and lives here. Mazes know their class before their endpoints are drawn, so they
//! have their own draw.

pub mod countdown;
pub mod dag;
pub mod graph;
pub mod hops;
pub mod labelled;
pub mod labels;
pub(crate) mod maze;
pub mod mixture;
pub mod prompted;
pub mod sliding;
pub mod star;
pub mod structure;
pub mod tree;

use std::collections::BTreeSet;

use crate::config::TaskConfig;
use crate::difficulty::avoidance::forbidden_path;
use crate::error::TaskError;
use crate::instance::Instance;
use crate::problem::Problem;
use crate::problem::solve::{DistanceField, random_shortest_path};
use crate::splits::identity::Identity;
use crate::splits::refine::{exact_class, relabelling_class};
use crate::splits::{Equivalence, FilledSplits, Split, SymmetryClass};
use countdown::CountdownConfig;
use dag::DagConfig;
use graph::GraphConfig;
use hops::HopsConfig;
use labelled::LabelledFamily;
use maze::MazeFamily;
use mixture::MixtureFamily;
use prompted::{PromptedFamily, Requirement};
use searchlens_base::stream::{Purpose, Stream, stream};
use sliding::SlidingFamily;
use star::StarConfig;
use tree::TreeConfig;

/// A family, with the lookup tables of its draws.
#[derive(Clone, Debug)]
pub(crate) enum Family {
    Maze(MazeFamily),
    Star(StarConfig),
    Dag(DagConfig),
    Tree(TreeConfig),
    Graph(GraphConfig),
    Labelled(Box<LabelledFamily>),
    Prompted(Box<PromptedFamily>),
    Hops(HopsConfig),
    Countdown(CountdownConfig),
    Sliding(SlidingFamily),
    Mixture(MixtureFamily),
}

impl Family {
    /// Returns the family of a config, and the splits it can fill.
    ///
    /// # Errors
    /// If hardly any problem fits the config: [`TaskError::TooRare`], and for mazes what [`MazeFamily::new`] says.
    pub(crate) fn new(config: &TaskConfig) -> Result<(Family, FilledSplits), TaskError> {
        let family = match config {
            TaskConfig::Maze(config) => {
                let (mazes, splits) = MazeFamily::new(config)?;
                return Ok((Family::Maze(mazes), splits));
            }
            TaskConfig::Mixture(config) => {
                let (mixture, splits) = MixtureFamily::new(config)?;
                return Ok((Family::Mixture(mixture), splits));
            }
            TaskConfig::Star(config) => Family::Star(config.clone()),
            TaskConfig::Dag(config) => Family::Dag(config.clone()),
            TaskConfig::Tree(config) => Family::Tree(config.clone()),
            TaskConfig::Graph(config) => Family::Graph(config.clone()),
            TaskConfig::Labelled(config) => Family::Labelled(Box::new(LabelledFamily::new(config))),
            TaskConfig::Prompted(config) => Family::Prompted(Box::new(PromptedFamily::new(config))),
            TaskConfig::Hops(config) => Family::Hops(config.clone()),
            TaskConfig::Countdown(config) => Family::Countdown(config.clone()),
            TaskConfig::Sliding(config) => Family::Sliding(SlidingFamily::new(config)),
        };
        family.check_yield(config)?;
        let splits = family.probe_splits();
        Ok((family, splits))
    }

    /// What makes two problems the same.
    pub(crate) fn equivalence(&self) -> Equivalence {
        match self {
            Family::Maze(_) => Equivalence::Lattice,
            Family::Mixture(mixture) => mixture.equivalence(),
            Family::Star(_) | Family::Hops(_) | Family::Countdown(_) | Family::Sliding(_) => Equivalence::Exact,
            Family::Dag(_) | Family::Tree(_) | Family::Graph(_) | Family::Labelled(_) | Family::Prompted(_) => {
                Equivalence::Relabelling
            }
        }
    }

    /// Draws problems until one's class is `wanted`, then its path, then its demonstrations.
    pub(crate) fn draw(&self, rng: &mut Stream, wanted: &dyn Fn(SymmetryClass) -> bool) -> (Instance, DistanceField) {
        if let Family::Maze(mazes) = self {
            return mazes.draw(rng, wanted);
        }
        if let Family::Mixture(mixture) = self {
            return mixture.pick(rng).draw(rng, wanted);
        }
        let requirement = self.draw_requirement(rng);
        let (problem, field, class) = loop {
            if let Some((problem, field)) = self.attempt(requirement, rng) {
                let class = self.class(&problem, &field);
                if wanted(class) {
                    break (problem, field, class);
                }
            }
        };
        let path = random_shortest_path(&problem.graph, &field, problem.origin, rng);
        let path = path.expect("families draw problems that can be solved");
        let demonstrations = match self {
            Family::Prompted(prompts) => prompts.demonstrations(&|shown, field| wanted(self.class(shown, field)), rng),
            _ => Vec::new(),
        };
        (Instance { problem, path, class, demonstrations }, field)
    }

    /// Draws problems in which every path to the target set crosses the avoid set, until one's class is `wanted`; `None` if
    /// the task has no avoid set, or such problems are too rare.
    pub(crate) fn draw_unavoidable(
        &self,
        rng: &mut Stream,
        wanted: &dyn Fn(SymmetryClass) -> bool,
    ) -> Option<Instance> {
        let Family::Labelled(graphs) = self else { return None };
        let n_draws = (MAX_DRAWN_NODES / self.n_nodes()).clamp(MIN_DRAWS, MAX_DRAWS);
        (0..n_draws).find_map(|_| {
            let (problem, blind) = graphs.attempt_unavoidable(rng)?;
            let class = Some(relabelling_class(&problem, &blind)).filter(|&class| wanted(class))?;
            let (path, _) = forbidden_path(&problem)?;
            Some(Instance { problem, path, class, demonstrations: Vec::new() })
        })
    }

    fn draw_requirement(&self, rng: &mut Stream) -> Requirement {
        match self {
            Family::Labelled(graphs) => Requirement { detour: graphs.draw_detour(rng), stratum: None },
            Family::Prompted(prompts) => prompts.draw_requirement(rng),
            _ => Requirement::default(),
        }
    }

    /// Draws one problem and the distances to its goal; `None` if the draw misses the config.
    fn attempt(&self, requirement: Requirement, rng: &mut Stream) -> Option<(Problem, DistanceField)> {
        let problem = match self {
            Family::Dag(dags) => return Some(dags.problem(rng)),
            Family::Graph(graphs) => return graphs.attempt(rng),
            Family::Labelled(graphs) => return graphs.attempt(requirement.detour, rng),
            Family::Prompted(prompts) => return prompts.attempt(requirement, rng),
            Family::Maze(mazes) => {
                let (instance, field) = mazes.draw(rng, &|_| true);
                return Some((instance.problem, field));
            }
            Family::Mixture(mixture) => return mixture.pick(rng).attempt(requirement, rng),
            Family::Countdown(games) => games.attempt(rng)?,
            Family::Star(stars) => stars.problem(rng),
            Family::Tree(trees) => trees.problem(rng),
            Family::Hops(maps) => maps.problem(rng),
            Family::Sliding(puzzles) => puzzles.problem(rng),
        };
        let field = problem.distances()?;
        Some((problem, field))
    }

    /// Returns the class of a problem of this family; `field` holds the distances to its goal.
    pub(crate) fn class(&self, problem: &Problem, field: &DistanceField) -> SymmetryClass {
        match (self, self.equivalence()) {
            (Family::Maze(mazes), _) => mazes.class(problem),
            (Family::Mixture(_), Equivalence::Lattice) => SymmetryClass(Identity::of(problem).maze_class),
            (_, Equivalence::Exact) => exact_class(problem),
            (_, Equivalence::Lattice | Equivalence::Relabelling) => relabelling_class(problem, field),
        }
    }

    /// Draws a fixed sequence of problems, and rejects a config that almost none fits.
    ///
    /// # Errors
    /// [`TaskError::TooRare`].
    fn check_yield(&self, config: &TaskConfig) -> Result<(), TaskError> {
        const ENOUGH: usize = 3;
        let requirements = match self {
            Family::Labelled(graphs) => {
                graphs.detours().into_iter().map(|detour| Requirement { detour, stratum: None }).collect()
            }
            Family::Prompted(prompts) => prompts.requirements(),
            _ => vec![Requirement::default()],
        };
        let n_draws = (MAX_DRAWN_NODES / self.n_nodes()).clamp(MIN_DRAWS, MAX_DRAWS);
        for requirement in requirements {
            let mut rng = stream(0, Purpose::Probe, 1);
            let n_found = (0..n_draws).filter(|_| self.attempt(requirement, &mut rng).is_some()).take(ENOUGH).count();
            if n_found < ENOUGH {
                return Err(TaskError::TooRare { task: config.name(), n_draws, n_found });
            }
        }
        Ok(())
    }

    /// Returns the approximate number of nodes of a graph, in families whose draws may fail.
    fn n_nodes(&self) -> usize {
        match self {
            Family::Graph(graphs) => graphs.table().structure.n_nodes(),
            Family::Labelled(graphs) => graphs.n_nodes(),
            Family::Prompted(prompts) => prompts.n_nodes(),
            _ => 1,
        }
    }

    /// Draws a fixed sequence of problems until every split has one, or [`PROBE_DRAWS`] are drawn.
    fn probe_splits(&self) -> FilledSplits {
        let mut rng = stream(0, Purpose::Probe, 0);
        let mut filled = [false; 3];
        let (mut n_draws, mut classes) = (0, BTreeSet::new());
        let draws = std::iter::repeat_with(|| self.probe(&mut rng));
        for class in draws.flatten().take(PROBE_DRAWS) {
            n_draws += 1;
            filled[Split::of(class) as usize] = true;
            classes.insert(class);
            if filled == [true; 3] {
                break;
            }
        }
        FilledSplits { filled, n_draws, n_classes: classes.len() }
    }

    /// Returns the class of one draw, to probe which splits the family fills; `None` if the draw misses the config.
    fn probe(&self, rng: &mut Stream) -> Option<SymmetryClass> {
        let requirement = self.draw_requirement(rng);
        self.attempt(requirement, rng).map(|(problem, field)| self.class(&problem, &field))
    }
}

/// Draws that [`Family::check_yield`] makes at most, if graphs are small.
const MAX_DRAWS: usize = 20_000;

/// Nodes that it draws at most, except that it always draws [`MIN_DRAWS`] graphs.
const MAX_DRAWN_NODES: usize = 4_000_000;

/// See [`MAX_DRAWN_NODES`].
const MIN_DRAWS: usize = 40;

/// Problems that [`Family::probe_splits`] draws before it calls a split empty. A split that holds one problem in a hundred
/// is missed once in 500 million tasks.
const PROBE_DRAWS: usize = 2000;
