"""The seam of ingestion: what a connector is, what it is handed, what it hands back.

A connector is one file in ingest/connectors/, named like the connector, with one `connector = Connector(...)` and one
generator function per stream. Functions named `fetch_*` walk the source; functions named `*_row` are pure.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Generic, TypeVar

import polars as pl

from aurora.contracts import Row, Table
from aurora.errors import SettingsError, SourceError
from aurora.settings import Frozen, duration
from ingest import connectors
from ingest.check import Reject
from ingest.http import Http, Site

Json = Any
Cursor = dict[str, Any]
Options = Frozen
O = TypeVar("O", bound=Options)  # noqa: E741


@dataclass(frozen=True)
class Checkpoint:
    """All that was yielded so far is complete up to `cursor`: land it, and go on from there after a restart."""

    cursor: Cursor


@dataclass(frozen=True)
class Bulk:
    """Frames that together are all rows of their slices of a table that is replaced, and more than memory holds.

    They are taken once, at the next checkpoint, and land by one commit; no key stands in two of them.
    """

    frames: Iterator[pl.DataFrame]


Item = tuple[type[Table], Row | pl.DataFrame | Bulk] | Checkpoint


@dataclass
class Run(Generic[O]):
    """What one run of one stream is handed. All instants are UTC."""

    source_instance: str
    stream: str
    options: O
    now: datetime
    since: datetime
    cursor: Cursor | None
    deadline: float
    every: timedelta
    open_http: Callable[["Run[Any]"], Http] | None = None
    read_landed: Callable[[type[Table]], pl.DataFrame] | None = None
    read_known: Callable[[type[Table]], pl.DataFrame] | None = None
    refused: list[tuple[type[Table], Reject]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unknown_words: Counter[str] = field(default_factory=Counter)
    new_fields: set[str] = field(default_factory=set)

    @cached_property
    def http(self) -> Http:
        """The HTTP client of this run: retries, rate limits, paging, redaction, error classes."""
        if self.open_http is None:
            raise SourceError(f"{self.source_instance}: its connector states no site to connect to", "internal")
        return self.open_http(self)

    def landed(self, table: type[Table]) -> pl.DataFrame:
        """What this source brought before, as it stands: to keep what a broken file said while it is broken."""
        return self.read_landed(table) if self.read_landed else table.empty()

    def known(self, table: type[Table]) -> pl.DataFrame:
        """All rows of a table, whichever source brought them, instants aware: for rows that are made of others."""
        return self.read_known(table) if self.read_known else table.empty()

    def refuse(self, table: type[Table], rule: str, message: str, payload: Row) -> None:
        """Quarantine what could not become a row; `message` says where it stands and what to write instead."""
        self.reject(table, Reject(rule, message, payload))

    def reject(self, table: type[Table], reject: Reject) -> None:
        """The same for a reject that is made already."""
        self.refused.append((table, reject))

    def id(self, native: object) -> str:
        """`<source_instance>:<native id>`, the form of every vendor id."""
        return f"{self.source_instance}:{native}"

    def remaining_s(self) -> float:
        """Seconds left for this run. Raises SourceError(timeout) when none are."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise SourceError(
                f"{self.source_instance}/{self.stream} ran past its time limit: raise time_limit or narrow the source",
                "timeout",
            )
        return left

    def word(self, words: Mapping[str, str], raw: str | None, default: str = "unknown") -> str:
        """The canonical word for a vendor's word; one that is not known becomes `default` and is counted."""
        if raw is not None and raw.lower() in words:
            return words[raw.lower()]
        self.unknown_words[str(raw)] += 1
        return default

    def warn(self, sentence: str) -> None:
        """Mark the run as partial and say why; what was read still lands."""
        self.warnings.append(sentence)


Fetch = Callable[[Run[Any]], Iterable[Item]]


@dataclass(frozen=True)
class Stream:
    """One thing that a connector reads at its own pace; the first table carries the cursor."""

    name: str
    tables: tuple[type[Table], ...]
    fetch: Fetch
    every: timedelta
    lookback: timedelta
    overlap: timedelta
    is_whole: bool = False


class Connector:
    """A vendor: its name, its options, the site to connect to, its streams. `about` is the module's docstring."""

    def __init__(
        self,
        name: str,
        options: type[Options] = Options,
        connect: Callable[[Any], Site] | None = None,
    ) -> None:
        self.name = name
        self.options = options
        self.connect = connect
        self.streams: dict[str, Stream] = {}
        self.about = ""

    def stream(
        self,
        *tables: type[Table],
        every: str = "1m",
        lookback: str = "1h",
        overlap: str | None = None,
        is_whole: bool = False,
    ) -> Callable[[Fetch], Fetch]:
        """Register a generator `fetch_<stream>` that yields (table, row or frame) and, at will, a Checkpoint.

        `lookback` is how far the first run reaches back; `overlap` is read again before the cursor on each later one.
        `is_whole`: each run yields frames of all that its source has, and what a replaced table holds beside it goes.
        """

        def register(fetch: Fetch) -> Fetch:
            name = fetch.__name__.removeprefix("fetch_")
            again = duration(overlap) if overlap else timedelta(0)
            self.streams[name] = Stream(name, tables, fetch, duration(every), duration(lookback), again, is_whole)
            return fetch

        return register


def load_connectors() -> dict[str, Connector]:
    """All connectors by name, found by walking ingest/connectors; one that does not import stops with its name."""
    found = dict(_found())
    return {name: found[name] for name in sorted(found)}


def _found() -> Iterator[tuple[str, Connector]]:
    for module in iter_modules(connectors.__path__):
        loaded = import_module(f"{connectors.__name__}.{module.name}")
        connector: Connector = loaded.connector
        if connector.name != module.name:
            raise SettingsError(f"ingest/connectors/{module.name}.py names its connector {connector.name!r}")
        connector.about = loaded.__doc__ or ""
        yield connector.name, connector
