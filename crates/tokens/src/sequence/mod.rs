//! Token sequences, independent of the grammar that writes them.
//!
//! [`example`] is the input of encoding, [`encoded`] its output; [`decoded`] and [`answer`] are the outputs of decoding.

pub mod answer;
pub mod batch;
pub mod decoded;
pub mod encoded;
pub mod error;
pub mod example;
pub mod line;
pub mod query;
pub mod role;
pub mod vocab;

// What the grammars share.
pub(crate) mod grammar;
pub(crate) mod io;
pub(crate) mod weights;
