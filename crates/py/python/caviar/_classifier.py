"""The classifier."""

from __future__ import annotations

from numbers import Real

import numpy as np
from scipy.special import expit
from sklearn.base import ClassifierMixin
from sklearn.utils import column_or_1d, compute_class_weight
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, check_classification_targets, type_of_target
from sklearn.utils.validation import check_consistent_length

from caviar._perceptron import Perceptron
from caviar._watching import callbacks


class MLPClassifier(ClassifierMixin, Perceptron):
    """Multi-layer perceptron classifier: scikit-learn's parameters, Caviar's engine.

    Every parameter of scikit-learn's ``MLPClassifier`` means what it means there. The following are new.

    Parameters
    ----------
    activation : str or sequence of str, default="relu"
        Beside scikit-learn's ``identity``, ``logistic``, ``tanh`` and ``relu`` also ``gelu``, ``silu``, ``selu``,
        ``mish``, ``softplus`` and ``leaky-relu``; a sequence names one for each hidden layer.
    solver : {"adam", "sgd", "lbfgs", "adamw", "rmsprop", "momentum"}, default="adam"
        ``momentum`` is the weighted average of the gradients, ``sgd`` scikit-learn's sum of them.
    learning_rate : str, default="constant"
        Beside ``constant``, ``invscaling`` and ``adaptive`` every schedule of the engine: ``cosine``, ``one-cycle``,
        ``inverse-time:RATE[:INTERVAL]``, ``exponential:R``, ``inverse-sqrt:K``, ``staircase:E=F,...``,
        ``plateau[:F[:P]]``.
    batch_size : int, "auto" or "full", default="auto"
        ``full`` takes all rows at each step.
    dropout : float, default=0.0
        The share of hidden units dropped in training.
    batch_norm : bool, default=False
        Batch normalization of every hidden layer.
    weight_decay : float, default=None
        Decoupled from the gradient; 0.01 under ``adamw`` and else 0 where it is not given.
    clip_norm : float, default=None
        The largest norm of the gradient.
    warm_up : float, default=0.0
        Epochs over which the learning rate rises at the start.
    init : str, default="glorot"
        ``glorot`` is scikit-learn's; also ``he``, ``he-uniform``, ``xavier``, ``xavier-uniform``, ``normal:SD``.
    scale : {"auto", "none", "standard", "minmax", "robust"}, default="auto"
        Of the numbers, by the rows of training. ``auto`` leaves arrays and frames of numbers as they are, as
        scikit-learn does; a data frame with words, dates or missing values is scaled to deviation 1.
    metric : {"auto", "loss", "accuracy", "auc", "f1"}, default="auto"
        What ``early_stopping`` goes by; ``auto`` is the accuracy.
    class_weight : dict or "balanced", default=None
        How much the classes count.
    label_smoothing : float, default=0.0
        The share of the target that is spread over all classes.
    precision : {"f32", "f64"}, default="f32"
        Of the arithmetic.
    n_jobs : int, default=None
        Threads; the result is the same on any number of them.
    callback : callable, default=None
        Called after each epoch with a :class:`caviar.Epoch`, which tells and can be told.

    Attributes
    ----------
    classes_, coefs_, intercepts_, loss_, loss_curve_, best_loss_, validation_scores_, best_validation_score_, n_iter_, \
t_, n_features_in_, feature_names_in_, n_layers_, n_outputs_, out_activation_
        As scikit-learn's.
    history_ : dict of ndarray
        The curves of the last fit: ``loss``, ``learning_rate``, and ``validation_...`` where rows were held out.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from caviar import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(hidden_layer_sizes=(16,), max_iter=500, random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.95)
    True
    """

    # No parameter, but an attribute of scikit-learn's.
    loss = "log_loss"

    _parameter_constraints: dict = {
        **Perceptron._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "metric": [StrOptions({"auto", "loss", "accuracy", "auc", "f1"})],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
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
        class_weight=None,
        label_smoothing=0.0,
        precision="f32",
        n_jobs=None,
        callback=None,
    ):
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
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.precision = precision
        self.n_jobs = n_jobs
        self.callback = callback

    @callbacks.with_callbacks
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
        """Train on ``X`` and ``y``.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            The rows. A frame of pandas or polars may have words, dates and missing values.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            The class of each; or, for each label, 1 where a row has it and else 0.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts.
        X_val, y_val : array-like, default=None
            Rows to be measured after each epoch, in the place of those that ``early_stopping`` would hold out.

        Returns
        -------
        self : MLPClassifier
            The estimator itself.
        """
        return self._fit(X, y, sample_weight, X_val, y_val)

    @available_if(lambda self: self._check_solver())
    def partial_fit(self, X, y, sample_weight=None, classes=None):
        """Train one epoch more on ``X`` and ``y``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,)
            The class of each.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts.
        classes : array-like of shape (n_classes,), default=None
            All classes there will ever be; needed in the first call.

        Returns
        -------
        self : MLPClassifier
            The estimator itself.
        """
        if _check_partial_fit_first_call(self, classes):
            self.__dict__.pop("_network", None)
            self._given_classes = self.classes_
        return self._fit(X, y, sample_weight, None, None, incremental=True)

    def _targets(self, y, X, *, first):
        y = self._labels(y, X)
        given = self.__dict__.pop("_given_classes", None)
        self._multilabel = y.ndim == 2
        if self._multilabel:
            return self._indicators(y, first=first), y
        if first and given is None:
            self.classes_ = np.unique(y)
        elif first:
            self.classes_ = np.asarray(given)
        elif self.warm_start and set(np.unique(y)) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {self.classes_}, `y` has {np.unique(y)}"
            )
        if len(self.classes_) < 2:
            raise ValueError(f"{type(self).__name__} needs at least two classes, y has one class: {self.classes_[0]}.")
        self.out_activation_ = "logistic" if len(self.classes_) == 2 else "softmax"
        return self._codes(y), y

    def _indicators(self, y, *, first):
        """Labels, each present or not."""
        if first:
            self.classes_ = np.arange(y.shape[1])
        elif y.shape[1] != len(self.classes_):
            raise ValueError(f"y has {y.shape[1]} labels, but {type(self).__name__} was fitted on {len(self.classes_)}.")
        if self.class_weight is not None:
            raise ValueError("class_weight is for one class of each row, y has several labels of each.")
        if self.metric not in ("auto", "loss", "accuracy"):
            raise ValueError(f"metric {self.metric!r} is for one class of each row; of several labels, loss or accuracy.")
        self.out_activation_ = "logistic"
        return np.ascontiguousarray(y, dtype=np.float64)

    def _held_out_targets(self, y, X):
        y = self._labels(y, X)
        if (y.ndim == 2) != self._multilabel:
            raise ValueError("y_val and y must both have one class for each row, or several labels.")
        return self._indicators(y, first=False) if self._multilabel else self._codes(y)

    def _labels(self, y, X):
        if y is None:
            raise ValueError(f"requires y to be passed, but the target y is None: {type(self).__name__} needs classes.")
        check_classification_targets(y)
        if type_of_target(y, input_name="y") == "multilabel-indicator":
            y = np.asarray(y.toarray() if hasattr(y, "toarray") else y)
        else:
            y = column_or_1d(y, warn=True)
        check_consistent_length(X, y)
        return y

    def _codes(self, y):
        codes = np.searchsorted(self.classes_, y).clip(0, len(self.classes_) - 1)
        unknown = self.classes_[codes] != y
        if np.any(unknown):
            raise ValueError(f"y has the class {np.asarray(y)[unknown][0]!r}, which is none of {self.classes_.tolist()}.")
        return codes.astype(np.int64)

    def _settings(self, widths, *, y) -> dict:
        settings = super()._settings(widths, y=y) | {"label_smoothing": float(self.label_smoothing)}
        if self._multilabel:
            return settings | {"loss": "binary"}
        settings["classes"] = len(self.classes_)
        if self.class_weight is not None:
            weights = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
            settings["class_weight"] = weights.tolist()
        return settings

    def predict(self, X):
        """The likeliest class of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            The classes; or, for each label, 1 where it is likely and else 0.
        """
        if getattr(self, "_multilabel", False):
            return (self._answers(X, probabilities=False) > 0).astype(int)
        likeliest = self._answers(X, probabilities=True).argmax(axis=1)
        return self.classes_[likeliest]

    def predict_proba(self, X):
        """The probability of each class for each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``; where rows have several labels, that of each label by itself.
        """
        if getattr(self, "_multilabel", False):
            return expit(self._answers(X, probabilities=False))
        return self._answers(X, probabilities=True)

    def predict_log_proba(self, X):
        """The logarithm of :meth:`predict_proba`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        logarithms : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
