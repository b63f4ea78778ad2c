"""Who is told of the epochs: the terminal, a person's callback, scikit-learn's callbacks."""

from __future__ import annotations

import json
import math
import threading
from copy import copy
from dataclasses import dataclass, field

from caviar import _caviar
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


class Reins:
    """What is asked of a training; from any thread."""

    def __init__(self, copy):
        self.lock = threading.Lock()
        self.changes: dict = {}
        self.going = threading.Event()
        self.going.set()
        self.copy = copy

    def ask(self, changes: dict) -> None:
        """Has it done before the next step after an epoch."""
        with self.lock:
            self.changes.update(changes)

    def asked(self) -> dict:
        """What is to be done now, once nobody wants it to wait."""
        while not self.going.wait(0.05):
            pass
        with self.lock:
            changes, self.changes = self.changes, {}
        return changes


@dataclass
class Epoch:
    """An epoch that is over, as a callback is told of it.

    What it is asked is done before the next step; asked later, from another thread, at the end of an epoch.

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

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from caviar import MLPClassifier
    >>> copies = []
    >>> def watch(epoch):
    ...     if epoch.epoch == 5:
    ...         copies.append(epoch.fork())
    ...         epoch.set(learning_rate=0.01)
    ...     if epoch.epoch == 9:
    ...         epoch.stop()
    >>> model = MLPClassifier(callback=watch, random_state=0).fit(*load_iris(return_X_y=True))
    >>> model.n_iter_, copies[0].n_iter_
    (10, 6)
    """

    epoch: int
    loss: float
    learning_rate: float
    steps: int
    validation: dict[str, float]
    reins: Reins = field(repr=False, compare=False)

    def set(self, **changes) -> None:
        """Change hyperparameters from the next step on: ``learning_rate``, ``dropout``, ``batch_size``, ..."""
        self.reins.ask(changes)

    def pause(self) -> None:
        """Let the training wait at the end of this epoch until :meth:`proceed` is called from another thread."""
        self.reins.going.clear()

    def proceed(self) -> None:
        """Let the training go on after a pause."""
        self.reins.going.set()

    def stop(self) -> None:
        """End the training here."""
        self.reins.ask({"stop": True})
        self.reins.going.set()

    def fork(self):
        """A copy of the estimator with the network as it is now, which can go its own way by ``partial_fit``.

        Returns
        -------
        copy : estimator
            It is fitted once the callback is over.
        """
        copy, keep = self.reins.copy()
        with self.reins.lock:
            self.reins.changes.setdefault("fork", []).append(keep)
        return copy


class Watch:
    """Tells whoever wants to know of the epochs of one fit."""

    def __init__(self, estimator, epochs: int, kept):
        self.estimator = estimator
        self.epochs = epochs
        self.context = None
        self.kept = kept
        self.reins = Reins(self.copy)

    def __enter__(self):
        if getattr(self.estimator, "_skl_callbacks", None) or hasattr(self.estimator, "_parent_callback_ctx"):
            context = self.estimator._init_callback_context(max_subtasks=self.epochs)
            self.context = context
            context.call_on_fit_task_begin(estimator=self.estimator)
        return self

    def __exit__(self, kind, error, trace):
        if self.context is not None and kind is None:
            self.context.call_on_fit_task_end(estimator=self.estimator)

    def copy(self):
        """A copy of the estimator, and what makes it a fitted one."""
        other = copy(self.estimator)
        other.callback = None
        return other, lambda network: self.kept(other, network)

    def told(self):
        """The function that the engine calls, if anybody wants to be told."""
        wanted = self.estimator.callback is not None or self.estimator.verbose or self.context is not None
        return self.tell if wanted else None

    def tell(self, facts: dict):
        """Passes an epoch on, and the answers back."""
        epoch = Epoch(**facts, reins=self.reins)
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
        return self.reins.asked() or None


class Event(dict):
    """What a search tells its callback: a dict with ``event`` (``started``, ``epoch``, ``trial``, ``steered``, ...) and what
    belongs to it; the trial that it is about can be steered, and the search ended."""

    def __init__(self, facts: dict, progress: Progress):
        super().__init__(facts)
        self._progress = progress

    @property
    def trial(self) -> Running:
        """The trial that it is about."""
        if "trial" not in self:
            raise AttributeError(f"the event {self.get('event')!r} is about no trial")
        return Running(self["trial"], self._progress)

    def stop(self) -> None:
        """End the search, and keep the best so far."""
        self._progress.stopping = True


@dataclass(frozen=True)
class Running:
    """A trial of a search while it runs.

    What it is asked is done before its next step, and told as an event ``steered``; so late that it has ended, never. Where
    the table is small, the trial is several networks, one for each fold: it is done to all of them before their next epoch,
    and again at the same epoch by all that trains the trial afterwards.
    """

    number: int
    progress: Progress = field(repr=False, compare=False)

    def set(self, **changes) -> None:
        """Change hyperparameters: ``learning_rate``, ``dropout``, ``l2``, ``batch_size``, ``beta``, ``epochs``, ..."""
        self.progress.steer(self.number, "set", changes)

    def pause(self) -> None:
        """Let it wait; the thread that trains it waits with it."""
        self.progress.steer(self.number, "pause")

    def proceed(self) -> None:
        """Let it go on after a pause."""
        self.progress.steer(self.number, "continue")

    def stop(self) -> None:
        """End it here, with its best epoch so far."""
        self.progress.steer(self.number, "stop")

    def undo(self) -> None:
        """Take its last change back: it goes on from where it was before."""
        self.progress.steer(self.number, "undo")

    def fork(self, **changes) -> None:
        """Let another trial go on from here with these changes; the search must keep a study."""
        self.progress.steer(self.number, "fork", changes)


class Progress:
    """Tells whoever wants to know of a search."""

    def __init__(self, estimator):
        self.estimator = estimator
        self.context = None
        self.bar = Bar() if estimator.verbose else None
        self.reins = _caviar.Reins()
        self.stopping = False

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
        event = Event(json.loads(text), self)
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
        return stop or self.stopping

    def steer(self, trial: int, what: str, changes: dict | None = None) -> None:
        """Asks something of a trial, through the study's file where there is one, so that it is written down."""
        study = self.estimator.study
        if study is None and what == "fork":
            raise _caviar.SettingError(f"trial {trial} cannot be forked: only a search with `study` keeps where it begins")
        if study is None:
            self.reins.steer(trial, what, changes)
        else:
            _caviar.steer(str(study), trial, what, changes, begun=True)
