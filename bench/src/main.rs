//! Every kernel of a training step on hot buffers, one core, beside what this machine can do at most.
//!
//! `cargo run --release -p searchlens-bench`. For each kernel: the median time of a run, its rate, its arithmetic intensity
//! (operations a byte), and what share of the roofline it reaches (Williams, Waterman & Patterson 2009): a run of `n`
//! operations on `b` bytes cannot take less than `max(n / peak, b / bandwidth)`, with the peak of the unit that makes its
//! arithmetic and the bandwidth of buffers as large as its own, both measured here. Kernels in f32 are timed on every tier.

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
    anyhow::bail!("peaks are measured with the instructions of x86-64, on Linux; here is another machine")
}
