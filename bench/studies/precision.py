"""Does training in bf16 cost accuracy? Pairs of runs of the demo's network that differ in nothing but their precision.

Usage: python precision.py SEARCHLENS_BINARY OUT_DIR [--steps 1500] [--seeds 1,2,3,4,5]
Writes OUT_DIR/pairs.csv and prints the mean difference in exact paths on 1000 held-out problems, with the 95 % interval
of Student's t over pairs. Both runs of a pair have the same seed: initial weights, data and their order.
"""
import argparse, csv, json, pathlib, statistics, subprocess

CONFIG = """
[task.maze]
generator = "dfs"
rows = 5
cols = 5
[tokenizer]
name = "edges"
[model]
n_layers = 4
d_model = 128
n_heads = 4
positions = "learned_after_edges"
[train]
seed = {seed}
batch_problems = 128
steps = {steps}
lr = 0.002
warmup = 100
weight_decay = 0.05
clip = 1.0
average_steps = 200
precision = "{precision}"
log_every = 25
[train.schedule.cosine]
floor = 0.02
[eval]
problems = 1000
every = {every}
split = "test"
"""
T_975 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}

def exact(binary, folder, seed, steps, precision):
    config = folder / f"{precision}-{seed}.toml"
    config.write_text(CONFIG.format(seed=seed, steps=steps, precision=precision, every=max(1, steps // 5)))
    run = folder / f"{precision}-{seed}"
    subprocess.run([binary, "train", config, "--out", run], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    out = subprocess.run([binary, "eval", run, "--count", "1000", "--json"], check=True, capture_output=True, text=True)
    return json.loads(out.stdout)

def main():
    a = argparse.ArgumentParser(); a.add_argument("binary"); a.add_argument("out", type=pathlib.Path)
    a.add_argument("--steps", type=int, default=1500); a.add_argument("--seeds", default="1,2,3,4,5"); args = a.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    differences = []
    with open(args.out / "pairs.csv", "w", newline="") as file:
        out = csv.writer(file); out.writerow(["seed", "steps", "exact_bf16", "exact_f32", "difference"])
        for seed in map(int, args.seeds.split(",")):
            pair = [exact(args.binary, args.out, seed, args.steps, precision)["exact_path"]["value"] for precision in ("bf16", "f32")]
            differences.append(pair[0] - pair[1])
            out.writerow([seed, args.steps, *pair, round(differences[-1], 4)]); file.flush()
            print(seed, pair, flush=True)
    mean = statistics.mean(differences)
    half = T_975[len(differences) - 1] * statistics.stdev(differences) / len(differences) ** 0.5
    print(f"bf16 less f32: {100 * mean:+.2f} points, 95 % interval {100 * (mean - half):+.2f} to {100 * (mean + half):+.2f}, {len(differences)} pairs")

if __name__ == "__main__": main()
