"""Speed side by side: `caviar bench` and the peers take turns on the same cores, several rounds; medians count.

A work is named with its number of cores: `moons@1`, `fashion@2`. A peer that is not installed is left out and said.

The works `population` and `population-mixed` train 256 configurations; for them all that a user waits for counts.

usage: compare.py [moons@1 fashion@2 signs@2 rows@2 population@2 ...] [--caviar PATH] [--peers torch jax ...] [--rounds 5] [--write]
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys

from record import ROOT, circumstances, replace_section, table

WORKS = {"moons": 1, "fashion": 2, "signs": 2, "rows": 2, "population": 2, "population-mixed": 2}
MODULES = {"torch": "torch", "torch-compile": "torch", "jax": "optax", "sklearn": "sklearn"}


def on_cores(command, cores):
    """Runs a command on the first `cores` cores, and reads the last line it prints."""
    allowed = sorted(os.sched_getaffinity(0))[:cores] if hasattr(os, "sched_getaffinity") else None
    pin = (lambda: os.sched_setaffinity(0, allowed)) if allowed else None
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, preexec_fn=pin)
    if done.returncode != 0 or not done.stdout.strip():
        sys.exit(f"{command} ended with {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def measure(options, work, cores, who):
    if who == "caviar":
        command = [options.caviar, "bench", work, "--threads", cores, "--json"]
    else:
        script = "population.py" if work.startswith("population") else "peers.py"
        command = [sys.executable, ROOT / "bench" / script, work, who, "--threads", cores]
    return on_cores(command, cores)


def installed(peers):
    present = [peer for peer in peers if importlib.util.find_spec(MODULES[peer])]
    for peer in peers:
        if peer not in present:
            print(f"{peer} is not installed: left out", file=sys.stderr)
    return present


def rounds_of(options, works, contestants):
    """`{(work, cores): {contestant: [result of each round]}}`, the contestants taking turns."""
    results = {work: {who: [] for who in contestants} for work in works}
    for number in range(options.rounds):
        for work, cores in works:
            # Each round begins with another contestant, so that none always follows the same one.
            turn = number % len(contestants)
            for who in contestants[turn:] + contestants[:turn]:
                found = measure(options, work, cores, who)
                results[work, cores][who].append(found)
                print(f"round {number} {work}@{cores} {who}: {found['us_per_step']:.3f} us", file=sys.stderr, flush=True)
    return results


def comparison(results):
    rows = []
    for (work, cores), found in results.items():
        medians = {who: statistics.median(one["us_per_step"] for one in runs) for who, runs in found.items()}
        for who, runs in found.items():
            each = sorted(one["us_per_step"] for one in runs)
            ratio = medians[who] / medians["caviar"]
            spread = f"{each[0]:.2f} to {each[-1]:.2f}"
            limit = runs[0].get("limit_us_per_step")
            share = f"{limit / medians[who]:.2f}" if limit else ""
            rows.append([work, cores, who, f"{medians[who]:.2f}", spread, f"{ratio:.2f}", share])
    header = ["work", "cores", "who", "us per step (median)", "least to most", "times caviar's", "share of the limit"]
    return table(header, rows)


def work_and_cores(word):
    name, _, cores = word.partition("@")
    if name not in WORKS or not cores.isdigit() or int(cores) < 1:
        raise argparse.ArgumentTypeError(f"`{word}`: a work is one of {', '.join(WORKS)}, @, a number of cores")
    return name, int(cores)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("works", nargs="*", type=work_and_cores)
    parser.add_argument("--caviar", default=ROOT / "target" / "release" / "caviar", help="the program")
    parser.add_argument("--peers", nargs="+", choices=MODULES, default=list(MODULES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    options = parser.parse_args()
    works = options.works or list(WORKS.items())
    results = rounds_of(options, works, ["caviar", *installed(options.peers)])
    text = (
        "## Speed beside other libraries\n\n"
        f"The same work, in turns, on the same cores, {options.rounds} rounds; compilation (but for populations) and the making of data are not timed.\n"
        "Made by `bench/compare.py`; the works are described in `bench/README.md`.\n\n"
        f"{comparison(results)}\n\n"
        f"{circumstances(['torch', 'jax', 'scikit-learn', 'numpy'])}\n"
    )
    print(text)
    if options.write:
        replace_section("compare", text)


if __name__ == "__main__":
    main()
