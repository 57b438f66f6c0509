//! The training step: gradients of a batch, in an order that no number of threads can change, then AdamW.
//!
//! A batch comes cut into groups of sequences of equal (padded) length. Groups belong to a fixed number of gradient slots;
//! workers take slots; slots are summed in index order. So the bits of a step depend on the batch alone.

use crate::acts::Acts;
use crate::backward::{ActGrads, Reach, backward};
use crate::diagnosis::{self, Origin};
use crate::forward::forward;
use crate::kernels::lanes::add;
use crate::kernels::loss::cross_entropy;
use crate::kernels::tier::{Precision, TierError, bf16_unit, vectorised};
use crate::model::Model;
use crate::net::{Net, Products, Sequences};
use crate::optimiser::{self, AdamW, CHUNK, Moments};
use crate::packed::PackedWeights;
use crate::params::Slot;
use crate::profile::{Nanos, Profile, Profiled, Stage};
use crate::slots::Rooms;
use crate::tiled::TiledStep;
use crate::workers::Workers;
use rayon::prelude::*;

/// Gradient slots, unless told otherwise. Each costs memory to go through, 5 % of a step from two to four; more workers than slots
/// find nothing to do.
pub const SLOTS: usize = 2;

/// Sequences of equal padded length, with the weights of their next-token losses.
#[derive(Clone, Debug)]
pub struct Group {
    /// `[n_seq, seq]`
    pub tokens: Vec<u32>,
    /// `[n_seq, seq]`: the tokens to be predicted, each from those before it, where the network is shown others than these
    /// ("teacherless" training); `None` where it is shown what it must predict.
    pub targets: Option<Vec<u32>>,
    /// Length of each.
    pub seq: usize,
    /// `[n_seq, seq − 1]`; 0 where nothing is scored.
    pub weights: Vec<f32>,
}

impl Group {
    /// The sequences that the network is shown.
    pub fn sequences(&self) -> Sequences<'_> {
        Sequences { tokens: &self.tokens, seq: self.seq }
    }

    /// Weight of the loss of the prediction at a token, the `row`-th of all; 0 at the end of a sequence.
    pub fn weight(&self, row: usize) -> f32 {
        if (row + 1).is_multiple_of(self.seq) { 0.0 } else { self.weights[row - row / self.seq] }
    }

    /// The sequences whose tokens it must predict.
    pub fn targets(&self) -> Sequences<'_> {
        Sequences { tokens: self.targets.as_ref().unwrap_or(&self.tokens), seq: self.seq }
    }
}

/// How many sequences of `seq` tokens make a group: few enough to stay in cache, as many as fill whole blocks of 32 rows best
/// (the larger group of two that fill equally well).
pub fn group_size(seq: usize) -> usize {
    let share_filled = |n: usize| (n * seq) as f64 / (n * seq).next_multiple_of(32) as f64;
    let most = (320 / seq.max(1)).max(1);
    (1..=most).max_by(|&a, &b| share_filled(a).total_cmp(&share_filled(b))).unwrap_or(1)
}

/// What a step tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepStats {
    /// Weighted mean loss of the batch before the step, nats.
    pub loss: f64,
    /// Norm of the gradient before clipping.
    pub grad_norm: f64,
}

/// Why a step was not made.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum TrainError {
    /// The loss is not a finite number; the weights are as they were before the step.
    #[error(
        "step {step}: the loss is {loss}: {origin}; lower the learning rate or clip the gradient (the weights were left as before)"
    )]
    Loss {
        /// Number of the step, the first is 1.
        step: u64,
        /// The loss.
        loss: f64,
        /// Where that began.
        origin: Origin,
    },
    /// The gradient is not finite; the weights are as they were before the step.
    #[error(
        "step {step}: the gradient is not finite: {origin}; lower the learning rate (the weights were left as before)"
    )]
    Gradient {
        /// Number of the step, the first is 1.
        step: u64,
        /// Where that began.
        origin: Origin,
    },
    /// The step itself led out of the finite numbers.
    #[error("step {step}: it left `{tensor}` not finite; lower the learning rate")]
    Weights {
        /// Number of the step, the first is 1.
        step: u64,
        /// The first parameter, in table order, with such an entry.
        tensor: String,
    },
    /// No position of the batch is scored.
    #[error("step {step}: no token of the batch is scored; see `loss_on`")]
    NothingScored {
        /// Number of the step, the first is 1.
        step: u64,
    },
}

