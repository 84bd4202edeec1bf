"""Recorded exchanges in place of a vendor: a `requests` adapter that answers from a file and refuses what is not in it.

A recording tests/recorded/<connector>/<stream>.json holds {"options", "now", "exchanges"} and, at will, "cursor" and
"since". An exchange is {"request": {"method", "path", "params" | "form" | "json"}, "response": {"status", "headers",
"body"}}: what the request names must be asked so, other parameters are free; a body that is no text is sent as JSON.
Each exchange answers once, the first that fits and is unused; tests/recorded/<connector>/<stream>.golden.json is the
list of [table name, row] that must come out, instants as ISO text.
"""

import io
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import polars as pl
import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from aurora.contracts import Row, Table
from ingest.connector import Checkpoint, Connector, Cursor, Item, Run
from ingest.http import Http

Json = Any
RECORDED = Path(__file__).parent / "recorded"
SOURCE = "test"
STAMP = {"source": SOURCE, "source_instance": SOURCE, "run_id": "1", "ingested_at": datetime(2026, 1, 1, tzinfo=UTC)}


class UnknownRequestError(AssertionError):
    """A connector asked something that no unused exchange answers."""


@dataclass
class Recording:
    """What a connector is given and what its vendor answers."""

    options: dict[str, Any]
    now: datetime
    exchanges: list[Json]
    cursor: Cursor | None = None
    since: datetime | None = None


