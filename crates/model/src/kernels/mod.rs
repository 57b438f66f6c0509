//! The kernels: plain loops over slices with named dimensions, each beside its backward pass.
//!
//! Generic over the number type only, so that finite differences run in `f64` through the code that trains.
//! Products are computed by `strips`, or in bf16 by `bf16_unit`, for which [`crate::tiled`] is written. Unsafe code is in
//! five modules: `strips` (left factors read with any strides), `amx` (tile instructions), `dot` (calls into vector code),
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
