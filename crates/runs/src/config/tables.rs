//! The tables of a config file: `[task]` and `[tokenizer]` are their rooms' own, `[model]`, `[train]` and `[eval]` are here.

use std::path::PathBuf;

use searchlens_model::config::{AttentionDir, Normalization};
use searchlens_model::kernels::activation::Activation;
use searchlens_model::kernels::tier;
use searchlens_model::optimiser::Schedule;
use searchlens_model::params::ParamGroup;
use searchlens_tasks::split::Split;
use searchlens_tokens::encoded::LossOn;
use serde::{Deserialize, Serialize};

use super::ConfigProblem;

/// How a token's position enters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Positions {
    /// A learned vector per position.
    Learned,
    /// A learned vector per position, but none for the edge tokens that open a sequence in random order: their rows of `W_pos` start at 0
    /// and stay there.
    LearnedAfterEdges,
    /// None: the causal mask is the only trace of order.
    None,
    /// Queries and keys are rotated.
    Rotary {
        /// Base of the angles.
        #[serde(default = "rotary_base")]
        base: f64,
        /// How many numbers of each head are rotated; absent: all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dim: Option<usize>,
    },
}

fn rotary_base() -> f64 {
    10_000.0
}

/// `[model]` as it stands in a file: what is absent takes its default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelTable {
    /// Blocks.
    pub n_layers: usize,
    /// Width of the residual stream.
    pub d_model: usize,
    /// Attention heads a block.
    pub n_heads: usize,
    /// Numbers per head; `d_model / n_heads` by default.
    pub d_head: Option<usize>,
    /// Hidden width of the MLP; `4 d_model` by default.
    pub d_mlp: Option<usize>,
    /// Nonlinearity of the MLP; `gelu_new` by default.
    pub act_fn: Option<Activation>,
    /// `layer_norm` by default.
    pub normalization: Option<Normalization>,
    /// `learned_after_edges` by default where the tokenizer has such edges, else `learned`.
    pub positions: Option<Positions>,
    /// `causal`, the only one that can be trained so far.
    pub attention_dir: Option<AttentionDir>,
    /// Blocks without an MLP; false by default.
    pub attn_only: Option<bool>,
    /// Train the output bias; by default it is frozen at 0.
    pub output_bias: Option<bool>,
}

impl ModelTable {
    /// A network of the default architecture.
    pub fn new(n_layers: usize, d_model: usize, n_heads: usize) -> ModelTable {
        ModelTable {
            n_layers,
            d_model,
            n_heads,
            d_head: None,
            d_mlp: None,
            act_fn: None,
            normalization: None,
            positions: None,
            attention_dir: None,
            attn_only: None,
            output_bias: None,
        }
    }

    /// Every choice made. Whether `positions` goes with the tokenizer is asked later.
    pub(super) fn resolved(self, has_unordered_edges: bool) -> Result<ModelSettings, ConfigProblem> {
        let ModelTable { n_layers, d_model, n_heads, .. } = self;
        if n_heads == 0 {
            return Err(ConfigProblem::Range {
                key: "model.n_heads",
                value: "0".into(),
                wanted: "a whole number from 1 on",
            });
        }
        if self.d_head.is_none() && !d_model.is_multiple_of(n_heads) {
            return Err(ConfigProblem::HeadSize { d_model, n_heads });
        }
        let positions = if has_unordered_edges { Positions::LearnedAfterEdges } else { Positions::Learned };
        let d_head = self.d_head.unwrap_or(d_model / n_heads);
        let positions = match self.positions.unwrap_or(positions) {
            Positions::Rotary { base, dim } => Positions::Rotary { base, dim: Some(dim.unwrap_or(d_head)) },
            other => other,
        };
        Ok(ModelSettings {
            n_layers,
            d_model,
            n_heads,
            d_head,
            d_mlp: self.d_mlp.unwrap_or(4 * d_model),
            act_fn: self.act_fn.unwrap_or(Activation::GeluNew),
            normalization: self.normalization.unwrap_or(Normalization::LayerNorm),
            positions,
            attention_dir: self.attention_dir.unwrap_or(AttentionDir::Causal),
            attn_only: self.attn_only.unwrap_or(false),
            output_bias: self.output_bias.unwrap_or(false),
        })
    }
}

