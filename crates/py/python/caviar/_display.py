"""How fitted estimators show themselves in a notebook: scikit-learn's diagram, curves, a leaderboard."""

from __future__ import annotations

import base64
from html import escape

from caviar import _caviar

ROWS = 8


class Displayed:
    """Adds what was learned to scikit-learn's diagram."""

    def _learned(self):
        """Pieces of HTML."""
        raise NotImplementedError

    def _html_repr(self) -> str:
        from sklearn.base import BaseEstimator

        diagram = BaseEstimator._html_repr(self)
        return diagram if not hasattr(self, "n_iter_") else f"{diagram}<div>{''.join(self._learned())}</div>"


def picture(title: str, labels: tuple[str, str], lines: list, *, log_y: bool = False) -> str:
    """A chart as an image that keeps its styles to itself; nothing where there is nothing to draw."""
    try:
        svg = _caviar.line_chart(title, labels, lines, log_y)
    except ValueError:
        return ""
    code = base64.b64encode(svg.encode()).decode()
    return f'<img alt="{escape(title)}" style="max-width:100%" src="data:image/svg+xml;base64,{code}">'


def curves(trials: list[dict], best: int | None) -> list:
    """The losses of the trials over their epochs, the best one in color."""
    lines = []
    for trial in sorted(trials, key=lambda trial: trial["trial"] == best):
        points = [(float(p["epoch"] + 1), (p["validation"] or {}).get("loss") or p["train_loss"]) for p in trial["curve"]]
        points = [(epoch, float(loss)) for epoch, loss in points if loss is not None]
        if points:
            is_best = trial["trial"] == best
            lines.append((f"trial {best}" if is_best else "", "line" if is_best else "faint", points))
    return lines


def table(heads: list[str], rows: list[list]) -> str:
    """A table."""
    head = "".join(f"<th>{escape(str(cell))}</th>" for cell in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(_cell(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def board(trials: list[dict], metric: str) -> str:
    """The best trials."""
    names = [name for name in trials[0]["params"]] if trials else []
    rows = [
        [trial["trial"], trial["score"], trial["epochs"], *[trial["params"].get(name, "") for name in names]]
        for trial in trials[:ROWS]
    ]
    return table(["trial", metric, "epochs", *names], rows)


def _cell(cell) -> str:
    return f"{cell:.4g}" if isinstance(cell, float) else "" if cell is None else str(cell)
