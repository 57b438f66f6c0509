//! The kernels of a tiled step on the buffers of one micro-batch and block, for the package `bench`.

use super::attention::{AttentionScratch, attention};
use super::attention_bwd::{AttentionBwdScratch, attention_bwd};
use super::attention_stash::AttentionStash;
use super::factor::{self, BLOCK, BlockScratch, Floats, Rows, Tiles};
use super::heads::Heads;
use super::linear::{Finish, multiply};
use super::loss::cross_entropy;
use super::norm::{self, Norm, Normalized};
use super::rotary::RotaryTable;
use crate::hot::{D, DIMS, HIDDEN, Kernel, SEEN, SEQ, Unit, VOCAB, micro_batch, numbers};
use crate::kernels::activation::Activation;
use crate::kernels::attention::KvGradient;
use crate::kernels::bf16_unit::{Bf16Unit, TileUnit};
use crate::kernels::norm::NormKind;
use crate::kernels::tile::{Block, Lanes, LeftStrips, Line, Steps, Sums, Wide, ZERO_BLOCK, ZERO_WIDE};
use crate::kernels::vector::{self, V};
use crate::micro_batch::MicroBatch;
use std::arch::x86_64::_mm512_add_ps;
use std::cell::RefCell;
use std::rc::Rc;

/// Rows of the MLP that go through both its layers, as in a step.
const PANEL: usize = 64;
/// Lanes that functions are applied to.
const N_LANES: usize = 256;

/// What one block's kernels read and write.
struct Buffers {
    unit: TileUnit,
    heads: Heads,
    norm: Norm,
    weights: [Weights; 4],
    resid: Floats,
    normalized: Normalized,
    normed: Rows,
    normed_left: Tiles,
    qkv: Rows,
    z: Rows,
    attention_stash: AttentionStash,
    hidden: Rows,
    post: Tiles,
    slope: Rows,
    grad_rows: Rows,
    grad_left: Tiles,
    dnormed: Floats,
    dresid: Floats,
    dz: Rows,
    dqkv: Rows,
    right: Tiles,
    columns: Vec<Wide>,
    dgain: [Vec<Wide>; 2],
    dweights: Vec<Block>,
    attention: AttentionScratch,
    attention_bwd: AttentionBwdScratch,
    rotary: RotaryTable,
    scratch: BlockScratch,
    lanes: [Vec<Lanes>; 2],
    micro_batch: MicroBatch,
    scored: Vec<usize>,
    logits: Floats,
    dlogits: Rows,
}

/// A matrix as right factor, with what it was packed from.
struct Weights {
    floats: Vec<f32>,
    forward: Tiles,
    backward: Tiles,
    bias: Vec<Wide>,
}

impl Weights {
    #[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
    fn new(inner: usize, width: usize) -> Weights {
        let floats: Vec<f32> = numbers(inner * width).iter().map(|x| x / (inner as f32).sqrt()).collect();
        let (mut forward, mut backward) = (Tiles::default(), Tiles::default());
        forward.resize(width, inner);
        backward.resize(inner, width);
        factor::pack_weights(&floats, width, 0, &mut forward);
        factor::pack_weights_transposed(&floats, width, 0, &mut backward);
        Weights { floats, forward, backward, bias: vec![ZERO_WIDE; width.div_ceil(BLOCK)] }
    }
}

