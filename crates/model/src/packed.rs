//! Weight matrices packed for matrix products: copied once per step into strips that the kernels read in order.

use crate::kernels::product::view;
use crate::kernels::real::Real;
use crate::kernels::strips::Strips;
use crate::params::{Layout, Slot};
use rayon::prelude::*;

/// Every weight matrix of a network, packed as a right factor, in the order of the parameter table.
#[derive(Clone, Debug)]
pub struct PackedWeights<F>(Vec<Matrix<F>>);

#[derive(Clone, Debug)]
pub(crate) struct Matrix<F> {
    /// `[in, out]`
    w: Slot,
    out_width: usize,
    /// `w`, for `x @ w`.
    pub(crate) forward: Strips<F>,
    /// `wᵀ`, for `dout @ wᵀ`.
    pub(crate) backward: Strips<F>,
}

impl<F: Real> PackedWeights<F> {
    /// Buffers for the weights of a network; [`PackedWeights::pack`] fills them.
    pub fn new(layout: &Layout) -> PackedWeights<F> {
        let mut all = Vec::new();
        let mut push = |w: Slot, b: Slot| {
            all.push(Matrix { w, out_width: b.len, forward: Strips::default(), backward: Strips::default() });
        };
        for block in &layout.blocks {
            push(block.w_q, block.b_q);
            push(block.w_k, block.b_k);
            push(block.w_v, block.b_v);
            push(block.w_o, block.b_o);
            if let Some(mlp) = &block.mlp {
                push(mlp.w_in, mlp.b_in);
                push(mlp.w_out, mlp.b_out);
            }
        }
        push(layout.w_u, layout.b_u);
        PackedWeights(all)
    }

    /// Packs the current parameters, for the forward and the backward pass.
    pub fn pack(&mut self, params: &[F]) {
        self.0.par_iter_mut().for_each(|matrix| {
            let w = view(matrix.w.of(params), matrix.out_width);
            matrix.forward.pack(w);
            matrix.backward.pack(w.transpose());
        });
    }

    /// Packs the current parameters for the forward pass only.
    pub fn pack_forward(&mut self, params: &[F]) {
        self.0.par_iter_mut().for_each(|matrix| matrix.forward.pack(view(matrix.w.of(params), matrix.out_width)));
    }

    /// The packed matrix that starts at this slot.
    pub(crate) fn matrix(&self, w: Slot) -> &Matrix<F> {
        let found = self.0.binary_search_by_key(&w.start, |matrix| matrix.w.start);
        &self.0[found.expect("every linear layer's weights are packed")]
    }
}
