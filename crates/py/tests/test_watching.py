"""What people see: progress, notebooks, pictures, studies."""

from __future__ import annotations

import io
import pickle
import threading
import time

import matplotlib
import numpy as np
import pytest
from sklearn.datasets import load_iris

from caviar import MLPClassifier, Study, TunedClassifier, TunedRegressor
from caviar import plot_boundary, plot_curves, plot_importance, plot_search
from caviar._bar import Bar

matplotlib.use("Agg")


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def tuned(iris, tmp_path_factory):
    path = tmp_path_factory.mktemp("study") / "study.db"
    return TunedClassifier(trials=6, epochs=10, random_state=0, study=str(path)).fit(*iris)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_is_written_over_in_a_terminal():
    terminal = Terminal()
    bar = Bar(terminal)
    bar.begin(trials=4, seconds=None, metric="loss")
    bar.shown = -1
    bar.trial(0.5)
    bar.shown = -1
    bar.trial(0.25)
    bar.show(last=True)
    lines = terminal.getvalue().split("\r\x1b[2K")
    assert lines[-1] == "[============            ] 2/4 trials, best loss 0.25, 0 s\n"
    assert lines[1].startswith("[                        ] 0/4 trials")


def test_a_bar_knows_what_is_better():
    bar = Bar(io.StringIO())
    bar.begin(None, None, "accuracy")
    [bar.trial(score) for score in (0.5, 0.75, None, 0.25)]
    assert bar.text() == "4 trials, best accuracy 0.75, 0 s"


def test_a_search_shows_its_progress(iris, capsys):
    TunedClassifier(trials=3, epochs=2, verbose=1, random_state=0).fit(*iris)
    assert "3/3 trials, best loss 0." in capsys.readouterr().err


def test_a_training_tells_of_its_iterations_as_scikit_learn_does(iris, capsys):
    net = MLPClassifier(max_iter=2, verbose=True, random_state=0, early_stopping=True).fit(*iris)
    out = capsys.readouterr().out
    assert f"Iteration 2, loss = {net.loss_curve_[1]:.8f}" in out and "Validation accuracy: " in out


def test_fitted_estimators_show_their_curves(iris, tuned):
    net = MLPClassifier(max_iter=5, random_state=0)
    assert "<img" not in net._repr_html_()
    html = net.fit(*iris)._repr_html_()
    assert html.count("<img") == 1 and "data:image/svg+xml;base64," in html
    for shown in (tuned, pickle.loads(pickle.dumps(tuned))):
        html = shown._repr_html_()
        assert "<img" in html and f"<td>{tuned.best_trial_}</td>" in html and "learning_rate" in html


def test_the_page_about_a_search_is_that_of_the_program(tuned, tmp_path):
    html = tuned.report(tmp_path / "page.html")
    assert html.startswith("<!doctype html>") and (tmp_path / "page.html").read_text(encoding="utf-8") == html
    assert "caviar.TunedClassifier(trials=6" in html
    with pytest.raises(RuntimeError, match="copy"):
        pickle.loads(pickle.dumps(tuned)).report()


def test_pictures_show_what_they_say(iris, tuned):
    X, y = iris
    net = MLPClassifier(max_iter=5, random_state=0, early_stopping=True).fit(X, y)
    lines = plot_curves(net).get_lines()
    np.testing.assert_array_equal(lines[0].get_ydata(), net.history_["loss"])
    assert len(lines) == 2
    assert len(plot_curves(tuned).get_lines()) == 6
    scores = [trial["score"] for trial in tuned.trials_ if trial["score"] is not None]
    for picture in (plot_search(tuned), plot_search(tuned, "learning_rate")):
        np.testing.assert_array_equal(picture.collections[0].get_offsets()[:, 1], scores)
    bars = plot_importance(tuned).patches
    assert [bar.get_width() for bar in bars][::-1] == list(tuned.importance_.values())
    assert plot_boundary(tuned, X, y, features=(2, 3)).get_xlabel() == "x2"


def test_columns_of_a_frame_of_numbers_keep_their_names():
    X, y = load_iris(return_X_y=True, as_frame=True)
    model = TunedClassifier(trials=3, epochs=3, random_state=0).fit(X, y)
    assert set(model.importance_) == set(X.columns) == set(model.encoded_names_)
    plain = TunedClassifier(trials=3, epochs=3, random_state=0).fit(X.to_numpy(), y)
    assert (model.predict_proba(X) == plain.predict_proba(X.to_numpy())).all()
    assert plot_boundary(model, X, y).get_xlabel() == X.columns[0]


def test_pictures_of_nothing_are_refused(iris, tuned):
    with pytest.raises(TypeError, match="fit it first"):
        plot_curves(MLPClassifier())
    with pytest.raises(ValueError, match="no setting"):
        plot_search(tuned, "depth")
    with pytest.raises(ValueError, match="importance"):
        plot_importance(MLPClassifier())
    with pytest.raises(ValueError, match="two of the columns"):
        plot_boundary(tuned, iris[0], features=(0, 9))


