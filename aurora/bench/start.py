"""Start times: the command, against a bare Python; the web server, against a bare Streamlit app of one line."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from aurora.bench.demo import settings_in
from aurora.bench.frame import Bench, Figure, SkippedError, benchmark
from aurora.bench.measure import medians
from aurora.settings import ROOT, environment_for

TIMES = 5
WEB_TIMES = 3
ANSWER_WITHIN_S = 30.0
HELLO = """
import sys
import streamlit as st, uvicorn
uvicorn.run(st.App(sys.argv[1]), host="127.0.0.1", port=int(sys.argv[2]), log_level="error")
"""


@benchmark
def start(bench: Bench) -> Iterator[Figure]:
    """Milliseconds of `aurora --version`, and from starting the web server to its first answer of any status."""
    ours, bare = medians(bench.size(TIMES), lambda: _run("-m", "aurora.cli", "--version"), lambda: _run("-c", "pass"))
    yield Figure("aurora --version / python -c pass", 1000 * ours, "ms", 1000 * bare)
    if not (ROOT / "app.py").exists():
        raise SkippedError("there is no app.py to serve")
    page = bench.folder / "hello.py"
    page.write_text('import streamlit as st\nst.write("hello")\n', encoding="utf-8")
    ours, bare = medians(bench.size(WEB_TIMES), lambda: _serve_aurora(bench.folder), lambda: _serve_hello(page))
    yield Figure("web server to /healthz / bare Streamlit app", 1000 * ours, "ms", 1000 * bare)


def _run(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def _serve_aurora(folder: Path) -> None:
    port = free_port()
    settings = settings_in(folder).model_copy(update={"port": port})
    _serve(["-m", "aurora.cli", "web"], f"http://127.0.0.1:{port}/healthz", environment_for(settings))


def _serve_hello(page: Path) -> None:
    port = free_port()
    _serve(["-c", HELLO, str(page), str(port)], f"http://127.0.0.1:{port}/", dict(os.environ))


def _serve(arguments: list[str], url: str, environment: Mapping[str, str]) -> None:
    """Start a server, wait for its first answer, kill it. Raises SkippedError if none comes."""
    server = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + ANSWER_WITHIN_S
        while not answers(url):
            if server.poll() is not None or time.monotonic() > until:
                raise SkippedError(f"{' '.join(arguments[:3])!r} gave no answer within {ANSWER_WITHIN_S:.0f} s")
            time.sleep(0.01)
    finally:
        server.kill()
        server.wait()


def answers(url: str) -> bool:
    """True if a server answers there, whatever the status."""
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 -- always http, to this machine
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
