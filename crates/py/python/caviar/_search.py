"""What the classifier and the regressor that search have in common."""

from __future__ import annotations

import json
import warnings
from numbers import Integral, Real
from os import PathLike

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from caviar import _caviar, _display, _features, _frames, _parameters, _space
from caviar._watching import Progress, callbacks

_count = Interval(Integral, 1, None, closed="left")


class Search(_display.Displayed, callbacks.CallbackSupportMixin, BaseEstimator):
    """Many networks trained at once and thinned out; the best one, or the mean of the best few, is kept."""

    # Attributes of perceptrons that the checks of the rows look at.
    precision = "f64"

    _parameter_constraints: dict = {
        "time": [None, Interval(Real, 0, None, closed="neither")],
        "trials": [None, _count],
        "budget": [None, _count],
        "epochs": [_count],
        "space": [None, dict],
        "settings": [None, dict],
        "method": [StrOptions({"random", "sobol", "grid", "zoom"})],
        "keep": [StrOptions({"best", "ensemble"})],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "scale": [StrOptions({"none", "standard", "minmax", "robust"})],
        "max_memory": [None, _count],
        "study": [None, str, PathLike],
        "resume": ["boolean"],
        "random_state": ["random_state"],
        "n_jobs": [None, Integral],
        "verbose": ["verbose"],
        "callback": [None, callable],
    }

    def __init__(
        self,
        time=None,
        trials=None,
        *,
        budget=None,
        epochs=50,
        space=None,
        settings=None,
        method="zoom",
        keep="ensemble",
        metric="loss",
        validation_fraction=0.2,
        scale="standard",
        max_memory=None,
        study=None,
        resume=False,
        random_state=None,
        n_jobs=-1,
        verbose=0,
        callback=None,
    ):
        self.time = time
        self.trials = trials
        self.budget = budget
        self.epochs = epochs
        self.space = space
        self.settings = settings
        self.method = method
        self.keep = keep
        self.metric = metric
        self.validation_fraction = validation_fraction
        self.scale = scale
        self.max_memory = max_memory
        self.study = study
        self.resume = resume
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.callback = callback

    def _search(self, X, y, sample_weight):
        self._validate_params()
        table = _features.Table.of(self, X, reset=True)
        if len(table) < 2:
            raise ValueError(f"{type(self).__name__} needs rows to learn from and rows to choose by, got n_samples=1.")
        answers = self._answers_of(y, table)
        settings = self._search_settings()
        _caviar.check_search(settings)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, table, dtype=np.float64)
        columns = {
            "features": self._columns(table),
            "classes": None,
            "values": None,
            "weights": sample_weight,
            **answers,
        }
        with Progress(self) as progress:
            found = _caviar.search(settings, columns, progress.told(), progress.reins)
        self._framed, self._found = table.frame is not None, found
        self._keep(json.loads(found.summary))
        return self

    def _search_settings(self) -> dict:
        base = {"epochs": int(self.epochs), "metric": self.metric, **self._class_weight()}
        fixed = []
        for name, given in (self.settings or {}).items():
            if isinstance(given, dict) or callable(getattr(given, "rvs", None)):
                raise ValueError(f"settings, {name}: must be a value; what is searched belongs to `space`")
            name, given = _space.setting(name), _space.value(given)
            base[name] = [int(width) for width in given.split(",")] if name == "hidden" and given != "none" else given
            if name == "hidden" and given == "none":
                base[name] = []
            fixed.append(name)
        return {
            "base": json.dumps(base),
            "fixed": fixed,
            "space": _space.as_json(self.space),
            "trials": self.trials,
            "time": None if self.time is None else float(self.time),
            "budget": self.budget,
            "epochs": int(self.epochs),
            "method": self.method,
            "keep": self.keep,
            "max_memory": self.max_memory,
            "classification": self._classification,
            "validation_fraction": float(self.validation_fraction),
            "scale": self.scale,
            "threads": _parameters.threads(self.n_jobs),
            "seed": _parameters.seed(self.random_state),
            "study": None if self.study is None else str(self.study),
            "resume": bool(self.resume),
            "estimator": self._as_json(),
        }

    def _as_json(self) -> str:
        """What makes the same estimator again, beside its study."""
        given = self.get_params(deep=False)
        for name in ("study", "resume", "callback", "verbose", "random_state", "max_memory", "n_jobs"):
            del given[name]
        given["random_state"] = _parameters.seed(self.random_state)
        given["space"] = json.loads(_space.as_json(self.space) or "null")
        given["settings"] = {name: _space.value(value) for name, value in (self.settings or {}).items()} or None
        if isinstance(weights := given.get("class_weight"), dict):
            given["class_weight"] = [[_space.value(name), float(weight)] for name, weight in weights.items()]
        return json.dumps({"class": type(self).__name__, "params": given}, default=float)

    def _class_weight(self) -> dict:
        return {}

    def _keep(self, summary: dict):
        best = summary["best"]
        self.best_params_ = best["params"]
        self.best_score_ = best["score"]
        self.best_trial_ = best["trial"]
        self.best_settings_ = {name.replace("-", "_"): given for name, given in best["recipe"].items()}
        self.leaderboard_ = summary["leaderboard"]
        self.trials_ = summary["trials"]
        self.importance_ = {column["name"]: column["drop"] for column in summary["importance"]}
        self.n_splits_ = summary["folds"] or 1
        self.refit_time_ = summary["seconds"]
        self.n_iter_ = best["epochs"]
        self.interrupted_ = summary["interrupted"]
        if self.interrupted_:
            warnings.warn("The search was interrupted; the best of what it found is kept.")

    @property
    def cv_results_(self) -> dict:
        """The trials in the shape that scikit-learn's searches give: an array of each name, a place for each trial."""
        check_is_fitted(self)
        lower = self.metric in ("loss", "rmse", "mae")
        sign = -1.0 if lower else 1.0
        scores = np.array([np.nan if t["score"] is None else sign * t["score"] for t in self.trials_])
        order = {t["trial"]: rank for rank, t in enumerate(self.leaderboard_, 1)}
        last = len(self.leaderboard_) + 1
        results = {
            "params": [trial["params"] for trial in self.trials_],
            "mean_test_score": scores,
            "rank_test_score": np.array([order.get(trial["trial"], last) for trial in self.trials_], dtype=np.int32),
            "mean_fit_time": np.array([trial["seconds"] / max(trial["folds"], 1) for trial in self.trials_]),
            "state": np.array([trial["state"] for trial in self.trials_], dtype=object),
            "epochs": np.array([trial["epochs"] for trial in self.trials_]),
        }
        for name in sorted({name for trial in self.trials_ for name in trial["params"]}):
            values = [trial["params"].get(name) for trial in self.trials_]
            missing = [value is None for value in values]
            results[f"param_{name}"] = np.ma.MaskedArray(values, mask=missing, dtype=object)
        return results

    @property
    def encoded_names_(self) -> list[str]:
        """What the inputs of the networks say: ``age``, ``age is missing``, ``job = nurse``."""
        check_is_fitted(self)
        return self._found.labels

    @property
    def dropped_columns_(self) -> list[str]:
        """The columns that are not learned from, with reasons."""
        check_is_fitted(self)
        return self._found.dropped

    def save(self, path) -> None:
        """Write the model as the program's model file, which ``caviar predict`` reads.

        Parameters
        ----------
        path : str or Path
            Where to.
        """
        check_is_fitted(self)
        with open(path, "wb") as file:
            file.write(self._found.to_bytes())

    def report(self, path=None) -> str:
        """The page about the search, as the program writes it: curves, leaderboard, what mattered, mistakes.

        Parameters
        ----------
        path : str or Path, default=None
            A file to write it to.

        Returns
        -------
        html : str
            The page; it opens offline.
        """
        check_is_fitted(self)
        html = self._found.report()
        if html is None:
            raise RuntimeError("the page is made in the process that fitted the estimator; this one is a copy")
        if path is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(html)
        return html

    def _learned(self):
        title = f"{len(self.trials_)} trials, best {self.metric} {self.best_score_:.4g}"
        yield _display.picture(title, ("epoch", "loss"), _display.curves(self.trials_, self.best_trial_))
        yield _display.board(self.leaderboard_, self.metric)

    def _predicted(self, X):
        check_is_fitted(self)
        table = _features.Table.of(self, X, framed=self._framed)
        return self._found.predict(self._columns(table, self._found))

    def _columns(self, table, found=None):
        """The rows as the engine takes them: a matrix with the names of its columns, or columns of a frame."""
        if table.frame is not None:
            return _frames.columns(table.frame, None if found is None else dict(found.kinds))
        names = getattr(self, "feature_names_in_", None)
        return table.array if names is None else (names.tolist(), table.array)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_found")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
