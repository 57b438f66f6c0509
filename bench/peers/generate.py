"""The generation of `searchlens bench generate`, in PyTorch: greedy, keys and values cached, same shapes.

Usage: python generate.py SHAPE [--threads N] [--seconds S] [--precision f32|bf16] [--batch N] [--compile] [--by lens|lens-uncached]
Prints one JSON line: {"seconds": median for all prompts, "new_tokens_per_s": ..}. Pin it from outside (taskset -c 0,1) or with
KMP_AFFINITY=granularity=fine,compact; try several --batch, the best counts. The cache is allocated once for the whole length
and written in place; only the last position of the prompt is unembedded. With bf16, weights and cache are bf16 (`model.bfloat16()`),
which is faster than autocast. Made with torch 2.15.0.
--by lens: TransformerLens' own `generate` on a native model of the same shape, with its cache of keys and values or without
(transformer-lens 3.9.0; that of f32 alone).
"""
import argparse, json, time
import torch, torch.nn as nn, torch.nn.functional as F
from train_step import SHAPES, Transformer

class Cached:
    def __init__(self, model, batch, length):
        self.model, block = model, model.blocks[0]
        d = model.pos.shape[1]
        shape = (len(model.blocks), 2, batch, block.h, length, d // block.h)
        self.cache = torch.zeros(shape, dtype=model.pos.dtype)

    def forward(self, tokens, past):
        n, (b, t) = past + tokens.shape[1], tokens.shape
        x = self.model.embed(tokens) + self.model.pos[past:n]
        for block, cache in zip(self.model.blocks, self.cache):
            d = x.shape[-1]
            q, k, v = (y.view(b, t, block.h, d // block.h).transpose(1, 2) for y in block.qkv(block.ln1(x)).split(d, -1))
            cache[0, :b, :, past:n], cache[1, :b, :, past:n] = k, v
            z = F.scaled_dot_product_attention(q, cache[0, :b, :, :n], cache[1, :b, :, :n], is_causal=past == 0)
            x = x + block.o(z.transpose(1, 2).reshape(b, t, d))
            x = x + block.w_out(F.gelu(block.w_in(block.ln2(x)), approximate="tanh"))
        return self.model.unembed(self.model.ln(x[:, -1]))

def lens_generate(a, prompts, cached):
    """TransformerLens' greedy generation of all prompts, a batch at a time."""
    from transformer_lens import HookedTransformer, HookedTransformerConfig
    v, t, l, d, h, _ = SHAPES[a.shape]
    model = HookedTransformer(HookedTransformerConfig(
        n_layers=l, d_model=d, n_heads=h, d_head=d // h, d_mlp=4 * d, d_vocab=v, n_ctx=max(t, a.prompt + a.new),
        act_fn="gelu_new", normalization_type="LN", device="cpu", seed=0))
    def once():
        for tokens in prompts.split(a.batch):
            out = model.generate(tokens, max_new_tokens=a.new, do_sample=False, stop_at_eos=False, use_past_kv_cache=cached,
                                 prepend_bos=False, return_type="tokens", verbose=False)
            assert out.shape == (len(tokens), a.prompt + a.new)
    return once

def torch_generate(a, prompts):
    """The plain loop of greedy generation over a cache of keys and values."""
    v, t, l, d, h, _ = SHAPES[a.shape]
    model = Transformer(v, max(t, a.prompt + a.new), l, d, h).eval()
    if a.precision == "bf16": model = model.bfloat16()
    cached = Cached(model, a.batch, a.prompt + a.new)
    forward = torch.compile(cached.forward, dynamic=True) if a.compile else cached.forward
    def once():
        for tokens in prompts.split(a.batch):
            past, new = 0, []
            for _ in range(a.new):
                new.append(forward(tokens, past).argmax(-1, keepdim=True))
                past, tokens = past + tokens.shape[1], new[-1]
    return once

def main():
    a = argparse.ArgumentParser(); a.add_argument("shape", choices=SHAPES); a.add_argument("--threads", type=int, default=2)
    a.add_argument("--seconds", type=float, default=5); a.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    a.add_argument("--count", type=int, default=1000); a.add_argument("--prompt", type=int, default=100)
    a.add_argument("--new", type=int, default=30); a.add_argument("--batch", type=int, default=1000)
    a.add_argument("--compile", action="store_true")
    a.add_argument("--by", choices=["torch", "lens", "lens-uncached"], default="torch"); a = a.parse_args()
    torch.set_num_threads(a.threads); torch.manual_seed(0)
    prompts = torch.randint(0, SHAPES[a.shape][0], (a.count, a.prompt))
    once = torch.inference_mode()(torch_generate(a, prompts) if a.by == "torch" else lens_generate(a, prompts, a.by == "lens"))
    once()
    times, end = [], time.perf_counter() + a.seconds
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter(); once(); times.append(time.perf_counter() - start)
    median = sorted(times)[len(times) // 2]
    print(json.dumps({"seconds": round(median, 4), "new_tokens_per_s": round(a.count * a.new / median)}))

if __name__ == "__main__": main()
