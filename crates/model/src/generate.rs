//! Generation: continues prompts token by token over a KV cache.
//!
//! Rows (a prompt and its continuation) run together: first the prompts in micro-batches of equal length, then one position of
//! every unfinished row at a time. In f32 this is the reference forward pass with a past.

use searchlens_base::fault::{Fault, HasFault};

use crate::acts::Acts;
use crate::config::{AttentionDir, ModelConfig};
use crate::forward::forward_after;
use crate::kernels::attention::softmax;
use crate::kernels::tier::{Precision, TierError, bf16_unit};
use crate::micro_batch::micro_batch_size;
use crate::model::{Model, TokensError};
use crate::net::{Net, Products, Sequences};
use crate::packed::PackedWeights;
use crate::past::{KvCache, Past};
use crate::slots::Workspaces;
use crate::tap::{NoTap, Window, WindowTap};
use crate::tiled::{DecodeWorkspace, TiledDecoder};
use crate::workers::Workers;
use rand::{Rng, RngExt};
use rayon::prelude::*;

/// How the next token is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sampling {
    /// The most likely token; among equals, the lowest id.
    Greedy,
    /// Drawn from `softmax(logits / temperature)` over the `top_k` most likely tokens (all, if `None`).
    Random {
        /// Greater than 0.
        temperature: f32,
        /// At least 1.
        top_k: Option<usize>,
    },
}

/// When generation stops.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stop {
    /// A row ends after this token, which is part of the output.
    pub end: Option<u32>,
    /// Maximum number of new tokens of a row; the context limits it too.
    pub max_new_tokens: usize,
}

/// Rows continued together by one worker: enough for fast products, few enough that their cache is not the whole memory.
const ROWS: usize = 64;

/// A network with its weights packed for generation.
#[derive(Debug)]
pub enum Decoder<'a> {
    /// In f32, by the reference forward pass.
    Plain(PlainDecoder<'a>),
    /// In bf16, by the passes for the tile unit.
    Tiled(Box<TiledDecoder<'a>>),
}

impl<'a> Decoder<'a> {
    /// Packs a network for generation in the given precision.
    ///
    /// # Errors
    /// If this thread may use no unit for bf16.
    pub fn new(model: &'a Model, precision: Precision) -> Result<Decoder<'a>, TierError> {
        Ok(match precision {
            Precision::F32 => Decoder::plain(model),
            Precision::Bf16 => Decoder::Tiled(Box::new(TiledDecoder::new(bf16_unit()?, model))),
        })
    }

    /// Packs a network for generation in f32.
    pub fn plain(model: &'a Model) -> Decoder<'a> {
        let mut weights = PackedWeights::new(&model.layout);
        weights.pack_forward(&model.params);
        Decoder::Plain(PlainDecoder { model, weights })
    }

    fn net(&self) -> Net<'_, f32> {
        match self {
            Decoder::Plain(decoder) => decoder.net(),
            Decoder::Tiled(decoder) => decoder.net(),
        }
    }
}

/// A network with its weights packed for products in f32.
#[derive(Debug)]
pub struct PlainDecoder<'a> {
    model: &'a Model,
    weights: PackedWeights<f32>,
}

impl PlainDecoder<'_> {
    fn net(&self) -> Net<'_, f32> {
        Net { products: Products::Packed(&self.weights), ..self.model.net() }
    }
}

/// Continues prompts of any lengths. Returns the new tokens of each, including the end token.
///
/// The network reads each of its new tokens or, if it was trained without a teacher, the token `shown` in cache_row of each
/// (Bachmann & Nagarajan 2024, The pitfalls of next-token prediction).
///
/// `rng_of(row)` gives each row its own random stream, so that results do not depend on the threads.
///
/// # Errors
/// If a prompt does not fit the network, or the network is bidirectional.
pub fn generate<R: Rng>(
    decoder: &Decoder<'_>,
    prompts: &[impl AsRef<[u32]> + Sync],
    stop: Stop,
    shown: Option<u32>,
    sampling: Sampling,
    rng_of: impl Fn(usize) -> R + Sync,
    workers: &Workers,
) -> Result<Vec<Vec<u32>>, GenerateError> {
    check(decoder.net(), prompts)?;
    let prompts = by_length(prompts);
    let continued = match decoder {
        Decoder::Plain(decoder) => continue_all(&prompts, workers, |prompts, workspace: &mut Workspace| {
            let pass = PlainPass { net: decoder.net(), prompts, workspace, tap: &mut NoTap };
            continue_batch(pass, prompts, stop, shown, sampling, &rng_of)
        }),
        Decoder::Tiled(decoder) => continue_all(&prompts, workers, |prompts, workspace: &mut DecodeWorkspace| {
            continue_batch(TiledPass { decoder, workspace }, prompts, stop, shown, sampling, &rng_of)
        }),
    };
    Ok(in_given_order(&prompts, continued))
}

