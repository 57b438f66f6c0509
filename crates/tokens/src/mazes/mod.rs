//! Grammars of mazes: maze-dataset's ([`modular`]) and Searchlens' own ([`own`]).

pub mod modular;
pub mod own;

pub(crate) mod path_steps;
pub(crate) mod spelling;
