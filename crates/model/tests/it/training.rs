//! The training step: the same bits for any number of threads, groups that add up, errors that leave the weights alone.

use crate::{architectures, batch, on_each_bf16_tier, on_each_tier, rng};
use searchlens_model::Model;
use searchlens_model::acts::Acts;
use searchlens_model::backward::{ActGrads, Reach, backward};
use searchlens_model::config::{Activation, AttentionDir, ModelConfig, PositionEmbedding};
use searchlens_model::diagnosis::Origin;
use searchlens_model::forward::forward;
use searchlens_model::kernels::loss::cross_entropy;
use searchlens_model::kernels::tier::Precision;
use searchlens_model::net::{Net, Products};
use searchlens_model::optimiser::{AdamW, Moments};
use searchlens_model::params::{ParamGroup, Slot};
use searchlens_model::profile::Stage;
use searchlens_model::record::run;
use searchlens_model::tap::NoTap;
use searchlens_model::train::{Average, Group, TrainError, Trainer};
use searchlens_model::workers::Workers;
use std::time::Instant;

/// Runs `job` in f32, and in bf16 on each tier that has a unit of its own for it.
fn in_each_precision(job: impl Fn(Precision) + Sync) {
    job(Precision::F32);
    on_each_bf16_tier(|_| job(Precision::Bf16));
}

fn trainer(seed: u64) -> Trainer {
    let model = Model::init(ModelConfig::new(2, 40, 4, 23, 70), &mut rng(seed));
    let adamw = AdamW {
        beta1: 0.9,
        beta2: 0.98,
        eps: 1e-8,
        weight_decay: 0.05,
        decay: vec![ParamGroup::Attention, ParamGroup::Mlp],
        clip: Some(1.0),
    };
    let average = Average::new(5.0, &model.params);
    let moments = Moments::new(model.params.len());
    Trainer::new(model, adamw, Vec::new(), moments, Some(average))
}

/// Eleven groups of different lengths, more than there are gradient slots.
fn groups(trainer: &Trainer, seed: u64) -> Vec<Group> {
    let group = |i: u64| {
        let seq = 5 + 6 * i as usize;
        let (tokens, weights) = batch(&trainer.model.config, 3, seq, seed + i);
        Group { tokens, targets: None, seq, weights }
    };
    (0..11).map(group).collect()
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let train = |precision, threads| {
        let workers = Workers::new(Some(threads), true).unwrap();
        let mut trainer = trainer(1).with_precision(precision).unwrap();
        let stats: Vec<_> = (0..6).map(|i| trainer.step(&groups(&trainer, 50 * i), 1e-2, &workers).unwrap()).collect();
        (stats, trainer.model.params.clone(), trainer.moments.clone(), trainer.average.clone())
    };
    in_each_precision(|precision| {
        let one = train(precision, 1);
        assert_eq!(one, train(precision, 2));
        assert_eq!(one, train(precision, 3));
    });
}

