//! The training step: the gradient of a batch, summed in an order that does not depend on the number of threads, then AdamW.
//!
//! A batch is cut into micro-batches of sequences of equal (padded) length. Micro-batches are dealt to a fixed number of gradient
//! slots; workers take slots; slots are summed in index order. So the bits of a step depend on the batch alone.

use crate::acts::Acts;
use crate::backward::{ActGrads, backward};
use crate::diagnosis::{self, Origin};
use crate::forward::forward;
use crate::kernels::attention::KvGradient;
use crate::kernels::lanes::add;
use crate::kernels::loss::cross_entropy;
use crate::kernels::tier::{Precision, TierError, bf16_unit, vectorised};
use crate::micro_batch::MicroBatch;
use crate::model::Model;
use crate::net::{Net, Products};
use crate::optimiser::{self, AdamW, CHUNK, Moments};
use crate::packed::PackedWeights;
use crate::params::Slot;
use crate::profile::{Nanos, Profile, Profiled};
use crate::slots::Workspaces;
use crate::stage::Stage;
use crate::tiled::TiledStep;
use crate::workers::Workers;
use rayon::prelude::*;
use searchlens_base::fault::{Fault, HasFault};

/// Default number of gradient slots. More cost memory traffic (5 % of a step from two to four); workers beyond this number idle.
pub const SLOTS: usize = 2;

/// Statistics of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepStats {
    /// Weighted mean loss of the batch before the step, nats.
    pub loss: f64,
    /// Norm of the gradient before clipping.
    pub grad_norm: f64,
}

/// Errors of a training step. Except after [`TrainError::Weights`], the weights are as they were before the step.
#[derive(Debug, thiserror::Error, PartialEq)]
#[expect(missing_docs, reason = "the message says it")]
pub enum TrainError {
    #[error(
        "step {step}: the loss is {loss}: {origin}; lower the learning rate or clip the gradient (the weights were left as before)"
    )]
    Loss { step: u64, loss: f64, origin: Origin },
    #[error(
        "step {step}: the gradient is not finite: {origin}; lower the learning rate (the weights were left as before)"
    )]
    Gradient { step: u64, origin: Origin },
    #[error("step {step}: it left `{tensor}` not finite; lower the learning rate")]
    Weights { step: u64, tensor: String },
    #[error("step {step}: no token of the batch is scored; see `loss_on`")]
    NothingScored { step: u64 },
}

impl HasFault for TrainError {
    fn fault(&self) -> Fault {
        match self {
            TrainError::NothingScored { .. } => Fault::BadInput,
            TrainError::Loss { .. } | TrainError::Gradient { .. } | TrainError::Weights { .. } => Fault::Failure,
        }
    }
}

/// A network in training.
pub struct Trainer {
    /// The network.
    pub model: Model,
    /// Optimizer state.
    pub moments: Moments,
    /// Average of the weights over about the last `horizon` steps, if there is one.
    pub average: Option<Average>,
    adamw: AdamW,
    frozen: Vec<Slot>,
    kv_gradient: KvGradient,
    engine: Engine,
    /// Gradient of the last batch, laid out as the parameters.
    gradient: Vec<f32>,
    /// Its norm.
    norm: f64,
    /// Sum over the batches of a step, if there are several.
    accumulated: Vec<f32>,
}

/// How a [`Trainer`] computes gradients, and which parameters it leaves alone.
#[derive(Clone, Debug)]
pub struct TrainerOptions {
    /// Precision of the products of training steps.
    pub precision: Precision,
    /// From which queries keys and values receive gradients.
    pub kv_gradient: KvGradient,
    /// Number of gradient slots: at most this many workers can help. Other numbers give other bits.
    pub slots: usize,
    /// Entries that never change.
    pub frozen: Vec<Slot>,
}

impl Default for TrainerOptions {
    fn default() -> TrainerOptions {
        TrainerOptions {
            precision: Precision::F32,
            kv_gradient: KvGradient::AllQueries,
            slots: SLOTS,
            frozen: Vec::new(),
        }
    }
}

