"""Those that `tuned.py` lets search for a network: each is made of (classes, seconds, threads), fits, scores, and says how many
networks it has tried.

Those that take no frames get one column for each word, numbers scaled, missing ones as the median; a network's target is scaled.
"""

import copy
import math
import tempfile
import time
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error, r2_score
from sklearn.model_selection import HalvingRandomSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

import caviar

EPOCHS = 50


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


class Fixed:
    """An estimator that searches nothing."""

    def __init__(self, estimator):
        self.estimator, self.networks = estimator, 0

    def fit(self, X, y):
        self.estimator.fit(X, y)
        return self

    def score(self, X, y):
        return self.estimator.score(X, y)


class Caviar:
    def __init__(self, classes, seconds, threads):
        make = caviar.TunedClassifier if classes else caviar.TunedRegressor
        self.model = make(time=seconds, metric="accuracy" if classes else "loss", random_state=0, n_jobs=threads)

    def fit(self, X, y):
        self.networks = len(self.model.fit(X, y).leaderboard_)
        return self

    def score(self, X, y):
        return self.model.score(X, y)


def default(classes, seconds, threads):
    return Fixed(make_pipeline(prepared(), network(classes)))


def boosting(classes, seconds, threads):
    make = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    words = make_column_selector(dtype_exclude=np.number)
    return Fixed(make_pipeline(ColumnTransformer([("words", ordinal, words)], remainder="passthrough"), make(random_state=0)))


class Halving:
    """As many configurations as the time allows: the number is doubled until another search would not end in time."""

    def __init__(self, classes, seconds, threads):
        self.classes, self.seconds, self.threads, self.networks = classes, seconds, threads, 0

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
                                           resource=f"{prefix}max_iter", min_resources=5, max_resources=EPOCHS, cv=3,
                                           random_state=0, n_jobs=self.threads)
            began = time.perf_counter()
            self.found = search.fit(X, y)
            self.networks += count
            if time.perf_counter() - start + 2.2 * (time.perf_counter() - began) > self.seconds:
                return self
            count *= 2

    def score(self, X, y):
        return self.found.score(self.encoder.transform(X), y)


class Optuna:
    """Optuna's sampler (TPE) and pruner (successive halving); the network of the best epoch is kept.

    Networks this small gain nothing from a second thread, so each core has a process of its own, and one study is shared through a file,
    as Optuna's manual advises. Starting the processes is not counted.
    """

    def __init__(self, classes, seconds, threads):
        self.classes, self.seconds, self.threads = classes, seconds, threads

    def fit(self, X, y):
        parts = train_test_split(X, y, test_size=0.2, random_state=0, stratify=y if self.classes else None)
        self.encoder = prepared().fit(parts[0])
        self.rows = [self.encoder.transform(part).astype(np.float32) for part in parts[:2]]
        self.center, self.scale = (0.0, 1.0) if self.classes else (parts[2].mean(), parts[2].std())
        self.answers = [((part - self.center) / self.scale).to_numpy() for part in parts[2:]]
        self.outputs = int(max(y)) + 1 if self.classes else 1
        self.lowest, self.kept = math.inf, None
        with Parallel(n_jobs=self.threads) as processes, tempfile.TemporaryDirectory() as folder:
            processes(delayed(self.load)() for _ in range(self.threads))
            self.end = time.perf_counter() + self.seconds
            found = processes(delayed(self.search)(Path(folder) / "journal", seed) for seed in range(self.threads))
        self.networks = sum(tried for _, _, tried in found)
        self.load()
        _, self.kept, _ = min(found, key=lambda each: each[0])
        return self

    def search(self, journal, seed):
        """What one process finds until the time is over: the lowest loss, its network, and how many networks were tried."""
        import optuna

        self.load()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(journal)))
        sampler, pruner = optuna.samplers.TPESampler(seed=seed), optuna.pruners.SuccessiveHalvingPruner(min_resource=5)
        study = optuna.create_study(storage=storage, study_name="search", sampler=sampler, pruner=pruner, load_if_exists=True)
        tried = []
        study.optimize(self.trial, timeout=self.end - time.perf_counter(), callbacks=[lambda _, trial: tried.append(trial.number)])
        return self.lowest, self.kept, len(tried)

    def trial(self, trial):
        widths = [trial.suggest_int(f"units{n}", 8, 256, log=True) for n in range(trial.suggest_int("layers", 1, 3))]
        rate, decay = trial.suggest_float("rate", 3e-4, 3e-2, log=True), trial.suggest_float("decay", 1e-6, 1e-1, log=True)
        batch = trial.suggest_int("batch", 16, 256, log=True)
        lowest = math.inf
        for epoch, (loss, keep) in enumerate(self.epochs(trial, widths, rate, decay, batch)):
            if loss < lowest:
                lowest = loss
                if loss < self.lowest:
                    self.lowest, self.kept = loss, keep()
            trial.report(loss, epoch)
            if time.perf_counter() > self.end or trial.should_prune():
                break
        return lowest


