"""The operations, and the operators that stand for them."""

from __future__ import annotations

import numpy as np

from caviar.graph._dtypes import as_dtype, bool_, float32, float64, int64
from caviar.graph._tensor import Tensor, constant, convert


def _pair(x, y, name) -> tuple[Tensor, Tensor]:
    """Both as tensors of one type."""
    if isinstance(x, Tensor) or not isinstance(y, Tensor):
        x = convert(x)
        y = convert(y, x)
    else:
        x = convert(x, y)
    if x.dtype != y.dtype:
        raise TypeError(f"{name}: {x.name} is {x.dtype.name}, {y.name} is {y.dtype.name}; cast one of them")
    return x, y


def _real(graph, node, held):
    """The node as real numbers."""
    return node if held == "real" else graph.cast(node, "real")


def _arithmetic(kind, operation, x, y, name, dtype=None) -> Tensor:
    x, y = _pair(x, y, kind)
    if x.dtype is bool_:
        raise TypeError(f"{kind}: truth values cannot be calculated with; cast them")

    def build(graph, a, b):
        return graph.binary(operation, _real(graph, a, x.held), _real(graph, b, y.held))

    return Tensor(kind, [x, y], build, dtype or x.dtype, held="real", wide=x.dtype.is_integer, name=name)


def _elementwise(kind, operation, x, name) -> Tensor:
    x = convert(x)
    if not x.dtype.is_floating and operation not in ("negative", "square", "abs", "sign"):
        raise TypeError(f"{kind}: needs real numbers, {x.name} is {x.dtype.name}; cast it")
    build = lambda graph, node: graph.unary(operation, _real(graph, node, x.held))  # noqa: E731
    return Tensor(kind, [x], build, x.dtype, held="real", wide=x.dtype.is_integer, name=name)


def _comparison(kind, operation, x, y, name) -> Tensor:
    x, y = _pair(x, y, kind)

    def build(graph, a, b):
        if x.held == y.held:
            return graph.binary(operation, a, b)
        return graph.binary(operation, _real(graph, a, x.held), _real(graph, b, y.held))

    return Tensor(kind, [x, y], build, bool_, name=name)


def add(x, y, name=None) -> Tensor:
    """``x + y``, the smaller one stretched."""
    return _arithmetic("Add", "add", x, y, name)


def subtract(x, y, name=None) -> Tensor:
    """``x - y``, the smaller one stretched."""
    return _arithmetic("Sub", "subtract", x, y, name)


def multiply(x, y, name=None) -> Tensor:
    """``x * y``, element by element, the smaller one stretched."""
    return _arithmetic("Mul", "multiply", x, y, name)


def divide(x, y, name=None) -> Tensor:
    """``x / y``, the smaller one stretched; of integers in double precision."""
    x, y = _pair(x, y, "RealDiv")
    return _arithmetic("RealDiv", "divide", x, y, name, float64 if x.dtype.is_integer else None)


def pow(x, y, name=None) -> Tensor:
    """``x`` to the power of ``y``."""
    if not isinstance(y, Tensor) and np.ndim(y) == 0 and y == 2:
        return _elementwise("Pow", "square", x, name)
    return _arithmetic("Pow", "pow", x, y, name)


def maximum(x, y, name=None) -> Tensor:
    """The larger of both, element by element."""
    return _arithmetic("Maximum", "maximum", x, y, name)


def minimum(x, y, name=None) -> Tensor:
    """The smaller of both, element by element."""
    return _arithmetic("Minimum", "minimum", x, y, name)


def equal(x, y, name=None) -> Tensor:
    """Whether the elements are equal."""
    return _comparison("Equal", "equal", x, y, name)


def less(x, y, name=None) -> Tensor:
    """Whether those of ``x`` are smaller."""
    return _comparison("Less", "less", x, y, name)


def greater(x, y, name=None) -> Tensor:
    """Whether those of ``x`` are larger."""
    return _comparison("Greater", "greater", x, y, name)


def negative(x, name=None) -> Tensor:
    """``-x``."""
    return _elementwise("Neg", "negative", x, name)


def square(x, name=None) -> Tensor:
    """``x * x``."""
    return _elementwise("Square", "square", x, name)


def sqrt(x, name=None) -> Tensor:
    """The square root."""
    return _elementwise("Sqrt", "sqrt", x, name)


