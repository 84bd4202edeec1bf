"""What was received becomes visible: requests wait in a bounded queue, one thread lands them once a second."""

import logging
import queue
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aurora.contracts import Table
from aurora.contracts.estate import Components
from aurora.contracts.operations import MetricSeries
from aurora.errors import AuroraError
from ingest.check import Stamp
from ingest.history import Outcome, record_run, sync_row
from ingest.land import Landed, land
from ingest.vendors.otlp import decoded
from ingest.vendors.otlp_components import SOURCE
from ingest.vendors.otlp_intake import TABLES, Intake, Rows, Taken
from ingest.vendors.otlp_wire import request_of
from warehouse.heartbeat import nudge
from warehouse.lake import Batch, Lake
from warehouse.locks import is_held
from warehouse.publish import publish

log = logging.getLogger("aurora.receive")
MAX_WAITING = 64  # requests of at most 10,000 points each
LAND_EVERY_S = 1.0
RECORD_EVERY_S = 60.0
STREAM = "metrics"
ALL_OVER = timedelta(days=30)


class FullError(AuroraError):
    """More is being sent than lands; try again in a second."""


class Receiver:
    """Takes requests from many threads, lands their rows from one of its own; started by the first request."""

    def __init__(self, data: Path, lake: Lake) -> None:
        self.data, self.lake = data, lake
        self._queue: queue.Queue[Rows] = queue.Queue(MAX_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._recorded_at = datetime.now(UTC)
        self._intake = Intake(self._recorded_at)
        self._landed, self._error = Landed(), ""

    def take(self, content_type: str, body: bytes) -> Taken:
        """Take one request; its rows land within seconds. Raises ContractError for no request, FullError."""
        request = request_of(content_type, body)
        now = datetime.now(UTC)
        points = decoded(request, now)
        with self._lock:
            # Asked first: what a total says can be told only once.
            if self._queue.full() or self._stop.is_set():
                raise FullError("more is sent than can be stored at the moment: try again in a second")
            self._start()
            taken = self._intake.take(points, now)
            self._queue.put_nowait(taken.rows)
        return taken

    def close(self, wait_s: float = 10.0) -> None:
        """Land what was taken, minutes that are not over included, and end."""
        with self._lock:
            self._stop.set()
            thread = self._thread
        if thread:
            thread.join(wait_s)

    def _start(self) -> None:
        if self._thread is None:
            self._intake.remember(self._known())
            self._thread = threading.Thread(target=self._run, name="receiver", daemon=True)
            self._thread.start()

    def _known(self) -> dict[str, datetime]:
        """When the components and series that were received before were first seen."""
        found: dict[str, datetime] = {}
        tables: tuple[tuple[type[Table], str], ...] = ((Components, "component_id"), (MetricSeries, "series_id"))
        for table, key in tables:
            frame = self.lake.read(table)
            mine = frame.filter(frame["source_instance"] == SOURCE).select(key, "first_seen_at")
            found |= {name: at.replace(tzinfo=UTC) for name, at in mine.iter_rows()}
        return found

    def _run(self) -> None:
        held: Rows = {}
        while True:
            began, is_ending, is_fresh = time.monotonic(), self._stop.is_set(), not any(held.values())
            held = self._landed_or_held(self._gathered(is_ending) if is_fresh else held)
            if is_ending and any(held.values()):
                log.error("the last metrics received could not be stored: %s", self._error)
                return
            if is_ending and is_fresh:
                return
            self._stop.wait(max(0.0, LAND_EVERY_S - (time.monotonic() - began)))

    def _gathered(self, is_ending: bool) -> Rows:
        """All that waits, and the minutes that are over."""
        with self._lock:
            found = [self._intake.due(datetime.now(UTC) + (ALL_OVER if is_ending else timedelta(0)))]
        while not self._queue.empty():
            found.append(self._queue.get_nowait())
        return {table: [row for rows in found for row in rows.get(table, [])] for table in TABLES}

    def _landed_or_held(self, rows: Rows) -> Rows:
        """{} once the rows have landed and are shown; what is left of them, to be tried again, if they could not."""
        left = dict(rows)
        now = datetime.now(UTC)
        stamp = Stamp(SOURCE, SOURCE, uuid.uuid4().hex, now)
        try:
            for table in TABLES:
                if rows.get(table):
                    self._land(table, rows, stamp)
                left.pop(table, None)
            self._record(now)
            if any(rows.values()):
                show(self.data, self.lake)
        except Exception as error:  # the thread must outlive a full disk; senders are told to wait meanwhile
            if str(error) != self._error:
                log.error("metrics received wait to be stored: %s", error)
            self._error = str(error)
            return left
        self._error = ""
        return {}

    def _land(self, table: type[Table], rows: Rows, stamp: Stamp) -> None:
        stream = f"{SOURCE}/{STREAM}"
        while True:
            landed = land(self.lake, table, rows[table], stamp, Batch(stream, self.lake.cursor(table, stream)[0] + 1))
            self._landed += landed
            if not landed.repeated:
                return

    def _record(self, now: datetime) -> None:
        """One row of sync_runs a minute, so that Sources tells what was received."""
        is_due = (now - self._recorded_at).total_seconds() >= RECORD_EVERY_S or self._stop.is_set()
        if is_due and self._landed != Landed():
            outcome = Outcome(SOURCE, STREAM, "success", self._landed)
            row = sync_row(SOURCE, STREAM, self._recorded_at, now, outcome)
            record_run(self.lake, SOURCE, STREAM, uuid.uuid4().hex, row, now)
        if is_due:
            self._landed, self._recorded_at = Landed(), now


def show(data: Path, lake: Lake) -> None:
    """Have what was just committed published: by the worker if one runs, else here."""
    if is_held(data / "locks" / "worker.lock"):
        nudge(data)
    else:
        publish(lake, data)
