"""A table from its file to an encoded matrix, beside pandas reading the same file: in turns, each in a process of its own.

usage: reading.py FILE TARGET [--rounds 11]

Prints medians and the least of the wall-clock seconds, measured inside the processes, imports apart: ours for reading, learning the
columns and encoding all rows; pandas for `read_csv` alone, once in a fresh process and once more in the same one.
"""

import argparse
import json
import statistics
import subprocess
import sys

from record import ROOT, circumstances

PANDAS = """
import sys, time
import pandas
for turn in range(2):
    start = time.perf_counter()
    pandas.read_csv(sys.argv[1])
    print(time.perf_counter() - start)
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("target")
    parser.add_argument("--rounds", type=int, default=11)
    options = parser.parse_args()
    subprocess.run(["cargo", "build", "--quiet", "--release", "-p", "caviar-table", "--example", "read"], cwd=ROOT, check=True)
    ours = [str(ROOT / "target" / "release" / "examples" / "read"), options.file, options.target]
    seconds = {"caviar, file to matrix": [], "pandas, file alone": [], "pandas, a second time": []}
    for _ in range(options.rounds):
        told = json.loads(subprocess.run(ours, capture_output=True, check=True).stdout)
        theirs = subprocess.run([sys.executable, "-c", PANDAS, options.file], capture_output=True, check=True)
        for times, value in zip(seconds.values(), [told["seconds"], *map(float, theirs.stdout.split())]):
            times.append(value)
    for what, times in seconds.items():
        print(f"{what:24} median {statistics.median(times):.3f} s, least {min(times):.3f} s")
    print(f"the matrix {told['matrix_bytes'] / 1e6:.1f} MB, the most memory {told['peak_bytes'] / 1e6:.1f} MB")
    print(circumstances(["pandas", "numpy"]))


if __name__ == "__main__":
    main()
