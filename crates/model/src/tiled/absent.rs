//! Stand-ins for the tiled passes on other architectures. They cannot be created, because no [`Bf16Unit`] can.

use crate::kernels::attention::KvGradient;
use crate::kernels::bf16_unit::Bf16Unit;
use crate::micro_batch::MicroBatch;
use crate::model::Model;
use crate::net::{Net, Sequences};
use crate::profile::Nanos;

/// Stand-in for the training steps on the tile unit.
#[derive(Debug)]
pub struct TiledStep(());

impl TiledStep {
    /// Cannot be called: [`Bf16Unit::of_tier`] finds nothing here.
    pub fn new(_: Bf16Unit, _: &Model, _: KvGradient, _: usize) -> TiledStep {
        unreachable!("a Bf16Unit exists only where `of_tier` found one")
    }

    /// Cannot be called.
    pub fn gradient(&mut self, _: &Model, _: &[MicroBatch], _: f64, _: &mut [f32]) -> Vec<f64> {
        unreachable!("a Bf16Unit exists only where `of_tier` found one")
    }

    /// Cannot be called.
    pub fn start_profile(&mut self) {
        unreachable!("a Bf16Unit exists only where `of_tier` found one")
    }

    /// Cannot be called.
    pub fn profile(&self) -> Nanos {
        unreachable!("a Bf16Unit exists only where `of_tier` found one")
    }
}

/// Stand-in for a network packed for generation.
#[derive(Debug)]
pub struct TiledDecoder<'a>(std::marker::PhantomData<&'a Model>);

impl<'a> TiledDecoder<'a> {
    /// Cannot be called: [`Bf16Unit::of_tier`] finds nothing here.
    pub fn new(_: Bf16Unit, _: &'a Model) -> TiledDecoder<'a> {
        unreachable!("a Bf16Unit exists only where `of_tier` found one")
    }

    /// Cannot be called.
    pub fn net(&self) -> Net<'a, f32> {
        unreachable!("a Bf16Unit exists only where `of_tier` found one")
    }

    /// Cannot be called.
    pub(crate) fn decode(&self, _: &[usize], _: Sequences<'_>, _: &mut DecodeWorkspace) {
        unreachable!("a Bf16Unit exists only where `of_tier` found one")
    }
}

/// Stand-in for a worker's buffers.
#[derive(Debug, Default)]
pub(crate) struct DecodeWorkspace(());

impl DecodeWorkspace {
    /// Cannot be called.
    pub(crate) fn reset(&mut self, _: Net<'_, f32>, _: usize, _: usize) {
        unreachable!("a Bf16Unit exists only where `of_tier` found one")
    }

    /// Cannot be called.
    pub(crate) fn logits(&self, _: usize, _: usize) -> impl Iterator<Item = f32> {
        std::iter::empty()
    }
}