@dataclass
class Replay(BaseAdapter):
    """Answers from exchanges; `unused` are those that nobody asked for, `asked` all requests in order."""

    exchanges: list[Json]
    asked: list[requests.PreparedRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.unused = list(self.exchanges)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """The recorded response. Raises UnknownRequestError, which no retry swallows."""
        self.asked.append(request)
        exchange = next((one for one in self.unused if fits(one["request"], request)), None)
        if exchange is None:
            raise UnknownRequestError(f"no unused recording for {request.method} {request.url} {request.body!r}")
        self.unused.remove(exchange)
        return response(exchange["response"], request)

    def close(self) -> None:
        """Nothing is held open."""


def load(connector: str, stream: str) -> Recording:
    """The recording of a stream."""
    told = json.loads((RECORDED / connector / f"{stream}.json").read_text(encoding="utf-8"))
    told["now"] = datetime.fromisoformat(told["now"])
    if "since" in told:
        told["since"] = datetime.fromisoformat(told["since"])
    return Recording(**told)


def golden(connector: str, stream: str) -> list[list[Json]]:
    """The rows that must come out of a recording: [table name, row]."""
    rows: list[list[Json]] = json.loads((RECORDED / connector / f"{stream}.golden.json").read_text(encoding="utf-8"))
    return rows


def run_of(connector: Connector, stream: str, recording: Recording, adapter: BaseAdapter | None) -> Run[Any]:
    """A run of a stream whose HTTP goes to `adapter` (None: the network) and whose waits take no time."""
    told, options = connector.streams[stream], connector.options.model_validate(recording.options)

    def open_http(run: Run[Any]) -> Http:
        assert connector.connect is not None
        return Http(SOURCE, connector.connect(options), run.remaining_s, adapter=adapter, sleep=lambda _: None)

    return Run(
        source_instance=SOURCE,
        stream=stream,
        options=options,
        now=recording.now,
        since=recording.since or recording.now - told.lookback,
        cursor=recording.cursor,
        deadline=time.monotonic() + 30,
        every=told.every,
        open_http=open_http,
    )


def replayed(connector: Connector, stream: str, recording: Recording) -> tuple[list[Item], Run[Any], Replay]:
    """All that a stream yields from a recording, with its run (warnings, unknown words) and its adapter (unused)."""
    adapter = Replay(recording.exchanges)
    run = run_of(connector, stream, recording, adapter)
    return walked(connector, stream, run), run, adapter


def walked(connector: Connector, stream: str, run: Run[Any]) -> list[Item]:
    """All that a stream yields; what came before a checkpoint can be read back, as if it had landed."""
    items: list[Item] = []
    landed: list[Item] = []
    run.read_landed = run.read_landed or (lambda table: frame_of(landed, table))
    for item in connector.streams[stream].fetch(run):
        items.append(item)
        if isinstance(item, Checkpoint):
            landed[:] = items
    return items


def frame_of(items: Iterable[Item], table: type[Table]) -> pl.DataFrame:
    """The rows of one table as they stand in a lake, the last one of each key."""
    rows = [row | STAMP for row in rows_of(items, table)]
    return pl.DataFrame(rows, schema=table.dtypes()).unique(list(table.spec.key), keep="last", maintain_order=True)


def rows_of(items: Iterable[Item], table: type[Table]) -> list[Row]:
    """The rows of one table among what a stream yielded."""
    found: list[Row] = []
    for item in items:
        if not isinstance(item, Checkpoint) and item[0] is table:
            found += item[1].to_dicts() if isinstance(item[1], pl.DataFrame) else [item[1]]
    return found


def cursor_of(items: Iterable[Item]) -> Cursor | None:
    """The last cursor that a stream yielded, as it comes back from the lake."""
    last = [item.cursor for item in items if isinstance(item, Checkpoint)][-1:]
    return json.loads(json.dumps(last[0])) if last else None


def plain(items: Iterable[Item]) -> list[list[Json]]:
    """[table name, row] in order, as JSON would hold them, for comparison with golden rows; absent equals null."""
    listed = [item for item in items if not isinstance(item, Checkpoint)]
    return [[table.spec.name, _plain_row(row)] for table, told in listed for row in rows_of([(table, told)], table)]


def refused(items: Iterable[Item]) -> dict[str, int]:
    """How many rows broke which rule of their contract; {} when all would land."""
    broken: dict[str, int] = {}
    listed = [item for item in items if not isinstance(item, Checkpoint)]
    for table in dict.fromkeys(item[0] for item in listed):
        rows = [row | STAMP for row in rows_of(listed, table)]
        assert not (strange := {key for row in rows for key in row} - set(table.dtypes())), strange
        _, failure = table.filter(pl.DataFrame(rows, schema=table.dtypes()))
        broken |= {f"{table.spec.name}: {rule}": count for rule, count in failure.counts().items()}
    return broken


def fits(wanted: Json, request: requests.PreparedRequest) -> bool:
    """Whether a request is the one that a recording answers."""
    parts = urlsplit(str(request.url))
    if (wanted["method"], wanted["path"]) != (request.method, parts.path):
        return False
    text = request.body.decode() if isinstance(request.body, bytes) else request.body or ""
    if "json" in wanted and not _within(wanted["json"], json.loads(text or "null")):
        return False
    return _asked(wanted.get("params", {}), parts.query) and _asked(wanted.get("form", {}), str(text))


def _asked(wanted: Mapping[str, Any], text: str) -> bool:
    given = parse_qs(text, keep_blank_values=True)
    return all(
        given.get(name) == [str(one) for one in (value if isinstance(value, list) else [value])]
        for name, value in wanted.items()
    )


def _within(wanted: Json, given: Json) -> bool:
    if isinstance(wanted, dict) and isinstance(given, dict):
        return all(name in given and _within(value, given[name]) for name, value in wanted.items())
    return bool(wanted == given)


def response(told: Json, request: requests.PreparedRequest) -> requests.Response:
    """A `requests` response with the recorded status, headers and body."""
    answer = requests.Response()
    answer.status_code, answer.url, answer.request = told.get("status", 200), str(request.url), request
    body = told.get("body", "")
    headers = {"Content-Type": "text/plain; charset=utf-8" if isinstance(body, str) else "application/json"}
    answer.headers.update(headers | told.get("headers", {}))
    sent = (body if isinstance(body, str) else json.dumps(body)).encode()
    answer.raw = HTTPResponse(io.BytesIO(sent), answer.headers, answer.status_code, preload_content=False)
    answer.encoding = "utf-8"
    return answer


def _plain_row(row: Row) -> Json:
    return {name: _plain(value) for name, value in row.items() if value is not None}


def _plain(value: Any) -> Json:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return value.total_seconds() if isinstance(value, timedelta) else value
