//! Generation: continue prompts token by token, with the keys and values of earlier positions kept.
//!
//! Rows (prompts and what follows them) go through the network together: a few prompts of equal length at a time, then one
//! position of every row that still goes on. It is the forward pass that everything else uses, told of a past.

use crate::config::AttentionDir;
use crate::forward::{Acts, Net, Sequences, forward_after};
use crate::kernels::attention::softmax;
use crate::linear::Products;
use crate::model::TokensError;
use crate::past::{Bf16, Cache, Past, Stored};
use crate::tap::{NoTap, Window, WindowTap};
use crate::train::group_size;
use crate::workers::Workers;
use rand::{Rng, RngExt};
use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

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

/// Rows continued together by one worker: enough for fast products, few enough that their cache is not the whole memory.
const ROWS: usize = 64;

/// Continues prompts of any lengths. Returns the new tokens of each, the end token included.
///
/// `rng_of(row)` gives each row its own random stream, so that results do not depend on the threads.
///
/// # Errors
/// If a prompt does not fit the network, or that is bidirectional (it has no order to generate in: reported as
/// [`GenerateError::Bidirectional`]).
pub fn generate<R: Rng>(
    net: Net<'_, f32>,
    prompts: &[impl AsRef<[u32]> + Sync],
    stop: Stop,
    sampling: Sampling,
    rng_of: impl Fn(usize) -> R + Sync,
    workers: &Workers,
) -> Result<Vec<Vec<u32>>, GenerateError> {
    check(net, prompts)?;
    let prompts = by_length(prompts);
    let continued = match net.products {
        Products::Plain => continue_all::<R, f32>(net, &prompts, stop, sampling, rng_of, workers),
        Products::Bf16(_) => continue_all::<R, Bf16>(net, &prompts, stop, sampling, rng_of, workers),
    };
    Ok(in_given_order(&prompts, continued))
}

