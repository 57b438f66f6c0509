//! The model's architecture: one closed description, read from and written as TransformerLens' config.

pub use crate::kernels::activation::Activation;
use searchlens_base::fault::{Fault, HasFault};
use searchlens_base::text::near_names;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Normalisation before every sublayer and before the unembedding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalization {
    /// LayerNorm with gain and bias.
    LayerNorm,
    /// LayerNorm without gain and bias (they are folded into the weights that follow).
    LayerNormPre,
    /// RMSNorm with gain.
    RmsNorm,
    /// RMSNorm without gain.
    RmsNormPre,
    /// None.
    None,
}

impl Normalization {
    /// Returns whether it subtracts the mean.
    pub fn is_centred(self) -> bool {
        matches!(self, Normalization::LayerNorm | Normalization::LayerNormPre)
    }

    /// Returns whether it has a trained gain.
    pub fn has_gain(self) -> bool {
        matches!(self, Normalization::LayerNorm | Normalization::RmsNorm)
    }

    /// Returns whether it has a trained bias.
    pub fn has_bias(self) -> bool {
        self == Normalization::LayerNorm
    }

    /// Returns its RMS variant, which TransformerLens' `final_rms` puts before the unembedding.
    pub fn rms(self) -> Normalization {
        match self {
            Normalization::LayerNorm => Normalization::RmsNorm,
            Normalization::LayerNormPre => Normalization::RmsNormPre,
            other => other,
        }
    }

    fn transformer_lens(self) -> Option<&'static str> {
        match self {
            Normalization::LayerNorm => Some("LN"),
            Normalization::LayerNormPre => Some("LNPre"),
            Normalization::RmsNorm => Some("RMS"),
            Normalization::RmsNormPre => Some("RMSPre"),
            Normalization::None => None,
        }
    }
}

/// Position embedding.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PositionEmbedding {
    /// A learned vector per position is added to the token embedding.
    Learned,
    /// Queries and keys are rotated by their position (Su et al. 2021), in split halves.
    Rotary {
        /// Rotated dimensions of each head; even, at most `d_head`.
        dim: usize,
        /// Base of the angles, 10 000 by default.
        base: f64,
    },
    /// None: order enters through the causal mask only.
    None,
}

/// Which positions a position may attend to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttentionDir {
    /// Itself and earlier positions.
    Causal,
    /// All positions.
    Bidirectional,
}

/// The architecture of one network. Field names are TransformerLens'.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelConfig {
    /// Number of blocks.
    pub n_layers: usize,
    /// Width of the residual stream.
    pub d_model: usize,
    /// Maximum sequence length.
    pub n_ctx: usize,
    /// Attention heads per block.
    pub n_heads: usize,
    /// Dimension of a head; `n_heads · d_head` need not equal `d_model`.
    pub d_head: usize,
    /// Hidden width of the MLP; unused when `attn_only`.
    pub d_mlp: usize,
    /// Vocabulary size.
    pub d_vocab: usize,
    /// Nonlinearity of the MLP.
    pub act_fn: Activation,
    /// Normalisation in the blocks.
    pub normalization: Normalization,
    /// Use the RMS variant of `normalization` before the unembedding.
    pub final_rms: bool,
    /// Position embedding.
    pub positions: PositionEmbedding,
    /// Direction of attention.
    pub attention_dir: AttentionDir,
    /// Blocks without an MLP.
    pub attn_only: bool,
    /// Added to the mean square in a norm.
    pub eps: f64,
    /// Scores are divided by this, √d_head by default.
    pub attn_scale: f64,
}

