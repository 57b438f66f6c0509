//! The instruction set that the kernels run on: the best that the machine has, or a lower one that is forced.
//!
//! What is forced holds for a thread and for the workers that it makes (see [`crate::workers::Workers`]), so that tests of
//! several tiers can run side by side.

use super::tile::Bf16Unit;
use pulp::{Arch, WithSimd};
use searchlens_base::fault::{Fault, HasFault};
use searchlens_base::text::{listed, near_names};
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::fmt;
use std::str::FromStr;

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
    /// The fastest that this machine has hardware for, and this thread may use.
    pub fn fastest() -> Precision {
        if bf16_unit().is_ok_and(Bf16Unit::beats_f32) { Precision::Bf16 } else { Precision::F32 }
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

/// Instruction sets, the better the smaller in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// 32×32×32 products of bf16 numbers in one go, with f32 sums; the rest as [`Tier::Avx512`].
    Amx,
    /// 16 pairs of bf16 numbers at a time, with f32 sums; the rest as [`Tier::Avx512`].
    #[serde(rename = "avx512-bf16")]
    Avx512Bf16,
    /// 16 floats at a time.
    Avx512,
    /// 8 floats at a time, with fused multiply-add.
    Avx2,
    /// What every machine of this architecture has.
    Portable,
}

/// This machine cannot do it, or was told not to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TierError {
    /// No unit for bf16.
    #[error("precision bf16 needs a processor with AVX-512 for bf16 (avx512_bf16); use f32")]
    NoBf16,
    /// A lower tier is forced.
    #[error("precision bf16 needs tier amx or avx512-bf16, and tier {} is forced; use f32", tier.name())]
    Forced {
        /// Which.
        tier: Tier,
    },
    /// The machine lacks a tier that is to be forced.
    #[error("this machine has no tier {}; it has {}", tier.name(), Tier::names(&Tier::of_machine()))]
    Lacking {
        /// Which.
        tier: Tier,
    },
}

impl HasFault for TierError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

/// A thread's instruction set.
#[derive(Clone, Copy)]
struct Allowed {
    /// Nothing better is used.
    best: Tier,
    arch: Arch,
}

thread_local! {
    static ALLOWED: Cell<Allowed> = const { Cell::new(Allowed { best: Tier::Amx, arch: Arch::Scalar }) };
    static IS_SET: Cell<bool> = const { Cell::new(false) };
}

fn allowed() -> Allowed {
    if !IS_SET.get() {
        ALLOWED.set(Allowed { best: Tier::Amx, arch: Arch::new() });
        IS_SET.set(true);
    }
    ALLOWED.get()
}

/// Compiles `work` once for each instruction set and runs the version for this thread's:
/// `vectorised(#[inline(always)] move || ..)`.
///
/// The attribute compiles the closure along with the version, not apart from it for the baseline; `move` keeps what it captures
/// in registers: behind references every store might change a slice's length, and loops stay scalar. What it calls must be
/// `#[inline(always)]` for the same reason.
#[inline(always)]
pub fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    allowed().arch.dispatch(work)
}

/// The same for work in vectors of a size that depends on the instruction set. Its `with_simd`, and what that calls, must be
/// `#[inline(always)]`.
#[inline(always)]
pub(crate) fn vectorised_with<W: WithSimd>(work: W) -> W::Output {
    allowed().arch.dispatch(work)
}

impl Tier {
    /// All there are, the best first.
    pub const ALL: [Tier; 5] = [Tier::Amx, Tier::Avx512Bf16, Tier::Avx512, Tier::Avx2, Tier::Portable];

