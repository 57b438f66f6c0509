//! AdamW with decay groups and gradient clipping (Loshchilov & Hutter 2019; in the form of PyTorch's `AdamW` and
//! `clip_grad_norm_`), and the learning-rate schedule.

use crate::kernels::lanes::sum_of_squares;
use crate::kernels::tier::vectorised;
use crate::params::{Layout, ParamGroup, Slot};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Settings of AdamW.
#[derive(Clone, Debug, PartialEq)]
pub struct AdamW {
    /// Decay rate of the first moment.
    pub beta1: f64,
    /// Decay rate of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub eps: f64,
    /// Decoupled weight decay: each step shrinks decayed parameters by `lr · weight_decay`.
    pub weight_decay: f64,
    /// The parameter groups that decay.
    pub decay: Vec<ParamGroup>,
    /// Clip the gradient to this global norm; `None` does not clip.
    pub clip: Option<f64>,
}

/// Optimizer state: running moments of the gradient.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// First moment: running mean of the gradient, laid out as the parameters.
    pub mean: Vec<f32>,
    /// Second moment: running mean of its square.
    pub square: Vec<f32>,
    /// Steps done.
    pub step: u64,
}

impl Moments {
    /// Returns the state before the first step.
    pub fn new(n_params: usize) -> Moments {
        Moments { mean: vec![0.0; n_params], square: vec![0.0; n_params], step: 0 }
    }
}

/// Entries per chunk, at most. Sums over chunks are taken in a fixed order, whichever thread computes a chunk.
pub(crate) const CHUNK: usize = 1 << 14;

/// Returns the norm of a gradient.
pub fn norm(gradient: &[f32]) -> f64 {
    let squares: Vec<f64> = gradient.par_chunks(CHUNK).map(|chunk| f64::from(sum_of_squares(chunk))).collect();
    squares.iter().sum::<f64>().sqrt()
}

/// Takes one step: `m = β₁ m + (1 − β₁) g`, `v = β₂ v + (1 − β₂) g²`,
/// `p −= lr · (weight_decay · p + m̂ / (√v̂ + eps))`, with `g` clipped and `frozen` entries unchanged.
///
/// `norm` is the gradient's, see [`norm`]. Returns whether every parameter is still finite.
pub fn step(
    adamw: &AdamW,
    layout: &Layout,
    frozen: &[Slot],
    lr: f64,
    gradient: &[f32],
    norm: f64,
    params: &mut [f32],
    moments: &mut Moments,
) -> bool {
    let factor = adamw.clip.map_or(1.0, |clip| (clip / (norm + 1e-6)).min(1.0)) as f32;
    moments.step += 1;
    let t = moments.step as f64;
    let update = Update {
        factor,
        mean: (adamw.beta1 as f32, (1.0 - adamw.beta1) as f32),
        square: (adamw.beta2 as f32, (1.0 - adamw.beta2) as f32),
        step_size: (lr / (1.0 - adamw.beta1.powf(t))) as f32,
        inv_root: (1.0 / (1.0 - adamw.beta2.powf(t)).sqrt()) as f32,
        eps: adamw.eps as f32,
    };
    let mut jobs = Vec::new();
    let (mut p, mut m, mut v, mut g) = (params, &mut moments.mean[..], &mut moments.square[..], gradient);
    for Stretch { len, decays, frozen } in stretches(adamw, layout, frozen) {
        let (p, m, v) = (take(&mut p, len), take(&mut m, len), take(&mut v, len));
        let (head, rest) = g.split_at(len);
        g = rest;
        if !frozen {
            let keep = if decays { (1.0 - lr * adamw.weight_decay) as f32 } else { 1.0 };
            jobs.push((keep, p, m, v, head));
        }
    }
    jobs.into_par_iter().map(|(keep, p, m, v, g)| apply(update, keep, p, m, v, g)).reduce(|| true, |a, b| a & b)
}

/// Scalars of one step that all parameters share.
#[derive(Clone, Copy)]
struct Update {
    /// Factor of the gradient, from clipping.
    factor: f32,
    /// Weights of the old first moment and of the gradient: `(β₁, 1 − β₁)`.
    mean: (f32, f32),
    /// The same for the second moment: `(β₂, 1 − β₂)`.
    square: (f32, f32),
    /// Learning rate over the first moment's bias correction.
    step_size: f32,
    /// Inverse root of the second moment's bias correction.
    inv_root: f32,
    eps: f32,
}

fn apply(u: Update, keep: f32, params: &mut [f32], mean: &mut [f32], square: &mut [f32], gradient: &[f32]) -> bool {
    vectorised(
        #[inline(always)]
        move || {
            let mut all_finite = true;
            for (((p, m), v), &g) in params.iter_mut().zip(mean).zip(square).zip(gradient) {
                let g = g * u.factor;
                *m = u.mean.0 * *m + u.mean.1 * g;
                *v = u.square.0 * *v + u.square.1 * g * g;
                *p = keep * *p - u.step_size * *m / (v.sqrt() * u.inv_root + u.eps);
                all_finite &= p.is_finite();
            }
            all_finite
        },
    )
}

