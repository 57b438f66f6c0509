//! Reading on the tile unit: the forward pass over new positions of rows that are being continued, with nothing kept for a way
//! back.

use super::attention::{AttentionRoom, attention};
use super::attention_stash::AttentionStash;
use super::cache::Cache;
use super::factor::{BLOCK, Floats, Rows, Scratch};
use super::forward::embed;
use super::linear::{Finish, multiply};
use super::norm::{Norm, norm};
use super::room::{heads, panel};
use super::rotary::Turns;
use super::weights::{TiledMlp, TiledWeights};
use crate::config::PositionEmbedding;
use crate::kernels::tile::{Bf16Unit, Sums, TileUnit};
use crate::model::Model;
use crate::net::{Net, Sequences};

/// A network packed for reading.
#[derive(Debug)]
pub struct TiledReader<'a> {
    net: Net<'a, f32>,
    weights: TiledWeights,
}

impl<'a> TiledReader<'a> {
    /// Packs a network's weights.
    pub fn new(unit: Bf16Unit, model: &'a Model) -> TiledReader<'a> {
        let mut weights = TiledWeights::new(unit, &model.config, &model.layout);
        weights.pack(&model.layout, &model.params);
        TiledReader { net: model.net(), weights }
    }

    /// The network.
    pub fn net(&self) -> Net<'a, f32> {
        self.net
    }

    /// Takes some rows of the room's cache through their next positions; the logits after each row's last token are left in the
    /// room.
    pub(crate) fn read(&self, rows: &[usize], sequences: Sequences<'_>, room: &mut ReadRoom) {
        let unit = self.weights.unit.on_this_thread();
        #[expect(unsafe_code, reason = "the way from ordinary code to the code for this processor's vectors")]
        // SAFETY: a `Bf16Unit` exists only where the features do.
        unsafe {
            read(unit, self.net, &self.weights, rows, sequences, room);
        }
        room.cache.advance(rows, sequences.seq);
    }
}

/// What a worker needs to read.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReadRoom {
    cache: Cache,
    /// `[rows, d_model]`
    resid: Floats,
    /// `[rows, d_model]`, a norm's output.
    normed: Rows,
    /// `[rows, 3 · width]`
    qkv: Rows,
    /// `[rows, width]`
    z: Rows,
    stash: AttentionStash,
    /// `[panel, d_mlp]`
    hidden: Rows,
    /// `[n_seq, d_vocab]`
    logits: Floats,
    attention: AttentionRoom,
    turns: Turns,
    scratch: Scratch,
}

impl ReadRoom {
    /// Forgets all rows and makes room for `rows` of at most `longest` positions.
    pub(crate) fn reset(&mut self, net: Net<'_, f32>, rows: usize, longest: usize) {
        self.cache.reset(net.config, rows, longest);
    }

    /// Logits after the last token of row `b` of the pass.
    pub(crate) fn logits(&self, b: usize, d_vocab: usize) -> impl Iterator<Item = f32> {
        self.logits.row(b).as_flattened().iter().flat_map(|lanes| lanes.0).take(d_vocab)
    }

    fn resize(&mut self, net: Net<'_, f32>, sequences: Sequences<'_>) {
        let (config, heads) = (net.config, heads(net.config, sequences));
        let (rows, d) = (sequences.tokens.len(), config.d_model);
        self.resid.resize(rows, d);
        self.normed.resize(rows, d);
        // A sequence's last block may go on beyond the last row.
        self.qkv.resize(rows + BLOCK, 3 * heads.width);
        self.z.resize(rows, heads.width);
        self.stash.resize(heads, false);
        self.hidden.resize(panel(config), if config.attn_only { 0 } else { config.d_mlp });
        self.logits.resize(sequences.n_seq(), config.d_vocab);
    }
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn read(
    unit: TileUnit,
    net: Net<'_, f32>,
    weights: &TiledWeights,
    rows: &[usize],
    sequences: Sequences<'_>,
    room: &mut ReadRoom,
) {
    let Sequences { tokens, seq } = sequences;
    room.resize(net, sequences);
    let position = |r: usize, cache: &Cache| cache.len(rows[r / seq]) + r % seq;
    embed(net, tokens, |r| position(r, &room.cache), &mut room.resid);
    let is_first = rows.iter().all(|&row| room.cache.len(row) == 0);
    let lasts = || (0..rows.len()).map(|b| (b + 1) * seq - 1);
    let heads = heads(net.config, sequences);
    let mut n_rows = tokens.len().next_multiple_of(BLOCK);
    for (layer, block) in weights.blocks.iter().enumerate() {
        norm_rows(&block.ln1, n_rows, &room.resid, &mut room.normed);
        let ReadRoom { cache, resid, normed, qkv, z, stash, turns, scratch, .. } = room;
        let mut finish = Finish::Round { bias: Some(&block.qkv.bias), out: qkv };
        multiply(unit, normed, 0, 0..n_rows, &block.qkv.forward, &mut finish, scratch);
        if let PositionEmbedding::Rotary { dim, base } = net.config.positions {
            turns.rotate(heads, dim, base, |r| position(r, cache), 1.0, qkv);
        }
        cache.append(layer, rows, heads, qkv);
        let is_last = layer + 1 == weights.blocks.len();
        if is_last {
            // Nothing reads the other positions any more.
            qkv.keep(lasts());
            resid.keep(lasts());
            n_rows = rows.len().next_multiple_of(BLOCK);
        }
        if is_first && !is_last {
            attention(unit, heads, qkv, z, stash, &mut room.attention);
        } else {
            cache.attend(layer, rows, heads, qkv, z);
        }
        let mut finish = Finish::Float { bias: Some(&block.output.bias), sums: Sums::Add, out: resid };
        multiply(unit, z, 0, 0..n_rows, &block.output.forward, &mut finish, scratch);
        if let Some(mlp) = &block.mlp {
            read_mlp(unit, net, mlp, n_rows, room);
        }
    }
    if weights.blocks.is_empty() {
        room.resid.keep(lasts());
        n_rows = rows.len().next_multiple_of(BLOCK);
    }
    norm_rows(&weights.ln_final, n_rows, &room.resid, &mut room.normed);
    let ReadRoom { normed, logits, scratch, .. } = room;
    let mut finish = Finish::Float { bias: Some(&weights.unembed.bias), sums: Sums::Set, out: logits };
    multiply(unit, normed, 0, 0..n_rows, &weights.unembed.forward, &mut finish, scratch);
}

/// `resid += mlp(ln2(resid))`.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn read_mlp(unit: TileUnit, net: Net<'_, f32>, mlp: &TiledMlp, n_rows: usize, room: &mut ReadRoom) {
    let ReadRoom { resid, normed, hidden, scratch, .. } = room;
    norm_rows(&mlp.ln2, n_rows, resid, normed);
    for first in (0..n_rows).step_by(panel(net.config)) {
        let panel = first..n_rows.min(first + panel(net.config));
        let mut finish = Finish::ActivateOnly { act: net.config.act_fn, bias: &mlp.input.bias, panel: hidden };
        multiply(unit, normed, 0, panel.clone(), &mlp.input.forward, &mut finish, scratch);
        let mut finish = Finish::Float { bias: Some(&mlp.output.bias), sums: Sums::Add, out: resid };
        multiply(unit, hidden, first, panel, &mlp.output.forward, &mut finish, scratch);
    }
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn norm_rows(weights: &Norm, n_rows: usize, x: &Floats, out: &mut Rows) {
    for block in 0..n_rows / BLOCK {
        norm(weights, x, block, out, None);
    }
}
