"""Estimators that search inside ``fit``."""

from __future__ import annotations

import io
import multiprocessing
import os
import pickle
import signal
import threading
import time

import joblib
import numpy as np
import optuna
import pandas as pd
import pytest
import scipy.stats
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import caviar
from caviar import TunedClassifier, TunedRegressor


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


def quick(**given):
    return TunedClassifier(**{"trials": 6, "epochs": 12, "random_state": 0, **given})


@pytest.fixture(scope="module")
def found(iris):
    return quick(keep="best").fit(*iris)


def test_any_number_of_threads_finds_the_same(iris):
    X, y = iris
    models = [quick(n_jobs=n).fit(X, y) for n in (1, 2, 3)]
    assert all(model.best_params_ == models[0].best_params_ for model in models)
    assert all((model.predict_proba(X) == models[0].predict_proba(X)).all() for model in models)


def test_the_best_leads_the_board(found):
    scores = [trial["score"] for trial in found.leaderboard_ if trial["state"] == "complete"]
    assert found.leaderboard_[0]["trial"] == found.best_trial_
    assert found.leaderboard_[0]["params"] == found.best_params_
    assert sorted(scores[1:]) == scores[1:] and found.best_score_ == scores[0]
    assert found.n_splits_ == 5 and set(found.importance_) <= {"x0", "x1", "x2", "x3"}
    assert found.best_settings_["learning_rate"] > 0


def test_results_have_the_shape_of_scikit_learns_searches(found):
    results = found.cv_results_
    count = len(results["params"])
    assert count == 6 and all(len(column) == count for column in results.values())
    best = int(np.nanargmin(results["rank_test_score"]))
    assert results["params"][best] == found.best_params_
    assert results["mean_test_score"][best] == -found.best_score_
    frame = pd.DataFrame(results)
    assert {"param_optimizer", "param_hidden", "rank_test_score"} <= set(frame.columns)
    without = [params.get("activation") is None for params in results["params"]]
    assert (np.ma.getmaskarray(results["param_activation"]) == without).all()


def test_it_is_better_than_a_line_and_ensembles_are_kept():
    X, y = load_diabetes(return_X_y=True)
    y = np.sin(3 * (y - y.mean()) / y.std())
    model = TunedRegressor(trials=10, epochs=40, random_state=0).fit(X, y)
    assert model.score(X, y) > LinearRegression().fit(X, y).score(X, y)


@pytest.mark.parametrize("copied", ["pickle", "joblib"])
def test_copies_predict_alike(found, iris, copied):
    if copied == "pickle":
        other = pickle.loads(pickle.dumps(found))
    else:
        file = io.BytesIO()
        joblib.dump(found, file)
        file.seek(0)
        other = joblib.load(file)
    assert (other.predict_proba(iris[0]) == found.predict_proba(iris[0])).all()
    assert other.leaderboard_ == found.leaderboard_ and other.get_params() == found.get_params()


def test_a_pipeline_a_clone_and_a_cross_validation(iris):
    X, y = iris
    pipeline = make_pipeline(StandardScaler(), quick(trials=3))
    assert cross_val_score(pipeline, X, y, cv=3, n_jobs=2).mean() > 0.85
    assert clone(quick(space={"dropout": [0.0, 0.1]})).space == {"dropout": [0.0, 0.1]}


def test_frames_with_words_and_missing_values():
    rng = np.random.default_rng(0)
    kind = rng.choice(["a", "b", "c"], 300)
    size = np.where(rng.random(300) < 0.1, np.nan, rng.normal(size=300))
    X = pd.DataFrame({"kind": kind, "size": size})
    y = np.where((kind == "a") ^ (np.nan_to_num(size) > 0), "in", "out")
    model = quick(trials=8, epochs=30).fit(X, y)
    assert model.score(X, y) > 0.85 and set(model.classes_) == {"in", "out"}
    assert (model.predict(X[["size", "kind"]]) == model.predict(X)).all()
    assert "size is missing" in model.encoded_names_
    with pytest.raises(ValueError, match="missing"):
        model.predict(X[["size"]])


def log(low, high):
    return {"scale": "log", "low": low, "high": high}