def test_a_study_is_looked_at(tuned):
    study = Study(tuned.study)
    assert study.state == "finished" and study.metric == "loss" and len(study.trials) == 6
    assert study.best["params"] == study.leaderboard()[0]["params"]
    assert len(study.trials[0]["curve"]) == study.trials[0]["epochs"]
    frame = study.to_pandas()
    assert len(frame) == 6 and {"trial", "score", "learning_rate", "optimizer"} <= set(frame.columns)
    assert "6 trials, best loss" in repr(study) and "<table>" in study._repr_html_()
    assert [line.get_ydata()[0] for line in plot_curves(study).get_lines()]


def test_studies_are_listed_and_compared(iris, tuned, tmp_path):
    X, y = iris
    for name, trials, rows in [("a", 2, X), ("b", 3, X), ("c", 2, X * 2)]:
        TunedClassifier(trials=trials, epochs=2, random_state=0, study=str(tmp_path / f"{name}.db")).fit(rows, y)
    (tmp_path / "junk.db").write_bytes(b"junk")
    a, b, c = Study.list(tmp_path)
    assert [len(study.trials) for study in (a, b, c)] == [2, 3, 2]
    table = a.compare(b)
    assert [row["trials"] for row in table] == [2, 3] and all(row["score"] > 0 for row in table)
    with pytest.raises(ValueError, match="other data"):
        a.compare(c)
    with pytest.raises(ValueError, match="nothing.db"):
        Study(tmp_path / "nothing.db")


def test_a_regressor_shows_itself_too():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 3))
    model = TunedRegressor(trials=3, epochs=5, metric="r2", random_state=0).fit(X, X[:, 0])
    assert "best r2" in model._repr_html_() or "<img" in model._repr_html_()
    assert plot_search(model).get_ylabel() == "r2"


def test_a_fork_goes_its_own_way(iris):
    X, y = iris
    given = {"max_iter": 12, "tol": 0, "n_iter_no_change": np.inf, "random_state": 0}
    forks = []
    net = MLPClassifier(**given, callback=lambda e: e.epoch in (3, 7) and forks.append(e.fork())).fit(X, y)
    # Who watches and copies changes nothing.
    assert (net.predict_proba(X) == MLPClassifier(**given).fit(X, y).predict_proba(X)).all()
    for fork, epochs in zip(forks, (4, 8)):
        alone = MLPClassifier(**{**given, "max_iter": epochs}).fit(X, y)
        assert fork.n_iter_ == epochs and (fork.predict_proba(X) == alone.predict_proba(X)).all()
        assert (fork.partial_fit(X, y).predict_proba(X) == alone.partial_fit(X, y).predict_proba(X)).all()
    assert forks[0].callback is None and net.callback is not None


def test_a_fork_with_rows_held_out_has_the_best_epoch_so_far(iris):
    forks = []
    given = {"early_stopping": True, "random_state": 0, "max_iter": 9, "n_iter_no_change": np.inf}
    net = MLPClassifier(**given, callback=lambda e: e.epoch == 4 and forks.append(e.fork())).fit(*iris)
    alone = MLPClassifier(**{**given, "max_iter": 5}).fit(*iris)
    assert (forks[0].predict_proba(iris[0]) == alone.predict_proba(iris[0])).all()
    assert forks[0].validation_scores_ == alone.validation_scores_ == net.validation_scores_[:5]


def test_a_training_waits_until_another_thread_lets_it_go_on(iris):
    epochs = []

    def watch(epoch):
        if epoch.epoch == 2:
            epoch.pause()
        epochs.append(epoch)

    net = MLPClassifier(max_iter=50, random_state=0, tol=0, n_iter_no_change=np.inf, callback=watch)
    training = threading.Thread(target=net.fit, args=iris)
    training.start()
    while len(epochs) < 3 and training.is_alive():
        time.sleep(0.01)
    time.sleep(0.2)
    assert len(epochs) == 3 and training.is_alive()
    epochs[0].set(learning_rate=0.02)
    epochs[0].proceed()
    training.join()
    assert net.n_iter_ == 50 and net.history_["learning_rate"][3] == 0.02
    epochs.clear()
    training = threading.Thread(target=net.fit, args=iris)
    training.start()
    while len(epochs) < 3 and training.is_alive():
        time.sleep(0.01)
    epochs[-1].stop()
    training.join()
    assert net.n_iter_ == 3


@pytest.mark.parametrize(("name", "value"), [("learning_rate", -1.0), ("momentun", 0.5), ("batch_size", 0)])
def test_a_change_that_cannot_be_made_is_named(iris, name, value):
    with pytest.raises((ValueError, OverflowError), match=name.replace("_", ".")):
        MLPClassifier(max_iter=3, callback=lambda epoch: epoch.set(**{name: value})).fit(*iris)