impl Buffers {
    /// Buffers filled by the kernels themselves, in the order of a step.
    #[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
    fn new(unit: TileUnit) -> Buffers {
        let rows = |rows: usize, columns: usize| {
            let mut x = Rows::default();
            x.resize(rows, columns);
            x
        };
        let tiles = |len: usize, inner: usize| {
            let mut x = Tiles::default();
            x.resize(len, inner);
            x
        };
        let floats = |rows: usize, columns: usize| {
            let mut x = Floats::default();
            x.resize(rows, columns);
            for (row, numbers) in numbers(rows * columns).chunks(columns).enumerate() {
                for (lanes, numbers) in x.row_mut(row).as_flattened_mut().iter_mut().zip(numbers.chunks(16)) {
                    lanes.0[..numbers.len()].copy_from_slice(numbers);
                }
            }
            x
        };
        let heads = Heads { dims: DIMS, width: D };
        let mut normalized = Normalized::default();
        normalized.resize(SEQ, D);
        let mut attention_stash = AttentionStash::default();
        attention_stash.resize(heads, true);
        let one = ZERO_WIDE.map(|_| Lanes([1.0; 16]));
        let kind = Some(NormKind { centred: true, eps: 1e-5 });
        let lanes = || numbers(16 * N_LANES).as_chunks::<16>().0.iter().map(|x| Lanes(x.map(|x| 4.0 * x))).collect();
        let mut buffers = Buffers {
            unit,
            heads,
            norm: Norm { kind, gain: vec![one; D / BLOCK], bias: vec![ZERO_WIDE; D / BLOCK], d_model: D },
            weights: [(D, 3 * D), (D, D), (D, HIDDEN), (HIDDEN, D)].map(|(inner, width)| Weights::new(inner, width)),
            resid: floats(SEQ, D),
            normalized,
            normed: rows(SEQ, D),
            normed_left: tiles(D, SEQ),
            qkv: rows(SEQ + BLOCK, 3 * D),
            z: rows(SEQ, D),
            attention_stash,
            hidden: rows(PANEL, HIDDEN),
            post: tiles(HIDDEN, SEQ),
            slope: rows(SEQ, HIDDEN),
            grad_rows: rows(SEQ, D),
            grad_left: tiles(D, SEQ),
            dnormed: floats(SEQ, D),
            dresid: floats(SEQ, D),
            dz: rows(SEQ, D),
            dqkv: rows(SEQ, 3 * D),
            right: tiles(3 * D, SEQ),
            columns: vec![ZERO_WIDE; HIDDEN / BLOCK],
            dgain: [(); 2].map(|()| vec![ZERO_WIDE; D / BLOCK]),
            dweights: vec![ZERO_BLOCK; D / BLOCK * HIDDEN / BLOCK],
            attention: AttentionScratch::default(),
            attention_bwd: AttentionBwdScratch::default(),
            rotary: RotaryTable::default(),
            scratch: BlockScratch::default(),
            lanes: [lanes(), lanes()],
            micro_batch: micro_batch(),
            scored: (0..SEQ).collect(),
            logits: floats(SEQ, VOCAB),
            dlogits: rows(SEQ, VOCAB),
        };
        norm_forward(&mut buffers);
        linear_qkv(&mut buffers);
        attend(&mut buffers);
        linear_in(&mut buffers);
        round_rows(&mut buffers);
        buffers.dz.clone_from(&buffers.z);
        buffers
    }
}

