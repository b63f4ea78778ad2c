"""Rows of features as they come: an array, or a data frame that has to be encoded."""

from __future__ import annotations

import numpy as np
from sklearn.utils.validation import validate_data

from caviar import _frames
from caviar._caviar import Encoder


class Table:
    """Checked rows, not yet encoded."""

    def __init__(self, *, array=None, frame=None):
        self.array, self.frame = array, frame

    @classmethod
    def of(cls, estimator, X, *, reset=False, framed=False, encoder=None):
        """Checks ``X``, and notes its names and columns on the estimator where ``reset``.

        ``framed`` is whether ``X`` must be a frame because the one that was learned from was encoded.
        """
        if reset:
            framed = _frames.is_frame(X) and _frames.needs_encoding(X)
        if not framed:
            # Bytes and single precision are read where they are; what is to be scaled is scaled in double precision.
            scaled = encoder is not None or (reset and estimator.scale not in ("auto", "none"))
            double = [np.float64] * (scaled or estimator.precision == "f64")
            dtype = [*double, np.float32, np.uint8]
            array = validate_data(estimator, X, reset=reset, dtype=dtype, order="C", accept_sparse="csr")
            array = array.toarray() if hasattr(array, "toarray") else array
            return cls(array=np.require(array, requirements=["C", "A"]))
        if not _frames.is_frame(X):
            raise ValueError(
                f"X is no data frame: {type(estimator).__name__} was fitted on one with words or missing values, whose "
                "columns are found by name."
            )
        names = _frames.names(X)
        if len(X) == 0:
            raise ValueError(f"Found array with 0 sample(s) (shape={X.shape}) while a minimum of 1 is required.")
        if reset:
            estimator.feature_names_in_ = np.asarray(names, dtype=object)
            estimator.n_features_in_ = len(names)
        else:
            _check_names(estimator, names)
        return cls(frame=X)

    def __len__(self) -> int:
        return len(self.array if self.frame is None else self.frame)

    @property
    def shape(self):
        """As numpy has it."""
        return (self.array if self.frame is None else self.frame).shape

    def encoder(self, scale: str, rows=None):
        """What turns rows such as these into numbers, learned from ``rows``; nothing where they are taken as they are."""
        if self.frame is None and scale in ("auto", "none"):
            return None
        learned = self.array if self.frame is None else _frames.columns(self.frame)
        rows = None if rows is None else rows.astype(np.uint32)
        return Encoder.fit(learned, rows, "standard" if scale == "auto" else scale)

    def encoded(self, encoder):
        """The numbers."""
        if encoder is None:
            return self.array
        return encoder.encode(self.array if self.frame is None else _frames.columns(self.frame, dict(encoder.kinds)))


def _check_names(estimator, names):
    """Columns may stand in another order, but must be the same ones."""
    known = list(estimator.feature_names_in_)
    missing, new = sorted(set(known) - set(names)), sorted(set(names) - set(known))
    if missing or new:
        words = [f"missing: {missing}"] * bool(missing) + [f"unexpected: {new}"] * bool(new)
        raise ValueError(
            f"The feature names should match those that were passed during fit; {', '.join(words)}. "
            f"X has {len(names)} features, but {type(estimator).__name__} is expecting {len(known)} features as input."
        )
