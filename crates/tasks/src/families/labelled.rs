//! Labelled graphs: the goal is the nearest node whose label lies in a target set, on a path that stays outside an avoid
//! set.
//!
//! The target node is drawn first, independently of degree, name and distance to leaves, and labels are drawn to fit:
//! nodes nearer than the target outside the target set, farther ones anywhere. So no label-blind shortcut beats chance.
//! (`placement = "free"` draws labels independently instead.)

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

/// A validated config of labelled graphs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawLabelledConfig", into = "RawLabelledConfig")]
pub struct LabelledConfig(RawLabelledConfig);

/// An unvalidated [`LabelledConfig`], as written in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawLabelledConfig {
    /// How label space is divided into bins.
    pub binning: Binning,
    /// The random graph.
    pub structure: Structure,
    /// Direction of edges. Default: both ways.
    #[serde(default)]
    pub arcs: Arcs,
    /// P, the distribution of labels.
    pub labels: Distribution,
    /// T, the target set.
    pub target: Region,
    /// A, the avoid set. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avoid: Option<Region>,
    /// The share of the target set's bins that P may draw: the first ones in bin order. The others are removed from P and
    /// never appear in a problem. Default: 1.
    #[serde(default = "whole")]
    pub target_share: f64,
    /// Whether the nearest target must be unique. Default: true.
    #[serde(default = "yes")]
    pub unique_nearest: bool,
    /// How the target node is chosen.
    #[serde(default)]
    pub placement: Placement,
    /// v0, the share of problems that need a detour: ignoring the avoid set, every shortest path to a nearest target crosses
    /// it. In all other problems no shortest path crosses it. Default: left to chance. Requires `avoid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detour_share: Option<f64>,
    /// Δ, how many steps longer the detour is: each value of this range equally often, at least 1. Default: left to chance.
    /// Requires `detour_share`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detour_length: Option<Band>,
}

/// How the target node is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// The target is drawn uniformly from the nodes reachable from the origin, so it is the nearest leaf, the node of
    /// highest degree or the first by name no more often than chance.
    #[default]
    Balanced,
    /// Labels are drawn independently from P, and define the target.
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
                let wanted = "left out: there is no `avoid` set".to_owned();
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
        LabelledFamily::samplers(&raw)?;
        Ok(LabelledConfig(raw))
    }
}

impl From<LabelledConfig> for RawLabelledConfig {
    fn from(config: LabelledConfig) -> RawLabelledConfig {
        config.0
    }
}

const MAX_LABELLED_NODES: usize = 10_000;

/// Labels with a smaller probability are never drawn.
const MIN_CHANCE: f64 = 1e-9;

impl LabelledConfig {
    /// Returns the config's fields.
    pub fn table(&self) -> &RawLabelledConfig {
        &self.0
    }

    /// Returns the same task with labels from another distribution P′, which may draw from all of the target set.
    ///
    /// # Errors
    /// As for any config.
    pub fn shifted(&self, labels: Distribution) -> Result<LabelledConfig, TaskError> {
        RawLabelledConfig { labels, target_share: 1.0, ..self.0.clone() }.try_into()
    }

    /// Returns the same task with another target set, all of which P may draw.
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

/// Labelled graphs, with the samplers of their labels.
#[derive(Clone, Debug)]
pub(crate) struct LabelledFamily {
    config: RawLabelledConfig,
    samplers: Samplers,
}

/// Samplers of P, as a whole and inside the sets.
#[derive(Clone, Debug)]
struct Samplers {
    /// P.
    any: Sampler,
    /// P in A; `None` if P never draws from it.
    avoided: Option<Sampler>,
    /// The probability of A under P.
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
        let samplers = LabelledFamily::samplers(&config).expect("checked when the config was made");
        LabelledFamily { config, samplers }
    }

    fn samplers(config: &RawLabelledConfig) -> Result<Samplers, TaskError> {
        let binning = &config.binning;
        let mut weights = config.labels.weights(binning);
        // Rounding leaves tiny weights at the edge of a box.
        let total: f64 = weights.iter().sum();
        weights.iter_mut().filter(|w| **w < total * MIN_CHANCE).for_each(|w| *w = 0.0);
        let in_target = binning.members(&config.target);
        let in_avoid = config.avoid.as_ref().map_or(vec![false; weights.len()], |avoid| binning.members(avoid));
        let cells: Vec<usize> = (0..weights.len()).filter(|&cell| in_target[cell]).collect();
        let shown = (config.target_share * cells.len() as f64).round() as usize;
        cells[shown..].iter().for_each(|&cell| weights[cell] = 0.0);
        let empty = |what| TaskError::NoLabels { what };
        let sampler = |what, keep: &dyn Fn(usize) -> bool| Sampler::new(&weights, keep).ok_or(empty(what));
        let total: f64 = weights.iter().sum();
        let avoided: f64 = weights.iter().zip(&in_avoid).filter(|(_, avoid)| **avoid).map(|(w, _)| w).sum();
        Ok(Samplers {
            any: sampler("at all", &|_| true)?,
            avoided: Sampler::new(&weights, |cell| in_avoid[cell]),
            avoided_chance: avoided / total,
            open: sampler("outside the avoid set", &|cell| !in_avoid[cell])?,
            target: sampler("in the target set (and outside the avoid set)", &|c| in_target[c] && !in_avoid[c])?,
            other: sampler("outside the target set and the avoid set", &|c| !in_target[c] && !in_avoid[c])?,
        })
    }

    pub(crate) fn n_nodes(&self) -> usize {
        self.config.structure.n_nodes()
    }