/// Errors of a model config.
#[derive(Debug, thiserror::Error, PartialEq)]
#[expect(missing_docs, reason = "the message says it")]
pub enum ConfigError {
    #[error("the model config is not a JSON object")]
    NotAnObject,
    #[error("model config: field `{field}` is missing")]
    Missing { field: &'static str },
    #[error("model config: `{field}` is {value}, wanted {wanted}")]
    Value { field: String, value: String, wanted: String },
    #[error("model config: unknown field `{field}`{near}")]
    Unknown {
        field: String,
        /// ` (did you mean ..?)`, or empty.
        near: String,
    },
}

impl HasFault for ConfigError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

impl ModelConfig {
    /// Returns the default architecture (GPT-2's: LayerNorm, learned positions, `gelu_new`, causal) of the given sizes, with
    /// `d_head = d_model / n_heads` and `d_mlp = 4 · d_model`.
    pub fn new(n_layers: usize, d_model: usize, n_heads: usize, d_vocab: usize, n_ctx: usize) -> ModelConfig {
        let d_head = d_model / n_heads.max(1);
        ModelConfig {
            n_layers,
            d_model,
            n_ctx,
            n_heads,
            d_head,
            d_mlp: 4 * d_model,
            d_vocab,
            act_fn: Activation::GeluNew,
            normalization: Normalization::LayerNorm,
            final_rms: false,
            positions: PositionEmbedding::Learned,
            attention_dir: AttentionDir::Causal,
            attn_only: false,
            eps: 1e-5,
            attn_scale: (d_head as f64).sqrt(),
        }
    }

    /// Returns the normalisation before the unembedding.
    pub fn final_normalization(&self) -> Normalization {
        if self.final_rms { self.normalization.rms() } else { self.normalization }
    }

    /// Checks sizes and ranges.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for the first field that is out of range.
    pub fn validated(self) -> Result<ModelConfig, ConfigError> {
        let sizes = [
            ("d_model", self.d_model),
            ("n_ctx", self.n_ctx),
            ("n_heads", self.n_heads),
            ("d_head", self.d_head),
            ("d_mlp", self.d_mlp),
            ("d_vocab", self.d_vocab),
        ];
        const MAX_SIZE: usize = 1 << 24;
        const MAX_PARAMS: u128 = 1 << 36;
        let bad = |field: &str, value: String, wanted: &str| {
            Err(ConfigError::Value { field: field.into(), value, wanted: wanted.into() })
        };
        for (field, size) in sizes {
            if size == 0 || size > MAX_SIZE {
                return bad(field, size.to_string(), "a whole number from 1 to 16777216");
            }
        }
        if self.n_layers > 4096 {
            return bad("n_layers", self.n_layers.to_string(), "a whole number from 0 to 4096");
        }
        // In integers that cannot overflow: sizes are at most 2^24.
        let [d_model, d_mlp, d_vocab, n_ctx] = [self.d_model, self.d_mlp, self.d_vocab, self.n_ctx].map(|n| n as u128);
        let attention = 4 * self.n_heads as u128 * self.d_head as u128;
        let n_params = d_model * (self.n_layers as u128 * (attention + 2 * d_mlp) + 2 * d_vocab + n_ctx);
        if n_params > MAX_PARAMS {
            return bad("parameters", n_params.to_string(), "at most 2^36: make the network smaller");
        }
        if !(self.eps > 0.0 && self.eps.is_finite()) {
            return bad("eps", self.eps.to_string(), "a positive number");
        }
        if !(self.attn_scale > 0.0 && self.attn_scale.is_finite()) {
            return bad("attn_scale", self.attn_scale.to_string(), "a positive number, or -1 for the root of d_head");
        }
        if let PositionEmbedding::Rotary { dim, base } = self.positions {
            if dim == 0 || dim % 2 == 1 || dim > self.d_head {
                return bad("rotary_dim", dim.to_string(), "an even number from 2 to d_head");
            }
            if !(base > 0.0 && base.is_finite()) {
                return bad("rotary_base", base.to_string(), "a positive number");
            }
        }
        Ok(self)
    }

