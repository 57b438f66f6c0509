//! The tiled step and reading where there is no tile unit: they cannot be made, because no [`Bf16Unit`] can.

use crate::backward::Reach;
use crate::kernels::tile::Bf16Unit;
use crate::model::Model;
use crate::net::{Net, Sequences};
use crate::profile::Nanos;
use crate::train::Group;

/// Everything that a network's training steps on the tile unit need beside the network.
#[derive(Debug)]
pub struct TiledStep(());

impl TiledStep {
    /// Cannot be called: [`Bf16Unit::of_tier`] finds nothing here.
    pub fn new(_: Bf16Unit, _: &Model, _: Reach, _: usize) -> TiledStep {
        unreachable!("a Bf16Unit exists only where `of_tier` found one")
    }

    /// Cannot be called.
    pub fn gradient(&mut self, _: &Model, _: &[Group], _: f64, _: &mut [f32]) -> Vec<f64> {
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

/// A network packed for reading.
#[derive(Debug)]
pub struct TiledReader<'a>(std::marker::PhantomData<&'a Model>);

impl<'a> TiledReader<'a> {
    /// Cannot be called: [`Bf16Unit::of_tier`] finds nothing here.
    pub fn new(_: Bf16Unit, _: &'a Model) -> TiledReader<'a> {
        unreachable!("a Bf16Unit exists only where `of_tier` found one")
    }

    /// Cannot be called.
    pub fn net(&self) -> Net<'a, f32> {
        unreachable!("a Bf16Unit exists only where `of_tier` found one")
    }

    /// Cannot be called.
    pub(crate) fn read(&self, _: &[usize], _: Sequences<'_>, _: &mut ReadRoom) {
        unreachable!("a Bf16Unit exists only where `of_tier` found one")
    }
}

/// What a worker needs to read.
#[derive(Debug, Default)]
pub(crate) struct ReadRoom(());

impl ReadRoom {
    /// Cannot be of use.
    pub(crate) fn reset(&mut self, _: Net<'_, f32>, _: usize, _: usize) {
        unreachable!("a Bf16Unit exists only where `of_tier` found one")
    }

    /// Cannot be of use.
    pub(crate) fn logits(&self, _: usize, _: usize) -> impl Iterator<Item = f32> {
        std::iter::empty()
    }
}