/// `[model]` with every choice made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelSettings {
    /// Blocks.
    pub n_layers: usize,
    /// Width of the residual stream.
    pub d_model: usize,
    /// Attention heads a block.
    pub n_heads: usize,
    /// Numbers per head.
    pub d_head: usize,
    /// Hidden width of the MLP.
    pub d_mlp: usize,
    /// Nonlinearity of the MLP.
    pub act_fn: Activation,
    /// Normalisation in the blocks.
    pub normalization: Normalization,
    /// How positions enter.
    pub positions: Positions,
    /// Direction of attention.
    pub attention_dir: AttentionDir,
    /// Blocks without an MLP.
    pub attn_only: bool,
    /// Whether the output bias is trained; else it stays 0.
    pub output_bias: bool,
}

/// Input format of matrix products.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// bf16 where the processor has a unit for it that is faster than f32, else f32. `run.json` names the tier that came of it.
    #[default]
    Auto,
    /// f32 throughout.
    F32,
    /// bf16 products, f32 sums.
    Bf16,
}

impl Precision {
    /// What it means on this machine.
    pub fn here(self) -> tier::Precision {
        match self {
            Precision::Auto => tier::fastest_precision(),
            Precision::F32 => tier::Precision::F32,
            Precision::Bf16 => tier::Precision::Bf16,
        }
    }
}

/// `[train]`. All but `steps` have defaults, those of the recipe behind the demo.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainSettings {
    /// Names the initial weights, the problems and the order of their edges.
    #[serde(default = "default::seed")]
    pub seed: u64,
    /// Problems a step. Step `s` (from 0) trains on problems `s · batch_problems ..` of the training stream.
    #[serde(default = "default::batch_problems")]
    pub batch_problems: usize,
    /// Batches of `batch_problems` whose gradients make one step: as one batch so many times as large, of which only a part is in memory.
    /// Step `s` then trains on problems `s · batch_problems · accumulate ..`.
    #[serde(default = "default::accumulate")]
    pub accumulate: u64,
    /// Steps of the whole run; the schedule is fitted to it.
    pub steps: u64,
    /// Peak learning rate.
    #[serde(default = "default::lr")]
    pub lr: f64,
    /// Steps of linear growth up to the peak.
    #[serde(default = "default::warmup")]
    pub warmup: u64,
    /// Learning rate after the warm-up: `"constant"`, `{ cosine = { floor = .. } }` or `{ linear = { decay = .. } }`.
    #[serde(default = "default::schedule")]
    pub schedule: Schedule,
    /// AdamW: decay of the mean gradient.
    #[serde(default = "default::beta1")]
    pub beta1: f64,
    /// AdamW: decay of the mean squared gradient.
    #[serde(default = "default::beta2")]
    pub beta2: f64,
    /// AdamW: added to the root of the mean square.
    #[serde(default = "default::eps")]
    pub eps: f64,
    /// AdamW: share of a decayed weight that a step takes, times the learning rate.
    #[serde(default = "default::weight_decay")]
    pub weight_decay: f64,
    /// Which parameters decay.
    #[serde(default = "default::decay")]
    pub decay: Vec<ParamGroup>,
    /// The gradient is shortened to this norm; `inf` leaves it.
    #[serde(default = "default::clip")]
    pub clip: f64,
    /// The weights that are evaluated and saved are an average over about so many steps; 0: the weights themselves.
    #[serde(default = "default::average_steps")]
    pub average_steps: u64,
    /// The loss of a token improves only what is computed at that token: keys and values of other positions are constants to its
    /// gradient, so that nothing is computed early for later tokens ("myopic" training).
    #[serde(default)]
    pub myopic: bool,
    /// Which tokens the loss counts.
    #[serde(default)]
    pub loss_on: LossOn,
    /// Input format of products.
    #[serde(default)]
    pub precision: Precision,
    /// Parts of a batch whose gradients are summed apart: as many threads can help, and the weights' last bits depend on it.
    #[serde(default = "default::slots")]
    pub slots: usize,
    /// Hold to this instruction set, or less; absent: the best that the machine has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<tier::Tier>,
    /// Steps from checkpoint to checkpoint.
    #[serde(default = "default::checkpoint_every")]
    pub checkpoint_every: u64,
    /// Steps from line to line of `metrics.jsonl`.
    #[serde(default = "default::log_every")]
    pub log_every: u64,
    /// A checkpoint to start from: fine-tuning. Its architecture must be that of `[model]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<PathBuf>,
}