/// Returns the kernels, on this thread.
pub fn kernels(unit: Bf16Unit) -> Vec<Kernel> {
    let unit = unit.on_this_thread();
    #[expect(unsafe_code, reason = "calls code that is compiled for this processor's vectors")]
    // SAFETY: a `Bf16Unit` exists only where the features do.
    let buffers = Rc::new(RefCell::new(unsafe { Buffers::new(unit) }));
    let kernel = |name, sizes: &str, unit, flops: usize, bytes, run: unsafe fn(&mut Buffers)| {
        let buffers = buffers.clone();
        let run = move || {
            #[expect(unsafe_code, reason = "calls code that is compiled for this processor's vectors")]
            // SAFETY: a `Bf16Unit` exists only where the features do, and all `run` asks for is them.
            unsafe {
                run(&mut buffers.borrow_mut());
            }
        };
        Kernel { name, sizes: sizes.into(), unit, flops: flops as f64, bytes, run: Box::new(run) }
    };
    let product = |m: usize, k: usize, n: usize| 2 * m * k * n;
    // Operations of the functions in `kernels::vector`, as they are written there.
    let (of_exp2, of_gelu_new, of_gelu) = (8, 23, 35);
    let all = 16 * N_LANES;
    use Unit::{Tiles, Vectors};
    let mut kernels: Vec<Kernel> = [1, 2, 4, 8, 16, 32].map(|depth| tile_product(unit, depth)).into();
    kernels.extend([
        kernel(
            "linear qkv",
            "256x128 @ 128x384",
            Tiles,
            product(SEQ, D, 3 * D),
            2 * (SEQ * 4 * D + 3 * D * D),
            linear_qkv,
        ),
        kernel(
            "linear out, residual",
            "256x128 @ 128x128",
            Tiles,
            product(SEQ, D, D),
            10 * SEQ * D + 2 * D * D,
            linear_out,
        ),
        kernel(
            "linear in, gelu, slope",
            "256x128 @ 128x512",
            Tiles,
            product(SEQ, D, HIDDEN) + of_gelu_new * SEQ * HIDDEN,
            2 * (SEQ * D + D * HIDDEN + 2 * SEQ * HIDDEN + PANEL * HIDDEN),
            linear_in,
        ),
        kernel(
            "linear out of MLP",
            "64x512 @ 512x128",
            Tiles,
            product(PANEL, HIDDEN, D),
            2 * PANEL * HIDDEN + 8 * PANEL * D + 2 * HIDDEN * D,
            linear_mlp_out,
        ),
        kernel(
            "weights' gradient",
            "128x256 @ 256x512",
            Tiles,
            product(D, SEQ, HIDDEN),
            2 * SEQ * (D + HIDDEN) + 8 * D * HIDDEN,
            weights_gradient,
        ),
        kernel("attention", "256 x 4 heads of 32", Tiles, SEEN * (D + of_exp2), 2 * SEQ * 4 * D, attend),
        kernel(
            "attention, backward",
            "256 x 4 heads of 32",
            Tiles,
            // Four products for each pair: its exponentials are stored.
            SEEN * (8 * D / 4),
            2 * SEQ * 8 * D,
            attend_bwd,
        ),
        kernel("norm", "256x128", Vectors, 7 * SEQ * D, 8 * SEQ * D, norm_forward),
        kernel("norm, backward", "256x128", Vectors, 14 * SEQ * D, 14 * SEQ * D, norm_backward),
        kernel("cross-entropy", "256x80", Vectors, (15 + 6) * SEQ * VOCAB, 6 * SEQ * VOCAB, loss),
        kernel("rotary", "256 x 8 heads of 32", Vectors, 3 * SEQ * 2 * D, 4 * SEQ * D, rotary),
        kernel("round, transpose, column sums", "256x128", Vectors, SEQ * D, 8 * SEQ * D, round_rows),
        kernel("pack right factor", "256x384", Vectors, 0, 4 * SEQ * 3 * D, pack_right),
        kernel("pack left factor, transposed", "256x128", Vectors, 0, 4 * SEQ * D, pack_left),
        kernel("pack weights", "128x512", Vectors, 0, 6 * D * HIDDEN, pack_weights),
        kernel("pack weights, transposed", "128x512", Vectors, 0, 6 * D * HIDDEN, pack_weights_transposed),
        kernel("exp2 (1e-4)", "4096", Vectors, of_exp2 * all, 8 * all, exp2_fast),
        kernel("exp2 (3e-7)", "4096", Vectors, 15 * all, 8 * all, exp2_exact),
        kernel("gelu by tanh, slope", "4096", Vectors, of_gelu_new * all, 8 * all, gelu_new),
        kernel("gelu by erf, slope", "4096", Vectors, of_gelu * all, 8 * all, gelu),
    ]);
    kernels
}

