//! The sites: every named activation of the network, with TransformerLens' name, meaning and axes.
//!
//! Parsing, printing, capturing and `searchlens sites` all read one table of names, axes, formulas and order. Every site can be
//! read, edited and differentiated.

use crate::config::{ModelConfig, Normalization, PositionEmbedding};
use searchlens_base::fault::{Fault, HasFault};
use searchlens_base::text::near_names;
use std::fmt;
use std::str::FromStr;

/// A named activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is described in the table below, by formula")]
pub enum Site {
    Embed,
    PosEmbed,
    ResidPre,
    AttnIn,
    QInput,
    KInput,
    VInput,
    Ln1Scale,
    Ln1Normalized,
    Q,
    K,
    V,
    RotQ,
    RotK,
    AttnScores,
    Pattern,
    Z,
    Result,
    AttnOut,
    ResidMid,
    MlpIn,
    Ln2Scale,
    Ln2Normalized,
    MlpPre,
    MlpPost,
    MlpOut,
    ResidPost,
    LnFinalScale,
    LnFinalNormalized,
    UnembedIn,
    UnembedOut,
}

/// Axes of a site's value after `[batch, ..]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axes {
    /// `[batch, pos, d_model]`
    Model,
    /// `[batch, pos, 1]`
    One,
    /// `[batch, pos, n_heads, d_head]`
    Heads,
    /// `[batch, n_heads, query_pos, key_pos]`
    Square,
    /// `[batch, pos, n_heads, d_model]`
    HeadsModel,
    /// `[batch, pos, d_mlp]`
    Mlp,
    /// `[batch, pos, d_vocab]`
    Vocab,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct SiteInfo {
    /// The site.
    pub site: Site,
    /// TransformerLens' name; `{i}` stands for the layer.
    pub name: &'static str,
    /// Short name; `.layer` follows it for a site of a block.
    pub short: &'static str,
    /// Axes of its value.
    pub axes: Axes,
    /// How it is computed.
    pub formula: &'static str,
}

/// Every site, in the order of the forward pass.
pub const SITES: [SiteInfo; 31] = {
    use Axes::*;
    const fn row(site: Site, name: &'static str, short: &'static str, axes: Axes, formula: &'static str) -> SiteInfo {
        SiteInfo { site, name, short, axes, formula }
    }
    [
        row(Site::Embed, "hook_embed", "embed", Model, "W_E[token]"),
        row(Site::PosEmbed, "hook_pos_embed", "pos_embed", Model, "W_pos[pos]"),
        row(Site::ResidPre, "blocks.{i}.hook_resid_pre", "resid_pre", Model, "input of the block"),
        row(
            Site::AttnIn,
            "blocks.{i}.hook_attn_in",
            "attn_in",
            HeadsModel,
            "resid_pre, a copy for each head, before ln1",
        ),
        row(Site::QInput, "blocks.{i}.hook_q_input", "q_input", HeadsModel, "attn_in, a copy for each head's queries"),
        row(Site::KInput, "blocks.{i}.hook_k_input", "k_input", HeadsModel, "attn_in, a copy for each head's keys"),
        row(Site::VInput, "blocks.{i}.hook_v_input", "v_input", HeadsModel, "attn_in, a copy for each head's values"),
        row(Site::Ln1Scale, "blocks.{i}.ln1.hook_scale", "ln1_scale", One, "sqrt(var(resid_pre) + eps)"),
        row(
            Site::Ln1Normalized,
            "blocks.{i}.ln1.hook_normalized",
            "ln1",
            Model,
            "(resid_pre - mean) / scale, before gain and bias",
        ),
        row(Site::Q, "blocks.{i}.attn.hook_q", "q", Heads, "ln1 @ W_Q + b_Q, before rotary"),
        row(Site::K, "blocks.{i}.attn.hook_k", "k", Heads, "ln1 @ W_K + b_K, before rotary"),
        row(Site::V, "blocks.{i}.attn.hook_v", "v", Heads, "ln1 @ W_V + b_V"),
        row(Site::RotQ, "blocks.{i}.attn.hook_rot_q", "rot_q", Heads, "q rotated by its position"),
        row(Site::RotK, "blocks.{i}.attn.hook_rot_k", "rot_k", Heads, "k rotated by its position"),
        row(
            Site::AttnScores,
            "blocks.{i}.attn.hook_attn_scores",
            "attn_scores",
            Square,
            "q . k / attn_scale, -inf where masked",
        ),
        row(Site::Pattern, "blocks.{i}.attn.hook_pattern", "pattern", Square, "softmax of attn_scores over keys"),
        row(Site::Z, "blocks.{i}.attn.hook_z", "z", Heads, "pattern @ v"),
        row(Site::Result, "blocks.{i}.attn.hook_result", "result", HeadsModel, "z @ W_O, head by head"),
        row(Site::AttnOut, "blocks.{i}.hook_attn_out", "attn_out", Model, "sum of result over heads + b_O"),
        row(Site::ResidMid, "blocks.{i}.hook_resid_mid", "resid_mid", Model, "resid_pre + attn_out"),
        row(Site::MlpIn, "blocks.{i}.hook_mlp_in", "mlp_in", Model, "resid_mid, a copy for the MLP, before ln2"),
        row(Site::Ln2Scale, "blocks.{i}.ln2.hook_scale", "ln2_scale", One, "sqrt(var(mlp_in) + eps)"),
        row(
            Site::Ln2Normalized,
            "blocks.{i}.ln2.hook_normalized",
            "ln2",
            Model,
            "(mlp_in - mean) / scale, before gain and bias",
        ),
        row(Site::MlpPre, "blocks.{i}.mlp.hook_pre", "mlp_pre", Mlp, "ln2 @ W_in + b_in"),
        row(Site::MlpPost, "blocks.{i}.mlp.hook_post", "mlp_post", Mlp, "act_fn(pre)"),
        row(Site::MlpOut, "blocks.{i}.hook_mlp_out", "mlp_out", Model, "post @ W_out + b_out"),
        row(Site::ResidPost, "blocks.{i}.hook_resid_post", "resid_post", Model, "resid_mid + mlp_out"),
        row(Site::LnFinalScale, "ln_final.hook_scale", "ln_final_scale", One, "sqrt(var(resid_post) + eps)"),
        row(
            Site::LnFinalNormalized,
            "ln_final.hook_normalized",
            "ln_final",
            Model,
            "(resid_post - mean) / scale, before gain and bias",
        ),
        row(Site::UnembedIn, "unembed.hook_in", "unembed_in", Model, "ln_final with gain and bias"),
        row(Site::UnembedOut, "unembed.hook_out", "logits", Vocab, "unembed_in @ W_U + b_U: the logits"),
    ]
};

