//! Times every kernel of a training step on hot buffers, on one core, against the roofline of this machine.
//!
//! `cargo run --release -p searchlens-bench`. For each kernel: the median time of a run, its rate, its arithmetic intensity
//! (operations per byte), and the share of the roofline that it reaches (Williams, Waterman & Patterson 2009): a run of `n`
//! operations on `b` bytes cannot take less than `max(n / peak, b / bandwidth)`, with the peak of its execution unit and the
//! bandwidth of buffers as large as its own, both measured here. Kernels in f32 are timed on every tier.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod peak;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod roofline;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod timing;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn main() -> anyhow::Result<()> {
    roofline::run(clap::Parser::parse())
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
fn main() -> anyhow::Result<()> {
    anyhow::bail!(
        "peaks are measured with x86-64 instructions on Linux, and this machine has another architecture or system"
    )
}
