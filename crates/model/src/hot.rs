//! Kernels on buffers of their own, to be timed by the package `bench`: compiled with the feature `bench` alone.

/// What makes a kernel's arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Products of bf16 tiles.
    Tiles,
    /// Vectors of f32.
    Vectors,
}

/// A kernel that can be run again and again: its buffers are as hot as their size allows.
pub struct Kernel {
    /// What it does.
    pub name: &'static str,
    /// Of which sizes.
    pub sizes: String,
    /// What makes most of its arithmetic.
    pub unit: Unit,
    /// Arithmetic operations of a run. A multiply-add is two; functions are counted as their kernels write them.
    pub flops: f64,
    /// Bytes that a run reads or writes, each counted once.
    pub bytes: usize,
    /// A run.
    pub run: Box<dyn FnMut()>,
}