impl Site {
    /// The site's row of the table.
    pub fn info(self) -> &'static SiteInfo {
        &SITES[self as usize]
    }

    /// Whether every block has one.
    pub fn in_block(self) -> bool {
        self.info().name.starts_with("blocks.")
    }

    /// Whether its value has a head axis.
    pub fn has_heads(self) -> bool {
        matches!(self.info().axes, Axes::Heads | Axes::HeadsModel | Axes::Square)
    }

    /// Whether a network of this architecture has the site.
    pub fn exists_in(self, config: &ModelConfig) -> bool {
        match self {
            Site::PosEmbed => config.positions == PositionEmbedding::Learned,
            Site::RotQ | Site::RotK => matches!(config.positions, PositionEmbedding::Rotary { .. }),
            Site::Ln1Scale | Site::Ln1Normalized | Site::LnFinalScale | Site::LnFinalNormalized => {
                config.normalization != Normalization::None
            }
            Site::Ln2Scale | Site::Ln2Normalized => config.normalization != Normalization::None && !config.attn_only,
            Site::ResidMid | Site::MlpIn | Site::MlpPre | Site::MlpPost | Site::MlpOut => !config.attn_only,
            _ => true,
        }
    }

    /// Shape of its value for `n_seq` sequences of `seq` tokens, in the order of [`Axes`].
    pub fn shape(self, config: &ModelConfig, n_seq: usize, seq: usize) -> Vec<usize> {
        match self.info().axes {
            Axes::Model => vec![n_seq, seq, config.d_model],
            Axes::One => vec![n_seq, seq, 1],
            Axes::Heads => vec![n_seq, seq, config.n_heads, config.d_head],
            Axes::Square => vec![n_seq, config.n_heads, seq, seq],
            Axes::HeadsModel => vec![n_seq, seq, config.n_heads, config.d_model],
            Axes::Mlp => vec![n_seq, seq, config.d_mlp],
            Axes::Vocab => vec![n_seq, seq, config.d_vocab],
        }
    }
}

/// A site of one layer. Its text form is TransformerLens' name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct At {
    /// The activation.
    pub site: Site,
    /// The block; 0 for sites outside the blocks.
    pub layer: usize,
}

impl At {
    /// The site of one block. For a site outside the blocks, `layer` must be 0.
    pub fn new(site: Site, layer: usize) -> At {
        At { site, layer }
    }