SPACES = [
    ({"learning_rate": [0.01, 0.02], "optimizer": ["adam"]}, lambda p: p["learning_rate"] in (0.01, 0.02)),
    ({"learning_rate_init": scipy.stats.loguniform(1e-3, 1e-1)}, lambda p: 1e-3 <= p["learning_rate"] <= 1e-1),
    ({"dropout": scipy.stats.uniform(0.1, 0.2)}, lambda p: 0.1 <= p["dropout"] <= 0.3),
    ({"batch_size": scipy.stats.randint(8, 10)}, lambda p: p["batch_size"] in (8, 9)),
    (
        {"learning_rate": optuna.distributions.FloatDistribution(1e-3, 1e-1, log=True)},
        lambda p: 1e-3 <= p["learning_rate"] <= 1e-1,
    ),
    (
        {"batch_size": optuna.distributions.IntDistribution(8, 64, log=True)},
        lambda p: 8 <= p["batch_size"] <= 64 and p["batch_size"] == int(p["batch_size"]),
    ),
    (
        {
            "activation": optuna.distributions.CategoricalDistribution(["silu", "tanh"]),
            "dropout": optuna.distributions.FloatDistribution(0.0, 0.2, step=0.1),
        },
        lambda p: p["activation"] in ("silu", "tanh") and p["dropout"] in (0.0, 0.1, 0.2),
    ),
    ({"learning-rate": log(1e-3, 1e-2), "l2": [0.0, 1.0]}, lambda p: 1e-3 <= p["learning_rate"] <= 1e-2),
    ({"hidden_layer_sizes": [(16,), (8, 8), ()]}, lambda p: p["hidden"] in ("16", "8,8", "none")),
    ({"hidden_layer_sizes": (7, 5), "dropout": [0.1, 0.2]}, lambda p: p["hidden"] == "7,5"),
    (
        {"layers": {"scale": "integer", "low": 0, "high": 1}, "units": [4, 8]},
        lambda p: p["hidden"] in ("none", "4", "8"),
    ),
]


@pytest.mark.parametrize(("space", "holds"), SPACES)
def test_spaces_of_all_kinds_are_searched(iris, space, holds):
    model = quick(space=space, trials=4, epochs=3).fit(*iris)
    assert all(holds(params) for params in model.cv_results_["params"])


def test_settings_are_not_searched(iris):
    model = quick(settings={"activation": "tanh", "hidden": (5,), "dropout": 0.0}).fit(*iris)
    settings = model.best_settings_
    assert (settings["activation"], settings["hidden"], settings["dropout"]) == ("tanh", [5], 0.0)


def test_classes_and_rows_can_weigh_more():
    X, y = load_breast_cancer(return_X_y=True)
    rows = np.r_[np.flatnonzero(y == 1), np.flatnonzero(y == 0)[:20]]
    recalls = []
    for given, weight in [({}, None), ({"class_weight": {0: 30, 1: 1}}, None), ({}, np.where(y[rows] == 0, 30.0, 1.0))]:
        model = quick(settings={"hidden": ()}, **given).fit(X[rows], y[rows], sample_weight=weight)
        recalls.append((model.predict(X[y == 0]) == 0).mean())
    assert recalls[1] >= recalls[0] and recalls[2] >= recalls[0]


def test_a_limit_of_time_is_kept():
    X, y = load_breast_cancer(return_X_y=True)

    def seconds():
        begun = time.monotonic()
        TunedClassifier(time=2, random_state=0).fit(X, y)
        return time.monotonic() - begun

    # A busy machine may need another one.
    assert any(seconds() < 4 for _ in range(5))


def test_a_budget_of_epochs_is_kept(iris):
    model = quick(trials=None, budget=30).fit(*iris)
    assert sum(trial["epochs"] for trial in model.trials_ if trial["folds"] <= 2) <= 60


def test_a_callback_is_told_and_can_end_it(iris):
    events = []
    model = quick(callback=lambda event: events.append(event["event"])).fit(*iris)
    assert events[0] == "started" and events.count("trial") >= 6 and "epoch" in events
    assert not model.interrupted_

    def stop(event):
        return event["event"] == "trial"

    assert len(quick(callback=stop, trials=40).fit(*iris).trials_) < 40
    with pytest.raises(ZeroDivisionError):
        quick(callback=lambda event: 1 / 0).fit(*iris)


def test_a_study_is_kept_and_goes_on_to_the_same_bits(iris, tmp_path):
    X, y = iris
    expected = quick().fit(X, y)
    path = tmp_path / "study.db"
    first = quick(study=str(path)).fit(X, y)
    assert (first.predict_proba(X) == expected.predict_proba(X)).all() and path.exists()
    again = quick(study=str(path), resume=True).fit(X, y)
    assert (again.predict_proba(X) == expected.predict_proba(X)).all()
    with pytest.raises(ValueError, match="other data"):
        quick(study=str(path), resume=True).fit(X + 1, y)
    with pytest.raises(ValueError, match="other settings"):
        quick(study=str(path), resume=True, random_state=5).fit(X, y)
    with pytest.raises((ValueError, RuntimeError), match="study.db"):
        quick(study=str(path)).fit(X, y)
    junk = tmp_path / "junk.db"
    junk.write_bytes(b"no study at all")
    with pytest.raises(ValueError, match="junk.db"):
        quick(study=str(junk), resume=True).fit(X, y)


INTERRUPTED = """
import sys, time, warnings
import numpy as np
from caviar import TunedClassifier
X = np.random.default_rng(0).normal(size=(int(sys.argv[1]), 20))
given = {"study": sys.argv[2], "resume": True} if len(sys.argv) > 2 else {}
model = TunedClassifier(trials=100000, random_state=0, callback=lambda e: print(e["event"], flush=True), **given)
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    model.fit(X, X[:, 0] > 0)
print(time.monotonic(), flush=True)
print("end", model.interrupted_, model.score(X, X[:, 0] > 0) > 0.8, len(seen), flush=True)
"""