    /// Reads TransformerLens' config. Absent fields take TransformerLens' defaults; fields without arithmetic are ignored.
    ///
    /// # Errors
    /// If a size is missing, a field is unknown or has the wrong type, or a value asks for something the engine does not
    /// implement.
    pub fn from_transformer_lens(value: &Value) -> Result<ModelConfig, ConfigError> {
        let fields = value.as_object().ok_or(ConfigError::NotAnObject)?;
        for (name, value) in fields {
            check_known(name, value)?;
        }
        let f = Fields(fields);
        let d_model = f.size("d_model")?.ok_or(ConfigError::Missing { field: "d_model" })?;
        let (n_heads, d_head) = match (f.size("n_heads")?, f.size("d_head")?) {
            (Some(n_heads), Some(d_head)) => (n_heads, d_head),
            (Some(n_heads), None) => (n_heads, d_model / n_heads),
            (None, Some(d_head)) => (d_model / d_head, d_head),
            (None, None) => return Err(ConfigError::Missing { field: "d_head" }),
        };
        let normalization = f.choice(
            "normalization_type",
            Some("LN"),
            &[
                (Some("LN"), Normalization::LayerNorm),
                (Some("LNPre"), Normalization::LayerNormPre),
                (Some("RMS"), Normalization::RmsNorm),
                (Some("RMSPre"), Normalization::RmsNormPre),
                (None, Normalization::None),
            ],
        )?;
        let rotary = PositionEmbedding::Rotary {
            dim: f.size("rotary_dim")?.unwrap_or(d_head),
            base: f.number("rotary_base")?.unwrap_or(10_000.0),
        };
        let positions = f.choice(
            "positional_embedding_type",
            Some("standard"),
            &[
                (Some("standard"), PositionEmbedding::Learned),
                (Some("rotary"), rotary),
                (Some("none"), PositionEmbedding::None),
            ],
        )?;
        let attn_only = f.flag("attn_only")?;
        let act_fn = match f.0.get("act_fn") {
            None | Some(Value::Null) if attn_only => Activation::GeluNew,
            None | Some(Value::Null) => return Err(ConfigError::Missing { field: "act_fn" }),
            Some(_) => f.choice(
                "act_fn",
                None,
                &[
                    (Some("relu"), Activation::Relu),
                    (Some("gelu"), Activation::Gelu),
                    (Some("gelu_new"), Activation::GeluNew),
                ],
            )?,
        };
        let scaled = f.0.get("use_attn_scale").is_none_or(|v| v.as_bool() != Some(false));
        let attn_scale = match f.number("attn_scale")? {
            _ if !scaled => 1.0,
            None | Some(-1.0) => (d_head as f64).sqrt(),
            Some(scale) => scale,
        };
        let d_vocab = f.size("d_vocab")?.ok_or(ConfigError::Missing { field: "d_vocab" })?;
        if f.size("n_key_value_heads")?.is_some_and(|n| n != n_heads) {
            return unsupported("n_key_value_heads", &f.0["n_key_value_heads"]);
        }
        if let Some(out) = f.size("d_vocab_out")?.filter(|&out| out != d_vocab) {
            return Err(ConfigError::Value {
                field: "d_vocab_out".into(),
                value: out.to_string(),
                wanted: format!("d_vocab ({d_vocab}) or -1"),
            });
        }
        ModelConfig {
            n_layers: f.count("n_layers")?.ok_or(ConfigError::Missing { field: "n_layers" })?,
            d_model,
            n_ctx: f.size("n_ctx")?.ok_or(ConfigError::Missing { field: "n_ctx" })?,
            n_heads,
            d_head,
            d_mlp: f.size("d_mlp")?.unwrap_or(4 * d_model),
            d_vocab,
            act_fn,
            normalization,
            final_rms: f.flag("final_rms")?,
            positions,
            attention_dir: f.choice(
                "attention_dir",
                Some("causal"),
                &[(Some("causal"), AttentionDir::Causal), (Some("bidirectional"), AttentionDir::Bidirectional)],
            )?,
            attn_only,
            eps: f.number("eps")?.unwrap_or(1e-5),
            attn_scale,
        }
        .validated()
    }