/// What computes gradients.
enum Engine {
    /// The reference passes.
    Plain(PlainStep),
    /// The passes for units that multiply bf16 tiles.
    Tiled(Box<TiledStep>),
}

impl Engine {
    fn new(model: &Model, options: &TrainerOptions) -> Result<Engine, TierError> {
        let &TrainerOptions { precision, kv_gradient, slots, .. } = options;
        Ok(match precision {
            Precision::F32 => Engine::Plain(PlainStep::new(model, kv_gradient, slots)),
            Precision::Bf16 => Engine::Tiled(Box::new(TiledStep::new(bf16_unit()?, model, kv_gradient, slots))),
        })
    }
}

/// An exponential moving average of the weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Average {
    /// Steps over which a weight's share falls to 1/e.
    pub horizon: f64,
    /// The average, laid out as the parameters.
    pub params: Vec<f32>,
}

impl Trainer {
    /// Starts training, or resumes it with `moments` and `average` from a checkpoint.
    ///
    /// # Errors
    /// If the options ask for bf16 and this thread may use no unit for it.
    ///
    /// # Panics
    /// If `moments` belong to another number of parameters.
    pub fn new(
        model: Model,
        adamw: AdamW,
        moments: Moments,
        average: Option<Average>,
        options: TrainerOptions,
    ) -> Result<Trainer, TierError> {
        assert_eq!(moments.mean.len(), model.params.len());
        let engine = Engine::new(&model, &options)?;
        let TrainerOptions { kv_gradient, frozen, .. } = options;
        let (gradient, accumulated) = (vec![0.0; model.params.len()], Vec::new());
        Ok(Trainer { model, moments, average, adamw, frozen, kv_gradient, engine, gradient, norm: 0.0, accumulated })
    }

    /// Returns the number of steps done.
    pub fn steps_done(&self) -> u64 {
        self.moments.step
    }

    /// Starts timing the stages of steps.
    pub fn start_profile(&mut self) {
        match &mut self.engine {
            Engine::Plain(step) => step.workspaces.start_profile(),
            Engine::Tiled(step) => step.start_profile(),
        }
    }

    /// Returns the time spent in each stage so far, in nanoseconds, summed over workers.
    pub fn profile(&self) -> Nanos {
        match &self.engine {
            Engine::Plain(step) => step.workspaces.profile(),
            Engine::Tiled(step) => step.profile(),
        }
    }

    /// Returns the weights to evaluate: the average if there is one, else the weights themselves.
    pub fn evaluated(&self) -> &[f32] {
        self.average.as_ref().map_or(&self.model.params, |a| &a.params)
    }

    /// Computes the batch's weighted mean loss and its gradient, laid out as the parameters.
    ///
    /// # Errors
    /// If no token is scored, or loss or gradient are not finite.
    pub fn gradient(&mut self, micro_batches: &[MicroBatch], workers: &Workers) -> Result<(f64, &[f32]), TrainError> {
        let step = self.moments.step + 1;
        let total = total_weight(micro_batches);
        if total <= 0.0 {
            return Err(TrainError::NothingScored { step });
        }
        let scale = 1.0 / total;
        let Trainer { model, engine, gradient, .. } = self;
        let losses = workers.run(|| match engine {
            Engine::Plain(step) => step.gradient(model, micro_batches, scale, gradient),
            Engine::Tiled(step) => step.gradient(model, micro_batches, scale, gradient),
        });
        let loss = losses.iter().sum::<f64>() * scale;
        if !loss.is_finite() {
            return Err(TrainError::Loss { step, loss, origin: self.origin(micro_batches) });
        }
        Ok((loss, &self.gradient))
    }

    /// Steps on a batch at the given learning rate.
    ///
    /// # Errors
    /// As [`Trainer::gradient`]; the weights are then as before.
    pub fn step(&mut self, micro_batches: &[MicroBatch], lr: f64, workers: &Workers) -> Result<StepStats, TrainError> {
        let loss = self.finite_gradient(micro_batches, workers)?;
        self.apply(loss, lr, workers)
    }

