//! Processor identification.
#![expect(
    unsafe_code,
    reason = "an instruction; whether the library's function for it is unsafe depends on the compiler's version"
)]

use std::arch::asm;

/// Returns `eax`, `ebx`, `ecx` and `edx` of a leaf's subleaf 0. Source: Intel's Architectures Software Developer's Manual, vol.
/// 2, CPUID.
pub(super) fn cpuid(leaf: u32) -> [u32; 4] {
    let (eax, ebx, ecx, edx): (u32, u64, u32, u32);
    // SAFETY: every processor of this architecture has the instruction; it writes four registers, and `rbx`, which the
    // compiler keeps for itself, is put back.
    unsafe {
        asm!("mov {other}, rbx", "cpuid", "xchg {other}, rbx", other = out(reg) ebx, inout("eax") leaf => eax,
            inout("ecx") 0 => ecx, out("edx") edx, options(nostack, nomem, preserves_flags));
    }
    [eax, ebx as u32, ecx, edx]
}

/// Returns whether the processor is AMD's.
pub(super) fn is_amd() -> bool {
    let [_, first, last, middle] = cpuid(0);
    [first, middle, last] == [*b"Auth", *b"enti", *b"cAMD"].map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_maker_is_whom_the_kernel_names() {
        let told = std::fs::read_to_string("/proc/cpuinfo").unwrap();
        assert_eq!(is_amd(), told.contains("AuthenticAMD"));
    }
}
