//! Cached generation against running the whole network at every step.

use crate::{architectures, batch, rng, shaken};
use searchlens_model::Model;
use searchlens_model::config::{AttentionDir, ModelConfig};
use searchlens_model::forward::Sequences;
use searchlens_model::generate::{GenerateError, Sampling, Stop, generate};
use searchlens_model::record::run;
use searchlens_model::tap::NoTap;
use searchlens_model::workers::Workers;

/// The same without a cache: the whole prefix at every step.
fn uncached(model: &Model, prompt: &[u32], stop: Stop) -> Vec<u32> {
    let mut tokens = prompt.to_vec();
    loop {
        let sequences = Sequences { tokens: &tokens, seq: tokens.len() };
        let logits = run(model.net(), sequences, &vec![0.0; tokens.len() - 1], false, &mut NoTap).logits;
        let last = &logits[logits.len() - model.config.d_vocab..];
        let best = (0..last.len()).rev().max_by(|&a, &b| last[a].total_cmp(&last[b])).unwrap() as u32;
        tokens.push(best);
        let new = tokens.len() - prompt.len();
        if stop.end == Some(best) || new == stop.max_new_tokens || tokens.len() == model.config.n_ctx + 1 {
            return tokens[prompt.len()..].to_vec();
        }
    }
}

#[test]
fn cached_generation_is_uncached_generation() {
    let workers = Workers::new(Some(2), false).unwrap();
    for (name, config) in architectures() {
        if config.attention_dir == AttentionDir::Bidirectional {
            continue;
        }
        let model = shaken(&config, 3);
        let (prompts, _) = batch(&config, 70, 4, 9);
        for stop in [Stop { end: Some(2), max_new_tokens: 99 }, Stop { end: None, max_new_tokens: 3 }] {
            let sequences = Sequences { tokens: &prompts, seq: 4 };
            let got = generate(&model, sequences, stop, Sampling::Greedy, rng_of, &workers).unwrap();
            let want: Vec<_> = prompts.chunks(4).map(|prompt| uncached(&model, prompt, stop)).collect();
            assert_eq!(got, want, "{name} {stop:?}");
        }
    }
}

fn rng_of(row: usize) -> rand_chacha::ChaCha8Rng {
    rng(row as u64)
}

#[test]
fn sampling_follows_the_softmax_and_each_rows_own_stream() {
    let config = ModelConfig::new(1, 8, 2, 5, 6);
    let model = shaken(&config, 8);
    let prompt = [1, 2];
    let logits = run(model.net(), Sequences { tokens: &prompt, seq: 2 }, &[0.0], false, &mut NoTap).logits;
    let weights: Vec<f64> = logits[5..].iter().map(|&l| f64::from(l / 2.0).exp()).collect();
    let rows = 4000;
    let prompts = prompt.repeat(rows);
    let sequences = Sequences { tokens: &prompts, seq: 2 };
    let stop = Stop { end: None, max_new_tokens: 1 };
    let sample = |sampling, threads| {
        generate(&model, sequences, stop, sampling, rng_of, &Workers::new(Some(threads), false).unwrap()).unwrap()
    };
    let all = Sampling::Random { temperature: 2.0, top_k: None };
    assert_eq!(sample(all, 1), sample(all, 2));
    for (token, weight) in weights.iter().enumerate() {
        let share = sample(all, 2).iter().filter(|row| row[0] == token as u32).count() as f64 / rows as f64;
        let want = weight / weights.iter().sum::<f64>();
        assert!((share - want).abs() < 4.0 * (want * (1.0 - want) / rows as f64).sqrt(), "{token}: {share} {want}");
    }
    let greedy = sample(Sampling::Greedy, 1);
    assert_eq!(sample(Sampling::Random { temperature: 1.0, top_k: Some(1) }, 1), greedy);
}

#[test]
fn what_cannot_be_generated_is_an_error() {
    let workers = Workers::new(Some(1), false).unwrap();
    let greedy = |config: ModelConfig, tokens: &[u32]| {
        let stop = Stop { end: None, max_new_tokens: 1 };
        generate(&shaken(&config, 1), Sequences { tokens, seq: tokens.len() }, stop, Sampling::Greedy, rng_of, &workers)
    };
    let config = ModelConfig::new(1, 4, 1, 3, 2);
    let sideways = ModelConfig { attention_dir: AttentionDir::Bidirectional, ..config.clone() };
    assert_eq!(greedy(sideways, &[0]), Err(GenerateError::Bidirectional));
    assert!(greedy(config.clone(), &[3]).unwrap_err().to_string().contains("token 3 at [0, 0]"));
    assert!(greedy(config.clone(), &[0, 0, 0]).unwrap_err().to_string().contains("context"));
    assert_eq!(greedy(config, &[0, 0]).unwrap()[0].len(), 1);
}
