"""Sessions: they hold the variables, and run what is asked for."""

from __future__ import annotations

import numpy as np

from caviar import _caviar
from caviar.graph._dtypes import native
from caviar.graph._tensor import Operation, Placeholder, Tensor, default_graph
from caviar.graph._variables import Initialize, Initializer, Variable
from caviar.graph.train import Minimize, ancestors

_entered: list[Session] = []


def default_session() -> Session:
    """The session of the innermost ``with``."""
    if not _entered:
        raise ValueError("Cannot evaluate: no default session; use `with Session():` or pass one.")
    return _entered[-1]


class Session:
    """The values of the variables, and runs.

    Examples
    --------
    >>> import caviar.graph as tf
    >>> x = tf.placeholder(tf.float32, [None])
    >>> w = tf.Variable(3.0)
    >>> with tf.Session() as session:
    ...     session.run(tf.global_variables_initializer())
    ...     print(session.run(w * x, feed_dict={x: [1, 2]}))
    [3. 6.]
    """

    def __init__(self, graph=None, threads: int = 1):
        self.graph = graph or default_graph()
        self.threads = threads
        self.closed = False
        # By (fetches, precision): the engine's plan and buffers.
        self._runners: dict = {}
        # By (tensor, shapes of what is fed): the engine's node.
        self._specialized: dict = {}
        # Where the newest values are: of a variable in an array or a runner, of an update in a runner.
        self._values: dict = {}
        self._updates: dict = {}

    def __enter__(self) -> Session:
        _entered.append(self)
        return self

    def __exit__(self, *_) -> None:
        _entered.remove(self)
        self.close()

    def close(self) -> None:
        """Forget all values."""
        self.closed = True
        self._runners.clear()
        self._values.clear()

    def run(self, fetches, feed_dict=None):
        """The values of ``fetches``: a tensor, an operation, or lists, tuples and dicts of these."""
        if self.closed:
            raise RuntimeError("Attempted to use a closed Session.")
        wanted: list = []
        _collect(fetches, wanted)
        feeds = _checked_feeds(feed_dict or {})
        for fetch in wanted:
            if fetch.graph is not self.graph:
                raise ValueError(f"{fetch.name} is not an element of this session's graph.")
        for initialize in [fetch for fetch in wanted if isinstance(fetch, Initialize)]:
            self._initialize(initialize.variables)
        results = self._run([fetch for fetch in wanted if not isinstance(fetch, Initialize)], feeds)
        return _arranged(fetches, results)

    def _run(self, wanted, feeds) -> dict:
        results: dict = {}
        if not wanted:
            return results
        needed = ancestors(wanted)
        missing = [p for p in needed if isinstance(p, Placeholder) and p not in feeds]
        if missing:
            raise ValueError(f"You must feed a value for placeholder tensor '{missing[0].op_name}' ({missing[0]!r}).")
        variables = [tensor for tensor in needed if isinstance(tensor, Variable)]
        for variable in variables:
            if variable not in self._values:
                raise RuntimeError(f"Attempting to use uninitialized value {variable.op_name}.")
        feeds = {placeholder: value for placeholder, value in feeds.items() if placeholder in set(needed)}
        nodes = self._nodes(needed, feeds)
        updates = [operation for operation in wanted if isinstance(operation, Minimize)]
        runner = self._runner(wanted, nodes, updates)
        self._bring(runner, variables, updates, nodes)
        shown = [fetch for fetch in wanted if isinstance(fetch, Tensor)]
        arrays = runner.run(
            self.graph.native,
            sorted({nodes[fetch] for fetch in wanted}),
            [nodes[fetch] for fetch in shown],
            [(nodes[placeholder], native(value)) for placeholder, value in feeds.items()],
        )
        changed = {v for update in updates for v in update.variables}
        changed |= {tensor.assigned for tensor in needed if isinstance(tensor, Tensor)}
        self._values |= {variable: runner for variable in variables if variable in changed}
        for update in updates:
            self._updates[update] = (runner, nodes[update])
        for fetch, array in zip(shown, arrays):
            array = np.rint(array) if fetch.dtype.is_integer and fetch.held == "real" else array
            value = array.astype(fetch.dtype.as_numpy_dtype)
            results[fetch] = value[()] if value.ndim == 0 else value
        return results

    def _nodes(self, needed, feeds) -> dict:
        """The engine's node of every tensor, where need be for the very shapes that are fed."""
        open_sizes = {
            size for p, value in feeds.items() for s, size in zip(p.sizes or [], value.shape) if s is None
        }
        if len(open_sizes) <= 1 and all(tensor.node is not None for tensor in needed):
            return {tensor: tensor.node for tensor in needed}
        shapes = tuple((p.order, value.shape) for p, value in sorted(feeds.items(), key=lambda item: item[0].order))
        nodes: dict = {}
        for tensor in needed:
            if isinstance(tensor, Variable):
                nodes[tensor] = tensor.node
                continue
            key = (tensor, shapes)
            if key not in self._specialized:
                given = [list(feeds[tensor].shape)] if isinstance(tensor, Placeholder) else [nodes[t] for t in tensor.inputs]
                self._specialized[key] = tensor.build(self.graph.native, *given)
            nodes[tensor] = self._specialized[key]
        return nodes

    def _runner(self, wanted, nodes, updates):
        # An update goes on in the precision that it was begun in: what it remembers is of that.
        begun = {self._updates[update][0].double for update in updates if update in self._updates}
        double = begun.pop() if len(begun) == 1 else any(tensor.wide for tensor in wanted)
        fetches = sorted({nodes[tensor] for tensor in wanted})
        key = (tuple(fetches), double)
        if key not in self._runners:
            self._runners[key] = _caviar.Runner(self.graph.native, fetches, double, self.graph.seed, self.threads)
        return self._runners[key]

    def _bring(self, runner, variables, updates, nodes) -> None:
        """Gives a runner the newest values."""
        graph = self.graph.native
        for variable in variables:
            newest = self._values[variable]
            if newest is not runner:
                value = newest if isinstance(newest, np.ndarray) else newest.get(graph, variable.node)
                runner.set(graph, variable.node, value)
        for update in updates:
            if update in self._updates:
                other, node = self._updates[update]
                runner.take_over(graph, nodes[update], other, node)

    def _initialize(self, variables) -> None:
        for place, variable in enumerate(variables):
            first = variable.initial
            if isinstance(first, Initializer):
                seed = self.graph.seed * 1000003 + place if first.seed is None else first.seed
                runner = _caviar.Runner(self.graph.native, [variable.node], variable.wide, seed, 1)
                value = runner.get(self.graph.native, variable.node)
            elif isinstance(first, Tensor):
                value = self._run([first], {})[first]
            else:
                value = first
            kind = np.float64 if variable.wide else np.float32
            self._values[variable] = np.array(value, dtype=kind, order="C")
        self._updates.clear()


