"""Types of elements, with the names that the notes use."""

from __future__ import annotations

import numpy as np


class DType:
    """A type of elements."""

    def __init__(self, name: str, kind: str):
        self.name = name
        self.kind = kind
        self.as_numpy_dtype = np.dtype(name).type

    @property
    def is_floating(self) -> bool:
        """Whether it is one of real numbers."""
        return self.kind == "real"

    @property
    def is_integer(self) -> bool:
        """Whether it is one of integers."""
        return self.kind == "integer"

    def __eq__(self, other) -> bool:
        try:
            return self.name == as_dtype(other).name
        except TypeError:
            return NotImplemented

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"tf.{self.name}"


float32 = DType("float32", "real")
float64 = DType("float64", "real")
int32 = DType("int32", "integer")
int64 = DType("int64", "integer")
bool_ = DType("bool", "boolean")
_BY_NAME = {
    **{dtype.name: dtype for dtype in (float32, float64, int32, int64, bool_)},
    "float": float32,
    "double": float64,
    "int": int32,
    "half": float32,
}


def as_dtype(given) -> DType:
    """The type that is meant by a type, its name, or numpy's."""
    if isinstance(given, DType):
        return given
    if given is float:
        return float32
    if given is int:
        return int32
    if given is bool:
        return bool_
    name = given if isinstance(given, str) else None
    try:
        return _BY_NAME[name] if name in _BY_NAME else _BY_NAME[np.dtype(given).name]
    except (TypeError, KeyError):
        known = ", ".join(sorted(_BY_NAME))
        raise TypeError(f"dtype {given!r} is unknown, there are {known}") from None


def array_of(value, dtype: DType | None = None) -> tuple[np.ndarray, DType]:
    """A value as an array: Python's numbers become float32 and int32, arrays of numpy keep their type."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"a tensor holds numbers or truth values, not {array.dtype.name}: {value!r}")
    if dtype is None:
        plain = not isinstance(value, (np.ndarray, np.generic)) and not _holds_arrays(value)
        usual = {"f": float32 if plain else float64, "b": bool_}.get(array.dtype.kind, int32 if plain else int64)
        known = {np.dtype("float32"): float32, np.dtype("float16"): float32, np.dtype("int32"): int32}
        dtype = known.get(array.dtype, usual)
    if dtype.is_integer and array.dtype.kind == "f" and not (array == np.floor(array)).all():
        raise TypeError(f"expected {dtype.name}, got {value!r} of type {array.dtype.name}")
    return array.astype(dtype.as_numpy_dtype), dtype


def _holds_arrays(value) -> bool:
    return isinstance(value, (list, tuple)) and any(
        isinstance(part, (np.ndarray, np.generic)) or _holds_arrays(part) for part in value
    )


def native(array: np.ndarray) -> np.ndarray:
    """The array in one of the types that the engine takes."""
    return np.ascontiguousarray(array.astype(np.int64) if array.dtype.kind in "iu" else array).reshape(array.shape)
