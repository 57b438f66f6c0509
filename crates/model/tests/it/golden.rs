//! TransformerLens 3.9.0 + PyTorch 2.15: every activation, every gradient, five AdamW steps. See tests/golden/README.md.

use safetensors::SafeTensors;
use searchlens_model::checkpoint::load_model;
use searchlens_model::kernels::real::Real;
use searchlens_model::micro_batch::MicroBatch;
use searchlens_model::net::{Net, Products, Sequences};
use searchlens_model::optimiser::{AdamW, Moments};
use searchlens_model::params::ParamGroup;
use searchlens_model::record::{Recorder, Run, run};
use searchlens_model::sites::At;
use searchlens_model::tap::NoTap;
use searchlens_model::train::{Trainer, TrainerOptions};
use searchlens_model::workers::Workers;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A golden file: tensors by name, in f64, with shapes.
struct Golden {
    path: PathBuf,
    tensors: BTreeMap<String, Vec<f64>>,
}

fn golden(name: &str) -> Golden {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/golden/model/{name}.safetensors"));
    let bytes = std::fs::read(&path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let numbers = |view: safetensors::tensor::TensorView<'_>| -> Vec<f64> {
        match view.dtype() {
            safetensors::Dtype::F32 => {
                view.data().as_chunks().0.iter().map(|&b| f32::from_le_bytes(b).into()).collect()
            }
            safetensors::Dtype::F64 => view.data().as_chunks().0.iter().map(|&b| f64::from_le_bytes(b)).collect(),
            safetensors::Dtype::I64 => {
                view.data().as_chunks().0.iter().map(|&b| i64::from_le_bytes(b) as f64).collect()
            }
            other => panic!("{other:?}"),
        }
    };
    let tensors = file.tensors().into_iter().map(|(name, view)| (name, numbers(view))).collect();
    Golden { path, tensors }
}

impl Golden {
    fn starting_with(&self, prefix: &str) -> impl Iterator<Item = (&str, &[f64])> {
        self.tensors.iter().filter_map(move |(name, values)| Some((name.strip_prefix(prefix)?, &values[..])))
    }

    fn tokens(&self) -> Vec<u32> {
        self.tensors["tokens"].iter().map(|&t| t as u32).collect()
    }

    fn weights(&self) -> Vec<f32> {
        self.tensors["loss_mask"].iter().map(|&w| w as f32).collect()
    }
}

/// Largest absolute difference; −∞ must stand exactly where the reference has it.
#[track_caller]
fn difference<F: Real>(name: &str, got: &[F], want: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len(), "{name}");
    let pairs = got.iter().map(|g| g.to_f64()).zip(want);
    pairs
        .map(|(g, &w)| if g == w { 0.0 } else { (g - w).abs() })
        .fold(0.0, |worst, d| if d > worst || d.is_nan() { d } else { worst })
}

/// Entries are compared with what is largest: in the tensor, or (a thousandth of) in any tensor of its kind.
fn scales<'a>(tensors: impl Iterator<Item = (&'a str, &'a [f64])>) -> (BTreeMap<&'a str, f64>, f64) {
    let largest = |values: &[f64]| values.iter().filter(|v| v.is_finite()).fold(0.0, |m: f64, v| m.max(v.abs()));
    let each: BTreeMap<_, _> = tensors.map(|(name, values)| (name, largest(values))).collect();
    let of_all = each.values().copied().fold(0.0, f64::max);
    (each, of_all)
}

fn pass<F: Real>(net: Net<'_, F>, golden: &Golden) -> (Run<F>, searchlens_model::record::Recording<F>) {
    let tokens = golden.tokens();
    let sequences = Sequences { tokens: &tokens, seq: tokens.len() / 3 };
    let mut tap = NoTap;
    let mut recorder = Recorder::new(At::all(net.config), &mut tap);
    let run = run(net, sequences, &golden.weights(), true, &mut recorder);
    (run, recorder.recording)
}

