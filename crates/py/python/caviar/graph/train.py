"""Optimizers: each makes an operation that is one update."""

from __future__ import annotations

from caviar.graph._operations import reduce_sum
from caviar.graph._tensor import Operation, Tensor

__all__ = ["AdamOptimizer", "GradientDescentOptimizer", "MomentumOptimizer", "Optimizer", "RMSPropOptimizer"]


class Minimize(Operation):
    """One update of some variables."""

    def __init__(self, rule, settings, loss: Tensor, variables, name):
        super().__init__(name, loss.graph)
        self.inputs = [loss, *variables]
        self.variables = variables
        self.wide = loss.wide
        self.order = loss.graph.order()

        def build(graph, loss, *nodes):
            return graph.minimize(loss, list(nodes), rule, settings)

        self.build = build
        known = all(tensor.node is not None for tensor in self.inputs)
        self.node = build(loss.graph.native, *[tensor.node for tensor in self.inputs]) if known else None


class Optimizer:
    """A rule with its settings."""

    def __init__(self, rule: str, name: str, **settings):
        self.rule, self.name = rule, name
        for setting, value in settings.items():
            if isinstance(value, Tensor):
                raise TypeError(f"{setting}: must be a number, not the tensor {value.name}")
        self.settings = [(setting, float(value)) for setting, value in settings.items()]

    def minimize(self, loss: Tensor, global_step=None, var_list=None, name=None) -> Operation:
        """One update against the gradient of ``loss``, of ``var_list`` or all variables it depends on."""
        if not isinstance(loss, Tensor):
            raise TypeError(f"loss must be a tensor, not {loss!r}")
        if global_step is not None:
            raise ValueError("global_step: steps are not counted in a variable here")
        if not loss.dtype.is_floating:
            raise ValueError(f"loss must be of real numbers, {loss.name} is {loss.dtype.name}")
        if loss.shape is None or loss.shape != ():
            loss = reduce_sum(loss)
        variables = var_list if var_list is not None else [v for v in ancestors([loss]) if getattr(v, "trainable", False)]
        if not variables:
            raise ValueError(f"No variables to optimize: {loss.name} depends on none that is trainable.")
        return Minimize(self.rule, self.settings, loss, list(variables), name or self.name)


def ancestors(tensors) -> list:
    """Everything that these depend on, themselves among it, in the order of definition."""
    found, todo = set(), list(tensors)
    while todo:
        tensor = todo.pop()
        if tensor not in found:
            found.add(tensor)
            todo.extend(tensor.inputs)
    return sorted(found, key=lambda tensor: tensor.order)


class GradientDescentOptimizer(Optimizer):
    """``w -= learning_rate * g``."""

    def __init__(self, learning_rate, use_locking=False, name="GradientDescent"):
        super().__init__("gd", name, learning_rate=learning_rate)


class MomentumOptimizer(Optimizer):
    """``v = momentum * v + g``, ``w -= learning_rate * v``; with Nesterov's look ahead where that is asked for."""

    def __init__(self, learning_rate, momentum, use_locking=False, name="Momentum", use_nesterov=False):
        rule = "nesterov" if use_nesterov else "momentum-accumulating"
        super().__init__(rule, name, learning_rate=learning_rate, beta=momentum)


class RMSPropOptimizer(Optimizer):
    """``s = decay * s + (1 - decay) * g²``, ``w -= learning_rate * g / (√s + epsilon)``."""

    def __init__(self, learning_rate, decay=0.9, momentum=0.0, epsilon=1e-10, use_locking=False, name="RMSProp"):
        if momentum != 0:
            raise ValueError(f"momentum = {momentum}: RMSProp has none here")
        super().__init__("rmsprop", name, learning_rate=learning_rate, beta=decay, epsilon=epsilon)


class AdamOptimizer(Optimizer):
    """Adam, as Kingma and Ba have it in their Algorithm 1."""

    def __init__(self, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, use_locking=False, name="Adam"):
        super().__init__("adam", name, learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon)
