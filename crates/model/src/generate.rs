//! Generation: continue prompts token by token, with the keys and values of earlier positions kept.
//!
//! Rows (prompts and what follows them) go through the network together: a few prompts of equal length at a time, then one
//! position of every row that still goes on. In f32 it is the forward pass that everything else uses, told of a past.

use crate::acts::Acts;
use crate::config::{AttentionDir, ModelConfig};
use crate::forward::forward_after;
use crate::kernels::attention::softmax;
use crate::kernels::tier::{Precision, TierError, bf16_unit};
use crate::model::{Model, TokensError};
use crate::net::{Net, Products, Sequences};
use crate::packed::PackedWeights;
use crate::past::{KvCache, Past};
use crate::slots::Rooms;
use crate::tap::{NoTap, Window, WindowTap};
use crate::tiled::{ReadRoom, TiledReader};
use crate::train::group_size;
use crate::workers::Workers;
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

/// Rows continued together by one worker: enough for fast products, few enough that their cache is not the whole memory.
const ROWS: usize = 64;

/// A network about to continue sequences.
#[derive(Debug)]
pub enum Reader<'a> {
    /// Through the forward pass that everything else uses, in f32.
    Plain(PlainReader<'a>),
    /// In bf16, by the code made for the tile unit.
    Tiled(Box<TiledReader<'a>>),
}

impl<'a> Reader<'a> {
    /// A network about to continue sequences in the given precision.
    ///
    /// # Errors
    /// This machine has nothing for bf16.
    pub fn new(model: &'a Model, precision: Precision) -> Result<Reader<'a>, TierError> {
        Ok(match precision {
            Precision::F32 => Reader::plain(model),
            Precision::Bf16 => Reader::Tiled(Box::new(TiledReader::new(bf16_unit()?, model))),
        })
    }

    /// A network about to continue sequences in f32.
    pub fn plain(model: &'a Model) -> Reader<'a> {
        let mut weights = PackedWeights::new(&model.layout);
        weights.pack_forward(&model.params);
        Reader::Plain(PlainReader { model, weights })
    }

    fn net(&self) -> Net<'_, f32> {
        match self {
            Reader::Plain(reader) => reader.net(),
            Reader::Tiled(reader) => reader.net(),
        }
    }
}

/// A network whose weights lie as products in f32 read them.
#[derive(Debug)]
pub struct PlainReader<'a> {
    model: &'a Model,
    weights: PackedWeights<f32>,
}

impl PlainReader<'_> {
    fn net(&self) -> Net<'_, f32> {
        Net { products: Products::Packed(&self.weights), ..self.model.net() }
    }
}

/// Continues prompts of any lengths. Returns the new tokens of each, the end token included.
///
/// The network is shown each of its new tokens, or, if it was trained without a teacher, the token `shown` in place of every one
/// (Bachmann & Nagarajan 2024, The pitfalls of next-token prediction).
///
/// `rng_of(row)` gives each row its own random stream, so that results do not depend on the threads.
///
/// # Errors
/// If a prompt does not fit the network, or that is bidirectional (it has no order to generate in: reported as
/// [`GenerateError::Bidirectional`]).
pub fn generate<R: Rng>(
    reader: &Reader<'_>,
    prompts: &[impl AsRef<[u32]> + Sync],
    stop: Stop,
    shown: Option<u32>,
    sampling: Sampling,
    rng_of: impl Fn(usize) -> R + Sync,
    workers: &Workers,
) -> Result<Vec<Vec<u32>>, GenerateError> {
    check(reader.net(), prompts)?;
    let prompts = by_length(prompts);
    let continued = match reader {
        Reader::Plain(reader) => continue_all(&prompts, workers, |prompts, room: &mut Room| {
            let pass = PlainPass { net: reader.net(), prompts, room, tap: &mut NoTap };
            continue_batch(pass, prompts, stop, shown, sampling, &rng_of)
        }),
        Reader::Tiled(reader) => continue_all(&prompts, workers, |prompts, room: &mut ReadRoom| {
            continue_batch(TiledPass { reader, room }, prompts, stop, shown, sampling, &rng_of)
        }),
    };
    Ok(in_given_order(&prompts, continued))
}

