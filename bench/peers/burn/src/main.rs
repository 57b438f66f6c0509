//! The training step of `searchlens bench train`, in burn: same shapes, same optimiser, loss on every position, f32.
//!
//! Usage: burn-peer SHAPE [SECONDS]. Prints one JSON line, as `train_step.py` does: `ms_per_step` (median), `tokens_per_s`,
//! `peak_bytes` (peak resident less resident once the model stood). Threads are rayon's: `RAYON_NUM_THREADS=2`. burn clips each
//! tensor's gradient by its own norm, which is less work than the norm of all.

use burn::grad_clipping::GradientClippingConfig;
use burn::module::{Module, Param};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Embedding, EmbeddingConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::activation::gelu_approximate;
use burn::tensor::module::attention;
use burn::tensor::ops::AttentionModuleOptions;
use burn::tensor::{Device, Distribution, Int, Tensor};
use std::time::Instant;

struct Shape {
    d_vocab: usize,
    n_ctx: usize,
    n_layers: usize,
    d_model: usize,
    n_heads: usize,
    batch: usize,
}

fn shape(name: &str) -> Option<Shape> {
    let [d_vocab, n_ctx, n_layers, d_model, n_heads, batch] = match name {
        "xs" => [80, 128, 4, 64, 4, 64],
        "s" => [80, 256, 6, 128, 4, 32],
        "m" => [80, 256, 8, 256, 8, 32],
        "p" => [72, 56, 4, 128, 4, 256],
        _ => return None,
    };
    Some(Shape { d_vocab, n_ctx, n_layers, d_model, n_heads, batch })
}

#[derive(Module, Debug)]
struct Block {
    ln1: LayerNorm,
    qkv: Linear,
    o: Linear,
    ln2: LayerNorm,
    w_in: Linear,
    w_out: Linear,
    n_heads: usize,
}

impl Block {
    fn new(d: usize, n_heads: usize, device: &Device) -> Block {
        let linear = |from, to| LinearConfig::new(from, to).init(device);
        let norm = || LayerNormConfig::new(d).init(device);
        let (qkv, o, w_in, w_out) = (linear(d, 3 * d), linear(d, d), linear(d, 4 * d), linear(4 * d, d));
        Block { ln1: norm(), qkv, o, ln2: norm(), w_in, w_out, n_heads }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [b, t, d] = x.dims();
        let heads = self.qkv.forward(self.ln1.forward(x.clone())).chunk(3, 2).into_iter();
        let mut heads = heads.map(|y| y.reshape([b, t, self.n_heads, d / self.n_heads]).swap_dims(1, 2));
        let mut next = || heads.next().expect("three chunks");
        let (q, k, v) = (next(), next(), next());
        let causal = AttentionModuleOptions { is_causal: true, ..Default::default() };
        let z = attention(q, k, v, None, None, causal).swap_dims(1, 2).reshape([b, t, d]);
        let x = x + self.o.forward(z);
        let hidden = gelu_approximate(self.w_in.forward(self.ln2.forward(x.clone())));
        x + self.w_out.forward(hidden)
    }
}

#[derive(Module, Debug)]
struct Transformer {
    embed: Embedding,
    pos: Param<Tensor<2>>,
    blocks: Vec<Block>,
    ln: LayerNorm,
    unembed: Linear,
}

impl Transformer {
    fn new(shape: &Shape, device: &Device) -> Transformer {
        let &Shape { d_vocab, n_ctx, n_layers, d_model, n_heads, .. } = shape;
        Transformer {
            embed: EmbeddingConfig::new(d_vocab, d_model).init(device),
            pos: Param::from_tensor(Tensor::random([n_ctx, d_model], Distribution::Normal(0.0, 0.02), device)),
            blocks: (0..n_layers).map(|_| Block::new(d_model, n_heads, device)).collect(),
            ln: LayerNormConfig::new(d_model).init(device),
            unembed: LinearConfig::new(d_model, d_vocab).with_bias(false).init(device),
        }
    }

    fn forward(&self, tokens: Tensor<2, Int>) -> Tensor<3> {
        let x = self.embed.forward(tokens) + self.pos.val().unsqueeze();
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x));
        self.unembed.forward(self.ln.forward(x))
    }
}

/// A line of `/proc/self/status`, in bytes.
fn memory(what: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(what))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

fn main() {
    let mut args = std::env::args().skip(1);
    let shape = args.next().as_deref().and_then(shape).expect("give a shape: xs, s, m or p");
    let seconds: f64 = args.next().map_or(5.0, |text| text.parse().expect("seconds are a number"));
    let device = Device::flex().autodiff();
    let mut model = Transformer::new(&shape, &device);
    let before = memory("VmRSS");
    let clipping = Some(GradientClippingConfig::Norm(1.0));
    let mut optimiser = AdamWConfig::new().with_beta_2(0.98).with_weight_decay(0.01).with_grad_clipping(clipping).init();
    let &Shape { batch, n_ctx, d_vocab, .. } = &shape;
    let ids: Vec<i64> = (0..batch * n_ctx).map(|i| (i * 7919 % 104_729 % d_vocab) as i64).collect();
    let tokens = Tensor::<1, Int>::from_ints(ids.as_slice(), &device).reshape([batch, n_ctx]);
    let targets = tokens.clone().slice([0..batch, 1..n_ctx]).reshape([batch * (n_ctx - 1)]);
    let cross_entropy = CrossEntropyLossConfig::new().init(&device);
    let mut step = |model: Transformer| {
        let logits = model.forward(tokens.clone()).slice([0..batch, 0..n_ctx - 1, 0..d_vocab]);
        let loss = cross_entropy.forward(logits.reshape([batch * (n_ctx - 1), d_vocab]), targets.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        optimiser.step(1e-3, model, gradients)
    };
    for _ in 0..3 {
        model = step(model);
    }
    let (begun, mut times) = (Instant::now(), Vec::new());
    while times.len() < 5 || begun.elapsed().as_secs_f64() < seconds {
        let start = Instant::now();
        model = step(model);
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    let median = times[times.len() / 2];
    println!(
        "{}",
        serde_json::json!({
            "ms_per_step": 1e3 * median,
            "tokens_per_s": (batch * n_ctx) as f64 / median,
            "peak_bytes": memory("VmHWM").zip(before).map(|(peak, before)| peak - before),
        })
    );
}
