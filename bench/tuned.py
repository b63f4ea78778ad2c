"""The search inside `fit` beside what people do today, in the same time on the same cores, paired over splits.

`TunedClassifier`/`TunedRegressor` with `time=`, scikit-learn's networks with default settings, `HalvingRandomSearchCV` over them, Optuna
driving PyTorch, and, as an honest line, `HistGradientBoosting`. Those that take no frames get one column for each word, numbers scaled,
missing ones as the median; a network's target is scaled. What is not installed is left out and said.

usage: tuned.py FOLDER [--only digits ...] [--seconds 60] [--splits 10] [--rows 50000] [--write]

FOLDER has adult, california and hflights as their sources give them. With 10 splits and 60 seconds it takes about 4 hours.
"""

import argparse
import math
import statistics
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.impute import SimpleImputer
from sklearn.model_selection import HalvingRandomSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

import caviar
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


def prepared():
    words = make_column_selector(dtype_exclude=np.number)
    numbers = make_column_selector(dtype_include=np.number)
    one_hot = OneHotEncoder(handle_unknown="ignore", max_categories=33, sparse_output=False)
    return ColumnTransformer([
        ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        ("words", make_pipeline(SimpleImputer(strategy="constant", fill_value="?"), one_hot), words),
    ])


def network(classes, **given):
    if classes:
        return MLPClassifier(random_state=0, **given)
    return TransformedTargetRegressor(MLPRegressor(random_state=0, **given), transformer=StandardScaler())


def ours(classes, seconds):
    make = caviar.TunedClassifier if classes else caviar.TunedRegressor
    metric = "accuracy" if classes else "loss"
    return make(time=seconds, metric=metric, random_state=0, n_jobs=2)


def default(classes, seconds):
    return make_pipeline(prepared(), network(classes))


class Halving:
    """As many configurations as the time allows: the number is doubled until a search has used half of it."""

    def __init__(self, classes, seconds):
        self.classes, self.seconds = classes, seconds

    def fit(self, X, y):
        prefix = "" if self.classes else "regressor__"
        space = {
            "hidden_layer_sizes": [(64,), (128,), (64, 32), (128, 64), (256,)],
            "learning_rate_init": np.geomspace(3e-4, 3e-2, 30),
            "alpha": np.geomspace(1e-6, 1e-1, 30),
            "batch_size": [32, 64, 128, 256],
            "activation": ["relu", "tanh"],
        }
        space = {prefix + name: values for name, values in space.items()}
        self.encoder = prepared().fit(X)
        X, start, count = self.encoder.transform(X), time.perf_counter(), 4
        while True:
            search = HalvingRandomSearchCV(network(self.classes, early_stopping=True), space, n_candidates=count,
                                           resource=f"{prefix}max_iter", min_resources=5, max_resources=50, cv=3,
                                           random_state=0, n_jobs=2)
            began = time.perf_counter()
            self.found = search.fit(X, y)
            if time.perf_counter() - start + 2.2 * (time.perf_counter() - began) > self.seconds:
                return self
            count *= 2

    def score(self, X, y):
        return self.found.score(self.encoder.transform(X), y)


