//! The training step: the same bits for any number of threads, micro-batches that add up, errors that leave the weights alone.

use crate::{architectures, batch, on_each_bf16_tier, on_each_tier, rng};
use searchlens_model::Model;
use searchlens_model::acts::Acts;
use searchlens_model::backward::{ActGrads, backward};
use searchlens_model::config::{Activation, AttentionDir, ModelConfig, PositionEmbedding};
use searchlens_model::diagnosis::Origin;
use searchlens_model::forward::forward;
use searchlens_model::kernels::attention::KvGradient;
use searchlens_model::kernels::loss::cross_entropy;
use searchlens_model::kernels::tier::{Precision, TierError, fastest_precision};
use searchlens_model::micro_batch::MicroBatch;
use searchlens_model::net::{Net, Products};
use searchlens_model::optimiser::{AdamW, Moments};
use searchlens_model::params::{ParamGroup, Slot};
use searchlens_model::record::run;
use searchlens_model::stage::Stage;
use searchlens_model::tap::NoTap;
use searchlens_model::train::{Average, TrainError, Trainer, TrainerOptions};
use searchlens_model::workers::Workers;
use std::time::Instant;

/// Runs `job` in f32, and in bf16 on each tier that has a unit of its own for it.
fn in_each_precision(job: impl Fn(Precision) + Sync) {
    job(Precision::F32);
    on_each_bf16_tier(|_| job(Precision::Bf16));
}

fn trainer(seed: u64) -> Trainer {
    trainer_in(Precision::F32, seed).unwrap()
}

fn trainer_in(precision: Precision, seed: u64) -> Result<Trainer, TierError> {
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
    Trainer::new(model, adamw, moments, Some(average), TrainerOptions { precision, ..TrainerOptions::default() })
}

/// Eleven micro-batches of different lengths, more than there are gradient slots.
fn micro_batches(trainer: &Trainer, seed: u64) -> Vec<MicroBatch> {
    let micro_batch = |i: u64| {
        let seq = 5 + 6 * i as usize;
        let (tokens, weights) = batch(&trainer.model.config, 3, seq, seed + i);
        MicroBatch { tokens, targets: None, seq, weights }
    };
    (0..11).map(micro_batch).collect()
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let train = |precision, threads| {
        let workers = Workers::new(Some(threads), true).unwrap();
        let mut trainer = trainer_in(precision, 1).unwrap();
        let stats: Vec<_> =
            (0..6).map(|i| trainer.step(&micro_batches(&trainer, 50 * i), 1e-2, &workers).unwrap()).collect();
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
    kv_gradient: KvGradient,
    what: &str,
    model: &Model,
    micro_batches: &[MicroBatch],
    [largest, norm]: [f64; 2],
) {
    let config = &model.config;
    let params = model.params_f64();
    let net = Net { config, layout: &model.layout, params: &params, products: Products::Plain };
    let total: f64 = micro_batches.iter().flat_map(|g| &g.weights).map(|&w| f64::from(w)).sum();
    let (mut want_loss, mut want) = (0.0, vec![0.0; params.len()]);
    for micro_batch in micro_batches.iter().filter(|micro_batch| micro_batch.weights.iter().any(|&w| w > 0.0)) {
        let share = micro_batch.weights.iter().map(|&w| f64::from(w)).sum::<f64>() / total;
        let (loss, gradient) = exact_gradient(net, micro_batch, kv_gradient);
        want_loss += share * loss;
        want.iter_mut().zip(gradient).for_each(|(sum, g)| *sum += share * g);
    }
    let adamw = AdamW { beta1: 0.9, beta2: 0.9, eps: 1e-8, weight_decay: 0.0, decay: Vec::new(), clip: None };
    let moments = Moments::new(params.len());
    let options = TrainerOptions { precision, kv_gradient, ..TrainerOptions::default() };
    let mut trainer = Trainer::new(model.clone(), adamw, moments, None, options).unwrap();
    let workers = Workers::new(Some(2), true).unwrap();
    // Twice: what the first run left in the workspaces must not show.
    trainer.gradient(micro_batches, &workers).unwrap();
    let (loss, gradient) = trainer.gradient(micro_batches, &workers).unwrap();
    assert!(
        (loss - want_loss).abs() <= largest * want_loss,
        "{precision:?} {kv_gradient:?} {what}: loss {loss} wanted {want_loss}"
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
            "{precision:?} {kv_gradient:?} {what} {}: {relative:?}",
            tensor.name
        );
    }
    println!("{precision:?} {kv_gradient:?} {what}: at most {:.1e} by entry, {:.1e} by norm", worst[0], worst[1]);
}

