"""The training step of `searchlens bench train`, in PyTorch: same shapes, same optimiser, loss on every position.

Usage: python train_step.py SHAPE [--threads N] [--seconds S] [--precision f32|bf16] [--compile]
Prints one JSON line: {"ms_per_step": median, "tokens_per_s": .., "peak_bytes": peak resident less resident once the model stood}. Pin it from outside (taskset -c 0,1) or with
KMP_AFFINITY=granularity=fine,compact. Made with torch 2.15.0.
"""
import argparse, json, time
import torch, torch.nn as nn, torch.nn.functional as F

SHAPES = {  # d_vocab, n_ctx, n_layers, d_model, n_heads, batch
    "xs": (80, 128, 4, 64, 4, 64), "s": (80, 256, 6, 128, 4, 32), "m": (80, 256, 8, 256, 8, 32), "p": (72, 56, 4, 128, 4, 256),
}

class Block(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.h, self.ln1, self.ln2 = h, nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.o, self.w_in, self.w_out = nn.Linear(d, 3 * d), nn.Linear(d, d), nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = (y.view(b, t, self.h, d // self.h).transpose(1, 2) for y in self.qkv(self.ln1(x)).split(d, -1))
        z = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.o(z.transpose(1, 2).reshape(b, t, d))
        return x + self.w_out(F.gelu(self.w_in(self.ln2(x)), approximate="tanh"))

class Transformer(nn.Module):
    def __init__(self, v, t, l, d, h):
        super().__init__()
        self.embed, self.pos = nn.Embedding(v, d), nn.Parameter(torch.randn(t, d) * 0.02)
        self.blocks, self.ln = nn.ModuleList(Block(d, h) for _ in range(l)), nn.LayerNorm(d)
        self.unembed = nn.Linear(d, v, bias=False)

    def forward(self, tokens):
        x = self.embed(tokens) + self.pos
        for block in self.blocks: x = block(x)
        return self.unembed(self.ln(x))

def main():
    a = argparse.ArgumentParser(); a.add_argument("shape", choices=SHAPES); a.add_argument("--threads", type=int, default=2)
    a.add_argument("--seconds", type=float, default=5); a.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    a.add_argument("--compile", action="store_true"); a = a.parse_args()
    torch.set_num_threads(a.threads); torch.manual_seed(0)
    v, t, l, d, h, b = SHAPES[a.shape]
    model = Transformer(v, t, l, d, h)
    resident = lambda what: int(next(l for l in open("/proc/self/status") if l.startswith(what)).split()[1]) * 1024
    before = resident("VmRSS")
    opt = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.98), fused=True)
    tokens = torch.randint(0, v, (b, t))
    run = torch.compile(model) if a.compile else model
    def step():
        with torch.autocast("cpu", torch.bfloat16, enabled=a.precision == "bf16"):
            loss = F.cross_entropy(run(tokens)[:, :-1].float().reshape(-1, v), tokens[:, 1:].reshape(-1))
        opt.zero_grad(); loss.backward(); nn.utils.clip_grad_norm_(model.parameters(), 1.0); opt.step()
    for _ in range(3): step()
    times, end = [], time.perf_counter() + a.seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter(); step(); times.append(time.perf_counter() - start)
    median = sorted(times)[len(times) // 2]
    print(json.dumps({"ms_per_step": round(median * 1e3, 2), "tokens_per_s": round(b * t / median),
                      "peak_bytes": resident("VmHWM") - before}))

if __name__ == "__main__": main()
