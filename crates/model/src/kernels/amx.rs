//! The tile unit (Intel AMX): a 32×32 product of bf16 tiles with f32 sums, and the transpose of a tile.
//!
//! The one module with unsafe code: instructions that no stable intrinsic offers, or that the compiler does not find by itself,
//! behind a token, [`Amx`], that exists only where the processor has them and the operating system lets the process use them. Source: Intel's Architectures Software
//! Developer's Manual, vol. 1, ch. 18; Linux, Documentation/arch/x86/xstate.rst (permission).
#![expect(unsafe_code, reason = "tile instructions exist only as assembly, shuffles only as intrinsics")]

use std::sync::OnceLock;

/// 16 rows of 16 pairs of bf16 numbers, the earlier one in the lower half: what one tile register holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Tile(pub [[u32; 16]; 16]);

/// A 32×32 matrix of sums, row-major.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Block(pub [[f32; 32]; 32]);

impl Block {
    /// No sum yet.
    pub const ZERO: Block = Block([[0.0; 32]; 32]);
}

/// Proof that this process may use the tile unit.
#[derive(Clone, Copy, Debug)]
pub struct Amx(());

impl Amx {
    /// The tile unit, if the processor has one for bf16 and the operating system permits its use (asked once per process).
    pub fn detect() -> Option<Amx> {
        static USABLE: OnceLock<bool> = OnceLock::new();
        USABLE.get_or_init(machine::usable).then_some(Amx(()))
    }

    /// `out = a @ b`, sums in f32 in order of the inner dimension.
    ///
    /// # Shapes
    /// - `a`: two strips of 16 rows; tile `k` of a strip holds columns `32 k..32 (k + 1)`, in pairs
    /// - `b`: two strips of 16 columns; tile `k` of a strip holds rows `32 k..32 (k + 1)`: its row `p` is the pairs
    ///   `(b[2p, n], b[2p + 1, n])`
    ///
    /// # Panics
    /// If the strips are not of equal length.
    #[inline]
    pub fn multiply(self, a: [&[Tile]; 2], b: [&[Tile]; 2], out: &mut Block) {
        let depth = a[0].len();
        assert!(a[1].len() == depth && b[0].len() == depth && b[1].len() == depth);
        machine::multiply(depth, a, b, out);
    }