class OptunaTorch:
    """Optuna's sampler and pruner over networks of PyTorch, each on one thread after the other; the best is kept."""

    def __init__(self, classes, seconds):
        self.classes, self.seconds = classes, seconds

    def fit(self, X, y):
        import optuna
        import torch

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        torch.set_num_threads(2)
        end = time.perf_counter() + self.seconds
        parts = train_test_split(X, y, test_size=0.2, random_state=0, stratify=y if self.classes else None)
        self.encoder = prepared().fit(parts[0])
        rows = [torch.tensor(self.encoder.transform(part), dtype=torch.float32) for part in parts[:2]]
        self.center, self.scale = (0.0, 1.0) if self.classes else (parts[2].mean(), parts[2].std())
        kind = torch.long if self.classes else torch.float32
        answers = [torch.tensor(((part - self.center) / self.scale).to_numpy(), dtype=kind) for part in parts[2:]]
        outputs = int(max(y)) + 1 if self.classes else 1
        self.best = (math.inf, None)

        def objective(trial):
            torch.manual_seed(trial.number)
            widths = [trial.suggest_int(f"units{n}", 8, 256, log=True) for n in range(trial.suggest_int("layers", 1, 3))]
            drop = trial.suggest_float("dropout", 0.0, 0.5)
            layers, inputs = [], rows[0].shape[1]
            for width in widths:
                layers += [torch.nn.Linear(inputs, width), torch.nn.ReLU(), torch.nn.Dropout(drop)]
                inputs = width
            model = torch.nn.Sequential(*layers, torch.nn.Linear(inputs, outputs))
            rate, decay = trial.suggest_float("rate", 3e-4, 3e-2, log=True), trial.suggest_float("decay", 1e-6, 1e-1, log=True)
            rule = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=decay)
            batch = trial.suggest_int("batch", 16, 256, log=True)
            cost = torch.nn.CrossEntropyLoss() if self.classes else torch.nn.MSELoss()
            lowest = math.inf
            for epoch in range(50):
                model.train()
                for part in torch.randperm(len(rows[0])).split(batch):
                    said = model(rows[0][part])
                    loss = cost(said if self.classes else said[:, 0], answers[0][part])
                    rule.zero_grad()
                    loss.backward()
                    rule.step()
                    if time.perf_counter() > end:
                        break
                model.eval()
                with torch.no_grad():
                    said = model(rows[1])
                    loss = float(cost(said if self.classes else said[:, 0], answers[1]))
                if loss < lowest:
                    lowest = loss
                    if loss < self.best[0]:
                        self.best = (loss, [layer for layer in model], )
                        self.kept = {name: value.clone() for name, value in model.state_dict().items()}
                        self.model = model
                trial.report(loss, epoch)
                if time.perf_counter() > end or trial.should_prune():
                    break
            return lowest

        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0), pruner=optuna.pruners.MedianPruner())
        study.optimize(objective, timeout=self.seconds)
        self.model.load_state_dict(self.kept)
        return self

    def score(self, X, y):
        import torch
        from sklearn.metrics import accuracy_score, r2_score

        with torch.no_grad():
            said = self.model.eval()(torch.tensor(self.encoder.transform(X), dtype=torch.float32)).numpy()
        if self.classes:
            return accuracy_score(y, said.argmax(axis=1))
        return r2_score(y, said[:, 0] * self.scale + self.center)


def boosting(classes, seconds):
    make = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    words = make_column_selector(dtype_exclude=np.number)
    return make_pipeline(ColumnTransformer([("words", ordinal, words)], remainder="passthrough"), make(random_state=0))


METHODS = {"caviar": ours, "MLP": default, "halving": Halving, "Optuna + PyTorch": OptunaTorch, "boosting": boosting}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    toys = {"digits": load_digits, "breast cancer": load_breast_cancer, "wine": load_wine}
    sets = {name: lambda load=load: (*load(return_X_y=True, as_frame=True), True) for name, load in toys.items()}
    sets |= {
        "adult": lambda: adult(options.folder),
        "california": lambda: california(options.folder),
        "hflights": lambda: hflights(options.folder, options.rows),
    }
    lines = []
    for name in options.only or sets:
        X, y, classes = sets[name]()
        scores, seconds = {method: [] for method in METHODS}, {method: [] for method in METHODS}
        for split in range(options.splits):
            parts = train_test_split(X, y, test_size=0.2, random_state=split, stratify=y if classes else None)
            for method, make in METHODS.items():
                start = time.perf_counter()
                try:
                    model = make(classes, options.seconds).fit(parts[0], parts[2])
                except ImportError as error:
                    print(f"{method} is left out: {error}", flush=True)
                    continue
                seconds[method].append(time.perf_counter() - start)
                scores[method].append(model.score(parts[1], parts[3]))
                print(name, split, method, f"{scores[method][-1]:.4f}", f"{seconds[method][-1]:.1f} s", flush=True)
        for method in METHODS:
            if scores[method]:
                gap = [a - b for a, b in zip(scores["caviar"], scores[method])]
                error = statistics.stdev(gap) / math.sqrt(len(gap)) if len(gap) > 1 else math.nan
                lines.append([name, "accuracy" if classes else "R2", method, f"{statistics.mean(scores[method]):.4f}",
                              f"{statistics.mean(seconds[method]):.1f}", f"{statistics.mean(gap):+.4f}", f"{error:.4f}"])
    header = ["table", "score", "method", "mean", "seconds", "caviar's lead", "standard error"]
    text = f"""## The search inside `fit`

`TunedClassifier(time={options.seconds:g})` beside others in the same time, on 2 threads, over {options.splits} splits into 80 % and 20 % that are the
same for all; leads are paired by split. Made by `bench/tuned.py`.

{table(header, lines)}

{circumstances(["scikit-learn", "optuna", "torch", "numpy"])}"""
    print(text)
    if options.write:
        replace_section("tuned", text)


if __name__ == "__main__":
    main()
