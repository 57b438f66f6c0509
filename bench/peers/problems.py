"""Drawing problems and writing tokens, ours beside the peers', interleaved: every arm once a round, the rounds one after another.

Usage: python problems.py SEARCHLENS_BINARY OUT_DIR [--rounds 5] [--seconds 1] [--items dfs-7x7,..] [--saparov FOLDER]
Writes OUT_DIR/raw.json (machine, and one row a measurement; rows of items measured before are kept) and OUT_DIR/table.md (medians,
spread, ratios of medians). The interpreter that runs this runs the peers: see draw.py for what it needs. One thread, unless the arm
says otherwise. Arms of two processes run pinned to one core each, side by side. What is measured while others take more than 4 %
of the machine is measured again, up to 20 times: two threads wait for the slower of them, two processes do not, so that a
neighbour on one core falsifies their ratio. raw.json says what share others had (Linux alone).
"""
import argparse, json, os, pathlib, platform, resource, statistics, subprocess, sys, tempfile, time

HERE = pathlib.Path(__file__).parent
DAG = "[task.dag]\nkind = 'balanced'\nvertices = 41\n"
LABELLED = """[task.labelled]
binning = { bins = 60 }
structure = { tree = { nodes = 10 } }
labels = { uniform = { low = [0.0], high = [1.0] } }
target = { interval = { low = 0.3, high = 0.5 } }
"""

def start(binary, what, seconds, threads=1, core=None):
    pin = [] if core is None else ["taskset", "-c", str(core)]
    run = [*pin, binary, "bench", *what, "--threads", str(threads), "--seconds", str(seconds), "--json"]
    return subprocess.Popen(run, stdout=subprocess.PIPE, text=True)

def rate(process):
    out = process.communicate()[0]
    assert process.returncode == 0, process.args
    line = json.loads(out.splitlines()[-1])
    return line.get("items_per_s") or line["tokens_per_s"]

def busy():
    """Seconds, cores together, that the machine was at work, or that its host kept from it; and those of our children."""
    fields = open("/proc/stat").readline().split()[1:]
    user, nice, system, idle, iowait, irq, softirq, stolen = map(int, fields[:8])
    own = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (user + nice + system + irq + softirq + stolen) / os.sysconf("SC_CLK_TCK"), own.ru_utime + own.ru_stime

def quietly(measure):
    """What an arm measures while the machine is its own, and the share that others had."""
    if platform.system() != "Linux":
        return measure(), None
    for _ in range(20):
        begun, (all_before, own_before) = time.monotonic(), busy()
        items = measure()
        lasted, (all_after, own_after) = time.monotonic() - begun, busy()
        others = max(0, all_after - all_before - own_after + own_before) / lasted / os.cpu_count()
        if others < 0.04:
            break
    return items, round(others, 3)

def arms(args, folder):
    """By item: name of the arm and what measures it."""
    ours = lambda *what: ("searchlens", lambda: rate(start(args.binary, what, args.seconds)))
    peer = lambda name: (name, lambda: rate(subprocess.Popen(
        [sys.executable, "-W", "ignore", HERE / "draw.py", name, "--seconds", str(args.seconds)] + (["--saparov", args.saparov] if args.saparov else []),
        stdout=subprocess.PIPE, text=True)))
    def task(name, text):
        path = folder / f"{name}.toml"; path.write_text(text)
        return ("problems", "--task", str(path))
    maze = lambda generator, side: ("problems", "--maze", generator, "--rows", str(side), "--cols", str(side))
    dag, labelled = task("dag", DAG), task("labelled", LABELLED)
    items = {
        "dfs-7x7": [ours(*maze("dfs", 7)), peer("maze-dataset:dfs:7")],
        "wilson-20x20": [ours(*maze("wilson", 20)), peer("maze-dataset:wilson:20")],
        "dag-41": [ours(*dag)] + ([peer("saparov"), peer("saparov-first")] if args.saparov else []),
        "labelled-10": [ours(*labelled)],
        "tokens-AOTP_UT_uniform": [ours("tokenize", "--tokenizer", "AOTP_UT_uniform"), peer("tokens:legacy"), peer("tokens:modular")],
        "tokens-edges": [ours("tokenize", "--tokenizer", "edges")],
    }
    for side in (5, 7, 10, 20, 50, 100, 200):
        items[f"cells-dfs-{side}x{side}"] = [ours(*maze("dfs", side))]
        items[f"cells-wilson-{side}x{side}"] = [ours(*maze("wilson", side))]
    for name, what in [("dfs-7x7", maze("dfs", 7)), ("wilson-20x20", maze("wilson", 20)), ("dag-41", dag), ("labelled-10", labelled), ("tokens", ("tokenize",))]:
        threads = ("two threads", lambda what=what: rate(start(args.binary, what, args.seconds, threads=2)))
        both = lambda what=what: sum(map(rate, [start(args.binary, what, args.seconds, core=core) for core in (0, 1)]))
        items[f"threads-{name}"] = [threads, ("two processes", both)]
    return items

def machine(binary):
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.processor())
    version = subprocess.run([binary, "--version"], capture_output=True, text=True).stdout.strip()
    return dict(cpu=cpu, cores=os.cpu_count(), system=platform.system(), release=platform.release(), python=platform.python_version(), binary=version)

def table(rows):
    lines = ["| item | arm | items/s, median (least to most) | rounds | first arm against this |", "|---|---|---|---|---|"]
    for item in dict.fromkeys(row["item"] for row in rows):
        first = None
        for arm in dict.fromkeys(row["arm"] for row in rows if row["item"] == item):
            rates = [row["items_per_s"] for row in rows if (row["item"], row["arm"]) == (item, arm)]
            middle = statistics.median(rates)
            ratio = "" if first is None else f"{first / middle:.3g}×"
            first = first or middle
            cells = ""
            if item.startswith("cells-"):
                side = int(item.rsplit("x", 1)[1])
                cells = f", {1e9 / middle / side**2:.0f} ns a cell"
            lines.append(f"| {item} | {arm} | {middle:.4g} ({min(rates):.4g} to {max(rates):.4g}){cells} | {len(rates)} | {ratio} |")
    return "\n".join(lines) + "\n"

def main():
    a = argparse.ArgumentParser(); a.add_argument("binary"); a.add_argument("out", type=pathlib.Path)
    a.add_argument("--rounds", type=int, default=5); a.add_argument("--seconds", type=float, default=1)
    a.add_argument("--items"); a.add_argument("--saparov"); args = a.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        items = arms(args, pathlib.Path(folder))
        asked = args.items.split(",") if args.items else list(items)
        unknown = [item for item in asked if item not in items]
        if unknown: sys.exit(f"unknown item {unknown[0]}; known: {', '.join(items)}")
        raw = args.out / "raw.json"
        rows = json.loads(raw.read_text())["rows"] if raw.exists() else []
        rows = [row for row in rows if row["item"] not in asked]
        for item in asked:
            for n in range(args.rounds):
                for arm, measure in items[item]:
                    per_s, others = quietly(measure)
                    rows.append(dict(item=item, arm=arm, round=n, items_per_s=round(per_s, 1), others=others))
    order = {item: i for i, item in enumerate(items)}
    rows.sort(key=lambda row: (order.get(row["item"], len(order)), row["round"]))
    body = ",\n".join(json.dumps(row) for row in rows)
    raw.write_text(f'{{"machine": {json.dumps(machine(args.binary))}, "rows": [\n{body}\n]}}\n')
    (args.out / "table.md").write_text(table(rows))
    print(table([row for row in rows if row["item"] in asked]))

if __name__ == "__main__": main()