/// Continues batches of prompts, in order of length, each worker in its workspace.
fn continue_all<R: Default + Send>(
    prompts: &[Prompt<'_>],
    workers: &Workers,
    continue_batch: impl Fn(&[Prompt<'_>], &mut R) -> Vec<Vec<u32>> + Sync,
) -> Vec<Vec<u32>> {
    let workspaces = Workspaces::<R>::default();
    workers.run(|| {
        let batches = prompts.par_chunks(ROWS).flat_map_iter(|prompts| {
            let mut workspace = workspaces.with(|workspaces| workspaces.pop()).unwrap_or_default();
            let continued = continue_batch(prompts, &mut workspace);
            workspaces.with(|workspaces| workspaces.push(workspace));
            continued
        });
        batches.collect()
    })
}

/// Generates on this thread in one batch, with a tap that reads and may edit every activation. Up to rounding, activations and
/// effects of edits equal those of a pass over the whole sequences. A row's last new token is not fed to the network.
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
    let pass = PlainPass { net, prompts: &prompts, workspace: &mut Workspace::default(), tap };
    let continued = continue_batch(pass, &prompts, stop, None, sampling, &rng_of);
    Ok(in_given_order(&prompts, continued))
}

/// Errors of generation.
#[derive(Debug, thiserror::Error, PartialEq)]
#[expect(missing_docs, reason = "the message says it")]
pub enum GenerateError {
    #[error(transparent)]
    Tokens(#[from] TokensError),
    #[error("a bidirectional network cannot generate token by token")]
    Bidirectional,
}

impl HasFault for GenerateError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
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
    /// Its index in the caller's list.
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

/// A forward pass over a KV cache.
trait Pass {
    fn config(&self) -> &ModelConfig;

    /// Clears the cache and resizes it for `rows` rows of at most `longest` positions.
    fn reset(&mut self, rows: usize, longest: usize);

    /// Runs the next positions of the rows `cache_rows`. Appends the logits after the last token of each to `logits`,
    /// `[cache_rows.len(), d_vocab]`.
    fn run(&mut self, cache_rows: &[usize], sequences: Sequences<'_>, logits: &mut Vec<f32>);
}

/// The reference pass.
struct PlainPass<'a, T> {
    net: Net<'a, f32>,
    /// The prompts of the batch: the tap gets their indices.
    prompts: &'a [Prompt<'a>],
    workspace: &'a mut Workspace,
    tap: &'a mut T,
}

/// A worker's buffers for a batch; reused, so that the steady state allocates little.
#[derive(Default)]
struct Workspace {
    cache: KvCache<f32>,
    acts: Acts<f32>,
}

impl<T: WindowTap<f32>> Pass for PlainPass<'_, T> {
    fn config(&self) -> &ModelConfig {
        self.net.config
    }

    fn reset(&mut self, rows: usize, longest: usize) {
        self.workspace.cache.reset(self.net.config, rows, longest);
    }

    fn run(&mut self, cache_rows: &[usize], sequences: Sequences<'_>, logits: &mut Vec<f32>) {
        let Workspace { cache, acts } = &mut *self.workspace;
        let first: Vec<usize> = cache_rows.iter().map(|&cache_row| cache.len(cache_row)).collect();
        let rows: Vec<usize> = cache_rows.iter().map(|&cache_row| self.prompts[cache_row].row).collect();
        let mut past = cache.continued(cache_rows);
        let n_keys = Past::<f32>::n_keys(&past, sequences.seq);
        self.tap.window(Window { rows: &rows, first: &first, seq: sequences.seq, n_keys });
        forward_after(self.net, sequences, &mut past, acts, self.tap);
        cache.advance(cache_rows, sequences.seq);
        let d_vocab = self.net.config.d_vocab;
        let of_rows = acts.logits.chunks_exact(sequences.seq * d_vocab);
        logits.extend(of_rows.flat_map(|row| &row[row.len() - d_vocab..]));
    }
}

/// The pass on the tile unit.
struct TiledPass<'a> {
    decoder: &'a TiledDecoder<'a>,
    workspace: &'a mut DecodeWorkspace,
}