/// A network in training.
pub struct Trainer {
    /// The network.
    pub model: Model,
    /// The optimiser's memory.
    pub moments: Moments,
    /// Average of the weights over about the last `horizon` steps, if kept.
    pub average: Option<Average>,
    adamw: AdamW,
    frozen: Vec<Slot>,
    precision: Precision,
    reach: Reach,
    slots: usize,
    engine: Engine,
    /// Gradient of the last batch, laid out as the parameters.
    gradient: Vec<f32>,
    /// Its norm.
    norm: f64,
    /// Sum over the batches of a step, where there are several.
    accumulated: Vec<f32>,
}

/// How gradients are made.
enum Engine {
    /// By the code that everything else runs through.
    Plain(PlainStep),
    /// In bf16, by the code made for units that multiply tiles.
    Tiled(Box<TiledStep>),
}

impl Engine {
    fn new(model: &Model, precision: Precision, reach: Reach, slots: usize) -> Result<Engine, TierError> {
        Ok(match precision {
            Precision::F32 => Engine::Plain(PlainStep::new(model, reach, slots)),
            Precision::Bf16 => Engine::Tiled(Box::new(TiledStep::new(bf16_unit()?, model, reach, slots))),
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
    /// A network about to be trained (or, with `moments` and `average` from a checkpoint, further trained), in f32. `frozen`
    /// entries never change.
    pub fn new(model: Model, adamw: AdamW, frozen: Vec<Slot>, moments: Moments, average: Option<Average>) -> Trainer {
        assert_eq!(moments.mean.len(), model.params.len());
        let (precision, reach, slots) = (Precision::F32, Reach::Whole, SLOTS);
        let engine = Engine::Plain(PlainStep::new(&model, reach, slots));
        let (gradient, accumulated) = (vec![0.0; model.params.len()], Vec::new());
        let norm = 0.0;
        Trainer { model, moments, average, adamw, frozen, precision, reach, slots, engine, gradient, norm, accumulated }
    }

    /// The same, the products of its training steps made in the given precision.
    ///
    /// # Errors
    /// This machine has nothing for bf16.
    pub fn with_precision(mut self, precision: Precision) -> Result<Trainer, TierError> {
        self.engine = Engine::new(&self.model, precision, self.reach, self.slots)?;
        self.precision = precision;
        Ok(self)
    }

    /// The same, its gradients going back to earlier positions as `reach` says.
    ///
    /// # Errors
    /// As [`Trainer::with_precision`].
    pub fn with_reach(mut self, reach: Reach) -> Result<Trainer, TierError> {
        self.engine = Engine::new(&self.model, self.precision, reach, self.slots)?;
        self.reach = reach;
        Ok(self)
    }

    /// The same, its gradients added up in so many slots: as many workers can help. Other slots, other bits.
    ///
    /// # Errors
    /// As [`Trainer::with_precision`].
    pub fn with_slots(mut self, slots: usize) -> Result<Trainer, TierError> {
        self.engine = Engine::new(&self.model, self.precision, self.reach, slots)?;
        self.slots = slots;
        Ok(self)
    }

    /// Steps done.
    pub fn steps_done(&self) -> u64 {
        self.moments.step
    }

    /// From now on the stages of steps are timed.
    pub fn start_profile(&mut self) {
        match &mut self.engine {
            Engine::Plain(step) => step.rooms.start_profile(),
            Engine::Tiled(step) => step.start_profile(),
        }
    }

    /// Time spent in each stage of steps so far, in nanoseconds, summed over workers.
    pub fn profile(&self) -> Nanos {
        match &self.engine {
            Engine::Plain(step) => step.rooms.profile(),
            Engine::Tiled(step) => step.profile(),
        }
    }

    /// The weights to evaluate: the average if one is kept, else the weights themselves.
    pub fn evaluated(&self) -> &[f32] {
        self.average.as_ref().map_or(&self.model.params, |a| &a.params)
    }

    /// Gradient of the batch's weighted mean loss, laid out as the parameters, and the loss.
    ///
    /// # Errors
    /// Nothing is scored, or loss or gradient are not finite.
    pub fn gradient(&mut self, groups: &[Group], workers: &Workers) -> Result<(f64, &[f32]), TrainError> {
        let step = self.moments.step + 1;
        let total = total_weight(groups);
        if total <= 0.0 {
            return Err(TrainError::NothingScored { step });
        }
        let scale = 1.0 / total;
        let Trainer { model, engine, gradient, .. } = self;
        let losses = workers.run(|| match engine {
            Engine::Plain(step) => step.gradient(model, groups, scale, gradient),
            Engine::Tiled(step) => step.gradient(model, groups, scale, gradient),
        });
        let loss = losses.iter().sum::<f64>() * scale;
        if !loss.is_finite() {
            return Err(TrainError::Loss { step, loss, origin: self.origin(groups) });
        }
        Ok((loss, &self.gradient))
    }

    /// One step on a batch at the given learning rate.
    ///
    /// # Errors
    /// As [`Trainer::gradient`]; the weights are then as before.
    pub fn step(&mut self, groups: &[Group], lr: f64, workers: &Workers) -> Result<StepStats, TrainError> {
        let loss = self.finite_gradient(groups, workers)?;
        self.apply(loss, lr, workers)
    }

    /// One step on several batches as if they were one, taken one after the other: only one needs to be in memory. The same as
    /// [`Trainer::step`] on all groups together, up to rounding.
    ///
    /// # Errors
    /// As [`Trainer::step`].
    pub fn accumulated_step(
        &mut self,
        batches: impl IntoIterator<Item = Vec<Group>>,
        lr: f64,
        workers: &Workers,
    ) -> Result<StepStats, TrainError> {
        let (mut sum, mut loss, mut total) = (std::mem::take(&mut self.accumulated), 0.0, 0.0);
        sum.clear();
        sum.resize(self.model.params.len(), 0.0);
        for groups in batches {
            let weight = total_weight(&groups);
            if weight > 0.0 || weight.is_nan() {
                let mean = self.finite_gradient(&groups, workers)?;
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
    fn finite_gradient(&mut self, groups: &[Group], workers: &Workers) -> Result<f64, TrainError> {
        let (loss, gradient) = self.gradient(groups, workers)?;
        let norm = workers.run(|| optimiser::norm(gradient));
        if !norm.is_finite() {
            return Err(TrainError::Gradient { step: self.moments.step + 1, origin: self.origin(groups) });
        }
        self.norm = norm;
        Ok(loss)
    }

    /// Where a step on these groups first leaves the finite numbers.
    fn origin(&self, groups: &[Group]) -> Origin {
        diagnosis::origin(self.model.net(), groups, 1.0 / total_weight(groups), self.reach)
    }

    /// Makes the step along the gradient.
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

/// What a batch's losses weigh together.
fn total_weight(groups: &[Group]) -> f64 {
    groups.iter().flat_map(|g| &g.weights).map(|&w| f64::from(w)).sum()
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

/// Gradients by the reference passes: one flat buffer for each slot.
struct PlainStep {
    /// The weights as the products read them.
    packed: PackedWeights<f32>,
    reach: Reach,
    slots: Vec<Vec<f32>>,
    rooms: Rooms<Room>,
}

/// One worker's room for a group.
#[derive(Default)]
struct Room {
    acts: Acts<f32>,
    grads: ActGrads<f32>,
    profile: Profile,
}

impl Profiled for Room {
    fn profile(&mut self) -> &mut Profile {
        &mut self.profile
    }
}

impl PlainStep {
    fn new(model: &Model, reach: Reach, slots: usize) -> PlainStep {
        let (packed, slots) = (PackedWeights::new(&model.layout), vec![vec![0.0; model.params.len()]; slots]);
        PlainStep { packed, reach, slots, rooms: Rooms::default() }
    }

    /// As [`TiledStep::gradient`].
    fn gradient(&mut self, model: &Model, groups: &[Group], scale: f64, gradient: &mut [f32]) -> Vec<f64> {
        let PlainStep { packed, reach, slots, rooms } = self;
        packed.pack(&model.params);
        let (net, reach) = (Net { products: Products::Packed(packed), ..model.net() }, *reach);
        let add = |group: &Group, slot: &mut Vec<f32>, room: &mut Room| add_group(net, group, scale, reach, slot, room);
        let (slots, losses) = rooms.add_up(slots, groups, |slot| slot.fill(0.0), add);
        gather(slots, gradient);
        losses
    }
}

/// Adds one group's gradient to `slot`; returns its weighted loss.
fn add_group(net: Net<'_, f32>, group: &Group, scale: f64, reach: Reach, slot: &mut [f32], room: &mut Room) -> f64 {
    let sequences = group.sequences();
    let Room { acts, grads, profile } = room;
    forward(net, sequences, acts, profile);
    grads.resize(net.config, sequences.n_seq(), sequences.seq);
    let loss =
        cross_entropy(sequences.seq, &acts.logits, group.targets().tokens, &group.weights, scale, &mut grads.logits);
    profile.lap(Stage::Loss);
    backward(net, sequences, acts, reach, grads, slot, profile);
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
    /// Starts at the given weights.
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
