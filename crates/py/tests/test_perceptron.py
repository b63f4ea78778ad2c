"""What the perceptrons have beyond scikit-learn's, and what becomes of bad input."""

from __future__ import annotations

import copy
import io
import pickle
import warnings

import joblib
import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris, make_regression
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import caviar
from caviar import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def quick(**given):
    return MLPClassifier(**{"hidden_layer_sizes": (16,), "max_iter": 30, "random_state": 0, **given})


def test_any_number_of_threads_gives_the_same_bits(iris):
    X, y = np.tile(iris[0], (8, 40)), np.tile(iris[1], 8)
    nets = [quick(hidden_layer_sizes=(128, 64), max_iter=4, batch_norm=True, n_jobs=n).fit(X, y) for n in (1, 2, 3)]
    first = nets[0].predict_proba(X)
    assert all((net.predict_proba(X) == first).all() for net in nets)


def test_a_row_is_predicted_alike_in_any_company(iris):
    X, y = iris
    net = quick().fit(X, y)
    whole = net.predict_proba(X)
    one_by_one = np.vstack([net.predict_proba(X[[row]]) for row in range(len(X))])
    assert (one_by_one == whole).all()
    assert (net.predict_proba(X[::-1])[::-1] == whole).all()


def test_classes_can_weigh_more(iris):
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    rare = np.r_[np.flatnonzero(y == 1), np.flatnonzero(y == 0)[:12]]
    plain = quick(max_iter=20).fit(X[rare], y[rare])
    balanced = quick(max_iter=20, class_weight="balanced").fit(X[rare], y[rare])
    given = quick(max_iter=20, class_weight={0: 357 + 12, 1: 1}).fit(X[rare], y[rare])
    recall = [(net.predict(X[y == 0]) == 0).mean() for net in (plain, balanced, given)]
    assert recall[1] > recall[0] and recall[2] >= recall[1]


def test_a_weight_of_two_is_a_row_twice(iris):
    X, y = iris
    twice = np.arange(len(X)) % 3 == 0
    full = dict(batch_size="full", precision="f64", learning_rate_init=0.01, tol=0)
    weighted = quick(**full).fit(X, y, sample_weight=1.0 + twice)
    repeated = quick(**full).fit(np.r_[X, X[twice]], np.r_[y, y[twice]])
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-9)


def test_dropout_batch_norm_and_all_solvers_learn(iris):
    X, y = iris
    for given in [
        {"dropout": 0.2},
        {"batch_norm": True},
        {"label_smoothing": 0.1},
        {"solver": "adamw", "weight_decay": 0.1},
        {"solver": "rmsprop"},
        {"solver": "lbfgs"},
        {"solver": "lbfgs", "class_weight": "balanced", "early_stopping": True},
        {"solver": "momentum", "learning_rate_init": 0.1},
        {"activation": ["tanh", "gelu"], "hidden_layer_sizes": (12, 8)},
        {"hidden_layer_sizes": ()},
        {"init": "he"},
        {"clip_norm": 1.0},
        {"precision": "f64"},
    ]:
        net = quick(**{"max_iter": 100, "learning_rate_init": 0.02, **given}).fit(X, y)
        assert net.score(X, y) > 0.9, given
        assert len(net.coefs_) == len(net.intercepts_) == net.n_layers_ - 1


def test_schedules_go_their_way(iris):
    X, y = iris
    rates = quick(learning_rate="cosine", max_iter=20, tol=0).fit(X, y).history_["learning_rate"]
    expected = 0.001 * 0.5 * (1 + np.cos(np.pi * np.arange(20) / 20))
    np.testing.assert_allclose(rates, expected, rtol=1e-12)
    rates = quick(learning_rate="exponential:0.5", max_iter=4, tol=0).fit(X, y).history_["learning_rate"]
    np.testing.assert_allclose(rates, 0.001 * 0.5 ** np.arange(4), rtol=1e-12)
    rates = quick(solver="sgd", learning_rate="invscaling", max_iter=3).fit(X, y).history_["learning_rate"]
    np.testing.assert_allclose(rates, 0.001 / np.sqrt([1, 151, 301]), rtol=1e-12)


def test_own_rows_to_stop_by(iris):
    X, y = iris
    part = np.arange(len(X)) % 3 == 0
    net = quick(early_stopping=True, metric="loss", max_iter=400, learning_rate_init=0.05, n_iter_no_change=5)
    net.fit(X[~part], y[~part], X_val=X[part], y_val=y[part])
    assert net.n_iter_ < 400 and len(net.validation_scores_) == net.n_iter_
    assert net.best_validation_score_ == min(net.validation_scores_)
    proba = net.predict_proba(X[part])[np.arange(part.sum()), y[part]]
    # The weights of the best epoch are those that are kept.
    assert -np.log(proba).mean() == pytest.approx(net.best_validation_score_, rel=1e-5)
    watched = quick(max_iter=5).fit(X[~part], y[~part], X_val=X[part], y_val=y[part])
    assert len(watched.history_["validation_accuracy"]) == 5


