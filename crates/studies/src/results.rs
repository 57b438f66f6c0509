//! What a run writes down: the plain data that evaluation and lenses leave in the run folder, and that reports read back.
//!
//! | file | content |
//! |---|---|
//! | `config.toml` | the resolved config |
//! | `run.json` | [`RunInfo`] |
//! | `metrics.jsonl` | one [`Metric`] a line |
//! | `results/eval.json` | [`EvalResult`] |
//! | `results/probes.json` | [`ProbeResult`] |
//! | `results/gallery.json` | [`Gallery`] |

use searchlens_lens::estimate::Estimate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of every file format in this module.
pub const FORMAT_VERSION: u32 = 1;

/// `run.json`: where a run came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunInfo {
    /// [`FORMAT_VERSION`] at the time of writing.
    pub format_version: u32,
    /// Version of the program.
    pub program_version: String,
    /// Commit the program was built from, `unknown` outside a checkout.
    pub commit: String,
    /// Seed of the run.
    pub seed: u64,
    /// Worker threads, in the session that wrote last.
    pub threads: usize,
    /// Instruction tier, e.g. `f32-avx512`; the last one, if there were several.
    pub tier: String,
    /// Arithmetic of the products in training and in the scores on the way, `f32` or `bf16`; as for `tier`.
    pub precision: String,
    /// Number of trainable parameters.
    pub n_params: usize,
    /// Processor, as the machine names it; as for `tier`.
    pub machine: String,
    /// Every tier that the run has been on, in order; absent where it has kept to one. From the second one's first step on, its bits are
    /// those of no run on a single tier.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<TierFrom>,
    /// Seconds spent in training, evaluation excluded; 0 until the run has ended. A timing field.
    pub train_seconds: f64,
}

/// Where a run went on on another tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierFrom {
    /// Steps done before the first one on this tier.
    pub from_step: u64,
    /// Instruction tier.
    pub tier: String,
    /// Processor.
    pub machine: String,
}

/// One line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Metric {
    /// Written every few training steps.
    Train {
        /// Steps done.
        step: u64,
        /// Sequences seen.
        sequences: u64,
        /// Tokens seen, padding left out.
        tokens: u64,
        /// Mean training loss since the last line, nats per scored token.
        loss: f64,
        /// Mean norm of the gradient before clipping, since the last line.
        grad_norm: f64,
        /// Learning rate of the last step.
        lr: f64,
        /// Seconds of training so far. A timing field.
        seconds: f64,
        /// Tokens a second since the last line. A timing field.
        tokens_per_s: f64,
    },
    /// Written after every evaluation during training (validation classes).
    Eval {
        /// Steps done.
        step: u64,
        /// Share of problems answered with an optimal path.
        exact_path: Estimate,
        /// Share of first forks taken right.
        first_fork: Estimate,
        /// Seconds of training so far. A timing field.
        seconds: f64,
    },
}

impl Metric {
    /// Steps done when the line was written.
    pub fn step(&self) -> u64 {
        match self {
            Metric::Train { step, .. } | Metric::Eval { step, .. } => *step,
        }
    }

    /// Seconds of training so far.
    pub fn seconds(&self) -> f64 {
        match self {
            Metric::Train { seconds, .. } | Metric::Eval { seconds, .. } => *seconds,
        }
    }
}

/// Effective lookahead: the k of the k-lookahead policy that scores what the model scores on the same problems.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KStar {
    /// The point estimate; `None` on no problems.
    pub value: Option<Lookahead>,
    /// Lower end of the 95 % interval; `None` where all problems are of one symmetry class, which says nothing of others.
    pub low: Option<Lookahead>,
    /// Upper end of the 95 % interval; `None` with `low`.
    pub high: Option<Lookahead>,
    /// Number of problems.
    pub n: usize,
}

/// A lookahead in steps, or that it lies outside the policies' range. In JSON a number, or `"<0"`, `">=24"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Lookahead {
    /// Steps, interpolated between two policies.
    Steps(f64),
    /// `<0`: worse than the policy with k = 0; `>=K`: no worse than the largest K.
    Outside(String),
}

/// The no-search policies' exact-path scores on the very problems a model was scored on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineScores {
    /// Picks a branch at random at every fork.
    pub random: Estimate,
    /// Heads for the target.
    pub greedy: Estimate,
    /// Sees k steps ahead, otherwise heads for the target. By k, ascending; in JSON the keys are strings, `"0"`, `"1"`, ...
    pub k_lookahead: BTreeMap<usize, Estimate>,
}

/// Scores of the problems whose first fork needs the same lookahead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByLookahead {
    /// Lookahead needed at the first fork of the path (0: no fork).
    pub lookahead: usize,
    /// Share of optimal paths.
    pub exact_path: Estimate,
    /// The greedy policy's share on the same problems.
    pub greedy: Estimate,
}