/// Continues batches of prompts, in order of length, the cache holding numbers as `S`.
fn continue_all<R: Rng, S: Stored<f32> + Send>(
    net: Net<'_, f32>,
    prompts: &[Prompt<'_>],
    stop: Stop,
    sampling: Sampling,
    rng_of: impl Fn(usize) -> R + Sync,
    workers: &Workers,
) -> Vec<Vec<u32>> {
    let rooms = Mutex::new(Vec::<Room<S>>::new());
    workers.run(|| {
        let batches = prompts.par_chunks(ROWS).flat_map_iter(|prompts| {
            let rngs = prompts.iter().map(|prompt| rng_of(prompt.row)).collect();
            let mut room = rooms.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
            let continued = continue_batch(net, prompts, stop, sampling, rngs, &mut room, &mut NoTap);
            rooms.lock().unwrap_or_else(PoisonError::into_inner).push(room);
            continued
        });
        batches.collect()
    })
}

/// The same, on this thread alone and in one batch, with a tap that sees, and may change, everything on the way: what it is
/// shown of a token, and what comes of its edits, is what a pass over the whole sequences gives, up to rounding. A row's last
/// new token has not been through the network.
///
/// # Errors
/// As [`generate`].
pub fn generate_tapped<R: Rng>(
    net: Net<'_, f32>,
    prompts: &[impl AsRef<[u32]>],
    stop: Stop,
    sampling: Sampling,
    rng_of: impl Fn(usize) -> R,
    tap: &mut impl WindowTap<f32>,
) -> Result<Vec<Vec<u32>>, GenerateError> {
    check(net, prompts)?;
    let prompts = by_length(prompts);
    let rngs = prompts.iter().map(|prompt| rng_of(prompt.row)).collect();
    let continued = continue_batch(net, &prompts, stop, sampling, rngs, &mut Room::<f32>::default(), tap);
    Ok(in_given_order(&prompts, continued))
}

/// Why nothing was generated.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum GenerateError {
    /// A prompt does not fit the network.
    #[error(transparent)]
    Tokens(#[from] TokensError),
    /// Every position of a bidirectional network sees later ones.
    #[error("a bidirectional network cannot generate token by token")]
    Bidirectional,
}

fn check(net: Net<'_, f32>, prompts: &[impl AsRef<[u32]>]) -> Result<(), GenerateError> {
    if net.config.attention_dir == AttentionDir::Bidirectional {
        return Err(GenerateError::Bidirectional);
    }
    for (row, prompt) in prompts.iter().map(AsRef::as_ref).enumerate() {
        net.check(Sequences { tokens: prompt, seq: prompt.len() }).map_err(|error| match error {
            TokensError::Unknown { token, pos, d_vocab, .. } => TokensError::Unknown { token, row, pos, d_vocab },
            other => other,
        })?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
struct Prompt<'a> {
    /// Its number among those given.
    row: usize,
    tokens: &'a [u32],
}

fn by_length(prompts: &[impl AsRef<[u32]>]) -> Vec<Prompt<'_>> {
    let prompt = |(row, tokens)| Prompt { row, tokens: AsRef::<[u32]>::as_ref(tokens) };
    let mut prompts: Vec<_> = prompts.iter().enumerate().map(prompt).collect();
    prompts.sort_by_key(|prompt| prompt.tokens.len());
    prompts
}

fn in_given_order(prompts: &[Prompt<'_>], continued: Vec<Vec<u32>>) -> Vec<Vec<u32>> {
    let mut out = vec![Vec::new(); prompts.len()];
    for (prompt, tokens) in prompts.iter().zip(continued) {
        out[prompt.row] = tokens;
    }
    out
}

/// What a worker needs for a batch; reused, so that the steady state allocates little.
#[derive(Default)]
struct Room<S> {
    cache: Cache<S>,
    acts: Acts<f32>,
}

/// A row under way.
struct Row<R> {
    /// Its number in the batch.
    place: usize,
    rng: R,
    /// Its new tokens may be as many as this.
    limit: usize,
}

/// Continues prompts in order of length, one random stream for each.
fn continue_batch<R: Rng, S: Stored<f32>>(
    net: Net<'_, f32>,
    prompts: &[Prompt<'_>],
    stop: Stop,
    sampling: Sampling,
    rngs: Vec<R>,
    room: &mut Room<S>,
    tap: &mut impl WindowTap<f32>,
) -> Vec<Vec<u32>> {
    let mut out = vec![Vec::new(); prompts.len()];
    if stop.max_new_tokens == 0 {
        return out;
    }
    let limit = |place: usize| stop.max_new_tokens.min(net.config.n_ctx - prompts[place].tokens.len() + 1);
    let mut active: Vec<Row<R>> =
        rngs.into_iter().enumerate().map(|(place, rng)| Row { place, rng, limit: limit(place) }).collect();
    // A row's last token is not fed back.
    let longest = active.iter().map(|row| prompts[row.place].tokens.len() + row.limit - 1).max().unwrap_or(0);
    room.cache.reset(net.config, prompts.len(), longest);
    let mut logits = read_prompts(net, prompts, room, tap);
    loop {
        for (row, logits) in active.iter_mut().zip(logits.chunks_exact(net.config.d_vocab)) {
            out[row.place].push(choose(logits, sampling, &mut row.rng));
        }
        active.retain(|row| out[row.place].len() < row.limit && out[row.place].last().copied() != stop.end);
        if active.is_empty() {
            return out;
        }
        let tokens: Vec<u32> = active.iter().filter_map(|row| out[row.place].last().copied()).collect();
        let places: Vec<usize> = active.iter().map(|row| row.place).collect();
        pass(net, prompts, &places, Sequences { tokens: &tokens, seq: 1 }, room, tap);
        logits.clone_from(&room.acts.logits);
    }
}

/// Runs the prompts, as many of equal length at a time as a group of sequences in training. The logits after each one's last
/// token, `[prompts, d_vocab]`.
fn read_prompts<S: Stored<f32>>(
    net: Net<'_, f32>,
    prompts: &[Prompt<'_>],
    room: &mut Room<S>,
    tap: &mut impl WindowTap<f32>,
) -> Vec<f32> {
    let d_vocab = net.config.d_vocab;
    let mut logits = Vec::with_capacity(prompts.len() * d_vocab);
    let mut first = 0;
    for alike in prompts.chunk_by(|a, b| a.tokens.len() == b.tokens.len()) {
        let seq = alike[0].tokens.len();
        for group in alike.chunks(group_size(seq)) {
            let places: Vec<usize> = (first..first + group.len()).collect();
            let tokens: Vec<u32> = group.iter().flat_map(|prompt| prompt.tokens).copied().collect();
            pass(net, prompts, &places, Sequences { tokens: &tokens, seq }, room, tap);
            let last = room.acts.logits.chunks_exact(seq * d_vocab).flat_map(|rows| &rows[(seq - 1) * d_vocab..]);
            logits.extend(last);
            first += group.len();
        }
    }
    logits
}

/// One pass over the next positions of some rows, into `room.acts`.
fn pass<S: Stored<f32>>(
    net: Net<'_, f32>,
    prompts: &[Prompt<'_>],
    places: &[usize],
    sequences: Sequences<'_>,
    room: &mut Room<S>,
    tap: &mut impl WindowTap<f32>,
) {
    let Room { cache, acts } = room;
    let first: Vec<usize> = places.iter().map(|&place| cache.len(place)).collect();
    let rows: Vec<usize> = places.iter().map(|&place| prompts[place].row).collect();
    let mut past = cache.continued(places);
    tap.window(Window {
        rows: &rows,
        first: &first,
        seq: sequences.seq,
        n_keys: Past::<f32>::n_keys(&past, sequences.seq),
    });
    forward_after(net, sequences, &mut past, acts, tap);
    cache.advance(places, sequences.seq);
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
