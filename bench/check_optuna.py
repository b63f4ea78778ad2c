"""A study of `caviar tune` opened by Optuna: read, weighed, drawn and gone on with. Exits with 1 where something does not hold.

usage: check_optuna.py CAVIAR TABLE TARGET [--dashboard]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import optuna
from scipy.stats import spearmanr

SPACE = """
activation = "relu"
optimizer = ["adam", "momentum"]
layers = { scale = "integer", low = 1, high = 2 }
units1 = { scale = "integer", low = 4, high = 32, log = true }
units2 = { scale = "integer", low = 4, high = 32, log = true }
learning-rate = { scale = "log", low = 1e-4, high = 1e-1 }
beta = { scale = "one-minus-log", low = 0.8, high = 0.99 }
dropout = { zero = 0.5, scale = "linear", low = 0.05, high = 0.4 }
"""

# Every setting is there in every trial.
PLAIN = """
hidden = ["16"]
optimizer = ["adam", "rmsprop"]
learning-rate = { scale = "log", low = 1e-4, high = 1e-1 }
batch-size = { scale = "integer", low = 8, high = 128, log = true }
dropout = { scale = "linear", low = 0.0, high = 0.8 }
l2 = { scale = "log", low = 1e-4, high = 1e2 }
"""

Float, Int = optuna.distributions.FloatDistribution, optuna.distributions.IntDistribution
Choice = optuna.distributions.CategoricalDistribution
DISTRIBUTIONS = {
    "optimizer": Choice(["adam", "momentum"]),
    "layers": Int(1, 2),
    "units1": Int(4, 32, log=True),
    "units2": Int(4, 32, log=True),
    "learning-rate": Float(1e-4, 1e-1, log=True),
    "one_minus_beta": Float(1 - 0.99, 1 - 0.8, log=True),
    "dropout_zero": Choice([False, True]),
    "dropout": Float(0.05, 0.4),
}


def tuned(options, folder, space, words):
    """The events of a search, by trial, and its study."""
    (folder / "space.toml").write_text(space, encoding="utf-8")
    lines = Path(options.table).read_text(encoding="utf-8").splitlines()
    rows = lines[1:]
    # Rows of every class in both parts.
    parts = {"train.csv": rows[::3] + rows[1::3], "validation.csv": rows[2::3]}
    for name, part in parts.items():
        (folder / name).write_text("\n".join([lines[0], *part]) + "\n", encoding="utf-8")
    command = [options.caviar, "tune", "train.csv", "--target", options.target, "--validation", "validation.csv"]
    out = f"study-{len(list(folder.iterdir()))}"
    command += ["--space", "space.toml", *words.split(), "--json", "--quiet", "--out", out]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"caviar ended with {done.returncode}\n{done.stderr}")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return {event["trial"]: event for event in events if event["event"] == "trial"}, folder / out / "study.db"


def check(name, holds):
    print("ok    " if holds else "FAILED", name)
    return holds


def same_params(event, trial):
    """Whether Optuna's parameters are those that the program has told."""
    told, params = event["params"], trial.params
    widths = [params[f"units{layer}"] for layer in range(1, params["layers"] + 1)]
    return (
        told["optimizer"] == params["optimizer"]
        and told["hidden"] == ",".join(map(str, widths))
        and ("units2" in params) == (params["layers"] == 2)
        and told["learning_rate"] == params["learning-rate"]
        and ("one_minus_beta" in params) == (params["optimizer"] == "momentum")
        and abs(told.get("beta", 0) - (1 - params.get("one_minus_beta", 1))) < 1e-12
        and told["dropout"] == params.get("dropout", 0.0)
        and ("dropout" in params) != params["dropout_zero"]
    )


def objective(trial):
    """Goes on in the same space."""
    rate = trial.suggest_float("learning-rate", 1e-4, 1e-1, log=True)
    trial.suggest_categorical("optimizer", ["adam", "momentum"])
    return -abs(rate - 0.01)


