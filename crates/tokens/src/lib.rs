//! Token sequences: vocabularies and tokenizers, from a problem (and a path) to ids, loss mask and roles, and back.
//!
//! **Invariant:** what was encoded can be decoded, up to the order of the edges where that is drawn at random and save
//! for the few modular tokenizers that leave something out. Ids and names are stable. Lens and report never parse token
//! strings; they ask [`role::Role`]s.
//!
//! In reading order: [`vocab`] (names and ids), [`role`] (what a token speaks of) and [`query`] (where such tokens
//! stand), [`example`] (what is encoded), [`encoded`] (the result), [`decoded`] and [`answer`] (the way back), the
//! tokenizers ([`modular`] and [`legacy`]: maze-dataset's; [`own`]: ours; [`graphs`]: those of papers on graphs; [`puzzles`]), their
//! names ([`name`], [`choice`]), what they must know of a task ([`world`]), the one door to all of them ([`tokenizer`]), padded batches ([`batch`]) and the file form
//! ([`line`](mod@line)).

pub mod vocab;

pub mod role;

pub mod query;

pub mod example;

pub mod encoded;

pub mod decoded;

pub mod answer;

// What tokenizers share: writing and reading token by token, names of cells, paths as hops.
mod grammar;
mod hops;
mod sequence;
mod spelling;
mod weights;

pub mod modular;

pub mod legacy;

pub mod own;

pub mod graphs;

pub mod puzzles;

pub mod choice;

pub mod name;

pub mod world;

pub mod tokenizer;

pub mod sizes;

pub mod batch;

pub mod line;
