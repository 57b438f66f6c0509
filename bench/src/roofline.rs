//! Every kernel against its roofline, as a table or JSON.

use crate::peak::{self, Bandwidth};
use crate::timing;
use anyhow::Context;
use clap::Parser;
use searchlens_model::hot::{self, Kernel, Unit};
use searchlens_model::kernels::tier::{Tier, available_tiers, bf16_unit, force_tier, forced_tier};
use searchlens_model::tiled;
use searchlens_model::workers::Workers;
use serde::Serialize;
use std::io::Write;

/// Time every kernel of a training step on hot buffers, on one core, against the roofline of this machine
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// Only kernels whose name contains this
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Print the numbers as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    peaks: Vec<Peak>,
    bandwidths: Vec<Bandwidth>,
    kernels: Vec<Timed>,
}

/// Peak operations per second of a tier's best unit.
#[derive(Serialize)]
struct Peak {
    tier: Tier,
    flops_per_s: f64,
}

/// A kernel's time and its share of the roofline.
#[derive(Serialize)]
struct Timed {
    name: &'static str,
    sizes: String,
    /// The tier that was forced.
    tier: Tier,
    /// The tier whose unit does its arithmetic.
    peak_of: Tier,
    seconds: f64,
    flops: f64,
    bytes: usize,
    /// Minimum time of a run by the roofline, over its measured time.
    share_of_roofline: f64,
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let tiers = available_tiers();
    let peaks = tiers.iter().map(|&tier| Ok(Peak { tier, flops_per_s: on_core(tier, || peak::of_tier(tier))? }));
    let peaks: Vec<Peak> = peaks.collect::<anyhow::Result<_>>()?;
    let bandwidths = on_core(tiers[0], peak::bandwidths)?;
    let roofline = Roofline { peaks, bandwidths };
    let mut kernels = Vec::new();
    for &tier in &tiers {
        kernels.extend(on_core(tier, || kernels_of_tier(&args, &roofline))?);
    }
    let Roofline { peaks, bandwidths } = roofline;
    let report = Report { peaks, bandwidths, kernels };
    let mut out = std::io::stdout().lock();
    match args.json {
        true => writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?,
        false => write_table(&mut out, &report)?,
    }
    Ok(())
}

/// Runs on one worker that is pinned to the first core, with a tier forced.
fn on_core<R: Send>(tier: Tier, work: impl FnOnce() -> R + Send) -> anyhow::Result<R> {
    let held = || -> anyhow::Result<R> {
        force_tier(tier)?;
        Ok(Workers::new(Some(1), true)?.run(work))
    };
    // A tier is forced for a thread and the workers that it makes.
    std::thread::scope(|scope| scope.spawn(held).join().ok().context("the measuring thread panicked")?)
}

/// The machine's roofline.
struct Roofline {
    peaks: Vec<Peak>,
    bandwidths: Vec<Bandwidth>,
}

impl Roofline {
    /// Returns the minimum time of this much work, in seconds. The bandwidth is that of the smallest buffer that holds all bytes.
    fn min_seconds(&self, flops: f64, bytes: usize, unit: Tier) -> f64 {
        let peak = self.peaks.iter().find(|peak| peak.tier == unit).map_or(f64::INFINITY, |peak| peak.flops_per_s);
        let holds = self.bandwidths.iter().find(|bandwidth| bandwidth.buffer_bytes >= bytes);
        let bandwidth = holds.or(self.bandwidths.last()).map_or(f64::INFINITY, |bandwidth| bandwidth.bytes_per_s);
        (flops / peak).max(bytes as f64 / bandwidth)
    }
}

/// The kernels of this thread's tier: the tiled ones where there is a unit for bf16, else the plain ones.
fn kernels_of_tier(args: &Args, roofline: &Roofline) -> Vec<Timed> {
    let (tier, kernels) = match bf16_unit() {
        Ok(unit) => (unit.tier(), tiled::hot::kernels(unit)),
        Err(_) => (forced_tier(), hot::kernels()),
    };
    time(kernels, tier, args, roofline)
}

fn time(kernels: Vec<Kernel>, tier: Tier, args: &Args, roofline: &Roofline) -> Vec<Timed> {
    let wanted = kernels.into_iter().filter(|kernel| kernel.name.contains(&args.only));
    let timed = wanted.map(|Kernel { name, sizes, unit, flops, bytes, run }| {
        let seconds = timing::seconds(run);
        // The vectors of tiers with a unit for bf16 are AVX-512's.
        let peak_of = if unit == Unit::Tiles { tier } else { tier.max(Tier::Avx512) };
        let share_of_roofline = roofline.min_seconds(flops, bytes, peak_of) / seconds;
        Timed { name, sizes, tier, peak_of, seconds, flops, bytes, share_of_roofline }
    });
    timed.collect()
}

fn write_table(out: &mut impl Write, report: &Report) -> anyhow::Result<()> {
    writeln!(out, "| tier | peak GFLOP/s, one core |\n|---|---|")?;
    for Peak { tier, flops_per_s } in &report.peaks {
        writeln!(out, "| {} | {:.0} |", tier.name(), flops_per_s / 1e9)?;
    }
    writeln!(out, "\n| buffer | GB/s read, one core |\n|---|---|")?;
    for Bandwidth { buffer_bytes, bytes_per_s } in &report.bandwidths {
        writeln!(out, "| {} KiB | {:.0} |", buffer_bytes / 1024, bytes_per_s / 1e9)?;
    }
    writeln!(out, "\n| tier | kernel | sizes | µs | GFLOP/s | GB/s | flops/byte | of roofline |")?;
    writeln!(out, "|---|---|---|---|---|---|---|---|")?;
    for Timed { name, sizes, tier, seconds, flops, bytes, share_of_roofline, .. } in &report.kernels {
        let (tier, bytes, micros) = (tier.name(), *bytes as f64, 1e6 * seconds);
        let (gflops, gbytes) = (flops / seconds / 1e9, bytes / seconds / 1e9);
        let (intensity, share) = (flops / bytes, 100.0 * share_of_roofline);
        writeln!(
            out,
            "| {tier} | {name} | {sizes} | {micros:.2} | {gflops:.0} | {gbytes:.1} | {intensity:.1} | {share:.0} % |"
        )?;
    }
    Ok(())
}
