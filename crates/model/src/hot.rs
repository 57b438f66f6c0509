//! Kernels on buffers of their own, for the package `bench` to time. Compiled with the feature `bench` only.
//!
//! This file has the kernels of the plain step, in f32 on this thread's tier; [`crate::tiled::hot`] has those of the tiled step.

use crate::config::ModelConfig;
use crate::kernels::activation::{Activation, activate};
use crate::kernels::attention::{AttnDims, KvGradient};
use crate::kernels::flash::{Softmax, attend, attend_bwd};
use crate::kernels::loss::cross_entropy;
use crate::kernels::norm::{NormActs, NormKind, norm_rows, norm_rows_bwd};
use crate::kernels::product::{Packing, Store, view, view_mut};
use crate::kernels::real::Real;
use crate::kernels::rotary::RotaryTable;
use crate::kernels::strips::Strips;
use crate::kernels::tier::vectorised;
use crate::micro_batch::MicroBatch;
use crate::optimiser::{self, AdamW, Moments};
use crate::params::{Layout, ParamGroup};

/// Execution unit of a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Products of bf16 tiles.
    Tiles,
    /// Vectors of f32.
    Vectors,
}

/// A kernel with its buffers, to run repeatedly: the buffers are as hot as their size allows.
pub struct Kernel {
    /// Name.
    pub name: &'static str,
    /// Sizes.
    pub sizes: String,
    /// Unit that does most of its arithmetic.
    pub unit: Unit,
    /// Arithmetic operations per run. A multiply-add is two; functions count as their kernels write them.
    pub flops: f64,
    /// Bytes that a run touches, each counted once even if it is read and written.
    pub bytes: usize,
    /// Runs it once.
    pub run: Box<dyn FnMut()>,
}

/// Shape `s` of `bench train`: a micro-batch is one sequence.
pub(crate) const SEQ: usize = 256;
pub(crate) const D: usize = 128;
pub(crate) const HIDDEN: usize = 4 * D;
pub(crate) const VOCAB: usize = 80;
pub(crate) const DIMS: AttnDims =
    AttnDims { n_seq: 1, seq: SEQ, n_heads: 4, d_head: D / 4, causal: true, attn_scale: 5.656_854_249_492_381 };

/// Pairs of a query and a visible key, over all heads: attention's arithmetic is proportional to it.
pub(crate) const SEEN: usize = 4 * SEQ * (SEQ + 1) / 2;

/// Returns numbers between −1 and 1.
pub(crate) fn numbers(len: usize) -> Vec<f32> {
    (0..len).map(|i| (i * 7919 % 104_729) as f32 / 52_364.5 - 1.0).collect()
}

/// Operations of [`Real::exp`] in f32, and of `gelu_new` with its derivative, exponential included.
const OF_EXP: usize = 20;
const OF_GELU_NEW: usize = OF_EXP + 20;

/// Returns the plain step's kernels in f32.
pub fn kernels() -> Vec<Kernel> {
    let f32s = |n: usize| 4 * n;
    let kernel = |name, sizes: &str, flops: usize, bytes, run: Box<dyn FnMut()>| Kernel {
        name,
        sizes: sizes.into(),
        unit: Unit::Vectors,
        flops: flops as f64,
        bytes,
        run,
    };
    let n = SEQ * HIDDEN;
    vec![
        kernel(
            "product, weights packed",
            "256x128 @ 128x384",
            2 * SEQ * D * 3 * D,
            f32s(4 * SEQ * D + 3 * D * D),
            forward(D, 3 * D),
        ),
        kernel(
            "product, weights packed",
            "256x512 @ 512x128",
            2 * SEQ * HIDDEN * D,
            f32s(5 * SEQ * D + HIDDEN * D),
            forward(HIDDEN, D),
        ),
        weights_gradient(D, HIDDEN),
        weights_gradient(HIDDEN, D),
        weights_gradient(D, D),
        kernel("pack into strips", "128x512", 0, f32s(2 * D * HIDDEN), pack()),
        kernel("attention", "256 x 4 heads of 32", SEEN * (4 * D / 4 + OF_EXP), f32s(4 * SEQ * D), attention()),
        kernel(
            "attention, backward",
            "256 x 4 heads of 32",
            SEEN * (10 * D / 4 + OF_EXP),
            f32s(8 * SEQ * D),
            attention_backward(),
        ),
        kernel("norm", "256x128", 8 * SEQ * D, f32s(2 * SEQ * D), norm()),
        kernel("norm, backward", "256x128", 16 * SEQ * D, f32s(3 * SEQ * D), norm_backward()),
        kernel("gelu by tanh, slope", "256x512", OF_GELU_NEW * n, f32s(2 * n), gelu()),
        kernel("cross-entropy", "256x80", (OF_EXP + 6) * SEQ * VOCAB, f32s(2 * SEQ * VOCAB), loss()),
        kernel("rotary", "256 x 4 heads of 32", 3 * SEQ * D, f32s(SEQ * D), rotary()),
        kernel("exp", "4096", OF_EXP * 4096, f32s(2 * 4096), exponentials()),
        adamw(kernel),
    ]
}

/// A linear layer of a sequence.
fn forward(inner: usize, width: usize) -> Box<dyn FnMut()> {
    let (x, w, bias, mut out) = (numbers(SEQ * inner), numbers(inner * width), numbers(width), numbers(SEQ * width));
    let (mut strips, mut packing) = (Strips::default(), Packing::default());
    strips.pack(view(&w, width));
    Box::new(move || {
        packing.multiply_strips(view(&x, inner), strips.whole(), Store::SetBiased(&bias), view_mut(&mut out, width));
    })
}

