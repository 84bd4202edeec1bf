"""Processes of queries: one for each query, the next one started in advance, so that nobody waits for imports."""

import atexit
import json
import os
import pickle
import select
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from aurora.explore.child import Place, Request

START_S = 60.0
ROOT = Path(__file__).resolve().parents[2]
# Nothing of the app's environment; the allocators keep to few arenas, since address space is what is bounded.
ENVIRONMENT = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "2", "LC_ALL": "C.UTF-8"}
# Without numpy, which nothing here needs, the imports take two thirds of the time.
CODE = """
import sys
sys.modules["numpy"] = None
sys.path.insert(0, sys.argv[1])
from aurora.explore.child import main
main()
"""


class Process:
    """One process, for one query."""

    def __init__(self, place: Place) -> None:
        """Start it, so that it imports and opens what it needs for the place."""
        self.place = place
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", CODE, str(ROOT)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=ENVIRONMENT, start_new_session=True,
        )  # fmt: skip
        self._say(place)

    def _say(self, place: Place) -> None:
        if self._process.stdin:
            with suppress(OSError):
                self._process.stdin.write(pickle.dumps(place))
                self._process.stdin.flush()

    @property
    def is_alive(self) -> bool:
        """False once it has ended."""
        return self._process.poll() is None

    def answer(self, request: Request) -> tuple[bytes, dict[str, Any], int | None]:
        """What it wrote, what it told of that ({} if nothing), and its exit code, None if it took too long.

        The time that it needs to start is not the query's.
        """
        if self.is_ready() and self._process.stderr:
            os.read(self._process.stderr.fileno(), 1)
        try:
            out, err = self._process.communicate(pickle.dumps(request), timeout=request.wall_s)
        except subprocess.TimeoutExpired:
            return b"", {}, None
        finally:
            self.kill()
        return out, _told(err), self._process.returncode

    def is_ready(self, wait_s: float = START_S) -> bool:
        """True once it has opened what it needs, or has failed to; waits for that."""
        return bool(self._process.stderr and select.select([self._process.stderr], [], [], wait_s)[0])

    def stop(self) -> None:
        """End it and whatever it started, from any thread; who waits for its answer goes on."""
        if self._process.returncode is None:
            with suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def kill(self) -> None:
        """End it, and forget it."""
        self.stop()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe:
                with suppress(OSError):
                    pipe.close()


class Spares:
    """Processes that wait for the next queries: as many as one actor may run at once."""

    def __init__(self, count: int = 2) -> None:
        self._count = count
        self._lock = threading.Lock()
        self._waiting: list[Process] = []
        atexit.register(self.close)

    def take(self, place: Place) -> Process:
        """A process that nobody has used, the one that was started first."""
        with self._lock:
            self._forget_unfit(place)
            return self._waiting.pop(0) if self._waiting else Process(place)

    def prepare(self, place: Place) -> None:
        """Have some waiting for the place, once it has a lake: a process is confined to folders that are there."""
        with self._lock:
            self._forget_unfit(place)
            if Path(place.lake).is_dir():
                self._waiting += [Process(place) for _ in range(self._count - len(self._waiting))]

    def are_ready(self) -> bool:
        """True once all that wait could answer at once; waits for that."""
        return all(process.is_ready() for process in self._waiting)

    def close(self) -> None:
        """End those that wait."""
        with self._lock:
            for process in self._waiting:
                process.kill()
            self._waiting.clear()

    def _forget_unfit(self, place: Place) -> None:
        for process in [one for one in self._waiting if not (one.is_alive and one.place.is_beside(place))]:
            process.kill()
            self._waiting.remove(process)


def _told(err: bytes) -> dict[str, Any]:
    """The last line that it wrote, if it came as far; libraries may have written before."""
    try:
        told = json.loads(err.rpartition(b"\n")[2])
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