    /// Every site of a network, in forward order.
    pub fn all(config: &ModelConfig) -> Vec<At> {
        let rows = || SITES.iter().map(|info| info.site).filter(|site| site.exists_in(config));
        let before = rows().take_while(|site| !site.in_block()).map(|site| At { site, layer: 0 });
        let blocks = (0..config.n_layers)
            .flat_map(|layer| rows().filter(|site| site.in_block()).map(move |site| At { site, layer }));
        let after = rows().skip_while(|site| !site.in_block()).filter(|site| !site.in_block());
        before.chain(blocks).chain(after.map(|site| At { site, layer: 0 })).collect()
    }

    /// Reads a name and checks that the network has the site.
    ///
    /// # Errors
    /// Unknown name, or a layer or site that this network lacks.
    pub fn parse_for(text: &str, config: &ModelConfig) -> Result<At, SiteError> {
        let at: At = text.parse()?;
        if at.site.in_block() && at.layer >= config.n_layers {
            return Err(SiteError::Layer { name: text.into(), n_layers: config.n_layers });
        }
        if !at.site.exists_in(config) {
            return Err(SiteError::Absent { name: text.into() });
        }
        Ok(at)
    }
}

/// Errors of reading a site's name.
#[derive(Debug, thiserror::Error, PartialEq)]
#[expect(missing_docs, reason = "the message says it")]
pub enum SiteError {
    #[error("unknown site `{name}`{near}; `searchlens sites` lists them")]
    Unknown { name: String, near: String },
    #[error("site `{name}`: the network has {n_layers} layers, numbered from 0")]
    Layer { name: String, n_layers: usize },
    #[error(
        "site `{name}`: this network's architecture has no such site (`searchlens sites --checkpoint C` lists its own)"
    )]
    Absent { name: String },
}

impl HasFault for SiteError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.site.info().name.replace("{i}", &self.layer.to_string()))
    }
}

impl FromStr for At {
    type Err = SiteError;

    /// Reads a full name (`blocks.3.attn.hook_z`) or a short one (`z.3`, `logits`).
    fn from_str(text: &str) -> Result<At, SiteError> {
        let (pattern, layer) = split_layer(text);
        SITES
            .iter()
            .find(|info| {
                info.name == pattern
                    || if info.site.in_block() {
                        pattern == format!("{}.{{i}}", info.short)
                    } else {
                        pattern == info.short
                    }
            })
            .map(|info| At { site: info.site, layer })
            .ok_or_else(|| {
                let with_layer = |name: &str| name.replace("{i}", &layer.to_string());
                let known: Vec<String> = SITES
                    .iter()
                    .flat_map(|info| {
                        let short =
                            if info.site.in_block() { format!("{}.{layer}", info.short) } else { info.short.into() };
                        [with_layer(info.name), short]
                    })
                    .collect();
                SiteError::Unknown { name: text.into(), near: near_names(text, known.iter().map(String::as_str)) }
            })
    }
}

/// Replaces the first part that is a number by `{i}`; returns that number, or 0.
fn split_layer(text: &str) -> (String, usize) {
    let mut layer = None;
    let parts: Vec<&str> = text
        .split('.')
        .map(|part| match part.parse::<usize>() {
            Ok(number) if layer.is_none() && part.bytes().all(|b| b.is_ascii_digit()) => {
                layer = Some(number);
                "{i}"
            }
            _ => part,
        })
        .collect();
    (parts.join("."), layer.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (i, info) in SITES.iter().enumerate() {
            assert_eq!(info.site as usize, i);
        }
    }

    #[test]
    fn every_site_parses_back_from_both_its_names() {
        for at in At::all(&ModelConfig::new(12, 8, 2, 5, 5)) {
            assert_eq!(at.to_string().parse(), Ok(at));
            let info = at.site.info();
            let short =
                if at.site.in_block() { format!("{}.{}", info.short, at.layer) } else { info.short.to_string() };
            assert_eq!(short.parse(), Ok(at));
        }
    }

    #[test]
    fn a_misspelt_site_is_an_error_with_near_names() {
        let error = "blocks.5.atn.hook_pattern".parse::<At>().unwrap_err().to_string();
        assert!(error.contains("did you mean `blocks.5.attn.hook_pattern`"), "{error}");
        assert!("hook_nonsense_at_all".parse::<At>().unwrap_err().to_string().starts_with("unknown site"));
        let config = ModelConfig::new(2, 8, 2, 5, 5);
        assert!(matches!(At::parse_for("resid_post.2", &config), Err(SiteError::Layer { .. })));
        assert!(matches!(At::parse_for("rot_q.1", &config), Err(SiteError::Absent { .. })));
    }
}
