//! The linear layers, `out = x @ w + b`, and their gradients, in the number type itself or with bf16 factors.
//!
//! With bf16 factors the weights are packed once per step, activations where they are multiplied.

use crate::forward::Net;
use crate::kernels::amx::Amx;
use crate::kernels::bf16::{Packing, Right, Store};
use crate::kernels::lanes::{add_bias, add_column_sums};
use crate::kernels::product::{Accum, Multiplier, add_product, set_product, view, view_mut};
use crate::kernels::real::Real;
use crate::params::{Layout, Slot};
use rayon::prelude::*;

/// How the products of a pass are made.
#[derive(Clone, Copy, Debug)]
pub enum Products<'a> {
    /// In the number type of the network.
    Plain,
    /// Factors rounded to bf16, sums in f32.
    Bf16(&'a PackedWeights),
}

impl<'a> Products<'a> {
    /// How activations are multiplied with each other.
    pub(crate) fn multiplier(self, room: &'a mut Packing) -> Multiplier<'a> {
        match self {
            Products::Plain => Multiplier::Plain,
            Products::Bf16(weights) => Multiplier::Bf16(weights.amx, room),
        }
    }
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
            let w = view(matrix.w.of(params), matrix.out_width);
            matrix.forward.pack(w);
            matrix.backward.pack(w.transpose());
        });
    }

    fn matrix(&self, w: Slot) -> &PackedMatrix {
        let found = self.matrices.binary_search_by_key(&w.start, |matrix| matrix.w.start);
        &self.matrices[found.expect("every linear layer's weights are packed")]
    }
}

/// `out = x @ w + b`; `w` is `[x's width, out's width]`.
pub(crate) fn linear<F: Real>(net: Net<'_, F>, x: &[F], w: Slot, b: Slot, out: &mut [F], room: &mut Packing) {
    let (x, bias) = (view(x, w.len / b.len), b.of(net.params));
    match net.products {
        Products::Plain => {
            set_product(view_mut(out, b.len), x, view(w.of(net.params), b.len));
            add_bias(out, bias);
        }
        Products::Bf16(weights) => {
            let w = &weights.matrix(w).forward;
            room.multiply_packed(weights.amx, x, w, F::ONE, Store::SetBiased(bias), view_mut(out, b.len));
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
    let (x, grad) = (view(x, w.len / b.len), view(dout, b.len));
    let dw = view_mut(w.of_mut(param_grads), b.len);
    products.multiplier(room).add_product(dw, F::ONE, x.transpose(), grad);
    add_column_sums(b.of_mut(param_grads), dout);
}

/// Input of `out = x @ w + b`: `dx = dout @ wᵀ`, or `dx += dout @ wᵀ` where several layers read the same input.
pub(crate) fn linear_input_bwd<F: Real>(
    net: Net<'_, F>,
    dout: &[F],
    w: Slot,
    b: Slot,
    accum: Accum,
    dx: &mut [F],
    room: &mut Packing,
) {
    let (dout, dx) = (view(dout, b.len), view_mut(dx, w.len / b.len));
    match (net.products, accum) {
        (Products::Plain, Accum::Replace) => set_product(dx, dout, view(w.of(net.params), b.len).transpose()),
        (Products::Plain, Accum::Add) => add_product(dx, dout, view(w.of(net.params), b.len).transpose()),
        (Products::Bf16(weights), _) => {
            let store = if accum == Accum::Add { Store::Add } else { Store::Set };
            room.multiply_packed(weights.amx, dout, &weights.matrix(w).backward, F::ONE, store, dx);
        }
    }
}
