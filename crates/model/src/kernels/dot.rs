//! bf16 products without a tile unit: vectors that multiply 16 pairs and add each pair's products to a sum
//! (AVX-512 BF16: Intel since Cooper Lake, AMD since Zen 4).
//!
//! One instruction does as many multiply-adds as two of AVX-512 in f32, on half the bytes. The factors lie as the tile unit reads
//! them: a pair of a row of `a` is multiplied with all pairs of a line of `b`. Source: Intel's Architectures Software
//! Developer's Manual, vol. 2, VDPBF16PS.
#![expect(unsafe_code, reason = "calls code that is compiled for this processor's vectors")]

use super::cpuid::is_amd;
use super::tile::{Block, LeftStrips, Line, Sums, Tile, Wide};
use super::vector::{all, dot_pairs, has_vectors, load_line, load_wide, store_wide};
use std::arch::x86_64::_mm512_set1_epi32;

/// Rows whose sums, two vectors each, are in registers at a time: 16 independent sums hide the latency, and each pair that is
/// loaded is used twice.
const ROWS: usize = 8;

/// Proof that the processor has [`has_vectors`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Dots(());

impl Dots {
    /// Returns the proof, if it has.
    pub(super) fn detect() -> Option<Dots> {
        has_vectors().then_some(Dots(()))
    }

    /// Whether it multiplies a vector of pairs every cycle, so that products take half as long as in f32: AMD's do since Zen 4
    /// (measured: 232 against 118 GFLOP/s a core). Intel's Sapphire Rapids does every second cycle, and makes two products in
    /// f32 every cycle (122 against 245).
    pub(super) fn is_fast(self) -> bool {
        is_amd()
    }

    /// As [`super::bf16_unit::TileUnit::multiply`], for as many tiles of each strip.
    #[inline]
    pub(super) fn multiply(self, a: LeftStrips<'_>, b: [&[Tile]; 2], sums: Sums, out: &mut Block) {
        // SAFETY: a `Dots` exists only where the features do.
        unsafe { multiply(a, b, sums, out) }
    }
}

/// Not inlined into its callers, which serve the tile unit too.
#[inline(never)]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn multiply(a: LeftStrips<'_>, b: [&[Tile]; 2], sums: Sums, out: &mut Block) {
    let LeftStrips { lines, steps, .. } = a;
    for (i, out) in out.as_chunks_mut::<ROWS>().0.iter_mut().enumerate() {
        let first = i * ROWS / 16 * steps.strip + i * ROWS % 16 * steps.row;
        let mut held = match sums {
            Sums::Set => [[all(0.0); 2]; ROWS],
            Sums::Add => out.each_ref().map(|sums: &Wide| load_wide(sums)),
        };
        for (k, (one, two)) in b[0].iter().zip(b[1]).enumerate() {
            let rows: [&Line; ROWS] = std::array::from_fn(|r| &lines[first + k * steps.tile + r * steps.row]);
            for (p, (one, two)) in one.iter().zip(two).enumerate() {
                let pairs = [load_line(one), load_line(two)];
                for (sums, row) in held.iter_mut().zip(rows) {
                    let x = _mm512_set1_epi32(row.0[p].cast_signed());
                    *sums = [dot_pairs(sums[0], x, pairs[0]), dot_pairs(sums[1], x, pairs[1])];
                }
            }
        }
        for (out, sums) in out.iter_mut().zip(held) {
            store_wide(out, sums);
        }
    }
}
