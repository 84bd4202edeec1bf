"""Questions in SQL of anybody who may sign in: read-only, in a process of their own, within limits, in a fair order."""

import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pyarrow as pa

from aurora.errors import CancelledError, NotPublishedError, QueryError, RefusedError
from aurora.explore.child import Place, Request
from aurora.explore.files import Format
from aurora.explore.process import Process, Spares
from aurora.explore.turns import Turns
from warehouse.publish import Generation, current


@dataclass(frozen=True)
class Limits:
    """What one query may take; more than `rows` are not told."""

    wall_s: float = 30.0
    cpu_s: int = 30
    memory_mb: int = 4000
    rows: int = 5000


@dataclass(frozen=True)
class Answer:
    """Rows of a query (instants UTC, without a zone), whether there are more, and of which generation they are."""

    frame: pl.DataFrame
    is_capped: bool
    duration_ms: float
    generation: int


ASKING = Limits()
SAVING = Limits(wall_s=900.0, cpu_s=1800)


class Handle:
    """A way to stop a query from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: Process | None = None
        self.is_cancelled = False

    def cancel(self) -> None:
        """Stop the query, now or as soon as it starts; it raises CancelledError. Nothing happens if it has ended."""
        with self._lock:
            self.is_cancelled = True
            if self._process:
                self._process.stop()

    def holds(self, process: Process | None) -> None:
        """Say which process answers, None when it has."""
        with self._lock:
            self._process = process
            if process and self.is_cancelled:
                process.stop()


_turns = Turns()
_saves = Turns(places=2, wait_s=300.0)
_spares = Spares()


def ask(
    published: Path,
    sql: str,
    params: Mapping[str, object] = {},
    *,
    actor: str = "local",
    limits: Limits = ASKING,
    handle: Handle | None = None,
) -> Answer:
    """The answer to one query of the newest generation; `$name` in the SQL takes the parameter of that name.

    Raises RefusedError for what may not be asked or waits too long, QueryError for what fails or takes more than the
    limits, CancelledError if the handle was used, NotPublishedError before the first generation.
    """
    handle = handle or Handle()
    request = Request(Place("", ""), sql, dict(params), limits.memory_mb, limits.cpu_s, limits.wall_s, limits.rows)
    with _turns.turn(actor, lambda: handle.is_cancelled):
        rows, told, generation = _settled(published, request, handle)
    return Answer(_frame(rows), told["is_capped"], told["duration_ms"], generation)


def save(
    published: Path,
    sql: str,
    params: Mapping[str, object],
    target: Path,
    format: Format,
    *,
    actor: str = "local",
    limits: Limits = SAVING,
    handle: Handle | None = None,
) -> int:
    """Write ALL rows of a query to a file and say how many they are; the file is there whole, or as it was before.

    Raises what `ask` raises. Exports have a queue of their own, so that none keeps questions waiting.
    """
    handle = handle or Handle()
    if not target.parent.is_dir():
        raise QueryError(f"{target.parent}: there is no such folder to save into")
    with (
        _saves.turn(actor, lambda: handle.is_cancelled),
        TemporaryDirectory(dir=target.parent, prefix=".aurora-save-") as folder,
    ):
        written = Path(folder) / f"rows.{format}"
        place = Place("", "", folder)
        request = Request(place, sql, dict(params), limits.memory_mb, limits.cpu_s, limits.wall_s, limits.rows)
        _, told, _ = _settled(published, replace(request, save=(str(written), format)), handle)
        written.replace(target)
    return int(told["row_count"])


def prepare(published: Path, *, wait: bool = False) -> None:
    """Start the processes of the next queries in advance; nothing happens before the first generation.

    `wait`: return once they could answer.
    """
    generation = current(published)
    if generation:
        _spares.prepare(_place(published, generation))
    if wait:
        _spares.are_ready()


def close() -> None:
    """End the processes that wait for the next queries."""
    _spares.close()


def _newest(published: Path) -> Generation:
    generation = current(published)
    if generation is None:
        raise NotPublishedError("nothing is published yet: start Aurora with `aurora up`, or run `aurora ingest`")
    return generation


def _place(published: Path, generation: Generation, folder: str = "") -> Place:
    return Place(str(published / generation.file), f"{generation.root}/lake", folder)


def _settled(published: Path, request: Request, handle: Handle) -> tuple[bytes, dict[str, Any], int]:
    """Rows, what is told of them, and their generation; raises what the query failed with."""
    generation = _newest(published)
    rows, told = _run(published, generation, request, handle)
    if told["kind"] == "gone" and (newer := _newest(published)) != generation:
        # Compaction took a file away from an old generation: look again, once.
        generation = newer
        rows, told = _run(published, generation, request, handle)
    if told["kind"] != "ok":
        raise (RefusedError if told["kind"] == "refused" else QueryError)(_sentence(told, request))
    return rows, told, generation.number


def _run(published: Path, generation: Generation, request: Request, handle: Handle) -> tuple[bytes, dict[str, Any]]:
    place = _place(published, generation, request.place.folder)
    process = Process(place) if place.folder else _spares.take(place)
    handle.holds(process)
    try:
        rows, told, code = process.answer(replace(request, place=place))
    finally:
        handle.holds(None)
        _spares.prepare(replace(place, folder=""))  # now, so that its imports do not slow this query
    if handle.is_cancelled:
        raise CancelledError("The query was stopped.")
    return rows, told if code == 0 and told else {"kind": _why(code)}


def _why(code: int | None) -> str:
    if code is None:
        return "slow"
    by_signal = {-signal.SIGXCPU: "busy", -signal.SIGKILL: "killed"}
    return "broken" if code >= 0 else by_signal.get(code, "crashed")


def _sentence(told: Mapping[str, Any], request: Request) -> str:
    most = f"{request.memory_mb / 1000:g} GB"
    sentences = {
        "slow": f"The query took more than {request.wall_s:g} s: ask for less, or a shorter time.",
        "busy": f"The query took more than {request.cpu_s} s of computing: ask for less, or a shorter time.",
        "broken": "The query could not be started: is there memory and disk space left on the machine?",
        "memory": f"The query took more than {most} of memory: ask for fewer rows or columns.",
        "crashed": f"The query broke off: it takes more than {most} of memory or is nested too deeply.",
        "killed": "The query was ended by the machine, whose memory ran out: ask for fewer rows or columns.",
    }
    return sentences.get(told["kind"]) or str(told.get("message", "The query failed."))


def _frame(rows: bytes) -> pl.DataFrame:
    return pl.DataFrame(pa.ipc.open_stream(rows).read_all())
