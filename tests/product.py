"""Aurora as its user starts it: `aurora up` in a folder of its own on a free port."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aurora.settings import ROOT
from tests.servers import free_ports

START_S = 300


@dataclass
class Product:
    """A running Aurora."""

    url: str
    folder: Path
    process: "subprocess.Popen[bytes]"

    def health(self) -> tuple[int, dict[str, Any]]:
        """Status and body of /healthz; 0 while nothing answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except OSError:
            return 0, {}

    def wait(self) -> None:
        """Until it is healthy."""
        until = time.monotonic() + START_S
        while self.health()[0] != 200:
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < until, f"{self.health()} {self.log()}"
            time.sleep(0.1)

    def aurora(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """The result of an `aurora` command on the same folder."""
        command = [sys.executable, "-m", "aurora.cli", *arguments]
        return subprocess.run(
            command, env=environment(self.folder), cwd=ROOT, capture_output=True, text=True, timeout=300
        )

    def log(self) -> str:
        """What it printed."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def end(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)


def environment(folder: Path) -> dict[str, str]:
    """The environment of a child on that folder."""
    own = {"AURORA_DATA": str(folder / "data"), "AURORA_CONFIG": str(folder / "aurora.toml"), "NO_COLOR": "1"}
    return {name: value for name, value in os.environ.items() if not name.startswith(("AURORA_", "PORT"))} | own


@contextmanager
def started(folder: Path, *arguments: str, port: int | None = None) -> Iterator[Product]:
    """A product that is ended in the end, however the test ended."""
    port = port or free_ports(1)[0]
    command = [sys.executable, "-m", "aurora.cli", "up", "--port", str(port), *arguments]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, env=environment(folder), cwd=ROOT, stdout=log, stderr=log)
    try:
        yield Product(f"http://127.0.0.1:{port}", folder, process)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def chromium() -> str:
    """The browser's path; where there is none the test is skipped with a line, in CI it fails."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        said = "no Chromium on this machine: the pages are not looked at in a browser"
        pytest.fail(said) if os.environ.get("CI") == "true" else pytest.skip(said)
    return str(found)
