"""The package's types, by a type checker; and that the stubs are those of the native half."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import caviar

HERE = Path(__file__).parent
OPTIONS = str(HERE.parent / "pyproject.toml")

USE = """
import numpy as np
import caviar
import caviar.graph as tf
from caviar import MLPClassifier, Study

net: MLPClassifier = MLPClassifier((8,)).fit(np.zeros((4, 2)), [0, 1, 0, 1])
reveal_type(Study("x").state)
reveal_type(tf.constant(1.0) + 2.0)
caviar.DivergedError("x")
"""


def check(*arguments):
    done = subprocess.run([sys.executable, "-m", *arguments], capture_output=True, text=True, cwd=HERE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("what", [["mypy", "--config-file", OPTIONS, "-p", "caviar"]])
def test_the_types_of_the_package_hold(what):
    check(*what)


def test_the_stubs_are_those_of_the_native_half():
    check("mypy.stubtest", "caviar._caviar")


def test_users_see_types(tmp_path):
    assert (Path(caviar.__file__).parent / "py.typed").exists()
    (tmp_path / "use.py").write_text(USE)
    said = check("mypy", "--config-file", OPTIONS, str(tmp_path / "use.py"))
    assert 'Revealed type is "str"' in said.replace("builtins.", "")
    assert "_tensor.Tensor" in said
