//! What a config describes, made and ready to use. Nothing in here can be set: it all follows from the config.

use searchlens_model::config::{ModelConfig, PositionEmbedding};
use searchlens_model::params::{Layout, Slot};
use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::task::Task;
use searchlens_tokens::tokenizer::world::edges;
use searchlens_tokens::tokenizer::{Tokenizer, TokenizerConfig, TokenizerError};

use crate::config::tables::{ModelSettings, Positions};
use crate::config::{ConfigProblem, RunConfig};

/// Task, tokenizer and architecture of a run.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Where problems come from.
    pub task: Task,
    /// How they are written.
    pub tokenizer: Tokenizer,
    /// The network's architecture, with the vocabulary and the context that task and tokenizer need.
    pub architecture: ModelConfig,
    /// How many leading positions have no position vector.
    pub unpositioned: usize,
    /// Whether the output bias is trained.
    pub output_bias: bool,
}

impl Parts {
    /// The parts of a checked config.
    pub fn of(config: &RunConfig) -> Parts {
        Parts::new(config.task(), config.tokenizer(), config.model()).expect("checked when the config was made")
    }

    /// The parts that these tables describe.
    pub(crate) fn new(
        task: &TaskConfig,
        tokenizer: &TokenizerConfig,
        model: &ModelSettings,
    ) -> Result<Parts, ConfigProblem> {
        let (max_passages, is_fixed) = edges(task);
        let task = Task::new(task.clone()).map_err(ConfigProblem::Task)?;
        let tokenizer_name = tokenizer.name;
        let tokenizer = Tokenizer::for_task(tokenizer, task.config()).map_err(ConfigProblem::Tokenizer)?;
        let (positions, unpositioned) = match model.positions {
            Positions::Learned => (PositionEmbedding::Learned, 0),
            Positions::LearnedAfterEdges => {
                let prefix = tokenizer.unordered_prefix(max_passages).filter(|_| is_fixed);
                let prefix = prefix.ok_or(ConfigProblem::NoUnorderedEdges { tokenizer: tokenizer_name })?;
                (PositionEmbedding::Learned, prefix)
            }
            Positions::None => (PositionEmbedding::None, 0),
            Positions::Rotary { base, dim } => {
                (PositionEmbedding::Rotary { dim: dim.unwrap_or(model.d_head), base }, 0)
            }
        };
        let architecture = ModelConfig {
            d_head: model.d_head,
            d_mlp: model.d_mlp,
            act_fn: model.act_fn,
            normalization: model.normalization,
            positions,
            attention_dir: model.attention_dir,
            attn_only: model.attn_only,
            attn_scale: (model.d_head as f64).sqrt(),
            ..ModelConfig::new(
                model.n_layers,
                model.d_model,
                model.n_heads,
                tokenizer.vocab().len(),
                tokenizer.max_len(max_passages),
            )
        };
        let architecture = architecture.validated().map_err(ConfigProblem::Model)?;
        Ok(Parts { task, tokenizer, architecture, unpositioned, output_bias: model.output_bias })
    }

    /// Parameters that start at 0 and stay there: the rows of `W_pos` of unordered edges, and the output bias unless it is trained.
    /// Each with the name of its tensor.
    pub fn frozen(&self) -> Vec<(&'static str, Slot)> {
        let layout = Layout::new(&self.architecture);
        let rows = layout.w_pos.filter(|_| self.unpositioned > 0);
        let rows = rows.map(|w_pos| Slot { start: w_pos.start, len: self.unpositioned * self.architecture.d_model });
        let bias = (!self.output_bias).then_some(layout.b_u);
        [("pos_embed.W_pos", rows), ("unembed.b_U", bias)]
            .into_iter()
            .filter_map(|(name, s)| Some((name, s?)))
            .collect()
    }
}

/// Whether sequences open with single edge tokens in random order.
pub(crate) fn has_unordered_edges(task: &TaskConfig, tokenizer: &TokenizerConfig) -> Result<bool, TokenizerError> {
    let (n_passages, is_fixed) = edges(task);
    Ok(is_fixed && Tokenizer::for_task(tokenizer, task)?.unordered_prefix(n_passages).is_some())
}
