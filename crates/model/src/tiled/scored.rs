//! The rows of a micro-batch that its loss depends on.
//!
//! After the keys and values of the last block, a position affects only its own prediction. So from the output of the last
//! attention on, forward and backward, rows without a scored prediction are skipped: if only the path of a maze is scored, that
//! is most rows.

use super::factor::{BLOCK, Floats, Rows};
use crate::micro_batch::MicroBatch;

/// The rows that continue after the last attention.
#[derive(Clone, Debug, Default)]
pub(super) struct Scored {
    rows: Vec<usize>,
    /// Rows of the micro-batch, in whole blocks.
    n_rows: usize,
    /// The block after whose attention the other rows are dropped, if there are any.
    layer: Option<usize>,
    /// `[scored rows, width]`: their output of that attention.
    z: Rows,
}

impl Scored {
    /// Finds the scored rows of a micro-batch; `width` is that of `z`.
    pub(super) fn find(&mut self, micro_batch: &MicroBatch, n_layers: usize, width: usize) {
        let n = micro_batch.tokens.len();
        self.n_rows = n.next_multiple_of(BLOCK);
        self.rows.clear();
        self.rows.extend((0..n).filter(|&r| micro_batch.weight(r) != 0.0));
        if self.rows.is_empty() {
            // Its gradient is 0: a micro-batch without a loss needs no special case.
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

    /// Returns the rows, as increasing indices into the micro-batch.
    pub(super) fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// Returns their number, in whole blocks.
    pub(super) fn len(&self) -> usize {
        self.rows.len().next_multiple_of(BLOCK)
    }

    /// Returns the output of a block's attention for the rows that continue after it, and their number.
    pub(super) fn mixed<'a>(&'a self, layer: usize, z: &'a Rows) -> (&'a Rows, usize) {
        if self.layer == Some(layer) { (&self.z, self.len()) } else { (z, self.n_rows) }
    }

    /// After a block's attention: gathers the scored rows of its output and of the residual stream.
    pub(super) fn narrow(&mut self, layer: usize, z: &Rows, resid: &mut Floats) {
        if self.layer == Some(layer) {
            self.z.take(z, &self.rows);
            resid.keep(self.rows.iter().copied());
        }
    }

    /// Reverses [`Scored::narrow`]: scatters the gradients of the scored rows and zeroes those of the others.
    pub(super) fn widen(&self, layer: usize, dz: &mut Rows, dresid: &mut Floats) {
        if self.layer == Some(layer) {
            dz.spread(&self.rows, self.n_rows);
            dresid.spread(&self.rows, self.n_rows);
        }
    }
}
