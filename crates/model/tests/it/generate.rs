//! Cached generation against running the whole network at every step.

use crate::{architectures, batch, on_each_bf16_tier, rng, shaken};
use searchlens_model::Model;
use searchlens_model::config::{AttentionDir, ModelConfig, PositionEmbedding};
use searchlens_model::generate::{Decoder, GenerateError, Sampling, Stop, generate, generate_tapped, likeliest};
use searchlens_model::kernels::tier::Precision;
use searchlens_model::model::TokensError;
use searchlens_model::net::Sequences;
use searchlens_model::record::{Trace, run};
use searchlens_model::sites::{At, Axes};
use searchlens_model::tap::{NoTap, Tap, Window, WindowTap};
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

/// Prompts of 2 to 5 tokens, in no order of length.
fn ragged(config: &ModelConfig, n: usize, seed: u64) -> Vec<Vec<u32>> {
    let (tokens, _) = batch(config, n, 5, seed);
    tokens.chunks(5).enumerate().map(|(i, row)| row[..2 + i * 7 % 4].to_vec()).collect()
}

fn causal_architectures() -> impl Iterator<Item = (&'static str, ModelConfig)> {
    architectures().into_iter().filter(|(_, config)| config.attention_dir == AttentionDir::Causal)
}

#[test]
fn cached_generation_is_uncached_generation() {
    let workers = Workers::new(Some(2), false).unwrap();
    for (name, config) in causal_architectures() {
        let model = shaken(&config, 3);
        let prompts = ragged(&config, 150, 9);
        for stop in [Stop { end: Some(2), max_new_tokens: 99 }, Stop { end: None, max_new_tokens: 3 }] {
            let got =
                generate(&Decoder::plain(&model), &prompts, stop, None, Sampling::Greedy, rng_of, &workers).unwrap();
            let want: Vec<_> = prompts.iter().map(|prompt| uncached(&model, prompt, stop)).collect();
            assert_eq!(got, want, "{name} {stop:?}");
        }
    }
}

/// In bf16 every token chosen is, by the f32 network's logits after the very same tokens, the best but for rounding; and what
/// is chosen depends neither on the threads nor on the rows beside.
#[track_caller]
fn check_tiled(name: &str, config: &ModelConfig, lengths: &[usize]) {
    let model = shaken(config, 3);
    let decoder = Decoder::new(&model, Precision::Bf16).unwrap();
    let (tokens, _) = batch(config, lengths.len(), config.n_ctx, 9);
    let prompts: Vec<&[u32]> = tokens.chunks(config.n_ctx).zip(lengths).map(|(row, &len)| &row[..len]).collect();
    let stop = Stop { end: None, max_new_tokens: 40 };
    let continued = |prompts: &[&[u32]], threads| {
        let workers = Workers::new(Some(threads), false).unwrap();
        generate(&decoder, prompts, stop, None, Sampling::Greedy, rng_of, &workers).unwrap()
    };
    let new = continued(&prompts, 2);
    for (row, (prompt, new)) in prompts.iter().zip(&new).enumerate() {
        assert_eq!(new.len(), 40.min(config.n_ctx + 1 - prompt.len()), "{name}");
        let tokens = [prompt, &new[..]].concat();
        let sequences = Sequences { tokens: &tokens[..tokens.len() - 1], seq: tokens.len() - 1 };
        let logits = run(model.net(), sequences, &vec![0.0; sequences.seq - 1], false, &mut NoTap).logits;
        for (pos, logits) in logits.chunks_exact(config.d_vocab).enumerate().skip(prompt.len() - 1) {
            let best = logits.iter().copied().fold(f32::MIN, f32::max);
            let range = best - logits.iter().copied().fold(f32::MAX, f32::min);
            let short = best - logits[tokens[pos + 1] as usize];
            assert!(
                short <= 0.03 * range,
                "{name}: row {row} at {pos} is {short} short of the best of a range of {range}"
            );
        }
        if row % 16 == 0 {
            assert_eq!(&continued(&[prompt], 1)[0], new, "{name}: row {row} alone");
        }
    }
}

#[test]
fn networks_in_bf16_continue_like_those_in_f32() {
    on_each_bf16_tier(|_| check_all_tiled());
}

fn check_all_tiled() {
    for (name, config) in causal_architectures() {
        check_tiled(name, &config, &[5, 2, 1, 3, 5, 5, 2].repeat(20));
    }
    let wide = ModelConfig { d_head: 40, d_mlp: 100, ..ModelConfig::new(3, 48, 3, 50, 110) };
    check_tiled("wide heads", &wide, &[70, 33, 17, 16, 70, 64, 70, 1]);
    let rotary = PositionEmbedding::Rotary { dim: 16, base: 10_000.0 };
    check_tiled("rotary", &ModelConfig { positions: rotary, ..ModelConfig::new(2, 64, 4, 30, 90) }, &[31, 49, 50, 50]);
    check_tiled("no layer", &ModelConfig::new(0, 32, 2, 30, 20), &[3, 5, 5]);
}

/// Edits one site: of every token at an odd position, entries are scaled, set to 0 or shifted by turns. Masked attention entries
/// stay untouched.
struct Editing {
    at: Option<At>,
    first: Vec<usize>,
    seq: usize,
    n_keys: usize,
}

impl Editing {
    fn new(at: Option<At>) -> Editing {
        Editing { at, first: Vec::new(), seq: 0, n_keys: 0 }
    }
}

