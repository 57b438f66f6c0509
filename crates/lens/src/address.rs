//! Addresses: a site, and which of its heads, positions and keys.
//!
//! Captures, plans of edits and figures all name parts of activations by address. Positions are numbers or roles of tokens:
//! `blocks.2.attn.hook_z[head=1,role=path_step:0]` is head 1 at the token after which no step has been made, wherever that token
//! is in each sequence.

use searchlens_base::fault::{Fault, HasFault};
use searchlens_model::config::ModelConfig;
use searchlens_model::sites::{At, Axes, Site, SiteError};
use searchlens_tokens::sequence::query::RoleQuery;
use searchlens_tokens::sequence::query::RoleQueryError;
use searchlens_tokens::sequence::role::Role;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// A site and a part of its value.
///
/// Text form: the site, full or short, then parts in brackets: `head=2`, `pos=5`, `pos=3..9`, `role=target`, and at attention
/// scores and patterns `key=5`, `key=3..9`, `key_role=target`. `L3H2` is short for `blocks.3.attn.hook_z[head=2]`.
///
/// ```
/// use searchlens_lens::address::Address;
/// let address: Address = "pattern.2[head=1,role=path_start,key_role=target]".parse()?;
/// assert_eq!(address.to_string(), "blocks.2.attn.hook_pattern[head=1,role=path_start,key_role=target]");
/// # Ok::<(), searchlens_lens::address::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    /// The site.
    pub at: At,
    /// One head, or all.
    pub head: Option<usize>,
    /// Positions; of attention scores and patterns, positions of the query.
    pub positions: Positions,
    /// Keys of attention scores and patterns; `All` at other sites.
    pub keys: Positions,
}

/// Positions of a sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Positions {
    /// All of them.
    #[default]
    All,
    /// These, counted from the sequence's first token.
    Range(Range<usize>),
    /// Those of the tokens with this role, which differ from sequence to sequence.
    Role(RoleQuery),
}

/// A sequence as addresses see it.
#[derive(Clone, Copy, Debug)]
pub struct Sequence<'a> {
    /// Number of tokens.
    pub len: usize,
    /// What each token stands for, if known; in generation, those of the prompt.
    pub roles: Option<&'a [Role]>,
}

/// Positions of one sequence, resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picked {
    /// All of them.
    All,
    /// These.
    Range(Range<usize>),
    /// These, ascending.
    List(Vec<usize>),
}

impl Picked {
    /// Whether this position is picked.
    pub fn contains(&self, pos: usize) -> bool {
        match self {
            Picked::All => true,
            Picked::Range(range) => range.contains(&pos),
            Picked::List(list) => list.binary_search(&pos).is_ok(),
        }
    }

    /// The picked positions of a sequence of `len` tokens, ascending.
    pub fn within(&self, len: usize) -> Vec<usize> {
        (0..len).filter(|&pos| self.contains(pos)).collect()
    }
}

/// Errors of addresses.
#[derive(Debug, thiserror::Error, PartialEq)]
#[expect(missing_docs, reason = "the message says it")]
pub enum AddressError {
    #[error(transparent)]
    Site(#[from] SiteError),
    #[error("address `{address}`: {source}")]
    Role { address: String, source: RoleQueryError },
    #[error(
        "address `{address}`: cannot read `{part}`; parts are `head=H`, `pos=P`, `pos=FROM..TO` and `role=ROLE`, for keys of \
         attention `key=P`, `key=FROM..TO` and `key_role=ROLE`"
    )]
    Part { address: String, part: String },
    #[error("address `{address}`: `{part}` gives the {axis} a second time; leave one of them out")]
    Twice { address: String, part: String, axis: &'static str },
    #[error("address `{address}`: {name} has no heads; leave out `head`")]
    NoHeads { address: String, name: String },
    #[error("address `{address}`: {name} has no keys; only attn_scores and pattern do: leave out `key` and `key_role`")]
    NoKeys { address: String, name: String },
    #[error("address `{address}`: {what} is out of range 0..{size}")]
    Range { address: String, what: String, size: usize },
    #[error("address `{address}`: these tokens have no roles; give positions as numbers, `pos=P`")]
    NoRoles { address: String },
}