#[track_caller]
fn check<F: Real>(net: Net<'_, F>, golden: &Golden, activations: f64, gradients: f64) {
    let (run, recording) = pass(net, golden);
    let mut seen = 0;
    for (name, want) in golden.starting_with("acts.") {
        let at: At = name.parse().unwrap();
        let worst = difference(name, &recording.values[&at], want);
        assert!(worst <= activations, "acts.{name}: {worst:e}");
        seen += 1;
    }
    assert!(seen > 20);
    assert!(difference("logits", &run.logits, &golden.tensors["logits"]) <= activations);
    assert!((run.loss - golden.tensors["loss"][0]).abs() <= activations);
    let (scale_of, of_all) = scales(golden.starting_with("act_grads."));
    for (name, want) in golden.starting_with("act_grads.") {
        let at: At = name.parse().unwrap();
        let worst = difference(name, &recording.gradients[&at], want) / scale_of[name].max(1e-3 * of_all);
        assert!(worst <= gradients, "act_grads.{name}: {worst:e}");
    }
    let (scale_of, of_all) = scales(golden.starting_with("grads."));
    for (name, want) in golden.starting_with("grads.") {
        let got = net.layout.tensor(name).unwrap().gather(&run.param_grads);
        let worst = difference(name, &got, want) / scale_of[name].max(1e-3 * of_all);
        assert!(worst <= gradients, "grads.{name}: {worst:e}");
    }
}

#[track_caller]
fn check_training(golden: &Golden) {
    let model = load_model(&golden.path).unwrap().model;
    use ParamGroup::*;
    let decay = vec![Embedding, Attention, Mlp, Unembedding, Vector];
    let adamw = AdamW { beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0.1, decay, clip: Some(1.0) };
    let moments = Moments::new(model.params.len());
    let mut trainer = Trainer::new(model, adamw, moments, None, TrainerOptions::default()).unwrap();
    let workers = Workers::new(Some(2), true).unwrap();
    let (tokens, seq) = (golden.tokens(), golden.tokens().len() / 3);
    let micro_batch = |rows: std::ops::Range<usize>| MicroBatch {
        tokens: tokens[rows.start * seq..rows.end * seq].to_vec(),
        targets: None,
        seq,
        weights: golden.weights()[rows.start * (seq - 1)..rows.end * (seq - 1)].to_vec(),
    };
    for want in &golden.tensors["losses_5_adamw"] {
        let stats = trainer.step(&[micro_batch(0..2), micro_batch(2..3)], 3e-3, &workers).unwrap();
        assert!((stats.loss - want).abs() <= 1e-4, "loss {} wanted {want}", stats.loss);
    }
    for (name, want) in golden.starting_with("weights_after_5_adamw.") {
        // Without rotary the gradient of b_K is 0 in exact arithmetic; AdamW turns its rounding into steps.
        if !name.ends_with("b_K") {
            let got = trainer.model.layout.tensor(name).unwrap().gather(&trainer.model.params);
            let worst = difference(name, &got, want);
            assert!(worst <= 1e-3, "{name} after five steps: {worst:e}");
        }
    }
}

#[test]
fn activations_and_gradients_are_transformer_lens() {
    for name in ["gpt2_style", "rotary_rms_relu", "attn_only", "bidirectional", "wide_heads"] {
        let golden = golden(name);
        let model = load_model(&golden.path).unwrap().model;
        check(model.net(), &golden, 5e-5, 1e-4);
        let params = model.params_f64();
        let net = Net { config: &model.config, layout: &model.layout, params: &params, products: Products::Plain };
        check(net, &golden, 5e-5, 1e-4);
    }
}

#[test]
fn five_adamw_steps_are_pytorchs() {
    for name in ["gpt2_style", "rotary_rms_relu", "attn_only", "bidirectional", "wide_heads"] {
        check_training(&golden(name));
    }
}
