"""From the same weights, in full batches and double precision, both libraries take the same path."""

from __future__ import annotations

import inspect
import warnings
from functools import partial

import numpy as np
import pytest
import sklearn.neural_network
from sklearn.datasets import load_diabetes, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning

from caviar import MLPClassifier, MLPRegressor

STEPS = 12
RULES = {
    # scikit-learn adds epsilon before the correction, the engine after it (docs/numerics.md): so small, it is the same.
    "adam": {"solver": "adam", "learning_rate_init": 0.01, "epsilon": 1e-15},
    "sgd": {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.05},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False, "learning_rate_init": 0.02},
    "nesterov": {"solver": "sgd", "learning_rate_init": 0.02},
}


def scaled(X):
    return (X - X.mean(0)) / X.std(0)


def problem(name):
    if name == "binary":
        X, y = load_wine(return_X_y=True)
        return MLPClassifier, sklearn.neural_network.MLPClassifier, scaled(X), y == 1
    if name == "classes":
        X, y = load_iris(return_X_y=True)
        return MLPClassifier, sklearn.neural_network.MLPClassifier, scaled(X), y
    if name == "labels":
        X, y = load_wine(return_X_y=True)
        return MLPClassifier, sklearn.neural_network.MLPClassifier, scaled(X), np.column_stack([y == 0, y > 0, X[:, 0] > 13]).astype(int)
    X, y = load_diabetes(return_X_y=True)
    if name.startswith("count"):
        counts = np.floor(y / 40)
        counts = counts if name == "count" else np.column_stack([counts, np.floor(y / 90)])
        return partial(MLPRegressor, loss="poisson"), partial(sklearn.neural_network.MLPRegressor, loss="poisson"), scaled(X), counts
    y = scaled(y)
    y = y if name == "value" else np.column_stack([y, np.sin(3 * y)])
    return MLPRegressor, sklearn.neural_network.MLPRegressor, scaled(X), y


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", ["binary", "classes", "labels", "value", "values", "count", "counts"])
def test_weights_and_losses_are_those_of_scikit_learn(name, rule):
    ours, theirs, X, y = problem(name)
    weights = np.random.default_rng(1).integers(0, 4, len(X)).astype(float)
    given = dict(hidden_layer_sizes=(9, 5), activation="tanh", alpha=0.3, tol=0.0, random_state=3, batch_size=len(X))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        still = ours(**given, precision="f64", max_iter=1, solver="sgd", learning_rate_init=1e-300).fit(X, y)
        network = ours(**given, **RULES[rule], precision="f64", max_iter=STEPS).fit(X, y, weights)
        peer = theirs(**given, **RULES[rule], max_iter=1, warm_start=True, n_iter_no_change=STEPS).fit(X, y, weights)
        for to, at in [*zip(peer.coefs_, still.coefs_), *zip(peer.intercepts_, still.intercepts_)]:
            to[...] = at
        peer.set_params(max_iter=STEPS).fit(X, y, weights)
    for own, other in zip(network.coefs_ + network.intercepts_, peer.coefs_ + peer.intercepts_):
        np.testing.assert_allclose(own, other, rtol=1e-7, atol=1e-10)
    # Its losses have the penalty of the weights before the update, ours of those after.
    penalty = [0.5 * 0.3 * sum((w**2).sum() for w in net.coefs_) / weights.sum() for net in (still, network)]
    first, last = network.loss_curve_[0] - peer.loss_curve_[1], network.loss_curve_[-1] - peer.loss_curve_[-1]
    # With labels the penalty falls first and rises later.
    turns = 2e-4 if name == "labels" else 1e-9
    assert abs(first) + abs(last) < 2 * abs(penalty[1] - penalty[0]) + turns
    decide = "predict_proba" if hasattr(network, "predict_proba") else "predict"
    np.testing.assert_allclose(getattr(network, decide)(X), getattr(peer, decide)(X), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ["binary", "classes", "labels", "value", "count"])