class OptunaTorch(Optuna):
    """Networks of PyTorch."""

    def load(self):
        import torch

        torch.set_num_threads(1)
        self.torch = torch

    def epochs(self, trial, widths, rate, decay, batch):
        torch = self.torch
        torch.manual_seed(trial.number)
        rows, kind = list(map(torch.tensor, self.rows)), torch.long if self.classes else torch.float32
        answers = [torch.tensor(part, dtype=kind) for part in self.answers]
        drop, layers, inputs = trial.suggest_float("dropout", 0.0, 0.5), [], rows[0].shape[1]
        for width in widths:
            layers += [torch.nn.Linear(inputs, width), torch.nn.ReLU(), torch.nn.Dropout(drop)]
            inputs = width
        model = torch.nn.Sequential(*layers, torch.nn.Linear(inputs, self.outputs))
        rule = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=decay)
        loss_of = torch.nn.CrossEntropyLoss() if self.classes else torch.nn.MSELoss()
        cost = lambda said, answer: loss_of(said if self.classes else said[:, 0], answer)

        def keep():
            return model, {name: value.clone() for name, value in model.state_dict().items()}

        for _ in range(EPOCHS):
            model.train()
            for part in torch.randperm(len(rows[0])).split(batch):
                loss = cost(model(rows[0][part]), answers[0][part])
                rule.zero_grad()
                loss.backward()
                rule.step()
                if time.perf_counter() > self.end:
                    break
            model.eval()
            with torch.no_grad():
                yield float(cost(model(rows[1]), answers[1])), keep

    def score(self, X, y):
        model, weights = self.kept
        model.load_state_dict(weights)
        with self.torch.no_grad():
            said = model.eval()(self.torch.tensor(self.encoder.transform(X).astype(np.float32))).numpy()
        if self.classes:
            return accuracy_score(y, said.argmax(axis=1))
        return r2_score(y, said[:, 0] * self.scale + self.center)


class OptunaSklearn(Optuna):
    """Networks of scikit-learn, an epoch at a time."""

    def load(self):
        """How many threads numpy's libraries take is scikit-learn's affair."""

    def epochs(self, trial, widths, rate, decay, batch):
        make = MLPClassifier if self.classes else MLPRegressor
        model = make(hidden_layer_sizes=tuple(widths), learning_rate_init=rate, alpha=decay, batch_size=min(batch, len(self.rows[0])),
                     activation=trial.suggest_categorical("activation", ["relu", "tanh"]), random_state=trial.number)
        given = {"classes": np.unique(self.answers[0])} if self.classes else {}
        for _ in range(EPOCHS):
            model.partial_fit(self.rows[0], self.answers[0], **given)
            if self.classes:
                loss = log_loss(self.answers[1], model.predict_proba(self.rows[1]), labels=model.classes_)
            else:
                loss = mean_squared_error(self.answers[1], model.predict(self.rows[1]))
            yield loss, lambda: copy.deepcopy(model)

    def score(self, X, y):
        said = self.kept.predict(self.encoder.transform(X).astype(np.float32))
        return accuracy_score(y, said) if self.classes else r2_score(y, said * self.scale + self.center)


METHODS = {
    "caviar": Caviar,
    "MLP": default,
    "halving": Halving,
    "Optuna + PyTorch": OptunaTorch,
    "Optuna + MLP": OptunaSklearn,
    "boosting": boosting,
}