def exp(x, name=None) -> Tensor:
    """The exponential."""
    return _elementwise("Exp", "exp", x, name)


def log(x, name=None) -> Tensor:
    """The natural logarithm."""
    return _elementwise("Log", "log", x, name)


def abs(x, name=None) -> Tensor:
    """The size without the sign."""
    return _elementwise("Abs", "abs", x, name)


def sign(x, name=None) -> Tensor:
    """-1, 0 or 1."""
    return _elementwise("Sign", "sign", x, name)


def sigmoid(x, name=None) -> Tensor:
    """``1 / (1 + exp(-x))``."""
    return _elementwise("Sigmoid", "sigmoid", x, name)


def tanh(x, name=None) -> Tensor:
    """The hyperbolic tangent."""
    return _elementwise("Tanh", "tanh", x, name)


def matmul(a, b, transpose_a=False, transpose_b=False, name=None) -> Tensor:
    """The product of two matrices."""
    a, b = _pair(a, b, "MatMul")
    a = transpose(a) if transpose_a else a
    b = transpose(b) if transpose_b else b
    return _arithmetic("MatMul", "matmul", a, b, name)


def _axes(axis):
    return None if axis is None else [axis] if isinstance(axis, (int, np.integer)) else list(axis)


def _reduction(kind, operation, x, axis, keepdims, name) -> Tensor:
    x = convert(x)
    if x.dtype is bool_ or (operation == "mean" and not x.dtype.is_floating):
        raise TypeError(f"{kind}: needs real numbers, {x.name} is {x.dtype.name}; cast it")
    wanted = _axes(axis)

    def build(graph, node):
        rank = len(graph.sizes(node))
        axes = None if wanted is None else [_at(at, rank, kind) for at in wanted]
        return graph.reduce(operation, _real(graph, node, x.held), axes, bool(keepdims))

    return Tensor(kind, [x], build, x.dtype, held="real", wide=x.dtype.is_integer, name=name)


def _at(axis, rank, kind) -> int:
    """An axis counted from the first."""
    if not -rank <= axis < rank:
        raise ValueError(f"{kind}: axis {axis} is not one of the {rank}")
    return int(axis) % rank


def reduce_mean(x, axis=None, keepdims=False, name=None) -> Tensor:
    """The mean over all elements, or over an axis or several."""
    return _reduction("Mean", "mean", x, axis, keepdims, name)


def reduce_sum(x, axis=None, keepdims=False, name=None) -> Tensor:
    """The sum over all elements, or over an axis or several."""
    return _reduction("Sum", "sum", x, axis, keepdims, name)


def reduce_max(x, axis=None, keepdims=False, name=None) -> Tensor:
    """The largest of all elements, or along an axis or several."""
    return _reduction("Max", "max", x, axis, keepdims, name)


def reduce_min(x, axis=None, keepdims=False, name=None) -> Tensor:
    """The smallest of all elements, or along an axis or several."""
    return _reduction("Min", "min", x, axis, keepdims, name)


def argmax(x, axis=0, name=None) -> Tensor:
    """Where the largest is along an axis, the first of several."""
    x = convert(x)

    def build(graph, node):
        return graph.argmax(_real(graph, node, x.held), _at(axis, len(graph.sizes(node)), "ArgMax"))

    return Tensor("ArgMax", [x], build, int64, name=name)


def cast(x, dtype, name=None) -> Tensor:
    """As another type."""
    x, dtype = convert(x), as_dtype(dtype)
    build = lambda graph, node: node if x.held == dtype.kind else graph.cast(node, dtype.kind)  # noqa: E731
    return Tensor("Cast", [x], build, dtype, name=name)


def one_hot(indices, depth, on_value=1.0, off_value=0.0, axis=-1, dtype=float32, name=None) -> Tensor:
    """A vector of ``depth`` for each index, 1 at its place; an index outside is an error."""
    indices = convert(indices)
    if not indices.dtype.is_integer:
        raise TypeError(f"OneHot: needs integers, {indices.name} is {indices.dtype.name}; cast it")
    depth = _value(depth, "depth")

    def build(graph, node):
        node = node if indices.held == "integer" else graph.cast(node, "integer")
        return graph.one_hot(node, depth, _at(axis, len(graph.sizes(node)) + 1, "OneHot"))

    hot = Tensor("OneHot", [indices], build, as_dtype(dtype), held="real", name=name)
    return hot if (on_value, off_value) == (1.0, 0.0) else hot * (on_value - off_value) + off_value