/// Continues batches of prompts, in order of length, each worker in its room.
fn continue_all<R: Default + Send>(
    prompts: &[Prompt<'_>],
    workers: &Workers,
    continue_batch: impl Fn(&[Prompt<'_>], &mut R) -> Vec<Vec<u32>> + Sync,
) -> Vec<Vec<u32>> {
    let rooms = Rooms::<R>::default();
    workers.run(|| {
        let batches = prompts.par_chunks(ROWS).flat_map_iter(|prompts| {
            let mut room = rooms.with(|rooms| rooms.pop()).unwrap_or_default();
            let continued = continue_batch(prompts, &mut room);
            rooms.with(|rooms| rooms.push(room));
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
    let pass = PlainPass { net, prompts: &prompts, room: &mut Room::default(), tap };
    let continued = continue_batch(pass, &prompts, stop, None, sampling, &rng_of);
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

/// What takes a batch's rows through the network, remembering where each of them is.
trait Pass {
    fn config(&self) -> &ModelConfig;

    /// Forgets everything and makes room for `rows` rows of at most `longest` positions.
    fn reset(&mut self, rows: usize, longest: usize);

    /// Takes the rows `places` of the batch through their next positions. Appends the logits after the last token of each to
    /// `logits`, `[places.len(), d_vocab]`.
    fn run(&mut self, places: &[usize], sequences: Sequences<'_>, logits: &mut Vec<f32>);
}

/// The forward pass, told of a past.
struct PlainPass<'a, T> {
    net: Net<'a, f32>,
    /// The batch's: the tap is told their numbers.
    prompts: &'a [Prompt<'a>],
    room: &'a mut Room,
    tap: &'a mut T,
}

/// What a worker needs for a batch; reused, so that the steady state allocates little.
#[derive(Default)]
struct Room {
    cache: KvCache<f32>,
    acts: Acts<f32>,
}

impl<T: WindowTap<f32>> Pass for PlainPass<'_, T> {
    fn config(&self) -> &ModelConfig {
        self.net.config
    }

    fn reset(&mut self, rows: usize, longest: usize) {
        self.room.cache.reset(self.net.config, rows, longest);
    }

    fn run(&mut self, places: &[usize], sequences: Sequences<'_>, logits: &mut Vec<f32>) {
        let Room { cache, acts } = &mut *self.room;
        let first: Vec<usize> = places.iter().map(|&place| cache.len(place)).collect();
        let rows: Vec<usize> = places.iter().map(|&place| self.prompts[place].row).collect();
        let mut past = cache.continued(places);
        let n_keys = Past::<f32>::n_keys(&past, sequences.seq);
        self.tap.window(Window { rows: &rows, first: &first, seq: sequences.seq, n_keys });
        forward_after(self.net, sequences, &mut past, acts, self.tap);
        cache.advance(places, sequences.seq);
        let d_vocab = self.net.config.d_vocab;
        let of_rows = acts.logits.chunks_exact(sequences.seq * d_vocab);
        logits.extend(of_rows.flat_map(|row| &row[row.len() - d_vocab..]));
    }
}

/// The tile unit's.
struct TiledPass<'a> {
    reader: &'a TiledReader<'a>,
    room: &'a mut ReadRoom,
}

impl Pass for TiledPass<'_> {
    fn config(&self) -> &ModelConfig {
        self.reader.net().config
    }

    fn reset(&mut self, rows: usize, longest: usize) {
        self.room.reset(self.reader.net(), rows, longest);
    }

    fn run(&mut self, places: &[usize], sequences: Sequences<'_>, logits: &mut Vec<f32>) {
        self.reader.read(places, sequences, self.room);
        let d_vocab = self.config().d_vocab;
        logits.extend((0..places.len()).flat_map(|b| self.room.logits(b, d_vocab)));
    }
}

/// A row under way.
struct Row<R> {
    /// Its number in the batch.
    place: usize,
    rng: R,
    /// Its new tokens may be as many as this.
    limit: usize,
}

/// Continues prompts in order of length.
fn continue_batch<R: Rng>(
    mut pass: impl Pass,
    prompts: &[Prompt<'_>],
    stop: Stop,
    shown: Option<u32>,
    sampling: Sampling,
    rng_of: &impl Fn(usize) -> R,
) -> Vec<Vec<u32>> {
    let mut out = vec![Vec::new(); prompts.len()];
    if stop.max_new_tokens == 0 {
        return out;
    }
    let (n_ctx, d_vocab) = (pass.config().n_ctx, pass.config().d_vocab);
    let row = |(place, prompt): (usize, &Prompt<'_>)| {
        let limit = stop.max_new_tokens.min(n_ctx - prompt.tokens.len() + 1);
        Row { place, rng: rng_of(prompt.row), limit }
    };
    let mut active: Vec<Row<R>> = prompts.iter().enumerate().map(row).collect();
    // A row's last token is not fed back.
    let longest = active.iter().map(|row| prompts[row.place].tokens.len() + row.limit - 1).max().unwrap_or(0);
    pass.reset(prompts.len(), longest);
    let mut logits = read_prompts(&mut pass, prompts);
    loop {
        for (row, logits) in active.iter_mut().zip(logits.chunks_exact(d_vocab)) {
            out[row.place].push(choose(logits, sampling, &mut row.rng));
        }
        active.retain(|row| out[row.place].len() < row.limit && out[row.place].last().copied() != stop.end);
        if active.is_empty() {
            return out;
        }
        let tokens: Vec<u32> = active.iter().filter_map(|row| shown.or(out[row.place].last().copied())).collect();
        let places: Vec<usize> = active.iter().map(|row| row.place).collect();
        logits.clear();
        pass.run(&places, Sequences { tokens: &tokens, seq: 1 }, &mut logits);
    }
}

/// Runs the prompts, as many of equal length at a time as a group of sequences in training. The logits after each one's last
/// token, `[prompts, d_vocab]`.
fn read_prompts(pass: &mut impl Pass, prompts: &[Prompt<'_>]) -> Vec<f32> {
    let mut logits = Vec::with_capacity(prompts.len() * pass.config().d_vocab);
    let mut first = 0;
    for alike in prompts.chunk_by(|a, b| a.tokens.len() == b.tokens.len()) {
        let seq = alike[0].tokens.len();
        for group in alike.chunks(group_size(seq)) {
            let places: Vec<usize> = (first..first + group.len()).collect();
            let tokens: Vec<u32> = group.iter().flat_map(|prompt| prompt.tokens).copied().collect();
            pass.run(&places, Sequences { tokens: &tokens, seq }, &mut logits);
            first += group.len();
        }
    }
    logits
}

/// The token with the largest logit, the first of equals.
pub fn likeliest(logits: &[f32]) -> u32 {
    let larger = |best: usize, id: usize| if logits[id] > logits[best] { id } else { best };
    (1..logits.len()).fold(0, larger) as u32
}

/// The next token from one position's logits.
fn choose(logits: &[f32], sampling: Sampling, rng: &mut impl Rng) -> u32 {
    match sampling {
        Sampling::Greedy => likeliest(logits),
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
            likeliest(logits)
        }
    }
}
