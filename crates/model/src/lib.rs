//! A small transformer with every activation named: forward, backward, generation, optimiser, checkpoints.
//!
//! **Invariant:** this crate knows token ids, not problems. A forward pass without taps allocates nothing once warm. Only
//! `checkpoint` touches files.
pub mod acts;
pub mod backward;
mod by_head;
pub mod checkpoint;
pub mod config;
pub mod diagnosis;
pub mod forward;
pub mod generate;
#[cfg(feature = "bench")]
pub mod hot;
pub mod kernels;
pub mod linear;
pub mod micro_batch;
pub mod model;
pub mod net;
pub mod optimiser;
pub mod packed;
pub mod params;
mod past;
pub mod profile;
pub mod record;
pub mod sites;
mod slots;
pub mod stage;
pub mod tap;
#[cfg(target_arch = "x86_64")]
pub mod tiled;
#[cfg(not(target_arch = "x86_64"))]
#[path = "tiled/absent.rs"]
pub mod tiled;
pub mod train;
pub mod workers;

pub use model::Model;