def _checked_feeds(feed_dict) -> dict:
    feeds = {}
    for tensor, value in feed_dict.items():
        if not isinstance(tensor, Placeholder):
            raise TypeError(f"Cannot interpret feed_dict key as a placeholder: {tensor!r}")
        if isinstance(value, Tensor):
            raise TypeError(f"The value of a feed cannot be a tensor, but {value.name} is fed to {tensor.name}.")
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            raise ValueError(f"Cannot feed {value!r} to {tensor.name}: it holds something other than numbers.")
        if tensor.dtype.is_integer and array.dtype.kind == "f" and not (array == np.floor(array)).all():
            raise TypeError(f"Cannot feed {value!r} to {tensor.name}, which holds {tensor.dtype.name}.")
        array = np.asarray(array, dtype=tensor.dtype.as_numpy_dtype)
        tensor.check(array)
        feeds[tensor] = array
    return feeds


def _collect(fetches, into: list) -> None:
    if isinstance(fetches, (Tensor, Operation)):
        if fetches not in into:
            into.append(fetches)
    elif isinstance(fetches, (list, tuple)):
        for fetch in fetches:
            _collect(fetch, into)
    elif isinstance(fetches, dict):
        for fetch in fetches.values():
            _collect(fetch, into)
    else:
        raise TypeError(f"Fetch argument {fetches!r} has invalid type {type(fetches).__name__}, must be a tensor or operation.")


def _arranged(fetches, results: dict):
    if isinstance(fetches, (Tensor, Operation)):
        return results.get(fetches)
    if isinstance(fetches, dict):
        return {key: _arranged(fetch, results) for key, fetch in fetches.items()}
    arranged = [_arranged(fetch, results) for fetch in fetches]
    return tuple(arranged) if isinstance(fetches, tuple) else arranged
