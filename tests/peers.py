"""Recordings and expected rows of another product's tests, to compare with; they are not part of this repository.

`differing` counts what is not equal, column by column, so that a test can list each difference with its reason and
fails when there is one more, or one less.
"""

import csv
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aurora.contracts import Row
from ingest.connector import Connector, Run
from tests.frames import ROOT
from tests.replay import Recording, Replay, run_of

API = Path(os.environ.get("AURORA_REFERENCE_DATA") or ROOT.parent / "shared" / "data") / "api"
PEER = API / "devlake-e2e"
Column = Callable[[dict[str, str]], Any]


def table(path: str) -> list[dict[str, str]]:
    """Rows of a CSV file of the peer."""
    csv.field_size_limit(2**31 - 1)
    with (PEER / path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def raw(path: str) -> list[tuple[dict[str, Any], Any]]:
    """(what it was asked for, the vendor's answer) of each row of a raw table of the peer."""
    return [(json.loads(row["input"] or "null") or {}, json.loads(row["data"])) for row in table(path)]


def tail(text: str) -> str | None:
    """The native id of a peer's id such as gitlab:GitlabIssue:1:42; None for none."""
    return text.rpartition(":")[2] or None


def instant(text: str) -> datetime | None:
    """An instant as the peer writes it, None for none."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def number(text: str) -> float | None:
    """A number as the peer writes it, None for none."""
    return float(text) if text else None


def at(column: str, read: Callable[[str], Any] = lambda text: text or None) -> Column:
    """How to read the peer's value: its column, and what its text means."""
    return lambda row: read(row[column])


def differing(ours: Iterable[Row], expected: Iterable[dict[str, str]], columns: Mapping[str, Column]) -> Counter[str]:
    """How many values of each column differ; the first column is the key, and both sides must have the same keys."""
    key = next(iter(columns))
    mine = {row[key]: row for row in ours}
    theirs = {columns[key](row): row for row in expected}
    assert set(mine) == set(theirs)
    return Counter(
        name for which, row in mine.items() for name, read in columns.items() if row.get(name) != read(theirs[which])
    )


def peer_run(connector: Connector, stream: str, options: Mapping[str, Any]) -> Run[Any]:
    """A run that asks nothing."""
    recording = Recording(dict(options), datetime(2026, 3, 4, 12, 10, tzinfo=UTC), [])
    return run_of(connector, stream, recording, Replay([]))
