//! The line of tokens that `searchlens tokenize` writes: `{"tokens":["<ADJLIST_START>",..],"ids":[..]}`.

use serde::{Deserialize, Serialize};

use crate::sequence::error::DecodeError;
use crate::sequence::vocab::Vocab;

/// A sequence as one JSON object: names and ids, one entry each per token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenLine {
    /// Names of the tokens.
    pub tokens: Vec<String>,
    /// Their ids.
    pub ids: Vec<u32>,
}

impl TokenLine {
    /// Returns the line of a sequence.
    ///
    /// # Errors
    /// [`DecodeError::UnknownId`], if an id is not in the vocabulary.
    pub fn new(ids: &[u32], vocab: &Vocab) -> Result<TokenLine, DecodeError> {
        let name = |(position, &id): (usize, &u32)| {
            let unknown = DecodeError::UnknownId { position, id, n_vocab: vocab.len() };
            vocab.name(id).map(str::to_owned).ok_or(unknown)
        };
        Ok(TokenLine { tokens: ids.iter().enumerate().map(name).collect::<Result<_, _>>()?, ids: ids.to_vec() })
    }
}
