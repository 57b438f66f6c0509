//! The tile unit (Intel AMX): 32×32 products of bf16 tiles with f32 sums.
//!
//! Instructions that exist only as assembly, behind a token, [`Amx`], that exists only where the processor has them and the
//! operating system lets the process use them, and a second one, [`Tiles`], that exists only on a thread whose tiles are
//! set up. Source: Intel's Architectures Software Developer's Manual, vol. 1, ch. 18; Linux, Documentation/arch/x86/xstate.rst
//! (permission).
#![expect(unsafe_code, reason = "tile instructions exist only as assembly")]

use super::cpuid::cpuid;
use super::tile::{Block, LeftStrips, Line, Sums, Tile};
use super::vector::has_vectors;
use std::arch::asm;
use std::marker::PhantomData;
use std::sync::OnceLock;

/// Proof that this process may use the tile unit, and that the processor has [`has_vectors`] beside it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Amx(());

impl Amx {
    /// The tile unit, if the processor has one for bf16 and the operating system permits its use (asked once per process).
    pub(super) fn detect() -> Option<Amx> {
        static USABLE: OnceLock<bool> = OnceLock::new();
        USABLE.get_or_init(usable).then_some(Amx(()))
    }

    /// This thread's tile registers, set up for [`Tiles::multiply`] as long as the thread lives.
    pub(super) fn on_this_thread(self) -> Tiles {
        TILES.with(|_: &Configured| Tiles(PhantomData))
    }
}

/// Proof that this thread's tile registers are set up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tiles(PhantomData<*const ()>);

impl Tiles {
    /// As [`super::bf16_unit::TileUnit::multiply`], for at least one tile of each strip.
    ///
    /// `tmm0..=3` hold the sums, 4 and 5 the rows of `a`, 6 and 7 the columns of `b`; loading, the whole inner loop and storing
    /// are one block of assembly because the compiler knows nothing of tile registers.
    #[inline]
    pub(super) fn multiply(self, a: LeftStrips<'_>, b: [&[Tile]; 2], sums: Sums, out: &mut Block) {
        assert!(a.depth > 0 && b.iter().all(|strip| strip.len() == a.depth));
        const LINE: usize = size_of::<Line>();
        let first = a.lines.as_ptr();
        // SAFETY: `LeftStrips::new` checked that the last line of `a`'s last tile lies within its lines, and the line above that
        // both strips of `b` hold `depth` ≥ 1 tiles; the four loads or stores of `out` touch its 32 rows of 128 bytes and no
        // more; a `Tiles` exists, so this thread's tiles are configured.
        unsafe {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "test {add:e}, {add:e}",
                "jz 2f",
                "tileloadd tmm0, [{out} + {line}*2]",
                "tileloadd tmm1, [{out} + {line}*2 + 64]",
                "tileloadd tmm2, [{out} + {line}*2 + 2048]",
                "tileloadd tmm3, [{out} + {line}*2 + 2112]",
                "2:",
                "tileloadd tmm4, [{a0} + {row}*1]",
                "tileloadd tmm6, [{b0} + {line}*1]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tileloadd tmm7, [{b1} + {line}*1]",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tileloadd tmm5, [{a1} + {row}*1]",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                "add {a0}, {tile}",
                "add {a1}, {tile}",
                "add {b0}, 1024",
                "add {b1}, 1024",
                "dec {depth}",
                "jnz 2b",
                "tilestored [{out} + {line}*2], tmm0",
                "tilestored [{out} + {line}*2 + 64], tmm1",
                "tilestored [{out} + {line}*2 + 2048], tmm2",
                "tilestored [{out} + {line}*2 + 2112], tmm3",
                a0 = inout(reg) first => _,
                a1 = inout(reg) first.add(a.steps.strip) => _,
                b0 = inout(reg) b[0].as_ptr() => _,
                b1 = inout(reg) b[1].as_ptr() => _,
                depth = inout(reg) a.depth => _,
                row = in(reg) a.steps.row * LINE,
                tile = in(reg) a.steps.tile * LINE,
                line = in(reg) LINE,
                add = in(reg) u32::from(sums == Sums::Add),
                out = in(reg) &raw mut *out,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
        }
    }
}

fn usable() -> bool {
    const NEEDED: u32 = 1 << 22 | 1 << 24; // AMX-BF16, AMX-TILE
    let has_tiles = cpuid(0)[0] >= 7 && cpuid(7)[3] & NEEDED == NEEDED;
    has_tiles && has_vectors() && ask_permission()
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