impl Tap<f32> for Editing {
    fn wants(&self, at: At) -> bool {
        self.edits(at)
    }
    fn edits(&self, at: At) -> bool {
        self.at == Some(at)
    }
    fn edit(&mut self, at: At, value: &mut [f32]) {
        if !self.edits(at) {
            return;
        }
        let n_tokens = self.first.len() * self.seq;
        let (square, rows) = match at.site.info().axes {
            Axes::Square => (true, value.len() / self.n_keys),
            _ => (false, n_tokens),
        };
        let heads = rows / n_tokens;
        for (i, row) in value.chunks_exact_mut(value.len() / rows).enumerate() {
            let pos = self.first[i / heads / self.seq] + i % self.seq;
            let seen = if square { pos + 1 } else { row.len() };
            for (j, v) in row[..seen].iter_mut().enumerate().filter(|_| pos % 2 == 1) {
                *v = [*v, 0.8 * *v, *v + 0.1][(3 * j + pos) % 7 % 3];
            }
        }
    }
}

impl WindowTap<f32> for Editing {
    fn window(&mut self, window: Window<'_>) {
        (self.first, self.seq, self.n_keys) = (window.first.to_vec(), window.seq, window.n_keys);
    }
}

/// With `edited` edited: every site's value at every token in cached generation, against passes over the finished sequences.
#[track_caller]
fn check_taps(name: &str, model: &Model, edited: Option<At>) {
    let sites = At::all(&model.config);
    let prompts = ragged(&model.config, 6, 4);
    let stop = Stop { end: Some(2), max_new_tokens: 5 };
    let mut editing = Editing::new(edited);
    let mut cached = Trace::new(sites.iter().copied(), &mut editing);
    let new = generate_tapped(model.net(), &prompts, stop, Sampling::Greedy, rng_of, &mut cached).unwrap();
    let n_tokens: usize = prompts.iter().zip(&new).map(|(prompt, new)| prompt.len() + new.len() - 1).sum();
    assert_eq!(cached.values.len(), sites.len() * n_tokens, "every site at every token");
    for (row, (prompt, new)) in prompts.iter().zip(&new).enumerate() {
        let tokens = [&prompt[..], &new[..new.len() - 1]].concat();
        let seq = tokens.len();
        let mut editing = Editing::new(edited);
        let mut whole = Trace::new(sites.iter().copied(), &mut editing);
        whole.window(Window { rows: &[row], first: &[0], seq, n_keys: seq });
        let run = run(model.net(), Sequences { tokens: &tokens, seq }, &vec![0.0; seq - 1], false, &mut whole);
        for (moment, want) in &whole.values {
            let got = &cached.values[moment];
            assert_eq!(got.len(), want.len());
            let far = got.iter().zip(want).find(|(g, w)| g != w && (*g - *w).abs() > 1e-5 * w.abs().max(1.0));
            assert!(far.is_none(), "{name}, {edited:?} edited: {moment:?} is {far:?}");
        }
        let logits = run.logits.chunks_exact(model.config.d_vocab).skip(prompt.len() - 1);
        let best = logits.map(|row| (0..row.len()).rev().max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap() as u32);
        assert_eq!(&best.collect::<Vec<_>>(), new, "{name}, {edited:?} edited");
    }
}

#[test]
fn taps_and_edits_see_and_do_the_same_with_a_cache() {
    for (name, config) in causal_architectures() {
        let model = shaken(&config, 12);
        check_taps(name, &model, None);
        for at in At::all(&config) {
            check_taps(name, &model, Some(at));
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
    let prompts = vec![prompt; rows];
    let stop = Stop { end: None, max_new_tokens: 1 };
    let sample = |sampling, threads| {
        generate(
            &Decoder::plain(&model),
            &prompts,
            stop,
            None,
            sampling,
            rng_of,
            &Workers::new(Some(threads), false).unwrap(),
        )
        .unwrap()
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
        generate(&Decoder::plain(&shaken(&config, 1)), &[&[0], tokens], stop, None, Sampling::Greedy, rng_of, &workers)
    };
    let config = ModelConfig::new(1, 4, 1, 3, 2);
    let sideways = ModelConfig { attention_dir: AttentionDir::Bidirectional, ..config.clone() };
    assert_eq!(greedy(sideways, &[0]), Err(GenerateError::Bidirectional));
    assert!(greedy(config.clone(), &[3]).unwrap_err().to_string().contains("token 3 at [1, 0]"));
    assert!(greedy(config.clone(), &[0, 0, 0]).unwrap_err().to_string().contains("context"));
    assert_eq!(greedy(config.clone(), &[]), Err(GenerateError::Tokens(TokensError::Empty)));
    assert!(greedy(config, &[0, 0]).unwrap().iter().all(|row| row.len() == 1));
}

#[test]
fn without_a_teacher_it_is_one_pass_over_the_shown_token() {
    let config = architectures().remove(0).1;
    let (model, prompt, shown) = (shaken(&config, 1), [1, 4, 2], 3);
    let mut tokens = prompt.to_vec();
    tokens.extend([shown; 5]);
    let sequences = Sequences { tokens: &tokens, seq: tokens.len() };
    let logits = run(model.net(), sequences, &vec![0.0; tokens.len() - 1], false, &mut NoTap).logits;
    let want: Vec<u32> = logits.chunks_exact(config.d_vocab).skip(2).map(likeliest).collect();
    let stop = Stop { end: None, max_new_tokens: want.len() };
    let workers = Workers::new(Some(1), false).unwrap();
    let decoder = Decoder::plain(&model);
    let got = generate(&decoder, &[prompt], stop, Some(shown), Sampling::Greedy, rng_of, &workers).unwrap();
    assert_eq!(got, [want]);
}