/// Every parameter's gradient against that of the network in f64: the largest error against the largest entry, and the error's
/// norm against the tensor's. bf16 factors are off by up to 2⁻⁹ of themselves; PyTorch's bf16 autocast meets the same bounds.
///
/// Without rotary positions the gradient of `b_K` is 0 (a constant added to all scores of a row changes nothing): its error is
/// measured against the gradient of `b_Q`.
#[track_caller]
fn check_gradient(
    precision: Precision,
    reach: Reach,
    what: &str,
    model: &Model,
    groups: &[Group],
    [largest, norm]: [f64; 2],
) {
    let config = &model.config;
    let params = model.params_f64();
    let net = Net { config, layout: &model.layout, params: &params, products: Products::Plain };
    let total: f64 = groups.iter().flat_map(|g| &g.weights).map(|&w| f64::from(w)).sum();
    let (mut want_loss, mut want) = (0.0, vec![0.0; params.len()]);
    for group in groups.iter().filter(|group| group.weights.iter().any(|&w| w > 0.0)) {
        let share = group.weights.iter().map(|&w| f64::from(w)).sum::<f64>() / total;
        let (loss, gradient) = exact_gradient(net, group, reach);
        want_loss += share * loss;
        want.iter_mut().zip(gradient).for_each(|(sum, g)| *sum += share * g);
    }
    let adamw = AdamW { beta1: 0.9, beta2: 0.9, eps: 1e-8, weight_decay: 0.0, decay: Vec::new(), clip: None };
    let moments = Moments::new(params.len());
    let trainer = Trainer::new(model.clone(), adamw, Vec::new(), moments, None);
    let mut trainer = trainer.with_precision(precision).unwrap().with_reach(reach).unwrap();
    let workers = Workers::new(Some(2), true).unwrap();
    // Twice: what the first left in the rooms must not show.
    trainer.gradient(groups, &workers).unwrap();
    let (loss, gradient) = trainer.gradient(groups, &workers).unwrap();
    assert!(
        (loss - want_loss).abs() <= largest * want_loss,
        "{precision:?} {reach:?} {what}: loss {loss} wanted {want_loss}"
    );
    let norms = |values: &[f64]| {
        let top = values.iter().fold(0.0, |top: f64, v| top.max(v.abs()));
        [top, values.iter().map(|v| v * v).sum::<f64>().sqrt()]
    };
    let mut worst = [0.0f64; 2];
    for tensor in &model.layout.tensors {
        let measured_by = model.layout.tensor(&tensor.name.replace("b_K", "b_Q")).unwrap();
        let (got, exact) = (tensor.slot.of(gradient), tensor.slot.of(&want));
        let errors: Vec<f64> = got.iter().zip(exact).map(|(&g, w)| f64::from(g) - w).collect();
        let (error, size) = (norms(&errors), norms(measured_by.slot.of(&want)));
        let relative = [0, 1].map(|i| error[i] / size[i]);
        worst = [0, 1].map(|i| relative[i].max(worst[i]));
        assert!(
            relative[0] <= largest && relative[1] <= norm,
            "{precision:?} {reach:?} {what} {}: {relative:?}",
            tensor.name
        );
    }
    println!("{precision:?} {reach:?} {what}: at most {:.1e} by entry, {:.1e} by norm", worst[0], worst[1]);
}

/// A group's weighted mean loss and its gradient, in f64.
fn exact_gradient(net: Net<'_, f64>, group: &Group, reach: Reach) -> (f64, Vec<f64>) {
    let (mut acts, mut grads, mut gradient) = (Acts::default(), ActGrads::default(), vec![0.0; net.params.len()]);
    let sequences = group.sequences();
    forward(net, sequences, &mut acts, &mut NoTap);
    grads.resize(net.config, sequences.n_seq(), sequences.seq);
    let scale = 1.0 / group.weights.iter().map(|&w| f64::from(w)).sum::<f64>();
    let dlogits = &mut grads.logits;
    let loss = cross_entropy(sequences.seq, &acts.logits, sequences.tokens, &group.weights, scale, dlogits) * scale;
    backward(net, sequences, &acts, reach, &mut grads, &mut gradient, &mut NoTap);
    (loss, gradient)
}

