//! Token sequences: vocabularies and tokenizers, from a problem (and a path) to ids, loss mask and roles, and back.
//!
//! **Invariant:** a tokenizer loses nothing: what was encoded can be decoded, up to the order of the edges where that
//! is drawn at random. Ids and names are stable. Lens and report never parse token strings; they ask [`role::Role`]s.
//!
//! In reading order: [`vocab`] (names and ids), [`role`] (what a token speaks of) and [`query`] (where such tokens
//! stand), [`example`] (what is encoded), [`encoded`] (the result), [`decoded`] and [`answer`] (the way back), the
//! tokenizers [`legacy`] and [`edges`], the one door to both ([`tokenizer`]), padded batches ([`batch`]) and the file
//! form ([`line`](mod@line)).

pub mod vocab;

pub mod role;

pub mod query;

pub mod example;

pub mod encoded;

pub mod decoded;

pub mod answer;

pub mod legacy;

pub mod edges;

pub mod tokenizer;

pub mod batch;

pub mod line;

mod sequence;
