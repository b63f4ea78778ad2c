"""The Python estimators beside scikit-learn's: `MLPClassifier` with the same settings and epochs, in turns on the same cores.

usage: estimators.py [--adult FOLDER] [--rounds 3] [--threads 2] [--write]

The package must be installed (`pip install ../crates/py`); FOLDER has adult-train.csv and adult-test.csv.
"""

import argparse
import statistics
import time
import warnings
from pathlib import Path

import numpy as np
import sklearn.neural_network
from sklearn.datasets import load_digits, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

import caviar
from record import circumstances, replace_section, table

# name: (epochs of both, hidden layers)
WORKS = {"digits": (100, (100,)), "adult": (10, (100,)), "784-100-10": (5, (100,))}


def digits():
    return train_test_split(*load_digits(return_X_y=True), test_size=0.25, random_state=0)


def adult(folder):
    """One column for each word, numbers scaled."""
    import pandas

    parts = [pandas.read_csv(Path(folder) / f"adult-{part}.csv", header=None, skipinitialspace=True, comment="|")
             for part in ("train", "test")]
    both = pandas.concat(parts, keys=("train", "test"))
    answers = both[14].str.strip(".").eq(">50K").to_numpy()
    columns = pandas.get_dummies(both.drop(columns=14)).to_numpy(dtype=float)
    rows = len(parts[0])
    scale = StandardScaler().fit(columns[:rows])
    columns = scale.transform(columns)
    return columns[:rows], columns[rows:], answers[:rows], answers[rows:]


def pixels():
    made = make_classification(12_000, 784, n_informative=60, n_classes=10, n_clusters_per_class=1, random_state=0)
    return train_test_split(*made, test_size=2000, random_state=0)


def fit(make, data, epochs, hidden):
    X, X_test, y, y_test = data
    model = make(hidden_layer_sizes=hidden, max_iter=epochs, tol=0.0, n_iter_no_change=np.inf, random_state=0)
    start = time.perf_counter()
    model.fit(X, y)
    seconds = time.perf_counter() - start
    assert model.n_iter_ == epochs
    return seconds, model.score(X_test, y_test)


def overhead(rounds):
    """Milliseconds of a fit of 150 rows that does as little as possible: one epoch of one batch of a linear model."""
    X, y = np.random.default_rng(0).normal(size=(150, 4)), np.arange(150) % 3
    model = caviar.MLPClassifier((), max_iter=1, batch_size="full", random_state=0)
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        model.fit(X, y)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--adult", metavar="FOLDER")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    sets = {"digits": digits, "adult": lambda: adult(options.adult), "784-100-10": pixels}
    if options.adult is None:
        del sets["adult"]
    rows = []
    for name, load in sets.items():
        data, (epochs, hidden) = load(), WORKS[name]
        seconds, scores = {"caviar": [], "scikit-learn": []}, {}
        makers = {
            "caviar": lambda **given: caviar.MLPClassifier(**given, n_jobs=options.threads),
            "scikit-learn": sklearn.neural_network.MLPClassifier,
        }
        with threadpool_limits(options.threads):
            for _ in range(options.rounds):
                for library, make in makers.items():
                    taken, scores[library] = fit(make, data, epochs, hidden)
                    seconds[library].append(taken)
        own, other = statistics.median(seconds["caviar"]), statistics.median(seconds["scikit-learn"])
        shape = f"{data[0].shape[0]:,} x {data[0].shape[1]}"
        rows.append([name, shape, epochs, f"{own:.3f}", f"{other:.3f}", f"{other / own:.1f}",
                     f"{scores['caviar']:.4f}", f"{scores['scikit-learn']:.4f}"])
        print(rows[-1], flush=True)
    header = ["work", "rows", "epochs", "caviar s", "scikit-learn s", "times", "caviar accuracy", "scikit-learn accuracy"]
    text = f"""## The Python estimators

`caviar.MLPClassifier` beside scikit-learn's, both with the default settings (100 hidden units, Adam, batches of 200) for the same epochs,
threads: {options.threads}; medians of {options.rounds} fits in turns. Made by `bench/estimators.py`.

{table(header, rows)}

A fit of 150 rows that does as little as possible, one step of a linear model, takes {overhead(50):.2f} ms, scikit-learn's checks of the arguments included.

{circumstances(["scikit-learn", "numpy"])}"""
    print(text)
    if options.write:
        replace_section("estimators", text)


if __name__ == "__main__":
    main()
