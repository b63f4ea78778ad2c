"""Studies: asked, steered, gone on with."""

from __future__ import annotations

import math
import os
import signal
import threading

import numpy as np
import optuna
import pytest
from sklearn.datasets import load_iris

from caviar import EngineError, SettingError, Study, TunedClassifier

SPACE = {
    "x": {"scale": "linear", "low": -1.0, "high": 3.0},
    "rate": {"scale": "log", "low": 1e-3, "high": 1.0},
    "bent": [True, False],
    "widths": [(8,), (16, 8)],
}


def value(params, epoch=0):
    """Best at x = 1, rate = 0.1, bent; it falls with the epochs."""
    return (params["x"] - 1) ** 2 + (math.log10(params["rate"]) + 1) ** 2 + (not params["bent"]) + 1 / (1 + epoch)


def work(study, most=10**9):
    done = []
    while len(done) < most and (trial := study.ask()):
        for epoch in range(trial.begin, trial.end):
            assert not trial.should_stop()
            trial.report(value(trial.params, epoch))
        assert trial.should_stop()
        study.tell(trial)
        done.append((trial.number, trial.end))
    return done


def test_an_objective_of_ones_own_is_searched(tmp_path):
    path = tmp_path / "own.db"
    with Study.create(path, SPACE, trials=40, random_state=1) as study:
        while trial := study.ask():
            assert isinstance(trial.params["bent"], bool) and trial.params["widths"] in [(8,), (16, 8)]
            study.tell(trial, value(trial.params))
    assert (study.state, study.metric, study.maximize, len(study.trials)) == ("finished", "score", False, 40)
    scores = [trial["score"] for trial in study.trials]
    assert study.best["score"] == min(scores) < 2 and study.leaderboard()[0]["trial"] == scores.index(min(scores))
    assert set(study.to_pandas().columns) >= {"x", "rate", "bent", "widths", "score"}
    loaded = optuna.load_study(study_name=None, storage=f"sqlite:///{path}")
    assert loaded.best_value == pytest.approx(study.best["score"]) and len(loaded.trials) == 40
    assert loaded.best_params["x"] == pytest.approx(study.best["params"]["x"])


def test_the_largest_may_be_the_best_and_distributions_are_spaces(tmp_path):
    space = {"x": optuna.distributions.FloatDistribution(-1, 3), "n": optuna.distributions.IntDistribution(1, 4)}
    with Study.create(tmp_path / "most.db", space, goal="maximize", trials=16, method="sobol", random_state=0) as study:
        while trial := study.ask():
            study.tell(trial, -((trial.params["x"] - 1) ** 2) - trial.params["n"])
    assert study.maximize and study.best["score"] == max(trial["score"] for trial in study.trials)
    assert study.best["params"]["n"] == 1


def test_trials_are_thinned_out_and_what_was_left_goes_on_alike(tmp_path):
    given = {"trials": 27, "epochs": 27, "random_state": 4}
    with Study.create(tmp_path / "whole.db", SPACE, **given) as study:
        whole = work(study)
    ends = [end for _, end in whole]
    assert ends.count(1) > 2 * ends.count(3) > 0 and 0 < ends.count(27) < 9
    path = tmp_path / "parts.db"
    with Study.create(path, SPACE, **given) as study:
        parts = work(study, most=7)
        lost = study.ask()
    assert Study(path).state == "stopped"
    study = Study(path)
    again = study.ask()
    assert (again.number, again.params, again.seed) == (lost.number, lost.params, lost.seed)
    study.close()
    with Study(path) as study:
        parts += work(study)
    assert parts == whole and study.state == "finished"
    assert all(len(trial["curve"]) == trial["epochs"] for trial in study.trials)


def test_a_trial_that_goes_on_is_the_same_object(tmp_path):
    seen = {}
    with Study.create(tmp_path / "warm.db", SPACE, trials=9, epochs=9, random_state=0) as study:
        while trial := study.ask():
            assert getattr(trial, "epochs", 0) == trial.begin
            trial.epochs = trial.end
            seen.setdefault(trial.number, trial)
            assert seen[trial.number] is trial
            study.tell(trial, value(trial.params, trial.end))