impl TrainSettings {
    /// The recipe behind the demo, for so many steps.
    pub fn new(steps: u64) -> TrainSettings {
        TrainSettings {
            seed: default::seed(),
            batch_problems: default::batch_problems(),
            accumulate: default::accumulate(),
            steps,
            lr: default::lr(),
            warmup: default::warmup(),
            schedule: default::schedule(),
            beta1: default::beta1(),
            beta2: default::beta2(),
            eps: default::eps(),
            weight_decay: default::weight_decay(),
            decay: default::decay(),
            clip: default::clip(),
            average_steps: default::average_steps(),
            myopic: false,
            loss_on: LossOn::default(),
            precision: Precision::default(),
            slots: default::slots(),
            tier: None,
            checkpoint_every: default::checkpoint_every(),
            log_every: default::log_every(),
            init: None,
        }
    }
}

/// `[eval]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvalSettings {
    /// Problems of an evaluation, during training and after it.
    #[serde(default = "default::problems")]
    pub problems: usize,
    /// Steps from one evaluation during training to the next. Those are on the validation split always: checkpoints are chosen by them.
    #[serde(default = "default::every")]
    pub every: u64,
    /// The split that the evaluation after training reports on.
    #[serde(default = "default::split")]
    pub split: Split,
}

impl Default for EvalSettings {
    fn default() -> EvalSettings {
        EvalSettings { problems: default::problems(), every: default::every(), split: default::split() }
    }
}

/// Defaults: the recipe that the demo study found good.
mod default {
    use super::{ParamGroup, Schedule, Split};

    pub(super) fn seed() -> u64 {
        1
    }
    pub(super) fn batch_problems() -> usize {
        128
    }
    pub(super) fn accumulate() -> u64 {
        1
    }
    pub(super) fn lr() -> f64 {
        2e-3
    }
    pub(super) fn warmup() -> u64 {
        100
    }
    pub(super) fn schedule() -> Schedule {
        Schedule::Linear { decay: 0.4 }
    }
    pub(super) fn beta1() -> f64 {
        0.9
    }
    pub(super) fn beta2() -> f64 {
        0.98
    }
    pub(super) fn eps() -> f64 {
        1e-8
    }
    pub(super) fn weight_decay() -> f64 {
        0.05
    }
    pub(super) fn decay() -> Vec<ParamGroup> {
        vec![ParamGroup::Attention, ParamGroup::Mlp, ParamGroup::Unembedding]
    }
    pub(super) fn clip() -> f64 {
        1.0
    }
    pub(super) fn average_steps() -> u64 {
        200
    }
    pub(super) fn slots() -> usize {
        searchlens_model::train::SLOTS
    }
    pub(super) fn checkpoint_every() -> u64 {
        500
    }
    pub(super) fn log_every() -> u64 {
        50
    }
    pub(super) fn problems() -> usize {
        1000
    }
    pub(super) fn every() -> u64 {
        500
    }
    pub(super) fn split() -> Split {
        Split::Test
    }
}