def interrupt(process):
    """Seconds from Ctrl-C to the end of a fit, and what was printed last."""
    while process.stdout.readline() != "trial\n":
        assert process.poll() is None
    sent = time.monotonic()
    process.send_signal(signal.SIGINT)
    # A pipe that nobody reads would stop the search.
    lines = process.stdout.readlines()
    assert process.wait(timeout=120) == 0
    return float(lines[-2]) - sent, lines[-1]


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("rows", ["1000", "3000"])
@pytest.mark.parametrize("kept", [False, True])
def test_ctrl_c_stops_within_half_a_second_and_leaves_what_was_found(rows, kept, start, tmp_path):
    arguments = [rows, tmp_path / "study.db"] if kept else [rows]
    # The second time a study goes on; a busy machine may need others.
    for attempt in range(6):
        seconds, said = interrupt(start(INTERRUPTED, *arguments))
        assert said == "end True True 1\n"
        if seconds < 0.5 and attempt > 0:
            return
    pytest.fail(f"it takes {seconds} s")


LEAVING = """
import threading
import numpy as np
from caviar import TunedClassifier
X = np.random.default_rng(0).normal(size=(3000, 20))
begun = threading.Event()
model = TunedClassifier(trials=100000, random_state=0, callback=lambda event: begun.set())
threading.Thread(target=model.fit, args=(X, X[:, 0] > 0), daemon=True).start()
begun.wait()
print("leaving", flush=True)
"""


def test_a_process_that_ends_while_a_thread_searches_ends(start):
    assert (process := start(LEAVING)).communicate(timeout=120)[0] == "leaving\n" and process.returncode == 0


def test_fits_of_one_object_from_several_threads_end_with_one_of_them(iris):
    X, y = iris
    model = quick(trials=3)
    threads = [threading.Thread(target=model.fit, args=(X, y)) for _ in range(3)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert (model.predict_proba(X) == quick(trials=3).fit(X, y).predict_proba(X)).all()


def searched(seed):
    X, y = load_iris(return_X_y=True)
    return quick(trials=3, random_state=seed, n_jobs=2).fit(X, y).predict_proba(X)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
def test_a_process_that_is_forked_while_a_thread_searches_searches_alike():
    X = np.random.default_rng(0).normal(size=(3000, 20))
    busy = threading.Thread(target=TunedClassifier(trials=12, random_state=0).fit, args=(X, X[:, 0] > 0))
    busy.start()
    with multiprocessing.get_context("fork").Pool(2) as pool:
        there = pool.map_async(searched, [0, 0]).get(timeout=300)
    busy.join()
    here = searched(0)
    assert all((part == here).all() for part in there)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"space": {"learning_rat": [0.1]}}, "learning-rate"),
        ({"space": {"learning_rate": []}}, "learning-rate"),
        ({"space": {"learning_rate": {"scale": "log", "low": 0.0, "high": 1.0}}}, "learning-rate"),
        ({"space": {"dropout": scipy.stats.norm(0, 1)}}, "norm"),
        ({"space": {"optimizer": ["adam", "lion"]}}, "lion"),
        ({"settings": {"activation": "swish"}}, "gelu"),
        ({"settings": {"depth": 3}}, "depth"),
        ({"settings": {"dropout": 2.0}}, "^dropout 2"),
        ({"settings": {"dropout": scipy.stats.uniform(0, 1)}}, "space"),
        ({"trials": 0}, "trials"),
        ({"time": -1}, "time"),
        ({"keep": "all"}, "ensemble"),
        ({"method": "tpe"}, "sobol"),
        ({"metric": "r2"}, "accuracy"),
        ({"validation_fraction": 1.0}, "validation_fraction"),
        ({"class_weight": {5: 1.0}}, "class_weight"),
        ({"max_memory": 10}, "^max_memory 10"),
    ],
)
def test_a_bad_parameter_is_named(iris, given, words):
    with pytest.raises(ValueError, match=words):
        quick(**given).fit(*iris)


def test_bad_data_is_told_of(iris):
    X, y = iris
    for rows, answers, words in [
        (X, np.zeros(150), "one class"),
        (X[:1], y[:1], "n_samples=1"),
        (X, np.arange(150), "class"),
        (np.ones((150, 3)), y, "no column is left"),
        (X, y[:5], "inconsistent"),
    ]:
        with pytest.raises(ValueError, match=words):
            quick().fit(rows, answers)
    with pytest.raises(ValueError, match="two different values"):
        TunedRegressor(trials=2).fit(X, np.zeros(150))
    found = quick(trials=2, epochs=2).fit(X, y)
    with pytest.raises(ValueError, match="features"):
        found.predict(X[:, :3])
    assert issubclass(caviar.DataError, ValueError)
