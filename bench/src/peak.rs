//! Peaks of this machine, on one core: multiply-adds in registers, and reading memory.
#![expect(unsafe_code, reason = "loops of chosen instructions")]

use crate::timing;
use searchlens_model::kernels::bf16_unit::Bf16Unit;
use searchlens_model::kernels::peak::multiply_adds;
use searchlens_model::kernels::tier::{Tier, available_tiers, vectorised};
use std::arch::asm;
use std::arch::x86_64::*;
use std::hint::black_box;

/// Iterations of a timed loop.
const ITERATIONS: usize = 2000;

/// Returns the peak operations per second of the best unit of a tier (a multiply-add is two): bf16 tiles or pairs if it has them,
/// else f32 vectors. The machine must have the tier, and it must be forced on this thread.
pub(crate) fn of_tier(tier: Tier) -> f64 {
    let (per_iteration, run): (usize, unsafe fn()) = match tier {
        Tier::Amx => return tiles(),
        Tier::Avx512Bf16 => (16 * 32 * 2, avx512_bf16),
        Tier::Avx512 | Tier::Avx2 => return vectors(),
        Tier::Portable => (14 * 4 * 2, sse),
    };
    // SAFETY: the machine has the tier, so it has its instructions.
    rate(per_iteration, || unsafe { run() })
}

/// Rate of multiply-adds in this thread's vectors.
fn vectors() -> f64 {
    let mut operations = 0;
    let seconds = timing::seconds(|| operations = multiply_adds(ITERATIONS));
    operations as f64 / seconds
}

/// Returns the rate of a loop with this many operations per iteration.
fn rate(per_iteration: usize, run: impl FnMut()) -> f64 {
    (ITERATIONS * per_iteration) as f64 / timing::seconds(run)
}

/// Four independent products of 16×32 and 32×16 numbers an iteration.
fn tiles() -> f64 {
    let Some(unit) = Bf16Unit::of_tier(Tier::Amx) else { return 0.0 };
    unit.on_this_thread();
    rate(4 * 2 * 16 * 16 * 32, || {
        // SAFETY: this thread's tiles are set up as eight of 16 rows of 64 bytes; nothing but tile registers is written.
        unsafe {
            asm!(
                "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
                "tilezero tmm4", "tilezero tmm5", "tilezero tmm6", "tilezero tmm7",
                "2:",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                "dec {n}",
                "jnz 2b",
                n = inout(reg) ITERATIONS => _,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack, nomem),
            );
        }
    })
}

#[target_feature(enable = "avx512bf16")]
fn avx512_bf16() {
    let pairs = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.5), _mm512_set1_ps(0.25));
    let (a, b) = black_box((pairs, pairs));
    let mut sums = [_mm512_setzero_ps(); 16];
    for _ in 0..ITERATIONS {
        for sum in &mut sums {
            *sum = _mm512_dpbf16_ps(*sum, a, b);
        }
    }
    black_box(sums);
}

/// The baseline has no fused multiply-add.
#[target_feature(enable = "sse")]
fn sse() {
    let (a, b) = (black_box(_mm_set1_ps(0.999)), black_box(_mm_set1_ps(1e-3)));
    let mut sums = [b; 14];
    for _ in 0..ITERATIONS {
        for sum in &mut sums {
            *sum = _mm_add_ps(_mm_mul_ps(*sum, a), b);
        }
    }
    black_box(sums);
}

/// Read bandwidth of a buffer that is read repeatedly.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub(crate) struct Bandwidth {
    pub(crate) buffer_bytes: usize,
    pub(crate) bytes_per_s: f64,
}

/// Measures buffers from the size of a first-level cache to far beyond the last level, with the widest loads of the machine.
pub(crate) fn bandwidths() -> Vec<Bandwidth> {
    let read: unsafe fn(&[Line]) =
        if available_tiers().contains(&Tier::Avx512) { read_avx512 } else { read_vectorised };
    (14..28).flat_map(|log| [2 << log, 3 << log]).map(|bytes| of_buffer(bytes, read)).collect()
}

/// One line of a cache.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line([f32; 16]);

fn of_buffer(buffer_bytes: usize, read: unsafe fn(&[Line])) -> Bandwidth {
    let buffer = vec![Line([1.0; 16]); buffer_bytes / size_of::<Line>()];
    // SAFETY: `read_avx512` is chosen only where the instructions are; the other one needs none.
    let seconds = timing::seconds(|| unsafe { read(black_box(&buffer)) });
    Bandwidth { buffer_bytes, bytes_per_s: buffer_bytes as f64 / seconds }
}

/// Lines that are read at a time, two loads a cycle if memory gives them, from streams that are far apart: hardware looks ahead
/// in each.
const STREAMS: usize = 4;

#[target_feature(enable = "avx512f")]
fn read_avx512(buffer: &[Line]) {
    let mut sums = [[_mm512_setzero_ps(); 2]; STREAMS];
    let part = buffer.len() / STREAMS;
    let streams: [&[Line]; STREAMS] = std::array::from_fn(|i| &buffer[i * part..][..part]);
    for i in (0..part).step_by(2) {
        for (sums, stream) in sums.iter_mut().zip(streams) {
            for (sum, line) in sums.iter_mut().zip(&stream[i..i + 2]) {
                // SAFETY: the address is that of 16 aligned floats.
                *sum = _mm512_add_ps(*sum, unsafe { _mm512_load_ps(line.0.as_ptr()) });
            }
        }
    }
    black_box(sums);
}

/// The same without AVX-512, in one stream.
fn read_vectorised(buffer: &[Line]) {
    black_box(vectorised(
        #[inline(always)]
        move || {
            let mut sums = [[0.0; 16]; 8];
            for lines in buffer.as_chunks::<8>().0 {
                for (sum, line) in sums.iter_mut().zip(lines) {
                    for i in 0..16 {
                        sum[i] += line.0[i];
                    }
                }
            }
            sums
        },
    ));
}