    /// Steps once on several batches taken one after the other, so that only one is in memory (gradient accumulation). Equals
    /// [`Trainer::step`] on all micro-batches together, up to rounding.
    ///
    /// # Errors
    /// As [`Trainer::step`].
    pub fn accumulated_step(
        &mut self,
        batches: impl IntoIterator<Item = Vec<MicroBatch>>,
        lr: f64,
        workers: &Workers,
    ) -> Result<StepStats, TrainError> {
        let (mut sum, mut loss, mut total) = (std::mem::take(&mut self.accumulated), 0.0, 0.0);
        sum.clear();
        sum.resize(self.model.params.len(), 0.0);
        for micro_batches in batches {
            let weight = total_weight(&micro_batches);
            if weight > 0.0 || weight.is_nan() {
                let mean = self.finite_gradient(&micro_batches, workers)?;
                add_scaled(&mut sum, &self.gradient, weight as f32);
                (loss, total) = (loss + mean * weight, total + weight);
            }
        }
        if total <= 0.0 {
            return Err(TrainError::NothingScored { step: self.moments.step + 1 });
        }
        let mean = &mut self.gradient;
        mean.fill(0.0);
        add_scaled(mean, &sum, (1.0 / total) as f32);
        self.norm = workers.run(|| optimiser::norm(mean));
        self.accumulated = sum;
        if !self.norm.is_finite() {
            return Err(TrainError::Gradient { step: self.moments.step + 1, origin: Origin::NotInF32 });
        }
        self.apply(loss / total, lr, workers)
    }

    /// As [`Trainer::gradient`], leaving its norm beside it; an error if that is not finite.
    fn finite_gradient(&mut self, micro_batches: &[MicroBatch], workers: &Workers) -> Result<f64, TrainError> {
        let (loss, gradient) = self.gradient(micro_batches, workers)?;
        let norm = workers.run(|| optimiser::norm(gradient));
        if !norm.is_finite() {
            return Err(TrainError::Gradient { step: self.moments.step + 1, origin: self.origin(micro_batches) });
        }
        self.norm = norm;
        Ok(loss)
    }

    /// Finds where a step on these micro-batches first produces a number that is not finite.
    fn origin(&self, micro_batches: &[MicroBatch]) -> Origin {
        diagnosis::origin(self.model.net(), micro_batches, 1.0 / total_weight(micro_batches), self.kv_gradient)
    }

    /// Updates weights and average by the gradient.
    fn apply(&mut self, loss: f64, lr: f64, workers: &Workers) -> Result<StepStats, TrainError> {
        let Trainer { model, moments, average, adamw, frozen, gradient, norm, .. } = self;
        let norm = *norm;
        workers.run(|| {
            let (params, layout) = (&mut model.params, &model.layout);
            if !optimiser::step(adamw, layout, frozen, lr, gradient, norm, params, moments) {
                let broken = |t: &&crate::params::Tensor| t.slot.of(params).iter().any(|p| !p.is_finite());
                let tensor = layout.tensors.iter().find(broken).map_or("a parameter", |t| t.name.as_str());
                return Err(TrainError::Weights { step: moments.step, tensor: tensor.into() });
            }
            if let Some(average) = average {
                average.update(params, moments.step);
            }
            Ok(StepStats { loss, grad_norm: norm })
        })
    }
}

/// Returns the sum of a batch's loss weights.
fn total_weight(micro_batches: &[MicroBatch]) -> f64 {
    micro_batches.iter().flat_map(|g| &g.weights).map(|&w| f64::from(w)).sum()
}

/// `out += scale · xs`.
fn add_scaled(out: &mut [f32], xs: &[f32], scale: f32) {
    vectorised(
        #[inline(always)]
        move || {
            for (o, &x) in out.iter_mut().zip(xs) {
                *o += x * scale;
            }
        },
    )
}