#[test]
fn gradients_are_those_of_the_f64_network() {
    let rotary = PositionEmbedding::Rotary { dim: 10, base: 100.0 };
    let odd = ModelConfig { d_head: 19, d_mlp: 113, attn_scale: 4.0, ..ModelConfig::new(2, 45, 3, 37, 29) };
    let wide = ModelConfig { d_head: 40, d_mlp: 300, ..ModelConfig::new(1, 70, 2, 90, 300) };
    // Wide enough for errors to average out, and no dimension a multiple of a tile's.
    let widen = |config| ModelConfig { d_model: 61, d_head: 21, d_mlp: 117, n_ctx: 45, attn_scale: 4.6, ..config };
    let mut cases: Vec<_> = architectures().into_iter().map(|(what, config)| (what, widen(config))).collect();
    cases.push(("odd, rotary", ModelConfig { positions: rotary, ..odd.clone() }));
    cases.push(("wide heads, long", wide.clone()));
    let attention_dir = AttentionDir::Bidirectional;
    cases.push(("wide heads, long, bidirectional", ModelConfig { attention_dir, ..wide }));
    for (what, config) in cases {
        let model = Model::init(config.clone(), &mut rng(6));
        // The longest sequence, one of two tokens, and one between.
        let lengths = [(5, config.n_ctx), (3, 2), (7, config.n_ctx / 2)];
        let groups = lengths.map(|(n_seq, seq)| {
            let (tokens, weights) = batch(&config, n_seq, seq, 7 + seq as u64);
            Group { tokens, targets: None, seq, weights }
        });
        // Few scored rows, as where only a path is; and none in one group.
        let mut few = groups.clone();
        for (group, every) in few.iter_mut().zip([5, usize::MAX, 1]) {
            let scored = |(i, w): (usize, &f32)| if i % every == every - 1 { *w } else { 0.0 };
            group.weights = group.weights.iter().enumerate().map(scored).collect();
        }
        for (what, groups) in [(what.to_string(), groups), (format!("{what}, few rows scored"), few)] {
            for reach in [Reach::Whole, Reach::OwnPosition] {
                check_gradient(Precision::F32, reach, &what, &model, &groups, [1e-5; 2]);
                on_each_bf16_tier(|_| {
                    // A relu whose input is rounded to the other side of 0 changes its slope from 0 to 1: no rounding error any more.
                    let bounds = if config.act_fn == Activation::Relu { [0.3, 0.1] } else { [2e-2, 2e-2] };
                    check_gradient(Precision::Bf16, reach, &what, &model, &groups, bounds);
                });
            }
        }
    }
}

#[test]
fn the_gradient_is_that_of_the_whole_batch() {
    let mut trainer = trainer(2);
    let groups = groups(&trainer, 0);
    let total: f64 = groups.iter().flat_map(|g| &g.weights).map(|&w| f64::from(w)).sum();
    let (mut want, mut want_loss) = (vec![0.0f64; trainer.model.params.len()], 0.0);
    for group in &groups {
        let share: f64 = group.weights.iter().map(|&w| f64::from(w)).sum::<f64>() / total;
        let alone = run(trainer.model.net(), group.sequences(), &group.weights, true, &mut NoTap);
        want_loss += share * alone.loss;
        want.iter_mut().zip(&alone.param_grads).for_each(|(w, &g)| *w += share * f64::from(g));
    }
    let workers = Workers::new(Some(2), true).unwrap();
    let (loss, gradient) = trainer.gradient(&groups, &workers).unwrap();
    assert!((loss - want_loss).abs() < 1e-6);
    let worst = gradient.iter().zip(&want).map(|(&g, w)| (f64::from(g) - w).abs()).fold(0.0, f64::max);
    assert!(worst < 1e-6, "{worst:e}");
}

#[test]
fn batches_accumulate_to_the_step_of_one_large_batch() {
    let workers = Workers::new(Some(2), true).unwrap();
    let (mut large, mut small) = (trainer(6), trainer(6));
    for step in 0..3 {
        let groups = groups(&large, 50 * step);
        let mut silent = groups[..1].to_vec();
        silent[0].weights.fill(0.0);
        let want = large.step(&groups, 1e-3, &workers).unwrap();
        let batches = [groups[..4].to_vec(), silent, groups[4..5].to_vec(), groups[5..].to_vec()];
        let got = small.accumulated_step(batches, 1e-3, &workers).unwrap();
        assert!((got.loss - want.loss).abs() < 1e-6, "{got:?}, {want:?}");
        assert!((got.grad_norm / want.grad_norm - 1.0).abs() < 1e-5, "{got:?}, {want:?}");
    }
    // AdamW divides by the gradient's own size: compare what it divides.
    let error = large.moments.mean.iter().zip(&small.moments.mean).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let size = large.moments.mean.iter().map(|m| m.abs()).fold(0.0, f32::max);
    assert!(error < 1e-5 * size, "{error:e} of {size:e}");
    let none: [Vec<Group>; 0] = [];
    assert_eq!(small.accumulated_step(none, 1e-3, &workers), Err(TrainError::NothingScored { step: 4 }));
}

