//! Generation: continue prompts token by token, with the keys and values of earlier positions kept.

use crate::config::Normalization;
use crate::config::{AttentionDir, PositionEmbedding};
use crate::forward::norm_kind;
use crate::forward::{Acts, Net, Sequences, forward};
use crate::kernels::activation::activate;
use crate::kernels::attention::{AttnDims, rotate, softmax};
use crate::kernels::bf16::Packing;
use crate::kernels::lanes::{add, add_to, dot};
use crate::kernels::norm::{NormActs, norm_divide, norm_gain, norm_scale};
use crate::linear::linear;
use crate::model::{Model, TokensError};
use crate::params::{BlockSlots, NormSlots, Slot};
use crate::tap::NoTap;
use crate::workers::Workers;
use multiversion::multiversion;
use rand::{Rng, RngExt};
use rayon::prelude::*;

/// How the next token is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sampling {
    /// The most likely; the lowest id of equals.
    Greedy,
    /// Drawn from `softmax(logits / temperature)` over the `top_k` most likely tokens (all, if `None`).
    Random {
        /// Above 0.
        temperature: f32,
        /// At least 1.
        top_k: Option<usize>,
    },
}

/// When generation stops.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stop {
    /// A row ends after this token, which is kept.
    pub end: Option<u32>,
    /// No row gets more new tokens than this (or than the context holds).
    pub max_new_tokens: usize,
}

/// Prompts handled together by one worker.
const ROWS: usize = 32;

/// Continues prompts of equal length, `[n, seq]`. Returns the new tokens of each row, the end token included.
///
/// `rng_of(row)` gives each row its own random stream, so that results do not depend on the batch or the threads.
///
/// # Errors
/// If the prompts do not fit the network, or it is bidirectional (it has no order to generate in: reported as
/// [`GenerateError::Bidirectional`]).
pub fn generate<R: Rng>(
    model: &Model,
    prompts: Sequences<'_>,
    stop: Stop,
    sampling: Sampling,
    rng_of: impl Fn(usize) -> R + Sync,
    workers: &Workers,
) -> Result<Vec<Vec<u32>>, GenerateError> {
    if model.config.attention_dir == AttentionDir::Bidirectional {
        return Err(GenerateError::Bidirectional);
    }
    model.check(prompts)?;
    let new = stop.max_new_tokens.min(model.config.n_ctx - prompts.seq + 1);
    let stop = Stop { max_new_tokens: new, ..stop };
    Ok(workers.run(|| {
        let groups = prompts.tokens.par_chunks(ROWS * prompts.seq).enumerate();
        groups
            .flat_map_iter(|(i, tokens)| {
                let rngs = (0..tokens.len() / prompts.seq).map(|row| rng_of(i * ROWS + row)).collect();
                continue_group(model.net(), Sequences { tokens, seq: prompts.seq }, stop, sampling, rngs)
            })
            .collect()
    }))
}

/// Why nothing was generated.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum GenerateError {
    /// The prompts do not fit the network.
    #[error(transparent)]
    Tokens(#[from] TokensError),
    /// Every position of a bidirectional network sees later ones.
    #[error("a bidirectional network cannot generate token by token")]
    Bidirectional,
}

fn continue_group<R: Rng>(
    net: Net<'_, f32>,
    prompts: Sequences<'_>,
    stop: Stop,
    sampling: Sampling,
    mut rngs: Vec<R>,
) -> Vec<Vec<u32>> {
    let (n, seq, d_vocab) = (prompts.n_seq(), prompts.seq, net.config.d_vocab);
    let mut out = vec![Vec::new(); n];
    if stop.max_new_tokens == 0 {
        return out;
    }
    let mut acts = Acts::default();
    forward(net, prompts, &mut acts, &mut NoTap);
    let mut cache = Cache::after_prompt(net, prompts, &acts, seq + stop.max_new_tokens);
    let last = |row: usize| &acts.logits[(row * seq + seq - 1) * d_vocab..][..d_vocab];
    let mut logits: Vec<f32> = (0..n).flat_map(last).copied().collect();
    let mut active: Vec<usize> = (0..n).collect();
    for pos in seq.. {
        let mut tokens = Vec::with_capacity(active.len());
        for (&row, logits) in active.iter().zip(logits.chunks_exact(d_vocab)) {
            let token = choose(logits, sampling, &mut rngs[row]);
            out[row].push(token);
            tokens.push(token);
        }
        let goes_on = |row: usize, token: u32| stop.end != Some(token) && out[row].len() < stop.max_new_tokens;
        let kept: Vec<_> = active.iter().copied().zip(tokens).filter(|&(row, token)| goes_on(row, token)).collect();
        if kept.is_empty() {
            return out;
        }
        active = kept.iter().map(|&(row, _)| row).collect();
        let tokens: Vec<u32> = kept.iter().map(|&(_, token)| token).collect();
        logits = next_logits(net, &mut cache, &active, &tokens, pos);
    }
    out
}