/// The product of two blocks, `depth` tiles along the inner dimension.
fn tile_product(unit: TileUnit, depth: usize) -> Kernel {
    let (left, right) = (vec![[Line::ZERO; 16]; 2 * depth], vec![[Line::ZERO; 16]; 2 * depth]);
    let mut out = ZERO_BLOCK;
    let run = move || {
        let strips = LeftStrips::new(left.as_flattened(), Steps { row: 1, tile: 16, strip: 16 * depth }, depth);
        let (one, two) = right.split_at(depth);
        unit.multiply(strips, [one, two], Sums::Set, &mut out);
    };
    let (flops, bytes) = ((2 * 32 * 32 * 32 * depth) as f64, 4096 * depth + size_of::<Block>());
    let sizes = format!("32x{0} @ {0}x32", 32 * depth);
    Kernel { name: "tile product", sizes, unit: Unit::Tiles, flops, bytes, run: Box::new(run) }
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn linear_qkv(b: &mut Buffers) {
    let weights = &b.weights[0];
    let mut finish = Finish::Round { bias: Some(&weights.bias), out: &mut b.qkv };
    multiply(b.unit, &b.normed, 0, 0..SEQ, &weights.forward, &mut finish, &mut b.scratch);
}

/// Sets sums where a step adds to them: after many runs they would be infinite.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn linear_out(b: &mut Buffers) {
    let weights = &b.weights[1];
    let mut finish = Finish::Float { bias: Some(&weights.bias), sums: Sums::Set, out: &mut b.dnormed };
    multiply(b.unit, &b.z, 0, 0..SEQ, &weights.forward, &mut finish, &mut b.scratch);
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn linear_in(b: &mut Buffers) {
    let weights = &b.weights[2];
    for first in (0..SEQ).step_by(PANEL) {
        let (panel, right, slope) = (&mut b.hidden, &mut b.post, &mut b.slope);
        let mut finish = Finish::Activate { act: Activation::GeluNew, bias: &weights.bias, panel, right, slope };
        multiply(b.unit, &b.normed, 0, first..first + PANEL, &weights.forward, &mut finish, &mut b.scratch);
    }
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn linear_mlp_out(b: &mut Buffers) {
    let weights = &b.weights[3];
    let mut finish = Finish::Float { bias: Some(&weights.bias), sums: Sums::Set, out: &mut b.dnormed };
    multiply(b.unit, &b.hidden, 0, 0..PANEL, &weights.forward, &mut finish, &mut b.scratch);
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn weights_gradient(b: &mut Buffers) {
    factor::add_weight_gradient(b.unit, &b.normed_left, &b.post, Sums::Set, &mut b.dweights);
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn attend(b: &mut Buffers) {
    attention(b.unit, b.heads, &b.qkv, &mut b.z, &mut b.attention_stash, &mut b.attention);
}

/// The kernel overwrites the gradient of `z`, so each run copies it first.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn attend_bwd(b: &mut Buffers) {
    b.dz.clone_from(&b.z);
    attention_bwd(
        b.unit,
        b.heads,
        KvGradient::AllQueries,
        &b.qkv,
        &b.z,
        &mut b.attention_stash,
        &mut b.dz,
        &mut b.dqkv,
        &mut b.attention_bwd,
    );
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn norm_forward(b: &mut Buffers) {
    for block in 0..SEQ / BLOCK {
        norm::norm(&b.norm, &b.resid, block, &mut b.normed, Some(&mut b.normalized));
    }
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn norm_backward(b: &mut Buffers) {
    let [dgain, dbias] = &mut b.dgain;
    for block in 0..SEQ / BLOCK {
        norm::norm_bwd(&b.norm, &b.normalized, &b.dnormed, block, [dgain, dbias], Sums::Set, &mut b.dresid);
    }
}

/// After the first run it reads its own exponentials: any finite numbers will do.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn loss(b: &mut Buffers) {
    cross_entropy(&b.micro_batch, &b.scored, VOCAB, 1.0, &mut b.logits, &mut b.dlogits);
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn rotary(b: &mut Buffers) {
    b.rotary.rotate(b.heads, D / 4, 1e4, |r| r, 1.0, &mut b.qkv);
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn round_rows(b: &mut Buffers) {
    for block in 0..SEQ / BLOCK {
        factor::round_rows(&b.resid, block, &mut b.grad_rows, &mut b.grad_left, &mut b.columns[..D / BLOCK]);
    }
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn pack_right(b: &mut Buffers) {
    for block in 0..SEQ / BLOCK {
        factor::pack_right(&b.qkv, block, &mut b.right);
    }
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn pack_left(b: &mut Buffers) {
    for block in 0..SEQ / BLOCK {
        factor::pack_left_transposed(&b.normed, block, &mut b.normed_left);
    }
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn pack_weights(b: &mut Buffers) {
    let weights = &mut b.weights[2];
    factor::pack_weights(&weights.floats, HIDDEN, 0, &mut weights.forward);
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn pack_weights_transposed(b: &mut Buffers) {
    let weights = &mut b.weights[2];
    factor::pack_weights_transposed(&weights.floats, HIDDEN, 0, &mut weights.backward);
}

/// A function of every vector of `lanes`.
#[inline]
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn function(b: &mut Buffers, f: impl Fn(V) -> V) {
    let [from, to] = &mut b.lanes;
    for (from, to) in from.iter().zip(to) {
        vector::store(to, f(vector::load(from)));
    }
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn exp2_fast(b: &mut Buffers) {
    function(b, |x| vector::exp2(x));
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn exp2_exact(b: &mut Buffers) {
    function(b, |x| vector::exp2_exact(x));
}

/// Value and slope in one sum, so that neither is left out.
#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn gelu_new(b: &mut Buffers) {
    function(b, |x| {
        let (value, slope) = vector::gelu_new(x);
        _mm512_add_ps(value, slope)
    });
}

#[target_feature(enable = "avx512bf16,avx512dq,avx512vl")]
fn gelu(b: &mut Buffers) {
    function(b, |x| {
        let (value, slope) = vector::gelu(x);
        _mm512_add_ps(value, slope)
    });
}
