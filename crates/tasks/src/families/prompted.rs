//! Few-shot prompts: demonstrations (labelled graphs with their paths), then the question. Demonstrations may follow the
//! question's target set or another one, or be corrupted, to show what the network takes from them.

use serde::{Deserialize, Serialize};

use crate::error::{TaskError, checked_range};
use crate::families::labelled::{DetourRequirement, LabelledConfig, LabelledFamily};
use crate::families::labels::Distribution;
use crate::instance::Demonstration;
use crate::problem::region::Region;
use crate::problem::solve::{DistanceField, random_shortest_path};
use crate::problem::{Goal, Labels, Problem};
use searchlens_base::stream::{Stream, below, shuffle};

/// A validated config of few-shot prompts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawPromptedConfig", into = "RawPromptedConfig")]
pub struct PromptedConfig(RawPromptedConfig);

/// An unvalidated [`PromptedConfig`], as written in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawPromptedConfig {
    /// The graphs, their labels, and T, the target set of the question.
    pub graph: LabelledConfig,
    /// E, the number of demonstrations; 0 for the question alone.
    pub examples: usize,
    /// The target set that demonstrations follow. Default: T.
    #[serde(default)]
    pub follow: Follow,
    /// T_*, another target set. Required by `follow = "other"` and by `strata`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<Region>,
    /// How demonstrations are corrupted. Default: not at all. (Written as `spoilt`; `corruption` is read too.)
    #[serde(default, rename = "spoilt", alias = "corruption")]
    pub corruption: Corruption,
    /// P of the demonstrations' labels, if it differs from the question's. (Written as `shown_labels`.)
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "shown_labels", alias = "demonstration_labels")]
    pub demonstration_labels: Option<Distribution>,
    /// Strata of conflict between T and T_* to draw questions from, each with equal probability. Default: any question.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strata: Vec<Stratum>,
}

/// The target set that demonstrations follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Follow {
    /// T, the question's.
    #[default]
    Target,
    /// T_*.
    Other,
}

/// How demonstrations are corrupted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Corruption {
    /// Not at all. (Written as `not`.)
    #[default]
    #[serde(rename = "not", alias = "none")]
    None,
    /// Labels are permuted among the nodes once the path is found, so the path follows nothing visible.
    Shuffled,
    /// Paths without their graphs: all that is left is to copy.
    Blanked,
    /// Copies of one demonstration.
    Repeated,
}

/// How T and T_* disagree about a question. In every stratum the nearest node of T is not in T_* and vice versa, and one of
/// the two is strictly nearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stratum {
    /// The node of T is nearer; no node is in both sets.
    TargetNearer,
    /// The node of T_* is nearer; no node is in both sets.
    OtherNearer,
    /// The node of T is nearer; a node farther than either is in both sets.
    TargetNearerShared,
    /// The node of T_* is nearer; a node farther than either is in both sets.
    OtherNearerShared,
}

/// A requirement on one problem, beyond its config. Drawn before any graph, so that rare problems get the share that the
/// config asks for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Requirement {
    pub(crate) detour: Option<DetourRequirement>,
    pub(crate) stratum: Option<Stratum>,
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
        demonstration_config(&raw)?;
        Ok(PromptedConfig(raw))
    }
}

impl From<PromptedConfig> for RawPromptedConfig {
    fn from(config: PromptedConfig) -> RawPromptedConfig {
        config.0
    }
}

impl PromptedConfig {
    /// Returns the config's fields.
    pub fn table(&self) -> &RawPromptedConfig {
        &self.0
    }

    pub(crate) fn name(&self) -> String {
        format!("prompted-{}-{}", self.0.examples, self.0.graph.name())
    }
}

/// Returns the config of the demonstrations.
fn demonstration_config(config: &RawPromptedConfig) -> Result<LabelledConfig, TaskError> {
    let mut demonstrated = config.graph.clone();
    if let Some(labels) = &config.demonstration_labels {
        demonstrated = demonstrated.shifted(labels.clone())?;
    }
    match (&config.other, config.follow) {
        (Some(other), Follow::Other) => demonstrated.retargeted(other.clone()),
        _ => Ok(demonstrated),
    }
}

