//! The tables of a config file. `[task]` and `[tokenizer]` belong to their crates; `[model]`, `[train]` and `[eval]` are defined here.
//!
//! The order of the fields is the order of the keys in `config.toml`, and the name of a run folder hashes that file.

use std::path::PathBuf;

use searchlens_model::config::{AttentionDir, Normalization};
use searchlens_model::kernels::activation::Activation;
use searchlens_model::kernels::tier;
use searchlens_model::optimiser::Schedule;
use searchlens_model::params::ParamGroup;
use searchlens_model::train::SLOTS;
use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::splits::Split;
use searchlens_tokens::sequence::encoded::LossOn;
use searchlens_tokens::tokenizer::TokenizerConfig;
use serde::{Deserialize, Serialize};

/// A config as written: no value is checked, and omitted keys have their defaults.
///
/// [`RunConfig::new`](super::RunConfig::new) checks it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawConfig {
    /// Which problems to draw.
    pub task: TaskConfig,
    /// How problems become tokens.
    pub tokenizer: TokenizerConfig,
    /// The architecture.
    pub model: ModelSettings,
    /// The training recipe.
    pub train: TrainSettings,
    /// How the run is evaluated.
    #[serde(default)]
    pub eval: EvalSettings,
}

/// Position encoding.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Positions {
    /// A learned embedding per position.
    Learned,
    /// A learned embedding per position, except for the edge tokens that open a sequence in random order: their rows of `W_pos` are frozen
    /// at 0.
    LearnedAfterEdges,
    /// No position encoding; only the causal mask carries order.
    None,
    /// Rotary position embedding (RoPE; Su et al. 2021): rotates queries and keys.
    Rotary {
        /// Base of the rotation frequencies. Default: 10000.
        #[serde(default = "rotary_base")]
        base: f64,
        /// Dimensions of each head that are rotated; even, at most `d_head`. Default: all of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dim: Option<usize>,
    },
}

fn rotary_base() -> f64 {
    10_000.0
}

/// `[model]`: the architecture. Names follow TransformerLens.
///
/// Vocabulary size and context length follow from task and tokenizer and cannot be set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default = "ModelSettings::without_size")]
pub struct ModelSettings {
    /// Number of transformer blocks. Required.
    pub n_layers: usize,
    /// Width of the residual stream. Required.
    pub d_model: usize,
    /// Attention heads per block. Required.
    pub n_heads: usize,
    /// Width of one head. Default: `d_model / n_heads`, which must be whole.
    pub d_head: Option<usize>,
    /// Hidden width of the MLP. Default: `4 * d_model`.
    pub d_mlp: Option<usize>,
    /// Activation function of the MLP: `relu`, `gelu` or `gelu_new`. Default: `gelu_new`.
    pub act_fn: Activation,
    /// Normalization before each attention and MLP layer and before the unembedding. Default: `layer_norm`.
    pub normalization: Normalization,
    /// Position encoding: `learned`, `learned_after_edges`, `none` or `{ rotary = { base = .., dim = .. } }`. Default: `learned_after_edges` if
    /// the tokenizer opens sequences with single edge tokens in random order, else `learned`.
    pub positions: Option<Positions>,
    /// Attention mask. Only `causal`, the default, can be trained.
    pub attention_dir: AttentionDir,
    /// Leave out the MLPs. Default: false.
    pub attn_only: bool,
    /// Train the output bias `b_U`; if false, it is frozen at 0. Default: false.
    pub output_bias: bool,
}

impl ModelSettings {
    /// Keys that have no default.
    pub(super) const REQUIRED: &[&str] = &["n_layers", "d_model", "n_heads"];

    /// Returns the default architecture of this size.
    pub fn new(n_layers: usize, d_model: usize, n_heads: usize) -> ModelSettings {
        ModelSettings {
            n_layers,
            d_model,
            n_heads,
            d_head: None,
            d_mlp: None,
            act_fn: Activation::GeluNew,
            normalization: Normalization::LayerNorm,
            positions: None,
            attention_dir: AttentionDir::Causal,
            attn_only: false,
            output_bias: false,
        }
    }

    /// The defaults of a file, which must give the size itself.
    fn without_size() -> ModelSettings {
        ModelSettings::new(0, 0, 0)
    }
}

/// Number format of matrix products.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// bf16 on processors where it is faster than f32, else f32. `run.json` names the choice.
    #[default]
    Auto,
    /// f32 throughout.
    F32,
    /// bf16 inputs, f32 sums.
    Bf16,
}

impl Precision {
    /// Returns the precision that this setting means on this machine.
    pub fn here(self) -> tier::Precision {
        match self {
            Precision::Auto => tier::fastest_precision(),
            Precision::F32 => tier::Precision::F32,
            Precision::Bf16 => tier::Precision::Bf16,
        }
    }
}

