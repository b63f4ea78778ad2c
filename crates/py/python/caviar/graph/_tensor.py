"""Symbolic tensors: what is defined, and later run."""

from __future__ import annotations

import numpy as np

from caviar import _caviar
from caviar.graph._dtypes import array_of, as_dtype, float64, native


class Graph:
    """Everything that has been defined; there is one at a time, see :func:`reset_default_graph`."""

    def __init__(self):
        self.native = _caviar.Graph()
        self.names: dict[str, int] = {}
        self.variables: list = []
        self.seed = 0
        self.count = 0

    def name(self, wanted: str) -> str:
        """The name, with a number where it is taken."""
        taken = self.names.get(wanted, 0)
        self.names[wanted] = taken + 1
        return self.name(f"{wanted}_{taken}") if taken else wanted

    def order(self) -> int:
        """A number for what is defined next: larger than those of its inputs."""
        self.count += 1
        return self.count


_graphs = [Graph()]


def default_graph() -> Graph:
    """The graph that definitions go to."""
    return _graphs[-1]


def reset_default_graph() -> None:
    """Forget all that has been defined."""
    _graphs[-1] = Graph()


class Tensor:
    """A value that will be known when a session runs.

    It is defined in the engine at once where its shape is known; what depends on a placeholder of unknown shape is
    defined for the shapes that are fed.
    """

    # numpy leaves the operators to the tensor.
    __array_ufunc__ = None

    def __init__(self, kind, inputs, build, dtype, *, held=None, wide=False, name=None, known=True):
        graphs = {tensor.graph for tensor in inputs}
        if len(graphs) > 1:
            raise ValueError(f"{name or kind}: its inputs are of different graphs")
        self.graph = graphs.pop() if graphs else default_graph()
        self.inputs, self.build, self.dtype = inputs, build, dtype
        # What the engine holds it as: integers that were calculated with are real numbers there.
        self.held = held or dtype.kind
        # Whether it asks for double precision.
        self.wide = wide or dtype is float64 or any(tensor.wide for tensor in inputs)
        self.op_name = self.graph.name(name or kind)
        self.order = self.graph.order()
        self.constant: np.ndarray | None = None
        # The variable that is given a new value, if that is what this is.
        self.assigned: Tensor | None = None
        known = known and all(tensor.node is not None for tensor in inputs)
        self.node = build(self.graph.native, *[tensor.node for tensor in inputs]) if known else None

    @property
    def name(self) -> str:
        """As it is printed."""
        return f"{self.op_name}:0"

    @property
    def shape(self):
        """The sizes, none for one that is not known yet; nothing where not even their number is."""
        return None if self.node is None else tuple(self.graph.native.sizes(self.node))

    def get_shape(self):
        """As :attr:`shape`."""
        return self.shape

    def eval(self, feed_dict=None, session=None):
        """The value, in the session given or the one of the ``with``."""
        from caviar.graph._session import default_session

        return (session or default_session()).run(self, feed_dict)

    def __repr__(self) -> str:
        shape = self.shape
        if shape is None:
            words = "<unknown>"
        else:
            sizes = ["?" if size is None else str(size) for size in shape]
            words = f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"
        return f'Tensor("{self.name}", shape={words}, dtype={self.dtype.name})'

    def __bool__(self):
        raise TypeError("a tensor has no truth value before a session runs it")

    def __iter__(self):
        shape = self.shape
        if not shape or shape[0] is None:
            raise TypeError(f"{self.name} cannot be iterated: its first size is not known")
        return (self[at] for at in range(shape[0]))

    def __len__(self):
        shape = self.shape
        if not shape or shape[0] is None:
            raise TypeError(f"the first size of {self.name} is not known")
        return shape[0]

    def __getitem__(self, key):
        from caviar.graph._operations import take

        return take(self, key)

    def __add__(self, other) -> Tensor:
        return _operator("add", self, other)

    def __radd__(self, other) -> Tensor:
        return _operator("add", other, self)

    def __sub__(self, other) -> Tensor:
        return _operator("subtract", self, other)

    def __rsub__(self, other) -> Tensor:
        return _operator("subtract", other, self)

    def __mul__(self, other) -> Tensor:
        return _operator("multiply", self, other)

    def __rmul__(self, other) -> Tensor:
        return _operator("multiply", other, self)

    def __truediv__(self, other) -> Tensor:
        return _operator("divide", self, other)

    def __rtruediv__(self, other) -> Tensor:
        return _operator("divide", other, self)

    def __pow__(self, other) -> Tensor:
        return _operator("pow", self, other)

    def __rpow__(self, other) -> Tensor:
        return _operator("pow", other, self)

    def __matmul__(self, other) -> Tensor:
        return _operator("matmul", self, other)

    def __rmatmul__(self, other) -> Tensor:
        return _operator("matmul", other, self)

    def __lt__(self, other) -> Tensor:
        return _operator("less", self, other)

    def __gt__(self, other) -> Tensor:
        return _operator("greater", self, other)

    def __neg__(self) -> Tensor:
        return _operator("negative", self)

    def __abs__(self) -> Tensor:
        return _operator("abs", self)

    __hash__ = object.__hash__


