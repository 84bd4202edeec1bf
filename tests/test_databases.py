"""What connectors of database servers share: counters between two readings, servers that do not answer, silence."""

import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aurora.contracts.operations import ComponentHealth, DbStats
from aurora.errors import SourceError
from aurora.settings import Settings, SourceSettings
from ingest.connector import Connector, Cursor, Run
from ingest.connectors import mysql, postgresql, redis
from ingest.run import Ingest
from ingest.vendors.databases import Increases, Reading, cut_off
from tests.replay import refused, rows_of
from tests.servers import free_ports
from warehouse.lake import Lake

EVERY = timedelta(minutes=1)
ALL = pytest.mark.parametrize(
    "connector", [postgresql.connector, redis.connector, mysql.connector], ids=lambda c: c.name
)


def run_of(connector: Connector, options: dict[str, Any], cursor: Cursor | None = None) -> Run[Any]:
    now = datetime.now(UTC)
    return Run(
        source_instance="test",
        stream="server",
        options=connector.options.model_validate({"timeout_s": 1, **options}),
        now=now,
        since=now,
        cursor=cursor,
        deadline=time.monotonic() + 20,
        every=EVERY,
    )


def grown(before: dict[str, float] | None, now: dict[str, float], after_s: float = 60, life: str = "a") -> Increases:
    old = None if before is None else Reading(1000.0, "a", before).kept()
    return Increases(old, Reading(1000.0 + after_s, life, now), EVERY)


def test_counters_tell_what_happened_in_the_interval() -> None:
    """30 hits and 10 misses in 30 s: 0.75 of them hits, 60 hits a minute."""
    change = grown({"hits": 100, "misses": 5}, {"hits": 130, "misses": 15}, after_s=30)
    assert change.count("hits") == 30
    assert change.per_minute("hits") == pytest.approx(60.0)
    assert change.ratio("hits", "misses") == pytest.approx(0.75)


@pytest.mark.parametrize(
    "change",
    [
        grown(None, {"hits": 5, "misses": 1}),
        grown({"hits": 5, "misses": 1}, {"hits": 4, "misses": 9}),
        grown({"hits": 5, "misses": 1}, {"hits": 9, "misses": 9}, life="b"),
        grown({"hits": 5, "misses": 1}, {"hits": 9, "misses": 9}, after_s=1201),
        grown({"hits": 5, "misses": 1}, {"hits": 9, "misses": 9}, after_s=0),
        grown({"hits": 5, "misses": 1}, {"hits": 9, "misses": 9}, after_s=-60),
        grown({}, {"hits": 9, "misses": 9}),
    ],
    ids=["first", "one fell", "new life", "long pause", "same instant", "clock went back", "new counters"],
)
def test_after_a_reset_or_a_pause_the_increase_is_unknown(change: Increases) -> None:
    assert change.count("hits") is None
    assert change.per_minute("misses") is None
    assert change.ratio("hits", "misses") is None


def test_nothing_that_happened_has_no_ratio() -> None:
    change = grown({"hits": 5, "misses": 1}, {"hits": 5, "misses": 1})
    assert change.count("hits") == 0
    assert change.ratio("hits", "misses") is None


@ALL
def test_a_server_that_is_gone_is_down_and_the_run_is_a_success(connector: Connector, tmp_path: Path) -> None:
    """What was known of it stays in the cursor, and the lake takes its rows without a complaint or a double."""
    (port,) = free_ports(1)
    source = SourceSettings.model_validate({"name": "here", "connector": connector.name, "port": port})
    settings = Settings(data=tmp_path / "data", config=tmp_path / "aurora.toml")
    lake = Lake(settings.lake)
    for _ in range(2):
        outcomes = Ingest(lake, settings, {connector.name: connector}).run(source)
        assert {outcome.status for outcome in outcomes} == {"success"}
        assert sum(outcome.landed.quarantined_count for outcome in outcomes) == 0
    health = lake.read(ComponentHealth)
    assert set(health["status"]) == {"down"}
    assert "refused" in health["status_reason"][0].lower()
    assert lake.read(DbStats).height == 0


@ALL
def test_an_outage_keeps_the_last_reading(connector: Connector) -> None:
    (port,) = free_ports(1)
    cursor = {"first_seen_at": "2026-01-01T00:00:00+00:00", "about": {"version": "1"}, "reading": {"kept": 1}}
    run = run_of(connector, {"port": port}, cursor)
    items = list(connector.streams["server"].fetch(run))
    assert refused(items) == {}
    assert items[-1].cursor == cursor  # type: ignore[union-attr]


@ALL
def test_a_host_without_an_address_is_a_fault_of_the_options(connector: Connector) -> None:
    run = run_of(connector, {"host": "no-such-host.invalid"})
    with pytest.raises(SourceError, match="check host") as raised:
        list(connector.streams["server"].fetch(run))
    assert raised.value.error_class == "not_found"


@ALL
@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00\xff" * 400], ids=["silence", "http", "noise"]
)
def test_a_stranger_on_the_port_neither_hangs_nor_crashes_a_run(connector: Connector, said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        held: list[socket.socket] = []

        def greet() -> None:
            try:
                while True:
                    held.append(server.accept()[0])
                    held[-1].sendall(said)
                    if said:
                        held[-1].shutdown(socket.SHUT_WR)
            except OSError:
                return  # the test is over

        threading.Thread(target=greet, daemon=True).start()
        began = time.monotonic()
        items = list(connector.streams["server"].fetch(run_of(connector, {"port": server.getsockname()[1]})))
        assert time.monotonic() - began < 6
        (row,) = rows_of(items, ComponentHealth)
        assert row["status"] == "down"
        assert row["status_reason"]
        assert refused(items) == {}
        server.shutdown(socket.SHUT_RDWR)
        for one in held:
            one.close()


def test_a_silent_connection_is_cut_off() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        began = time.monotonic()
        with cut_off(ours.fileno(), 0.2):
            assert ours.recv(1) == b""
        assert time.monotonic() - began < 2
        with cut_off(theirs.fileno(), 60):
            pass
        for timer in [one for one in threading.enumerate() if isinstance(one, threading.Timer)]:
            timer.join(2)
            assert not timer.is_alive()
