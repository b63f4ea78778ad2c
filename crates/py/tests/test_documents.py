"""The examples of the documents, and the notebooks, run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import matplotlib
import pytest

matplotlib.use("Agg")
HERE = Path(__file__).parent
ROOT = HERE.parents[2]


def blocks(path):
    return re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("name", ["docs/python.md", "README.md", "crates/py/README.md"])
def test_the_pieces_of_python_run_in_order(name):
    pieces, names = blocks(ROOT / name), {}
    assert pieces
    for piece in pieces:
        exec(compile(piece, name, "exec"), names)


@pytest.mark.parametrize("path", sorted((HERE.parent / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_the_notebooks_run(path):
    notebook, names = json.loads(path.read_text(encoding="utf-8")), {}
    assert notebook["nbformat"] == 4
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert not cell["outputs"]
            exec(compile("".join(cell["source"]), path.name, "exec"), names)
