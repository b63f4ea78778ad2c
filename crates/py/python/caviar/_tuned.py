"""Estimators that search inside ``fit``."""

from __future__ import annotations

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import column_or_1d, compute_class_weight
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_consistent_length

from caviar._search import Search
from caviar._watching import callbacks

_PARAMETERS = """
    Parameters
    ----------
    time : float, default=None
        Seconds, the final training included.
    trials : int, default=None
        How many networks are tried; 64 where neither ``time`` nor ``budget`` is given. With ``trials`` or ``budget``
        the result is the same on any number of threads, to the bit.
    budget : int, default=None
        Epochs over all trials.
    epochs : int, default=50
        The most epochs of one.
    space : dict, default=None
        What is searched, in the place of the usual space for a table: for each setting a list of values, a
        distribution of scipy or Optuna, or ``{"scale": "log", "low": 1e-4, "high": 1e-1}``.
    settings : dict, default=None
        Settings that are not searched, and their values: ``{"activation": "tanh", "hidden": (64, 32)}``.
    method : {"zoom", "random", "sobol", "grid"}, default="zoom"
        How configurations are found.
    keep : {"ensemble", "best"}, default="ensemble"
        The mean of the best few networks, or the best one alone.
    metric : str, default="loss"
        What is chosen by.
    validation_fraction : float, default=0.2
        The share of the rows to choose by, of tables with 2000 rows and more; smaller ones are cross-validated.
    scale : {"standard", "minmax", "robust", "none"}, default="standard"
        Of the numbers, by the rows of training.
    max_memory : int, default=None
        Bytes that rows and networks may take.
    study : str or Path, default=None
        A file that keeps the study: the program's ``caviar show`` reads it, and so does :class:`caviar.Study`.
    resume : bool, default=False
        Whether to go on with the study that is in that file.
    random_state : int, RandomState instance or None, default=None
        Of everything that is drawn.
    n_jobs : int, default=-1
        Threads; all cores where it is -1.
    verbose : int, default=0
        A bar of progress where it is 1 or more.
    callback : callable, default=None
        Told every event as a dict, one after the other, while networks train on; the search ends early where it
        answers with true.
"""

_ATTRIBUTES = """
    Attributes
    ----------
    best_params_, best_score_, best_trial_, best_settings_
        The best trial: what was searched, its score, its number, all its settings.
    leaderboard_ : list of dict
        The trials that have a score, the best first.
    trials_ : list of dict
        All trials by number, with their curves.
    cv_results_ : dict of arrays
        The same in the shape of scikit-learn's searches.
    importance_ : dict
        By how much the cost rises when a column's cells are dealt out anew among the rows.
    n_splits_ : int
        The folds of the cross-validation; 1 where rows were held out.
"""


class TunedClassifier(ClassifierMixin, Search):
    __doc__ = f"""A classifier that finds its own network: the search inside ``fit``.
{_PARAMETERS}    class_weight : dict or "balanced", default=None
        How much the classes count.
{_ATTRIBUTES}    classes_ : ndarray
        The classes.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from caviar import TunedClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = TunedClassifier(trials=8, epochs=20, random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.9)
    True
    >>> len(model.leaderboard_) <= 8
    True
    """

    _classification = True
    _parameter_constraints: dict = {
        **Search._parameter_constraints,
        "metric": [StrOptions({"loss", "accuracy", "auc", "f1"})],
        "class_weight": [dict, StrOptions({"balanced"}), None],
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
        class_weight=None,
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
        super().__init__(
            time,
            trials,
            budget=budget,
            epochs=epochs,
            space=space,
            settings=settings,
            method=method,
            keep=keep,
            metric=metric,
            validation_fraction=validation_fraction,
            scale=scale,
            max_memory=max_memory,
            study=study,
            resume=resume,
            random_state=random_state,
            n_jobs=n_jobs,
            verbose=verbose,
            callback=callback,
        )
        self.class_weight = class_weight

    @callbacks.with_callbacks
    def fit(self, X, y, sample_weight=None):
        """Search on ``X`` and ``y``, and keep the best.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            The rows. A frame of pandas or polars may have words, dates and missing values.
        y : array-like of shape (n_samples,)
            The class of each.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts.

        Returns
        -------
        self : TunedClassifier
            The estimator itself.
        """
        return self._search(X, y, sample_weight)

    def _answers_of(self, y, table) -> dict:
        if y is None:
            raise ValueError(f"requires y to be passed, but the target y is None: {type(self).__name__} needs classes.")
        check_classification_targets(y)
        y = column_or_1d(y, warn=True)
        check_consistent_length(table, y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"{type(self).__name__} needs at least two classes, y has one class: {self.classes_[0]}.")
        return {"classes": (codes.astype(np.int64), [_word(code) for code in range(len(self.classes_))])}

    def _class_weight(self) -> dict:
        if not isinstance(self.class_weight, dict):
            return {} if self.class_weight is None else {"class-weight": "balanced"}
        weights = compute_class_weight(self.class_weight, classes=self.classes_, y=self.classes_)
        return {"class-weight": ",".join(f"{_word(code)}={float(weight)!r}" for code, weight in enumerate(weights))}

    def predict_proba(self, X):
        """The probability of each class for each row.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        answers, classes = self._predicted(X)
        probabilities = np.zeros((len(answers), len(self.classes_)))
        probabilities[:, [int(word[1:]) for word in classes]] = answers
        return probabilities

    def predict(self, X):
        """The likeliest class of each row.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The classes.
        """
        likeliest = self.predict_proba(X).argmax(axis=1)
        return self.classes_[likeliest]


class TunedRegressor(RegressorMixin, Search):
    __doc__ = f"""A regressor that finds its own network: the search inside ``fit``.
{_PARAMETERS}{_ATTRIBUTES}
    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from caviar import TunedRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = TunedRegressor(trials=8, epochs=20, random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.4)
    True
    """

    _classification = False
    _parameter_constraints: dict = {
        **Search._parameter_constraints,
        "metric": [StrOptions({"loss", "r2", "rmse", "mae"})],
    }

    @callbacks.with_callbacks
    def fit(self, X, y, sample_weight=None):
        """Search on ``X`` and ``y``, and keep the best.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            The rows. A frame of pandas or polars may have words, dates and missing values.
        y : array-like of shape (n_samples,)
            The value of each.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts.

        Returns
        -------
        self : TunedRegressor
            The estimator itself.
        """
        return self._search(X, y, sample_weight)

    def _answers_of(self, y, table) -> dict:
        if y is None:
            raise ValueError(f"requires y to be passed, but the target y is None: {type(self).__name__} needs values.")
        y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y", estimator=self)
        y = column_or_1d(y, warn=True)
        check_consistent_length(table, y)
        return {"values": y}

    def predict(self, X):
        """The value of each row.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The values.
        """
        return self._predicted(X)[0].ravel()


def _word(code: int) -> str:
    """The name of a class in the engine: ordered as the codes are."""
    return f"c{code:06d}"
