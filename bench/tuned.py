"""The search inside `fit` beside what people do today, in the same time on the same cores, paired over splits.

`TunedClassifier`/`TunedRegressor` with `time=`, scikit-learn's networks with default settings, `HalvingRandomSearchCV` over them, Optuna
driving PyTorch and scikit-learn's networks, and, as an honest line, `HistGradientBoosting`: see `contestants.py`. What is not installed
is left out and said.

usage: tuned.py FOLDER [--only digits ...] [--methods caviar ...] [--seconds 60] [--splits 10] [--first 0] [--threads 2] [--rows 50000]
                [--log runs.jsonl] [--write]

FOLDER has adult, california and hflights as their sources give them. Every fit is added to the log, and what is in the log already is
not done again, so that a run can be cut off, go on, and be shared by several processes (one thread and a log each: give all logs
to the last). With 10 splits and 60 seconds it takes about 5 hours.
"""

import argparse
import itertools
import json
import math
import statistics
import time
import warnings
from pathlib import Path

import pandas as pd
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.model_selection import train_test_split

from contestants import METHODS
from record import circumstances, replace_section, table

def adult(folder):
    parts = [pd.read_csv(Path(folder) / "adult" / f"adult-{part}.csv", header=None, skipinitialspace=True, comment="|",
                         na_values="?") for part in ("train", "test")]
    whole = pd.concat(parts, ignore_index=True).rename(columns=str)
    return whole.drop(columns="14"), whole["14"].str.strip(".").eq(">50K").astype(int), True


def california(folder):
    whole = pd.read_csv(Path(folder) / "california" / "housing.csv")
    return whole.drop(columns="median_house_value"), whole["median_house_value"], False


def hflights(folder, rows):
    whole = pd.read_csv(Path(folder) / "hflights" / "hflights.csv.gz").dropna(subset=["ArrDelay"])
    whole = whole.sample(min(rows, len(whole)), random_state=0).reset_index(drop=True)
    left_out = ["ArrDelay", "ActualElapsedTime", "AirTime", "ArrTime", "Cancelled", "CancellationCode", "Diverted", "TailNum"]
    return whole.drop(columns=[name for name in left_out if name in whole]), whole["ArrDelay"], False


def datasets(folder, rows):
    """For each name what gives the features, the answers, and whether these are classes."""
    toys = {"digits": load_digits, "breast cancer": load_breast_cancer, "wine": load_wine}
    sets = {name: lambda load=load: (*load(return_X_y=True, as_frame=True), True) for name, load in toys.items()}
    return sets | {
        "adult": lambda: adult(folder),
        "california": lambda: california(folder),
        "hflights": lambda: hflights(folder, rows),
    }


def fits(options, done):
    """Does every fit that is not in the log, split by split, so that all tables have as many whenever it is cut off."""
    sets = {name: load() for name, load in datasets(options.folder, options.rows).items() if name in (options.only or [name])}
    for split, (name, (X, y, classes)) in itertools.product(range(options.first, options.first + options.splits), sets.items()):
        parts = train_test_split(X, y, test_size=0.2, random_state=split, stratify=y if classes else None)
        for method in options.methods:
            if (name, split, method) in done:
                continue
            start = time.perf_counter()
            try:
                model = METHODS[method](classes, options.seconds, options.threads).fit(parts[0], parts[2])
            except ImportError as error:
                print(f"{method} is left out: {error}", flush=True)
                continue
            seconds = time.perf_counter() - start
            yield {"table": name, "kind": "accuracy" if classes else "R2", "split": split, "method": method,
                   "score": float(model.score(parts[1], parts[3])), "seconds": round(seconds, 1), "networks": model.networks,
                   "limit": options.seconds, "threads": options.threads}


# Student's t for 97.5 %, by degrees of freedom.
T = {1: 12.71, 2: 4.30, 3: 3.18, 4: 2.78, 5: 2.57, 6: 2.45, 7: 2.36, 8: 2.31, 9: 2.26}


def rows_of(results):
    """A line for each table and method, leads paired by split with 95 % intervals."""
    lines = []
    for name in dict.fromkeys(result["table"] for result in results):
        here = [result for result in results if result["table"] == name]
        ours = {result["split"]: result["score"] for result in here if result["method"] == "caviar"}
        for method in METHODS:
            mine = [result for result in here if result["method"] == method]
            if not mine:
                continue
            mean = lambda key: statistics.mean(result[key] for result in mine)
            gap = [ours[result["split"]] - result["score"] for result in mine if result["split"] in ours]
            lead = ""
            if method != "caviar" and len(gap) > 1:
                half = T.get(len(gap) - 1, 1.96) * statistics.stdev(gap) / math.sqrt(len(gap))
                better = statistics.mean(gap) - half > 0
                worse = statistics.mean(gap) + half < 0
                verdict = "ahead" if better else "behind" if worse else "no difference seen"
                lead = f"{statistics.mean(gap):+.4f} +- {half:.4f}, {verdict}"
            lines.append([name, here[0]["kind"], method, len(mine), f"{mean('networks'):.0f}" if mean("networks") else "1",
                          f"{mean('seconds'):.1f}", f"{mean('score'):.4f}", lead])
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--log", nargs="+", type=Path, default=[])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    lines = [line for log in options.log if log.exists() for line in log.read_text(encoding="utf-8").splitlines()]
    results = [json.loads(line) for line in lines]
    for result in fits(options, {(done["table"], done["split"], done["method"]) for done in results}):
        results.append(result)
        print(json.dumps(result), flush=True)
        if options.log:
            with options.log[0].open("a", encoding="utf-8") as log:
                log.write(json.dumps(result) + "\n")
    limits = sorted({(result["limit"], result["threads"]) for result in results})
    within = " and ".join(f"{limit:g} seconds on {threads} thread{'s' * (threads > 1)}" for limit, threads in limits)
    header = ["table", "score", "method", "splits", "networks tried", "seconds", "mean", "caviar's lead, 95 %"]
    text = f"""## The search inside `fit`

`TunedClassifier` and `TunedRegressor` beside others, {within} for each, over splits into 80 % and 20 % that are the same for all;
leads are paired by split. Made by `bench/tuned.py`.

{table(header, rows_of(results))}

{circumstances(["scikit-learn", "optuna", "torch", "numpy"])}"""
    print(text)
    if options.write:
        replace_section("tuned", text)


if __name__ == "__main__":
    main()