/// Few-shot prompts, with the samplers of their labels.
#[derive(Clone, Debug)]
pub(crate) struct PromptedFamily {
    config: RawPromptedConfig,
    question: LabelledFamily,
    demonstrated: LabelledFamily,
}

impl PromptedFamily {
    pub(crate) fn new(config: &PromptedConfig) -> PromptedFamily {
        let config = config.table().clone();
        let demonstrated = demonstration_config(&config).expect("checked when the config was made");
        let (question, demonstrated) = (LabelledFamily::new(&config.graph), LabelledFamily::new(&demonstrated));
        PromptedFamily { config, question, demonstrated }
    }

    /// Draws one question; `None` if it misses the requirement.
    pub(crate) fn attempt(&self, requirement: Requirement, rng: &mut Stream) -> Option<(Problem, DistanceField)> {
        let (problem, field) = self.question.attempt(requirement.detour, rng)?;
        let fits = match (requirement.stratum, &self.config.other) {
            (Some(wanted), Some(other)) => Stratum::of(&problem, other) == Some(wanted),
            _ => true,
        };
        fits.then_some((problem, field))
    }

    pub(crate) fn n_nodes(&self) -> usize {
        self.question.n_nodes()
    }

    /// Draws the requirement of the next question.
    pub(crate) fn draw_requirement(&self, rng: &mut Stream) -> Requirement {
        let detour = self.question.draw_detour(rng);
        let strata = &self.config.strata;
        Requirement { detour, stratum: (!strata.is_empty()).then(|| strata[below(rng, strata.len())]) }
    }

    /// Lists every value of [`PromptedFamily::draw_requirement`].
    pub(crate) fn requirements(&self) -> Vec<Requirement> {
        let strata: Vec<Option<Stratum>> = match self.config.strata[..] {
            [] => vec![None],
            ref strata => strata.iter().copied().map(Some).collect(),
        };
        let with = |detour| strata.iter().map(move |&stratum| Requirement { detour, stratum }).collect::<Vec<_>>();
        self.question.detours().into_iter().flat_map(with).collect()
    }

    /// Draws the demonstrations of a prompt, from graphs that are `wanted`.
    pub(crate) fn demonstrations(
        &self,
        wanted: &dyn Fn(&Problem, &DistanceField) -> bool,
        rng: &mut Stream,
    ) -> Vec<Demonstration> {
        let n_different = match self.config.corruption {
            Corruption::Repeated => self.config.examples.min(1),
            _ => self.config.examples,
        };
        let mut drawn: Vec<Demonstration> = (0..n_different).map(|_| self.demonstration(wanted, rng)).collect();
        drawn.extend((n_different..self.config.examples).map(|_| drawn[0].clone()).collect::<Vec<_>>());
        drawn
    }

    fn demonstration(&self, wanted: &dyn Fn(&Problem, &DistanceField) -> bool, rng: &mut Stream) -> Demonstration {
        let detour = self.demonstrated.draw_detour(rng);
        let (mut problem, field) = loop {
            if let Some((problem, field)) = self.demonstrated.attempt(detour, rng)
                && wanted(&problem, &field)
            {
                break (problem, field);
            }
        };
        let path = random_shortest_path(&problem.graph, &field, problem.origin, rng);
        let path = path.expect("families draw problems that can be solved");
        if self.config.corruption == Corruption::Shuffled {
            problem.labels = problem.labels.map(|labels| shuffled(&labels, rng));
        }
        Demonstration { problem, path, graph_shown: self.config.corruption != Corruption::Blanked }
    }
}

/// Permutes labels among the nodes.
fn shuffled(labels: &Labels, rng: &mut Stream) -> Labels {
    let mut order: Vec<usize> = (0..labels.n_nodes()).collect();
    shuffle(rng, &mut order);
    Labels::new(labels.dim(), order.iter().flat_map(|&v| labels.of(v)).copied().collect())
}

impl Stratum {
    /// All strata.
    pub const ALL: [Stratum; 4] =
        [Stratum::TargetNearer, Stratum::OtherNearer, Stratum::TargetNearerShared, Stratum::OtherNearerShared];

    /// Returns the stratum of a question with goal T; `None` if the sets agree about it, or their nearest nodes are ambiguous.
    ///
    /// Nodes of the avoid set count for neither set.
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
        // A node of both sets is no nearer than the nearest of either; it must be farther than both.
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