    /// Returns the keyword arguments of TransformerLens' config for this network, all sizes explicit.
    pub fn to_transformer_lens(&self) -> Value {
        let mut config = json!({
            "n_layers": self.n_layers, "d_model": self.d_model, "n_ctx": self.n_ctx, "n_heads": self.n_heads,
            "d_head": self.d_head, "d_mlp": self.d_mlp, "d_vocab": self.d_vocab, "eps": self.eps,
            "act_fn": self.act_fn, "normalization_type": self.normalization.transformer_lens(),
            "attention_dir": self.attention_dir, "attn_only": self.attn_only, "final_rms": self.final_rms,
        });
        match self.positions {
            PositionEmbedding::Learned => config["positional_embedding_type"] = json!("standard"),
            PositionEmbedding::None => config["positional_embedding_type"] = json!("none"),
            PositionEmbedding::Rotary { dim, base } => {
                config["positional_embedding_type"] = json!("rotary");
                config["rotary_dim"] = json!(dim);
                config["rotary_base"] = if base.fract() == 0.0 { json!(base as u64) } else { json!(base) };
            }
        }
        if self.attn_scale != (self.d_head as f64).sqrt() {
            config["attn_scale"] = json!(self.attn_scale);
        }
        config
    }
}

/// Fields that affect the arithmetic, read above.
const READ: [&str; 20] = [
    "n_layers",
    "d_model",
    "n_ctx",
    "n_heads",
    "d_head",
    "d_mlp",
    "d_vocab",
    "d_vocab_out",
    "act_fn",
    "normalization_type",
    "positional_embedding_type",
    "attention_dir",
    "attn_only",
    "final_rms",
    "eps",
    "use_attn_scale",
    "attn_scale",
    "rotary_dim",
    "rotary_base",
    "n_key_value_heads",
];

/// Fields that do not affect the arithmetic: names, devices, bookkeeping, switches that only expose more hook points.
const IGNORED: [&str; 30] = [
    "seed",
    "device",
    "n_devices",
    "dtype",
    "model_name",
    "original_architecture",
    "tokenizer_name",
    "tokenizer_prepends_bos",
    "default_prepend_bos",
    "decoder_start_token_id",
    "from_checkpoint",
    "checkpoint_index",
    "checkpoint_label_type",
    "checkpoint_value",
    "trust_remote_code",
    "n_params",
    "init_weights",
    "init_mode",
    "initializer_range",
    "weight_init_mode",
    "tie_word_embeddings",
    "use_hook_tokens",
    "use_attn_result",
    "use_split_qkv_input",
    "use_hook_mlp_in",
    "use_attn_in",
    "ungroup_grouped_query_attention",
    "experts_per_token",
    "window_size",
    "load_in_4bit",
];

/// Fields that change the arithmetic unless they hold one of these neutral values (or null).
const NEUTRAL: [(&str, f64); 13] = [
    ("gated_mlp", 0.0),
    ("parallel_attn_mlp", 0.0),
    ("use_local_attn", 0.0),
    ("scale_attn_by_inverse_layer_idx", 0.0),
    ("rotary_adjacent_pairs", 0.0),
    ("use_normalization_before_and_after", 0.0),
    ("post_embedding_ln", 0.0),
    ("use_qk_norm", 0.0),
    ("use_NTK_by_parts_rope", 0.0),
    ("attn_scores_soft_cap", -1.0),
    ("output_logits_soft_cap", -1.0),
    ("relative_attention_num_buckets", 0.0),
    ("num_experts", 0.0),
];

fn check_known(name: &str, value: &Value) -> Result<(), ConfigError> {
    let null = value.is_null();
    if READ.contains(&name) || IGNORED.contains(&name) || (null && name == "attn_types") {
        return Ok(());
    }
    if let Some((_, neutral)) = NEUTRAL.iter().find(|(known, _)| *known == name) {
        let number = value.as_f64().or(value.as_bool().map(|b| f64::from(u8::from(b))));
        return if null || number == Some(*neutral) { Ok(()) } else { unsupported(name, value) };
    }
    // Parameters of RoPE variants have no effect while the variant is off, which NEUTRAL checks.
    if name.starts_with("NTK_") || name == "rope_scaling" && null || name.starts_with("relative_attention_") {
        return Ok(());
    }
    let known = READ.iter().chain(&IGNORED).copied().chain(NEUTRAL.iter().map(|(name, _)| *name));
    Err(ConfigError::Unknown { field: name.into(), near: near_names(name, known) })
}

fn unsupported<T>(field: &str, value: &Value) -> Result<T, ConfigError> {
    let wanted = "a value that this engine implements (it has plain multi-head attention and plain MLPs)".into();
    Err(ConfigError::Value { field: field.into(), value: value.to_string(), wanted })
}

/// Typed access to the fields of a JSON object.
struct Fields<'a>(&'a Map<String, Value>);

