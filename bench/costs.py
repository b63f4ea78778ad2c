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
SWEEPS = [
    ("rows", [(f"{rows:,}", "30-64-32-2", ["--rows", rows, "--batch-size", 1000]) for rows in (1_000, 10_000, 100_000, 1_000_000)]),
    ("width", [(f"{width:,}", f"64-{width}-{width}-10", ["--rows", 2_560, "--batch-size", 128]) for width in (16, 64, 256, 1024, 4096)]),
]


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


def sweeps(options):
    rows = []
    for name, points in SWEEPS:
        for label, net, words in points:
            epochs = ["--epochs", 3]
            found = [run(options, net, [*words, *epochs]) for _ in range(min(3, options.rounds))]
            median = statistics.median(one["us_per_step"] for one in found)
            share = statistics.median(one["fraction_of_limit"] for one in found)
            rows.append([name, label, net, f"{median:.1f}", f"{share:.2f}"])
        print(f"the sweep over {name} is done", file=sys.stderr, flush=True)
    return table(["over", "value", "net", "us per step", "share of the limit"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--caviar", default=ROOT / "target" / "release" / "caviar", help="the program")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    options = parser.parse_args()
    text = (
        "## What each technique costs\n\n"
        f"{NET}, batches of 128, f32 unless said, {options.threads} thread, medians of {options.rounds} rounds in turns. "
        "Made by `bench/costs.py`.\n\n"
        f"{techniques(options)}\n\n"
        "A step on batches of 1,000 rows takes the same time however many rows there are; by width it follows the arithmetic:\n\n"
        f"{sweeps(options)}\n\n"
        f"{circumstances([])}\n"
    )
    print(text)
    if options.write:
        replace_section("costs", text)


if __name__ == "__main__":
    main()
