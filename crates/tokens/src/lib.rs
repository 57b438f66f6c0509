//! Tokenizers: a problem (and a path) to token ids, a loss mask and roles, and back.
//!
//! **Invariant:** decoding inverts encoding, up to the order of the edges where it is drawn at random; the few modular
//! tokenizers that drop information return [`DecodeError::Lossy`](sequence::error::DecodeError::Lossy). Ids and names
//! are stable. Other crates never parse token strings: they ask for [roles](sequence::role::Role).
//!
//! Each module may use those above it:
//!
//! - [`name`]: the closed set of tokenizer names, as data;
//! - [`sequence`]: vocabularies, roles, examples, encoded sequences, batches;
//! - [`mazes`], [`graphs`], [`puzzles`]: the grammars;
//! - [`tokenizer`]: the entry point to all of them.

pub mod name;
pub mod sequence;

pub mod graphs;
pub mod mazes;
pub mod puzzles;

pub mod tokenizer;