def test_a_callback_tells_and_is_told(iris):
    X, y = iris
    seen = []

    def watch(epoch):
        seen.append(epoch)
        if epoch.epoch == 2:
            epoch.set(learning_rate=0.5, alpha=0.0)
        if epoch.epoch == 4:
            epoch.stop()

    net = quick(callback=watch).fit(X, y)
    assert [epoch.epoch for epoch in seen] == [0, 1, 2, 3, 4] and net.n_iter_ == 5
    assert [epoch.loss for epoch in seen] == net.loss_curve_
    np.testing.assert_allclose(net.history_["learning_rate"], [0.001] * 3 + [0.5] * 2)
    with pytest.raises(caviar.SettingError, match="`depth` cannot be changed"):
        quick(callback=lambda epoch: epoch.set(depth=3)).fit(X, y)
    with pytest.raises(ZeroDivisionError):
        quick(callback=lambda epoch: 1 / 0).fit(X, y)


def test_callbacks_of_scikit_learn_are_told(iris):
    from sklearn.callback import ScoringMonitor

    monitor = ScoringMonitor(scoring="accuracy")
    net = quick(max_iter=4)
    net.set_callbacks(monitor)
    net.fit(*iris)
    assert net.n_iter_ == 4


def test_partial_fit_goes_on_to_the_same_bits(iris):
    X, y = iris
    whole = quick(max_iter=6, tol=0, batch_size=32).fit(X, y)
    pieces = quick(batch_size=32)
    for _ in range(6):
        pieces.partial_fit(X, y, classes=[0, 1, 2])
    assert (whole.predict_proba(X) == pieces.predict_proba(X)).all()
    assert pieces.n_iter_ == 6 and pieces.loss_curve_ == whole.loss_curve_


def test_a_copy_goes_on_to_the_same_bits(iris):
    X, y = iris
    net = quick(batch_size=32).partial_fit(X, y, classes=[0, 1, 2])
    copied = pickle.loads(pickle.dumps(net))
    for other in (net, copied):
        other.partial_fit(X, y)
    assert (net.predict_proba(X) == copied.predict_proba(X)).all()


def test_a_warm_start_goes_on_from_the_weights(iris):
    X, y = iris
    net = quick(warm_start=True).fit(X, y)
    before = net.loss_
    assert net.fit(X, y).loss_ < before
    assert len(net.loss_curve_) == 60
    with pytest.raises(ValueError):
        net.set_params(hidden_layer_sizes=(4,)).fit(X, y)


@pytest.mark.parametrize("copied", ["pickle", "joblib", "deepcopy"])
@pytest.mark.parametrize("precision", ["f32", "f64"])
def test_copies_predict_alike(iris, copied, precision):
    X, y = iris
    net = quick(batch_norm=True, precision=precision).fit(X, y)
    if copied == "joblib":
        file = io.BytesIO()
        joblib.dump(net, file)
        file.seek(0)
        other = joblib.load(file)
    else:
        other = copy.deepcopy(net) if copied == "deepcopy" else pickle.loads(pickle.dumps(net))
    assert (net.predict_proba(X) == other.predict_proba(X)).all()
    assert other.loss_curve_ == net.loss_curve_


def test_bytes_that_are_no_network_are_refused(iris):
    net = quick().fit(*iris)
    good = net._network.to_bytes()
    read = type(net._network).from_bytes
    for bad in [b"", b"caviar", good[:-1], good[:200], good.replace(b"relu", b"rule"), bytes(300)]:
        with pytest.raises(caviar.FileError):
            read(bad)


def test_a_pipeline_a_grid_and_a_cross_validation(iris):
    X, y = iris
    pipeline = make_pipeline(StandardScaler(), quick(learning_rate_init=0.02))
    assert cross_val_score(pipeline, X, y, n_jobs=2).mean() > 0.9
    grid = GridSearchCV(quick(), {"dropout": [0.0, 0.1], "solver": ["adam", "adamw"]}, cv=2).fit(X, y)
    assert clone(grid.best_estimator_).get_params() == grid.best_estimator_.get_params()


def test_several_values_a_row():
    X, y = make_regression(200, 4, n_targets=3, random_state=0)
    y = y / y.std(0)
    net = MLPRegressor(hidden_layer_sizes=(32,), max_iter=300, learning_rate_init=0.01, random_state=0).fit(X, y)
    assert net.predict(X).shape == (200, 3) and net.score(X, y) > 0.95
    for loss in ("absolute_error", "huber:0.5"):
        assert net.set_params(loss=loss).fit(X, y).score(X, y) > 0.9


