"""Pictures of what was learned, drawn with matplotlib, which ``pip install caviar[plot]`` brings along.

Each function draws into ``ax``, or into axes of its own, and returns them.
"""

from __future__ import annotations

import warnings

import numpy as np

__all__ = ["plot_boundary", "plot_curves", "plot_importance", "plot_search"]

MOST_COLUMNS = 20


def _axes(ax):
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError("pictures need matplotlib: pip install caviar[plot]") from error
    return pyplot.subplots(layout="constrained")[1]


def plot_curves(estimator, ax=None):
    """How the losses fell: of a perceptron its own, of a search those of its trials, the best one in color.

    Parameters
    ----------
    estimator : fitted estimator, or Study
        What was trained.
    ax : matplotlib axes, default=None
        Where to draw.

    Returns
    -------
    ax : matplotlib axes
        Where it is drawn.
    """
    ax = _axes(ax)
    if hasattr(estimator, "history_"):
        epochs = np.arange(1, len(estimator.history_["loss"]) + 1)
        ax.plot(epochs, estimator.history_["loss"], label="training")
        if "validation_loss" in estimator.history_:
            ax.plot(epochs, estimator.history_["validation_loss"], "--", label="validation")
    else:
        trials, best = _trials(estimator)
        for trial in trials:
            if trial["trial"] != best:
                _curve(ax, trial, color="0.8", linewidth=0.8, zorder=1)
        for trial in trials:
            if trial["trial"] == best:
                _curve(ax, trial, label=f"trial {best}", zorder=2)
    ax.set(xlabel="epoch", ylabel="loss")
    ax.legend()
    return ax


def _curve(ax, trial, **look):
    points = [(point["epoch"] + 1, _loss(point)) for point in trial["curve"]]
    if points:
        ax.plot(*zip(*points), **look)


def _loss(point):
    loss = (point["validation"] or {}).get("loss", point["train_loss"])
    return np.nan if loss is None else loss


def _trials(estimator):
    if hasattr(estimator, "trials_"):
        return estimator.trials_, estimator.best_trial_
    if hasattr(estimator, "trials") and hasattr(estimator, "best"):
        return estimator.trials, None if estimator.best is None else estimator.best["trial"]
    raise TypeError(f"{estimator!r} has neither curves nor trials: fit it first")


def plot_search(estimator, parameter: str | None = None, ax=None):
    """The score of every trial, over its number or over the value of a setting.

    Parameters
    ----------
    estimator : fitted estimator that searched, or Study
        What was searched.
    parameter : str, default=None
        A setting such as ``learning_rate``; numbers that spread over powers of ten are drawn so.
    ax : matplotlib axes, default=None
        Where to draw.

    Returns
    -------
    ax : matplotlib axes
        Where it is drawn.
    """
    trials, best = _trials(estimator)
    if parameter is not None and not any(parameter in trial["params"] for trial in trials):
        known = sorted({name for trial in trials for name in trial["params"]})
        raise ValueError(f"{parameter!r} is no setting of the trials, there are {', '.join(known)}")
    ax = _axes(ax)
    found = [t for t in trials if t["score"] is not None and (parameter is None or parameter in t["params"])]
    x = [t["trial"] if parameter is None else t["params"][parameter] for t in found]
    ax.scatter(x, [t["score"] for t in found], s=18, color="0.6")
    leader = [(at, t["score"]) for at, t in zip(x, found) if t["trial"] == best]
    if leader:
        ax.scatter(*zip(*leader), s=60, label=f"trial {best}")
        ax.legend()
    numbers = [value for value in x if isinstance(value, (int, float))]
    if parameter is not None and len(numbers) == len(x) and min(numbers) > 0 and max(numbers) > 30 * min(numbers):
        ax.set_xscale("log")
    ax.set(xlabel=parameter or "trial", ylabel=getattr(estimator, "metric", "score"))
    return ax


def plot_importance(estimator, ax=None):
    """The columns by how much the network leans on them, the first twenty.

    Parameters
    ----------
    estimator : fitted estimator that searched
        What was trained.
    ax : matplotlib axes, default=None
        Where to draw.

    Returns
    -------
    ax : matplotlib axes
        Where it is drawn.
    """
    importance = getattr(estimator, "importance_", None)
    if not importance:
        raise ValueError(f"{type(estimator).__name__} has no importance of columns; TunedClassifier and TunedRegressor have")
    ax = _axes(ax)
    names = list(importance)[:MOST_COLUMNS][::-1]
    ax.barh(names, [importance[name] for name in names])
    ax.set(xlabel=f"rise of the {estimator.metric} without the column")
    return ax


def plot_boundary(estimator, X, y=None, features=(0, 1), ax=None, points: int = 160):
    """What a classifier says over the plane of two columns of numbers, the others at their medians.

    Parameters
    ----------
    estimator : fitted classifier
        What was trained.
    X : array-like of shape (n_samples, n_features)
        Rows, whose range is drawn.
    y : array-like of shape (n_samples,), default=None
        Their classes; the rows are drawn where it is given.
    features : pair of int, default=(0, 1)
        The columns of the plane.
    ax : matplotlib axes, default=None
        Where to draw.
    points : int, default=160
        Points along each side.

    Returns
    -------
    ax : matplotlib axes
        Where it is drawn.
    """
    X = np.asarray(X, dtype=float)
    if len(features) != 2 or not all(0 <= feature < X.shape[1] for feature in features):
        raise ValueError(f"features = {features!r}: must be two of the columns 0 to {X.shape[1] - 1}")
    ax = _axes(ax)
    sides = []
    for feature in features:
        low, high = np.nanmin(X[:, feature]), np.nanmax(X[:, feature])
        room = 0.08 * (high - low) or 1.0
        sides.append(np.linspace(low - room, high + room, points))
    across, up = np.meshgrid(*sides)
    rows = np.tile(np.nanmedian(X, axis=0), (across.size, 1))
    rows[:, features[0]], rows[:, features[1]] = across.ravel(), up.ravel()
    classes = estimator.classes_
    with warnings.catch_warnings():
        # The rows are an array, whatever the estimator was fitted on.
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        codes = np.searchsorted(classes, estimator.predict(rows)).reshape(across.shape)
    levels = np.arange(len(classes) + 1) - 0.5
    ax.contourf(across, up, codes, levels=levels, alpha=0.35, cmap="viridis")
    if y is not None:
        truth = np.searchsorted(classes, np.asarray(y))
        drawn = ax.scatter(X[:, features[0]], X[:, features[1]], c=truth, s=14, cmap="viridis", edgecolor="white", lw=0.4)
        ax.legend(drawn.legend_elements()[0], [str(name) for name in classes])
    names = getattr(estimator, "feature_names_in_", [f"x{at}" for at in range(X.shape[1])])
    ax.set(xlabel=names[features[0]], ylabel=names[features[1]])
    return ax
