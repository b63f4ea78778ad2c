"""All of scikit-learn's estimator checks."""

from __future__ import annotations

from sklearn.utils.estimator_checks import parametrize_with_checks

from caviar import MLPClassifier, MLPRegressor, TunedClassifier, TunedRegressor

ROUNDED = "a row of weight two and a row twice are summed in another order, and single precision shows it"

DEALT = "a row twice is dealt into two folds, a row of weight two into one; mini-batches differ as well"


def expected_to_fail(estimator) -> dict[str, str]:
    """The checks that cannot pass, with their reasons; in double precision there are none."""
    names = [f"check_sample_weight_equivalence_on_{kind}_data" for kind in ("dense", "sparse")]
    if isinstance(estimator, (TunedClassifier, TunedRegressor)):
        return dict.fromkeys(names, DEALT)
    return dict.fromkeys(names, ROUNDED) if estimator.precision == "f32" else {}


@parametrize_with_checks(
    [MLPClassifier(), MLPRegressor(), MLPClassifier(precision="f64"), MLPRegressor(precision="f64")],
    expected_failed_checks=expected_to_fail,
)
def test_estimator(estimator, check):
    check(estimator)


@parametrize_with_checks(
    [TunedClassifier(trials=6, epochs=20), TunedRegressor(trials=6, epochs=20)],
    expected_failed_checks=expected_to_fail,
)
def test_estimator_that_searches(estimator, check):
    check(estimator)
