"""Data frames of pandas and polars as named columns of numbers or words."""

from __future__ import annotations

import sys

import numpy as np


def is_frame(X) -> bool:
    """Whether ``X`` is a data frame."""
    return _is_pandas(X) or _is_polars(X)


def _is_pandas(X) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(X, pandas.DataFrame)


def _is_polars(X) -> bool:
    polars = sys.modules.get("polars")
    return polars is not None and isinstance(X, polars.DataFrame)


def names(X) -> list[str]:
    """The names of the columns; numbers are names as well."""
    return [str(name) for name in X.columns]


def needs_encoding(X) -> bool:
    """Whether a frame has anything but numbers: words, dates, missing values."""
    for _, column in _columns(X):
        if _kind(column) == "words":
            return True
        if bool(column.is_null().any() if _is_series_of_polars(column) else column.isna().any()):
            return True
    return False


def columns(X, kinds: dict[str, str] | None = None) -> list:
    """Every column as ``(name, numbers or words)``; only those in ``kinds``, and of these kinds, where it is given."""
    found = []
    for name, column in _columns(X):
        if kinds is not None and name not in kinds:
            continue
        kind = kinds[name] if kinds is not None else _kind(column)
        found.append((name, _numbers(name, column) if kind == "numbers" else _words(column)))
    return found


def _columns(X):
    return ((str(name), X[name] if _is_polars(X) else X.iloc[:, at]) for at, name in enumerate(X.columns))


def _is_series_of_polars(column) -> bool:
    return type(column).__module__.startswith("polars")


def _kind(column) -> str:
    if _is_series_of_polars(column):
        return "numbers" if column.dtype.is_numeric() or str(column.dtype) in ("Boolean", "Null") else "words"
    from pandas.api import types

    if types.is_bool_dtype(column.dtype) or types.is_numeric_dtype(column.dtype):
        return "numbers"
    if column.dtype == object:
        numeric = ("integer", "floating", "mixed-integer-float", "decimal", "boolean", "empty")
        return "numbers" if types.infer_dtype(column, skipna=True) in numeric else "words"
    return "words"


def _numbers(name, column):
    try:
        if _is_series_of_polars(column):
            import polars

            return column.cast(polars.Float64).to_numpy().astype(np.float64)
        return column.astype(object).where(column.notna(), np.nan).to_numpy(dtype=np.float64) if _is_loose(
            column
        ) else column.to_numpy(dtype=np.float64, na_value=np.nan)
    except Exception as error:
        raise ValueError(f"X, column {name!r}: it holds something other than numbers ({error}).") from error


def _is_loose(column) -> bool:
    return column.dtype == object or str(column.dtype) == "category"


def _words(column) -> list:
    if _is_series_of_polars(column):
        import polars

        if column.dtype in (polars.Date, polars.Datetime):
            return column.dt.strftime("%Y-%m-%dT%H:%M:%S").to_list()
        return [None if cell is None else str(cell) for cell in column.to_list()]
    from pandas.api import types

    if types.is_datetime64_any_dtype(column.dtype):
        column = column.dt.strftime("%Y-%m-%dT%H:%M:%S")
    present = column.notna().to_numpy()
    return [str(cell) if there else None for cell, there in zip(column.tolist(), present)]
