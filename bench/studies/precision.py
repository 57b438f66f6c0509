"""Does training in bf16 cost accuracy? Pairs of runs of the demo's network that differ in nothing but their precision.

Usage: python precision.py SEARCHLENS_BINARY OUT_DIR [--steps 1500] [--seeds 1,2,3,4,5] [--every 300] [--processes 1]
Both runs of a pair have the same seed: initial weights, data and their order. Run folders in OUT_DIR are taken up where they
were stopped; what cannot wait is read from them by --report alone, at any time. Writes to OUT_DIR:
  pairs.csv    exact paths on 1000 problems of the test classes at the end of each pair's runs; prints the mean difference with
               the 95 % interval of Student's t over pairs
  curves.json  for each run its losses in training and, every so many steps, exact paths on 1000 problems of the validation
               classes; figures.py draws them
With --processes 2, two runs at a time have a thread each; else one has all.
"""
import argparse, csv, json, pathlib, statistics, subprocess
from concurrent.futures import ThreadPoolExecutor

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
checkpoint_every = {every}
[train.schedule.cosine]
floor = 0.02
[eval]
problems = 1000
every = {every}
split = "test"
"""
PRECISIONS = ("bf16", "f32")
T_975 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}

def folder(args, seed, precision): return args.out / f"{precision}-{seed}"

def train(args, seed, precision):
    run = folder(args, seed, precision)
    config = run.with_suffix(".toml")
    config.write_text(CONFIG.format(seed=seed, steps=args.steps, precision=precision, every=args.every))
    command = [args.binary, "train", config, "--out", run]
    if any(run.glob("checkpoints/*.training.safetensors")): command.append("--resume")
    if args.processes > 1: command += ["--threads", "1", "--no-pin"]
    with open(run.with_suffix(".log"), "a") as log: subprocess.run(command, check=True, stdout=log, stderr=log)

def exact(run):
    """Exact paths at the end of a run, None before."""
    path = run / "results" / "eval.json"
    return json.loads(path.read_text())["exact_path"]["value"] if path.exists() else None

def curve(run):
    path = run / "metrics.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return {"loss": [[line["step"], line["loss"]] for line in lines if line["kind"] == "train"],
            "exact_path": [[line["step"], line["exact_path"]["value"]] for line in lines if line["kind"] == "eval"]}

def report(args, seeds):
    curves = [dict(seed=seed, precision=precision, steps=args.steps, **curve(folder(args, seed, precision)))
              for seed in seeds for precision in PRECISIONS]
    (args.out / "curves.json").write_text("[\n" + ",\n".join(json.dumps(run) for run in curves) + "\n]\n")
    pairs = [(seed, *(exact(folder(args, seed, precision)) for precision in PRECISIONS)) for seed in seeds]
    pairs = [pair for pair in pairs if None not in pair]
    differences = [bf16 - f32 for _, bf16, f32 in pairs]
    with open(args.out / "pairs.csv", "w", newline="") as file:
        out = csv.writer(file); out.writerow(["seed", "steps", "exact_bf16", "exact_f32", "difference"])
        for (seed, *pair), difference in zip(pairs, differences): out.writerow([seed, args.steps, *pair, round(difference, 4)])
    if len(differences) < 2: return print(f"{len(differences)} finished pairs: no interval")
    mean = statistics.mean(differences)
    half = T_975[len(differences) - 1] * statistics.stdev(differences) / len(differences) ** 0.5
    print(f"bf16 less f32: {100 * mean:+.2f} points, 95 % interval {100 * (mean - half):+.2f} to {100 * (mean + half):+.2f}, {len(differences)} pairs")

def main():
    a = argparse.ArgumentParser(); a.add_argument("binary"); a.add_argument("out", type=pathlib.Path)
    a.add_argument("--steps", type=int, default=1500); a.add_argument("--seeds", default="1,2,3,4,5")
    a.add_argument("--every", type=int, default=300); a.add_argument("--processes", type=int, default=1)
    a.add_argument("--report", action="store_true"); args = a.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    seeds = list(map(int, args.seeds.split(",")))
    if not args.report:
        with ThreadPoolExecutor(args.processes) as pool:
            list(pool.map(lambda run: train(args, *run), [(seed, precision) for seed in seeds for precision in PRECISIONS]))
    report(args, seeds)

if __name__ == "__main__": main()