def _value(given, what) -> int:
    """A number that is known while defining, though it may stand in a constant tensor."""
    if isinstance(given, Tensor):
        if given.constant is None:
            raise ValueError(f"{what}: {given.name} must be a constant, its value is needed to define what follows")
        given = given.constant
    if np.ndim(given) != 0 or int(given) != given or given < 0:
        raise ValueError(f"{what} = {given}: must be a whole number of at least 0")
    return int(given)


def _filled(value, kind, shape, dtype, name) -> Tensor:
    sizes = [_value(size, "a size") for size in (shape if isinstance(shape, (list, tuple, np.ndarray)) else [shape])]
    return constant(np.full(sizes, value), as_dtype(dtype), name=name or kind)


def ones(shape, dtype=float32, name=None) -> Tensor:
    """Ones of this shape."""
    return _filled(1, "ones", shape, dtype, name)


def zeros(shape, dtype=float32, name=None) -> Tensor:
    """Zeros of this shape."""
    return _filled(0, "zeros", shape, dtype, name)


def transpose(x, perm=None, name=None) -> Tensor:
    """The axes in another order; reversed where none is given."""
    x = convert(x)

    def build(graph, node):
        rank = len(graph.sizes(node))
        return graph.transpose(node, list(range(rank))[::-1] if perm is None else [_at(at, rank, "Transpose") for at in perm])

    return Tensor("Transpose", [x], build, x.dtype, held=x.held, name=name)


def reshape(x, shape, name=None) -> Tensor:
    """The same numbers in another shape; one size may be -1."""
    x, wanted = convert(x), list(shape)

    def build(graph, node):
        sizes, given = list(wanted), graph.sizes(node)
        if -1 in sizes and None in given:
            sizes[sizes.index(-1)] = None
        elif -1 in sizes:
            rest = int(np.prod([size for size in sizes if size != -1]))
            sizes[sizes.index(-1)] = int(np.prod(given)) // max(rest, 1)
        return graph.reshape(node, sizes)

    return Tensor("Reshape", [x], build, x.dtype, held=x.held, name=name)


def take(x: Tensor, key) -> Tensor:
    """``x[key]`` for numbers and ranges."""
    keys = key if isinstance(key, tuple) else (key,)

    def build(graph, node):
        sizes = graph.sizes(node)
        if len(keys) > len(sizes):
            raise IndexError(f"{x.name} has {len(sizes)} axes, {len(keys)} are indexed")
        dropped = []
        for axis, (at, size) in enumerate(zip(keys, sizes)):
            if isinstance(at, slice) and at == slice(None):
                continue
            if size is None:
                raise IndexError(f"{x.name}: the size of axis {axis} is not known, it cannot be indexed")
            if isinstance(at, slice):
                start, end, step = at.indices(size)
                if step != 1:
                    raise IndexError(f"{x.name}: a range goes by steps of 1, not {step}")
                node = graph.slice(node, axis, start, max(start, end))
            else:
                if not -size <= at < size:
                    raise IndexError(f"{x.name}: {at} is outside axis {axis} of {size}")
                node = graph.slice(node, axis, at % size, at % size + 1)
                dropped.append(axis)
        kept = [size for axis, size in enumerate(graph.sizes(node)) if axis not in dropped]
        return graph.reshape(node, kept) if dropped else node

    return Tensor("strided_slice", [x], build, x.dtype, held=x.held)


def gradients(ys, xs, name=None) -> list[Tensor]:
    """The derivatives of the sum of ``ys`` with respect to each of ``xs``."""
    many = [convert(y) for y in (ys if isinstance(ys, (list, tuple)) else [ys])]
    total = reduce_sum(many[0])
    for y in many[1:]:
        total = add(total, reduce_sum(y))
    xs = list(xs) if isinstance(xs, (list, tuple)) else [xs]
    cache: dict = {}

    def build_at(place):
        def build(graph, y, *nodes):
            if (y, nodes) not in cache:
                cache[y, nodes] = graph.gradients(y, list(nodes))
            return cache[y, nodes][place]

        return build

    return [Tensor("gradients", [total, *xs], build_at(at), x.dtype, held="real", name=name) for at, x in enumerate(xs)]
