"""A bar of progress, in a terminal and in a notebook."""

from __future__ import annotations

import sys
import time

WIDTH = 24


class Bar:
    """Shows how far a search is.

    A terminal's line is written over, a notebook's cell is replaced; elsewhere a line is written now and then.
    """

    def __init__(self, stream=None):
        self.stream = stream or sys.stderr
        self.start = time.monotonic()
        self.trials: int | None = None
        self.seconds: float | None = None
        self.done = 0
        self.best: float | None = None
        self.metric = "loss"
        self.shown = -1.0
        self.handle = None
        self.notebook = _in_notebook()

    def begin(self, trials: int | None, seconds: float | None, metric: str) -> None:
        """What is to be done, as far as that is known."""
        self.trials, self.seconds, self.metric = trials, seconds, metric
        self.show()

    def trial(self, score: float | None) -> None:
        """One trial more has ended."""
        self.done += 1
        lower = self.metric in ("loss", "rmse", "mae")
        if score is not None and (self.best is None or (score < self.best) == lower):
            self.best = score
        self.show()

    def share(self) -> float | None:
        """How much is done, from 0 to 1."""
        parts = []
        if self.trials:
            parts.append(self.done / self.trials)
        if self.seconds:
            parts.append((time.monotonic() - self.start) / self.seconds)
        return min(max(parts), 1.0) if parts else None

    def text(self) -> str:
        """The line."""
        share, passed = self.share(), time.monotonic() - self.start
        full = round(WIDTH * share) if share is not None else 0
        bar = "" if share is None else f"[{'=' * full}{' ' * (WIDTH - full)}] "
        count = f"{min(self.done, self.trials)}/{self.trials}" if self.trials else str(self.done)
        best = "" if self.best is None else f", best {self.metric} {self.best:.5g}"
        return f"{bar}{count} trials{best}, {passed:.0f} s"

    def show(self, last: bool = False) -> None:
        """Shows the line, at most ten times a second."""
        now = time.monotonic()
        pause = 0.1 if self.notebook or self.stream.isatty() else 10.0
        if not last and now - self.shown < pause:
            return
        self.shown = now
        if self.notebook:
            self._show_in_notebook()
        elif self.stream.isatty():
            self.stream.write(f"\r\x1b[2K{self.text()}" + ("\n" if last else ""))
        else:
            self.stream.write(self.text() + "\n")
        self.stream.flush()

    def _show_in_notebook(self) -> None:
        from IPython.display import HTML, display

        share = self.share()
        value = "" if share is None else f' value="{share:.3f}"'
        html = HTML(f"<progress{value}></progress> {self.text().split('] ')[-1]}")
        if self.handle is None:
            self.handle = display(html, display_id=True)
        else:
            self.handle.update(html)


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and type(shell).__name__ == "ZMQInteractiveShell"
