"""Studies: the files that searches keep, looked at."""

from __future__ import annotations

import json
from pathlib import Path

from caviar import _caviar


class Study:
    """A study that a search of Python or of the program keeps: its trials, the best one, what mattered.

    A study can be looked at while a search writes it.

    Parameters
    ----------
    path : str or Path
        The file, or the folder that holds it as ``study.db``.

    Attributes
    ----------
    state : str
        ``running``, ``stopped``, ``finished`` or ``failed``.
    metric : str
        What is chosen by.
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
    """

    def __init__(self, path):
        self.path = Path(path)
        self.reload()

    def reload(self) -> Study:
        """Read the file anew."""
        whole = json.loads(_caviar.study(str(self.path)))
        self.state: str = whole["state"]
        self.metric: str = whole["metric"]
        self.command: str = whole["command"]
        self.trials: list[dict] = whole["trials"]
        self.best: dict | None = whole["best"]
        self.importance: dict[str, float] = whole["importance"]
        self.seconds: float = whole["seconds"]
        self._order: list[int] = whole["order"]
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
