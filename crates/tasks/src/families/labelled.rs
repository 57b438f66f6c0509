//! Labelled graphs: the goal is the nearest node whose label lies in a target set, on a way that keeps clear of a set to
//! avoid.
//!
//! Which node is the target is drawn first, independently of degree, name and leaf-hood, and labels are drawn to fit:
//! nearer nodes outside the target set, farther ones anywhere. So no shortcut that does not read labels does better
//! than chance. (`placement = "free"` draws labels alone, as they come.)

use serde::{Deserialize, Serialize};

use crate::band::Band;
use crate::difficulty::avoidance::{Avoidance, blind_field};
use crate::error::{TaskError, checked_range, checked_share};
use crate::families::labels::{Binning, Distribution, Sampler};
use crate::families::structure::{Arcs, Structure};
use crate::problem::graph::Graph;
use crate::problem::region::Region;
use crate::problem::solve::{DistanceField, steps_from};
use crate::problem::{Goal, Labels, Problem};
use searchlens_base::stream::{Stream, below, between, with_chance};

/// Labelled graphs: checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawLabelledConfig", into = "RawLabelledConfig")]
pub struct LabelledConfig(RawLabelledConfig);

/// [`LabelledConfig`] as it stands in a file: nothing checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawLabelledConfig {
    /// How the labels' space is cut into bins.
    pub binning: Binning,
    /// What joins the nodes.
    pub structure: Structure,
    /// Which ways edges can be walked; both if left out.
    #[serde(default)]
    pub arcs: Arcs,
    /// P, the distribution of labels.
    pub labels: Distribution,
    /// T, the target set.
    pub target: Region,
    /// A, the set to avoid; nothing if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avoid: Option<Region>,
    /// Which share of the target set's bins P may draw: the first so many in the order of bins; the others are taken out
    /// of P, and no problem ever shows them. 1 if left out.
    #[serde(default = "whole")]
    pub target_share: f64,
    /// Whether there must be one nearest target only. True if left out.
    #[serde(default = "yes")]
    pub unique_nearest: bool,
    /// How the target comes to its place.
    #[serde(default)]
    pub placement: Placement,
    /// v0, the share of problems in which whoever does not mind the set to avoid walks into it: there, the nearest target
    /// is farther than it would be if nothing had to be avoided. In all others, no shortest way to a nearest target enters
    /// the set. Left to chance if left out; only with `avoid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detour_share: Option<f64>,
    /// Δ, by how many steps the way that keeps clear is longer in the problems with a detour: each number of this range as
    /// often, from 1 on. Left to chance if left out; only with `detour_share`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detour_length: Option<Band>,
}

/// How the target comes to its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// The target is any node that can be reached from the origin, each as likely: not the nearest leaf, nor the node of
    /// highest degree, nor the first by name, more often than chance has it.
    #[default]
    Balanced,
    /// Labels are drawn independently from P, and the target is where they make it.
    Free,
}

impl TryFrom<RawLabelledConfig> for LabelledConfig {
    type Error = TaskError;

    fn try_from(raw: RawLabelledConfig) -> Result<LabelledConfig, TaskError> {
        raw.binning.check()?;
        raw.structure.check()?;
        checked_range("nodes", raw.structure.n_nodes(), 2, MAX_LABELLED_NODES)?;
        raw.labels.check(&raw.binning)?;
        let region =
            |field, region: &Region| region.check(raw.binning.dim).map_err(|error| TaskError::Region { field, error });
        region("target", &raw.target)?;
        raw.avoid.as_ref().map_or(Ok(()), |avoid| region("avoid", avoid))?;
        checked_share("target_share", raw.target_share)?;
        if let Some(share) = raw.detour_share {
            checked_share("detour_share", share)?;
            if raw.avoid.is_none() {
                let wanted = "left out: there is no set to avoid".to_owned();
                return Err(TaskError::Range { field: "detour_share", value: share.to_string(), wanted });
            }
        }
        if let Some(band) = raw.detour_length {
            let wanted = match (band.max, raw.detour_share) {
                (_, None) => "left out: `detour_share` says how many problems have a detour",
                (Some(max), _) if band.min >= 1 && max < MAX_LABELLED_NODES => "",
                _ => "a range from 1 on with two ends, such as \"1..4\"",
            };
            if !wanted.is_empty() {
                let (value, wanted) = (format!("\"{band}\""), wanted.to_owned());
                return Err(TaskError::Range { field: "detour_length", value, wanted });
            }
        }
        LabelledFamily::tables(&raw)?;
        Ok(LabelledConfig(raw))
    }
}

impl From<LabelledConfig> for RawLabelledConfig {
    fn from(config: LabelledConfig) -> RawLabelledConfig {
        config.0
    }
}

const MAX_LABELLED_NODES: usize = 10_000;

/// Labels less likely than this are never drawn.
const LEAST_CHANCE: f64 = 1e-9;

impl LabelledConfig {
    /// The table.
    pub fn table(&self) -> &RawLabelledConfig {
        &self.0
    }

