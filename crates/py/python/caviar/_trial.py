"""A trial that a study has given out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from caviar._study import Study


class Trial:
    """A configuration to be tried, as :meth:`Study.ask` gives it out.

    A trial that goes on from one rung to the next is the same object again, so that what is put on it (a model that is half
    trained) is there the next time.

    Attributes
    ----------
    number : int
        From 0.
    params : dict
        The configuration.
    seed : int
        For what is drawn in it.
    begin : int
        Epochs that were done before.
    end : int
        Epochs that it is to have when it is told.
    """

    number: int
    params: dict[str, Any]
    seed: int
    begin: int
    end: int

    def __init__(self, study: Study, number: int, params: dict, seed: int):
        self._study = study
        self.number, self.params, self.seed = number, params, seed
        self._stop = False

    def report(self, value: float, epoch: int | None = None) -> None:
        """Tell how good it is after an epoch.

        Parameters
        ----------
        value : float
            What the study goes by.
        epoch : int, default=None
            From 0; the next one where it is not given. Of epochs that are known, as when a trial is trained anew from its
            start, nothing is taken.
        """
        self._stop = self._study._report(self.number, epoch, value)

    def should_stop(self) -> bool:
        """Whether it has come to where it is told: others are tried before it goes on, if it does."""
        return self._stop

    def __repr__(self) -> str:
        return f"<Trial {self.number}: {self.params}, epochs {self.begin} to {self.end}>"
