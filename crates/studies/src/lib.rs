//! Studies of trained networks.
//!
//! A study will be a plan of training runs and the findings that follow from them. Today this crate has the two analyses of one network that
//! every report shows:
//!
//! | to get | call |
//! |---|---|
//! | problems with the network's answers and attention patterns | [`gallery::gallery`] |
//! | linear probes of the residual stream with their controls | [`probing::probe`] |

pub mod gallery;
pub mod probing;