def test_a_trial_may_be_done_anew_from_its_start(tmp_path):
    with Study.create(tmp_path / "cold.db", SPACE, trials=9, epochs=9, random_state=0) as study:
        while trial := study.ask():
            for epoch in range(trial.end):
                trial.report(value(trial.params, epoch), epoch)
            study.tell(trial)
    assert any(len(trial["curve"]) == 9 for trial in study.trials)


def test_workers_of_one_process_share_a_study(tmp_path):
    with Study.create(tmp_path / "shared.db", SPACE, trials=40, method="random", random_state=1) as study:
        lock = threading.Lock()

        def worker():
            while True:
                with lock:
                    trial = study.ask()
                if trial is None:
                    return
                study.tell(trial, value(trial.params))

        workers = [threading.Thread(target=worker) for _ in range(4)]
        [thread.start() for thread in workers]
        [thread.join() for thread in workers]
    alone = Study.create(tmp_path / "alone.db", SPACE, trials=40, method="random", random_state=1)
    while trial := alone.ask():
        alone.tell(trial, value(trial.params))
    assert [t["params"] for t in study.trials] == [t["params"] for t in alone.trials]


def test_workers_wait_for_each_other_where_trials_are_thinned_out(tmp_path):
    given = {"trials": 30, "epochs": 27, "random_state": 2}
    with Study.create(tmp_path / "alone.db", SPACE, **given) as alone:
        work(alone)
    with Study.create(tmp_path / "shared.db", SPACE, **given) as study:
        raised = []

        def worker():
            try:
                work(study)
            except Exception as error:
                raised.append(error)

        workers = [threading.Thread(target=worker) for _ in range(5)]
        [thread.start() for thread in workers]
        [thread.join() for thread in workers]
        assert not raised
    facts = [[(t["params"], t["epochs"], t["state"]) for t in each.trials] for each in (alone, study)]
    assert facts[0] == facts[1] and study.state == "finished"


def test_who_asks_waits_until_another_thread_tells(tmp_path):
    study = Study.create(tmp_path / "waiting.db", SPACE, trials=30, epochs=27, random_state=2)
    given = []
    with pytest.raises(RuntimeError, match="before one of these trials is told"):
        while True:
            given.append(study.ask(wait=False))
    asked = []
    waiting = threading.Thread(target=lambda: asked.append(study.ask()))
    waiting.start()
    for trial in given:
        assert not asked
        study.tell(trial, value(trial.params))
    waiting.join()
    assert asked[0].end > given[0].end
    study.close()


