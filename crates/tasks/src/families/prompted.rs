//! Prompts: examples of labelled graphs with their paths, then the question. The examples may follow the target set that
//! the network was trained on, or another one, or be spoilt in ways that tell what the network takes from them.

use serde::{Deserialize, Serialize};

use crate::error::{TaskError, checked_range};
use crate::families::Wish;
use crate::families::labelled::{LabelledConfig, LabelledFamily};
use crate::families::labels::Distribution;
use crate::instance::Shown;
use crate::problem::region::Region;
use crate::problem::solve::{DistanceField, random_shortest_path};
use crate::problem::{Goal, Labels, Problem};
use searchlens_base::stream::{Stream, below, shuffle};

/// Prompts: checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawPromptedConfig", into = "RawPromptedConfig")]
pub struct PromptedConfig(RawPromptedConfig);

/// [`PromptedConfig`] as it stands in a file: nothing checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawPromptedConfig {
    /// The graphs, their labels, and T, which the question's path goes by.
    pub graph: LabelledConfig,
    /// E, how many examples are shown; 0 for the question alone.
    pub examples: usize,
    /// Which set the paths shown go by; T if left out.
    #[serde(default)]
    pub follow: Follow,
    /// T_*, another target set. Needed by `follow = "other"` and by `strata`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<Region>,
    /// In what way the examples are spoilt; none if left out.
    #[serde(default)]
    pub spoilt: Spoilt,
    /// P of the examples' labels, if it is not the question's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_labels: Option<Distribution>,
    /// The strata of conflict between T and T_* that questions come from, each as likely. Any question if left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strata: Vec<Stratum>,
}

/// Which set the paths shown go by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Follow {
    /// T, the question's.
    #[default]
    Target,
    /// T_*.
    Other,
}

/// In what way examples are spoilt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spoilt {
    /// They are not.
    #[default]
    Not,
    /// Labels are dealt anew among the nodes after the path is found: the path goes by nothing that is shown.
    Shuffled,
    /// Paths without their graphs: what is left can only be copied.
    Blanked,
    /// Copies of one example.
    Repeated,
}

/// How T and T_* disagree about a question. In all of them, the nearest node of T is not in T_* and the other way round,
/// and one of the two is nearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stratum {
    /// The node of T is nearer; no node is in both sets.
    TargetNearer,
    /// The node of T_* is nearer; no node is in both sets.
    OtherNearer,
    /// The node of T is nearer; farther than either, a node is in both.
    TargetNearerShared,
    /// The node of T_* is nearer; farther than either, a node is in both.
    OtherNearerShared,
}

const MAX_EXAMPLES: usize = 1000;

impl TryFrom<RawPromptedConfig> for PromptedConfig {
    type Error = TaskError;

    fn try_from(raw: RawPromptedConfig) -> Result<PromptedConfig, TaskError> {
        checked_range("examples", raw.examples, 0, MAX_EXAMPLES)?;
        match &raw.other {
            Some(other) => {
                let dim = raw.graph.table().binning.dim;
                other.check(dim).map_err(|error| TaskError::Region { field: "other", error })?;
            }
            None if raw.follow == Follow::Other || !raw.strata.is_empty() => {
                let wanted = "given: `follow = \"other\"` and `strata` need a second target set".to_owned();
                return Err(TaskError::Range { field: "other", value: "missing".to_owned(), wanted });
            }
            None => {}
        }
        shown_config(&raw)?;
        Ok(PromptedConfig(raw))
    }
}

impl From<PromptedConfig> for RawPromptedConfig {
    fn from(config: PromptedConfig) -> RawPromptedConfig {
        config.0
    }
}

impl PromptedConfig {
    /// The table.
    pub fn table(&self) -> &RawPromptedConfig {
        &self.0
    }

    pub(crate) fn name(&self) -> String {
        format!("prompted-{}-{}", self.0.examples, self.0.graph.name())
    }
}

/// The config that examples are drawn by.
fn shown_config(config: &RawPromptedConfig) -> Result<LabelledConfig, TaskError> {
    let mut shown = config.graph.clone();
    if let Some(labels) = &config.shown_labels {
        shown = shown.shifted(labels.clone())?;
    }
    match (&config.other, config.follow) {
        (Some(other), Follow::Other) => shown.retargeted(other.clone()),
        _ => Ok(shown),
    }
}

/// Prompts, with the tables of their graphs.
#[derive(Clone, Debug)]
pub(crate) struct PromptedFamily {
    config: RawPromptedConfig,
    question: LabelledFamily,
    shown: LabelledFamily,
}

impl PromptedFamily {
    pub(crate) fn new(config: &PromptedConfig) -> PromptedFamily {
        let config = config.table().clone();
        let shown = shown_config(&config).expect("checked when the config was made");
        PromptedFamily { question: LabelledFamily::new(&config.graph), shown: LabelledFamily::new(&shown), config }
    }