/// A micro-batch's weighted mean loss and its gradient, in f64.
fn exact_gradient(net: Net<'_, f64>, micro_batch: &MicroBatch, kv_gradient: KvGradient) -> (f64, Vec<f64>) {
    let (mut acts, mut grads, mut gradient) = (Acts::default(), ActGrads::default(), vec![0.0; net.params.len()]);
    let sequences = micro_batch.sequences();
    forward(net, sequences, &mut acts, &mut NoTap);
    grads.resize(net.config, sequences.n_seq(), sequences.seq);
    let scale = 1.0 / micro_batch.weights.iter().map(|&w| f64::from(w)).sum::<f64>();
    let dlogits = &mut grads.logits;
    let loss =
        cross_entropy(sequences.seq, &acts.logits, sequences.tokens, &micro_batch.weights, scale, dlogits) * scale;
    backward(net, sequences, &acts, kv_gradient, &mut grads, &mut gradient, &mut NoTap);
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
        let micro_batches = lengths.map(|(n_seq, seq)| {
            let (tokens, weights) = batch(&config, n_seq, seq, 7 + seq as u64);
            MicroBatch { tokens, targets: None, seq, weights }
        });
        // Few scored rows, as where only a path is; and none in one micro-batch.
        let mut few = micro_batches.clone();
        for (micro_batch, every) in few.iter_mut().zip([5, usize::MAX, 1]) {
            let scored = |(i, w): (usize, &f32)| if i % every == every - 1 { *w } else { 0.0 };
            micro_batch.weights = micro_batch.weights.iter().enumerate().map(scored).collect();
        }
        for (what, micro_batches) in [(what.to_string(), micro_batches), (format!("{what}, few rows scored"), few)] {
            for kv_gradient in [KvGradient::AllQueries, KvGradient::OwnQuery] {
                check_gradient(Precision::F32, kv_gradient, &what, &model, &micro_batches, [1e-5; 2]);
                on_each_bf16_tier(|_| {
                    // A relu whose input is rounded to the other side of 0 changes its slope from 0 to 1: no rounding error any more.
                    let bounds = if config.act_fn == Activation::Relu { [0.3, 0.1] } else { [2e-2, 2e-2] };
                    check_gradient(Precision::Bf16, kv_gradient, &what, &model, &micro_batches, bounds);
                });
            }
        }
    }
}

#[test]
fn the_gradient_is_that_of_the_whole_batch() {
    let mut trainer = trainer(2);
    let micro_batches = micro_batches(&trainer, 0);
    let total: f64 = micro_batches.iter().flat_map(|g| &g.weights).map(|&w| f64::from(w)).sum();
    let (mut want, mut want_loss) = (vec![0.0f64; trainer.model.params.len()], 0.0);
    for micro_batch in &micro_batches {
        let share: f64 = micro_batch.weights.iter().map(|&w| f64::from(w)).sum::<f64>() / total;
        let alone = run(trainer.model.net(), micro_batch.sequences(), &micro_batch.weights, true, &mut NoTap);
        want_loss += share * alone.loss;
        want.iter_mut().zip(&alone.param_grads).for_each(|(w, &g)| *w += share * f64::from(g));
    }
    let workers = Workers::new(Some(2), true).unwrap();
    let (loss, gradient) = trainer.gradient(&micro_batches, &workers).unwrap();
    assert!((loss - want_loss).abs() < 1e-6);
    let worst = gradient.iter().zip(&want).map(|(&g, w)| (f64::from(g) - w).abs()).fold(0.0, f64::max);
    assert!(worst < 1e-6, "{worst:e}");
}

