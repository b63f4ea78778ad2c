"""What the classifier and the regressor have in common."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from caviar import _caviar, _display, _lbfgs, _parameters
from caviar import _features as features
from caviar._watching import Watch, callbacks


class Perceptron(_display.Displayed, callbacks.CallbackSupportMixin, BaseEstimator):
    """A multi-layer perceptron trained by the engine."""

    _parameter_constraints: dict = _parameters.CONSTRAINTS

    # What differs between classes and values.
    _score_metric = "accuracy"
    _stratified = True
    # What was learned; the encoder only where the rows were not taken as they are.
    _network: _caviar.Network
    _encoder: _caviar.Encoder | None
    _framed: bool
    best_loss_: float | None
    best_validation_score_: float | None
    validation_scores_: list[float] | None

    @property
    def _loss(self) -> str:
        return "cross-entropy"

    def _fit(self, X, y, sample_weight, X_val, y_val, *, incremental=False):
        self._validate_params()
        if incremental and self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        widths = _parameters.hidden_layers(self.hidden_layer_sizes)
        goes_on = incremental or self.warm_start
        before = getattr(self, "_network", None) if goes_on else None
        own = {} if before is None else {"framed": self._framed, "encoder": self._encoder}
        table = features.Table.of(self, X, reset=before is None, **own)
        targets, answers = self._targets(y, table, first=before is None)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, answers, dtype=np.float64)
        settings = self._settings(widths, y=answers)
        if incremental:
            settings |= {"epochs": 1, "n_iter_no_change": None}
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val belong together: one of them is missing.")
        # scikit-learn's L-BFGS takes all rows, whatever else is asked.
        early_stopping = self.early_stopping and self.solver != "lbfgs"
        train, held_out = self._hold_out(answers) if early_stopping and X_val is None else (None, None)
        encoder = self._encoder if before is not None else table.encoder(self.scale, train)
        part = {"features": table.encoded(encoder), "rows": None, "targets": targets, "weights": sample_weight}
        validation = None
        if X_val is not None:
            own = features.Table.of(self, X_val, framed=table.frame is not None, encoder=encoder)
            targets = self._held_out_targets(y_val, own)
            validation = {"features": own.encoded(encoder), "rows": None, "targets": targets, "weights": None}
        elif held_out is not None:
            part, validation = (_some(part, places) for places in (train, held_out))
        rows = len(part["targets"])
        if self.batch_size == "auto":
            settings["batch_size"] = min(200, rows)
        elif settings["batch_size"] is not None and settings["batch_size"] > rows:
            warnings.warn("Got `batch_size` less than 1 or larger than sample size. It is going to be clipped")
        if self.solver == "lbfgs":
            network = _lbfgs.train(self, settings, part, before)
        else:

            def kept(estimator, network):
                estimator._encoder, estimator._framed = encoder, table.frame is not None
                estimator._keep(network, validation, before, rows=rows, incremental=incremental)

            with Watch(self, self.max_iter, kept) as watch:
                network = _caviar.train(settings, part, validation, before, incremental, watch.told())
        self._encoder, self._framed = encoder, table.frame is not None
        self._keep(network, validation, before, rows=rows, incremental=incremental)
        return self

    def _settings(self, widths, *, y) -> dict:
        activations = _parameters.activations(self.activation, len(widths))
        batch = {"auto": 200, "full": None}.get(self.batch_size, self.batch_size)
        decay = self.weight_decay
        patience = self.n_iter_no_change
        return {
            "hidden": widths,
            "activations": activations,
            "output_activation": activations[-1] if activations else "relu",
            "init": self.init,
            "batch_norm": bool(self.batch_norm),
            "dropout": float(self.dropout),
            "loss": self._loss,
            "label_smoothing": 0.0,
            "class_weight": None,
            "optimizer": _parameters.optimizer(self),
            "learning_rate": float(self.learning_rate_init),
            "beta": float(self.momentum),
            "beta1": float(self.beta_1),
            "beta2": float(self.beta_2),
            "epsilon": float(self.epsilon),
            "alpha": float(self.alpha),
            "weight_decay": float(decay if decay is not None else 0.01 if self.solver == "adamw" else 0.0),
            "clip_norm": self.clip_norm,
            "schedule": self.learning_rate,
            "warm_up": float(self.warm_up),
            "epochs": int(self.max_iter),
            "batch_size": None if batch is None else int(batch),
            "shuffle": bool(self.shuffle),
            "metric": self._score_metric if self.metric == "auto" else self.metric,
            "early_stopping": bool(self.early_stopping),
            "tol": float(self.tol),
            "n_iter_no_change": None if patience == np.inf else int(patience),
            "power_t": float(self.power_t),
            "precision": self.precision,
            "threads": _parameters.threads(self.n_jobs),
            "seed": _parameters.seed(self.random_state),
            "classes": 0,
        }

    def _check_solver(self):
        if self.solver == "lbfgs":
            raise AttributeError("partial_fit is only available for stochastic optimizers. lbfgs is not stochastic.")
        return True

    def _hold_out(self, answers):
        """The rows to train on, and those to stop by, dealt out as scikit-learn does."""
        train, held_out = train_test_split(
            np.arange(len(answers)),
            random_state=self.random_state,
            test_size=self.validation_fraction,
            stratify=answers if self._stratified and answers.ndim == 1 else None,
        )
        if len(held_out) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        return train, held_out

    def _keep(self, network, validation, before, *, rows, incremental):
        losses = network.losses.tolist()
        self._network = network
        earlier = list(getattr(self, "loss_curve_", [])) if before is not None else []
        self.loss_curve_ = earlier + losses
        self.history_ = {
            "loss": network.losses,
            "learning_rate": network.learning_rates,
            **{f"validation_{name}": values for name, values in network.validation().items()},
        }
        self.n_iter_ = len(self.loss_curve_) if incremental else len(losses)
        self.t_ = rows * len(losses) + (getattr(self, "t_", 0) if before is not None else 0)
        self.loss_ = losses[-1] if losses else np.nan
        self.n_layers_ = len(self.coefs_) + 1
        self.n_outputs_ = self.coefs_[-1].shape[1]
        if self.early_stopping and validation is not None and losses and self.solver != "lbfgs":
            metric = self._score_metric if self.metric == "auto" else self.metric
            scores = self.history_[f"validation_{metric}"]
            self.validation_scores_ = scores.tolist()
            best = np.nanmin if metric in ("loss", "rmse", "mae") else np.nanmax
            self.best_validation_score_ = float(best(scores))
            self.best_loss_ = None
        else:
            self.validation_scores_ = self.best_validation_score_ = None
            self.best_loss_ = min(self.loss_curve_, default=np.inf)
        if network.end == "interrupted":
            warnings.warn("Training interrupted by user.")
        elif network.end == "exhausted" and not incremental:
            warnings.warn(
                f"{'lbfgs' if self.solver == 'lbfgs' else 'Stochastic Optimizer'}: Maximum iterations ({self.max_iter}) "
                "reached and the optimization hasn't converged yet.",
                ConvergenceWarning,
            )

    @property
    def coefs_(self):
        """The weights between the layers: element ``i`` is ``[units of layer i, units of layer i + 1]``."""
        return [self._array(number, "weight") for number in self._layers()]

    @property
    def intercepts_(self):
        """The biases of the layers after the first; under ``batch_norm`` the hidden layers' is its ``beta``."""
        arrays = self._arrays()
        name = "dense{0}/bias"
        return [
            arrays[name.format(n)] if name.format(n) in arrays else arrays[f"batch_norm{n}/beta"] for n in self._layers()
        ]

    @property
    def encoded_names_(self):
        """What the inputs of the network say, where ``X`` was encoded: ``age``, ``age is missing``, ``job = nurse``."""
        encoder = getattr(self, "_encoder", None)
        if encoder is None:
            raise AttributeError(f"the rows of this {type(self).__name__} were taken as they are")
        return encoder.labels

    def _arrays(self) -> dict:
        if not hasattr(self, "_network"):
            raise AttributeError(f"this {type(self).__name__} is not fitted: it has no weights yet")
        return self._network.arrays()

    def _array(self, number, kind):
        return self._arrays()[f"dense{number}/{kind}"]

    def _layers(self) -> range:
        return range(1, 1 + sum(name.startswith("dense") and name.endswith("weight") for name in self._arrays()))

    def _answers(self, X, *, probabilities):
        check_is_fitted(self)
        table = features.Table.of(self, X, framed=self._framed, encoder=self._encoder)
        return self._network.predict(table.encoded(self._encoder), probabilities, _parameters.threads(self.n_jobs))

    def _learned(self):
        numbered = [(float(epoch), float(loss)) for epoch, loss in enumerate(self.history_["loss"], 1)]
        lines = [("training", "line", numbered)]
        if "validation_loss" in self.history_:
            held_out = enumerate(self.history_["validation_loss"], 1)
            lines.append(("validation", "dashed", [(float(epoch), float(loss)) for epoch, loss in held_out]))
        yield _display.picture(f"Loss after {self.n_iter_} epochs: {self.loss_:.4g}", ("epoch", "loss"), lines)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_network")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _some(part: dict, places) -> dict:
    """Some rows of a part: answers and weights are picked, features stay where they are."""
    return {
        "features": part["features"],
        "rows": places.astype(np.uint32),
        "targets": part["targets"][places],
        "weights": None if part["weights"] is None else part["weights"][places],
    }