    /// Its name on the command line and in configs.
    pub fn name(self) -> &'static str {
        match self {
            Tier::Amx => "amx",
            Tier::Avx512Bf16 => "avx512-bf16",
            Tier::Avx512 => "avx512",
            Tier::Avx2 => "avx2",
            Tier::Portable => "portable",
        }
    }

    fn names(tiers: &[Tier]) -> String {
        listed(tiers.iter().map(|tier| tier.name()))
    }

    /// Those that this machine has, the best first.
    pub fn of_machine() -> Vec<Tier> {
        Tier::ALL.into_iter().filter(|tier| tier.arch().is_some()).collect()
    }

    /// Its vector instructions, if this machine has them.
    #[cfg(target_arch = "x86_64")]
    fn arch(self) -> Option<Arch> {
        match self {
            Tier::Amx | Tier::Avx512Bf16 => Bf16Unit::of_tier(self).and(Tier::Avx512.arch()),
            Tier::Avx512 => pulp::x86::V4::try_new().map(Arch::V4),
            Tier::Avx2 => pulp::x86::V3::try_new().map(Arch::V3),
            Tier::Portable => Some(Arch::Scalar),
        }
    }

    /// On other architectures, whatever the machine has is the portable tier.
    #[cfg(not(target_arch = "x86_64"))]
    fn arch(self) -> Option<Arch> {
        (self == Tier::Portable).then(Arch::new)
    }

    /// Forces this tier: from now on this thread, and workers that it makes, use nothing better.
    ///
    /// # Errors
    /// The machine lacks it.
    pub fn force(self) -> Result<(), TierError> {
        let arch = self.arch().ok_or(TierError::Lacking { tier: self })?;
        ALLOWED.set(Allowed { best: self, arch });
        IS_SET.set(true);
        Ok(())
    }

    /// The tier that this thread is held to; [`Tier::Amx`] if to none.
    pub fn forced() -> Tier {
        allowed().best
    }

    /// The best for f32 that this thread may use.
    pub fn detect() -> Tier {
        let best = Tier::forced();
        Tier::of_machine().into_iter().find(|&tier| tier >= best.max(Tier::Avx512)).unwrap_or(Tier::Portable)
    }

    /// The best that this thread may use for a precision.
    ///
    /// # Errors
    /// It has nothing for bf16.
    pub fn for_precision(precision: Precision) -> Result<Tier, TierError> {
        match precision {
            Precision::F32 => Ok(Tier::detect()),
            Precision::Bf16 => bf16_unit().map(Bf16Unit::tier),
        }
    }
}

/// The best for products in bf16 that the machine has and this thread may use.
///
/// # Errors
/// There is none.
pub fn bf16_unit() -> Result<Bf16Unit, TierError> {
    let tier = Tier::forced();
    if tier > Tier::Avx512Bf16 {
        return Err(TierError::Forced { tier });
    }
    let allowed = Tier::ALL.into_iter().filter(|&other| other >= tier);
    allowed.filter_map(Bf16Unit::of_tier).next().ok_or(TierError::NoBf16)
}

/// A name that is no tier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("tier `{name}` does not exist{near}; it is {}", Tier::names(&Tier::ALL))]
pub struct UnknownTier {
    /// The name given.
    pub name: String,
    /// ` (did you mean ..?)`, or empty.
    pub near: String,
}

impl HasFault for UnknownTier {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

impl FromStr for Tier {
    type Err = UnknownTier;

    fn from_str(name: &str) -> Result<Tier, UnknownTier> {
        Tier::ALL.into_iter().find(|tier| tier.name() == name).ok_or_else(|| UnknownTier {
            name: name.into(),
            near: near_names(name, Tier::ALL.iter().map(|tier| tier.name())),
        })
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tier::Amx => "bf16-amx",
            Tier::Avx512Bf16 => "bf16-avx512",
            Tier::Avx512 => "f32-avx512",
            Tier::Avx2 => "f32-avx2",
            Tier::Portable => "f32-portable",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_misspelt_ones_are_not() {
        for tier in Tier::ALL {
            assert_eq!(tier.name().parse(), Ok(tier));
        }
        let error = "avx".parse::<Tier>().unwrap_err().to_string();
        assert!(error.starts_with("tier `avx` does not exist"), "{error}");
    }

    #[test]
    fn a_forced_tier_holds_for_its_thread() {
        let machine = Tier::of_machine();
        assert_eq!(Tier::detect(), *machine.iter().find(|&&tier| tier >= Tier::Avx512).unwrap());
        for tier in machine {
            let forced = std::thread::spawn(move || {
                tier.force().unwrap();
                (Tier::forced(), Tier::detect(), bf16_unit().ok().map(Bf16Unit::tier))
            });
            let bf16 = (tier <= Tier::Avx512Bf16).then_some(tier);
            assert_eq!(forced.join().unwrap(), (tier, tier.max(Tier::detect()), bf16));
        }
        assert_eq!(Tier::forced(), Tier::Amx);
    }
}
