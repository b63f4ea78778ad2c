"""What each technique adds to a step, and whether time grows with rows, width and trials as it should: caviar alone.

usage: costs.py [--caviar PATH] [--threads 1] [--rounds 5] [--write]
"""

import argparse
import statistics
import sys

from compare import on_cores
from record import ROOT, circumstances, replace_section, table

NET = "784-256-128-10"
PLAIN = ["--rows", 5_120, "--batch-size", 128, "--epochs", 4]
# What the arithmetic explains: passes over the 1,152 x 384 hidden units of a batch or the 235,146 parameters.
TECHNIQUES = [
    ("plain: ReLU, Adam", [], ""),
    ("gradient descent", ["--optimizer", "gd"], "no second pass over mean and square: 12 of 28 bytes a parameter"),
    ("momentum", ["--optimizer", "momentum"], "20 of 28 bytes a parameter, no root, no division"),
    ("momentum-accumulating", ["--optimizer", "momentum-accumulating"], "as momentum"),
    ("nesterov", ["--optimizer", "nesterov"], "as momentum"),
    ("rmsprop", ["--optimizer", "rmsprop"], "20 of 28 bytes, a root and a division"),
    ("adamw", ["--optimizer", "adamw"], "one multiplication a weight more"),
    ("L2", ["--l2", "0.1"], "one multiply-add a weight, and its sum of squares in the cost"),
    ("dropout 0.2", ["--dropout", "0.2"], "a random number and a product for each hidden unit of the batch"),
    ("batch norm", ["--batch-norm"], "about ten passes over the hidden units of the batch"),
    ("tanh", ["--activation", "tanh"], "an exponential for each hidden unit"),
    ("GELU", ["--activation", "gelu"], "an exponential for each hidden unit, another on the way back"),
    ("f64", ["--precision", "f64"], "half the lanes, twice the bytes"),
]
# What grows, over three orders of magnitude: each point is its value, the work, and the words that make it.
SWEEPS = {
    "rows": [
        (rows, "30-64-32-2", ["--rows", rows, "--batch-size", 1000, "--epochs", 3])
        for rows in (1_000, 10_000, 100_000, 1_000_000)
    ],
    "width": [
        (width, f"64-{width}-10", ["--rows", 2_560, "--batch-size", 128, "--epochs", 3])
        for width in (8, 32, 128, 512, 2_048, 8_192)
    ],
    "trials": [(trials, "population", ["--trials", trials, "--epochs", 100]) for trials in (1, 10, 100, 1_000)],
}
# What a point costs in all, by its time per step: the name on its axis, and how much of it one of the value is.
COSTS = {
    "rows": ("ms per epoch", lambda rows, found: found["us_per_step"] * rows / 1_000 / 1e3, ("us per 1,000 rows", 1e6)),
    "width": ("us per step", lambda _, found: found["us_per_step"], ("us per 1,000 units", 1e3)),
    "trials": ("s for all", lambda _, found: found["seconds"], ("ms per trial", 1e3)),
}
PICTURE = ROOT / "docs" / "costs.svg"


def run(options, net, words):
    command = [options.caviar, "bench", net, "--json", "--quiet", "--threads", options.threads, *words]
    return on_cores(command, options.threads)


def techniques(options):
    times = {name: [] for name, _, _ in TECHNIQUES}
    for number in range(options.rounds):
        for name, words, _ in TECHNIQUES:
            times[name].append(run(options, NET, [*PLAIN, *words])["us_per_step"])
        print(f"round {number} of the techniques is done", file=sys.stderr, flush=True)
    plain = statistics.median(times[TECHNIQUES[0][0]])
    rows = []
    for name, _, why in TECHNIQUES:
        median = statistics.median(times[name])
        rows.append([name, f"{median:.1f}", f"{median - plain:+.1f}", f"{median / plain:.2f}", why])
    return table(["network", "us per step", "more than plain", "times plain", "what it does"], rows)


def swept(options):
    """`{what grows: {value: (net, [result of each round])}}`, all points taking turns."""
    found = {name: {value: (net, []) for value, net, _ in points} for name, points in SWEEPS.items()}
    rounds = min(3, options.rounds)
    for number in range(rounds):
        for name, points in SWEEPS.items():
            for value, net, words in points:
                found[name][value][1].append(run(options, net, words))
        print(f"round {number} of the sweeps is done", file=sys.stderr, flush=True)
    return found


def sweep_table(found):
    rows = []
    for name, points in found.items():
        axis, cost_of, (each, times) = COSTS[name]
        for value, (net, results) in points.items():
            cost = statistics.median(cost_of(value, one) for one in results)
            step = statistics.median(one["us_per_step"] for one in results)
            share = statistics.median(one["fraction_of_limit"] for one in results)
            one = f"{cost / value * times:.3g} {each}"
            rows.append([name, f"{value:,}", net, f"{step:.1f}", f"{cost:.4g} {axis}", one, f"{share:.2f}"])
    return table(["over", "value", "net", "us per step", "cost", "for each", "share of the limit"], rows)


def draw(found):
    """Cost against what grows, both by powers of ten; the dashed line is proportional to it, through the last point."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "costs"
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, len(found), figsize=(9, 3.2))
    for axes, (name, points) in zip(panels, found.items()):
        label, cost_of, _ = COSTS[name]
        values = list(points)
        costs = [statistics.median(cost_of(value, one) for one in results) for value, (_, results) in points.items()]
        line = [costs[-1] * value / values[-1] for value in values]
        axes.loglog(values, line, color="#667", linewidth=1, linestyle="--")
        axes.loglog(values, costs, marker="o", color="#0b62c4")
        axes.minorticks_off()
        axes.set_xlabel({"rows": "rows", "width": "hidden units", "trials": "trials"}[name])
        axes.set_title(label, fontsize=10, loc="left")
        axes.grid(color="#ddd", linewidth=0.6)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    figure.tight_layout()
    figure.savefig(PICTURE, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--caviar", default=ROOT / "target" / "release" / "caviar", help="the program")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    options = parser.parse_args()
    found = swept(options)
    text = (
        "## What each technique costs\n\n"
        f"{NET}, batches of 128, f32 unless said, {options.threads} thread, medians of {options.rounds} rounds in turns. "
        "Made by `bench/costs.py`.\n\n"
        f"{techniques(options)}\n\n"
        "And by how much there is, over three orders of magnitude: an epoch by its rows (batches of 1,000), a step by its hidden units\n"
        "(batches of 128), a population by its networks (64-64-10 on the digits, 100 epochs). The dashed lines are proportional, through\n"
        "the last point; what lies above them is the overhead of a step, or rows that come from the cache instead of memory below.\n\n"
        "![An epoch by rows, a step by hidden units, a population by trials](costs.svg)\n\n"
        f"{sweep_table(found)}\n\n"
        f"{circumstances([])}\n"
    )
    print(text)
    if options.write:
        draw(found)
        replace_section("costs", text)


if __name__ == "__main__":
    main()
