"""`aurora up`: one command, two supervised processes (web and worker), one clean end."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aurora.errors import AlreadyRunningError, AuroraError
from aurora.settings import ROOT, Settings, environment_for
from warehouse.locks import holder, locked

END_WITHIN_S = 4.0
FIRST_LOAD_S = 40.0
Say = Callable[[str], None]
GIT_SOURCE = '[[source]]\nname = "git"\nconnector = "git"\npaths = ["."]\n'


@dataclass
class Child:
    """A supervised process: started again when it dies, a little later each time."""

    name: str
    command: list[str]
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    start_at: float = 0.0
    started_at: float = field(default=0.0)

    def keep_alive(self, say: Say) -> None:
        """Start it if it does not run and its pause is over."""
        if self.process is not None and self.process.poll() is None:
            return
        now = time.monotonic()
        if self.process is not None:
            self.failures = 1 if now - self.started_at > 60 else self.failures + 1
            pause = min(30.0, 2.0**self.failures / 2)
            say(f"{self.name} ended with code {self.process.returncode}: starting it again in {pause:.0f} s")
            self.start_at, self.process = now + pause, None
        if now >= self.start_at:
            self.started_at = now
            self.process = subprocess.Popen(self.command, env=self.environment, cwd=ROOT)

    def end(self) -> None:
        """Ask it to end."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def reap(self, until: float) -> None:
        """Wait for it until then, then kill it."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def write_template(config: Path) -> bool:
    """Write a commented aurora.toml where there is none; True if it was written."""
    if config.exists():
        return False
    config.parent.mkdir(parents=True, exist_ok=True)
    text = (Path(__file__).parent / "template.toml").read_text(encoding="utf-8")
    if not (ROOT / ".git").exists():  # as in a container: a source that can only fail helps nobody
        text = text.replace(GIT_SOURCE, "".join(f"# {line}\n" for line in GIT_SOURCE.splitlines()))
    config.write_text(text, encoding="utf-8")
    return True


def up(settings: Settings, say: Say) -> int:
    """Run Aurora until SIGINT or SIGTERM; returns the exit code.

    Raises AlreadyRunningError if another Aurora holds the data folder, AuroraError if the port is taken.
    """
    lock = settings.data / "locks" / "up.lock"
    try:
        with locked(lock, wait=False):
            _refuse_taken_port(settings)
            return _supervise(settings, say)
    except AlreadyRunningError as error:
        raise AlreadyRunningError(
            f"Aurora runs already on {settings.data}, as process {holder(lock)}: stop it, or choose another --data"
        ) from error


def _supervise(settings: Settings, say: Say) -> int:
    environment = environment_for(settings)
    web, worker = (Child(name, _aurora(name), environment) for name in ("web", "worker"))
    with _stopping() as stop:
        web.keep_alive(say)
        if not (settings.published / "current.json").exists():
            _load_first(environment, stop)
        say(f"Aurora is at http://{settings.host}:{settings.port}  (Ctrl-C ends it)")
        while not stop.is_set():
            worker.keep_alive(say)
            web.keep_alive(say)
            stop.wait(0.5)
    until = time.monotonic() + END_WITHIN_S
    for child in (web, worker):
        child.end()
    for child in (web, worker):
        child.reap(until)
    return 0


def _load_first(environment: dict[str, str], stop: threading.Event) -> None:
    """Fill an empty lake with progress bars on the terminal, so that the first screen has rows.

    A source that takes longer is left to the worker, which goes on where the loader stopped.
    """
    loader = subprocess.Popen(_aurora("ingest"), env=environment, cwd=ROOT)
    until = time.monotonic() + FIRST_LOAD_S
    while loader.poll() is None and not stop.wait(0.2) and time.monotonic() < until:
        pass
    if loader.poll() is None:
        loader.terminate()
        loader.wait()


def _aurora(command: str) -> list[str]:
    return [sys.executable, "-m", "aurora.cli", command]


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    yield stop


def _refuse_taken_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise AuroraError(
                f"port {settings.port} on {settings.host} cannot be used ({error.strerror}): choose another with --port"
            ) from error


def end_with_parent(stop: Callable[[], None]) -> None:
    """Call `stop` when the supervising process has gone, however it went."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        stop()

    threading.Thread(target=watch, daemon=True, name="parent-watch").start()
