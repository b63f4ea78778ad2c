"""What the tests of other processes share."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest


@pytest.fixture
def start():
    """Starts Python programs whose output is read; none of them outlives its test."""
    started = []

    def begin(code, *arguments):
        command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()
