//! The tile unit's own passes, in bf16 and without taps: training steps (forward, loss and backward of a group), and reading for
//! generation ([`read`]).
//!
//! The same network as [`crate::forward`] and [`crate::backward`], which stay the reference (any number type, every site) and
//! are what this is tested against. Here products round their factors to bf16; the residual stream, the norms' statistics, the
//! softmax, the loss, all sums and all gradients of parameters are f32. Whatever a product reads is written in the form that it
//! is read in by the kernel that makes it, see [`factor`].

mod attention;
mod attention_bwd;
mod attention_stash;
mod backward;
mod cache;
mod factor;
mod forward;
mod heads;
#[cfg(feature = "bench")]
pub mod hot;
mod linear;
mod loss;
mod norm;

mod read;
mod room;
mod rotary;
mod scored;
mod slot;
mod weights;

use crate::backward::Reach;
use crate::kernels::tile::{Bf16Unit, Sums};
use crate::model::Model;
use crate::net::Net;
use crate::profile::Nanos;
use crate::slots::Rooms;
use crate::train::Group;
use room::Room;
use slot::{GradSlot, Places};
use weights::TiledWeights;

pub(crate) use read::ReadRoom;
pub use read::TiledReader;

/// Everything that a network's training steps on the tile unit need beside the network.
#[derive(Debug)]
pub struct TiledStep {
    weights: TiledWeights,
    reach: Reach,
    places: Places,
    slots: Vec<GradSlot>,
    rooms: Rooms<Room>,
}

impl TiledStep {
    /// Room for a network's steps, its gradients going back as `reach` says and added up in `n_slots` slots.
    pub fn new(unit: Bf16Unit, model: &Model, reach: Reach, n_slots: usize) -> TiledStep {
        let places = Places::new(&model.config, &model.layout);
        let slots = (0..n_slots).map(|_| GradSlot::new(&places)).collect();
        let weights = TiledWeights::new(unit, &model.config, &model.layout);
        TiledStep { weights, reach, places, slots, rooms: Rooms::default() }
    }

    /// The gradient of `scale` times the groups' weighted loss is written to `gradient`; returns the loss of each slot's groups.
    ///
    /// Groups belong to slots in turn, and slots are summed in index order: nothing depends on the number of threads.
    pub fn gradient(&mut self, model: &Model, groups: &[Group], scale: f64, gradient: &mut [f32]) -> Vec<f64> {
        self.weights.pack(&model.layout, &model.params);
        let TiledStep { weights, reach, places, slots, rooms } = self;
        let (slots, losses) = rooms.add_up(slots, groups, GradSlot::clear, |group, slot, room: &mut Room| {
            add_group(model.net(), weights, *reach, places, group, scale, slot, room)
        });
        places.gather(slots, gradient);
        losses
    }

    /// From now on stages are timed.
    pub fn start_profile(&mut self) {
        self.rooms.start_profile();
    }

    /// Time spent in each stage so far.
    pub fn profile(&self) -> Nanos {
        self.rooms.profile()
    }
}

/// Adds one group's gradient to a slot; returns its weighted loss.
fn add_group(
    net: Net<'_, f32>,
    weights: &TiledWeights,
    reach: Reach,
    places: &Places,
    group: &Group,
    scale: f64,
    slot: &mut GradSlot,
    room: &mut Room,
) -> f64 {
    let (unit, sequences) = (weights.unit.on_this_thread(), group.sequences());
    room.resize(net.config, group);
    #[expect(unsafe_code, reason = "the way from ordinary code to the code for this processor's vectors")]
    // SAFETY: a `Bf16Unit` exists only where the features do.
    let loss = unsafe {
        forward::forward(unit, net, &weights.blocks, sequences, room);
        let loss = backward::loss(unit, net, weights, group, scale, places, slot, room);
        backward::backward(unit, net, weights, sequences, reach, places, slot, room);
        loss
    };
    slot.sums = Sums::Add;
    loss
}