    /// Turns the rows of a tile, as 16 numbers of 32 bits each, into its columns.
    #[inline]
    pub fn transpose(self, tile: &mut Tile) {
        machine::transpose(tile);
    }
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod machine {
    use super::{Block, Tile};
    use std::arch::asm;
    use std::arch::x86_64::{
        _mm512_load_si512, _mm512_permutex2var_epi32, _mm512_setr_epi32, _mm512_setzero_si512, _mm512_store_si512,
    };

    pub(super) fn usable() -> bool {
        const NEEDED: u32 = 1 << 22 | 1 << 24; // AMX-BF16, AMX-TILE
        let [last_leaf, _] = cpuid(0);
        let has_tiles = last_leaf >= 7 && cpuid(7)[1] & NEEDED == NEEDED;
        has_tiles && is_x86_feature_detected!("avx512f") && ask_permission()
    }

    /// `eax` and `edx` of subleaf 0. (Whether the library's own function is unsafe depends on the compiler's version.)
    fn cpuid(leaf: u32) -> [u32; 2] {
        let (eax, edx);
        // SAFETY: every processor of this architecture has the instruction; it writes four registers, and `rbx`, which the
        // compiler keeps for itself, is put back.
        unsafe {
            asm!("mov {kept}, rbx", "cpuid", "mov rbx, {kept}", kept = out(reg) _, inout("eax") leaf => eax,
                inout("ecx") 0 => _, out("edx") edx, options(nostack, nomem, preserves_flags));
        }
        [eax, edx]
    }

    /// `arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA)`: the kernel then saves tile registers of this process' threads.
    fn ask_permission() -> bool {
        const ARCH_PRCTL: i64 = 158;
        const ARCH_REQ_XCOMP_PERM: u64 = 0x1023;
        const XFEATURE_XTILEDATA: u64 = 18;
        let result: i64;
        // SAFETY: a system call with two numbers for arguments; it writes no memory of ours, and its clobbers are declared.
        unsafe {
            asm!("syscall", inlateout("rax") ARCH_PRCTL => result, in("rdi") ARCH_REQ_XCOMP_PERM,
                in("rsi") XFEATURE_XTILEDATA, lateout("rcx") _, lateout("r11") _, options(nostack));
        }
        result == 0
    }

    /// The operand of `ldtilecfg`.
    #[repr(C, align(64))]
    struct Shapes {
        palette: u8,
        start_row: u8,
        reserved: [u8; 14],
        bytes_per_row: [u16; 16],
        rows: [u8; 16],
    }

    /// This thread's tile registers, set up as eight tiles of 16 rows of 64 bytes for as long as the thread lives.
    struct Configured;

    impl Configured {
        fn load() -> Configured {
            let (mut bytes_per_row, mut rows) = ([0; 16], [0; 16]);
            bytes_per_row[..8].fill(64);
            rows[..8].fill(16);
            let shapes = Shapes { palette: 1, start_row: 0, reserved: [0; 14], bytes_per_row, rows };
            // SAFETY: an `Amx` exists, so the instruction does; its operand is a valid configuration of palette 1.
            unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const shapes, options(nostack, readonly)) };
            Configured
        }
    }

    impl Drop for Configured {
        fn drop(&mut self) {
            // SAFETY: this thread configured its tiles, and its last product is over.
            unsafe { asm!("tilerelease", options(nostack, nomem)) };
        }
    }

    thread_local! {
        static TILES: Configured = Configured::load();
    }

    /// As [`super::Amx::multiply`]. `tmm0..=3` hold the sums, 4 and 5 the rows of `a`, 6 and 7 the columns of `b`; loading, the
    /// whole inner loop and storing are one block of assembly because the compiler knows nothing of tile registers.
    #[inline]
    pub(super) fn multiply(depth: usize, a: [&[Tile]; 2], b: [&[Tile]; 2], out: &mut Block) {
        if depth == 0 {
            *out = Block::ZERO;
            return;
        }
        TILES.with(|_: &Configured| {
            // SAFETY: the caller checked that all four strips hold `depth` ≥ 1 tiles, which is what the loop reads; the four
            // stores fill `out` (rows of 128 bytes; 16 rows of 64 bytes each) and no more; this thread's tiles are configured.
            unsafe {
                asm!(
                    "tilezero tmm0",
                    "tilezero tmm1",
                    "tilezero tmm2",
                    "tilezero tmm3",
                    "2:",
                    "tileloadd tmm4, [{a0} + {row}*1]",
                    "tileloadd tmm6, [{b0} + {row}*1]",
                    "tdpbf16ps tmm0, tmm4, tmm6",
                    "tileloadd tmm7, [{b1} + {row}*1]",
                    "tdpbf16ps tmm1, tmm4, tmm7",
                    "tileloadd tmm5, [{a1} + {row}*1]",
                    "tdpbf16ps tmm2, tmm5, tmm6",
                    "tdpbf16ps tmm3, tmm5, tmm7",
                    "add {a0}, 1024",
                    "add {a1}, 1024",
                    "add {b0}, 1024",
                    "add {b1}, 1024",
                    "dec {depth}",
                    "jnz 2b",
                    "tilestored [{out} + {row}*2], tmm0",
                    "tilestored [{out} + {row}*2 + 64], tmm1",
                    "tilestored [{out} + {row}*2 + 2048], tmm2",
                    "tilestored [{out} + {row}*2 + 2112], tmm3",
                    a0 = inout(reg) a[0].as_ptr() => _,
                    a1 = inout(reg) a[1].as_ptr() => _,
                    b0 = inout(reg) b[0].as_ptr() => _,
                    b1 = inout(reg) b[1].as_ptr() => _,
                    depth = inout(reg) depth => _,
                    row = in(reg) 64usize,
                    out = in(reg) &raw mut *out,
                    out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                    out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                    options(nostack),
                );
            }
        });
    }

    #[inline]
    pub(super) fn transpose(tile: &mut Tile) {
        // SAFETY: an `Amx` exists only where AVX-512 does.
        unsafe { transpose_by_shuffles(tile) }
    }

    /// Interleaving rows `i` and `i + 8`, for every `i`, four times over, is a transpose.
    #[target_feature(enable = "avx512f")]
    fn transpose_by_shuffles(Tile(tile): &mut Tile) {
        let lower = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        let upper = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        let (mut rows, mut mixed) = ([_mm512_setzero_si512(); 16], [_mm512_setzero_si512(); 16]);
        for i in 0..16 {
            // SAFETY: the address is that of 16 numbers of 32 bits, aligned as tiles are.
            rows[i] = unsafe { _mm512_load_si512(tile[i].as_ptr().cast()) };
        }
        for _ in 0..4 {
            for i in 0..8 {
                mixed[2 * i] = _mm512_permutex2var_epi32(rows[i], lower, rows[i + 8]);
                mixed[2 * i + 1] = _mm512_permutex2var_epi32(rows[i], upper, rows[i + 8]);
            }
            rows = mixed;
        }
        for i in 0..16 {
            // SAFETY: as above.
            unsafe { _mm512_store_si512(tile[i].as_mut_ptr().cast(), rows[i]) };
        }
    }
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
mod machine {
    use super::{Block, Tile};

    pub(super) fn usable() -> bool {
        false
    }

    pub(super) fn multiply(_: usize, _: [&[Tile]; 2], _: [&[Tile]; 2], _: &mut Block) {
        unreachable!("an Amx exists only where `usable` said so");
    }

    pub(super) fn transpose(_: &mut Tile) {
        unreachable!("an Amx exists only where `usable` said so");
    }
}