WAITING = """
import sys
from caviar import Study
study = Study.create(sys.argv[1], {"x": {"scale": "linear", "low": 0.0, "high": 1.0}}, trials=9, epochs=9, random_state=0)
try:
    try:
        while study.ask(wait=False):
            pass
    except RuntimeError:
        print("asked", flush=True)
    study.ask()
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_ends_waiting(start, tmp_path):
    process = start(WAITING, tmp_path / "own.db")
    assert process.stdout.readline() == "asked\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=120)[0] == "interrupted\n"


def test_what_cannot_be_asked_or_told_is_named(tmp_path):
    path = tmp_path / "own.db"
    for given, words in [
        ({"space": {"x": {"scale": "log", "low": 0, "high": 1}}}, "x"),
        ({"space": {}, "goal": "least"}, "minimize"),
        ({"space": {"x": [1, 2]}, "trials": 0}, "at least 1"),
        ({"space": {"x": [1, 2]}, "method": "tpe"}, "zoom"),
    ]:
        with pytest.raises(ValueError, match=words):
            Study.create(path, **given)
        assert not path.exists()
    study = Study.create(path, {"x": [1.0, 2.0]}, trials=2)
    with pytest.raises(RuntimeError, match=r"own\.db"):
        Study.create(path, {"x": [1.0, 2.0]})
    with pytest.raises(RuntimeError, match="process"):
        Study(path).ask()
    trial = study.ask()
    with pytest.raises(ValueError, match="needs a score"):
        study.tell(trial)
    with pytest.raises(ValueError, match="trial 9"):
        study.tell(9, 1.0)
    study.tell(trial, float("nan"))
    with pytest.raises(ValueError, match="diverged"):
        study.tell(trial, 1.0)
    study.tell(study.ask(), failed=True)
    assert study.ask() is None
    study.close()
    with pytest.raises(ValueError, match="ask goes on"):
        Study(path).resume([[0]], [0])
    assert [trial["state"] for trial in Study(path).trials] == ["diverged", "failed"]


def test_a_search_of_networks_is_gone_on_with_from_its_study(tmp_path):
    X, y = load_iris(return_X_y=True)
    names = np.array(["a", "b", "c"])[y]
    given = {
        "trials": 40,
        "epochs": 12,
        "random_state": 0,
        "space": {"learning_rate": optuna.distributions.FloatDistribution(1e-3, 1e-1, log=True), "hidden": [(8,), (16, 8)]},
        "settings": {"activation": "tanh"},
        "class_weight": {"a": 1, "b": 2, "c": 1},
    }
    whole = TunedClassifier(**given).fit(X, names)
    path = tmp_path / "study.db"

    def enough(event):
        return event["event"] == "trial"

    part = TunedClassifier(**given, study=path, callback=enough).fit(X, names)
    assert part.interrupted_ and part.score(X, names) > 0.5 and Study(path).state == "stopped"
    model = Study(path).resume(X, names)
    assert not model.interrupted_ and (model.predict_proba(X) == whole.predict_proba(X)).all()
    assert model.get_params()["trials"] == 40 and Study(path).state == "finished"
    with pytest.raises(ValueError, match="other data"):
        Study(path).resume(X + 1, names)
    with pytest.raises(ValueError, match="asked"):
        Study(path).ask()


ROWS = np.random.default_rng(0).normal(size=(2500, 6)).astype(np.float32)
CLASSES = ROWS[:, 0] * ROWS[:, 1] > 0
LONG = {"trials": 2, "epochs": 400, "random_state": 0, "n_jobs": 1, "method": "random", "settings": {"patience": 400}}


@pytest.mark.parametrize("kept", [False, True])
def test_a_callback_steers_a_trial(kept, tmp_path):
    said, rates = [], []

    def watch(event):
        if event["event"] == "epoch" and event.trial.number == 0:
            rates.append(event["learning_rate"])
            if event["epoch"] == 3:
                event.trial.set(learning_rate=0.00025)
                event.trial.pause()
                event.trial.proceed()
            if event["learning_rate"] == 0.00025:
                event.trial.stop()
        if event["event"] == "steered":
            said.append(event["action"])

    model = TunedClassifier(**LONG, study=tmp_path / "s.db" if kept else None, callback=watch).fit(ROWS, CLASSES)
    assert said[0] == "changed" and said[-1] == "stopped" and 0.00025 in rates
    assert model.trials_[0]["epochs"] < 400 and not model.interrupted_


@pytest.mark.parametrize("kept", [False, True])
def test_a_callback_steers_a_trial_of_folds(kept, tmp_path):
    X, y = load_iris(return_X_y=True)
    said, rates = [], []

    def watch(event):
        if event["event"] == "epoch" and event.trial.number == 0:
            rates.append(event["learning_rate"])
            if event["epoch"] == 3:
                event.trial.set(learning_rate=0.00025)
            if event["learning_rate"] == 0.00025 and "stop" not in said:
                said.append("stop")
                event.trial.stop()
        if event["event"] == "steered":
            said.append(event["action"])

    # A trial that nobody stops has no end, and its epochs are long.
    settings = {"patience": 1_000_000, "hidden": (64, 64), "batch_size": 2}
    long = {**LONG, "trials": 1, "epochs": 1_000_000, "settings": settings}
    model = TunedClassifier(**long, study=tmp_path / "s.db" if kept else None, callback=watch).fit(X, y)
    assert said == ["changed", "stop", "stopped"] and 0.00025 in rates
    [trial] = model.trials_
    changed, stopped = trial["turns"]
    assert changed["steer"] == {"set": {"learning-rate": 0.00025}} and stopped["steer"] == "stop"
    # Of all folds, from its beginning: the same change before the same epoch, the same end.
    curve = [point["learning_rate"] for point in trial["curve"]]
    assert len(curve) == stopped["epoch"] and set(curve[changed["epoch"] :]) == {0.00025}
    assert trial["folds"] == 5 and not model.interrupted_
    if kept:
        with pytest.raises(ValueError, match="nobody works on it"):
            Study(tmp_path / "s.db").stop(0)
        assert Study(tmp_path / "s.db").trials[0]["turns"] == trial["turns"]


def test_what_cannot_be_steered_is_told():
    with pytest.raises(ValueError, match="momentun"):
        TunedClassifier(**LONG, callback=lambda e: "trial" in e and e.trial.set(momentun=1)).fit(ROWS, CLASSES)
    with pytest.raises(AttributeError, match="about no trial"):
        TunedClassifier(**LONG, callback=lambda e: e.trial.stop()).fit(ROWS, CLASSES)


def test_a_callback_forks_a_trial(tmp_path):
    def watch(event):
        if event["event"] == "epoch" and event.trial.number == 0 and event["epoch"] == 2:
            event.trial.fork(learning_rate=0.00025)

    path = tmp_path / "s.db"
    TunedClassifier(**LONG, study=path, callback=watch).fit(ROWS, CLASSES)
    fork = Study(path).trials[-1]
    assert len(Study(path).trials) == 3 and fork["curve"][-1]["learning_rate"] == 0.00025
    first = Study(path).trials[0]["curve"]
    assert fork["curve"][1] == first[1] and fork["curve"][-1] != first[len(fork["curve"]) - 1]
    with pytest.raises(ValueError, match="study"):
        TunedClassifier(**LONG, callback=watch).fit(ROWS, CLASSES)


def test_an_event_ends_a_search():
    model = TunedClassifier(**LONG, callback=lambda event: event["event"] == "epoch" and event.stop()).fit(ROWS, CLASSES)
    assert model.interrupted_ and len(model.predict(ROWS)) == len(ROWS)


SEARCH = """
import sys
import numpy as np
from caviar import TunedClassifier
X = np.random.default_rng(0).normal(size=(2500, 6)).astype(np.float32)
TunedClassifier(trials=1, epochs=100000, random_state=0, n_jobs=1, method="random", settings={"patience": 100000},
                study=sys.argv[1], callback=lambda e: print(e["event"], e.get("action"), flush=True)).fit(X, X[:, 0] > 0)
"""


def test_a_study_is_steered_from_another_process(start, tmp_path):
    path = tmp_path / "s.db"
    process = start(SEARCH, path)
    while process.stdout.readline() != "epoch None\n":
        assert process.poll() is None
    study = Study(path)
    with pytest.raises(ValueError, match="trial 7"):
        study.set(7, learning_rate=0.1)
    with pytest.raises(SettingError, match="learning_rat"):
        study.set(0, learning_rat=0.1)
    study.set(0, learning_rate=0.0125)
    study.pause(0)
    study.proceed(0)
    study.stop(0)
    lines = process.communicate(timeout=120)[0].splitlines()
    assert process.returncode == 0 and study.reload().state == "finished"
    steered = [line for line in lines if line.startswith("steered")]
    assert steered == [f"steered {what}" for what in ("changed", "paused", "continued", "stopped")]
    with pytest.raises(ValueError, match="nobody works on it"):
        study.stop(0)
    assert issubclass(EngineError, RuntimeError)
