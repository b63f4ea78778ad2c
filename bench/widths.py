"""How much faster a step is than PyTorch's, by the width of the layers: where many small steps end and arithmetic begins.

The network is 64-W-W-10 on batches of 128 rows, Adam, both on the same cores in turns; medians of the rounds.

usage: widths.py [--caviar PATH] [--threads 2] [--rounds 3] [--widths 8 16 ...] [--write]
"""

import argparse
import os
import statistics
import sys

from compare import on_cores
from record import ROOT, circumstances, replace_section, table

WIDTHS = [8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096]
BATCH = 128
PICTURE = ROOT / "docs" / "widths.svg"


def rows_and_epochs(width):
    """Fewer rows where a step takes long: a few seconds for each width."""
    return (10_240, 6) if width <= 256 else (2_560, 4) if width <= 1024 else (512, 3)


def measure(options, width, who):
    net = f"64-{width}-{width}-10"
    rows, epochs = rows_and_epochs(width)
    own = ["--rows", rows, "--batch-size", BATCH, "--epochs", epochs, "--threads", options.threads]
    if who == "caviar":
        command = [options.caviar, "bench", net, "--json", "--quiet", *own]
    else:
        command = [sys.executable, ROOT / "bench" / "peers.py", net, who, *own]
    return on_cores(command, options.threads)


def measured(options):
    found = {width: {"caviar": [], "torch": []} for width in options.widths}
    for number in range(options.rounds):
        for width, each in found.items():
            order = list(each)[:: 1 if number % 2 == 0 else -1]
            for who in order:
                each[who].append(measure(options, width, who))
                print(f"round {number} {width} {who}: {each[who][-1]['us_per_step']:.1f} us", file=sys.stderr, flush=True)
    return found


def draw(widths, ratios):
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "widths"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 3.6))
    axes.loglog(widths, ratios, marker="o", color="#0b62c4", base=2)
    axes.axhline(1, color="#667", linewidth=1, linestyle="--")
    axes.set_yscale("log", base=10)
    axes.set_xticks(widths, [str(width) for width in widths])
    axes.minorticks_off()
    ticks = [tick for tick in (1, 2, 5, 10, 20, 50, 100, 200) if tick <= 1.3 * max(ratios)]
    axes.set_yticks(ticks, [f"{tick}" for tick in ticks])
    axes.set_xlabel("units of both hidden layers (64-W-W-10, batches of 128)")
    axes.set_ylabel("times as fast as PyTorch")
    axes.grid(color="#ddd", linewidth=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.tight_layout()
    figure.savefig(PICTURE, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--caviar", default=ROOT / "target" / "release" / "caviar", help="the program")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--widths", nargs="+", type=int, default=WIDTHS)
    parser.add_argument("--write", action="store_true", help="put table and picture into docs/")
    options = parser.parse_args()
    found = measured(options)
    rows, ratios = [], []
    for width, each in found.items():
        median = {who: statistics.median(one["us_per_step"] for one in runs) for who, runs in each.items()}
        ratios.append(median["torch"] / median["caviar"])
        share = each["caviar"][0]["limit_us_per_step"] / median["caviar"]
        rows.append([width, f"{median['caviar']:.1f}", f"{median['torch']:.1f}", f"{ratios[-1]:.2f}", f"{share:.2f}"])
    header = ["W", "caviar, us per step", "PyTorch, us per step", "times as fast", "caviar's share of the limit"]
    text = (
        "## Where it ends: speed by width\n\n"
        f"64-W-W-10 on batches of {BATCH}, Adam, f32, {options.threads} threads, in turns, medians of {options.rounds} rounds. "
        "Made by `bench/widths.py`.\n\n"
        "![Times as fast as PyTorch, by the width of the layers](widths.svg)\n\n"
        f"{table(header, rows)}\n\n"
        f"{circumstances(['torch', 'numpy'])}\n"
    )
    print(text)
    if options.write:
        draw(list(found), ratios)
        replace_section("widths", text)


if __name__ == "__main__":
    main()