#[test]
fn batches_accumulate_to_the_step_of_one_large_batch() {
    let workers = Workers::new(Some(2), true).unwrap();
    let (mut large, mut small) = (trainer(6), trainer(6));
    for step in 0..3 {
        let micro_batches = micro_batches(&large, 50 * step);
        let mut silent = micro_batches[..1].to_vec();
        silent[0].weights.fill(0.0);
        let want = large.step(&micro_batches, 1e-3, &workers).unwrap();
        let batches = [micro_batches[..4].to_vec(), silent, micro_batches[4..5].to_vec(), micro_batches[5..].to_vec()];
        let got = small.accumulated_step(batches, 1e-3, &workers).unwrap();
        assert!((got.loss - want.loss).abs() < 1e-6, "{got:?}, {want:?}");
        assert!((got.grad_norm / want.grad_norm - 1.0).abs() < 1e-5, "{got:?}, {want:?}");
    }
    // AdamW divides by the gradient's own size: compare what it divides.
    let error = large.moments.mean.iter().zip(&small.moments.mean).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let size = large.moments.mean.iter().map(|m| m.abs()).fold(0.0, f32::max);
    assert!(error < 1e-5 * size, "{error:e} of {size:e}");
    let none: [Vec<MicroBatch>; 0] = [];
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
    let options = TrainerOptions { frozen: vec![rows], ..TrainerOptions::default() };
    trainer = Trainer::new(model.clone(), adamw, moments, average, options).unwrap();
    let workers = Workers::new(Some(2), true).unwrap();
    let mut want = model.params.clone();
    for step in 1..=5u64 {
        trainer.step(&micro_batches(&trainer, step), 1e-2, &workers).unwrap();
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
    let micro_batches = micro_batches(&trainer, 1);
    trainer.step(&micro_batches, 1e-3, &workers).unwrap();
    let mut silent = micro_batches.clone();
    silent.iter_mut().for_each(|g| g.weights.fill(0.0));
    assert_eq!(trainer.step(&silent, 1e-3, &workers), Err(TrainError::NothingScored { step: 2 }));
    let w_u = trainer.model.layout.w_u;
    trainer.model.params[w_u.start] = f32::INFINITY;
    let before = trainer.model.params.clone();
    let error = trainer.step(&micro_batches, 1e-3, &workers).unwrap_err();
    let origin = Origin::Parameter { tensor: "unembed.W_U".into(), value: f32::INFINITY };
    assert!(matches!(&error, TrainError::Loss { step: 2, origin: found, .. } if *found == origin), "{error}");
    assert_eq!((trainer.model.params.clone(), trainer.steps_done()), (before, 1));
}

/// Breaks a step by `damage`, and looks at what the error says.
#[track_caller]
fn check_origin(precision: Precision, damage: impl Fn(&mut Model, &mut Vec<MicroBatch>), says: &str) {
    let workers = Workers::new(Some(2), true).unwrap();
    let mut trainer = trainer_in(precision, 8).unwrap();
    let mut micro_batches = micro_batches(&trainer, 3);
    damage(&mut trainer.model, &mut micro_batches);
    let before = (trainer.model.params.clone(), trainer.moments.clone(), trainer.average.clone());
    let error = trainer.step(&micro_batches, 1e-3, &workers).unwrap_err().to_string();
    assert!(error.contains(says), "{error}");
    let after = (trainer.model.params.clone(), trainer.moments.clone(), trainer.average.clone());
    assert!(before == after, "the weights changed");
    assert!(trainer.accumulated_step([micro_batches], 1e-3, &workers).unwrap_err().to_string().contains(says));
}

#[test]
fn what_is_not_finite_is_named_where_it_began() {
    in_each_precision(|precision| {
        let tensor = |model: &Model, name: &str| model.layout.tensor(name).unwrap().slot;
        let mlp = |model: &mut Model, _: &mut Vec<MicroBatch>| {
            tensor(model, "blocks.1.mlp.W_in").of_mut(&mut model.params).fill(3e38);
        };
        check_origin(precision, mlp, "first at `blocks.1.mlp.hook_pre`, which is");
        // One token's embedding only: the first place where it stands.
        let token = |model: &mut Model, micro_batches: &mut Vec<MicroBatch>| {
            micro_batches.iter_mut().flat_map(|g| &mut g.tokens).for_each(|t| *t = (*t).min(21));
            let place = micro_batches[2].seq + 4;
            micro_batches[2].tokens[place] = 22;
            let slot = tensor(model, "embed.W_E");
            slot.of_mut(&mut model.params)[22 * 40..].fill(3e38);
        };
        check_origin(precision, token, "(micro-batch 2, sequence 1, position 4)");
        let weight = |_: &mut Model, micro_batches: &mut Vec<MicroBatch>| micro_batches[4].weights[29] = f32::NAN;
        check_origin(precision, weight, "the weight of a loss is NaN (micro-batch 4, sequence 1, position 1)");
        // The logits are of ordinary size, and the unembedding is not.
        let steep = |model: &mut Model, micro_batches: &mut Vec<MicroBatch>| {
            micro_batches.truncate(1);
            micro_batches[0].weights.fill(0.0);
            micro_batches[0].weights[2] = 1.0;
            let next = micro_batches[0].tokens[3] as usize;
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
    let error = trainer.step(&micro_batches(&trainer, 1), f64::from(f32::MAX), &workers).unwrap_err();
    assert!(matches!(&error, TrainError::Weights { step: 1, .. }), "{error}");
}

#[track_caller]
fn check_copying(precision: Precision) {
    let workers = Workers::new(Some(2), true).unwrap();
    let model = Model::init(ModelConfig::new(2, 32, 4, 12, 12), &mut rng(5));
    let adamw = AdamW { beta1: 0.9, beta2: 0.98, eps: 1e-8, weight_decay: 0.0, decay: Vec::new(), clip: Some(1.0) };
    let moments = Moments::new(model.params.len());
    let options = TrainerOptions { precision, ..TrainerOptions::default() };
    let mut trainer = Trainer::new(model, adamw, moments, None, options).unwrap();
    let mut last = f64::NAN;
    for step in 0..250 {
        // Six random tokens, then the same again: the second half can be predicted by looking six back.
        let (half, _) = batch(&trainer.model.config, 64, 6, 1000 + step);
        let tokens: Vec<u32> = half.chunks(6).flat_map(|row| row.iter().chain(row)).copied().collect();
        let weights: Vec<f32> = [0.0; 5].iter().chain(&[1.0; 6]).copied().collect::<Vec<_>>().repeat(64);
        let micro_batches: Vec<_> = tokens
            .chunks(8 * 12)
            .zip(weights.chunks(8 * 11))
            .map(|(t, w)| MicroBatch { tokens: t.to_vec(), targets: None, seq: 12, weights: w.to_vec() })
            .collect();
        last = trainer.step(&micro_batches, 3e-3, &workers).unwrap().loss;
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
        let mut trainer = trainer_in(precision, 7).unwrap();
        let (micro_batches, workers) = (micro_batches(&trainer, 8), Workers::new(Some(1), false).unwrap());
        trainer.step(&micro_batches, 1e-3, &workers).unwrap();
        assert_eq!(trainer.profile().iter().sum::<u64>(), 0, "{precision:?}: nobody asked");
        trainer.start_profile();
        let begun = Instant::now();
        for _ in 0..3 {
            trainer.step(&micro_batches, 1e-3, &workers).unwrap();
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
    on_each_tier(|_| assert!(trainer_in(fastest_precision(), 7).is_ok()));
}