impl Fields<'_> {
    fn wrong<T>(&self, field: &str, wanted: &str) -> Result<T, ConfigError> {
        let value = self.0.get(field).map(Value::to_string).unwrap_or_default();
        Err(ConfigError::Value { field: field.into(), value, wanted: wanted.into() })
    }

    /// Reads a whole number; −1 and null mean absent.
    fn count(&self, field: &str) -> Result<Option<usize>, ConfigError> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(v) if v.as_i64() == Some(-1) => Ok(None),
            Some(v) => match v.as_u64() {
                Some(n) => Ok(Some(n as usize)),
                None => self.wrong(field, "a whole number"),
            },
        }
    }

    /// Reads a positive whole number; −1 and null mean absent.
    fn size(&self, field: &str) -> Result<Option<usize>, ConfigError> {
        match self.count(field)? {
            Some(0) => self.wrong(field, "a positive whole number"),
            other => Ok(other),
        }
    }

    fn number(&self, field: &str) -> Result<Option<f64>, ConfigError> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(v) => match v.as_f64() {
                Some(x) => Ok(Some(x)),
                None => self.wrong(field, "a number"),
            },
        }
    }

    fn flag(&self, field: &str) -> Result<bool, ConfigError> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(false),
            Some(v) => match v.as_bool() {
                Some(b) => Ok(b),
                None => self.wrong(field, "true or false"),
            },
        }
    }

    /// Reads one of a closed set of names (`None` stands for null); an absent field counts as `absent`.
    fn choice<T: Copy>(
        &self,
        field: &str,
        absent: Option<&str>,
        choices: &[(Option<&str>, T)],
    ) -> Result<T, ConfigError> {
        let got = match self.0.get(field) {
            None => absent,
            Some(Value::Null) => None,
            Some(Value::String(name)) => Some(name.as_str()),
            Some(_) => return self.wrong(field, "a name"),
        };
        match choices.iter().find(|(name, _)| *name == got) {
            Some((_, choice)) => Ok(*choice),
            None => {
                let names: Vec<_> = choices.iter().map(|(name, _)| name.unwrap_or("null")).collect();
                self.wrong(field, &format!("one of {}", names.join(", ")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(change: Value) -> Result<ModelConfig, ConfigError> {
        let mut config = ModelConfig::new(2, 12, 3, 17, 9).to_transformer_lens();
        for (name, value) in change.as_object().unwrap() {
            config[name] = value.clone();
        }
        ModelConfig::from_transformer_lens(&config)
    }

    #[test]
    fn what_is_written_is_read_back() {
        let default = ModelConfig::new(2, 12, 3, 17, 9);
        let rotary = ModelConfig {
            positions: PositionEmbedding::Rotary { dim: 2, base: 500.5 },
            normalization: Normalization::RmsNorm,
            act_fn: Activation::Relu,
            attention_dir: AttentionDir::Bidirectional,
            d_head: 5,
            attn_scale: 2.0,
            ..default.clone()
        };
        let bare = ModelConfig {
            normalization: Normalization::None,
            positions: PositionEmbedding::None,
            attn_only: true,
            ..default.clone()
        };
        for config in [default, rotary, bare] {
            assert_eq!(ModelConfig::from_transformer_lens(&config.to_transformer_lens()), Ok(config));
        }
    }

    #[test]
    fn absent_fields_take_transformer_lens_defaults() {
        let config = json!({"n_layers": 1, "d_model": 8, "n_ctx": 4, "n_heads": 2, "d_vocab": 5, "act_fn": "gelu", "seed": 3, "dtype": "float32", "d_mlp": null});
        let config = ModelConfig::from_transformer_lens(&config).unwrap();
        assert_eq!((config.d_head, config.d_mlp, config.eps, config.attn_scale), (4, 32, 1e-5, 2.0));
        assert_eq!(config.attention_dir, AttentionDir::Causal);
    }

    #[track_caller]
    fn check_refused(change: Value, message: &str) {
        assert_eq!(read(change).unwrap_err().to_string(), message);
    }

    #[test]
    fn what_cannot_be_honoured_is_an_error_that_says_so() {
        check_refused(json!({"d_modle": 3}), "model config: unknown field `d_modle` (did you mean `d_model`?)");
        check_refused(
            json!({"act_fn": "silu"}),
            "model config: `act_fn` is \"silu\", wanted one of relu, gelu, gelu_new",
        );
        check_refused(json!({"n_layers": "two"}), "model config: `n_layers` is \"two\", wanted a whole number");
        check_refused(json!({"d_vocab_out": 3}), "model config: `d_vocab_out` is 3, wanted d_vocab (17) or -1");
        assert!(
            matches!(read(json!({"gated_mlp": true})), Err(ConfigError::Value { field, .. }) if field == "gated_mlp")
        );
        assert!(matches!(read(json!({"d_model": 0})), Err(ConfigError::Value { .. })));
        assert!(matches!(read(json!({"n_key_value_heads": 1})), Err(ConfigError::Value { .. })));
    }
}
