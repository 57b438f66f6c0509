//! The arithmetic: plain loops over slices with named dimensions, each with its reverse beside it.
//!
//! Generic over one thing, the number type, so that finite differences can run in `f64` through the very code that trains.
//! Products are made by `strips`, or by `bf16` on the tile unit. Unsafe code is in three modules: `strips` (left factors read
//! with any strides), `amx` (tile instructions) and `vector` (loads and stores of the tile tier); the step made for that tier is
//! [`crate::tiled`].

pub mod activation;
pub mod amx;
pub mod attention;
pub mod bf16;
pub mod flash;
pub mod lanes;
pub mod loss;
pub mod norm;
pub mod product;
pub mod real;
pub mod rotary;
pub mod strips;
pub mod tier;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(crate) mod vector;
