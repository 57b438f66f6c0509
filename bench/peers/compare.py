"""Our training step against PyTorch's, interleaved: every arm once a round, the rounds one after another.

Usage: python compare.py SEARCHLENS_BINARY OUT_DIR [--rounds 5] [--seconds 3] [--shapes xs,s,p,m] [--all-arms] [--burn BINARY]
                         [--only ARM,ARM]
Writes OUT_DIR/raw.csv (one line a measurement; rounds are added to those that are there) and OUT_DIR/table.md (medians, spread,
ratios of medians of tokens/s). PyTorch runs on two threads, pinned to the first two cores; with --all-arms also unpinned and
compiled, with --burn also burn (the program of the folder burn, pinned). The best arm counts. --only leaves out arms whose names
are not given ("torch f32 pinned compiled").
Needs a Python with torch (made with 2.15.0); the interpreter that runs this runs the PyTorch arms.
"""
import argparse, csv, json, os, pathlib, statistics, subprocess, sys

HERE = pathlib.Path(__file__).parent
PINNED = dict(os.environ, KMP_AFFINITY="granularity=fine,compact")

def ours(binary, shape, seconds, precision):
    run = [binary, "bench", "train", "--shape", shape, "--threads", "2", "--precision", precision, "--seconds", str(seconds), "--json"]
    return json.loads(subprocess.run(run, capture_output=True, check=True, text=True).stdout)

def torch(shape, seconds, precision, pinned, compiled):
    run = [sys.executable, HERE / "train_step.py", shape, "--seconds", str(seconds), "--precision", precision]
    run = (["taskset", "-c", "0,1"] if pinned else []) + run + (["--compile"] if compiled else [])
    out = subprocess.run(run, capture_output=True, check=True, text=True, env=PINNED if pinned else None).stdout
    return json.loads(out.splitlines()[-1])

def burn(binary, shape, seconds):
    run = ["taskset", "-c", "0,1", binary, shape, str(seconds)]
    return json.loads(subprocess.run(run, capture_output=True, check=True, text=True, env=dict(os.environ, RAYON_NUM_THREADS="2")).stdout)

def arms(args):
    return [(name, run) for name, run in all_arms(args) if not args.only or name in args.only.split(",")]

def all_arms(args):
    yield "ours bf16", lambda shape: ours(args.binary, shape, args.seconds, "bf16")
    yield "ours f32", lambda shape: ours(args.binary, shape, args.seconds, "f32")
    for precision in ("f32", "bf16"):
        for pinned in (True, False) if args.all_arms else (True,):
            for compiled in (False, True) if args.all_arms else (False,):
                name = f"torch {precision}" + (" pinned" if pinned else " unpinned") + (" compiled" if compiled else "")
                yield name, lambda shape, p=precision, i=pinned, c=compiled: torch(shape, args.seconds, p, i, c)
    if args.burn: yield "burn f32", lambda shape: burn(args.burn, shape, args.seconds)

COLUMNS = {"round": int, "shape": str, "arm": str, "ms_per_step": float, "tokens_per_s": float, "peak_mb": lambda text: float(text) if text else None}

def before(path):
    if not path.exists(): return []
    with open(path, newline="") as file: return [{name: COLUMNS[name](text) for name, text in row.items()} for row in csv.DictReader(file)]

def ratio(rate, mine, peers):
    best = max((arm for arm in rate if arm.startswith(peers)), key=rate.get, default=None)
    return f"**{rate[mine] / rate[best]:.2f}×** ({best})" if best and mine in rate else ""

def table(rows):
    lines = ["| shape | arm | ms a step, median (least to most) | thousand tokens/s | peak MB |", "|---|---|---|---|---|"]
    ratios = ["| shape | bf16 against the best of PyTorch | f32 against PyTorch f32 |", "|---|---|---|"]
    for shape in dict.fromkeys(row["shape"] for row in rows):
        rate = {}
        for arm in dict.fromkeys(row["arm"] for row in rows):
            mine = [row for row in rows if (row["shape"], row["arm"]) == (shape, arm)]
            if not mine: continue
            ms, peaks = [row["ms_per_step"] for row in mine], [row["peak_mb"] for row in mine if row["peak_mb"]]
            rate[arm] = statistics.median(row["tokens_per_s"] for row in mine)
            peak = f"{statistics.median(peaks):.0f}" if peaks else ""
            lines.append(f"| {shape} | {arm} | {statistics.median(ms):.1f} ({min(ms):.1f} to {max(ms):.1f}) | {rate[arm] / 1e3:.1f} | {peak} |")
        ratios.append(f"| {shape} | {ratio(rate, 'ours bf16', 'torch')} | {ratio(rate, 'ours f32', 'torch f32')} |")
    return "\n".join(ratios + [""] + lines) + "\n"

def main():
    a = argparse.ArgumentParser(); a.add_argument("binary"); a.add_argument("out", type=pathlib.Path)
    a.add_argument("--rounds", type=int, default=5); a.add_argument("--seconds", type=float, default=3)
    a.add_argument("--shapes", default="xs,s,p,m"); a.add_argument("--all-arms", action="store_true")
    a.add_argument("--burn"); a.add_argument("--only", default=""); args = a.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    rows = before(args.out / "raw.csv")
    done = 1 + max((row["round"] for row in rows), default=-1)
    with open(args.out / "raw.csv", "a", newline="") as file:
        out = csv.DictWriter(file, COLUMNS)
        if not rows: out.writeheader()
        for n in range(done, done + args.rounds):
            for shape in args.shapes.split(","):
                for arm, run in arms(args):
                    times = run(shape)
                    peak = times.get("peak_bytes")
                    row = dict(round=n, shape=shape, arm=arm, ms_per_step=round(times["ms_per_step"], 2),
                               tokens_per_s=round(times["tokens_per_s"]), peak_mb=round(peak / 1e6, 1) if peak else None)
                    rows.append(row); out.writerow(row); file.flush()
    (args.out / "table.md").write_text(table(rows))
    print(table(rows))

if __name__ == "__main__": main()
