"""Spaces as people write them: lists, and distributions of scipy and Optuna, in the engine's words."""

from __future__ import annotations

import json

import numpy as np

# scikit-learn's names of what the engine calls otherwise.
NAMES = {
    "hidden_layer_sizes": "hidden",
    "solver": "optimizer",
    "learning_rate_init": "learning-rate",
    "momentum": "beta",
    "beta_1": "beta1",
    "beta_2": "beta2",
}


def setting(name: str) -> str:
    """The engine's name of a setting."""
    return NAMES.get(name, name.replace("_", "-"))


def value(given):
    """A value in the engine's words."""
    if isinstance(given, np.generic):
        given = given.item()
    if isinstance(given, bool):
        return "on" if given else "off"
    if isinstance(given, (list, tuple)):
        return ",".join(str(int(width)) for width in given) or "none"
    return "none" if given is None else given


def as_json(space: dict | None, name=None) -> str | None:
    """The space as the program's space files have it; ``name`` says what its names are called there."""
    if space is None:
        return None
    if not isinstance(space, dict):
        raise TypeError(f"space must be a dict of settings, not {type(space).__name__}")
    named = name or setting
    entries = {}
    for key, given in space.items():
        if key == "start":
            entries[key] = [{named(at): value(part) for at, part in point.items()} for point in given]
        else:
            entries[named(key)] = _entry(named(key), given)
    return json.dumps(entries)


def words(space: dict) -> dict:
    """For each name the choices that the space has other words for: switches, nothing, tuples."""
    found = {}
    for name, given in space.items():
        choices = getattr(given, "choices", given)
        if name != "start" and isinstance(choices, (list, tuple)):
            plain = [part.item() if isinstance(part, np.generic) else part for part in choices]
            other = {str(value(part)): part for part in plain if part is None or isinstance(part, (bool, list, tuple))}
            found.update({name: other} if other else {})
    return found


def _entry(name: str, given):
    if isinstance(given, dict):
        return {key: [value(v) for v in part] if isinstance(part, list) else value(part) for key, part in given.items()}
    if isinstance(given, (list, tuple, np.ndarray)) and not (name == "hidden" and _is_widths(given)):
        return [value(part) for part in given]
    home = type(given).__module__.split(".")[0]
    if home == "optuna":
        return _of_optuna(name, given)
    if home == "scipy":
        return _of_scipy(name, given)
    return value(given)


def _is_widths(given) -> bool:
    return isinstance(given, tuple) and all(isinstance(width, (int, np.integer)) for width in given)


def _of_optuna(name: str, given):
    kind = type(given).__name__
    if kind == "CategoricalDistribution":
        return [value(choice) for choice in given.choices]
    if kind not in ("FloatDistribution", "IntDistribution"):
        raise ValueError(f"space, {name}: {kind} is not understood; float, int and categorical distributions are")
    if given.step not in (None, 1):
        steps = np.arange(given.low, given.high + given.step / 2, given.step)
        return [value(step) for step in steps]
    if kind == "IntDistribution":
        return {"scale": "integer", "low": given.low, "high": given.high, "log": bool(given.log)}
    return {"scale": "log" if given.log else "linear", "low": given.low, "high": given.high}


def _of_scipy(name: str, given):
    kind = getattr(getattr(given, "dist", None), "name", type(given).__name__)
    if kind in ("loguniform", "reciprocal", "uniform"):
        low, high = (float(end) for end in given.support())
        return {"scale": "linear" if kind == "uniform" else "log", "low": low, "high": high}
    if kind == "randint":
        low, high = (int(end) for end in given.support())
        return {"scale": "integer", "low": low, "high": high}
    raise ValueError(f"space, {name}: the distribution {kind} is not understood; uniform, loguniform and randint are")
