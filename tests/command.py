"""The command line in this process, for all who ask what it says; test_cli asks processes too."""

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from aurora.cli import run
from tests.frames import ROOT


@dataclass
class Said:
    """What a command came to."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()


def aurora(data: Path, config: Path, *words: str) -> Said:
    """A command in this process."""
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setenv("COLUMNS", "200")
        code = run(["--data", str(data), "--config", str(config), *words])
    assert isinstance(out.buffer, io.BytesIO)
    return Said(code, out.buffer.getvalue(), err.getvalue())


def process(data: Path, config: Path, *words: str) -> Said:
    """A command in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AURORA_")}
    command = [sys.executable, "-m", "aurora.cli", "--data", str(data), "--config", str(config), *words]
    done = subprocess.run(command, capture_output=True, env=environment | {"COLUMNS": "200"}, cwd=ROOT, timeout=60)
    return Said(done.returncode, done.stdout, done.stderr.decode())
