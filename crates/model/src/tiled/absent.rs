//! The tiled step where there is no tile unit: it cannot be made, because no [`Amx`] can.

#[path = "profile.rs"]
pub mod profile;

use crate::kernels::amx::Amx;
use crate::model::Model;
use crate::train::Group;
use profile::Stage;

/// Everything that a network's training steps on the tile unit need beside the network.
#[derive(Debug)]
pub struct TiledStep(());

impl TiledStep {
    /// Cannot be called: [`Amx::detect`] finds nothing here.
    pub fn new(_: Amx, _: &Model, _: usize) -> TiledStep {
        unreachable!("an Amx exists only where `detect` found one")
    }

    /// Cannot be called.
    pub fn gradient(&mut self, _: &Model, _: &[Group], _: f64, _: &mut [f32]) -> Vec<f64> {
        unreachable!("an Amx exists only where `detect` found one")
    }

    /// Cannot be called.
    pub fn start_profile(&mut self) {
        unreachable!("an Amx exists only where `detect` found one")
    }

    /// Cannot be called.
    pub fn profile(&self) -> [u64; Stage::ALL.len()] {
        unreachable!("an Amx exists only where `detect` found one")
    }
}
