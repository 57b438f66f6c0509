//! Which rows of a micro-batch its loss asks for.
//!
//! Nothing reads what the last block makes of a position after its keys and values but the prediction at that very position. So
//! from the last attention's mix on, there and back, rows without a scored prediction are left out: where only the path of a maze
//! is scored, that is most of them.

use super::factor::{BLOCK, Floats, Rows};
use crate::micro_batch::MicroBatch;

/// The rows that are gone on with after the last attention.
#[derive(Clone, Debug, Default)]
pub(super) struct Scored {
    rows: Vec<usize>,
    /// Rows of the micro-batch, in whole blocks.
    n_rows: usize,
    /// The block after whose attention the others are left out, if there are any.
    layer: Option<usize>,
    /// `[scored rows, width]`: what that attention mixed for them.
    z: Rows,
}

impl Scored {
    /// Finds the scored rows of a micro-batch, and makes room for as many numbers of each as `z` is wide.
    pub(super) fn find(&mut self, micro_batch: &MicroBatch, n_layers: usize, width: usize) {
        let n = micro_batch.tokens.len();
        self.n_rows = n.next_multiple_of(BLOCK);
        self.rows.clear();
        self.rows.extend((0..n).filter(|&r| micro_batch.weight(r) != 0.0));
        if self.rows.is_empty() {
            // Its gradient is 0: a micro-batch without a loss needs no way of its own.
            self.rows.push(0);
        }
        self.layer = n_layers.checked_sub(1).filter(|_| self.len() < self.n_rows);
        if self.layer.is_some() {
            self.z.resize(self.len(), width);
        } else {
            self.rows.clear();
            self.rows.extend(0..n);
        }
    }

    /// The rows, in order: places in the micro-batch.
    pub(super) fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// How many they are, in whole blocks.
    pub(super) fn len(&self) -> usize {
        self.rows.len().next_multiple_of(BLOCK)
    }

    /// Of a block's rows, those that are gone on with after its attention: what it mixed, and how many they are.
    pub(super) fn mixed<'a>(&'a self, layer: usize, z: &'a Rows) -> (&'a Rows, usize) {
        if self.layer == Some(layer) { (&self.z, self.len()) } else { (z, self.n_rows) }
    }

    /// After a block's attention: takes the scored rows of what it mixed, and leaves only those of the residual stream.
    pub(super) fn narrow(&mut self, layer: usize, z: &Rows, resid: &mut Floats) {
        if self.layer == Some(layer) {
            self.z.take(z, &self.rows);
            resid.keep(self.rows.iter().copied());
        }
    }

    /// The reverse: gradients of the scored rows are put in their places in the micro-batch; those of the others are 0.
    pub(super) fn widen(&self, layer: usize, dz: &mut Rows, dresid: &mut Floats) {
        if self.layer == Some(layer) {
            dz.spread(&self.rows, self.n_rows);
            dresid.spread(&self.rows, self.n_rows);
        }
    }
}