#[test]
fn frozen_entries_never_change_and_the_average_follows() {
    let mut trainer = trainer(3);
    let rows = Slot { start: trainer.model.layout.w_pos.unwrap().start, len: 7 * 40 };
    let model = trainer.model.clone();
    let adamw =
        AdamW { beta1: 0.9, beta2: 0.9, eps: 1e-8, weight_decay: 0.5, decay: vec![ParamGroup::Embedding], clip: None };
    let average = Some(Average::new(3.0, &model.params));
    let moments = Moments::new(model.params.len());
    trainer = Trainer::new(model.clone(), adamw, vec![rows], moments, average);
    let workers = Workers::new(Some(2), true).unwrap();
    let mut want = model.params.clone();
    for step in 1..=5u64 {
        trainer.step(&groups(&trainer, step), 1e-2, &workers).unwrap();
        let share = 1.0 / (step as f32).min(3.0);
        want.iter_mut().zip(&trainer.model.params).for_each(|(a, &p)| *a += (p - *a) * share);
    }
    assert_eq!(rows.of(&trainer.model.params), rows.of(&model.params));
    assert_ne!(trainer.model.params, model.params);
    let worst = want.iter().zip(trainer.evaluated()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-6, "{worst:e}");
}

#[test]
fn a_broken_step_names_itself_and_leaves_the_weights() {
    let workers = Workers::new(Some(2), true).unwrap();
    let mut trainer = trainer(4);
    let groups = groups(&trainer, 1);
    trainer.step(&groups, 1e-3, &workers).unwrap();
    let mut silent = groups.clone();
    silent.iter_mut().for_each(|g| g.weights.fill(0.0));
    assert_eq!(trainer.step(&silent, 1e-3, &workers), Err(TrainError::NothingScored { step: 2 }));
    let w_u = trainer.model.layout.w_u;
    trainer.model.params[w_u.start] = f32::INFINITY;
    let before = trainer.model.params.clone();
    let error = trainer.step(&groups, 1e-3, &workers).unwrap_err();
    let origin = Origin::Parameter { tensor: "unembed.W_U".into(), value: f32::INFINITY };
    assert!(matches!(&error, TrainError::Loss { step: 2, origin: found, .. } if *found == origin), "{error}");
    assert_eq!((trainer.model.params.clone(), trainer.steps_done()), (before, 1));
}

/// Breaks a step by `damage`, and looks at what the error says.
#[track_caller]
fn check_origin(precision: Precision, damage: impl Fn(&mut Model, &mut Vec<Group>), says: &str) {
    let workers = Workers::new(Some(2), true).unwrap();
    let mut trainer = trainer(8).with_precision(precision).unwrap();
    let mut groups = groups(&trainer, 3);
    damage(&mut trainer.model, &mut groups);
    let before = (trainer.model.params.clone(), trainer.moments.clone(), trainer.average.clone());
    let error = trainer.step(&groups, 1e-3, &workers).unwrap_err().to_string();
    assert!(error.contains(says), "{error}");
    let after = (trainer.model.params.clone(), trainer.moments.clone(), trainer.average.clone());
    assert!(before == after, "the weights changed");
    assert!(trainer.accumulated_step([groups], 1e-3, &workers).unwrap_err().to_string().contains(says));
}

#[test]
fn what_is_not_finite_is_named_where_it_began() {
    in_each_precision(|precision| {
        let tensor = |model: &Model, name: &str| model.layout.tensor(name).unwrap().slot;
        let mlp = |model: &mut Model, _: &mut Vec<Group>| {
            tensor(model, "blocks.1.mlp.W_in").of_mut(&mut model.params).fill(3e38);
        };
        check_origin(precision, mlp, "first at `blocks.1.mlp.hook_pre`, which is");
        // One token's embedding only: the first place where it stands.
        let token = |model: &mut Model, groups: &mut Vec<Group>| {
            groups.iter_mut().flat_map(|g| &mut g.tokens).for_each(|t| *t = (*t).min(21));
            let place = groups[2].seq + 4;
            groups[2].tokens[place] = 22;
            let slot = tensor(model, "embed.W_E");
            slot.of_mut(&mut model.params)[22 * 40..].fill(3e38);
        };
        check_origin(precision, token, "(group 2, sequence 1, position 4)");
        let weight = |_: &mut Model, groups: &mut Vec<Group>| groups[4].weights[29] = f32::NAN;
        check_origin(precision, weight, "the weight of a loss is NaN (group 4, sequence 1, position 1)");
        // The logits are of ordinary size, and the unembedding is not.
        let steep = |model: &mut Model, groups: &mut Vec<Group>| {
            groups.truncate(1);
            groups[0].weights.fill(0.0);
            groups[0].weights[2] = 1.0;
            let next = groups[0].tokens[3] as usize;
            tensor(model, "ln_final.w").of_mut(&mut model.params).fill(1e-38);
            let w_u = tensor(model, "unembed.W_U").of_mut(&mut model.params);
            w_u.iter_mut().enumerate().for_each(|(i, w)| *w = if i % 23 == next { -3.3e38 } else { 3.3e38 });
        };
        check_origin(precision, steep, "first in the gradient of `unembed.hook_in`, which is");
    });
}