def test_lbfgs_takes_the_path_of_scikit_learn(name):
    ours, theirs, X, y = problem(name)
    weights = np.random.default_rng(1).integers(0, 4, len(X)).astype(float)
    given = dict(hidden_layer_sizes=(6,), activation="tanh", alpha=0.3, random_state=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        still = ours(**given, precision="f64", max_iter=1, solver="sgd", learning_rate_init=1e-300).fit(X, y)
        network = ours(**given, solver="lbfgs", max_iter=15).fit(X, y, weights)
        peer = theirs(**given, solver="lbfgs", max_iter=1, warm_start=True).fit(X, y, weights)
        peer.coefs_, peer.intercepts_ = still.coefs_, still.intercepts_
        peer.set_params(max_iter=15).fit(X, y, weights)
    assert network.n_iter_ == peer.n_iter_
    assert network.loss_ == pytest.approx(peer.loss_, rel=1e-6)
    for own, other in zip(network.coefs_ + network.intercepts_, peer.coefs_ + peer.intercepts_):
        np.testing.assert_allclose(own, other, rtol=1e-3, atol=1e-4)


def test_parameters_and_defaults_are_those_of_scikit_learn():
    for ours, theirs in [
        (MLPClassifier, sklearn.neural_network.MLPClassifier),
        (MLPRegressor, sklearn.neural_network.MLPRegressor),
    ]:
        own, other = ours().get_params(), theirs().get_params()
        assert {name: own[name] for name in other} == other


def test_first_weights_are_spread_as_scikit_learns():
    X, y = np.zeros((4, 300)), [0, 1, 0, 1]
    for activation, factor in [("relu", 6), ("logistic", 2)]:
        net = MLPClassifier(
            (200,), activation, solver="sgd", learning_rate_init=1e-9, alpha=0, max_iter=1, random_state=0
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            net.fit(X, y)
        bound = np.sqrt(factor / 500)
        weights = net.coefs_[0]
        assert 0.99 * bound < np.abs(weights).max() <= bound
        assert abs(weights.std() - bound / np.sqrt(3)) < 0.01 * bound
        assert 0.8 * bound < np.abs(net.intercepts_[0]).max() <= bound


KINDS = [
    (MLPClassifier, sklearn.neural_network.MLPClassifier, "classes", {}),
    (MLPClassifier, sklearn.neural_network.MLPClassifier, "labels", {"early_stopping": True}),
    (MLPRegressor, sklearn.neural_network.MLPRegressor, "values", {}),
    (MLPRegressor, sklearn.neural_network.MLPRegressor, "count", {"loss": "poisson", "early_stopping": True}),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("ours", "theirs", "name", "given"), KINDS)
def test_methods_and_attributes_are_those_of_scikit_learn(ours, theirs, name, given):
    _, _, X, y = problem(name)
    own, peer = (made(max_iter=3, random_state=0, **given).fit(X, y) for made in (ours, theirs))
    public = [part for part in dir(peer) if not part.startswith(("_", "set_"))]
    assert not [part for part in public if not hasattr(own, part)]
    for part in public:
        value = getattr(peer, part)
        if callable(value):
            names = list(inspect.signature(value).parameters)
            assert list(inspect.signature(getattr(own, part)).parameters)[: len(names)] == names, part
    for part in ("n_iter_", "n_layers_", "n_outputs_", "n_features_in_", "out_activation_", "t_"):
        assert getattr(own, part) == getattr(peer, part), part
    for part in ("loss_curve_", "validation_scores_", "coefs_", "intercepts_", "best_loss_", "best_validation_score_"):
        theirs_, ours_ = getattr(peer, part), getattr(own, part)
        assert np.shape(theirs_[0] if isinstance(theirs_, list) else theirs_ is None) == np.shape(
            ours_[0] if isinstance(ours_, list) else ours_ is None
        ), part
    assert np.shape(own.predict(X)) == np.shape(peer.predict(X)) and own.predict(X).dtype == peer.predict(X).dtype
    if hasattr(peer, "classes_"):
        np.testing.assert_array_equal(own.classes_, peer.classes_)
        assert np.shape(own.predict_proba(X)) == np.shape(peer.predict_proba(X))


@pytest.mark.filterwarnings("ignore")
def test_without_batches_there_is_no_partial_fit():
    for net in (MLPClassifier(solver="lbfgs"), MLPRegressor(solver="lbfgs")):
        assert not hasattr(net, "partial_fit")
    X, y = load_iris(return_X_y=True)
    net = MLPClassifier(warm_start=True, max_iter=1).fit(X, y)
    with pytest.raises(ValueError, match="same classes"):
        net.fit(X[:100], y[:100])


@pytest.mark.filterwarnings("ignore")
def test_labels_and_counts_are_learned():
    _, _, X, y = problem("labels")
    net = MLPClassifier(max_iter=300, random_state=0).fit(X, y)
    assert net.score(X, y) > 0.95 and ((net.predict_proba(X) > 0.5) == net.predict(X)).all()
    first = MLPClassifier(random_state=0).partial_fit(X, y, classes=[0, 1, 2])
    assert first.predict(X).shape == y.shape
    with pytest.raises(ValueError, match="2 labels"):
        first.partial_fit(X, y[:, :2])
    with pytest.raises(ValueError, match="class_weight"):
        MLPClassifier(class_weight="balanced").fit(X, y)
    with pytest.raises(ValueError, match="at least 0"):
        MLPRegressor(loss="poisson").fit(X, -X[:, 0])
    rates = np.exp(X[:, 0])
    counts = np.random.default_rng(0).poisson(rates)
    net = MLPRegressor(loss="poisson", max_iter=500, random_state=0).fit(X[:, :2], counts)
    assert (net.predict(X[:, :2]) > 0).all() and np.corrcoef(net.predict(X[:, :2]), rates)[0, 1] > 0.9
