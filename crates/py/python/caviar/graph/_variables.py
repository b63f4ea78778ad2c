"""Variables: what a session keeps from run to run."""

from __future__ import annotations

import numpy as np

from caviar.graph._dtypes import array_of, as_dtype, float32
from caviar.graph._tensor import Operation, Tensor, convert, default_graph


class Variable(Tensor):
    """A value that runs may change.

    Parameters
    ----------
    initial_value : array-like, Tensor or initializer
        What it starts as, once :func:`global_variables_initializer` is run.
    trainable : bool, default=True
        Whether ``minimize`` changes it.
    name : str, default=None
        Its name.
    dtype : dtype, default=None
        That of the first value where none is given.
    """

    def __init__(self, initial_value=None, trainable=True, name=None, dtype=None, shape=None):
        self.initial = initial_value
        self.trainable = trainable
        kind = None if dtype is None else as_dtype(dtype)
        init = "zeros"
        if isinstance(initial_value, Initializer):
            init, kind = initial_value.text, kind or float32
            sizes = [int(size) for size in (shape if shape is not None else [])]
        elif isinstance(initial_value, Tensor):
            kind = kind or initial_value.dtype
            if initial_value.shape is None or None in initial_value.shape:
                raise ValueError(f"the first value {initial_value.name} of a variable must have a known shape")
            sizes = list(initial_value.shape)
        else:
            if initial_value is None:
                raise ValueError("initial_value must be specified.")
            self.initial, kind = array_of(initial_value, kind)
            sizes = list(self.initial.shape)

        def build(graph):
            return graph.variable(self.op_name, sizes, init, bool(trainable))

        super().__init__("Variable", [], build, kind, held="real", wide=kind.is_integer, name=name)
        self.graph.variables.append(self)

    @property
    def initializer(self) -> Operation:
        """The operation that gives it its first value."""
        return Initialize([self])

    def initialized_value(self) -> Tensor:
        """Its first value."""
        return convert(self.initial)

    def assign(self, value, name=None) -> Tensor:
        """The value, given to the variable when it is run."""
        value = convert(value, self)
        if value.dtype != self.dtype:
            raise TypeError(f"Assign: {self.name} is {self.dtype.name}, {value.name} is {value.dtype.name}; cast it")

        def build(graph, variable, node):
            return graph.assign(variable, node if value.held == "real" else graph.cast(node, "real"))

        tensor = Tensor("Assign", [self, value], build, self.dtype, held="real", name=name)
        tensor.assigned = self
        return tensor

    def __repr__(self) -> str:
        return f"<Variable '{self.name}' shape={self.shape} dtype={self.dtype.name}>"


class Initialize(Operation):
    """Gives variables their first values."""

    def __init__(self, variables, name=None):
        super().__init__("init", default_graph(), name)
        self.variables = list(variables)


def global_variables_initializer() -> Operation:
    """The operation that gives all variables their first values."""
    return Initialize(default_graph().variables)


def global_variables() -> list[Variable]:
    """All variables."""
    return list(default_graph().variables)


def trainable_variables() -> list[Variable]:
    """Those that ``minimize`` changes."""
    return [variable for variable in default_graph().variables if variable.trainable]


def get_variable(name, shape=None, dtype=None, initializer=None, trainable=True) -> Variable:
    """A variable by name; drawn as Xavier has it where nothing else is said."""
    if any(variable.op_name == name for variable in default_graph().variables):
        raise ValueError(f"Variable {name} already exists; reset_default_graph() forgets it.")
    if initializer is None:
        initializer = Initializer("xavier-uniform")
    if isinstance(initializer, type):
        initializer = initializer()
    if not isinstance(initializer, Initializer):
        return Variable(initializer, trainable, name, dtype)
    if shape is None:
        raise ValueError(f"Shape of a new variable ({name}) must be fully defined.")
    return Variable(initializer, trainable, name, dtype, shape)


class Initializer:
    """How first values are drawn, in the engine's words; ``seed`` is the graph's where none is given."""

    def __init__(self, text: str, seed: int | None = None):
        self.text, self.seed = text, seed


def zeros_initializer(dtype=None) -> Initializer:
    """All zeros."""
    return Initializer("zeros")


def ones_initializer(dtype=None) -> Initializer:
    """All ones."""
    return Initializer("constant:1")


def constant_initializer(value=0.0, dtype=None) -> Initializer:
    """All the same."""
    return Initializer(f"constant:{float(value)}")


def random_normal_initializer(mean=0.0, stddev=1.0, seed=None, dtype=None) -> Initializer:
    """Normal numbers around 0."""
    if mean != 0:
        raise ValueError(f"mean = {mean}: the numbers are drawn around 0")
    return Initializer(f"normal:{float(stddev)}", seed)


def glorot_uniform_initializer(seed=None, dtype=None) -> Initializer:
    """Uniform in ±√(6/(in + out))."""
    return Initializer("xavier-uniform", seed)


def xavier_initializer(uniform=True, seed=None, dtype=None) -> Initializer:
    """Xavier's, uniform or normal."""
    return Initializer("xavier-uniform" if uniform else "xavier", seed)


def set_random_seed(seed: int) -> None:
    """The seed of what is drawn in this graph."""
    if not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"seed = {seed!r}: must be a whole number of at least 0")
    default_graph().seed = int(seed)
