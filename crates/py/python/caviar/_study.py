"""Studies: the files that searches keep, looked at, steered and gone on with; and searches of one's own."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from caviar import _caviar
from caviar._trial import Trial

# Of threads that ask for the first time one opens the file.
_OPENING = threading.Lock()


class Study:
    """A study that a search of Python or of the program keeps: its trials, the best one, what mattered.

    A study can be looked at while a search writes it, and its trials be steered from any process. :meth:`create` makes a
    study of anything else: :meth:`ask` gives configurations out, :meth:`tell` takes what they are worth.

    Parameters
    ----------
    path : str or Path
        The file, or the folder that holds it as ``study.db``.

    Attributes
    ----------
    state : str
        ``running``, ``stopped``, ``finished`` or ``failed``.
    metric : str
        What is chosen by; ``score`` where it is the caller's own.
    maximize : bool
        Whether the largest is the best.
    trials : list of dict
        All trials by number, with params, score, curve and all their settings.
    best : dict or None
        The best trial.
    importance : dict
        How much each setting mattered.
    seconds : float
        How long was worked on it.

    Examples
    --------
    >>> import os, tempfile
    >>> from sklearn.datasets import load_iris
    >>> from caviar import Study, TunedClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> path = os.path.join(tempfile.mkdtemp(), "study.db")
    >>> model = TunedClassifier(trials=4, epochs=5, random_state=0, study=path).fit(X, y)
    >>> study = Study(path)
    >>> study.state, len(study.trials), study.best["trial"] == study.leaderboard()[0]["trial"]
    ('finished', 4, True)

    A search of one's own:

    >>> path = os.path.join(tempfile.mkdtemp(), "own.db")
    >>> space = {"x": {"scale": "linear", "low": -3.0, "high": 3.0}, "shape": ["flat", "steep"]}
    >>> with Study.create(path, space, trials=30, random_state=0) as study:
    ...     while trial := study.ask():
    ...         study.tell(trial, trial.params["x"] ** 2 * (9 if trial.params["shape"] == "steep" else 1))
    >>> study.state, len(study.trials), bool(study.best["score"] < 0.5)
    ('finished', 30, True)
    """

    def __init__(self, path):
        self.path = Path(path)
        self._asked: _caviar.Asked | None = None
        self._words: dict = {}
        self._given: dict[int, Trial] = {}
        self.reload()

    @classmethod
    def create(
        cls, path, space, *, goal="minimize", trials=64, epochs=1, method="zoom", random_state=None
    ) -> Study:
        """A new study of whatever the caller measures.

        Parameters
        ----------
        path : str or Path
            The file, which must not be there; the program's ``caviar show`` reads it, and so does Optuna.
        space : dict
            For each name a list of values, a distribution of scipy or Optuna, or
            ``{"scale": "log", "low": 1e-4, "high": 1e-1}``.
        goal : {"minimize", "maximize"}, default="minimize"
            Which values are good.
        trials : int, default=64
            Configurations, at most.
        epochs : int, default=1
            Of a whole trial. With more than 1, trials are thinned out: each is asked for up to a 27th, a ninth or a third of
            its epochs first, and the better ones again.
        method : {"zoom", "random", "sobol", "grid"}, default="zoom"
            How configurations are found.
        random_state : int, RandomState instance or None, default=None
            Of everything that is drawn.

        Returns
        -------
        study : Study
            Ready to be asked. It holds its file until it is closed, as a context manager does at its end.
        """
        from caviar import _parameters, _space

        if goal not in ("minimize", "maximize"):
            raise _caviar.SettingError(f"goal {goal!r}: must be minimize or maximize")
        text = _space.as_json(space, name=str)
        if text is None:
            raise _caviar.SettingError("space: a dict of names and what they may be is needed")
        plan = {
            "space": json.loads(text),
            "maximize": goal == "maximize",
            "trials": int(trials),
            "epochs": int(epochs),
            "method": method,
            "seed": _parameters.seed(random_state),
            "notes": _space.words(space),
        }
        asked = _caviar.Asked.create(str(path), json.dumps(plan))
        study = cls(path)
        study._asked, study._words = asked, plan["notes"]
        return study

    def ask(self, wait: bool = True) -> Trial | None:
        """What to try next; several threads may ask, and tell, one study.

        A study that was closed, or whose process was killed, goes on here: trials that were given out and never told are
        given out again.

        Parameters
        ----------
        wait : bool, default=True
            Where what comes next depends on trials that were given out and not told yet, wait until another thread tells
            one. Who asks and tells in one thread never waits, as long as each trial is told before the next is asked for.

        Returns
        -------
        trial : Trial or None
            Nothing where all is done.

        Raises
        ------
        RuntimeError
            Where it would have to wait and ``wait`` is false; where the study is closed meanwhile.
        """
        text = self._asking().ask(bool(wait))
        if text is None:
            self.reload()
            return None
        order = json.loads(text)
        number = order["trial"]
        if number not in self._given:
            params = {name: self._word(name, value) for name, value in order["params"].items()}
            self._given[number] = Trial(self, number, params, order["seed"])
        trial = self._given[number]
        trial.begin, trial.end, trial._stop = order["from_epoch"], order["to_epoch"], False
        return trial

    def tell(self, trial: Trial | int, value: float | None = None, *, failed: bool = False) -> None:
        """Tell what a trial is worth.

        Parameters
        ----------
        trial : Trial or int
            One that was given out, or its number.
        value : float, default=None
            The best that was reported of it, where it is not given. One that is not finite makes it a trial that diverged.
        failed : bool, default=False
            That there is no value.
        """
        number = trial.number if isinstance(trial, Trial) else int(trial)
        if failed:
            self._asking().fail(number)
        else:
            self._asking().tell(number, None if value is None else float(value))

    def close(self) -> None:
        """Leave a study that is asked, to go on another time; others need not be closed."""
        if self._asked is not None:
            self._asked.close()
            self._asked = None
            self.reload()

    def __enter__(self) -> Study:
        return self

    def __exit__(self, kind, error, trace) -> None:
        self.close()

    def _asking(self) -> _caviar.Asked:
        with _OPENING:
            if self._asked is None:
                asked = _caviar.Asked.open(str(self.path))
                self._words = json.loads(asked.plan)["notes"]
                self._asked = asked
            return self._asked

    def _report(self, number: int, epoch: int | None, value: float) -> bool:
        return self._asking().report(number, epoch, float(value))

    def _word(self, name: str, value):
        """A value as it was written in the space."""
        given = self._words.get(name, {}).get(str(value), value)
        return tuple(given) if isinstance(given, list) else given

    def set(self, trial: int, **changes) -> None:
        """Change hyperparameters of a trial that runs, in whatever process: ``learning_rate``, ``dropout``, ``l2``, ...

        It is done before the trial's next step, written down before, and done again when a killed search goes on.
        """
        _caviar.steer(str(self.path), trial, "set", changes)

    def pause(self, trial: int) -> None:
        """Let a trial wait."""
        _caviar.steer(str(self.path), trial, "pause", None)

    def proceed(self, trial: int) -> None:
        """Let a trial go on after a pause."""
        _caviar.steer(str(self.path), trial, "continue", None)

    def stop(self, trial: int) -> None:
        """End a trial here, with its best epoch so far."""
        _caviar.steer(str(self.path), trial, "stop", None)

    def undo(self, trial: int) -> None:
        """Take the last change of a trial back: it goes on from where it was before."""
        _caviar.steer(str(self.path), trial, "undo", None)

    def fork(self, trial: int, **changes) -> None:
        """Let another trial go on from where this one is, with these changes; it is among the trials, with its parent."""
        _caviar.steer(str(self.path), trial, "fork", changes)

    def resume(self, X, y, sample_weight=None, **changes):
        """Go on with a search that an estimator began, with the data that it was begun with.

        Parameters
        ----------
        X, y, sample_weight
            As they were given to ``fit``.
        **changes
            Parameters of the estimator that are to be others: ``time``, ``trials``, ``n_jobs``, ``callback``, ...

        Returns
        -------
        model : TunedClassifier or TunedRegressor
            As it would be had nobody stopped it.
        """
        import caviar

        if self._estimator is None:
            how = "ask goes on with it" if self.command == "ask" else f"caviar resume {self.path} goes on with it"
            raise _caviar.SettingError(f"{self.path} was not begun by an estimator; {how}")
        whole = json.loads(self._estimator)
        params = whole["params"]
        if isinstance(params.get("class_weight"), list):
            params["class_weight"] = dict(params["class_weight"])
        made = getattr(caviar, whole["class"])
        return made(**{**params, **changes, "study": str(self.path), "resume": True}).fit(X, y, sample_weight)

    def reload(self) -> Study:
        """Read the file anew."""
        whole = json.loads(_caviar.study(str(self.path)))
        self.state: str = whole["state"]
        self.metric: str = whole["metric"]
        self.maximize: bool = whole["maximize"]
        self.command: str = whole["command"]
        self.trials: list[dict] = whole["trials"]
        self.best: dict | None = whole["best"]
        self.importance: dict[str, float] = whole["importance"]
        self.seconds: float = whole["seconds"]
        self._order: list[int] = whole["order"]
        self._estimator: str | None = whole["estimator"]
        self._data: list[str] = whole["files"]
        return self

    def leaderboard(self) -> list[dict]:
        """The trials that have a score, the best first."""
        by_number = {trial["trial"]: trial for trial in self.trials}
        return [by_number[number] for number in self._order]

    def to_pandas(self):
        """A data frame with a row for each trial."""
        import pandas

        plain = ("trial", "state", "score", "epochs", "folds", "diverged")
        rows = [{**{name: trial[name] for name in plain}, **trial["params"]} for trial in self.trials]
        return pandas.DataFrame(rows)

    def compare(self, *others: Study) -> list[dict]:
        """The best of this study and of others side by side; they must be of the same data and metric."""
        for other in others:
            if other._data != self._data:
                raise ValueError(f"{other.path} is of other data than {self.path}")
            if other.metric != self.metric:
                raise ValueError(f"{other.path} chooses by {other.metric}, {self.path} by {self.metric}")
        studies = [self, *others]
        return [
            {"study": str(s.path), "trials": len(s.trials), "seconds": s.seconds, **(s.best or {})} for s in studies
        ]

    @staticmethod
    def list(folder=".") -> list[Study]:
        """All studies in a folder and below it, by path; what is no study is passed over."""
        found = []
        for path in sorted(Path(folder).rglob("*.db")):
            try:
                found.append(Study(path))
            except ValueError:
                continue
        return found

    def __repr__(self) -> str:
        best = "" if self.best is None else f", best {self.metric} {self.best['score']:.5g}"
        return f"<Study {str(self.path)!r}: {self.state}, {len(self.trials)} trials{best}>"

    def _repr_html_(self) -> str:
        from caviar import _display

        lines = _display.curves(self.trials, None if self.best is None else self.best["trial"])
        chart = _display.picture(f"{self.path.name}: {self.state}", ("epoch", "loss"), lines)
        return chart + _display.board(self.leaderboard(), self.metric)
