"""Webhooks become rows: each event once, its rows landed and the event stored before the sender hears that it came.

Rows first, the event last: after a kill in between the sender sends again, and saying a thing twice changes nothing.
"""

import hashlib
import json
import logging
import re
import threading
import time
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import polars.selectors as cs

from aurora.contracts import Row, Table
from aurora.contracts.delivery import Environments, Repositories
from aurora.contracts.platform import ReceivedEvents
from aurora.errors import ContractError
from ingest.check import Stamp
from ingest.connector import Json, Run
from ingest.history import Outcome, record_run, sync_row
from ingest.land import Landed, land
from ingest.vendors.hooks import Headers, HookOptions, Said, Vendor
from ingest.vendors.hooks_merge import merged
from warehouse.lake import Batch, Lake

log = logging.getLogger("aurora.hooks")
STREAM = "hook"
REMEMBERED = timedelta(days=30)
RECORD_EVERY_S = 60.0
MAX_NAME = 200
STEADY = (Repositories, Environments)
BROKEN = (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError, OSError, RecursionError)
SECRETS = "password|passwd|pwd|passphrase|secret|token|credentials?|authorization|api[_-]?key|variables"
_SECRET = re.compile(rf"(^|[_-]|(?<=[a-z])(?=[A-Z]))(?i:{SECRETS})$")
HIDDEN, DEEPEST = "[hidden]", 50


@dataclass(frozen=True)
class Taken:
    """What became of an event: its id, the rows that are news, whether it had come before, and what was odd."""

    event_id: str
    row_count: int = 0
    is_known: bool = False
    note: str | None = None


class Inbox:
    """Takes the events of one hook, one after the other."""

    def __init__(self, lake: Lake, vendor: Vendor, source_instance: str, options: HookOptions) -> None:
        self.lake, self.vendor, self.source, self.options = lake, vendor, source_instance, options
        self._lock = threading.Lock()
        self._known: dict[str, None] | None = None
        self._steady: dict[str, Row] = {}
        self._landed, self._unknown, self._notes = Landed(), 0, list[str]()
        self._recorded = -RECORD_EVERY_S
        self._began_at = datetime.now(UTC)

    def take(self, headers: Headers, body: bytes) -> Taken:
        """Land and store an event whose signature is right. Raises ContractError for what is no JSON object."""
        told = json_object(body)
        with self._lock:
            event_id = f"{self.source}:{self._name(headers, body)}"
            if event_id in self._remembered():
                return Taken(event_id, is_known=True)
            now = datetime.now(UTC)
            stamp = Stamp(self.vendor.name, self.source, uuid.uuid4().hex, now)
            try:
                landed, occurred_at, note = self._rows(headers, told, stamp)
                self._store(event_id, headers, told, occurred_at, stamp)
            except Exception:
                self._steady.clear()  # what did not land has not been said
                raise
            self._remembered()[event_id] = None
            self._record(landed, note, now)
            return Taken(event_id, landed.row_count, note=note)

    def close(self) -> None:
        """Tell what was received since it was told last."""
        with self._lock:
            if self._landed != Landed() or self._notes:
                self._tell(datetime.now(UTC))

    def _name(self, headers: Headers, body: bytes) -> str:
        """The delivery's own name, else the hash of its body."""
        name = self.vendor.delivery(headers)
        if name and len(name) <= MAX_NAME and name.isprintable():
            return name
        return hashlib.sha256(body).hexdigest()

    def _remembered(self) -> dict[str, None]:
        if self._known is None:
            since = (datetime.now(UTC) - REMEMBERED).replace(tzinfo=None)
            mine = (pl.col("source_instance") == self.source) & (pl.col("received_at") >= since)
            ids = self.lake.scan(ReceivedEvents).filter(mine).select("event_id").collect()["event_id"]
            self._known = dict.fromkeys(ids)
        return self._known

    def _rows(self, headers: Headers, told: Json, stamp: Stamp) -> tuple[Landed, datetime | None, str | None]:
        """Land what the event says; one of another shape than is known is stored all the same."""
        run = self._run(stamp.at)
        try:
            kind = self.vendor.kind(headers, told)
            said = list(self.vendor.said(run, kind, told)) if kind else []
        except BROKEN as error:
            log.warning("%s: an event has an unexpected shape", self.source, exc_info=error)
            why = f"{type(error).__name__}: {error}"[:MAX_NAME]
            return Landed(), None, f"an event has an unexpected shape ({why}): no row was made of it"
        self._unknown += sum(run.unknown_words.values())
        landed = Landed()
        said = [one for one in said if not self._is_repeated(one)]
        for table in dict.fromkeys(one.table for one in said):
            landed += self._land(table, [one for one in said if one.table is table], stamp)
        quarantined = f"{landed.quarantined_count} rows are quarantined" if landed.quarantined_count else None
        return landed, _occurred(said), quarantined

    def _is_repeated(self, one: Said) -> bool:
        """Whether it says of a repository or environment what the event before said: most events do."""
        if one.table not in STEADY:
            return False
        key = one.row[one.table.spec.key[0]]
        if self._steady.get(key) == one.row:
            return True
        self._steady[key] = one.row
        return False

    def _run(self, now: datetime) -> Run[HookOptions]:
        deadline = time.monotonic() + 60
        return Run(self.source, STREAM, self.options, now, now, None, deadline, timedelta(minutes=1))

    def _land(self, table: type[Table], said: list[Said], stamp: Stamp) -> Landed:
        """Each row laid over what is known of it, again if somebody else was quicker."""
        key, stream = table.spec.key[0], f"{self.source}/{STREAM}"
        while True:
            number = self.lake.cursor(table, stream)[0] + 1
            ids = [one.row[key] for one in said]
            found = self.lake.scan(table).filter(pl.col(key).is_in(ids)).collect()
            known = {row[key]: row for row in found.with_columns(cs.datetime().dt.replace_time_zone("UTC")).to_dicts()}
            rows: list[Row] = []
            for one in said:
                if (row := merged(one, known.get(one.row[key]))) is not None:
                    known[row[key]] = row
                    rows.append(row)
            if not rows:
                return Landed()
            landed = land(self.lake, table, rows, stamp, Batch(stream, number))
            if not landed.repeated:
                return landed

    def _store(self, event_id: str, headers: Headers, told: Json, occurred_at: datetime | None, stamp: Stamp) -> None:
        row = {
            "event_id": event_id,
            "route": f"/hooks/{self.vendor.name}",
            "kind": _kind(self.vendor, headers, told),
            "signature": "valid",
            "payload": json.dumps(hidden(told), ensure_ascii=False),
            "received_at": stamp.at,
            "occurred_at": occurred_at,
        }
        stream = f"{self.source}/{STREAM}"
        while True:
            number = self.lake.cursor(ReceivedEvents, stream)[0] + 1
            landed = land(self.lake, ReceivedEvents, [row], stamp, Batch(stream, number))
            if not landed.repeated:
                return

    def _record(self, landed: Landed, note: str | None, now: datetime) -> None:
        """One row of sync_runs a minute at most, so that Sources tells what was received."""
        self._landed += replace(landed, row_count=landed.row_count + 1)  # the event itself
        self._notes += [note] if note else []
        if time.monotonic() - self._recorded >= RECORD_EVERY_S:
            self._tell(now)

    def _tell(self, now: datetime) -> None:
        status = "partial" if self._notes else "success"
        outcome = Outcome(self.source, STREAM, status, self._landed, self._notes[-1] if self._notes else None)
        row = sync_row(self.vendor.name, STREAM, self._began_at, now, outcome)
        row |= {"unknown_enum_count": self._unknown, "error_class": "partial" if self._notes else None}
        record_run(self.lake, self.source, STREAM, uuid.uuid4().hex, row, now)
        self._landed, self._unknown, self._notes = Landed(), 0, []
        self._recorded, self._began_at = time.monotonic(), now


