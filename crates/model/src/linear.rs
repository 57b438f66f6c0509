//! The linear layers, `out = x @ w + b`, and their gradients.

use crate::kernels::lanes::add_column_sums;
use crate::kernels::product::{Packing, Store, view, view_mut};
use crate::kernels::real::Real;
use crate::net::{Net, Products};
use crate::params::Slot;

/// `out = x @ w + b`; `w` is `[x's width, out's width]`.
pub(crate) fn linear<F: Real>(net: Net<'_, F>, x: &[F], w: Slot, b: Slot, out: &mut [F], packing: &mut Packing<F>) {
    let (x, out) = (view(x, w.len / b.len), view_mut(out, b.len));
    let store = Store::SetBiased(b.of(net.params));
    match net.products {
        Products::Plain => packing.multiply(x, view(w.of(net.params), b.len), store, out),
        Products::Packed(weights) => packing.multiply_strips(x, weights.matrix(w).forward.whole(), store, out),
    }
}

/// Gradients of the weights and bias of `out = x @ w + b`: `dw += xᵀ @ dout`, `db += column sums of dout`.
pub(crate) fn linear_weights_bwd<F: Real>(
    x: &[F],
    dout: &[F],
    w: Slot,
    b: Slot,
    param_grads: &mut [F],
    packing: &mut Packing<F>,
) {
    let (x, grad) = (view(x, w.len / b.len), view(dout, b.len));
    let (x, dw) = (x.transpose(), view_mut(w.of_mut(param_grads), b.len));
    packing.multiply(x, grad, Store::Add, dw);
    add_column_sums(b.of_mut(param_grads), dout);
}

/// Gradient of the input of `out = x @ w + b`: `dx = dout @ wᵀ`, or `dx += dout @ wᵀ` where several layers read the same input.
pub(crate) fn linear_input_bwd<F: Real>(
    net: Net<'_, F>,
    dout: &[F],
    w: Slot,
    b: Slot,
    store: Store<'_, F>,
    dx: &mut [F],
    packing: &mut Packing<F>,
) {
    let (dout, dx) = (view(dout, b.len), view_mut(dx, w.len / b.len));
    match net.products {
        Products::Plain => packing.multiply(dout, view(w.of(net.params), b.len).transpose(), store, dx),
        Products::Packed(weights) => packing.multiply_strips(dout, weights.matrix(w).backward.whole(), store, dx),
    }
}