#[test]
fn a_step_out_of_the_finite_numbers_is_an_error_at_once() {
    let workers = Workers::new(Some(1), true).unwrap();
    let mut trainer = trainer(9);
    let error = trainer.step(&groups(&trainer, 1), f64::from(f32::MAX), &workers).unwrap_err();
    assert!(matches!(&error, TrainError::Weights { step: 1, .. }), "{error}");
}

#[track_caller]
fn check_copying(precision: Precision) {
    let workers = Workers::new(Some(2), true).unwrap();
    let model = Model::init(ModelConfig::new(2, 32, 4, 12, 12), &mut rng(5));
    let adamw = AdamW { beta1: 0.9, beta2: 0.98, eps: 1e-8, weight_decay: 0.0, decay: Vec::new(), clip: Some(1.0) };
    let moments = Moments::new(model.params.len());
    let mut trainer = Trainer::new(model, adamw, Vec::new(), moments, None).with_precision(precision).unwrap();
    let mut last = f64::NAN;
    for step in 0..250 {
        // Six random tokens, then the same again: the second half can be predicted by looking six back.
        let (half, _) = batch(&trainer.model.config, 64, 6, 1000 + step);
        let tokens: Vec<u32> = half.chunks(6).flat_map(|row| row.iter().chain(row)).copied().collect();
        let weights: Vec<f32> = [0.0; 5].iter().chain(&[1.0; 6]).copied().collect::<Vec<_>>().repeat(64);
        let groups: Vec<_> = tokens
            .chunks(8 * 12)
            .zip(weights.chunks(8 * 11))
            .map(|(t, w)| Group { tokens: t.to_vec(), targets: None, seq: 12, weights: w.to_vec() })
            .collect();
        last = trainer.step(&groups, 3e-3, &workers).unwrap().loss;
    }
    assert!(last < 0.2, "{precision:?}: loss {last}, ln 12 = 2.48 before training");
}

#[test]
fn a_small_network_learns_to_copy() {
    in_each_precision(check_copying);
}

#[test]
fn a_profile_tells_apart_all_that_a_step_does_and_no_more() {
    in_each_precision(|precision| {
        let mut trainer = trainer(7).with_precision(precision).unwrap();
        let (groups, workers) = (groups(&trainer, 8), Workers::new(Some(1), false).unwrap());
        trainer.step(&groups, 1e-3, &workers).unwrap();
        assert_eq!(trainer.profile().iter().sum::<u64>(), 0, "{precision:?}: nobody asked");
        trainer.start_profile();
        let begun = Instant::now();
        for _ in 0..3 {
            trainer.step(&groups, 1e-3, &workers).unwrap();
        }
        let (all, profile) = (begun.elapsed().as_nanos() as u64, trainer.profile());
        assert!(profile.iter().sum::<u64>() <= all, "{precision:?}: {profile:?} in {all}");
        // In bf16 the activation belongs to the linear layers; in f32 nothing is packed.
        let missing: Vec<Stage> = Stage::ALL.into_iter().filter(|&stage| profile[stage as usize] == 0).collect();
        assert_eq!(missing, [if precision == Precision::F32 { Stage::Pack } else { Stage::Activation }]);
    });
}

#[test]
fn the_fastest_precision_is_one_that_the_machine_has() {
    on_each_tier(|_| assert!(trainer(7).with_precision(Precision::fastest()).is_ok()));
}
