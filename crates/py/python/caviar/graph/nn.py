"""Activations and losses."""

from __future__ import annotations

from caviar.graph._operations import _arithmetic, _elementwise, _pair, sigmoid, tanh
from caviar.graph._tensor import Tensor, convert

__all__ = [
    "log_softmax",
    "relu",
    "sigmoid",
    "sigmoid_cross_entropy_with_logits",
    "softmax",
    "softmax_cross_entropy_with_logits",
    "softplus",
    "sparse_softmax_cross_entropy_with_logits",
    "tanh",
]


def relu(features, name=None) -> Tensor:
    """``max(x, 0)``."""
    return _elementwise("Relu", "relu", features, name)


def softplus(features, name=None) -> Tensor:
    """``log(1 + exp(x))``."""
    return _elementwise("Softplus", "softplus", features, name)


def softmax(logits, name=None) -> Tensor:
    """Probabilities along the last axis."""
    return _elementwise("Softmax", "softmax", logits, name)


def log_softmax(logits, name=None) -> Tensor:
    """The logarithm of :func:`softmax`."""
    return _elementwise("LogSoftmax", "log_softmax", logits, name)


def sigmoid_cross_entropy_with_logits(*, labels, logits, name=None) -> Tensor:
    """The cost of each logit: ``-y·log σ(z) - (1 - y)·log(1 - σ(z))``."""
    logits, labels = _pair(logits, labels, "logistic_loss")
    return _arithmetic("logistic_loss", "sigmoid_cross_entropy", logits, labels, name)


def softmax_cross_entropy_with_logits(*, labels, logits, name=None) -> Tensor:
    """The cost of each row of logits ``[rows, classes]``; labels are probabilities of the same shape."""
    logits, labels = _pair(logits, labels, "SoftmaxCrossEntropyWithLogits")
    return _arithmetic("SoftmaxCrossEntropyWithLogits", "softmax_cross_entropy", logits, labels, name)


def sparse_softmax_cross_entropy_with_logits(*, labels, logits, name=None) -> Tensor:
    """The cost of each row of logits ``[rows, classes]``; labels are classes ``[rows]``."""
    labels, logits = convert(labels), convert(logits)
    if not labels.dtype.is_integer:
        raise TypeError(f"labels must be integers, {labels.name} is {labels.dtype.name}")

    def build(graph, z, y):
        y = y if labels.held == "integer" else graph.cast(y, "integer")
        return graph.binary("softmax_cross_entropy", z, y)

    return Tensor("SparseSoftmaxCrossEntropyWithLogits", [logits, labels], build, logits.dtype, name=name)