    /// The same task with labels from another distribution P′, which may show all of the target set.
    ///
    /// # Errors
    /// As for any config.
    pub fn shifted(&self, labels: Distribution) -> Result<LabelledConfig, TaskError> {
        RawLabelledConfig { labels, target_share: 1.0, ..self.0.clone() }.try_into()
    }

    /// The same task with another target set, of which P may show everything.
    ///
    /// # Errors
    /// As for any config.
    pub fn retargeted(&self, target: Region) -> Result<LabelledConfig, TaskError> {
        RawLabelledConfig { target, target_share: 1.0, ..self.0.clone() }.try_into()
    }

    pub(crate) fn name(&self) -> String {
        format!("labelled-{}", self.0.structure.name())
    }
}

/// Labelled graphs, with the tables that labels are drawn from.
#[derive(Clone, Debug)]
pub(crate) struct LabelledFamily {
    config: RawLabelledConfig,
    tables: Tables,
}

/// Samplers of P, as a whole and inside the sets.
#[derive(Clone, Debug)]
struct Tables {
    /// P.
    any: Sampler,
    /// P in A; `None` if P never draws from it.
    avoided: Option<Sampler>,
    /// The chance of A under P.
    avoided_chance: f64,
    /// P outside A.
    open: Sampler,
    /// P in T and outside A.
    target: Sampler,
    /// P outside T and A.
    other: Sampler,
}

impl LabelledFamily {
    pub(crate) fn new(config: &LabelledConfig) -> LabelledFamily {
        let config = config.table().clone();
        let tables = LabelledFamily::tables(&config).expect("checked when the config was made");
        LabelledFamily { config, tables }
    }

    fn tables(config: &RawLabelledConfig) -> Result<Tables, TaskError> {
        let binning = &config.binning;
        let mut weights = config.labels.weights(binning);
        // What rounding leaves at the edge of a box is nothing.
        let total: f64 = weights.iter().sum();
        weights.iter_mut().filter(|w| **w < total * LEAST_CHANCE).for_each(|w| *w = 0.0);
        let in_target = binning.members(&config.target);
        let in_avoid = config.avoid.as_ref().map_or(vec![false; weights.len()], |avoid| binning.members(avoid));
        let cells: Vec<usize> = (0..weights.len()).filter(|&cell| in_target[cell]).collect();
        let shown = (config.target_share * cells.len() as f64).round() as usize;
        cells[shown..].iter().for_each(|&cell| weights[cell] = 0.0);
        let empty = |what| TaskError::NoLabels { what };
        let sampler = |what, keep: &dyn Fn(usize) -> bool| Sampler::new(&weights, keep).ok_or(empty(what));
        let total: f64 = weights.iter().sum();
        let avoided: f64 = weights.iter().zip(&in_avoid).filter(|(_, avoid)| **avoid).map(|(w, _)| w).sum();
        Ok(Tables {
            any: sampler("at all", &|_| true)?,
            avoided: Sampler::new(&weights, |cell| in_avoid[cell]),
            avoided_chance: avoided / total,
            open: sampler("outside the set to avoid", &|cell| !in_avoid[cell])?,
            target: sampler("in the target set (and outside the set to avoid)", &|c| in_target[c] && !in_avoid[c])?,
            other: sampler("outside the target set and the set to avoid", &|c| !in_target[c] && !in_avoid[c])?,
        })
    }

    pub(crate) fn n_nodes(&self) -> usize {
        self.config.structure.n_nodes()
    }

    /// Whether the next problem is to have a detour; `None` if that is left to chance. Drawn once a problem and not once a
    /// graph, as graphs without detours are more frequent.
    pub(crate) fn draw_detour(&self, rng: &mut Stream) -> Option<DetourWish> {
        let share = self.config.detour_share?;
        if !with_chance(rng, share) {
            return Some(DetourWish { kind: Detour::None, longer_by: None });
        }
        let longer_by = self.config.detour_length.and_then(|band| Some(between(rng, band.min, band.max?)));
        Some(DetourWish { kind: Detour::Needed, longer_by })
    }

    /// Everything that [`LabelledFamily::draw_detour`] can say.
    pub(crate) fn detours(&self) -> Vec<Option<DetourWish>> {
        let Some(share) = self.config.detour_share else { return vec![None] };
        let lengths: Vec<Option<usize>> = match self.config.detour_length {
            Some(Band { min, max: Some(max) }) => (min..=max).map(Some).collect(),
            _ => vec![None],
        };
        let none = (share < 1.0).then_some(DetourWish { kind: Detour::None, longer_by: None });
        let needed = lengths.into_iter().map(|longer_by| DetourWish { kind: Detour::Needed, longer_by });
        none.into_iter().chain(needed.filter(|_| share > 0.0)).map(Some).collect()
    }

