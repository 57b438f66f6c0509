//! Generation on the tile unit: the forward pass over new positions, on top of a KV cache and without a backward pass.

use super::attention::{AttentionScratch, attention};
use super::attention_stash::AttentionStash;
use super::cache::KvCache;
use super::factor::{BLOCK, BlockScratch, Floats, Rows};
use super::forward::embed;
use super::linear::{Finish, multiply};
use super::norm::{Norm, norm};
use super::rotary::RotaryTable;
use super::weights::{TiledMlp, TiledWeights};
use super::workspace::{heads, panel};
use crate::config::PositionEmbedding;
use crate::kernels::bf16_unit::{Bf16Unit, TileUnit};
use crate::kernels::tile::Sums;
use crate::model::Model;
use crate::net::{Net, Sequences};

/// A network with its weights packed for generation in bf16.
#[derive(Debug)]
pub struct TiledDecoder<'a> {
    net: Net<'a, f32>,
    weights: TiledWeights,
}

impl<'a> TiledDecoder<'a> {
    /// Packs a network's weights.
    pub fn new(unit: Bf16Unit, model: &'a Model) -> TiledDecoder<'a> {
        let mut weights = TiledWeights::new(unit, &model.config, &model.layout);
        weights.pack(&model.layout, &model.params);
        TiledDecoder { net: model.net(), weights }
    }

    /// Returns the network.
    pub fn net(&self) -> Net<'a, f32> {
        self.net
    }

    /// Runs the next positions of some rows of the cache; leaves the logits after the last token of each in the workspace.
    pub(crate) fn decode(&self, rows: &[usize], sequences: Sequences<'_>, workspace: &mut DecodeWorkspace) {
        let unit = self.weights.unit.on_this_thread();
        #[expect(unsafe_code, reason = "calls code that is compiled for this processor's vectors")]
        // SAFETY: a `Bf16Unit` exists only where the features do.
        unsafe {
            decode(unit, self.net, &self.weights, rows, sequences, workspace);
        }
        workspace.cache.advance(rows, sequences.seq);
    }
}

/// A worker's buffers for generation.
#[derive(Clone, Debug, Default)]
pub(crate) struct DecodeWorkspace {
    cache: KvCache,
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
    attention: AttentionScratch,
    rotary: RotaryTable,
    scratch: BlockScratch,
}

impl DecodeWorkspace {
    /// Clears the cache and resizes the buffers for `rows` rows of at most `longest` positions.
    pub(crate) fn reset(&mut self, net: Net<'_, f32>, rows: usize, longest: usize) {
        self.cache.reset(net.config, rows, longest);
    }

    /// Returns the logits after the last token of row `b` of the pass.
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
fn decode(
    unit: TileUnit,
    net: Net<'_, f32>,
    weights: &TiledWeights,
    rows: &[usize],
    sequences: Sequences<'_>,
    workspace: &mut DecodeWorkspace,
) {
    let Sequences { tokens, seq } = sequences;
    workspace.resize(net, sequences);
    let position = |r: usize, cache: &KvCache| cache.len(rows[r / seq]) + r % seq;
    embed(net, tokens, |r| position(r, &workspace.cache), &mut workspace.resid);
    let is_first = rows.iter().all(|&row| workspace.cache.len(row) == 0);
    let lasts = || (0..rows.len()).map(|b| (b + 1) * seq - 1);
    let heads = heads(net.config, sequences);
    let mut n_rows = tokens.len().next_multiple_of(BLOCK);
    for (layer, block) in weights.blocks.iter().enumerate() {
        norm_rows(&block.ln1, n_rows, &workspace.resid, &mut workspace.normed);
        let DecodeWorkspace { cache, resid, normed, qkv, z, stash, rotary, scratch, .. } = workspace;
        let mut finish = Finish::Round { bias: Some(&block.qkv.bias), out: qkv };
        multiply(unit, normed, 0, 0..n_rows, &block.qkv.forward, &mut finish, scratch);
        if let PositionEmbedding::Rotary { dim, base } = net.config.positions {
            rotary.rotate(heads, dim, base, |r| position(r, cache), 1.0, qkv);
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
            attention(unit, heads, qkv, z, stash, &mut workspace.attention);
        } else {
            cache.attend(layer, rows, heads, qkv, z);
        }
        let mut finish = Finish::Float { bias: Some(&block.output.bias), sums: Sums::Add, out: resid };
        multiply(unit, z, 0, 0..n_rows, &block.output.forward, &mut finish, scratch);
        if let Some(mlp) = &block.mlp {
            read_mlp(unit, net, mlp, n_rows, workspace);
        }
    }
    if weights.blocks.is_empty() {
        workspace.resid.keep(lasts());
        n_rows = rows.len().next_multiple_of(BLOCK);
    }
    norm_rows(&weights.ln_final, n_rows, &workspace.resid, &mut workspace.normed);
    let DecodeWorkspace { normed, logits, scratch, .. } = workspace;
    let mut finish = Finish::Float { bias: Some(&weights.unembed.bias), sums: Sums::Set, out: logits };
    multiply(unit, normed, 0, 0..n_rows, &weights.unembed.forward, &mut finish, scratch);
}

/// `resid += mlp(ln2(resid))`.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn read_mlp(unit: TileUnit, net: Net<'_, f32>, mlp: &TiledMlp, n_rows: usize, workspace: &mut DecodeWorkspace) {
    let DecodeWorkspace { resid, normed, hidden, scratch, .. } = workspace;
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