def _operator(name: str, *operands):
    """The function that an operator stands for; not for what is no number."""
    from caviar.graph import _operations

    if any(not isinstance(x, Tensor) and np.asarray(x).dtype.kind not in "fiub" for x in operands):
        return NotImplemented
    return getattr(_operations, name)(*operands)


class Operation:
    """What a session does without giving a value: an update, the first values of the variables."""

    def __init__(self, kind: str, graph: Graph, name=None):
        self.graph = graph
        self.op_name = graph.name(name or kind)

    @property
    def name(self) -> str:
        """As it is printed."""
        return self.op_name

    def run(self, feed_dict=None, session=None) -> None:
        """Do it, in the session given or the one of the ``with``."""
        from caviar.graph._session import default_session

        (session or default_session()).run(self, feed_dict)

    def __repr__(self) -> str:
        return f"<Operation '{self.name}'>"


def constant(value, dtype=None, shape=None, name=None) -> Tensor:
    """A value that never changes."""
    array, kind = array_of(value, None if dtype is None else as_dtype(dtype))
    if shape is not None:
        array = np.broadcast_to(array, shape) if array.size == 1 else array.reshape(shape)
    held = native(array)
    tensor = Tensor("Const", [], lambda graph: graph.constant(held), kind, name=name)
    tensor.constant = array
    return tensor


class Placeholder(Tensor):
    """A value that is fed to each run."""

    def __init__(self, dtype, shape=None, name=None):
        kind = as_dtype(dtype)
        self.sizes = None if shape is None else [_size(size) for size in _as_list(shape)]

        def build(graph, sizes=None):
            return graph.placeholder(self.op_name, kind.kind, self.sizes if sizes is None else sizes)

        super().__init__("Placeholder", [], build, kind, name=name, known=self.sizes is not None)

    def check(self, array) -> None:
        """Whether an array may be fed."""
        fits = self.sizes is None or (
            len(self.sizes) == array.ndim and all(s is None or s == n for s, n in zip(self.sizes, array.shape))
        )
        if not fits:
            sizes = ", ".join("?" if size is None else str(size) for size in self.sizes or [])
            raise ValueError(f"Cannot feed value of shape {array.shape} for Tensor '{self.name}', which has shape '({sizes})'")


def placeholder(dtype, shape=None, name=None) -> Placeholder:
    """A value that is fed to each run; a size that is not known is ``None``, and so is a shape."""
    return Placeholder(dtype, shape, name)


def _as_list(shape) -> list:
    return list(shape) if isinstance(shape, (list, tuple)) else [shape]


def _size(size) -> int | None:
    return None if size is None or size == -1 else int(size)


def convert(value, like: Tensor | None = None) -> Tensor:
    """A tensor of what is written beside a tensor, whose type numbers and arrays take over."""
    if isinstance(value, Tensor):
        return value
    if like is None:
        return constant(value)
    if like.dtype.is_integer and np.asarray(value).dtype.kind == "f":
        raise TypeError(f"expected {like.dtype.name}, got {value!r} beside {like.name}")
    return constant(value, like.dtype)