/// Gradients by the reference passes, with one flat buffer per slot.
struct PlainStep {
    /// The weights, packed for products.
    packed: PackedWeights<f32>,
    kv_gradient: KvGradient,
    slots: Vec<Vec<f32>>,
    workspaces: Workspaces<Workspace>,
}

/// One worker's buffers for a micro-batch.
#[derive(Default)]
struct Workspace {
    acts: Acts<f32>,
    grads: ActGrads<f32>,
    profile: Profile,
}

impl Profiled for Workspace {
    fn profile(&mut self) -> &mut Profile {
        &mut self.profile
    }
}

impl PlainStep {
    fn new(model: &Model, kv_gradient: KvGradient, slots: usize) -> PlainStep {
        let (packed, slots) = (PackedWeights::new(&model.layout), vec![vec![0.0; model.params.len()]; slots]);
        PlainStep { packed, kv_gradient, slots, workspaces: Workspaces::default() }
    }

    /// As [`TiledStep::gradient`].
    fn gradient(&mut self, model: &Model, micro_batches: &[MicroBatch], scale: f64, gradient: &mut [f32]) -> Vec<f64> {
        let PlainStep { packed, kv_gradient, slots, workspaces } = self;
        packed.pack(&model.params);
        let (net, kv_gradient) = (Net { products: Products::Packed(packed), ..model.net() }, *kv_gradient);
        let add = |micro_batch: &MicroBatch, slot: &mut Vec<f32>, workspace: &mut Workspace| {
            add_micro_batch(net, micro_batch, scale, kv_gradient, slot, workspace)
        };
        let (slots, losses) = workspaces.add_up(slots, micro_batches, |slot| slot.fill(0.0), add);
        gather(slots, gradient);
        losses
    }
}

/// Adds one micro-batch's gradient to `slot`; returns its weighted loss.
fn add_micro_batch(
    net: Net<'_, f32>,
    micro_batch: &MicroBatch,
    scale: f64,
    kv_gradient: KvGradient,
    slot: &mut [f32],
    workspace: &mut Workspace,
) -> f64 {
    let sequences = micro_batch.sequences();
    let Workspace { acts, grads, profile } = workspace;
    forward(net, sequences, acts, profile);
    grads.resize(net.config, sequences.n_seq(), sequences.seq);
    let loss = cross_entropy(
        sequences.seq,
        &acts.logits,
        micro_batch.targets().tokens,
        &micro_batch.weights,
        scale,
        &mut grads.logits,
    );
    profile.lap(Stage::Loss);
    backward(net, sequences, acts, kv_gradient, grads, slot, profile);
    loss
}

/// `gradient = slots[0] + slots[1] + …`, entry by entry in index order.
fn gather(slots: &[Vec<f32>], gradient: &mut [f32]) {
    gradient.par_chunks_mut(CHUNK).enumerate().for_each(|(i, chunk)| {
        let part = i * CHUNK..i * CHUNK + chunk.len();
        chunk.copy_from_slice(&slots[0][part.clone()]);
        for slot in &slots[1..] {
            add(chunk, &slot[part.clone()]);
        }
    });
}

impl Average {
    /// Starts the average at the given weights.
    pub fn new(horizon: f64, params: &[f32]) -> Average {
        Average { horizon, params: params.to_vec() }
    }

    /// `average += (params − average) / min(horizon, step)`: a plain mean at first, then exponential.
    fn update(&mut self, params: &[f32], step: u64) {
        let share = (1.0 / self.horizon.min(step as f64).max(1.0)) as f32;
        let chunks = self.params.par_chunks_mut(CHUNK).zip(params.par_chunks(CHUNK));
        chunks.for_each(|(average, params)| approach(average, params, share));
    }
}

/// `average += share · (params − average)`.
fn approach(average: &mut [f32], params: &[f32], share: f32) {
    vectorised(
        #[inline(always)]
        move || {
            for (a, &p) in average.iter_mut().zip(params) {
                *a += (p - *a) * share;
            }
        },
    )
}
