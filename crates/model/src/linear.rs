//! The linear layers, `out = x @ w + b`, and their gradients, in the number type itself or with bf16 factors.
//!
//! Right factors of products are copied into a form of their own: weights once per step, if [`PackedWeights`] are given, what
//! else is multiplied where that happens.

use crate::forward::Net;
use crate::kernels::bf16::Right;
use crate::kernels::lanes::add_column_sums;
use crate::kernels::product::{Packing, Store, View, view, view_mut};
use crate::kernels::real::Real;
use crate::kernels::strips::Strips;
use crate::kernels::tier::{Precision, TierError, bf16_unit};
use crate::kernels::tile::Bf16Unit;
use crate::params::{Layout, Slot};
use rayon::prelude::*;

/// How the products of a pass are made.
#[derive(Clone, Copy, Debug)]
pub enum Products<'a, F> {
    /// In the number type of the network.
    Plain,
    /// The same, from weights that were copied before.
    Packed(&'a Matrices<Strips<F>>),
    /// Factors rounded to bf16, sums in f32.
    Bf16(Bf16Unit, &'a Matrices<Right>),
}

/// Every weight matrix of a network, as products of a precision read them.
#[derive(Clone, Debug)]
pub enum PackedWeights {
    /// As they are, in strips.
    F32(Matrices<Strips<f32>>),
    /// Rounded to bf16, in tiles.
    Bf16(Bf16Unit, Matrices<Right>),
}

impl PackedWeights {
    /// Room for the weights of a network; [`PackedWeights::pack`] fills it.
    ///
    /// # Errors
    /// This machine has nothing for bf16.
    pub fn new(precision: Precision, layout: &Layout) -> Result<PackedWeights, TierError> {
        Ok(match precision {
            Precision::F32 => PackedWeights::F32(Matrices::new(layout)),
            Precision::Bf16 => PackedWeights::Bf16(bf16_unit()?, Matrices::new(layout)),
        })
    }

    /// Takes over the current parameters.
    pub fn pack(&mut self, params: &[f32]) {
        match self {
            PackedWeights::F32(matrices) => matrices.pack(params, Strips::pack),
            PackedWeights::Bf16(_, matrices) => matrices.pack(params, Right::pack),
        }
    }

    /// How a pass that reads them makes its products.
    pub fn products(&self) -> Products<'_, f32> {
        match self {
            PackedWeights::F32(matrices) => Products::Packed(matrices),
            PackedWeights::Bf16(unit, matrices) => Products::Bf16(*unit, matrices),
        }
    }
}

/// Every weight matrix as a right factor, in the order of the parameter table.
#[derive(Clone, Debug)]
pub struct Matrices<R>(Vec<Matrix<R>>);

#[derive(Clone, Debug)]
struct Matrix<R> {
    /// `[in, out]`
    w: Slot,
    out_width: usize,
    /// `w`, for `x @ w`.
    forward: R,
    /// `wᵀ`, for `dout @ wᵀ`.
    backward: R,
}

impl<R: Default + Send> Matrices<R> {
    /// Room for them.
    pub(crate) fn new(layout: &Layout) -> Matrices<R> {
        let mut all = Vec::new();
        let mut push = |w: Slot, b: Slot| {
            all.push(Matrix { w, out_width: b.len, forward: R::default(), backward: R::default() });
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
        Matrices(all)
    }

    fn pack(&mut self, params: &[f32], pack: impl Fn(&mut R, View<'_, f32>) + Sync) {
        self.0.par_iter_mut().for_each(|matrix| {
            let w = view(matrix.w.of(params), matrix.out_width);
            pack(&mut matrix.forward, w);
            pack(&mut matrix.backward, w.transpose());
        });
    }

    fn matrix(&self, w: Slot) -> &Matrix<R> {
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
        Products::Bf16(unit, weights) => room.tiles.multiply_packed(unit, x, &weights.matrix(w).forward, store, out),
    }
}

/// Weights and bias of `out = x @ w + b`: `dw += xᵀ @ dout`, `db += column sums of dout`.
pub(crate) fn linear_weights_bwd<F: Real>(
    products: Products<'_, F>,
    x: &[F],
    dout: &[F],
    w: Slot,
    b: Slot,
    param_grads: &mut [F],
    room: &mut Packing<F>,
) {
    let (x, grad) = (view(x, w.len / b.len), view(dout, b.len));
    let (x, dw) = (x.transpose(), view_mut(w.of_mut(param_grads), b.len));
    match products {
        Products::Plain | Products::Packed(_) => room.multiply(x, grad, Store::Add, dw),
        Products::Bf16(unit, _) => room.tiles.multiply(unit, x, grad, Store::Add, dw),
    }
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
        Products::Bf16(unit, weights) => room.tiles.multiply_packed(unit, dout, &weights.matrix(w).backward, store, dx),
    }
}
