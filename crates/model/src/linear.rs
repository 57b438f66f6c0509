//! The linear layers, `out = x @ w + b`, and their gradients, in the number type itself or with bf16 factors.

use crate::forward::Net;
use crate::kernels::amx::Amx;
use crate::kernels::bf16::{Left, Right, Store, multiply};
use crate::kernels::lanes::{add_bias, add_column_sums};
use crate::kernels::product::{View, add_product, set_product, view, view_mut};
use crate::kernels::real::Real;
use crate::params::{Layout, Slot};
use rayon::prelude::*;

/// How linear layers multiply.
#[derive(Clone, Copy, Debug)]
pub enum Products<'a> {
    /// In the number type of the network.
    Plain,
    /// Factors rounded to bf16, sums in f32.
    Bf16(&'a PackedWeights),
}

/// Every weight matrix of a network in bf16, packed for both directions.
#[derive(Clone, Debug)]
pub struct PackedWeights {
    amx: Amx,
    /// In the order of the parameter table.
    matrices: Vec<PackedMatrix>,
}

#[derive(Clone, Debug)]
struct PackedMatrix {
    /// `[in, out]`
    w: Slot,
    out_width: usize,
    /// `w`, for `x @ w`.
    forward: Right,
    /// `wᵀ`, for `dout @ wᵀ`.
    backward: Right,
}

impl PackedWeights {
    /// Room for the weights of a network; [`PackedWeights::pack`] fills it.
    pub fn new(amx: Amx, layout: &Layout) -> PackedWeights {
        let mut matrices = Vec::new();
        let mut push = |w: Slot, b: Slot| {
            matrices.push(PackedMatrix { w, out_width: b.len, forward: Right::default(), backward: Right::default() });
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
        PackedWeights { amx, matrices }
    }

    /// Takes over the current parameters.
    pub fn pack(&mut self, params: &[f32]) {
        self.matrices.par_iter_mut().for_each(|matrix| {
            let w = matrix.w.of(params);
            matrix.forward.pack(w, matrix.out_width);
            matrix.backward.pack_transposed(w, matrix.out_width);
        });
    }

    fn matrix(&self, w: Slot) -> &PackedMatrix {
        let found = self.matrices.binary_search_by_key(&w.start, |matrix| matrix.w.start);
        &self.matrices[found.expect("every linear layer's weights are packed")]
    }
}

/// Room in which bf16 products pack activations; one for each worker, reused from product to product.
#[derive(Clone, Debug, Default)]
pub struct Packing {
    left: Left,
    right: Right,
}

/// `out = x @ w + b`; `w` is `[x's width, out's width]`.
pub(crate) fn linear<F: Real>(net: Net<'_, F>, x: &[F], w: Slot, b: Slot, out: &mut [F], room: &mut Packing) {
    let width = w.len / b.len;
    match net.products {
        Products::Plain => {
            set_product(view_mut(out, b.len), view(x, width), view(w.of(net.params), b.len));
            add_bias(out, b.of(net.params));
        }
        Products::Bf16(weights) => {
            room.left.pack(x, width);
            multiply(weights.amx, &room.left, &weights.matrix(w).forward, Store::SetBiased(b.of(net.params)), out);
        }
    }
}

/// Weights and bias of `out = x @ w + b`: `dw += xᵀ @ dout`, `db += column sums of dout`.
pub(crate) fn linear_weights_bwd<F: Real>(
    products: Products<'_>,
    x: &[F],
    dout: &[F],
    w: Slot,
    b: Slot,
    param_grads: &mut [F],
    room: &mut Packing,
) {
    let width = w.len / b.len;
    let dw = w.of_mut(param_grads);
    match products {
        Products::Plain => add_product(view_mut(dw, b.len), view(x, width).transpose(), view(dout, b.len)),
        Products::Bf16(weights) => {
            room.left.pack_transposed(x, width);
            room.right.pack(dout, b.len);
            multiply(weights.amx, &room.left, &room.right, Store::Add, dw);
        }
    }
    add_column_sums(b.of_mut(param_grads), dout);
}

/// Input of `out = x @ w + b`: `dx = dout @ wᵀ`.
pub(crate) fn linear_input_bwd<F: Real>(
    net: Net<'_, F>,
    dout: &[F],
    w: Slot,
    b: Slot,
    dx: &mut [F],
    room: &mut Packing,
) {
    match net.products {
        Products::Plain => set_product(view_mut(dx, w.len / b.len), view(dout, b.len), transposed(net, w, b)),
        Products::Bf16(weights) => {
            room.left.pack(dout, b.len);
            multiply(weights.amx, &room.left, &weights.matrix(w).backward, Store::Set, dx);
        }
    }
}

/// As [`linear_input_bwd`], for an input that several layers read: `dx += dout @ wᵀ`.
pub(crate) fn add_linear_input_bwd<F: Real>(
    net: Net<'_, F>,
    dout: &[F],
    w: Slot,
    b: Slot,
    dx: &mut [F],
    room: &mut Packing,
) {
    match net.products {
        Products::Plain => add_product(view_mut(dx, w.len / b.len), view(dout, b.len), transposed(net, w, b)),
        Products::Bf16(weights) => {
            room.left.pack(dout, b.len);
            multiply(weights.amx, &room.left, &weights.matrix(w).backward, Store::Add, dx);
        }
    }
}

fn transposed<'a, F: Real>(net: Net<'a, F>, w: Slot, b: Slot) -> View<'a, F> {
    view(w.of(net.params), b.len).transpose()
}