def test_sparse_matrices_are_made_dense(iris):
    X, y = np.where(iris[0] > 0, iris[0], 0.0), iris[1]
    expected = quick().fit(X, y).predict_proba(X)
    for made in (scipy.sparse.csr_array(X), scipy.sparse.coo_matrix(X)):
        assert (quick().fit(made, y).predict_proba(made) == expected).all()


@pytest.mark.parametrize("kind", ["float16", "float32", "float64", "int8", "bool", "object"])
def test_arrays_of_any_kind(iris, kind):
    X, y = (iris[0] > 0).astype(kind), iris[1]
    expected = quick().fit((iris[0] > 0).astype("float32"), y).predict_proba(X)
    for made in (X, np.asfortranarray(X), np.repeat(X, 2, axis=0)[::2]):
        made.flags.writeable = False
        assert (quick().fit(made, y).predict_proba(made) == expected).all()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"solver": "newton"}, "solver"),
        ({"solver": "lbfgs", "dropout": 0.5}, "dropout"),
        ({"solver": "lbfgs", "batch_norm": True}, "batch_norm"),
        ({"activation": "swish"}, "gelu"),
        ({"activation": ["relu", "relu"]}, "names 2 layers"),
        ({"hidden_layer_sizes": (3, 0)}, "hidden_layer_sizes must be > 0"),
        ({"hidden_layer_sizes": (3, 2.5)}, "hidden_layer_sizes must be > 0"),
        ({"learning_rate": "linear"}, "one-cycle"),
        ({"learning_rate": "exponential:2"}, "at most 1"),
        ({"dropout": 1.0}, "dropout"),
        ({"dropout": -0.1}, "dropout"),
        ({"learning_rate_init": 0}, "learning_rate_init"),
        ({"init": "zero"}, "xavier"),
        ({"metric": "r2"}, "r2"),
        ({"metric": "recall"}, "f1"),
        ({"precision": "f16"}, "f32"),
        ({"n_jobs": 0}, "n_jobs"),
        ({"callback": 3}, "callback"),
        ({"batch_norm": True, "batch_size": 1}, "at least 2 rows"),
        ({"class_weight": {7: 2.0}}, "class_weight"),
        ({"class_weight": {0: -1.0, 1: 1.0, 2: 1.0}}, "at least 0"),
        ({"warm_up": 40.0, "learning_rate": "cosine"}, "warm-up"),
    ],
)
def test_a_bad_parameter_is_named(iris, given, words):
    with pytest.raises(ValueError, match=words):
        quick(**given).fit(*iris)


def test_bad_data_is_told_of(iris):
    X, y = iris
    holes = X.copy()
    holes[3, 1] = np.nan
    cases = [
        (holes, y, {}, "NaN"),
        (X, y[:-1], {}, "inconsistent numbers"),
        (X + 1j, y, {}, "Complex"),
        (X.reshape(150, 2, 2), y, {}, "dim 3"),
        (X.astype(str)[:, :1] + "a", y, {}, "could not convert"),
        (X, np.zeros(150), {}, "one class"),
        (X, y + 0.5, {}, "Unknown label type"),
        (X * 1e300, y, {}, "too large"),
        (X, y, {"sample_weight": -np.ones(150)}, "at least 0"),
        (X, y, {"sample_weight": np.zeros(150)}, "non-zero"),
        (X, y, {"sample_weight": np.ones(3)}, "sample_weight"),
        (X, y, {"X_val": X}, "y_val"),
        (X, y, {"X_val": X[:, :2], "y_val": y}, "features"),
        (X, y, {"X_val": X, "y_val": y + 5}, "none of"),
    ]
    for rows, answers, more, words in cases:
        net = quick()
        with pytest.raises(ValueError, match=words):
            net.fit(rows, answers, **more)
        with pytest.raises(NotFittedError):
            net.predict(X)
    with pytest.raises(ValueError):
        quick().fit([[1, 2], [3]], [0, 1])
    with pytest.raises(AttributeError):
        quick().coefs_


def test_a_loss_that_is_not_finite_has_a_name():
    X, y = make_regression(50, 3, random_state=0)
    net = MLPRegressor(hidden_layer_sizes=(8,), solver="sgd", learning_rate_init=1e6, max_iter=100)
    with pytest.raises(caviar.DivergedError, match="step"):
        net.fit(X * 100, y)
    assert issubclass(caviar.DivergedError, RuntimeError)


def test_what_ran_out_of_epochs_warns(iris):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        with pytest.raises(ConvergenceWarning, match="Maximum iterations"):
            quick(max_iter=2).fit(*iris)
