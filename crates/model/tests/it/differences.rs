//! Finite differences in f64: every parameter tensor and every site, with and without taps that edit.

use crate::{architectures, batch, rng, shaken};
use rand::RngExt;
use searchlens_model::acts::Acts;
use searchlens_model::backward::{ActGrads, backward};
use searchlens_model::config::ModelConfig;
use searchlens_model::forward::forward;
use searchlens_model::kernels::attention::KvGradient;
use searchlens_model::kernels::loss::cross_entropy;
use searchlens_model::net::{Net, Products, Sequences};
use searchlens_model::params::Layout;
use searchlens_model::record::{Recorder, run};
use searchlens_model::sites::{At, Site};
use searchlens_model::tap::{NoTap, Tap};
use std::collections::BTreeMap;

/// Random entries tried per tensor and site, besides one random direction.
const ENTRIES: usize = 20;
const TOLERANCE: f64 = 1e-6;

/// Edits that keep every site busy: at chosen sites, some entries are scaled, some set to 0, some shifted.
struct Editing {
    at: Vec<At>,
    causal_seq: Option<usize>,
}

impl Editing {
    /// 0: untouched, 1: scaled by 0.8, 2: set to 0, 3: 0.1 added. Masked attention entries stay untouched.
    fn kind(&self, at: At, index: usize) -> usize {
        let square = matches!(at.site, Site::AttnScores | Site::Pattern);
        let masked = square && self.causal_seq.is_some_and(|seq| index % seq > index / seq % seq);
        // A scale of 0 would divide by 0, and a relu has no slope at exactly 0.
        let no_zero = matches!(at.site, Site::Ln1Scale | Site::Ln2Scale | Site::LnFinalScale | Site::MlpPre);
        match (index * 7 + at.layer) % 4 {
            _ if masked => 0,
            2 if no_zero => 1,
            kind => kind,
        }
    }
}

impl Tap<f64> for Editing {
    fn wants(&self, at: At) -> bool {
        self.edits(at)
    }
    fn edits(&self, at: At) -> bool {
        self.at.contains(&at)
    }
    fn edit(&mut self, at: At, value: &mut [f64]) {
        if self.edits(at) {
            for (i, v) in value.iter_mut().enumerate() {
                *v = [*v, 0.8 * *v, 0.0, *v + 0.1][self.kind(at, i)];
            }
        }
    }
    fn pull_back(&mut self, at: At, gradient: &mut [f64]) {
        if self.edits(at) {
            for (i, g) in gradient.iter_mut().enumerate() {
                *g *= [1.0, 0.8, 0.0, 1.0][self.kind(at, i)];
            }
        }
    }
}

/// Adds `step · direction` at one site, after the inner tap.
struct Nudge<'a, T> {
    inner: &'a mut T,
    at: At,
    step: f64,
    direction: &'a [f64],
}

impl<T: Tap<f64>> Tap<f64> for Nudge<'_, T> {
    fn wants(&self, at: At) -> bool {
        at == self.at || self.inner.wants(at)
    }
    fn edits(&self, at: At) -> bool {
        at == self.at || self.inner.edits(at)
    }
    fn edit(&mut self, at: At, value: &mut [f64]) {
        self.inner.edit(at, value);
        if at == self.at {
            value.iter_mut().zip(self.direction).for_each(|(v, d)| *v += self.step * d);
        }
    }
}

/// `(f(h) − f(−h)) / 2h` against the slope, with the error measured against what the loss's own size can resolve.
#[track_caller]
fn check_slope(what: &str, slope: f64, loss: impl Fn(f64) -> f64) {
    let best = [1e-4, 1e-5]
        .map(|h| {
            let central = (8.0 * (loss(h) - loss(-h)) - (loss(2.0 * h) - loss(-2.0 * h))) / (12.0 * h);
            (central - slope).abs() / slope.abs().max(central.abs()).max(1e-4)
        })
        .into_iter()
        .fold(f64::INFINITY, f64::min);
    assert!(best <= TOLERANCE, "{what}: slope {slope:e}, relative error {best:e}");
}

/// Random unit vectors along axes, then one random direction.
fn directions(len: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut rng = rng(seed);
    let axis = |i: usize| (0..len).map(|j| f64::from(u8::from(i == j))).collect();
    let mut all: Vec<Vec<f64>> = if len <= ENTRIES {
        (0..len).map(axis).collect()
    } else {
        (0..ENTRIES).map(|_| axis(rng.random_range(0..len))).collect()
    };
    let direction: Vec<f64> = (0..len).map(|_| rng.random_range(-1.0..1.0)).collect();
    let norm = direction.iter().map(|d: &f64| d * d).sum::<f64>().sqrt();
    all.push(direction.iter().map(|d| d / norm).collect());
    all
}

struct Case {
    name: &'static str,
    config: ModelConfig,
    layout: Layout,
    params: Vec<f64>,
    tokens: Vec<u32>,
    weights: Vec<f32>,
    seq: usize,
}