impl HasFault for AddressError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

impl Address {
    /// The whole value of a site.
    pub fn whole(at: At) -> Address {
        Address { at, head: None, positions: Positions::All, keys: Positions::All }
    }

    /// Reads an address and checks that a network has its site.
    ///
    /// # Errors
    /// An address that cannot be read, or a layer or site that the network lacks.
    pub fn parse_for(text: &str, config: &ModelConfig) -> Result<Address, AddressError> {
        let address: Address = text.parse()?;
        At::parse_for(&address.at.to_string(), config)?;
        Ok(address)
    }

    /// Checks that a network has this site, head and positions in sequences of at most `seq` tokens.
    ///
    /// # Errors
    /// What the network lacks.
    pub fn check(&self, config: &ModelConfig, seq: usize) -> Result<(), AddressError> {
        At::parse_for(&self.at.to_string(), config)?;
        let (address, name) = (|| self.to_string(), || self.at.to_string());
        if self.head.is_some() && !self.at.site.has_heads() {
            return Err(AddressError::NoHeads { address: address(), name: name() });
        }
        if self.keys != Positions::All && self.at.site.info().axes != Axes::Square {
            return Err(AddressError::NoKeys { address: address(), name: name() });
        }
        let out_of_range = |what, size| Err(AddressError::Range { address: address(), what, size });
        if let Some(head) = self.head.filter(|&head| head >= config.n_heads) {
            return out_of_range(format!("head {head}"), config.n_heads);
        }
        for (axis, positions) in [("pos", &self.positions), ("key", &self.keys)] {
            if let Positions::Range(range) = positions
                && (range.end > seq || range.is_empty())
            {
                return out_of_range(format!("{axis} {}..{}", range.start, range.end), seq);
            }
        }
        Ok(())
    }

    /// The positions that the address picks in a sequence.
    ///
    /// # Errors
    /// The address names a role and the roles are not known.
    pub fn positions_in(&self, sequence: Sequence<'_>) -> Result<Picked, AddressError> {
        self.pick(&self.positions, sequence)
    }

    /// The keys that the address picks in a sequence.
    ///
    /// # Errors
    /// As [`Address::positions_in`].
    pub fn keys_in(&self, sequence: Sequence<'_>) -> Result<Picked, AddressError> {
        self.pick(&self.keys, sequence)
    }

    fn pick(&self, positions: &Positions, sequence: Sequence<'_>) -> Result<Picked, AddressError> {
        Ok(match positions {
            Positions::All => Picked::All,
            Positions::Range(range) => Picked::Range(range.clone()),
            Positions::Role(query) => match sequence.roles {
                Some(roles) => Picked::List(query.positions(roles)),
                None => return Err(AddressError::NoRoles { address: self.to_string() }),
            },
        })
    }

    /// Length of a row, the innermost axis: `d_model` of `resid_post`, `d_head` of `z`, `seq` of attention scores.
    pub fn width(&self, config: &ModelConfig, seq: usize) -> usize {
        self.at.site.shape(config, 1, seq).pop().unwrap_or(1)
    }
}

