//! A gradient slot: where a worker sums the gradients of its micro-batches, laid out for the tile unit, and its conversion to the
//! layout of the parameters.
//!
//! Gradients of matrices are 32×32 blocks, each contiguous: a row of a wide matrix would put its tile rows into the same few
//! sets of the cache. `W_O` and `W_out` are stored transposed, so that the factor to transpose is the one of width d_model.

use super::factor::BLOCK;
use crate::config::ModelConfig;
use crate::kernels::tile::{Block, Sums, Wide, ZERO_BLOCK, ZERO_WIDE};
use crate::params::{Layout, Slot};
use rayon::prelude::*;
use std::ops::Range;

/// The gradient of a part of a batch.
#[derive(Clone, Debug)]
pub(crate) struct GradSlot {
    pub(crate) blocks: Vec<Block>,
    pub(crate) vectors: Vec<Wide>,
    /// Whether the blocks hold anything yet.
    pub(crate) sums: Sums,
}

impl GradSlot {
    /// Allocates for a network's gradient.
    pub(crate) fn new(grad_layout: &GradLayout) -> GradSlot {
        let (blocks, vectors) = (vec![ZERO_BLOCK; grad_layout.n_blocks], vec![ZERO_WIDE; grad_layout.n_vectors]);
        GradSlot { blocks, vectors, sums: Sums::Set }
    }

    /// Clears the slot.
    pub(crate) fn clear(&mut self) {
        self.sums = Sums::Set;
        self.vectors.fill(ZERO_WIDE);
    }
}

/// Where in a slot each parameter's gradient is.
#[derive(Clone, Debug)]
pub(crate) struct GradLayout {
    pub(crate) blocks: Vec<BlockGrads>,
    pub(crate) ln_final: NormGrads,
    pub(crate) unembed: LinearGrads,
    pub(crate) w_e: EmbeddingGrads,
    pub(crate) w_pos: Option<EmbeddingGrads>,
    n_blocks: usize,
    n_vectors: usize,
    parts: Vec<ParamGrad>,
}

/// One block's gradients.
#[derive(Clone, Debug)]
pub(crate) struct BlockGrads {
    pub(crate) ln1: NormGrads,
    pub(crate) qkv: LinearGrads,
    pub(crate) output: LinearGrads,
    pub(crate) mlp: Option<MlpGrads>,
}

/// One MLP's gradients.
#[derive(Clone, Debug)]
pub(crate) struct MlpGrads {
    pub(crate) ln2: NormGrads,
    pub(crate) input: LinearGrads,
    pub(crate) output: LinearGrads,
}

/// Ranges of the weights (in `blocks`) and biases (in `vectors`) of a linear layer.
#[derive(Clone, Debug)]
pub(crate) struct LinearGrads {
    pub(crate) w: Range<usize>,
    pub(crate) b: Range<usize>,
}

/// Ranges of gain and bias (in `vectors`) of a norm; allocated even if the network has none.
#[derive(Clone, Debug)]
pub(crate) struct NormGrads {
    pub(crate) gain: Range<usize>,
    pub(crate) bias: Range<usize>,
}

/// Rows (in `vectors`) of an embedding.
#[derive(Clone, Debug)]
pub(crate) struct EmbeddingGrads {
    first: usize,
    pitch: usize,
}

impl EmbeddingGrads {
    /// Returns the range of a row.
    pub(crate) fn row(&self, r: usize) -> Range<usize> {
        self.first + r * self.pitch..self.first + (r + 1) * self.pitch
    }
}

/// A parameter and the region of its gradient.
#[derive(Clone, Copy, Debug)]
struct ParamGrad {
    slot: Slot,
    /// Columns of the parameter.
    width: usize,
    region: Region,
}

#[derive(Clone, Copy, Debug)]
enum Region {
    /// Row `r` starts at `vectors[first + r · pitch]`.
    Vectors { first: usize, pitch: usize },
    /// Entries `[32 i.., 32 j..]` lie in `blocks[first + i · pitch + j]`.
    Blocks { first: usize, pitch: usize },
    /// Entries `[32 i.., 32 j..]` lie in `blocks[first + j · pitch + i]`, transposed.
    BlocksTransposed { first: usize, pitch: usize },
}

impl GradLayout {
    /// Lays out a network's gradient.
    pub(crate) fn new(config: &ModelConfig, layout: &Layout) -> GradLayout {
        let mut b = Builder { d_model: config.d_model, n_blocks: 0, n_vectors: 0, parts: Vec::new() };
        let blocks = layout.blocks.iter().map(|slots| BlockGrads {
            ln1: b.norm(slots.ln1.w, slots.ln1.b),
            qkv: b.linear(&[(slots.w_q, slots.b_q), (slots.w_k, slots.b_k), (slots.w_v, slots.b_v)]),
            output: b.linear_transposed(slots.w_o, slots.b_o),
            mlp: slots.mlp.as_ref().map(|slots| MlpGrads {
                ln2: b.norm(slots.ln2.w, slots.ln2.b),
                input: b.linear(&[(slots.w_in, slots.b_in)]),
                output: b.linear_transposed(slots.w_out, slots.b_out),
            }),
        });
        let blocks = blocks.collect();
        let ln_final = b.norm(layout.ln_final.w, layout.ln_final.b);
        let unembed = b.linear(&[(layout.w_u, layout.b_u)]);
        let w_e = b.table(layout.w_e);
        let w_pos = layout.w_pos.map(|slot| b.table(slot));
        let Builder { n_blocks, n_vectors, mut parts, .. } = b;
        parts.sort_by_key(|part| part.slot.start);
        GradLayout { blocks, ln_final, unembed, w_e, w_pos, n_blocks, n_vectors, parts }
    }

