"""Good enough to believe: `caviar tune` beside scikit-learn's default networks and linear models on the five example tables.

Every method sees the same training rows and is scored on the same test rows, for each of several splits. A method's
difference is paired by split: its mean, its standard error, and whether caviar is worse by more than one of them.

usage: believe.py [--caviar PATH] [--sets iris wine ...] [--first 0] [--splits 10] [--time 20s] [--threads 2] [--write]
"""

import argparse
import csv
import json
import math
import statistics
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from record import ROOT, circumstances, replace_section, table

# file: (target, whether it is a class)
SETS = {
    "iris": ("species", True),
    "wine": ("class", True),
    "breast_cancer": ("diagnosis", True),
    "digits": ("digit", True),
    "diabetes": ("progression", False),
}


class Table:
    """One example table, kept as the text it is, so that every method reads the same cells."""

    def __init__(self, name):
        self.name = name
        self.target, self.classes = SETS[name]
        with open(ROOT / "examples" / "data" / f"{name}.csv", newline="", encoding="utf-8") as file:
            self.header, *self.rows = csv.reader(file)
        self.column = self.header.index(self.target)

    def split(self, seed):
        """A fifth of the rows for the test, classes in proportion."""
        words = [row[self.column] for row in self.rows]
        return train_test_split(self.rows, test_size=0.2, random_state=seed, stratify=words if self.classes else None)

    def features_and_targets(self, rows):
        features = [[float(cell) for index, cell in enumerate(row) if index != self.column] for row in rows]
        targets = [row[self.column] if self.classes else float(row[self.column]) for row in rows]
        return features, targets


def write(path, header, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def caviar_score(options, name, data, train, test, seed):
    metric = "accuracy" if data.classes else "r2"
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        write(folder / "train.csv", data.header, train)
        write(folder / "test.csv", data.header, test)
        command = [options.caviar, "tune", folder / "train.csv", "--target", data.target, "--test", folder / "test.csv"]
        command += ["--time", options.time, "--threads", options.threads, "--seed", seed]
        command += ["--json", "--quiet", "--out", folder / "study"]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    last = json.loads(lines[-1]) if lines else {}
    score = last.get("test", {}).get(metric) if last.get("event") == "finished" else None
    if done.returncode != 0 or score is None:
        sys.exit(f"{name}, seed {seed}: caviar ended with {done.returncode} and no {metric} of the test\n{done.stderr}")
    return score


def peers(data, seed):
    if data.classes:
        return {
            "MLPClassifier": make_pipeline(StandardScaler(), MLPClassifier(random_state=seed)),
            "LogisticRegression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000)),
        }
    network = make_pipeline(StandardScaler(), MLPRegressor(random_state=seed))
    return {
        "MLPRegressor": TransformedTargetRegressor(network, transformer=StandardScaler()),
        "LinearRegression": make_pipeline(StandardScaler(), LinearRegression()),
    }


def scores(options, name):
    """`{method: [score of each split]}`."""
    data = Table(name)
    found = {}
    for seed in range(options.first, options.first + options.splits):
        train, test = data.split(seed)
        found.setdefault("caviar", []).append(caviar_score(options, name, data, train, test, seed))
        for method, model in peers(data, seed).items():
            model.fit(*data.features_and_targets(train))
            found.setdefault(method, []).append(model.score(*data.features_and_targets(test)))
        told = ", ".join(f"{method} {values[-1]:.4f}" for method, values in found.items())
        print(f"{name} {seed}: {told}", file=sys.stderr, flush=True)
    return found


def paired(ours, theirs):
    """Mean and standard error of the difference."""
    differences = [one - other for one, other in zip(ours, theirs)]
    spread = statistics.stdev(differences) if len(differences) > 1 else math.nan
    return statistics.fmean(differences), spread / math.sqrt(len(differences))


def comparison(results):
    rows = []
    for name, found in results.items():
        ours = found["caviar"]
        metric = "accuracy" if SETS[name][1] else "R2"
        for method, theirs in found.items():
            if method == "caviar":
                continue
            mean, error = paired(ours, theirs)
            verdict = "yes" if mean < -error else "no"
            figures = [f"{statistics.fmean(values):.4f}" for values in (ours, theirs)]
            rows.append([name, metric, figures[0], method, figures[1], f"{mean:+.4f}", f"{error:.4f}", verdict])
    header = ["table", "score", "caviar", "peer", "peer's", "difference", "standard error", "worse by more than one"]
    return table(header, rows), any(row[-1] == "yes" for row in rows)


def raw(results, first):
    rows = [
        [name, method, *(f"{value:.4f}" for value in values)]
        for name, found in results.items()
        for method, values in found.items()
    ]
    count = max(len(row) for row in rows) - 2
    return table(["table", "method", *(f"split {seed}" for seed in range(first, first + count))], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--caviar", default=ROOT / "target" / "release" / "caviar", help="the program")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--first", type=int, default=0, help="the seed of the first split")
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--time", default="20s", help="what each tune is given")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    results = {name: scores(options, name) for name in options.sets}
    compared, worse = comparison(results)
    text = (
        "## Good enough to believe\n\n"
        f"`caviar tune --time {options.time} --threads {options.threads}` beside scikit-learn's default networks and linear models, each behind a\n"
        f"`StandardScaler` (the network's regression target scaled, too), over {options.splits} splits\n({options.first} to {options.first + options.splits - 1}) into 80 % training and 20 % test rows that are\n"
        "the same for all. Differences are paired by split. Made by `bench/believe.py`.\n\n"
        f"{compared}\n\nEvery score:\n\n{raw(results, options.first)}\n\n"
        f"{circumstances(['scikit-learn', 'numpy'])}\n"
    )
    print(text)
    if options.write:
        replace_section("believe", text)
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