    /// One question, if it fits the wish.
    pub(crate) fn attempt(&self, wish: Wish, rng: &mut Stream) -> Option<(Problem, DistanceField)> {
        let (problem, field) = self.question.attempt(wish.detour, rng)?;
        let fits = match (wish.stratum, &self.config.other) {
            (Some(wanted), Some(other)) => Stratum::of(&problem, other) == Some(wanted),
            _ => true,
        };
        fits.then_some((problem, field))
    }

    pub(crate) fn n_nodes(&self) -> usize {
        self.question.n_nodes()
    }

    /// What the next question is to be like.
    pub(crate) fn draw_wish(&self, rng: &mut Stream) -> Wish {
        let detour = self.question.draw_detour(rng);
        let strata = &self.config.strata;
        Wish { detour, stratum: (!strata.is_empty()).then(|| strata[below(rng, strata.len())]) }
    }

    /// Everything that [`PromptedFamily::draw_wish`] can say.
    pub(crate) fn wishes(&self) -> Vec<Wish> {
        let strata: Vec<Option<Stratum>> = match self.config.strata[..] {
            [] => vec![None],
            ref strata => strata.iter().copied().map(Some).collect(),
        };
        let with = |detour| strata.iter().map(move |&stratum| Wish { detour, stratum }).collect::<Vec<_>>();
        self.question.detours().into_iter().flat_map(with).collect()
    }

    /// The examples shown before a question, of graphs that are wanted.
    pub(crate) fn examples(&self, wanted: &dyn Fn(&Problem, &DistanceField) -> bool, rng: &mut Stream) -> Vec<Shown> {
        let n_different = match self.config.spoilt {
            Spoilt::Repeated => self.config.examples.min(1),
            _ => self.config.examples,
        };
        let mut shown: Vec<Shown> = (0..n_different).map(|_| self.example(wanted, rng)).collect();
        shown.extend((n_different..self.config.examples).map(|_| shown[0].clone()).collect::<Vec<_>>());
        shown
    }

    fn example(&self, wanted: &dyn Fn(&Problem, &DistanceField) -> bool, rng: &mut Stream) -> Shown {
        let detour = self.shown.draw_detour(rng);
        let (mut problem, field) = loop {
            if let Some((problem, field)) = self.shown.attempt(detour, rng)
                && wanted(&problem, &field)
            {
                break (problem, field);
            }
        };
        let path = random_shortest_path(&problem.graph, &field, problem.origin, rng);
        let path = path.expect("families draw problems that can be solved");
        if self.config.spoilt == Spoilt::Shuffled {
            problem.labels = problem.labels.map(|labels| shuffled(&labels, rng));
        }
        Shown { problem, path, graph_shown: self.config.spoilt != Spoilt::Blanked }
    }
}

/// The same labels, dealt anew among the nodes.
fn shuffled(labels: &Labels, rng: &mut Stream) -> Labels {
    let mut order: Vec<usize> = (0..labels.n_nodes()).collect();
    shuffle(rng, &mut order);
    Labels::new(labels.dim(), order.iter().flat_map(|&v| labels.of(v)).copied().collect())
}

impl Stratum {
    /// All strata.
    pub const ALL: [Stratum; 4] =
        [Stratum::TargetNearer, Stratum::OtherNearer, Stratum::TargetNearerShared, Stratum::OtherNearerShared];

    /// The stratum of a question whose goal is T; `None` if the sets do not disagree about it, or not clearly.
    ///
    /// Nodes that must be avoided count for neither set.
    pub fn of(problem: &Problem, other: &Region) -> Option<Stratum> {
        let Goal::Nearest { within, avoid } = &problem.goal else { return None };
        let by_other = Goal::Nearest { within: other.clone(), avoid: avoid.clone() };
        let by_other = Problem { goal: by_other, ..problem.clone() };
        let end = |problem: &Problem| {
            let field = problem.distances()?;
            match field.ends_from(&problem.graph, problem.origin)[..] {
                [end] => Some((end, field.distance(problem.origin)?)),
                _ => None,
            }
        };
        let ((target, steps), (rival, rival_steps)) = (end(problem)?, end(&by_other)?);
        let labels = problem.labels.as_ref()?;
        let both = |v: usize| within.contains(labels.of(v)) && other.contains(labels.of(v)) && !problem.is_avoided(v);
        if steps == rival_steps || steps.min(rival_steps) == 0 || both(target) || both(rival) {
            return None;
        }
        let shared: Vec<usize> = (0..labels.n_nodes()).filter(|&v| v != problem.origin && both(v)).collect();
        // A node of both sets is farther than the nearest of either; it must be farther than both.
        let field =
            DistanceField::to_nearest(&problem.graph, &shared, |v| v != problem.origin && problem.is_avoided(v));
        match field.and_then(|field| field.distance(problem.origin)) {
            Some(shared_steps) if shared_steps <= steps.max(rival_steps) => None,
            Some(_) if steps < rival_steps => Some(Stratum::TargetNearerShared),
            Some(_) => Some(Stratum::OtherNearerShared),
            None if steps < rival_steps => Some(Stratum::TargetNearer),
            None => Some(Stratum::OtherNearer),
        }
    }
}