impl Case {
    fn all() -> Vec<Case> {
        let make = |(name, config): (&'static str, ModelConfig)| {
            let model = shaken(&config, 5);
            let seq = 7;
            let (tokens, weights) = batch(&config, 2, seq, 6);
            Case { name, layout: Layout::new(&config), params: model.params_f64(), config, tokens, weights, seq }
        };
        architectures().into_iter().map(make).collect()
    }

    fn sequences(&self) -> Sequences<'_> {
        Sequences { tokens: &self.tokens, seq: self.seq }
    }

    fn net<'a>(&'a self, params: &'a [f64]) -> Net<'a, f64> {
        Net { config: &self.config, layout: &self.layout, params, products: Products::Plain }
    }

    fn loss(&self, params: &[f64], tap: &mut impl Tap<f64>) -> f64 {
        run(self.net(params), self.sequences(), &self.weights, false, tap).loss
    }

    fn causal_seq(&self) -> Option<usize> {
        let causal = self.config.attention_dir == searchlens_model::config::AttentionDir::Causal;
        causal.then_some(self.seq)
    }

    /// Every third site, from `first` on: three of these edit every site.
    fn editing(&self, first: usize) -> Editing {
        let at = At::all(&self.config).into_iter().skip(first).step_by(3).collect();
        Editing { at, causal_seq: self.causal_seq() }
    }
}

#[track_caller]
fn check_parameters<T: Tap<f64>>(case: &Case, make_tap: impl Fn() -> T) {
    let gradient = run(case.net(&case.params), case.sequences(), &case.weights, true, &mut make_tap()).param_grads;
    for (i, tensor) in case.layout.tensors.iter().enumerate() {
        let slope_of = tensor.slot.of(&gradient);
        for direction in directions(tensor.slot.len, i as u64) {
            let slope = direction.iter().zip(slope_of).map(|(d, g)| d * g).sum();
            check_slope(&format!("{}: {}", case.name, tensor.name), slope, |h| {
                let mut params = case.params.clone();
                tensor.slot.of_mut(&mut params).iter_mut().zip(&direction).for_each(|(p, d)| *p += h * d);
                case.loss(&params, &mut make_tap())
            });
        }
    }
}

#[track_caller]
fn check_sites<T: Tap<f64>>(case: &Case, make_tap: impl Fn() -> T) {
    let sites = At::all(&case.config);
    let mut tap = make_tap();
    let mut recorder = Recorder::new(sites.iter().copied(), &mut tap);
    run(case.net(&case.params), case.sequences(), &case.weights, true, &mut recorder);
    let gradients = recorder.recording.gradients;
    for (i, &at) in sites.iter().enumerate() {
        for mut direction in directions(gradients[&at].len(), 100 + i as u64) {
            if at.site == Site::AttnScores && case.causal_seq().is_some() {
                // −∞ + step is −∞ where masked; the direction must not rely on it.
                let masked = |i: usize| i % case.seq > i / case.seq % case.seq;
                (0..direction.len()).filter(|&i| masked(i)).for_each(|i| direction[i] = 0.0);
            }
            let slope = direction.iter().zip(&gradients[&at]).map(|(d, g)| d * g).sum();
            check_slope(&format!("{}: {at}", case.name), slope, |step| {
                let mut tap = make_tap();
                case.loss(&case.params, &mut Nudge { inner: &mut tap, at, step, direction: &direction })
            });
        }
    }
}

#[test]
fn every_parameter() {
    for case in Case::all() {
        check_parameters(&case, || NoTap);
    }
}

#[test]
fn every_parameter_with_taps_that_edit() {
    for case in Case::all() {
        (0..3).for_each(|first| check_parameters(&case, || case.editing(first)));
    }
}

#[test]
fn every_site() {
    for case in Case::all() {
        check_sites(&case, || NoTap);
    }
}

#[test]
fn every_site_with_taps_that_edit() {
    for case in Case::all() {
        (0..3).for_each(|first| check_sites(&case, || case.editing(first)));
    }
}

/// Adds 0 at one site: the values stay, but the pass must be ready for an edit there.
struct Idle(At);

impl Tap<f64> for Idle {
    fn wants(&self, at: At) -> bool {
        self.edits(at)
    }
    fn edits(&self, at: At) -> bool {
        at == self.0
    }
}

#[test]
fn an_edit_that_changes_nothing_changes_nothing() {
    for case in Case::all() {
        let pass = |at: At| {
            let mut tap = Idle(at);
            let mut recorder = Recorder::new(At::all(&case.config), &mut tap);
            let run = run(case.net(&case.params), case.sequences(), &case.weights, true, &mut recorder);
            (run, recorder.recording)
        };
        let (plain, clean) = pass(At::new(Site::UnembedOut, 0));
        for at in At::all(&case.config) {
            let (edited, recording) = pass(at);
            let near = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| a == b || (a - b).abs() < 1e-12);
            assert!(near(&plain.param_grads, &edited.param_grads), "{}: {at}", case.name);
            for (site, values) in &clean.values {
                assert!(near(values, &recording.values[site]), "{}: {at} edited, {site}", case.name);
                let [a, b] = [&clean, &recording].map(|recording| &recording.gradients[site]);
                assert!(near(a, b), "{}: {at} edited, gradient of {site}", case.name);
            }
        }
    }
}

