//! The families of problems that a task can draw from: one file each, behind one closed enum.
//!
//! The exact solver of every family is [`Problem::distances`] (with [`Problem::nearest_targets`] and
//! [`DistanceField::successors`]: all goals that are nearest, all steps that are right); what its problems lose to ties is
//! [`crate::difficulty::shortcut::Floor`]; what walkers score on them that do not search is [`crate::sets::baselines::baselines`].
//!
//! | family | same problem | no-search baselines | ties |
//! |---|---|---|---|
//! | `maze` | D4 or D2, endpoints aside | walkers, greedy by Manhattan distance | none on trees |
//! | `star` | equal name by name | walkers: 1/arms at the first step, sure afterwards | none |
//! | `dag`, `graph` | renaming | walkers (greedy is random: there is no geometry) | shortest paths |
//! | `tree` | renaming | walkers | none |
//! | `labelled`, `prompted` | renaming, with labels and sets | walkers, and [`crate::difficulty::shortcut::Shortcut`]s past the labels | shortest paths; one goal if `unique_nearest` |
//! | `hops` | equal name by name | a step is forced; guessing the end is right once in `nodes - 1` | none |
//! | `countdown` | equal numbers and target | walkers | orders of joining |
//! | `sliding` | equal arrangements | walkers | shortest paths |
//!
//! A family of graphs says how a problem is drawn and what makes two of them the same ([`Equivalence`]); the rest, from
//! the split to the path, is the same for all and stands here. Mazes know their class before their endpoints are drawn,
//! and have a draw of their own.

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
use crate::splits::refine::{labelled_class, relabelling_class};
use crate::splits::{Equivalence, Split, SymmetryClass};
use countdown::CountdownConfig;
use dag::DagConfig;
use graph::GraphConfig;
use hops::HopsConfig;
use labelled::{DetourWish, LabelledFamily};
use maze::MazeFamily;
use mixture::MixtureFamily;
use prompted::{PromptedFamily, Stratum};
use searchlens_base::stream::{Purpose, Stream, stream};
use sliding::SlidingFamily;
use star::StarConfig;
use tree::TreeConfig;

/// What one problem is to be like, beyond what holds for all of a config. Drawn before any graph, so that what is rare
/// comes as often as was asked.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wish {
    pub(crate) detour: Option<DetourWish>,
    pub(crate) stratum: Option<Stratum>,
}

