"""From the file as it is to a trusted model: real tables and arrays, trained, and measured again by `caviar evaluate`.

For each data set under FOLDER: the rows are dealt into a training and a test file (lines of the file, unchanged), a network
is trained with `--test FILE`, and the model's `evaluate` on the test file must say what the run said of its test rows, to
the last bit. What FOLDER lacks is skipped and said. Ends with 1 where a run fails or the figures differ.

usage: tables.py FOLDER [--caviar PATH] [--only NAME ...] [--epochs 5]

The folder holds adult, california, fashion-mnist, hflights, signs, small: the UCI and torchvision files under their usual
names, plain or gzipped.
"""

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# name: (file, first line is a header, target, further flags)
TABLES = {
    "california": ("california/housing.csv", True, "median_house_value", []),
    "hflights": ("hflights/hflights.csv.gz", True, "ArrDelay", []),
    "abalone": ("small/abalone.csv", False, "c9", ["--task", "regression"]),
    "german": ("small/german.csv", False, "c21", []),
    "horse-colic": ("small/horse-colic.csv", False, "c24", []),
    "housing": ("small/housing.csv", False, "c14", []),
    "ionosphere": ("small/ionosphere.csv", False, "c35", []),
    "iris": ("small/iris.csv", False, "c5", []),
    "phoneme": ("small/phoneme.csv", False, "c6", []),
    "pima": ("small/pima-indians-diabetes.csv", False, "c9", []),
    "winequality-red": ("small/winequality-red.csv", False, "c12", ["--task", "regression"]),
    "winequality-white": ("small/winequality-white.csv", False, "c12", ["--task", "regression"]),
}

# name: (features and targets of training, of test, further flags); a part of a file is named after a colon
ARRAYS = {
    "fashion-mnist": (
        ("fashion-mnist/train-images-idx3-ubyte.gz", "fashion-mnist/train-labels-idx1-ubyte.gz"),
        ("fashion-mnist/t10k-images-idx3-ubyte.gz", "fashion-mnist/t10k-labels-idx1-ubyte.gz"),
        ["--scale", "unit255", "--hidden", "128"],
    ),
    "signs (h5)": (
        ("signs/train_signs.h5:train_set_x", "signs/train_signs.h5:train_set_y"),
        ("signs/test_signs.h5:test_set_x", "signs/test_signs.h5:test_set_y"),
        ["--scale", "unit255", "--hidden", "25,12"],
    ),
    "signs (idx)": (
        ("signs/train-images-idx4-ubyte.gz", "signs/train-labels-idx1-ubyte.gz"),
        ("signs/test-images-idx4-ubyte.gz", "signs/test-labels-idx1-ubyte.gz"),
        ["--scale", "unit255", "--hidden", "25,12"],
    ),
    "california (npy)": (
        ("rtdl-california/X_num_train.npy", "rtdl-california/y_train.npy"),
        ("rtdl-california/X_num_test.npy", "rtdl-california/y_test.npy"),
        [],
    ),
}


def deal(path, has_header, folder):
    """Every fifth line to the test file, the others to the training file."""
    opened = gzip.open(path, "rb") if path.suffix == ".gz" else open(path, "rb")
    with opened as file:
        lines = [line for line in file.read().splitlines(keepends=True) if line.strip()]
    head, rows = (lines[:1], lines[1:]) if has_header else ([], lines)
    parts = folder / "train.csv", folder / "test.csv"
    parts[0].write_bytes(b"".join(head + [row for at, row in enumerate(rows) if at % 5]))
    parts[1].write_bytes(b"".join(head + rows[::5]))
    return parts


def program(caviar, words):
    """Standard output and seconds of one command; the message where it fails."""
    begun = time.perf_counter()
    done = subprocess.run([str(caviar), *map(str, words)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"exit code {done.returncode}: {done.stderr.strip()[-600:]}")
    return done.stdout, time.perf_counter() - begun


def compare(name, caviar, train, test, flags, target, epochs):
    """Trains, evaluates, prints a line; true where both say the same of the test rows."""
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "out"
        words = ["train", train, "--test", test, *flags, "--epochs", epochs, "--out", out, "--json", "--quiet"]
        output, seconds = program(caviar, [*words, "--target", target[0]])
        run = json.loads(output.splitlines()[-1])["test"]
        words = ["evaluate", out / "model.safetensors", target[1], "--json", "--quiet", *target[2]]
        output, _ = program(caviar, words)
        again = json.loads(output.splitlines()[-1])["figures"]
    again = {figure["name"]: figure["value"] for figure in again} if isinstance(again, list) else again
    value = lambda entry: entry["value"] if isinstance(entry, dict) else entry
    differing = {key: (run[key], value(again.get(key))) for key in run if run[key] != value(again.get(key))}
    figures = "  ".join(f"{key} {run[key]:.4f}" for key in run)
    print(f"{name:18} {seconds:6.1f} s  {figures}" + (f"  DIFFERS {differing}" if differing else ""), flush=True)
    return not differing


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--caviar", type=Path, default=ROOT / "target" / "release" / "caviar")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--epochs", default="5")
    options = parser.parse_args()
    wanted = lambda name: not options.only or name in options.only
    good = True

    def attempt(name, work):
        nonlocal good
        try:
            good &= work()
        except (RuntimeError, OSError, KeyError, ValueError) as error:
            good = False
            print(f"{name:18} FAILED {error}", flush=True)

    for name, (file, has_header, target, flags) in TABLES.items():
        path = options.folder / file
        if wanted(name) and not path.exists():
            print(f"{name:18} skipped: {path} is not there")
        elif wanted(name):
            with tempfile.TemporaryDirectory() as place:
                train, test = deal(path, has_header, Path(place))
                form = [] if has_header else ["--no-header"]
                sides = (target, test, form)
                attempt(name, lambda: compare(name, options.caviar, train, test, [*flags, *form], sides, options.epochs))
    adult = options.folder / "adult"
    if wanted("adult") and adult.exists():
        train, test = adult / "adult-train.csv", adult / "adult-test.csv"
        form = ["--no-header", *ADULT_LABELS]
        attempt("adult", lambda: compare("adult", options.caviar, train, test, form, ("c15", test, form), options.epochs))
    for name, (train, test, flags) in ARRAYS.items():
        files = [options.folder / part for part in (*train, *test)]
        missing = [file for file in files if not Path(str(file).split(":")[0]).exists()]
        if wanted(name) and missing:
            print(f"{name:18} skipped: {missing[0]} is not there")
        elif wanted(name):
            held_out = f"{files[2]},{files[3]}"
            sides = (files[1], files[2], ["--target", files[3]])
            attempt(name, lambda: compare(name, options.caviar, files[0], held_out, flags, sides, options.epochs))
    sys.exit(0 if good else 1)


# The labels of adult's test file end in a dot.
ADULT_LABELS = ["--trim-labels", "."]

if __name__ == "__main__":
    main()