/// The gradients of the per-head copies of the residual stream add up to what attention contributes to its gradient.
#[test]
fn per_head_inputs_add_up() {
    for case in Case::all() {
        let mut tap = NoTap;
        let mut recorder = Recorder::new(At::all(&case.config), &mut tap);
        run(case.net(&case.params), case.sequences(), &case.weights, true, &mut recorder);
        let (d, h) = (case.config.d_model, case.config.n_heads);
        for layer in 0..case.config.n_layers {
            let gradient = |site| &recorder.recording.gradients[&At::new(site, layer)];
            let after_attention = if case.config.attn_only { Site::ResidPost } else { Site::ResidMid };
            let (pre, past, split) = (gradient(Site::ResidPre), gradient(after_attention), gradient(Site::AttnIn));
            for i in 0..pre.len() {
                let heads: f64 = (0..h).map(|head| split[(i / d * h + head) * d + i % d]).sum();
                assert!((pre[i] - past[i] - heads).abs() < 1e-12, "{} layer {layer}", case.name);
                let parts: f64 = [Site::QInput, Site::KInput, Site::VInput]
                    .map(|site| gradient(site)[i / d * h * d + i % d])
                    .iter()
                    .sum();
                assert!((parts - split[i / d * h * d + i % d]).abs() < 1e-12);
            }
        }
    }
}

/// Sets keys and values at all positions but one to what they were in another pass.
struct Frozen<'a> {
    case: &'a Case,
    constants: &'a BTreeMap<At, Vec<f64>>,
    pos: usize,
}

impl Tap<f64> for Frozen<'_> {
    fn wants(&self, at: At) -> bool {
        self.edits(at)
    }
    fn edits(&self, at: At) -> bool {
        self.constants.contains_key(&at)
    }
    fn edit(&mut self, at: At, value: &mut [f64]) {
        let Some(constants) = self.constants.get(&at) else { return };
        let width = self.case.config.n_heads * self.case.config.d_head;
        for (i, (v, &constant)) in value.iter_mut().zip(constants).enumerate() {
            if i / width % self.case.seq != self.pos {
                *v = constant;
            }
        }
    }
}

/// The weighted mean loss in which, to each position, the keys and values of the others are `constants`: a pass for each.
fn frozen_loss(case: &Case, params: &[f64], constants: &BTreeMap<At, Vec<f64>>) -> f64 {
    let total: f64 = case.weights.iter().map(|&w| f64::from(w)).sum();
    let at_position = |pos: usize| {
        let scored = case.seq - 1;
        let only = |(i, &w): (usize, &f32)| if i % scored == pos { w } else { 0.0 };
        let weights: Vec<f32> = case.weights.iter().enumerate().map(only).collect();
        let share = weights.iter().map(|&w| f64::from(w)).sum::<f64>() / total;
        let mut tap = Frozen { case, constants, pos };
        share * run(case.net(params), case.sequences(), &weights, false, &mut tap).loss
    };
    (0..case.seq - 1).map(at_position).sum()
}

#[test]
fn myopic_gradients_are_those_of_a_network_whose_other_keys_and_values_are_constants() {
    for case in Case::all() {
        let rotary = Site::RotK.exists_in(&case.config);
        let kept = [if rotary { Site::RotK } else { Site::K }, Site::V];
        let sites = (0..case.config.n_layers).flat_map(|layer| kept.map(|site| At::new(site, layer)));
        let mut tap = NoTap;
        let mut recorder = Recorder::new(sites, &mut tap);
        let (mut acts, mut grads) = (Acts::default(), ActGrads::default());
        forward(case.net(&case.params), case.sequences(), &mut acts, &mut recorder);
        let constants = recorder.recording.values;
        grads.resize(&case.config, case.sequences().n_seq(), case.seq);
        let scale = 1.0 / case.weights.iter().map(|&w| f64::from(w)).sum::<f64>();
        cross_entropy(case.seq, &acts.logits, &case.tokens, &case.weights, scale, &mut grads.logits);
        let mut gradient = vec![0.0; case.params.len()];
        let net = case.net(&case.params);
        backward(net, case.sequences(), &acts, KvGradient::OwnQuery, &mut grads, &mut gradient, &mut NoTap);
        for (i, tensor) in case.layout.tensors.iter().enumerate() {
            for direction in directions(tensor.slot.len, i as u64).into_iter().rev().take(4) {
                let slope = direction.iter().zip(tensor.slot.of(&gradient)).map(|(d, g)| d * g).sum();
                check_slope(&format!("{}: {}, myopic", case.name, tensor.name), slope, |h| {
                    let mut params = case.params.clone();
                    tensor.slot.of_mut(&mut params).iter_mut().zip(&direction).for_each(|(p, d)| *p += h * d);
                    frozen_loss(&case, &params, &constants)
                });
            }
        }
    }
}
