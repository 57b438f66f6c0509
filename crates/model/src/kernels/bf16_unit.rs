//! Products of bf16 tiles: 32×32 sums in f32.
//!
//! All products in bf16 rest on one function, [`TileUnit::multiply`], which a processor executes in one of two ways: with tile
//! registers (`amx`), or with vectors that multiply pairs (`dot`). Both read the same forms of the factors, and
//! both sum in order of the inner dimension, flush numbers below 2⁻¹²⁶ to 0 and round sums to nearest. Pairs are summed in
//! different orders, so their bits differ.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use super::amx::{Amx, Tiles};
#[cfg(target_arch = "x86_64")]
use super::dot::Dots;
use super::tile::{Block, LeftStrips, Sums, Tile, ZERO_BLOCK};
use searchlens_base::arithmetic::Tier;

/// Proof that the processor can multiply bf16 tiles, and has AVX-512 (F, BW, DQ, VL, BF16) for everything between the products.
#[derive(Clone, Copy, Debug)]
pub struct Bf16Unit(Kind);

#[derive(Clone, Copy, Debug)]
enum Kind {
    Tiles(Amx),
    Dots(Dots),
}

impl Bf16Unit {
    /// Returns the unit of a tier, if the machine has it.
    pub fn of_tier(tier: Tier) -> Option<Bf16Unit> {
        match tier {
            Tier::Amx => Amx::detect().map(|amx| Bf16Unit(Kind::Tiles(amx))),
            Tier::Avx512Bf16 => Dots::detect().map(|dots| Bf16Unit(Kind::Dots(dots))),
            Tier::Avx512 | Tier::Avx2 | Tier::Portable => None,
        }
    }

    /// Returns its tier.
    pub fn tier(self) -> Tier {
        match self.0 {
            Kind::Tiles(_) => Tier::Amx,
            Kind::Dots(_) => Tier::Avx512Bf16,
        }
    }

    /// Returns whether training steps are faster than in f32. Measured: with tiles several times as fast; with vectors of pairs
    /// twice as fast on AMD's Zen 4, but 1.3 times as slow on Intel's Sapphire Rapids.
    pub fn beats_f32(self) -> bool {
        match self.0 {
            Kind::Tiles(_) => true,
            Kind::Dots(dots) => dots.is_fast(),
        }
    }

    /// Sets up this thread's registers, for as long as the thread lives.
    pub fn on_this_thread(self) -> TileUnit {
        match self.0 {
            Kind::Tiles(amx) => TileUnit(OnThread::Tiles(amx.on_this_thread())),
            Kind::Dots(dots) => TileUnit(OnThread::Dots(dots)),
        }
    }
}

/// A [`Bf16Unit`] on one thread, ready to multiply.
#[derive(Clone, Copy, Debug)]
pub struct TileUnit(OnThread);

#[derive(Clone, Copy, Debug)]
enum OnThread {
    Tiles(Tiles),
    Dots(Dots),
}