/// `[train]`: the training recipe. Defaults are those of the demo; only `steps` has none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default = "TrainSettings::without_steps")]
pub struct TrainSettings {
    /// Seed of the initial weights, the training problems and the order of their edge tokens. Default: 1.
    pub seed: u64,
    /// Problems per micro-batch, 1 to 1048576. Default: 128.
    pub batch_problems: usize,
    /// Micro-batches whose gradients are accumulated into one optimizer step, 1 to 1048576. Default: 1.
    ///
    /// Step `s` (from 0) trains on the `batch_problems * accumulate` problems of the training stream from index
    /// `s * batch_problems * accumulate`.
    pub accumulate: u64,
    /// Optimizer steps of the whole run; the learning rate schedule ends there. Required.
    pub steps: u64,
    /// Peak learning rate. Default: 2e-3.
    pub lr: f64,
    /// Steps of linear warm-up from 0 to the peak learning rate. Default: 100.
    pub warmup: u64,
    /// Learning rate schedule after the warm-up: `"constant"`, `{ cosine = { floor = .. } }` or `{ linear = { decay = .. } }`.
    /// Default: `{ linear = { decay = 0.4 } }`.
    ///
    /// `floor` is the final learning rate as a share of the peak; `decay` is the share of the steps over which the rate falls linearly to 0.
    pub schedule: Schedule,
    /// AdamW: decay rate of the first moment, 0 to below 1. Default: 0.9.
    pub beta1: f64,
    /// AdamW: decay rate of the second moment, 0 to below 1. Default: 0.98.
    pub beta2: f64,
    /// AdamW: term added to the denominator for numerical stability. Default: 1e-8.
    pub eps: f64,
    /// AdamW: decoupled weight decay; each step subtracts `lr * weight_decay * w` from a decayed weight `w`. Default: 0.05.
    pub weight_decay: f64,
    /// Parameter groups with weight decay: any of `embedding`, `attention`, `mlp`, `unembedding`, `vector`.
    /// Default: `["attention", "mlp", "unembedding"]`.
    pub decay: Vec<ParamGroup>,
    /// Clip the gradient to this global norm; `inf` for no clipping. Default: 1.
    pub clip: f64,
    /// Evaluate and save an exponential moving average of the weights over about this many steps; 0 for the raw weights. Default: 200.
    pub average_steps: u64,
    /// Myopic training: stop the gradient at keys and values of other positions, so that no position learns to compute anything for later
    /// ones. Default: false.
    pub myopic: bool,
    /// Tokens that the loss scores: `path`, `all`, `first_step` or `forks`. Default: `path`.
    pub loss_on: LossOn,
    /// Number format of matrix products: `auto`, `f32` or `bf16`. Default: `auto`.
    pub precision: Precision,
    /// Gradient accumulators, 1 to 64. Default: 2. At most this many threads work on one step; the last bits of the weights depend on it.
    pub slots: usize,
    /// Use at most this instruction set: `amx`, `avx512-bf16`, `avx512`, `avx2` or `portable`. Default: the best that the machine has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<tier::Tier>,
    /// Steps between checkpoints. Default: 500.
    pub checkpoint_every: u64,
    /// Steps between training lines of `metrics.jsonl`. Default: 50.
    pub log_every: u64,
    /// Checkpoint to fine-tune from, of the architecture that `[model]` describes. Default: random weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<PathBuf>,
}

impl TrainSettings {
    /// Keys that have no default.
    pub(super) const REQUIRED: &[&str] = &["steps"];

    /// Returns the demo's recipe for this number of steps.
    pub fn new(steps: u64) -> TrainSettings {
        TrainSettings {
            seed: 1,
            batch_problems: 128,
            accumulate: 1,
            steps,
            lr: 2e-3,
            warmup: 100,
            schedule: Schedule::Linear { decay: 0.4 },
            beta1: 0.9,
            beta2: 0.98,
            eps: 1e-8,
            weight_decay: 0.05,
            decay: vec![ParamGroup::Attention, ParamGroup::Mlp, ParamGroup::Unembedding],
            clip: 1.0,
            average_steps: 200,
            myopic: false,
            loss_on: LossOn::Path,
            precision: Precision::Auto,
            slots: SLOTS,
            tier: None,
            checkpoint_every: 500,
            log_every: 50,
            init: None,
        }
    }

    /// The defaults of a file, which must give `steps` itself.
    fn without_steps() -> TrainSettings {
        TrainSettings::new(0)
    }
}

/// `[eval]`: evaluation during training, on the validation split, and after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvalSettings {
    /// Problems of each evaluation, 1 to 2^32. Default: 1000.
    pub problems: usize,
    /// Steps between evaluations on the validation split, which choose `best.safetensors`. Default: 500.
    pub every: u64,
    /// Split of the evaluation after training: `train`, `validation` or `test`. Default: `test`.
    pub split: Split,
}

impl Default for EvalSettings {
    fn default() -> EvalSettings {
        EvalSettings { problems: 1000, every: 500, split: Split::Test }
    }
}
