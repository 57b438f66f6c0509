//! Vocabularies: token names in id order.

use std::collections::HashMap;

use searchlens_base::fault::{Fault, HasFault};
use searchlens_base::text::near_names;

/// The tokens of one tokenizer: names in id order, ids `0..len`.
#[derive(Clone, Debug)]
pub struct Vocab {
    names: Vec<String>,
    ids: HashMap<String, u32>,
}

/// Error of looking up a token name that the vocabulary lacks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown token `{name}` in a vocabulary of {n_vocab} tokens{}", .near)]
pub struct UnknownToken {
    /// The name asked for.
    pub name: String,
    /// Size of the vocabulary.
    pub n_vocab: usize,
    /// ` (did you mean ..?)`, or empty.
    pub near: String,
}

impl HasFault for UnknownToken {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

impl Vocab {
    /// Returns the vocabulary with these names, in id order.
    ///
    /// # Panics
    /// If a name is repeated.
    pub fn new(names: Vec<String>) -> Vocab {
        let ids: HashMap<String, u32> = names.iter().cloned().zip(0..).collect();
        assert_eq!(ids.len(), names.len(), "a token name is repeated");
        Vocab { names, ids }
    }

    /// Number of tokens: the `d_vocab` of a model.
    #[expect(clippy::len_without_is_empty, reason = "no tokenizer has an empty vocabulary")]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Returns all names, in id order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns the name of an id, or `None` if it is `>= len`.
    pub fn name(&self, id: u32) -> Option<&str> {
        self.names.get(id as usize).map(String::as_str)
    }

    /// Returns the id of a name, or `None` if there is no such token.
    pub fn find(&self, name: &str) -> Option<u32> {
        self.ids.get(name).copied()
    }

    /// Returns the id of a name.
    ///
    /// # Errors
    /// [`UnknownToken`], with near names.
    pub fn id(&self, name: &str) -> Result<u32, UnknownToken> {
        self.find(name).ok_or_else(|| UnknownToken {
            name: name.to_owned(),
            n_vocab: self.len(),
            near: near_names(name, self.names.iter().map(String::as_str)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_token_names_near_ones() {
        let vocab = Vocab::new(["TARGET", "ORIGIN", "(0,0)", "(0,1)"].map(str::to_owned).to_vec());
        assert_eq!(vocab.id("ORIGIN"), Ok(1));
        assert_eq!((vocab.name(3), vocab.name(4)), (Some("(0,1)"), None));
        assert_eq!(
            vocab.id("(0,2)").unwrap_err().to_string(),
            "unknown token `(0,2)` in a vocabulary of 4 tokens (did you mean `(0,0)` or `(0,1)`?)"
        );
        assert_eq!(vocab.id("zebra").unwrap_err().near, "");
    }
}
