//! The linear layers, `out = x @ w + b`, and their gradients.
//!
//! Right factors of products are copied into strips: weights once per step, if [`PackedWeights`] are given, what else is
//! multiplied where that happens.

use crate::forward::Net;
use crate::kernels::lanes::add_column_sums;
use crate::kernels::product::{Packing, Store, view, view_mut};
use crate::kernels::real::Real;
use crate::kernels::strips::Strips;
use crate::params::{Layout, Slot};
use rayon::prelude::*;

/// Where the products of a pass read weights.
#[derive(Clone, Copy, Debug)]
pub enum Products<'a, F> {
    /// As the network has them.
    Plain,
    /// As they were copied before.
    Packed(&'a PackedWeights<F>),
}

/// Every weight matrix of a network as a right factor, in the order of the parameter table.
#[derive(Clone, Debug)]
pub struct PackedWeights<F>(Vec<Matrix<F>>);

#[derive(Clone, Debug)]
struct Matrix<F> {
    /// `[in, out]`
    w: Slot,
    out_width: usize,
    /// `w`, for `x @ w`.
    forward: Strips<F>,
    /// `wᵀ`, for `dout @ wᵀ`.
    backward: Strips<F>,
}

impl<F: Real> PackedWeights<F> {
    /// Room for the weights of a network; [`PackedWeights::pack`] fills it.
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

    /// Takes over the current parameters.
    pub fn pack(&mut self, params: &[F]) {
        self.0.par_iter_mut().for_each(|matrix| {
            let w = view(matrix.w.of(params), matrix.out_width);
            matrix.forward.pack(w);
            matrix.backward.pack(w.transpose());
        });
    }

    /// The same for forward passes alone.
    pub fn pack_forward(&mut self, params: &[F]) {
        self.0.par_iter_mut().for_each(|matrix| matrix.forward.pack(view(matrix.w.of(params), matrix.out_width)));
    }

    fn matrix(&self, w: Slot) -> &Matrix<F> {
        let found = self.0.binary_search_by_key(&w.start, |matrix| matrix.w.start);
        &self.0[found.expect("every linear layer's weights are packed")]
    }
}

/// `out = x @ w + b`; `w` is `[x's width, out's width]`.
pub(crate) fn linear<F: Real>(net: Net<'_, F>, x: &[F], w: Slot, b: Slot, out: &mut [F], room: &mut Packing<F>) {
    let (x, out) = (view(x, w.len / b.len), view_mut(out, b.len));
    let store = Store::SetBiased(b.of(net.params));
    match net.products {
        Products::Plain => room.multiply(x, view(w.of(net.params), b.len), store, out),
        Products::Packed(weights) => room.multiply_strips(x, weights.matrix(w).forward.whole(), store, out),
    }
}

/// Weights and bias of `out = x @ w + b`: `dw += xᵀ @ dout`, `db += column sums of dout`.
pub(crate) fn linear_weights_bwd<F: Real>(
    x: &[F],
    dout: &[F],
    w: Slot,
    b: Slot,
    param_grads: &mut [F],
    room: &mut Packing<F>,
) {
    let (x, grad) = (view(x, w.len / b.len), view(dout, b.len));
    let (x, dw) = (x.transpose(), view_mut(w.of_mut(param_grads), b.len));
    room.multiply(x, grad, Store::Add, dw);
    add_column_sums(b.of_mut(param_grads), dout);
}

/// Input of `out = x @ w + b`: `dx = dout @ wᵀ`, or, where several layers read the same input, `dx += dout @ wᵀ`.
pub(crate) fn linear_input_bwd<F: Real>(
    net: Net<'_, F>,
    dout: &[F],
    w: Slot,
    b: Slot,
    store: Store<'_, F>,
    dx: &mut [F],
    room: &mut Packing<F>,
) {
    let (dout, dx) = (view(dout, b.len), view_mut(dx, w.len / b.len));
    match net.products {
        Products::Plain => room.multiply(dout, view(w.of(net.params), b.len).transpose(), store, dx),
        Products::Packed(weights) => room.multiply_strips(dout, weights.matrix(w).backward.whole(), store, dx),
    }
}
