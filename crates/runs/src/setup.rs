//! Task, tokenizer and architecture, made from the tables of a config.

use searchlens_model::config::{ModelConfig, PositionEmbedding};
use searchlens_model::params::{Layout, Slot};
use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::task::Task;
use searchlens_tokens::tokenizer::world::edges;
use searchlens_tokens::tokenizer::{Tokenizer, TokenizerConfig};

use crate::config::error::ConfigProblem;
use crate::config::tables::{ModelSettings, Positions};

/// Task, tokenizer and architecture of a run. [`RunConfig::parts`](crate::config::RunConfig::parts) makes them.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Draws the problems.
    pub task: Task,
    /// Writes problems as tokens and reads answers.
    pub tokenizer: Tokenizer,
    /// The architecture, with the vocabulary and context length that task and tokenizer need.
    pub architecture: ModelConfig,
    /// Leading positions whose rows of `W_pos` are frozen at 0.
    pub unpositioned: usize,
    /// Whether the output bias `b_U` is trained.
    pub output_bias: bool,
}

impl Parts {
    /// Makes the parts that these tables describe, and returns `[model]` with every default explicit.
    pub(crate) fn new(
        task: &TaskConfig,
        tokenizer: &TokenizerConfig,
        model: &ModelSettings,
    ) -> Result<(Parts, ModelSettings), ConfigProblem> {
        let (max_passages, is_fixed) = edges(task);
        let task = Task::new(task.clone()).map_err(ConfigProblem::Task)?;
        let tokenizer_name = tokenizer.name;
        let tokenizer = Tokenizer::for_task(tokenizer, task.config()).map_err(ConfigProblem::Tokenizer)?;
        let d_head = head_width(model)?;
        let d_mlp = model.d_mlp.unwrap_or(model.d_model.saturating_mul(4));
        let edge_prefix = tokenizer.unordered_prefix(max_passages).filter(|_| is_fixed);
        let positions = match model.positions {
            None if edge_prefix.is_some() => Positions::LearnedAfterEdges,
            None => Positions::Learned,
            Some(Positions::Rotary { base, dim }) => Positions::Rotary { base, dim: Some(dim.unwrap_or(d_head)) },
            Some(other) => other,
        };
        let (embedding, unpositioned) = match positions {
            Positions::Learned => (PositionEmbedding::Learned, 0),
            Positions::LearnedAfterEdges => {
                let prefix = edge_prefix.ok_or(ConfigProblem::NoUnorderedEdges { tokenizer: tokenizer_name })?;
                (PositionEmbedding::Learned, prefix)
            }
            Positions::None => (PositionEmbedding::None, 0),
            Positions::Rotary { base, dim } => (PositionEmbedding::Rotary { dim: dim.unwrap_or(d_head), base }, 0),
        };
        let architecture = ModelConfig {
            d_head,
            d_mlp,
            act_fn: model.act_fn,
            normalization: model.normalization,
            positions: embedding,
            attention_dir: model.attention_dir,
            attn_only: model.attn_only,
            attn_scale: (d_head as f64).sqrt(),
            ..ModelConfig::new(
                model.n_layers,
                model.d_model,
                model.n_heads,
                tokenizer.vocab().len(),
                tokenizer.max_len(max_passages),
            )
        };
        let architecture = architecture.validated().map_err(ConfigProblem::Model)?;
        let explicit =
            ModelSettings { d_head: Some(d_head), d_mlp: Some(d_mlp), positions: Some(positions), ..model.clone() };
        Ok((Parts { task, tokenizer, architecture, unpositioned, output_bias: model.output_bias }, explicit))
    }

    /// Lists the parameters that start at 0 and stay there, each with the name of its tensor: the rows of `W_pos` of unordered edge tokens, and
    /// the output bias unless it is trained.
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

/// The width of one head: `d_head`, or the width shared out among the heads.
fn head_width(model: &ModelSettings) -> Result<usize, ConfigProblem> {
    let &ModelSettings { d_model, n_heads, d_head, .. } = model;
    match d_head {
        _ if n_heads == 0 => Err(ConfigProblem::Range {
            key: "model.n_heads".into(),
            value: "0".into(),
            wanted: "a whole number from 1 on".into(),
        }),
        Some(d_head) => Ok(d_head),
        None if d_model.is_multiple_of(n_heads) => Ok(d_model / n_heads),
        None => Err(ConfigProblem::HeadSize { d_model, n_heads }),
    }
}