/// `results/eval.json`, and what `searchlens eval --json` prints: free-running greedy decoding, first attempt, no masking by the
/// maze. A mean over no problems has `n` = 0, and `null` for value and interval. Intervals: [`searchlens_lens::stats`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvalResult {
    /// [`FORMAT_VERSION`].
    pub format_version: u32,
    /// Which split the problems come from.
    pub split: String,
    /// Seed of the problems.
    pub seed: u64,
    /// Step of the checkpoint, if it comes from a run.
    pub step: Option<u64>,
    /// A shortest path (any of them), properly ended: every token read, the end token right after the target.
    pub exact_path: Estimate,
    /// Starts at the origin, walks open passages only, ends in the target, and is properly ended. Need not be shortest.
    pub valid_path: Estimate,
    /// The last cell read is the target; walls, start and end token ignored.
    pub reaches_target: Estimate,
    /// Keeps to the only way up to the first fork of the shortest paths and takes a shortest way there (problems with a fork only).
    pub first_fork: Estimate,
    /// Steps over optimal steps, valid paths only; `n` = 0 if there are none. No interval where all are of one symmetry class.
    pub path_length_ratio: Estimate,
    /// Share of the generated steps that go through a wall or jump; `n` counts steps, 0 if none was made.
    pub wall_jumps: Estimate,
    /// Share of answers that are not properly ended (no end token, or a token before it that cannot be read), or end elsewhere than in the
    /// target.
    pub end_errors: Estimate,
    /// Effective lookahead.
    pub k_star: KStar,
    /// Exact-path score by lookahead needed at the first fork.
    pub by_lookahead: Vec<ByLookahead>,
    /// No-search policies on the same problems.
    pub baselines: BaselineScores,
}

/// `results/probes.json`: linear probes of the residual stream, each beside its controls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeResult {
    /// [`FORMAT_VERSION`].
    pub format_version: u32,
    /// Problems the probes were fitted on.
    pub n_train: usize,
    /// Problems they were scored on, of other symmetry classes.
    pub n_test: usize,
    /// Which token was probed, e.g. `path_start`.
    pub position: String,
    /// Is there a passage at this edge of the lattice? Mean accuracy over edges, by site.
    pub wall: Vec<ProbePoint>,
    /// Majority-class accuracy of the wall question: each edge's more frequent answer in the training problems.
    pub wall_prior: Estimate,
    /// Which cell does the path visit at step k?
    pub future: Vec<FutureProbe>,
}

/// A probe at one site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbePoint {
    /// Address of the site, e.g. `blocks.2.hook_resid_post`.
    pub site: String,
    /// Test accuracy on the trained network.
    pub trained: Estimate,
    /// Same probe, labels permuted by one fixed random map (Hewitt & Liang's control task).
    pub control: Estimate,
    /// Same probe on the network before training.
    pub untrained: Estimate,
}

/// Probes for the cell at step k.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FutureProbe {
    /// Which step: 1 is the first step after the origin.
    pub k: usize,
    /// By site.
    pub sites: Vec<ProbePoint>,
    /// Accuracy of corridor-following given step 1, greedy at forks (floor F of the literature): no planning needed.
    pub corridor_floor: Estimate,
    /// Same questions, only problems with a fork between step 1 and step k; `None` if there are fewer than 50.
    pub fork_conditioned: Option<ForkConditioned>,
}

/// Accuracy at the last site on problems where knowing step 1 does not settle step k.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForkConditioned {
    /// Best site, chosen on the training problems.
    pub site: String,
    /// Trained network.
    pub trained: Estimate,
    /// Corridor floor on the same problems.
    pub corridor_floor: Estimate,
}

/// `results/gallery.json`: problems with the model's answer and its attention.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gallery {
    /// [`FORMAT_VERSION`].
    pub format_version: u32,
    /// How the specimens were chosen, one sentence.
    pub selection: String,
    /// Layers of the model.
    pub n_layers: usize,
    /// Heads per layer.
    pub n_heads: usize,
    /// The problems.
    pub specimens: Vec<Specimen>,
}

/// One problem, the model's answer and its attention.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Specimen {
    /// Index of the problem in its split.
    pub index: u64,
    /// Rows of the maze.
    pub rows: usize,
    /// Columns of the maze.
    pub cols: usize,
    /// Open passages as pairs of cells (`row * cols + col`).
    pub passages: Vec<(usize, usize)>,
    /// Start cell.
    pub origin: usize,
    /// Target cell.
    pub target: usize,
    /// An optimal path, both ends included.
    pub optimum: Vec<usize>,
    /// Cells the model walked, origin first, up to its end token or where it was cut.
    pub answer: Vec<usize>,
    /// Whether the answer is an optimal path, properly ended.
    pub exact: bool,
    /// What went wrong, in a few words; empty if nothing did.
    pub failure: String,
    /// Token strings of prompt and answer.
    pub tokens: Vec<String>,
    /// What each token speaks of.
    pub marks: Vec<Mark>,
    /// Position of the first token whose prediction is a step of the path.
    pub path_start: usize,
    /// Attention pattern, `[layer][head][query][key]` flattened, in steps of 1/255 (0 = none, 255 = all), base64.
    pub attention: String,
}

/// What a token speaks of, as far as drawing needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Mark {
    /// A passage (or wall) between two cells.
    Edge(usize, usize),
    /// A cell.
    Cell(usize),
    /// Punctuation.
    Other,
}
