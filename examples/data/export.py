"""Writes the five example tables beside this file from the data sets that scikit-learn carries.

usage: export.py            write iris.csv, wine.csv, breast_cancer.csv, digits.csv, diabetes.csv
       export.py --check    write nothing; exit 1 if a committed file differs from a fresh export
"""

import argparse
import re
import sys
from pathlib import Path

from sklearn import datasets

FOLDER = Path(__file__).resolve().parent


def column(name):
    """`sepal length (cm)` and `od280/od315_of_diluted_wines` become names that need no quoting."""
    name = re.sub(r"\s*\(.*?\)", "", name)
    return re.sub(r"[^0-9a-zA-Z]+", "_", name).strip("_").lower()


def number(value):
    """The shortest text that reads back as the same double; whole numbers without a point."""
    value = float(value)
    return str(int(value)) if value.is_integer() else repr(value)


def table(data, target_name, target_word):
    lines = [",".join([*map(column, data.feature_names), target_name])]
    for row, target in zip(data.data, data.target):
        lines.append(",".join([*map(number, row), target_word(target)]))
    return "\n".join(lines) + "\n"


def named_classes(data):
    return lambda target: str(data.target_names[target])


def tables():
    iris = datasets.load_iris()
    wine = datasets.load_wine()
    breast_cancer = datasets.load_breast_cancer()
    digits = datasets.load_digits()
    diabetes = datasets.load_diabetes(scaled=False)
    return {
        "iris.csv": table(iris, "species", named_classes(iris)),
        "wine.csv": table(wine, "class", named_classes(wine)),
        "breast_cancer.csv": table(breast_cancer, "diagnosis", named_classes(breast_cancer)),
        "digits.csv": table(digits, "digit", number),
        "diabetes.csv": table(diabetes, "progression", number),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    arguments = parser.parse_args()
    stale = []
    for name, text in tables().items():
        path = FOLDER / name
        if arguments.check:
            if not path.exists() or path.read_bytes() != text.encode():
                stale.append(name)
        else:
            path.write_bytes(text.encode())
    for name in stale:
        print(f"examples/data/{name} differs from a fresh export", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
