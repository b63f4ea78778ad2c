"""The regressor."""

from __future__ import annotations

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_array, check_consistent_length

from caviar._perceptron import Perceptron
from caviar._watching import callbacks

LOSSES = {"squared_error": "squared", "absolute_error": "absolute", "poisson": "poisson"}


class MLPRegressor(RegressorMixin, Perceptron):
    """Multi-layer perceptron regressor: scikit-learn's parameters, Caviar's engine.

    Every parameter of scikit-learn's ``MLPRegressor`` means what it means there. What is new is told of at
    :class:`MLPClassifier`; ``class_weight`` and ``label_smoothing`` are for classes only.

    Parameters
    ----------
    loss : str, default="squared_error"
        Beside scikit-learn's ``squared_error`` and ``poisson`` also ``absolute_error``, and ``huber:DELTA``.

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from caviar import MLPRegressor
    >>> X, y = make_regression(n_samples=300, n_features=5, random_state=0)
    >>> y = y / y.std()
    >>> model = MLPRegressor(max_iter=300, learning_rate_init=0.01, random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.95)
    True
    """

    _parameter_constraints: dict = {
        **Perceptron._parameter_constraints,
        "loss": [str],
        "metric": [StrOptions({"auto", "loss", "r2", "rmse", "mae"})],
    }
    _score_metric = "r2"
    _stratified = False

    def __init__(
        self,
        loss="squared_error",
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        max_fun=15000,
        dropout=0.0,
        batch_norm=False,
        weight_decay=None,
        clip_norm=None,
        warm_up=0.0,
        init="glorot",
        scale="auto",
        metric="auto",
        precision="f32",
        n_jobs=None,
        callback=None,
    ):
        self.loss = loss
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.warm_up = warm_up
        self.init = init
        self.scale = scale
        self.metric = metric
        self.precision = precision
        self.n_jobs = n_jobs
        self.callback = callback

    @property
    def _loss(self) -> str:
        return LOSSES.get(self.loss, self.loss)

    @callbacks.with_callbacks
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
        """Train on ``X`` and ``y``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The values of each.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts.
        X_val, y_val : array-like, default=None
            Rows to be measured after each epoch, in the place of those that ``early_stopping`` would hold out.

        Returns
        -------
        self : MLPRegressor
            The estimator itself.
        """
        return self._fit(X, y, sample_weight, X_val, y_val)

    @available_if(lambda self: self._check_solver())
    def partial_fit(self, X, y, sample_weight=None):
        """Train one epoch more on ``X`` and ``y``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The values of each.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts.

        Returns
        -------
        self : MLPRegressor
            The estimator itself.
        """
        return self._fit(X, y, sample_weight, None, None, incremental=True)

    def _targets(self, y, X, *, first):
        values = self._values(y, X)
        self._flat = values.ndim == 1
        self.out_activation_ = "exp" if self.loss == "poisson" else "identity"
        return values.reshape(len(values), -1), values

    def _held_out_targets(self, y, X):
        values = self._values(y, X)
        return values.reshape(len(values), -1)

    def _values(self, y, X):
        if y is None:
            raise ValueError(f"requires y to be passed, but the target y is None: {type(self).__name__} needs values.")
        y = check_array(y, ensure_2d=False, dtype=np.float64, order="C", input_name="y", estimator=self)
        check_consistent_length(X, y)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if self.loss == "poisson" and (y < 0).any():
            raise ValueError(f"y has {y.min()}, but loss='poisson' is for numbers of at least 0.")
        return y

    def predict(self, X):
        """The value of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The values.
        """
        values = self._answers(X, probabilities=False)
        if self.out_activation_ == "exp":
            values = np.exp(values)
        return values.ravel() if self._flat else values

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
