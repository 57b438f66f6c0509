//! A network's parameters in the layouts of the tiled step: matrices rounded and packed for both directions, vectors padded.

use super::factor::{BLOCK, Tiles, pack_weights, pack_weights_transposed};
use super::norm::Norm;
use crate::config::{ModelConfig, Normalization};
use crate::kernels::bf16_unit::Bf16Unit;
use crate::kernels::tile::{Wide, ZERO_WIDE};
use crate::net::norm_kind;
use crate::params::{Layout, NormSlots, Slot};
use rayon::prelude::*;

/// A network's packed parameters. Allocated once, filled before every step.
#[derive(Clone, Debug)]
pub(crate) struct TiledWeights {
    pub(crate) unit: Bf16Unit,
    pub(crate) blocks: Vec<TiledBlock>,
    pub(crate) ln_final: Norm,
    pub(crate) unembed: Linear,
}

/// One block's parameters.
#[derive(Clone, Debug)]
pub(crate) struct TiledBlock {
    pub(crate) ln1: Norm,
    /// Queries, keys and values side by side.
    pub(crate) qkv: Linear,
    pub(crate) output: Linear,
    pub(crate) mlp: Option<TiledMlp>,
}

/// One MLP's parameters.
#[derive(Clone, Debug)]
pub(crate) struct TiledMlp {
    pub(crate) ln2: Norm,
    pub(crate) input: Linear,
    pub(crate) output: Linear,
}

/// A linear layer, `out = x @ w + bias`; `w` may be several matrices side by side, each padded to whole blocks of columns.
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    parts: Vec<(Slot, Slot)>,
    /// `w` as right factor.
    pub(crate) forward: Tiles,
    /// `wᵀ` as right factor.
    pub(crate) backward: Tiles,
    /// Padded with zeros.
    pub(crate) bias: Vec<Wide>,
}

impl TiledWeights {
    /// Allocates for a network's parameters; [`TiledWeights::pack`] fills it.
    pub(crate) fn new(unit: Bf16Unit, config: &ModelConfig, layout: &Layout) -> TiledWeights {
        let norm = |normalization: Normalization| Norm {
            kind: (normalization != Normalization::None).then(|| norm_kind(config, normalization)),
            gain: padded(config.d_model),
            bias: padded(config.d_model),
            d_model: config.d_model,
        };
        let blocks = layout.blocks.iter().map(|slots| TiledBlock {
            ln1: norm(config.normalization),
            qkv: Linear::new(&[(slots.w_q, slots.b_q), (slots.w_k, slots.b_k), (slots.w_v, slots.b_v)]),
            output: Linear::new(&[(slots.w_o, slots.b_o)]),
            mlp: slots.mlp.as_ref().map(|slots| TiledMlp {
                ln2: norm(config.normalization),
                input: Linear::new(&[(slots.w_in, slots.b_in)]),
                output: Linear::new(&[(slots.w_out, slots.b_out)]),
            }),
        });
        TiledWeights {
            unit,
            blocks: blocks.collect(),
            ln_final: norm(config.final_normalization()),
            unembed: Linear::new(&[(layout.w_u, layout.b_u)]),
        }
    }

    /// Packs the current parameters, in parallel.
    pub(crate) fn pack(&mut self, layout: &Layout, params: &[f32]) {
        let unit = self.unit;
        let mut linears = vec![&mut self.unembed];
        for (block, slots) in self.blocks.iter_mut().zip(&layout.blocks) {
            pack_norm(&mut block.ln1, slots.ln1, params);
            linears.extend([&mut block.qkv, &mut block.output]);
            if let (Some(mlp), Some(slots)) = (&mut block.mlp, &slots.mlp) {
                pack_norm(&mut mlp.ln2, slots.ln2, params);
                linears.extend([&mut mlp.input, &mut mlp.output]);
            }
        }
        pack_norm(&mut self.ln_final, layout.ln_final, params);
        linears.into_par_iter().for_each(|linear| linear.pack(unit, params));
    }
}

impl Linear {
    /// Allocates for matrices side by side, each with its bias.
    fn new(parts: &[(Slot, Slot)]) -> Linear {
        let width: usize = parts.iter().map(|(_, b)| b.len.next_multiple_of(BLOCK)).sum();
        let inner = parts[0].0.len / parts[0].1.len;
        let (mut forward, mut backward) = (Tiles::default(), Tiles::default());
        forward.resize(width, inner);
        backward.resize(inner, width);
        Linear { parts: parts.into(), forward, backward, bias: padded(width) }
    }

    #[expect(unsafe_code, reason = "calls code that is compiled for this processor's vectors")]
    fn pack(&mut self, _: Bf16Unit, params: &[f32]) {
        let mut first = 0;
        for &(w, b) in &self.parts {
            // SAFETY: a `Bf16Unit` exists only where the features do.
            unsafe {
                pack_weights(w.of(params), b.len, first, &mut self.forward);
                pack_weights_transposed(w.of(params), b.len, first, &mut self.backward);
            }
            copy_to(b.of(params), &mut self.bias[first..]);
            first += b.len.div_ceil(BLOCK);
        }
    }
}

fn pack_norm(norm: &mut Norm, slots: NormSlots, params: &[f32]) {
    match slots.w {
        Some(w) => copy_to(w.of(params), &mut norm.gain),
        None => copy_to(&vec![1.0; norm.d_model], &mut norm.gain),
    }
    if let Some(b) = slots.b {
        copy_to(b.of(params), &mut norm.bias);
    }
}

/// Returns zeros for `len` numbers, in whole blocks.
fn padded(len: usize) -> Vec<Wide> {
    vec![ZERO_WIDE; len.div_ceil(BLOCK)]
}

/// Overwrites the first `from.len()` numbers.
fn copy_to(from: &[f32], to: &mut [Wide]) {
    for (from, to) in from.chunks(16).zip(to.as_flattened_mut()) {
        to.0[..from.len()].copy_from_slice(from);
    }
}