impl Pass for TiledPass<'_> {
    fn config(&self) -> &ModelConfig {
        self.decoder.net().config
    }

    fn reset(&mut self, rows: usize, longest: usize) {
        self.workspace.reset(self.decoder.net(), rows, longest);
    }

    fn run(&mut self, cache_rows: &[usize], sequences: Sequences<'_>, logits: &mut Vec<f32>) {
        self.decoder.decode(cache_rows, sequences, self.workspace);
        let d_vocab = self.config().d_vocab;
        logits.extend((0..cache_rows.len()).flat_map(|b| self.workspace.logits(b, d_vocab)));
    }
}

/// An unfinished row.
struct Row<R> {
    /// Its row in the cache.
    cache_row: usize,
    rng: R,
    /// Maximum number of its new tokens.
    limit: usize,
}

/// Continues prompts that are sorted by length.
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
    let row = |(cache_row, prompt): (usize, &Prompt<'_>)| {
        let limit = stop.max_new_tokens.min(n_ctx - prompt.tokens.len() + 1);
        Row { cache_row, rng: rng_of(prompt.row), limit }
    };
    let mut active: Vec<Row<R>> = prompts.iter().enumerate().map(row).collect();
    // A row's last token is not fed back.
    let longest = active.iter().map(|row| prompts[row.cache_row].tokens.len() + row.limit - 1).max().unwrap_or(0);
    pass.reset(prompts.len(), longest);
    let mut logits = prefill(&mut pass, prompts);
    loop {
        for (row, logits) in active.iter_mut().zip(logits.chunks_exact(d_vocab)) {
            out[row.cache_row].push(choose(logits, sampling, &mut row.rng));
        }
        active.retain(|row| out[row.cache_row].len() < row.limit && out[row.cache_row].last().copied() != stop.end);
        if active.is_empty() {
            return out;
        }
        let tokens: Vec<u32> = active.iter().filter_map(|row| shown.or(out[row.cache_row].last().copied())).collect();
        let cache_rows: Vec<usize> = active.iter().map(|row| row.cache_row).collect();
        logits.clear();
        pass.run(&cache_rows, Sequences { tokens: &tokens, seq: 1 }, &mut logits);
    }
}

/// Runs the prompts in micro-batches of equal length. Returns the logits after the last token of each, `[prompts, d_vocab]`.
fn prefill(pass: &mut impl Pass, prompts: &[Prompt<'_>]) -> Vec<f32> {
    let mut logits = Vec::with_capacity(prompts.len() * pass.config().d_vocab);
    let mut first = 0;
    for alike in prompts.chunk_by(|a, b| a.tokens.len() == b.tokens.len()) {
        let seq = alike[0].tokens.len();
        for micro_batch in alike.chunks(micro_batch_size(seq)) {
            let cache_rows: Vec<usize> = (first..first + micro_batch.len()).collect();
            let tokens: Vec<u32> = micro_batch.iter().flat_map(|prompt| prompt.tokens).copied().collect();
            pass.run(&cache_rows, Sequences { tokens: &tokens, seq }, &mut logits);
            first += micro_batch.len();
        }
    }
    logits
}

/// Returns the token with the largest logit; among equals, the first.
pub fn likeliest(logits: &[f32]) -> u32 {
    let larger = |best: usize, id: usize| if logits[id] > logits[best] { id } else { best };
    (1..logits.len()).fold(0, larger) as u32
}

/// Chooses the next token from one position's logits.
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
