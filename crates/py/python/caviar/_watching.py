"""Who is told of the epochs: the terminal, a person's callback, scikit-learn's callbacks."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field

from caviar._bar import Bar

try:
    from sklearn import callback as callbacks
except ImportError:  # scikit-learn before 1.9

    class callbacks:  # type: ignore[no-redef]  # noqa: N801 - stands for the module
        """What there is of the protocol where scikit-learn has none."""

        class CallbackSupportMixin:
            """Knows of no callbacks."""

        @staticmethod
        def with_callbacks(method):
            """The method as it is."""
            return method


@dataclass
class Epoch:
    """An epoch that is over, as a callback is told of it.

    Attributes
    ----------
    epoch : int
        From 0.
    loss : float
        As in ``loss_curve_``.
    learning_rate : float
        Of its last step.
    steps : int
        Updates so far.
    validation : dict of float
        The figures of the validation rows by name, where there are such rows.
    """

    epoch: int
    loss: float
    learning_rate: float
    steps: int
    validation: dict[str, float]
    changes: dict = field(default_factory=dict, repr=False)

    def set(self, **changes) -> None:
        """Change hyperparameters from the next step on: ``learning_rate``, ``dropout``, ``batch_size``, ..."""
        self.changes.update(changes)

    def stop(self) -> None:
        """End the training here."""
        self.changes["stop"] = True


class Watch:
    """Tells whoever wants to know of the epochs of one fit."""

    def __init__(self, estimator, epochs: int):
        self.estimator = estimator
        self.epochs = epochs
        self.context = None

    def __enter__(self):
        if getattr(self.estimator, "_skl_callbacks", None) or hasattr(self.estimator, "_parent_callback_ctx"):
            context = self.estimator._init_callback_context(max_subtasks=self.epochs)
            self.context = context
            context.call_on_fit_task_begin(estimator=self.estimator)
        return self

    def __exit__(self, kind, error, trace):
        if self.context is not None and kind is None:
            self.context.call_on_fit_task_end(estimator=self.estimator)

    def told(self):
        """The function that the engine calls, if anybody wants to be told."""
        wanted = self.estimator.callback is not None or self.estimator.verbose or self.context is not None
        return self.tell if wanted else None

    def tell(self, facts: dict):
        """Passes an epoch on, and the answers back."""
        epoch = Epoch(**facts)
        if self.estimator.verbose:
            print(f"Iteration {epoch.epoch + 1}, loss = {epoch.loss:.8f}")
            for name, value in epoch.validation.items():
                if not math.isnan(value):
                    print(f"Validation {name}: {value:f}")
        if self.estimator.callback is not None:
            self.estimator.callback(epoch)
        if self.context is not None:
            task = self.context.subcontext(task_name="epoch")
            task.call_on_fit_task_begin(estimator=self.estimator)
            if task.call_on_fit_task_end(estimator=self.estimator):
                epoch.stop()
        return epoch.changes or None


class Progress:
    """Tells whoever wants to know of a search."""

    def __init__(self, estimator):
        self.estimator = estimator
        self.context = None
        self.bar = Bar() if estimator.verbose else None

    def __enter__(self):
        if getattr(self.estimator, "_skl_callbacks", None) or hasattr(self.estimator, "_parent_callback_ctx"):
            self.context = self.estimator._init_callback_context(max_subtasks=None)
            self.context.call_on_fit_task_begin(estimator=self.estimator)
        return self

    def __exit__(self, kind, error, trace):
        if self.context is not None and kind is None:
            self.context.call_on_fit_task_end(estimator=self.estimator)
        if self.bar is not None:
            self.bar.show(last=True)

    def told(self):
        """The function that the engine calls, if anybody wants to be told."""
        wanted = self.estimator.callback is not None or self.estimator.verbose or self.context is not None
        return self.tell if wanted else None

    def tell(self, text: str) -> bool:
        """Passes an event on; whether the search is to end."""
        event = json.loads(text)
        stop = False
        if self.bar is not None and event["event"] == "started":
            self.bar.begin(event["trials"], self.estimator.time, self.estimator.metric)
        if self.bar is not None and event["event"] == "trial":
            self.bar.trial(event["score"])
        if self.estimator.callback is not None:
            stop = bool(self.estimator.callback(event))
        if self.context is not None and event["event"] == "trial":
            task = self.context.subcontext(task_name="trial")
            task.call_on_fit_task_begin(estimator=self.estimator)
            stop = bool(task.call_on_fit_task_end(estimator=self.estimator)) or stop
        return stop
