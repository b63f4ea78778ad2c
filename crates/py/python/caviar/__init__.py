"""Feed-forward networks for tables, trained by the hundred on the CPU you have.

``MLPClassifier`` and ``MLPRegressor`` stand in for scikit-learn's: change the import, keep the code.
``TunedClassifier`` and ``TunedRegressor`` find their own network: the search is inside ``fit``.
``caviar.graph`` defines graphs and runs them.

Nothing is loaded before it is asked for, so that ``import caviar`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from caviar._caviar import __version__

if TYPE_CHECKING:
    from caviar._classifier import MLPClassifier
    from caviar._regressor import MLPRegressor
    from caviar._study import Study
    from caviar._trial import Trial
    from caviar._tuned import TunedClassifier, TunedRegressor
    from caviar._watching import Epoch
    from caviar.errors import DataError, DivergedError, EngineError, FileError, SettingError
    from caviar.plot import plot_boundary, plot_curves, plot_importance, plot_search

_HOMES = {
    "MLPClassifier": "caviar._classifier",
    "MLPRegressor": "caviar._regressor",
    "Epoch": "caviar._watching",
    "TunedClassifier": "caviar._tuned",
    "TunedRegressor": "caviar._tuned",
    "Study": "caviar._study",
    "Trial": "caviar._trial",
    "plot_boundary": "caviar.plot",
    "plot_curves": "caviar.plot",
    "plot_importance": "caviar.plot",
    "plot_search": "caviar.plot",
    "DataError": "caviar.errors",
    "DivergedError": "caviar.errors",
    "EngineError": "caviar.errors",
    "FileError": "caviar.errors",
    "SettingError": "caviar.errors",
}

__all__ = [
    "DataError",
    "DivergedError",
    "EngineError",
    "Epoch",
    "FileError",
    "MLPClassifier",
    "MLPRegressor",
    "SettingError",
    "Study",
    "Trial",
    "TunedClassifier",
    "TunedRegressor",
    "__version__",
    "plot_boundary",
    "plot_curves",
    "plot_importance",
    "plot_search",
]


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'caviar' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
