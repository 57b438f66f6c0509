//! Plants a signal in noise, fits a probe, and prints its accuracy beside a control task and the prior.
//!
//! `cargo run --release -p searchlens-lens --example probe`

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use rand::RngExt;
use searchlens_base::stream::{Purpose, stream};
use searchlens_lens::control::{ControlTask, majority_correct};
use searchlens_lens::probe::{Features, ProbeConfig, ProbeError, ProbeSet, mean_correct};
use searchlens_stats::bootstrap::{RESAMPLES, bootstrap_difference, bootstrap_share};
use searchlens_stats::estimate::Estimate;

const N_TRAIN: usize = 2000;
const N_TEST: usize = 1000;
const D: usize = 128;
const N_TYPES: usize = 600;

/// Activations that know two things: a hidden bit (weakly, along one direction) and the input's type (a random code).
struct Data {
    activations: Vec<f32>,
    bits: Vec<usize>,
    types: Vec<usize>,
    clusters: Vec<u64>,
}

fn draw(n: usize, purpose: Purpose) -> Data {
    let mut data = Data { activations: vec![], bits: vec![], types: vec![], clusters: vec![] };
    for i in 0..n {
        let mut rng = stream(1, purpose, i as u64);
        let (bit, kind) = (rng.random_range(0..2usize), rng.random_range(0..N_TYPES));
        let mut code = stream(1, Purpose::Init, kind as u64);
        let noise = |rng: &mut searchlens_base::stream::Stream| rng.random_range(-1.0f32..1.0);
        data.activations.extend((0..D).map(|j| {
            let signal = if j < 4 { bit as f32 - 0.5 } else { 0.0 };
            signal + noise(&mut code) + noise(&mut rng)
        }));
        data.bits.push(bit);
        data.types.push(kind);
        data.clusters.push(i as u64 / 2);
    }
    data
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (train, test) = (draw(N_TRAIN, Purpose::Train), draw(N_TEST, Purpose::Test));
    let features = Features::new(&test.activations, N_TEST, D);
    let probes = ProbeSet::new(Features::new(&train.activations, N_TRAIN, D), &train.clusters, ProbeConfig::default())?;

    // The question, and its control task: a random bit for every type, the same in training and test.
    let control = ControlTask { seed: 1, n_types: N_TYPES };
    let questions = [train.bits.clone()];
    let answers = [test.bits.clone()];
    let score = |training: &[Vec<usize>], truth: &[Vec<usize>]| -> Result<Vec<f64>, ProbeError> {
        let fitted = probes.fit_many(training);
        let (lambda, end) = (fitted[0].lambda, fitted[0].convergence);
        println!("  lambda {lambda:.4}, {} steps, gradient norm {:.1e}", end.iterations, end.gradient_norm);
        Ok(mean_correct(&fitted, features, truth))
    };
    let question = score(&questions, &answers)?;
    let memory =
        score(&control.answers_to_all(&questions, &train.types), &control.answers_to_all(&questions, &test.types))?;
    let prior = majority_correct(&questions, &answers);

    let resamples = || stream(1, Purpose::Resample, 0);
    let show = |name: &str, e: Estimate| {
        let (value, (low, high)) = (e.value.unwrap_or(f64::NAN), e.interval().unwrap_or((f64::NAN, f64::NAN)));
        println!("{name:<12} {value:.3}  [{low:.3}, {high:.3}]  n = {}", e.n);
    };
    show("question", bootstrap_share(&question, &test.clusters, RESAMPLES, resamples())?);
    show("control", bootstrap_share(&memory, &test.clusters, RESAMPLES, resamples())?);
    show("prior", bootstrap_share(&prior, &test.clusters, RESAMPLES, resamples())?);
    show("selectivity", bootstrap_difference(&question, &memory, &test.clusters, RESAMPLES, resamples())?);
    Ok(())
}
