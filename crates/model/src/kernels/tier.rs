//! The instruction set that the kernels run on: the best that the machine has, or a lower one that is forced.
//!
//! A forced tier holds for a thread and for the workers that it makes (see [`crate::workers::Workers`]), so that tests of
//! several tiers can run side by side.

use super::bf16_unit::Bf16Unit;
use pulp::{Arch, WithSimd};
use searchlens_base::fault::{Fault, HasFault};
use searchlens_base::text::listed;
use std::cell::Cell;

pub use searchlens_base::arithmetic::{Precision, Tier, UnknownPrecision, UnknownTier};

/// Errors of choosing a tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum TierError {
    #[error("precision bf16 needs a processor with AVX-512 for bf16 (avx512_bf16); use f32")]
    NoBf16,
    #[error("precision bf16 needs tier amx or avx512-bf16, and tier {} is forced; use f32", tier.name())]
    Forced { tier: Tier },
    #[error("this machine has no tier {}; it has {}", tier.name(), listed(available_tiers().into_iter().map(Tier::name)))]
    Lacking { tier: Tier },
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

/// Like [`vectorised`], for work that names its vectors. Its `with_simd`, and what that calls, must be `#[inline(always)]`.
#[inline(always)]
pub(crate) fn vectorised_with<W: WithSimd>(work: W) -> W::Output {
    allowed().arch.dispatch(work)
}

/// Returns the tiers of this machine, the best first.
pub fn available_tiers() -> Vec<Tier> {
    Tier::ALL.into_iter().filter(|&tier| arch(tier).is_some()).collect()
}

/// Returns a tier's vector instructions, if this machine has them.
#[cfg(target_arch = "x86_64")]
fn arch(tier: Tier) -> Option<Arch> {
    match tier {
        Tier::Amx | Tier::Avx512Bf16 => Bf16Unit::of_tier(tier).and(arch(Tier::Avx512)),
        Tier::Avx512 => pulp::x86::V4::try_new().map(Arch::V4),
        Tier::Avx2 => pulp::x86::V3::try_new().map(Arch::V3),
        Tier::Portable => Some(Arch::Scalar),
    }
}

/// On other architectures the portable tier is all that the machine has.
#[cfg(not(target_arch = "x86_64"))]
fn arch(tier: Tier) -> Option<Arch> {
    (tier == Tier::Portable).then(Arch::new)
}

/// Forces a tier: from now on this thread, and workers that it makes, use nothing better.
///
/// # Errors
/// If the machine lacks it.
pub fn force_tier(tier: Tier) -> Result<(), TierError> {
    let arch = arch(tier).ok_or(TierError::Lacking { tier })?;
    ALLOWED.set(Allowed { best: tier, arch });
    IS_SET.set(true);
    Ok(())
}

/// Returns the tier that is forced on this thread; [`Tier::Amx`] if none is.
pub fn forced_tier() -> Tier {
    allowed().best
}

/// Returns the best tier for f32 that this thread may use.
pub fn best_f32_tier() -> Tier {
    let best = forced_tier().max(Tier::Avx512);
    available_tiers().into_iter().find(|&tier| tier >= best).unwrap_or(Tier::Portable)
}

/// Returns the best tier for a precision that this thread may use.
///
/// # Errors
/// If there is none for bf16.
pub fn tier_for(precision: Precision) -> Result<Tier, TierError> {
    match precision {
        Precision::F32 => Ok(best_f32_tier()),
        Precision::Bf16 => bf16_unit().map(Bf16Unit::tier),
    }
}

/// Returns the precision in which this thread trains fastest.
pub fn fastest_precision() -> Precision {
    if bf16_unit().is_ok_and(Bf16Unit::beats_f32) { Precision::Bf16 } else { Precision::F32 }
}

/// Returns the best unit for bf16 products that the machine has and this thread may use.
///
/// # Errors
/// If there is none.
pub fn bf16_unit() -> Result<Bf16Unit, TierError> {
    let tier = forced_tier();
    if tier > Tier::Avx512Bf16 {
        return Err(TierError::Forced { tier });
    }
    let allowed = Tier::ALL.into_iter().filter(|&other| other >= tier);
    allowed.filter_map(Bf16Unit::of_tier).next().ok_or(TierError::NoBf16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forced_tier_holds_for_its_thread() {
        let machine = available_tiers();
        assert_eq!(best_f32_tier(), *machine.iter().find(|&&tier| tier >= Tier::Avx512).unwrap());
        for tier in machine {
            let forced = std::thread::spawn(move || {
                force_tier(tier).unwrap();
                (forced_tier(), best_f32_tier(), bf16_unit().ok().map(Bf16Unit::tier))
            });
            let bf16 = (tier <= Tier::Avx512Bf16).then_some(tier);
            assert_eq!(forced.join().unwrap(), (tier, tier.max(best_f32_tier()), bf16));
        }
        assert_eq!(forced_tier(), Tier::Amx);
    }
}
