//! The passes for the tile unit, in bf16 and without taps: training steps (forward, loss and backward of a micro-batch) and
//! generation (`decode`).
//!
//! [`crate::forward`] and [`crate::backward`] are the reference (any number type, every site), which this is tested against. Here
//! products round their factors to bf16; the residual stream, the norms' statistics, the softmax, the loss, all sums and all
//! gradients of parameters are f32. Every kernel writes its output in the layout that the next product reads, see `factor`.

mod attention;
mod attention_bwd;
mod attention_stash;
mod backward;
mod cache;
mod decode;
mod factor;
mod forward;
mod grad_slot;
mod heads;
#[cfg(feature = "bench")]
pub mod hot;
mod linear;
mod loss;
mod norm;
mod rotary;
mod scored;
mod weights;
mod workspace;

use crate::kernels::attention::KvGradient;
use crate::kernels::bf16_unit::Bf16Unit;
use crate::kernels::tile::Sums;
use crate::micro_batch::MicroBatch;
use crate::model::Model;
use crate::net::Net;
use crate::profile::Nanos;
use crate::slots::Workspaces;
use grad_slot::{GradLayout, GradSlot};
use weights::TiledWeights;
use workspace::Workspace;

pub(crate) use decode::DecodeWorkspace;
pub use decode::TiledDecoder;

/// The weights, gradient slots and workspaces of training steps on the tile unit.
#[derive(Debug)]
pub struct TiledStep {
    weights: TiledWeights,
    kv_gradient: KvGradient,
    grad_layout: GradLayout,
    slots: Vec<GradSlot>,
    workspaces: Workspaces<Workspace>,
}

impl TiledStep {
    /// Allocates for a network; gradients are summed in `n_slots` slots.
    pub fn new(unit: Bf16Unit, model: &Model, kv_gradient: KvGradient, n_slots: usize) -> TiledStep {
        let grad_layout = GradLayout::new(&model.config, &model.layout);
        let slots = (0..n_slots).map(|_| GradSlot::new(&grad_layout)).collect();
        let weights = TiledWeights::new(unit, &model.config, &model.layout);
        TiledStep { weights, kv_gradient, grad_layout, slots, workspaces: Workspaces::default() }
    }

    /// Writes the gradient of `scale` times the weighted loss to `gradient`; returns the loss of each slot's micro-batches.
    ///
    /// Micro-batches are dealt to slots in turn, and slots are summed in index order: nothing depends on the number of threads.
    pub fn gradient(
        &mut self,
        model: &Model,
        micro_batches: &[MicroBatch],
        scale: f64,
        gradient: &mut [f32],
    ) -> Vec<f64> {
        self.weights.pack(&model.layout, &model.params);
        let TiledStep { weights, kv_gradient, grad_layout, slots, workspaces } = self;
        let (slots, losses) =
            workspaces.add_up(slots, micro_batches, GradSlot::clear, |micro_batch, slot, workspace: &mut Workspace| {
                add_micro_batch(model.net(), weights, *kv_gradient, grad_layout, micro_batch, scale, slot, workspace)
            });
        grad_layout.gather(slots, gradient);
        losses
    }

    /// Starts timing stages.
    pub fn start_profile(&mut self) {
        self.workspaces.start_profile();
    }

    /// Returns the time spent in each stage so far.
    pub fn profile(&self) -> Nanos {
        self.workspaces.profile()
    }
}

/// Adds one micro-batch's gradient to a slot; returns its weighted loss.
fn add_micro_batch(
    net: Net<'_, f32>,
    weights: &TiledWeights,
    kv_gradient: KvGradient,
    grad_layout: &GradLayout,
    micro_batch: &MicroBatch,
    scale: f64,
    slot: &mut GradSlot,
    workspace: &mut Workspace,
) -> f64 {
    let (unit, sequences) = (weights.unit.on_this_thread(), micro_batch.sequences());
    workspace.resize(net.config, micro_batch);
    #[expect(unsafe_code, reason = "calls code that is compiled for this processor's vectors")]
    // SAFETY: a `Bf16Unit` exists only where the features do.
    let loss = unsafe {
        forward::forward(unit, net, &weights.blocks, sequences, workspace);
        let loss = backward::loss(unit, net, weights, micro_batch, scale, grad_layout, slot, workspace);
        backward::backward(unit, net, weights, sequences, kv_gradient, grad_layout, slot, workspace);
        loss
    };
    slot.sums = Sums::Add;
    loss
}