def _kind(vendor: Vendor, headers: Headers, told: Json) -> str | None:
    try:
        kind = vendor.kind(headers, told)
    except BROKEN:
        return None
    return kind[:MAX_NAME] if kind else None


def _occurred(said: list[Said]) -> datetime | None:
    """When it happened: the newest instant of change that its rows tell."""
    told = [one.row.get(name) or one.otherwise.get(name) for one in said for name in ("updated_at", "finished_at")]
    return max((at for at in told if isinstance(at, datetime)), default=None)


def json_object(body: bytes) -> Json:
    """The body as a JSON object. Raises ContractError with one sentence."""
    try:
        # Half of a surrogate pair is JSON and no text: it becomes a question mark.
        text = json.dumps(json.loads(body, parse_constant=_no_number), ensure_ascii=False)
        told = json.loads(text.encode(errors="replace"))
    except RecursionError:
        raise ContractError("the body is JSON that stands too deep in itself") from None
    except ValueError as error:
        raise ContractError(f"the body is not JSON ({error})") from None
    if not isinstance(told, dict):
        raise ContractError("the body is no JSON object")
    return told


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number")


def hidden(told: Any, depth: int = 0) -> Any:
    """The same without what may be a secret: variables of pipelines, and whatever is named like one."""
    if depth > DEEPEST:
        return HIDDEN
    if isinstance(told, dict):
        return {name: _hidden(name, value, depth) for name, value in told.items()}
    if isinstance(told, list):
        return [hidden(value, depth + 1) for value in told]
    return told


def _hidden(name: str, value: Any, depth: int) -> Any:
    return HIDDEN if value and _SECRET.search(name) else hidden(value, depth + 1)