impl Positions {
    /// The part of an address, `pos=3` or `role=target`; `None` for all positions.
    fn part(&self, number: &str, role: &str) -> Option<String> {
        match self {
            Positions::All => None,
            Positions::Range(range) if range.len() == 1 => Some(format!("{number}={}", range.start)),
            Positions::Range(range) => Some(format!("{number}={}..{}", range.start, range.end)),
            Positions::Role(query) => Some(format!("{role}={query}")),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = self.head.map(|h| format!("head={h}"));
        let (positions, keys) = (self.positions.part("pos", "role"), self.keys.part("key", "key_role"));
        let parts: Vec<String> = head.into_iter().chain(positions).chain(keys).collect();
        if parts.is_empty() { write!(f, "{}", self.at) } else { write!(f, "{}[{}]", self.at, parts.join(",")) }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Address, AddressError> {
        if let Some((layer, head)) = head_form(text) {
            return Ok(Address { head: Some(head), ..Address::whole(At::new(Site::Z, layer)) });
        }
        let (name, parts) = match text.split_once('[') {
            None => (text, ""),
            Some((name, rest)) => {
                let part = || AddressError::Part { address: text.into(), part: rest.into() };
                (name, rest.strip_suffix(']').ok_or_else(part)?)
            }
        };
        let mut address = Address::whole(name.parse()?);
        for part in parts.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            address.read_part(text, part)?;
        }
        Ok(address)
    }
}

impl Address {
    fn read_part(&mut self, text: &str, part: &str) -> Result<(), AddressError> {
        let unreadable = || AddressError::Part { address: text.into(), part: part.into() };
        let role = |query: &str| {
            let role = |source| AddressError::Role { address: text.into(), source };
            query.trim().parse().map(Positions::Role).map_err(role)
        };
        let (name, value) = part.split_once('=').ok_or_else(unreadable)?;
        let twice = |axis| Err(AddressError::Twice { address: text.into(), part: part.into(), axis });
        let (axis, positions, new) = match name.trim() {
            "head" if self.head.is_some() => return twice("head"),
            "head" => {
                self.head = Some(value.trim().parse().map_err(|_not_a_number| unreadable())?);
                return Ok(());
            }
            "pos" => ("positions", &mut self.positions, range(value).ok_or_else(unreadable)?),
            "role" => ("positions", &mut self.positions, role(value)?),
            "key" => ("keys", &mut self.keys, range(value).ok_or_else(unreadable)?),
            "key_role" => ("keys", &mut self.keys, role(value)?),
            _ => return Err(unreadable()),
        };
        if *positions != Positions::All {
            return twice(axis);
        }
        *positions = new;
        Ok(())
    }
}

/// Reads `5` or `3..9`.
fn range(text: &str) -> Option<Positions> {
    let number = |text: &str| text.trim().parse::<usize>().ok();
    let range = match text.split_once("..") {
        Some((from, to)) => number(from)?..number(to)?,
        None => number(text).and_then(|pos| Some(pos..pos.checked_add(1)?))?,
    };
    Some(Positions::Range(range))
}

/// Reads `L3H2`, head 2 of layer 3.
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
    use searchlens_tokens::sequence::role::Role;

    #[test]
    fn addresses_print_what_they_parse() {
        for text in [
            "blocks.3.attn.hook_z[head=2,pos=5]",
            "hook_embed",
            "blocks.0.hook_resid_post[pos=2..7]",
            "blocks.2.attn.hook_z[head=1,role=path_step:0]",
            "blocks.1.attn.hook_attn_scores[head=0,role=path_start,key_role=edge:3-8]",
            "blocks.1.attn.hook_pattern[key=4..6]",
        ] {
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
        check_refused("pattern.0[key=4]", "key 4..5 is out of range 0..4");
        check_refused("resid_post.1[head=0]", "has no heads");
        check_refused("resid_post.1[key=0]", "has no keys");
        check_refused("z.0[hed=0]", "cannot read `hed=0`");
        check_refused("z.0[pos=1,role=target]", "`role=target` gives the positions a second time");
        check_refused("z.0[role=path_strt]", "did you mean `path_start`");
        check_refused("z.2", "2 layers");
    }

    #[test]
    fn roles_pick_other_positions_in_each_sequence() {
        let address: Address = "z.0[role=path_step:1]".parse().unwrap();
        let step = |step| Role::PathStep { step, cell: 7 };
        let pick = |roles: &[Role]| address.positions_in(Sequence { len: roles.len(), roles: Some(roles) }).unwrap();
        assert_eq!(pick(&[Role::PathStart, step(1), Role::End]).within(3), [1]);
        assert_eq!(pick(&[Role::End, Role::PathStart, step(1), step(1)]).within(4), [2, 3]);
        let error = address.positions_in(Sequence { len: 3, roles: None }).unwrap_err();
        assert!(error.to_string().contains("these tokens have no roles"), "{error}");
    }
}