/// A family, with what it looks up while drawing.
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
    /// The family of a config, and the splits it has problems in.
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
        let splits = FilledSplits::probe(&family);
        Ok((family, splits))
    }

    /// What makes two problems the same.
    pub(crate) fn equivalence(&self) -> Equivalence {
        match self {
            Family::Maze(_) => Equivalence::Lattice,
            Family::Mixture(mixture) => mixture.equivalence(),
            Family::Star(_) | Family::Hops(_) | Family::Countdown(_) | Family::Sliding(_) => Equivalence::Labelled,
            Family::Dag(_) | Family::Tree(_) | Family::Graph(_) | Family::Labelled(_) | Family::Prompted(_) => {
                Equivalence::Relabelling
            }
        }
    }

    /// Draws until a problem's class is wanted, then its path, then the examples that go before it.
    pub(crate) fn draw(&self, rng: &mut Stream, wanted: &dyn Fn(SymmetryClass) -> bool) -> (Instance, DistanceField) {
        if let Family::Maze(mazes) = self {
            return mazes.draw(rng, wanted);
        }
        if let Family::Mixture(mixture) = self {
            return mixture.pick(rng).draw(rng, wanted);
        }
        let wish = self.draw_wish(rng);
        let (problem, field, class) = loop {
            if let Some((problem, field)) = self.attempt(wish, rng) {
                let class = self.class(&problem, &field);
                if wanted(class) {
                    break (problem, field, class);
                }
            }
        };
        let path = random_shortest_path(&problem.graph, &field, problem.origin, rng);
        let path = path.expect("families draw problems that can be solved");
        let shown = match self {
            Family::Prompted(prompts) => prompts.examples(&|shown, field| wanted(self.class(shown, field)), rng),
            _ => Vec::new(),
        };
        (Instance { problem, path, class, shown }, field)
    }

    /// Draws until a problem whose set to avoid cannot be avoided is of a wanted class; `None` if the task has no such set, or
    /// of many draws hardly any was such a problem.
    pub(crate) fn draw_forced(&self, rng: &mut Stream, wanted: &dyn Fn(SymmetryClass) -> bool) -> Option<Instance> {
        let Family::Labelled(graphs) = self else { return None };
        let n_draws = (MAX_DRAWN_NODES / self.n_nodes()).clamp(LEAST_DRAWS, MAX_DRAWS);
        (0..n_draws).find_map(|_| {
            let (problem, blind) = graphs.attempt_forced(rng)?;
            let class = Some(relabelling_class(&problem, &blind)).filter(|&class| wanted(class))?;
            let (path, _) = forbidden_path(&problem)?;
            Some(Instance { problem, path, class, shown: Vec::new() })
        })
    }

    fn draw_wish(&self, rng: &mut Stream) -> Wish {
        match self {
            Family::Labelled(graphs) => Wish { detour: graphs.draw_detour(rng), stratum: None },
            Family::Prompted(prompts) => prompts.draw_wish(rng),
            _ => Wish::default(),
        }
    }

    /// One draw of a problem and the distances to its goal; `None` if what was drawn does not fit the config.
    fn attempt(&self, wish: Wish, rng: &mut Stream) -> Option<(Problem, DistanceField)> {
        let problem = match self {
            Family::Dag(dags) => return Some(dags.problem(rng)),
            Family::Graph(graphs) => return graphs.attempt(rng),
            Family::Labelled(graphs) => return graphs.attempt(wish.detour, rng),
            Family::Prompted(prompts) => return prompts.attempt(wish, rng),
            Family::Maze(mazes) => {
                let (instance, field) = mazes.draw(rng, &|_| true);
                return Some((instance.problem, field));
            }
            Family::Mixture(mixture) => return mixture.pick(rng).attempt(wish, rng),
            Family::Countdown(games) => games.attempt(rng)?,
            Family::Star(stars) => stars.problem(rng),
            Family::Tree(trees) => trees.problem(rng),
            Family::Hops(maps) => maps.problem(rng),
            Family::Sliding(puzzles) => puzzles.problem(rng),
        };
        let field = problem.distances()?;
        Some((problem, field))
    }

    /// The class of a problem of this family; `field` holds the distances to its goal.
    pub(crate) fn class(&self, problem: &Problem, field: &DistanceField) -> SymmetryClass {
        match (self, self.equivalence()) {
            (Family::Maze(mazes), _) => mazes.class(problem),
            (Family::Mixture(_), Equivalence::Lattice) => SymmetryClass(Identity::of(problem).maze_class),
            (_, Equivalence::Labelled) => labelled_class(problem),
            (_, Equivalence::Lattice | Equivalence::Relabelling) => relabelling_class(problem, field),
        }
    }

    /// Tries to draw problems, the same ones every time, and refuses a config that hardly any fits.
    ///
    /// # Errors
    /// [`TaskError::TooRare`].
    fn check_yield(&self, config: &TaskConfig) -> Result<(), TaskError> {
        const ENOUGH: usize = 3;
        let wishes = match self {
            Family::Labelled(graphs) => {
                graphs.detours().into_iter().map(|detour| Wish { detour, stratum: None }).collect()
            }
            Family::Prompted(prompts) => prompts.wishes(),
            _ => vec![Wish::default()],
        };
        let n_draws = (MAX_DRAWN_NODES / self.n_nodes()).clamp(LEAST_DRAWS, MAX_DRAWS);
        for wish in wishes {
            let mut rng = stream(0, Purpose::Probe, 1);
            let n_found = (0..n_draws).filter(|_| self.attempt(wish, &mut rng).is_some()).take(ENOUGH).count();
            if n_found < ENOUGH {
                return Err(TaskError::TooRare { task: config.name(), n_draws, n_found });
            }
        }
        Ok(())
    }

    /// About how many nodes a graph has, where draws may fail.
    fn n_nodes(&self) -> usize {
        match self {
            Family::Graph(graphs) => graphs.table().structure.n_nodes(),
            Family::Labelled(graphs) => graphs.n_nodes(),
            Family::Prompted(prompts) => prompts.n_nodes(),
            _ => 1,
        }
    }

    /// The class of one draw, as a probe of what splits the family fills; `None` if the draw does not fit.
    fn probe(&self, rng: &mut Stream) -> Option<SymmetryClass> {
        let wish = self.draw_wish(rng);
        self.attempt(wish, rng).map(|(problem, field)| self.class(&problem, &field))
    }
}

/// How many draws [`Family::check_yield`] makes before it gives a config up, if graphs are small.
const MAX_DRAWS: usize = 20_000;

/// How many nodes it draws at most, save that [`LEAST_DRAWS`] graphs are drawn in any case.
const MAX_DRAWN_NODES: usize = 4_000_000;

/// See [`MAX_DRAWN_NODES`].
const LEAST_DRAWS: usize = 40;

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
        let draws = std::iter::repeat_with(|| family.probe(&mut rng));
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
}
