"""Data frames of pandas and polars, with words, dates and missing values."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest

from caviar import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
ROWS = 240


def columns():
    rng = np.random.default_rng(5)
    size = rng.normal(50, 20, ROWS)
    size[::7] = np.nan
    color = rng.choice(["red", "green", "blue"], ROWS).astype(object)
    color[::11] = None
    day = pd.date_range("2020-01-01", periods=ROWS, freq="D")
    y = (np.nan_to_num(size, nan=60) > 50) ^ (color == "red")
    return {"size": size, "color": color, "day": day, "old": rng.random(ROWS) > 0.5}, y


def pandas_frame():
    cells, y = columns()
    return pd.DataFrame(cells), np.where(y, "yes", "no")


def polars_frame():
    cells, y = columns()
    size = [None if np.isnan(value) else value for value in cells["size"]]
    frame = pl.DataFrame({**cells, "size": size, "color": cells["color"].tolist(), "day": cells["day"].to_list()})
    return frame, pl.Series(np.where(y, "yes", "no"))


def net(**given):
    return MLPClassifier(**{"hidden_layer_sizes": (24,), "max_iter": 150, "random_state": 0, **given})


def test_words_dates_and_missing_values_are_learned_from():
    X, y = pandas_frame()
    model = net(learning_rate_init=0.01).fit(X, y)
    assert model.score(X, y) > 0.95
    assert list(model.feature_names_in_) == ["size", "color", "day", "old"] and model.n_features_in_ == 4
    assert {"size is missing", "color = red", "old"} <= set(model.encoded_names_)
    assert model.coefs_[0].shape == (len(model.encoded_names_), 24)


def test_polars_is_learned_from_like_pandas():
    (X, y), (other, answers) = pandas_frame(), polars_frame()
    first, second = net().fit(X, y), net().fit(other, answers)
    assert (first.predict_proba(X) == second.predict_proba(other)).all()
    assert (first.predict(other) == second.predict(X)).all()


def test_kinds_of_columns_are_understood():
    X, y = pandas_frame()
    expected = net(max_iter=5).fit(X, y).predict_proba(X)
    kinds = {"color": "category", "old": "boolean", "size": "Float32"}
    for name, kind in kinds.items():
        other = X.assign(**{name: X[name].astype(kind)})
        np.testing.assert_allclose(net(max_iter=5).fit(other, y).predict_proba(other), expected, atol=1e-5)
    loose = X.assign(size=X["size"].astype(object).where(X["size"].notna(), None))
    assert (net(max_iter=5).fit(loose, y).predict_proba(loose) == expected).all()


def test_columns_are_found_by_name_and_words_never_seen_are_none_of_the_known():
    X, y = pandas_frame()
    model = net().fit(X, y)
    assert (model.predict_proba(X[X.columns[::-1]]) == model.predict_proba(X)).all()
    new = X.assign(color="violet")
    assert np.isfinite(model.predict_proba(new)).all()
    copy = pickle.loads(pickle.dumps(model))
    assert (copy.predict_proba(X) == model.predict_proba(X)).all()


def test_what_a_column_says_is_learned_from_the_rows_of_training_alone():
    X, y = pandas_frame()
    X.loc[:9, "color"] = "rare"
    held_out = np.arange(ROWS) < 10
    model = net().fit(X[~held_out], y[~held_out], X_val=X[held_out], y_val=y[held_out])
    assert "color = rare" not in model.encoded_names_
    assert len(model.history_["validation_loss"]) == model.n_iter_


def test_frames_that_do_not_fit_are_told_of():
    X, y = pandas_frame()
    model = net(max_iter=2).fit(X, y)
    cases = [
        (X.drop(columns="size"), r"missing: \['size'\]"),
        (X.assign(more=1), r"unexpected: \['more'\]"),
        (X.to_numpy(), "no data frame"),
        (X.assign(size="large"), "column 'size'"),
        (X.assign(day="soon"), "`day`"),
        (X[:0], "0 sample"),
    ]
    for other, words in cases:
        with pytest.raises(ValueError, match=words):
            model.predict(other)
    with pytest.raises(ValueError, match="no column is left"):
        net().fit(X[["color"]].assign(color="red"), y)
    with pytest.raises(ValueError, match="[Ii]nfin"):
        net().fit(X.assign(size=np.inf), y)


def test_frames_of_numbers_are_taken_as_they_are():
    X, _ = pandas_frame()
    X = X[["size", "old"]].fillna(0.0)
    y = X["size"] / 50
    framed, plain = MLPRegressor(max_iter=20, random_state=0), MLPRegressor(max_iter=20, random_state=0)
    framed.fit(X, y), plain.fit(X.to_numpy(dtype=float), y)
    assert (framed.predict(X) == plain.predict(X.to_numpy(dtype=float))).all()
    with pytest.raises(ValueError, match="NaN"):
        framed.predict(X.assign(size=np.nan))


@pytest.mark.parametrize("scale", ["standard", "minmax", "robust"])
def test_numbers_can_be_scaled(scale):
    rng = np.random.default_rng(0)
    X = rng.normal(1e6, 1e4, (300, 3))
    y = X[:, 0] > 1e6
    assert net().fit(X, y).score(X, y) < 0.9
    model = net(scale=scale, early_stopping=True, n_iter_no_change=30, learning_rate_init=0.01).fit(X, y)
    assert model.score(X, y) > 0.9
