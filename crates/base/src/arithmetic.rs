//! How a network is computed: in which precision, and with which instructions.
//!
//! Plain names, for configs and results; `searchlens-model` detects and selects what they name.

use crate::fault::{Fault, HasFault};
use crate::text::{listed, near_names};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Number format of the factors of matrix products. Sums, everything between the products, weights and optimizer state are f32
/// in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 24 bits of significand.
    F32,
    /// 8 bits of significand: several times faster on a processor with a tile unit.
    Bf16,
}

impl Precision {
    /// Every precision.
    pub const ALL: [Precision; 2] = [Precision::F32, Precision::Bf16];

    /// Returns its name in configs and results.
    pub fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::Bf16 => "bf16",
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Not the name of a precision.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown precision `{name}`{near}; known: {}", listed(Precision::ALL.map(Precision::name)))]
#[expect(missing_docs, reason = "the message says it")]
pub struct UnknownPrecision {
    pub name: String,
    /// ` (did you mean ..?)`, or empty.
    pub near: String,
}

impl HasFault for UnknownPrecision {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

impl FromStr for Precision {
    type Err = UnknownPrecision;

    fn from_str(name: &str) -> Result<Precision, UnknownPrecision> {
        Precision::ALL.into_iter().find(|precision| precision.name() == name).ok_or_else(|| UnknownPrecision {
            name: name.into(),
            near: near_names(name, Precision::ALL.map(Precision::name)),
        })
    }
}

/// Instruction set of the kernels; the best comes first in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Tile unit: 32×32×32 products of bf16 numbers with f32 sums; the rest as [`Tier::Avx512`].
    Amx,
    /// Dot products of 16 pairs of bf16 numbers with f32 sums; the rest as [`Tier::Avx512`].
    #[serde(rename = "avx512-bf16")]
    Avx512Bf16,
    /// Vectors of 16 floats.
    Avx512,
    /// Vectors of 8 floats, with fused multiply-add.
    Avx2,
    /// The baseline of the architecture.
    Portable,
}

impl Tier {
    /// Every tier, the best first.
    pub const ALL: [Tier; 5] = [Tier::Amx, Tier::Avx512Bf16, Tier::Avx512, Tier::Avx2, Tier::Portable];

    /// Returns its name on the command line and in configs.
    pub fn name(self) -> &'static str {
        match self {
            Tier::Amx => "amx",
            Tier::Avx512Bf16 => "avx512-bf16",
            Tier::Avx512 => "avx512",
            Tier::Avx2 => "avx2",
            Tier::Portable => "portable",
        }
    }

    /// Returns its label in results: the precision that it serves, then the instruction set.
    pub fn label(self) -> &'static str {
        match self {
            Tier::Amx => "bf16-amx",
            Tier::Avx512Bf16 => "bf16-avx512",
            Tier::Avx512 => "f32-avx512",
            Tier::Avx2 => "f32-avx2",
            Tier::Portable => "f32-portable",
        }
    }
}

/// Writes the label.
impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// Not the name of a tier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown tier `{name}`{near}; known: {}", listed(Tier::ALL.map(Tier::name)))]
#[expect(missing_docs, reason = "the message says it")]
pub struct UnknownTier {
    pub name: String,
    /// ` (did you mean ..?)`, or empty.
    pub near: String,
}

impl HasFault for UnknownTier {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

/// Reads a name or a label.
impl FromStr for Tier {
    type Err = UnknownTier;

    fn from_str(name: &str) -> Result<Tier, UnknownTier> {
        Tier::ALL
            .into_iter()
            .find(|tier| tier.name() == name || tier.label() == name)
            .ok_or_else(|| UnknownTier { name: name.into(), near: near_names(name, Tier::ALL.map(Tier::name)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_labels_are_read_back() {
        for tier in Tier::ALL {
            assert_eq!(tier.name().parse(), Ok(tier));
            assert_eq!(tier.to_string().parse(), Ok(tier));
        }
        for precision in Precision::ALL {
            assert_eq!(precision.to_string().parse(), Ok(precision));
        }
    }

    #[test]
    fn a_misspelt_name_is_an_error_with_near_names() {
        let error = "avx".parse::<Tier>().unwrap_err().to_string();
        assert_eq!(
            error,
            "unknown tier `avx` (did you mean `amx` or `avx2`?); known: amx, avx512-bf16, avx512, avx2, portable"
        );
        let error = "fp32".parse::<Precision>().unwrap_err().to_string();
        assert_eq!(error, "unknown precision `fp32` (did you mean `f32`?); known: f32, bf16");
    }
}