/// The next token from one position's logits.
fn choose(logits: &[f32], sampling: Sampling, rng: &mut impl Rng) -> u32 {
    let best = |logits: &[f32]| {
        let better = |best: usize, i: usize| if logits[i] > logits[best] { i } else { best };
        (1..logits.len()).fold(0, better) as u32
    };
    match sampling {
        Sampling::Greedy => best(logits),
        Sampling::Random { temperature, top_k } => {
            let mut order: Vec<usize> = (0..logits.len()).collect();
            order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]).then(a.cmp(&b)));
            order.truncate(top_k.unwrap_or(order.len()).max(1));
            let mut weights: Vec<f32> = order.iter().map(|&i| logits[i] / temperature).collect();
            softmax(&mut weights);
            let mut left: f32 = rng.random();
            for (&i, &w) in order.iter().zip(&weights) {
                left -= w;
                if left < 0.0 {
                    return i as u32;
                }
            }
            best(logits)
        }
    }
}

/// Keys and values of every position so far, by layer, `[n_rows, room, n_heads · d_head]`.
struct Cache {
    keys: Vec<Vec<f32>>,
    values: Vec<Vec<f32>>,
    room: usize,
}

impl Cache {
    fn after_prompt(net: Net<'_, f32>, prompts: Sequences<'_>, acts: &Acts<f32>, room: usize) -> Cache {
        let width = net.config.n_heads * net.config.d_head;
        let spread = |x: &Vec<f32>| {
            let mut wide = vec![0.0; prompts.n_seq() * room * width];
            for (from, to) in x.chunks_exact(prompts.seq * width).zip(wide.chunks_exact_mut(room * width)) {
                to[..from.len()].copy_from_slice(from);
            }
            wide
        };
        let keys = acts.blocks.iter().map(|b| spread(&b.k)).collect();
        let values = acts.blocks.iter().map(|b| spread(&b.v)).collect();
        Cache { keys, values, room }
    }
}

/// One position of every active row through the network: `tokens[i]` stands at `pos` in row `active[i]`.
/// Returns `[active, d_vocab]`.
fn next_logits(net: Net<'_, f32>, cache: &mut Cache, active: &[usize], tokens: &[u32], pos: usize) -> Vec<f32> {
    let Net { config, layout, params, .. } = net;
    let d = config.d_model;
    let mut resid = Vec::with_capacity(active.len() * d);
    for &token in tokens {
        resid.extend_from_slice(&layout.w_e.of(params)[token as usize * d..][..d]);
    }
    if let Some(w_pos) = layout.w_pos {
        let at_pos = &w_pos.of(params)[pos * d..][..d];
        resid.chunks_exact_mut(d).for_each(|row| add_to(row, at_pos));
    }
    let (mut branch, mut packing) = (vec![0.0; resid.len()], Packing::default());
    for (layer, slots) in layout.blocks.iter().enumerate() {
        attend(net, layer, slots, cache, active, pos, &resid, &mut branch, &mut packing);
        add(&mut resid, &branch);
        if let Some(mlp) = &slots.mlp {
            let x = normalised(net, config.normalization, mlp.ln2, &resid);
            let mut pre = vec![0.0; active.len() * config.d_mlp];
            linear(net, &x, mlp.w_in, mlp.b_in, &mut pre, &mut packing);
            let mut post = vec![0.0; pre.len()];
            activate(config.act_fn, &pre, &mut post);
            linear(net, &post, mlp.w_out, mlp.b_out, &mut branch, &mut packing);
            add(&mut resid, &branch);
        }
    }
    let x = normalised(net, config.final_normalization(), layout.ln_final, &resid);
    let mut logits = vec![0.0; active.len() * config.d_vocab];
    linear(net, &x, layout.w_u, layout.b_u, &mut logits, &mut packing);
    logits
}

