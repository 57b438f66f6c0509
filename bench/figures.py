"""Figures of committed runs, as SVG. Needs matplotlib (made with 3.11.2).

Usage: python figures.py curves RUN/curves.json RUN/curves.svg      (of studies/precision.py)
       python figures.py roofline RUN/kernels.json RUN/roofline.svg (of searchlens-bench --json)
"""
import json, pathlib, sys
import matplotlib
matplotlib.use("svg")
import matplotlib.pyplot as plt

plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "", "font.size": 11, "axes.grid": True, "grid.alpha": 0.25,
                     "axes.spines.top": False, "axes.spines.right": False})
BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#555555"

def curves(runs):
    """Loss and exact paths over steps: a colour for each precision, a line style for each seed."""
    figure, (loss, exact) = plt.subplots(1, 2, figsize=(11, 4.4))
    styles = dict(zip(dict.fromkeys(run["seed"] for run in runs), ("-", "--", ":", "-.")))
    for run in runs:
        line = dict(color={"bf16": ORANGE, "f32": BLUE}[run["precision"]], linestyle=styles[run["seed"]],
                    label=f"{run['precision']}, seed {run['seed']}")
        window = 8
        steps, losses = zip(*run["loss"])
        smooth = [sum(losses[max(0, i - window + 1):i + 1]) / len(losses[max(0, i - window + 1):i + 1]) for i in range(len(losses))]
        loss.plot(steps, smooth, linewidth=1.3, **line)
        exact.plot(*zip(*run["exact_path"]), marker="o", markersize=3.5, linewidth=1.3, **line)
    loss.set(xlabel="training step", ylabel="training loss, nats a token (mean of 200 steps)", yscale="log")
    exact.set(xlabel="training step", ylabel="exact paths, held-out validation classes")
    exact.legend(loc="lower right", frameon=False)
    return figure

def roofline(report):
    """Rate over intensity: kernels as points, one roof for each tier."""
    figure, plot = plt.subplots(figsize=(9.5, 6))
    colours = dict(zip(("amx", "avx512-bf16", "avx512", "avx2", "portable"), (ORANGE, PURPLE, BLUE, GREEN, GREY)))
    at = {row["buffer_bytes"]: row["bytes_per_s"] for row in report["bandwidths"]}
    levels = [(name, at[size]) for name, size in (("32 KiB", 1 << 15), ("1 MiB", 1 << 20), ("256 MiB", 1 << 28))]
    top = max(peak["flops_per_s"] for peak in report["peaks"])
    for name, bandwidth in levels:
        plot.plot([0.05, top / bandwidth], [0.05 * bandwidth / 1e9, top / 1e9], color=GREY, linewidth=0.9)
        plot.annotate(f"{name}: {bandwidth / 1e9:.0f} GB/s", (0.06, 0.06 * bandwidth / 1e9 * 1.15), fontsize=9, color=GREY,
                      rotation=31, rotation_mode="anchor")
    for peak in report["peaks"]:
        height = peak["flops_per_s"] / 1e9
        plot.plot([height * 1e9 / levels[0][1], 400], [height, height], color=colours[peak["tier"]], linewidth=1.2)
        # The roofs of two tiers all but touch: one is named below, where no kernels are.
        place = (22, 0.76 * height) if peak["tier"] == "avx512-bf16" else (400, 1.06 * height)
        plot.annotate(f"{peak['tier']}: {height:.0f} GFLOP/s", place, fontsize=9, color=colours[peak["tier"]], ha="right")
        kernels = [k for k in report["kernels"] if k["tier"] == peak["tier"] and k["flops"]]
        x, y = zip(*((k["flops"] / k["bytes"], k["flops"] / k["seconds"] / 1e9) for k in kernels))
        plot.scatter(x, y, s=26, color=colours[peak["tier"]], label=f"kernels on {peak['tier']}", zorder=3)
    plot.set(xscale="log", yscale="log", xlabel="arithmetic intensity, operations a byte", ylabel="GFLOP/s, one core", xlim=(0.05, 500))
    plot.legend(loc="lower right", frameon=False)
    return figure

def main():
    kind, source, target = sys.argv[1:]
    figure = {"curves": curves, "roofline": roofline}[kind](json.loads(pathlib.Path(source).read_text()))
    figure.savefig(target, bbox_inches="tight", metadata={"Date": None})

if __name__ == "__main__": main()
