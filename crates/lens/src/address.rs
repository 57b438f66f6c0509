//! Addresses: a site, and which of its heads and positions. What plans of edits and figures point with.

use searchlens_base::fault::{Fault, HasFault};
use searchlens_model::config::ModelConfig;
use searchlens_model::sites::{At, Axes, Site, SiteError};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A site and a part of its value. Text form: `blocks.3.attn.hook_z[head=2,pos=5]`; short forms `z.3[head=2]`, `L3H2`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    /// The site.
    pub at: At,
    /// One head, or all.
    pub head: Option<usize>,
    /// One position (for scores and patterns: of the query), a range of them, or all.
    pub positions: Option<std::ops::Range<usize>>,
}

/// What is wrong with an address.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum AddressError {
    /// The site's name.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// A part in brackets that cannot be read.
    #[error("address `{address}`: cannot read `{part}`; parts are `head=H`, `pos=P` and `pos=FROM..TO`")]
    Part {
        /// The address.
        address: String,
        /// The part.
        part: String,
    },
    /// A head of a site that has none.
    #[error("address `{address}`: {name} has no heads")]
    NoHeads {
        /// The address.
        address: String,
        /// The site's name.
        name: String,
    },
    /// A head or position that does not exist.
    #[error("address `{address}`: {what} is out of range 0..{size}")]
    Range {
        /// The address.
        address: String,
        /// `head 7` or `pos 3..9`.
        what: String,
        /// How many there are.
        size: usize,
    },
}

impl HasFault for AddressError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

impl Address {
    /// Checks that a network has this site, head and positions in sequences of `seq` tokens.
    ///
    /// # Errors
    /// What the network lacks.
    pub fn check(&self, config: &ModelConfig, seq: usize) -> Result<(), AddressError> {
        At::parse_for(&self.at.to_string(), config)?;
        let address = || self.to_string();
        let has_heads = matches!(self.at.site.info().axes, Axes::Heads | Axes::HeadsModel | Axes::Square);
        match self.head {
            Some(_) if !has_heads => {
                return Err(AddressError::NoHeads { address: address(), name: self.at.to_string() });
            }
            Some(head) if head >= config.n_heads => {
                let what = format!("head {head}");
                return Err(AddressError::Range { address: address(), what, size: config.n_heads });
            }
            _ => {}
        }
        match &self.positions {
            Some(range) if range.end > seq || range.is_empty() => {
                let what = format!("pos {}..{}", range.start, range.end);
                Err(AddressError::Range { address: address(), what, size: seq })
            }
            _ => Ok(()),
        }
    }

    /// Which entries of the site's value the address means, in row-major order. Attention entries that a causal network masks
    /// are never meant.
    pub fn selects<'a>(&'a self, config: &'a ModelConfig, seq: usize) -> impl Fn(usize) -> bool + 'a {
        let axes = self.at.site.info().axes;
        let (d, dh, h) = (config.d_model, config.d_head, config.n_heads);
        let causal = config.attention_dir == searchlens_model::config::AttentionDir::Causal;
        let whole_row = match axes {
            Axes::Model => d,
            Axes::One => 1,
            Axes::Mlp => config.d_mlp,
            Axes::Vocab => config.d_vocab,
            Axes::Heads => h * dh,
            Axes::HeadsModel => h * d,
            Axes::Square => seq,
        };
        move |i| {
            let (head, pos) = match axes {
                Axes::Heads => (Some(i / dh % h), i / whole_row % seq),
                Axes::HeadsModel => (Some(i / d % h), i / whole_row % seq),
                Axes::Square => (Some(i / (seq * seq) % h), i / seq % seq),
                _ => (None, i / whole_row % seq),
            };
            let masked = axes == Axes::Square && causal && i % seq > pos;
            !masked
                && (self.head.is_none() || self.head == head)
                && self.positions.as_ref().is_none_or(|range| range.contains(&pos))
        }
    }

    /// Length of the innermost axis: what a direction at this address must have.
    pub fn width(&self, config: &ModelConfig, seq: usize) -> usize {
        self.at.site.shape(config, 1, seq).pop().unwrap_or(1)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = self.head.map(|h| format!("head={h}"));
        let pos = self
            .positions
            .as_ref()
            .map(|r| if r.len() == 1 { format!("pos={}", r.start) } else { format!("pos={}..{}", r.start, r.end) });
        let parts: Vec<String> = head.into_iter().chain(pos).collect();
        if parts.is_empty() { write!(f, "{}", self.at) } else { write!(f, "{}[{}]", self.at, parts.join(",")) }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Address, AddressError> {
        if let Some((layer, head)) = head_form(text) {
            return Ok(Address { at: At::new(Site::Z, layer), head: Some(head), positions: None });
        }
        let (name, parts) = match text.split_once('[') {
            None => (text, ""),
            Some((name, rest)) => {
                let part = || AddressError::Part { address: text.into(), part: rest.into() };
                (name, rest.strip_suffix(']').ok_or_else(part)?)
            }
        };
        let mut address = Address { at: name.parse()?, head: None, positions: None };
        for part in parts.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let unreadable = || AddressError::Part { address: text.into(), part: part.into() };
            let number = |text: &str| text.trim().parse::<usize>().ok();
            match part.split_once('=') {
                Some(("head", value)) => address.head = Some(number(value).ok_or_else(unreadable)?),
                Some(("pos", value)) => {
                    let range = match value.split_once("..") {
                        Some((from, to)) => number(from).zip(number(to)).map(|(from, to)| from..to),
                        None => number(value).map(|pos| pos..pos + 1),
                    };
                    address.positions = Some(range.ok_or_else(unreadable)?);
                }
                _ => return Err(unreadable()),
            }
        }
        Ok(address)
    }
}

/// `L3H2`: head 2 of layer 3.
fn head_form(text: &str) -> Option<(usize, usize)> {
    let (layer, head) = text.strip_prefix('L')?.split_once('H')?;
    Some((layer.parse().ok()?, head.parse().ok()?))
}

impl TryFrom<String> for Address {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Address, AddressError> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> String {
        address.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_print_what_they_parse() {
        for text in ["blocks.3.attn.hook_z[head=2,pos=5]", "hook_embed", "blocks.0.hook_resid_post[pos=2..7]"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        assert_eq!("L3H2".parse::<Address>().unwrap().to_string(), "blocks.3.attn.hook_z[head=2]");
    }

    #[track_caller]
    fn check_refused(text: &str, says: &str) {
        let config = ModelConfig::new(2, 8, 2, 5, 9);
        let error = match text.parse::<Address>() {
            Ok(address) => address.check(&config, 4).unwrap_err(),
            Err(error) => error,
        };
        assert!(error.to_string().contains(says), "{error}");
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        check_refused("blocks.0.atn.hook_z", "did you mean `blocks.0.attn.hook_z`");
        check_refused("z.0[head=2]", "head 2 is out of range 0..2");
        check_refused("z.0[pos=3..5]", "pos 3..5 is out of range 0..4");
        check_refused("resid_post.1[head=0]", "has no heads");
        check_refused("z.0[hed=0]", "cannot read `hed=0`");
        check_refused("z.2", "2 layers");
    }
}