    /// `gradient = slots[0] + slots[1] + …`, entry by entry in index order, in the parameters' layout.
    pub(crate) fn gather(&self, slots: &[GradSlot], gradient: &mut [f32]) {
        let mut rest = gradient;
        let mut jobs = Vec::new();
        for part in &self.parts {
            let (mine, after) = std::mem::take(&mut rest).split_at_mut(part.slot.len);
            rest = after;
            jobs.extend(mine.chunks_mut(BLOCK * part.width).enumerate().map(|(i, rows)| (part, i, rows)));
        }
        assert!(rest.is_empty(), "every parameter has a region");
        jobs.into_par_iter().for_each(|(part, i, rows)| part.gather(slots, i, rows));
    }
}

impl ParamGrad {
    /// Sums rows `32 i..` of the parameter over the slots.
    fn gather(self, slots: &[GradSlot], i: usize, rows: &mut [f32]) {
        let n_rows = rows.len() / self.width;
        for j in 0..self.width.div_ceil(BLOCK) {
            let columns = BLOCK.min(self.width - j * BLOCK);
            let sum_of_blocks = |region: usize| {
                let mut sum = slots[0].blocks[region];
                for slot in &slots[1..] {
                    sum.iter_mut().zip(&slot.blocks[region]).for_each(|(sum, wide)| add(sum, wide));
                }
                sum
            };
            let write = |row: &mut [f32], sum: &Wide| {
                for (out, lanes) in row[j * BLOCK..][..columns].chunks_mut(16).zip(sum) {
                    out.copy_from_slice(&lanes.0[..out.len()]);
                }
            };
            match self.region {
                Region::Vectors { first, pitch } => {
                    for (r, row) in rows.chunks_exact_mut(self.width).enumerate() {
                        let region = first + (i * BLOCK + r) * pitch + j;
                        let mut sum = slots[0].vectors[region];
                        slots[1..].iter().for_each(|slot| add(&mut sum, &slot.vectors[region]));
                        write(row, &sum);
                    }
                }
                Region::Blocks { first, pitch } => {
                    let sum = sum_of_blocks(first + i * pitch + j);
                    rows.chunks_exact_mut(self.width).zip(&sum).for_each(|(row, sum)| write(row, sum));
                }
                Region::BlocksTransposed { first, pitch } => {
                    let sum = sum_of_blocks(first + j * pitch + i);
                    for (c, sum) in sum[..columns].iter().enumerate() {
                        for r in 0..n_rows {
                            rows[r * self.width + j * BLOCK + c] = sum[r / 16].0[r % 16];
                        }
                    }
                }
            }
        }
    }
}

fn add(sum: &mut Wide, wide: &Wide) {
    for (sum, lanes) in sum.iter_mut().zip(wide) {
        sum.0.iter_mut().zip(&lanes.0).for_each(|(s, l)| *s += l);
    }
}

/// A layout under construction.
struct Builder {
    d_model: usize,
    n_blocks: usize,
    n_vectors: usize,
    parts: Vec<ParamGrad>,
}

impl Builder {
    fn vectors(&mut self, n: usize) -> Range<usize> {
        self.n_vectors += n;
        self.n_vectors - n..self.n_vectors
    }

    fn norm(&mut self, gain: Option<Slot>, bias: Option<Slot>) -> NormGrads {
        let [gain, bias] = [gain, bias].map(|slot| {
            let region = self.vectors(self.d_model.div_ceil(BLOCK));
            if let Some(slot) = slot {
                let region = Region::Vectors { first: region.start, pitch: 0 };
                self.parts.push(ParamGrad { slot, width: slot.len, region });
            }
            region
        });
        NormGrads { gain, bias }
    }

    fn bias(&mut self, slot: Slot) -> Range<usize> {
        let range = self.vectors(slot.len.div_ceil(BLOCK));
        let region = Region::Vectors { first: range.start, pitch: 0 };
        self.parts.push(ParamGrad { slot, width: slot.len, region });
        range
    }

    /// Lays out matrices side by side.
    fn linear(&mut self, parts: &[(Slot, Slot)]) -> LinearGrads {
        let rows = (parts[0].0.len / parts[0].1.len).div_ceil(BLOCK);
        let pitch: usize = parts.iter().map(|(_, b)| b.len.div_ceil(BLOCK)).sum();
        let (first_block, first_vector) = (self.n_blocks, self.n_vectors);
        let mut column = 0;
        for &(w, b) in parts {
            let region = Region::Blocks { first: first_block + column, pitch };
            self.parts.push(ParamGrad { slot: w, width: b.len, region });
            self.bias(b);
            column += b.len.div_ceil(BLOCK);
        }
        self.n_blocks += rows * pitch;
        LinearGrads { w: first_block..self.n_blocks, b: first_vector..self.n_vectors }
    }

    fn linear_transposed(&mut self, w: Slot, b: Slot) -> LinearGrads {
        let (first, width) = (self.n_blocks, b.len);
        let pitch = (w.len / width).div_ceil(BLOCK);
        self.parts.push(ParamGrad { slot: w, width, region: Region::BlocksTransposed { first, pitch } });
        self.n_blocks += width.div_ceil(BLOCK) * pitch;
        LinearGrads { w: first..self.n_blocks, b: self.bias(b) }
    }

    fn table(&mut self, slot: Slot) -> EmbeddingGrads {
        let pitch = self.d_model.div_ceil(BLOCK);
        let first = self.vectors(slot.len / self.d_model * pitch).start;
        self.parts.push(ParamGrad { slot, width: self.d_model, region: Region::Vectors { first, pitch } });
        EmbeddingGrads { first, pitch }
    }
}