/// Gradient of a linear layer's weights, `[inner, width]`, from one sequence.
fn weights_gradient(inner: usize, width: usize) -> Kernel {
    let (x, dout, mut dw) = (numbers(SEQ * inner), numbers(SEQ * width), vec![0.0; inner * width]);
    let mut packing = Packing::default();
    Kernel {
        name: "weights' gradient",
        sizes: format!("{inner}x{SEQ} @ {SEQ}x{width}"),
        unit: Unit::Vectors,
        flops: (2 * inner * SEQ * width) as f64,
        bytes: 4 * (SEQ * (inner + width) + inner * width),
        run: Box::new(move || {
            packing.multiply(view(&x, inner).transpose(), view(&dout, width), Store::Add, view_mut(&mut dw, width));
        }),
    }
}

fn pack() -> Box<dyn FnMut()> {
    let (w, mut strips) = (numbers(D * HIDDEN), Strips::default());
    Box::new(move || strips.pack(view(&w, HIDDEN)))
}

fn attention() -> Box<dyn FnMut()> {
    let [q, k, v, mut z] = [(); 4].map(|()| numbers(SEQ * D));
    let (mut softmax, mut packing) = (vec![Softmax::default(); 4 * SEQ], Packing::default());
    Box::new(move || attend(DIMS, &q, &k, &v, &mut z, &mut softmax, &mut packing))
}

fn attention_backward() -> Box<dyn FnMut()> {
    let [q, k, v, mut z, dz] = [(); 5].map(|()| numbers(SEQ * D));
    let [mut dq, mut dk, mut dv] = [(); 3].map(|()| numbers(SEQ * D));
    let (mut softmax, mut packing) = (vec![Softmax::default(); 4 * SEQ], Packing::default());
    attend(DIMS, &q, &k, &v, &mut z, &mut softmax, &mut packing);
    Box::new(move || {
        let gradients = [&mut dq[..], &mut dk, &mut dv];
        attend_bwd(DIMS, KvGradient::AllQueries, [&q, &k, &v], &softmax, &z, &dz, gradients, &mut packing);
    })
}

const NORM: NormKind = NormKind { centred: true, eps: 1e-5 };

fn norm() -> Box<dyn FnMut()> {
    let (x, gain, bias, mut acts) = (numbers(SEQ * D), numbers(D), numbers(D), NormActs::default());
    acts.resize(SEQ, D);
    Box::new(move || norm_rows(NORM, Some(&gain), Some(&bias), &x, &mut acts))
}

/// The kernel overwrites the gradient, so each run copies it first.
fn norm_backward() -> Box<dyn FnMut()> {
    let (x, gain, mut acts, dout) = (numbers(SEQ * D), numbers(D), NormActs::default(), numbers(SEQ * D));
    let (mut grad, mut dgain, mut dbias) = (dout.clone(), vec![0.0; D], vec![0.0; D]);
    acts.resize(SEQ, D);
    norm_rows(NORM, None, None, &x, &mut acts);
    Box::new(move || {
        grad.copy_from_slice(&dout);
        norm_rows_bwd(NORM, Some(&gain), &acts, &x, &mut grad, Some(&mut dgain), Some(&mut dbias));
    })
}

/// After the first run it reads its own derivatives: any finite numbers will do.
fn gelu() -> Box<dyn FnMut()> {
    let (mut x, mut post) = (numbers(SEQ * HIDDEN), numbers(SEQ * HIDDEN));
    Box::new(move || activate(Activation::GeluNew, &mut x, &mut post))
}

fn loss() -> Box<dyn FnMut()> {
    let (logits, mut dlogits, micro_batch) = (numbers(SEQ * VOCAB), numbers(SEQ * VOCAB), micro_batch());
    Box::new(move || {
        cross_entropy(SEQ, &logits, &micro_batch.tokens, &micro_batch.weights, 1.0, &mut dlogits);
    })
}

/// One sequence, every position scored.
pub(crate) fn micro_batch() -> MicroBatch {
    let tokens = (0..SEQ).map(|i| (i * 31 % VOCAB) as u32).collect();
    MicroBatch { tokens, targets: None, seq: SEQ, weights: vec![1.0; SEQ - 1] }
}

fn rotary() -> Box<dyn FnMut()> {
    let (mut x, mut rotary) = (numbers(SEQ * D), RotaryTable::default());
    Box::new(move || rotary.rotate(DIMS, D / 4, 1e4, 1.0, 0, &mut x))
}

fn exponentials() -> Box<dyn FnMut()> {
    let (x, mut out) = (numbers(4096), numbers(4096));
    Box::new(move || {
        let (x, out) = (&x[..], &mut out[..]);
        vectorised(
            #[inline(always)]
            move || {
                for (out, x) in out.iter_mut().zip(x) {
                    *out = Real::exp(*x);
                }
            },
        );
    })
}

/// The optimizer step on all parameters of the shape.
fn adamw(kernel: impl Fn(&'static str, &str, usize, usize, Box<dyn FnMut()>) -> Kernel) -> Kernel {
    let layout = Layout::new(&ModelConfig::new(6, D, 4, VOCAB, SEQ));
    let n = layout.n_params();
    let (mut params, gradient, mut moments) = (numbers(n), numbers(n), Moments::new(n));
    let decay = vec![ParamGroup::Attention, ParamGroup::Mlp, ParamGroup::Unembedding];
    let adamw = AdamW { beta1: 0.9, beta2: 0.98, eps: 1e-8, weight_decay: 0.05, decay, clip: Some(1.0) };
    let run = move || {
        optimiser::step(&adamw, &layout, &[], 1e-6, &gradient, 1.0, &mut params, &mut moments);
    };
    kernel("AdamW", &format!("{n} parameters"), 16 * n, 16 * n, Box::new(run))
}
