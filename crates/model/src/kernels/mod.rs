//! The arithmetic: plain loops over slices with named dimensions, each with its reverse beside it.
//!
//! Generic over one thing, the number type, so that finite differences can run in `f64` through the very code that trains.
//! Products are made by `strips`, or in bf16 by a unit of `tile`; the step made for that is [`crate::tiled`]. Unsafe code is in
//! five modules: `strips` (left factors read with any strides), `amx` (tile instructions), `dot` (the way into vector code),
//! `vector` (its loads and stores) and `cpuid` (one instruction).

pub mod activation;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx;
pub mod attention;
#[cfg(target_arch = "x86_64")]
pub(crate) mod bf16;
pub mod bf16_unit;
#[cfg(target_arch = "x86_64")]
mod cpuid;
#[cfg(target_arch = "x86_64")]
mod dot;
pub mod flash;
pub mod lanes;
pub mod loss;
pub mod norm;
pub mod peak;
pub mod product;
pub mod real;
pub mod rotary;
pub mod strips;
pub mod tier;
pub mod tile;
#[cfg(target_arch = "x86_64")]
pub(crate) mod vector;
pub mod view;
