"""What connectors of database servers share: options, counters between two readings, component and health rows."""

import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Timer
from typing import Any, Literal

from pydantic import Field, FilePath

from aurora.contracts import Row
from aurora.errors import SourceError
from aurora.settings import Frozen, Secret
from ingest.connector import Cursor, Run
from ingest.vendors.sockets import look_up

WHOLE = "*"  # the `database` of a db_stats row that is about all databases of the server together
LONGEST_PAUSE = 20  # intervals: counters that were read before it say nothing about this interval


class ServerOptions(Frozen):
    """One server: its address, who signs in, TLS. `timeout_s` bounds connecting and every question."""

    host: str = Field("127.0.0.1", min_length=1, max_length=300)
    port: int = Field(ge=1, le=65535)
    user: str | None = Field(None, min_length=1, max_length=200)
    password: Secret | None = None
    tls: bool = False
    ca: FilePath | None = None
    timeout_s: float = Field(5.0, ge=1, le=30)
    name: str | None = Field(None, min_length=1, max_length=200)
    env_tier: Literal["production", "staging", "testing", "development"] | None = None

    @property
    def address(self) -> str:
        """host:port, by which the server is known from one run to the next, up or down."""
        return f"{self.host}:{self.port}"

    def secret(self) -> str:
        """The password, "" without one. Raises SettingsError when its variable is not set."""
        return self.password.reveal() if self.password else ""


class Unreachable(Exception):  # noqa: N818 - it is what was found out, not a fault of the run
    """The server does not answer as it should: `status` and reason for its health row."""

    def __init__(self, reason: str, status: Literal["down", "degraded"] = "down") -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True)
class Reading:
    """Counters of one thing at an instant (epoch seconds); `life` changes when the server starts them anew."""

    at: float
    life: str
    counts: dict[str, float]

    def kept(self) -> Cursor:
        """The reading as it travels in the cursor."""
        return {"at": self.at, "life": self.life, "counts": self.counts}


class Increases:
    """By how much counters grew since the reading before; all unknown after a reset, a long pause or at the start."""

    def __init__(self, before: Mapping[str, Any] | None, now: Reading, every: timedelta) -> None:
        self.elapsed_s, self._grown = 0.0, dict[str, float]()
        if before is None or before["life"] != now.life:
            return
        elapsed_s, old = now.at - before["at"], before["counts"]
        shared = now.counts.keys() & old.keys()
        was_reset = any(now.counts[name] < old[name] for name in shared)
        if not was_reset and 0 < elapsed_s <= LONGEST_PAUSE * every.total_seconds():
            self.elapsed_s = elapsed_s
            self._grown = {name: now.counts[name] - old[name] for name in shared}

    def real(self, name: str) -> float | None:
        """The increase of one counter."""
        return self._grown.get(name)

    def count(self, name: str) -> int | None:
        """The increase of one counter of events."""
        return None if name not in self._grown else int(self._grown[name])

    def per_minute(self, name: str) -> float | None:
        """The increase of one counter per minute."""
        return None if name not in self._grown else self._grown[name] * 60 / self.elapsed_s

    def ratio(self, part: str, rest: str) -> float | None:
        """part / (part + rest) of what happened, 0 to 1; null if nothing did."""
        a, b = self._grown.get(part), self._grown.get(rest)
        return a / (a + b) if a is not None and b is not None and a + b > 0 else None


@contextmanager
def cut_off(descriptor: int, after_s: float) -> Iterator[None]:
    """Shut the socket down after so many seconds: a server that falls silent must not hold a run for ever."""
    own = socket.socket(fileno=os.dup(descriptor))
    timer = Timer(after_s, _shut, [own])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        own.close()


def _shut(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it was closed in this very moment


def first_seen(run: Run[Any]) -> datetime:
    """When this source first met its server."""
    known = (run.cursor or {}).get("first_seen_at")
    return datetime.fromisoformat(known) if known else run.now


def known_host(run: Run[Any], host: str) -> None:
    """Raise SourceError(not_found) for a name that no resolver knows: that is a fault of the options, not an outage."""
    try:
        look_up(host, 0, run.remaining_s())
    except (OSError, ValueError) as error:
        raise SourceError(f"{run.source_instance}: no address is known for {host}: check host", "not_found") from error


def component_row(
    run: Run[Any], server: ServerOptions, db_system: str, is_up: bool, about: Mapping[str, Any] | None
) -> Row:
    """The server as a component; `about` is what it last said of itself, such as its version."""
    return {
        "component_id": run.id(server.address),
        "name": server.name or server.address,
        "type": "database",
        "type_raw": db_system,
        "kind": "db_instance",
        "env_tier": server.env_tier,
        "host_name": server.host,
        "db_system": db_system,
        "lifecycle": "running" if is_up else "unknown",
        "tags": json.dumps(about, sort_keys=True) if about else None,
        "first_seen_at": first_seen(run),
        "last_seen_at": run.now,
    }


def health_row(run: Run[Any], server: ServerOptions, status: str, reason: str | None, **measures: float | None) -> Row:
    """A row of component_health for the interval that ends with the probe; measures that are absent are null."""
    ended_at = run.now.replace(microsecond=run.now.microsecond // 1000 * 1000)
    return {
        "component_id": run.id(server.address),
        "ts_start": ended_at - run.every,
        "ts_end": ended_at,
        "status": status,
        "status_reason": reason,
        **measures,
    }