    /// Draws the detour required of the next problem; `None` if left to chance. Drawn once per problem, not once per graph,
    /// because graphs without detours are more frequent.
    pub(crate) fn draw_detour(&self, rng: &mut Stream) -> Option<DetourRequirement> {
        let share = self.config.detour_share?;
        if !with_chance(rng, share) {
            return Some(DetourRequirement { kind: Detour::None, longer_by: None });
        }
        let longer_by = self.config.detour_length.and_then(|band| Some(between(rng, band.min, band.max?)));
        Some(DetourRequirement { kind: Detour::Needed, longer_by })
    }

    /// Lists every value of [`LabelledFamily::draw_detour`].
    pub(crate) fn detours(&self) -> Vec<Option<DetourRequirement>> {
        let Some(share) = self.config.detour_share else { return vec![None] };
        let lengths: Vec<Option<usize>> = match self.config.detour_length {
            Some(Band { min, max: Some(max) }) => (min..=max).map(Some).collect(),
            _ => vec![None],
        };
        let none = (share < 1.0).then_some(DetourRequirement { kind: Detour::None, longer_by: None });
        let needed = lengths.into_iter().map(|longer_by| DetourRequirement { kind: Detour::Needed, longer_by });
        none.into_iter().chain(needed.filter(|_| share > 0.0)).map(Some).collect()
    }

    /// Draws one labelled graph; `None` if it misses the config or the required `detour`.
    pub(crate) fn attempt(
        &self,
        detour: Option<DetourRequirement>,
        rng: &mut Stream,
    ) -> Option<(Problem, DistanceField)> {
        let config = &self.config;
        let graph = config.structure.graph(config.arcs, rng);
        let origin = below(rng, graph.n_nodes());
        let cells = match config.placement {
            Placement::Balanced => self.placed(&graph, origin, rng)?,
            Placement::Free => (0..graph.n_nodes()).map(|_| self.samplers.any.draw(rng)).collect(),
        };
        let problem = self.labelled(graph, origin, &cells);
        if problem.is_target(origin) || problem.is_avoided(origin) {
            return None;
        }
        let field = problem.distances()?;
        field.distance(origin)?;
        let unique = !config.unique_nearest || field.ends_from(&problem.graph, origin).len() == 1;
        let detoured = detour.is_none_or(|requirement| requirement.fits(&problem, &field));
        (unique && detoured).then_some((problem, field))
    }

    /// Draws one labelled graph whose every path to a target crosses the avoid set, with distances that ignore the avoid set;
    /// `None` if the draw is not such a graph. Labels are drawn independently from P, the origin's outside both sets: a
    /// target enclosed by the avoid set has no balanced place.
    pub(crate) fn attempt_unavoidable(&self, rng: &mut Stream) -> Option<(Problem, DistanceField)> {
        let config = &self.config;
        let graph = config.structure.graph(config.arcs, rng);
        let origin = below(rng, graph.n_nodes());
        let mut cells: Vec<usize> = (0..graph.n_nodes()).map(|_| self.samplers.any.draw(rng)).collect();
        cells[origin] = self.samplers.other.draw(rng);
        let problem = self.labelled(graph, origin, &cells);
        let blind = blind_field(&problem)??;
        let unique = !config.unique_nearest || blind.ends_from(&problem.graph, origin).len() == 1;
        let is_unavoidable = Avoidance::of(&problem)?.is_unavoidable();
        (unique && is_unavoidable).then_some((problem, blind))
    }

    /// Makes the problem of a graph with labels, given as cells of the binning.
    fn labelled(&self, graph: Graph, origin: usize, cells: &[usize]) -> Problem {
        let config = &self.config;
        let mut values = Vec::with_capacity(cells.len() * config.binning.dim);
        cells.iter().for_each(|&cell| config.binning.push_centre(cell, &mut values));
        let labels = Some(Labels::new(config.binning.dim, values));
        let goal = Goal::Nearest { within: config.target.clone(), avoid: config.avoid.clone() };
        Problem { labels, ..Problem::on(graph, origin, goal) }
    }

    /// Draws labels, as cells, that make a random node the nearest target; `None` if nothing is reachable.
    fn placed(&self, graph: &Graph, origin: usize, rng: &mut Stream) -> Option<Vec<usize>> {
        let (n, samplers) = (graph.n_nodes(), &self.samplers);
        let closed: Vec<bool> = (0..n).map(|v| with_chance(rng, samplers.avoided_chance) && v != origin).collect();
        let steps = steps_from(graph, origin, |v| closed[v]);
        let reached: Vec<usize> = (0..n).filter(|&v| v != origin && steps[v] != u64::MAX).collect();
        if reached.is_empty() {
            return None;
        }
        let target = reached[below(rng, reached.len())];
        let label = |v: usize| match &samplers.avoided {
            Some(avoided) if closed[v] => avoided.draw(rng),
            _ if v == target => samplers.target.draw(rng),
            _ if steps[v] <= steps[target] => samplers.other.draw(rng),
            _ => samplers.open.draw(rng),
        };
        Some((0..n).map(label).collect())
    }
}

/// A requirement on the detour of one problem.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DetourRequirement {
    kind: Detour,
    /// Δ in steps; any if `None`.
    longer_by: Option<usize>,
}

impl DetourRequirement {
    fn fits(self, problem: &Problem, field: &DistanceField) -> bool {
        let longer = || Avoidance::of(problem).and_then(|avoidance| avoidance.detour());
        Detour::of(problem, field) == self.kind && self.longer_by.is_none_or(|by| longer() == Some(by))
    }
}

/// How the avoid set changes the shortest paths of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detour {
    /// Not at all: no shortest path to a nearest target crosses it.
    None,
    /// Some of the shortest paths cross it and some do not.
    OneOfSeveral,
    /// All shortest paths cross it: complying is longer.
    Needed,
}

impl Detour {
    /// Returns the detour of a problem; `field` must hold the distances to its goal.
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