fn normalised(net: Net<'_, f32>, normalization: Normalization, slots: NormSlots, x: &[f32]) -> Vec<f32> {
    if normalization == Normalization::None {
        return x.to_vec();
    }
    let mut acts = NormActs::default();
    acts.resize(x.len() / net.config.d_model, net.config.d_model);
    norm_scale(norm_kind(net.config, normalization), x, &mut acts);
    norm_divide(x, &mut acts);
    norm_gain(slots.w.map(|s| s.of(net.params)), slots.b.map(|s| s.of(net.params)), &mut acts);
    acts.out
}

/// Attention of the newest position over its row's cache.
fn attend(
    net: Net<'_, f32>,
    layer: usize,
    slots: &BlockSlots,
    cache: &mut Cache,
    active: &[usize],
    pos: usize,
    resid: &[f32],
    branch: &mut [f32],
    packing: &mut Packing,
) {
    let config = net.config;
    let (dh, width) = (config.d_head, config.n_heads * config.d_head);
    let x = normalised(net, config.normalization, slots.ln1, resid);
    let mut project = |w: Slot, b: Slot| {
        let mut out = vec![0.0; active.len() * width];
        linear(net, &x, w, b, &mut out, packing);
        out
    };
    let (mut q, mut k, v) =
        (project(slots.w_q, slots.b_q), project(slots.w_k, slots.b_k), project(slots.w_v, slots.b_v));
    if let PositionEmbedding::Rotary { dim, base } = config.positions {
        let dims = AttnDims {
            n_seq: active.len(),
            seq: 1,
            n_heads: config.n_heads,
            d_head: dh,
            causal: true,
            attn_scale: 1.0,
        };
        for x in [&mut q, &mut k] {
            let before = x.clone();
            rotate(dims, dim, base, 1.0, pos, &before, x);
        }
    }
    let scale = (1.0 / config.attn_scale) as f32;
    let mut z = vec![0.0; q.len()];
    for (i, &row) in active.iter().enumerate() {
        let newest = i * width..(i + 1) * width;
        let first = row * cache.room * width;
        let places = first + pos * width..first + (pos + 1) * width;
        cache.keys[layer][places.clone()].copy_from_slice(&k[newest.clone()]);
        cache.values[layer][places.clone()].copy_from_slice(&v[newest.clone()]);
        let (keys, values) = (&cache.keys[layer][first..places.end], &cache.values[layer][first..places.end]);
        attend_row(dh, scale, &q[newest.clone()], keys, values, &mut z[newest]);
    }
    linear(net, &z, slots.w_o, slots.b_o, branch, packing);
}

/// Attention of one position over the keys and values so far, all heads: `q` and `z` (out) are `[n_heads · d_head]`, `keys` and
/// `values` `[positions, n_heads · d_head]`.
#[multiversion(targets = "simd")]
fn attend_row(d_head: usize, scale: f32, q: &[f32], keys: &[f32], values: &[f32], z: &mut [f32]) {
    let width = q.len();
    let mut scores = vec![0.0; keys.len() / width];
    for head in (0..width).step_by(d_head).map(|first| first..first + d_head) {
        for (score, key) in scores.iter_mut().zip(keys.chunks_exact(width)) {
            *score = scale * dot(&q[head.clone()], &key[head.clone()]);
        }
        softmax(&mut scores);
        let out = &mut z[head.clone()];
        for (&p, value) in scores.iter().zip(values.chunks_exact(width)) {
            for (o, &v) in out.iter_mut().zip(&value[head.clone()]) {
                *o += p * v;
            }
        }
    }
}
