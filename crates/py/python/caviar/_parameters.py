"""The parameters of the estimators: what is legal, and how the engine calls it."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

SOLVERS = {"adam": "adam", "adamw": "adamw", "rmsprop": "rmsprop", "momentum": "momentum"}
ACTIVATIONS = ("relu", "logistic", "tanh", "identity", "gelu", "silu", "selu", "mish", "softplus", "leaky-relu")

_positive = Interval(Real, 0, None, closed="neither")
_not_negative = Interval(Real, 0, None, closed="left")
_share = Interval(Real, 0, 1, closed="left")
_count = Interval(Integral, 1, None, closed="left")

CONSTRAINTS: dict = {
    "hidden_layer_sizes": ["array-like", _count],
    "activation": [StrOptions(set(ACTIVATIONS)), list, tuple],
    "solver": [StrOptions({"lbfgs", "sgd", *SOLVERS})],
    "alpha": [_not_negative],
    "batch_size": [StrOptions({"auto", "full"}), _count],
    "learning_rate": [str],
    "learning_rate_init": [_positive],
    "power_t": [_not_negative],
    "max_iter": [_count],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [_not_negative],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [_share],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [_share],
    "beta_1": [_share],
    "beta_2": [_share],
    "epsilon": [_positive],
    "n_iter_no_change": [_count, Options(Real, {np.inf})],
    "max_fun": [_count],
    "dropout": [_share],
    "batch_norm": ["boolean"],
    "weight_decay": [None, _not_negative],
    "clip_norm": [None, _positive],
    "warm_up": [_not_negative],
    "init": [str],
    "scale": [StrOptions({"auto", "none", "standard", "minmax", "robust"})],
    "precision": [StrOptions({"f32", "f64"})],
    "n_jobs": [None, Integral],
    "callback": [None, callable],
}


def hidden_layers(sizes) -> list[int]:
    """The widths of the hidden layers, from a number or a sequence of numbers."""
    widths = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
    if not all(isinstance(width, (int, np.integer)) and not isinstance(width, bool) and width > 0 for width in widths):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {widths}.")
    return [int(width) for width in widths]


def activations(activation, layers: int) -> list[str]:
    """The activation of each hidden layer, in the engine's words."""
    names = list(activation) if isinstance(activation, (list, tuple)) else [activation] * layers
    if len(names) != layers:
        raise ValueError(f"activation names {len(names)} layers, hidden_layer_sizes has {layers}.")
    unknown = [name for name in names if name not in ACTIVATIONS]
    if unknown:
        raise ValueError(f"activation {unknown[0]!r} is unknown, there are {', '.join(ACTIVATIONS)}.")
    return ["sigmoid" if name == "logistic" else name for name in names]


def optimizer(estimator) -> str:
    """The engine's name of the update rule."""
    if estimator.solver == "lbfgs":
        return "adam"  # is not asked
    if estimator.solver != "sgd":
        return SOLVERS[estimator.solver]
    if estimator.momentum == 0:
        return "gd"
    return "nesterov" if estimator.nesterovs_momentum else "momentum-accumulating"


def threads(n_jobs) -> int:
    """How many threads ``n_jobs`` asks for; none asks for one."""
    import os

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if n_jobs is None:
        return 1
    if n_jobs == 0:
        raise ValueError("n_jobs == 0 has no meaning, use None, a positive number or -1 for all cores.")
    return n_jobs if n_jobs > 0 else max(1, cores + 1 + n_jobs)


def seed(random_state) -> int:
    """The seed of a training: a given number as it is, else one that is drawn."""
    from sklearn.utils import check_random_state

    if isinstance(random_state, (int, np.integer)) and random_state >= 0:
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
