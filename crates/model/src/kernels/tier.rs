//! The instruction set that the kernels run on, found when the program starts.

use super::amx::Amx;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The numbers that the matrix products of a network in training multiply. Sums, everything between the products, weights
/// and the optimiser are f32 in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 24 bits of significand.
    F32,
    /// Factors rounded to 8 bits of significand: several times faster where the processor has a tile unit.
    Bf16,
}

impl Precision {
    /// The fastest that this machine has hardware for.
    pub fn fastest() -> Precision {
        if Amx::detect().is_some() { Precision::Bf16 } else { Precision::F32 }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Precision::F32 => "f32",
            Precision::Bf16 => "bf16",
        })
    }
}

/// What this machine's vector instructions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// 32×32×32 products of bf16 numbers in one go, with f32 sums; the rest as [`Tier::Avx512`].
    Amx,
    /// 16 floats at a time.
    Avx512,
    /// 8 floats at a time, with fused multiply-add.
    Avx2,
    /// What every machine of this architecture has.
    Portable,
}

/// This machine cannot do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TierError {
    /// No tile unit, or the operating system keeps it.
    #[error("precision bf16 needs a processor with AMX (amx_tile, amx_bf16) and Linux 5.16 or later; use f32")]
    NoAmx,
}

impl Tier {
    /// The best that this machine has for f32.
    pub fn detect() -> Tier {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
                return Tier::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Tier::Avx2;
            }
        }
        Tier::Portable
    }

    /// The best that this machine has for a precision.
    ///
    /// # Errors
    /// It has nothing for bf16.
    pub fn for_precision(precision: Precision) -> Result<Tier, TierError> {
        match precision {
            Precision::F32 => Ok(Tier::detect()),
            Precision::Bf16 => Amx::detect().map(|_| Tier::Amx).ok_or(TierError::NoAmx),
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tier::Amx => "bf16-amx",
            Tier::Avx512 => "f32-avx512",
            Tier::Avx2 => "f32-avx2",
            Tier::Portable => "f32-portable",
        })
    }
}