def reads(study, events):
    trials, states = study.trials, optuna.trial.TrialState
    words = {"complete": states.COMPLETE, "pruned": states.PRUNED, "diverged": states.FAIL}
    pairs = [(events[trial.number], trial) for trial in trials]
    rungs = [1, 3, 9, 27]
    steps = [list(trial.intermediate_values) for trial in trials if trial.state != states.FAIL]
    best = max((event for event in events.values() if event["state"] == "complete"), key=lambda event: event["score"])
    return [
        check("all trials are there", sorted(events) == [trial.number for trial in trials]),
        check("the largest accuracy is the best", study.direction == optuna.study.StudyDirection.MAXIMIZE),
        check("states are the same", all(words[event["state"]] == trial.state for event, trial in pairs)),
        check("values are the same", all(event["score"] == trial.value for event, trial in pairs)),
        check("some were pruned, some complete", {states.PRUNED, states.COMPLETE} <= {t.state for t in trials}),
        check("parameters are the same", all(same_params(event, trial) for event, trial in pairs)),
        check(
            "distributions are those of the space",
            all(trial.distributions[name] == DISTRIBUTIONS[name] for trial in trials for name in trial.params),
        ),
        check("there are scores at every rung", all(step == rungs[: len(step)] and step for step in steps)),
        check("the best one is the same", study.best_trial.value == best["score"]),
        check("every trial has its times", all(trial.duration is not None for trial in trials)),
        check("importances are computed", len(optuna.importance.get_param_importances(study)) >= 4),
    ]


def goes_on(url, before):
    study = optuna.load_study(study_name=None, storage=url)
    study.optimize(objective, n_trials=5)
    study.enqueue_trial({"learning-rate": 0.02})
    study.optimize(objective, n_trials=1)
    added = study.trials[before:]
    return [
        check("Optuna goes on with it", len(added) == 6 and added[-1].params["learning-rate"] == 0.02),
        check("its trials are counted on", [trial.number for trial in added] == list(range(before, before + 6))),
    ]


def shown(options, path):
    done = subprocess.run([options.caviar, "show", path, "--json"], capture_output=True, text=True, check=False)
    return json.loads(done.stdout or "{}")


def importance(options, path):
    """Whether settings matter in the order in which they do by Optuna's fANOVA."""
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{path}")
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=1)
    theirs = optuna.importance.get_param_importances(study, evaluator=evaluator)
    ours = shown(options, path)["importance"]
    names = sorted(theirs)
    correlation = spearmanr([theirs[name] for name in names], [ours[name.replace("-", "_")] for name in names])[0]
    told = ", ".join(f"{name} {ours[name.replace('-', '_')]:.3f} ({theirs[name]:.3f})" for name in names)
    return [check(f"importance is in the order of Optuna's fANOVA: {correlation:.2f}; {told}", correlation >= 0.8)]


def dashboard(url):
    """Whether optuna-dashboard lists the study and gives its trials."""
    from wsgiref.simple_server import make_server
    from threading import Thread

    from optuna_dashboard import wsgi

    server = make_server("127.0.0.1", 0, wsgi(url))
    Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    with urllib.request.urlopen(f"{base}/api/studies", timeout=30) as answer:
        studies = json.load(answer)["study_summaries"]
    with urllib.request.urlopen(f"{base}/api/studies/{studies[0]['study_id']}", timeout=30) as answer:
        trials = json.load(answer)["trials"]
    server.shutdown()
    return [check("optuna-dashboard lists it", len(studies) == 1), check("and has its trials", len(trials) >= 40)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("caviar")
    parser.add_argument("table")
    parser.add_argument("target")
    parser.add_argument("--dashboard", action="store_true")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        events, path = tuned(options, Path(folder), SPACE, "--trials 40 --epochs 27 --metric accuracy")
        url = f"sqlite:///{path}"
        held = reads(optuna.load_study(study_name=None, storage=url), events)
        if options.dashboard:
            held += dashboard(url)
        held += goes_on(url, len(events))
        ours = shown(options, path).get("trials", [])
        held.append(check("what Optuna has added changes nothing of ours", len(ours) == len(events)))
        held += importance(options, tuned(options, Path(folder), PLAIN, "--method random --trials 120 --epochs 6")[1])
    print(f"{sum(held)} passed; {len(held) - sum(held)} failed")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