    /// One graph with labels, if it fits what the config and `detour` ask.
    pub(crate) fn attempt(&self, detour: Option<DetourWish>, rng: &mut Stream) -> Option<(Problem, DistanceField)> {
        let config = &self.config;
        let graph = config.structure.graph(config.arcs, rng);
        let origin = below(rng, graph.n_nodes());
        let cells = match config.placement {
            Placement::Balanced => self.placed(&graph, origin, rng)?,
            Placement::Free => (0..graph.n_nodes()).map(|_| self.tables.any.draw(rng)).collect(),
        };
        let problem = self.labelled(graph, origin, &cells);
        if problem.is_target(origin) || problem.is_avoided(origin) {
            return None;
        }
        let field = problem.distances()?;
        field.distance(origin)?;
        let unique = !config.unique_nearest || field.ends_from(&problem.graph, origin).len() == 1;
        let detoured = detour.is_none_or(|wish| wish.fits(&problem, &field));
        (unique && detoured).then_some((problem, field))
    }

    /// One graph with labels in which every way to a target enters the set to avoid, and the distances to the target set for
    /// one who minds nothing. Labels are drawn from P as they come, the origin's outside both sets: where the target is to be
    /// walled in, there is no balanced place for it.
    pub(crate) fn attempt_forced(&self, rng: &mut Stream) -> Option<(Problem, DistanceField)> {
        let config = &self.config;
        let graph = config.structure.graph(config.arcs, rng);
        let origin = below(rng, graph.n_nodes());
        let mut cells: Vec<usize> = (0..graph.n_nodes()).map(|_| self.tables.any.draw(rng)).collect();
        cells[origin] = self.tables.other.draw(rng);
        let problem = self.labelled(graph, origin, &cells);
        let blind = blind_field(&problem)??;
        let unique = !config.unique_nearest || blind.ends_from(&problem.graph, origin).len() == 1;
        let is_forced = Avoidance::of(&problem)?.is_forced();
        (unique && is_forced).then_some((problem, blind))
    }

    /// The problem on a graph with labels, given by cell of the binning.
    fn labelled(&self, graph: Graph, origin: usize, cells: &[usize]) -> Problem {
        let config = &self.config;
        let mut values = Vec::with_capacity(cells.len() * config.binning.dim);
        cells.iter().for_each(|&cell| config.binning.push_centre(cell, &mut values));
        let labels = Some(Labels::new(config.binning.dim, values));
        let goal = Goal::Nearest { within: config.target.clone(), avoid: config.avoid.clone() };
        Problem { labels, ..Problem::on(graph, origin, goal) }
    }

    /// Labels, by cell, that make a node drawn at random a nearest target; `None` if nothing can be reached.
    fn placed(&self, graph: &Graph, origin: usize, rng: &mut Stream) -> Option<Vec<usize>> {
        let (n, tables) = (graph.n_nodes(), &self.tables);
        let closed: Vec<bool> = (0..n).map(|v| with_chance(rng, tables.avoided_chance) && v != origin).collect();
        let steps = steps_from(graph, origin, |v| closed[v]);
        let reached: Vec<usize> = (0..n).filter(|&v| v != origin && steps[v] != u64::MAX).collect();
        if reached.is_empty() {
            return None;
        }
        let target = reached[below(rng, reached.len())];
        let label = |v: usize| match &tables.avoided {
            Some(avoided) if closed[v] => avoided.draw(rng),
            _ if v == target => tables.target.draw(rng),
            _ if steps[v] <= steps[target] => tables.other.draw(rng),
            _ => tables.open.draw(rng),
        };
        Some((0..n).map(label).collect())
    }
}

/// What minding the set to avoid shall change in a problem.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DetourWish {
    kind: Detour,
    /// Δ in steps; any if absent.
    longer_by: Option<usize>,
}

impl DetourWish {
    fn fits(self, problem: &Problem, field: &DistanceField) -> bool {
        let longer = || Avoidance::of(problem).and_then(|avoidance| avoidance.detour());
        Detour::of(problem, field) == self.kind && self.longer_by.is_none_or(|by| longer() == Some(by))
    }
}

/// What minding the set to avoid changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detour {
    /// Nothing: no shortest way to a nearest target enters the set.
    None,
    /// Some of the shortest ways enter it and some do not.
    OneOfSeveral,
    /// The nearest target would be nearer, or nearer by another way, if nothing had to be avoided: all shortest ways enter
    /// the set.
    Needed,
}

impl Detour {
    /// What it is in a problem; `field` must hold its distances.
    pub fn of(problem: &Problem, field: &DistanceField) -> Detour {
        let graph = &problem.graph;
        let (Goal::Nearest { within, .. }, Some(labels)) = (&problem.goal, &problem.labels) else {
            return Detour::None;
        };
        let targets: Vec<usize> = (0..graph.n_nodes()).filter(|&v| within.contains(labels.of(v))).collect();
        let Some(blind) = DistanceField::to_nearest(graph, &targets, |_| false) else { return Detour::None };
        let count = |field: &DistanceField| field.count_paths(graph, problem.origin);
        match blind.distance(problem.origin) == field.distance(problem.origin) {
            false => Detour::Needed,
            true if count(&blind) == count(field) => Detour::None,
            true => Detour::OneOfSeveral,
        }
    }
}

fn whole() -> f64 {
    1.0
}

fn yes() -> bool {
    true
}
