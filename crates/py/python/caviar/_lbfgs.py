"""L-BFGS: scipy's method on the engine's loss and gradient."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from caviar import _caviar


def train(estimator, settings: dict, part: dict, before):
    """Trains on all rows at once, in double precision."""
    for name in ("dropout", "batch_norm"):
        if getattr(estimator, name):
            raise ValueError(f"{name} needs a stochastic solver, lbfgs is not one")
    objective = _caviar.Objective(settings, part)
    start = objective.first()
    if before is not None:
        start = np.concatenate([array.ravel() for array in before.arrays().values()]).astype(np.float64)
    losses: list[float] = []
    newest = {"weights": start}

    def note(intermediate_result):
        newest["weights"] = intermediate_result.x.copy()
        losses.append(float(intermediate_result.fun))

    options = {"maxfun": estimator.max_fun, "maxiter": estimator.max_iter, "gtol": estimator.tol}
    try:
        found = minimize(objective.value, start, method="L-BFGS-B", jac=True, callback=note, options=options)
    except KeyboardInterrupt:
        return objective.network(newest["weights"], losses, "interrupted")
    if not np.isfinite(found.x).all() or not np.isfinite(found.fun):
        raise _caviar.DivergedError("lbfgs: the loss is not finite; scaled features help")
    losses = losses or [float(found.fun)]
    return objective.network(found.x, losses, "exhausted" if found.status == 1 else "converged")