impl TileUnit {
    /// `out = a @ b`, or `out += a @ b`, sums in f32 in order of the inner dimension.
    ///
    /// # Shapes
    /// - `a`: two strips of 16 rows; tile `k` of a strip holds columns `32 k..32 (k + 1)`, in pairs
    /// - `b`: two strips of 16 columns; tile `k` of a strip holds rows `32 k..32 (k + 1)`: its line `p` is the pairs
    ///   `(b[2p, n], b[2p + 1, n])`
    ///
    /// # Panics
    /// If the strips of `a` and `b` differ in their number of tiles.
    #[inline]
    pub fn multiply(self, a: LeftStrips<'_>, b: [&[Tile]; 2], sums: Sums, out: &mut Block) {
        assert!(b[0].len() == a.depth && b[1].len() == a.depth);
        if a.depth > 0 {
            match self.0 {
                OnThread::Tiles(tiles) => tiles.multiply(a, b, sums, out),
                OnThread::Dots(dots) => dots.multiply(a, b, sums, out),
            }
        } else if sums == Sums::Set {
            *out = ZERO_BLOCK;
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
use absent::Absent as Dots;
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
use absent::{Absent as Amx, Absent as Tiles};

/// A unit that this architecture or operating system lacks: its type has no value.
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
mod absent {
    use super::{Block, LeftStrips, Sums, Tile};

    #[derive(Clone, Copy, Debug)]
    pub(super) enum Absent {}

    impl Absent {
        pub(super) fn detect() -> Option<Absent> {
            None
        }

        pub(super) fn is_fast(self) -> bool {
            match self {}
        }

        pub(super) fn on_this_thread(self) -> Absent {
            match self {}
        }

        pub(super) fn multiply(self, _: LeftStrips<'_>, _: [&[Tile]; 2], _: Sums, _: &mut Block) {
            match self {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tile::{Lanes, Line, Steps};
    use super::*;

    /// Whole numbers, small enough for bf16 and for sums of them to be exact; NaN between the lines that a product may read.
    fn whole(i: usize) -> f32 {
        (i * 7 % 13) as f32 - 6.0
    }

    fn pair(first: f32, second: f32) -> u32 {
        first.to_bits() >> 16 | second.to_bits() & 0xffff_0000
    }

    /// Against the triple loop, exactly.
    fn check(unit: TileUnit, depth: usize, steps: Steps) {
        let (a, b) = (|r: usize, k: usize| whole(r * 32 * depth + k), |k: usize, n: usize| whole(3 * k + 5 * n));
        let end = steps.strip + 15 * steps.row + depth.saturating_sub(1) * steps.tile;
        let mut lines = vec![Line([pair(f32::NAN, f32::NAN); 16]); end + 1];
        for (r, k) in (0..32).flat_map(|r| (0..depth).map(move |k| (r, k))) {
            let line = &mut lines[r / 16 * steps.strip + r % 16 * steps.row + k * steps.tile];
            *line = Line(std::array::from_fn(|p| pair(a(r, 32 * k + 2 * p), a(r, 32 * k + 2 * p + 1))));
        }
        let strip = |s: usize| -> Vec<Tile> {
            let line = |k: usize| move |n: usize| pair(b(k, 16 * s + n), b(k + 1, 16 * s + n));
            let tile = |k: usize| std::array::from_fn(|p| Line(std::array::from_fn(line(32 * k + 2 * p))));
            (0..depth).map(tile).collect()
        };
        let (one, two) = (strip(0), strip(1));
        let mut out = [[Lanes([f32::NAN; 16]); 2]; 32];
        for (times, sums) in [(1.0, Sums::Set), (2.0, Sums::Add), (3.0, Sums::Add), (1.0, Sums::Set)] {
            unit.multiply(LeftStrips::new(&lines, steps, depth), [&one, &two], sums, &mut out);
            for (r, n) in (0..32).flat_map(|r| (0..32).map(move |n| (r, n))) {
                let product: f32 = (0..32 * depth).map(|k| a(r, k) * b(k, n)).sum();
                assert_eq!(out[r][n / 16].0[n % 16], times * product, "{unit:?}, {depth} tiles, {steps:?}: [{r}, {n}]");
            }
        }
    }

    #[test]
    fn products_of_every_unit_are_those_of_the_triple_loop() {
        for tier in [Tier::Amx, Tier::Avx512Bf16] {
            let Some(unit) = Bf16Unit::of_tier(tier) else {
                println!("skipped: this machine has no tier {}", tier.name());
                continue;
            };
            assert_eq!(unit.tier(), tier);
            for depth in [0, 1, 2, 3, 7, 16] {
                check(unit.on_this_thread(), depth, Steps { row: 1, tile: 16, strip: 16 * depth });
                check(unit.on_this_thread(), depth, Steps { row: depth + 2, tile: 1, strip: 16 * (depth + 2) });
            }
        }
    }
}