/// Splits off the first `len` entries.
fn take<'a>(slice: &mut &'a mut [f32], len: usize) -> &'a mut [f32] {
    let (head, rest) = std::mem::take(slice).split_at_mut(len);
    *slice = rest;
    head
}

/// Consecutive entries that are updated alike.
struct Stretch {
    len: usize,
    decays: bool,
    frozen: bool,
}

/// Cuts the flat buffer into stretches of at most [`CHUNK`] entries of one parameter; frozen entries get stretches of their own.
fn stretches(adamw: &AdamW, layout: &Layout, frozen: &[Slot]) -> Vec<Stretch> {
    let mut cuts: Vec<usize> = frozen.iter().flat_map(|s| [s.start, s.start + s.len]).collect();
    let mut out = Vec::new();
    for tensor in &layout.tensors {
        let (start, end) = (tensor.slot.start, tensor.slot.start + tensor.slot.len);
        cuts.extend((start..end).step_by(CHUNK));
        cuts.push(end);
    }
    cuts.sort_unstable();
    cuts.dedup();
    let mut tensors = layout.tensors.iter();
    let mut tensor = tensors.next();
    for ends in cuts.windows(2) {
        while tensor.is_some_and(|t| t.slot.start + t.slot.len <= ends[0]) {
            tensor = tensors.next();
        }
        out.push(Stretch {
            len: ends[1] - ends[0],
            decays: tensor.is_some_and(|t| adamw.decay.contains(&t.group)),
            frozen: frozen.iter().any(|s| s.start <= ends[0] && ends[1] <= s.start + s.len),
        });
    }
    out
}

/// How the learning rate changes over a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// Constant after the warm-up.
    Constant,
    /// Half a cosine from the peak down to `floor` times the peak at the last step.
    Cosine {
        /// Final learning rate, as a share of the peak.
        floor: f64,
    },
    /// Constant, then linear to 0 over the last `decay` of the steps.
    Linear {
        /// Share of the steps, in 0..=1.
        decay: f64,
    },
}

/// Returns the learning rate of step `step` (the first is 0) of `steps`, with `warmup` steps of linear growth to `peak`.
pub fn learning_rate(schedule: Schedule, peak: f64, warmup: u64, step: u64, steps: u64) -> f64 {
    if step < warmup {
        return peak * (step + 1) as f64 / warmup as f64;
    }
    let span = steps.saturating_sub(warmup).max(1) as f64;
    let done = ((step - warmup) as f64 / span).min(1.0);
    peak * match schedule {
        Schedule::Constant => 1.0,
        Schedule::Cosine { floor } => floor + (1.0 - floor) * 0.5 * (1.0 + (std::f64::consts::PI * done).cos()),
        Schedule::Linear { decay } if decay > 0.0 => ((1.0 - done) / decay).min(1.0),
        Schedule::Linear { .. } => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ModelConfig;

    #[test]
    fn stretches_cover_every_entry_once_and_keep_frozen_rows_apart() {
        let layout = Layout::new(&ModelConfig::new(2, 40, 4, 50, 30));
        let w_pos = layout.w_pos.unwrap();
        let frozen = [Slot { start: w_pos.start, len: 24 * 40 }];
        let adamw =
            AdamW { beta1: 0.9, beta2: 0.99, eps: 1e-8, weight_decay: 0.1, decay: vec![ParamGroup::Mlp], clip: None };
        let stretches = stretches(&adamw, &layout, &frozen);
        let total =
            |keep: &dyn Fn(&Stretch) -> bool| stretches.iter().filter(|s| keep(s)).map(|s| s.len).sum::<usize>();
        assert_eq!(total(&|_| true), layout.n_params());
        assert_eq!(total(&|s| s.frozen), 24 * 40);
        assert_eq!(total(&|s| s.decays), layout.n_params_of(ParamGroup::Mlp));
        assert!(stretches.iter().all(|s| s.len <= CHUNK));
    }

    #[test]
    fn schedules_start_at_the_peak_and_end_where_they_say() {
        let at = |schedule, step| learning_rate(schedule, 2.0, 10, step, 110);
        assert_eq!(at(Schedule::Constant, 0), 0.2);
        assert_eq!(at(Schedule::Constant, 9), 2.0);
        assert_eq!(at(Schedule::Constant, 109), 2.0);
        assert_eq!(at(Schedule::Cosine { floor: 0.1 }, 10), 2.0);
        assert!((at(Schedule::Cosine { floor: 0.1 }, 110) - 0.2).abs() < 1e-12);
        assert_eq!(at(Schedule::Linear { decay: 0.4 }, 70), 2.0);
        assert!((at(Schedule::Linear { decay: 0.4 }, 90) - 1.0).abs() < 1e-12);
        assert_eq!(at(Schedule::Linear { decay: 0.4 }, 110), 0.0);
    }
}
