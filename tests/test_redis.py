"""Redis as it runs: a primary with a replica, users, TLS, a frozen server; and servers that speak nonsense."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from aurora.contracts import Row
from aurora.contracts.estate import Components
from aurora.contracts.operations import ComponentHealth, DbReplication, DbStats
from aurora.errors import SourceError
from ingest.connector import Cursor, Item, Run
from ingest.connectors.redis import connector, judged, link_row, slow_count
from ingest.vendors.resp import Resp, RespError, connected
from tests.databases import redis_server, scratch
from tests.replay import cursor_of, refused, rows_of
from tests.servers import free_ports

PASSWORD = "watching"
TOLD = ("--maxmemory", "64mb", "--repl-diskless-sync-delay", "0", "--enable-debug-command", "local")


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[int, int]]:
    """Port of a Redis with a limit of memory and a password, and of its replica."""
    with (
        redis_server("--requirepass", PASSWORD, *TOLD) as (port, _),
        redis_server("--replicaof", f"127.0.0.1 {port}", "--masterauth", PASSWORD) as (copy, _),
    ):
        yield port, copy


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_SECRET", PASSWORD)
    monkeypatch.setenv("REDIS_WRONG", "guessing")


def run_of(port: int, cursor: Cursor | None = None, later_s: float = 0, **more: Any) -> Run[Any]:
    now = datetime.now(UTC) + timedelta(seconds=later_s)
    return Run(
        source_instance="test",
        stream="server",
        options=connector.options.model_validate({"port": port, "timeout_s": 3, **more}),
        now=now,
        since=now,
        cursor=cursor,
        deadline=time.monotonic() + 20,
        every=timedelta(minutes=1),
    )


def read(port: int, cursor: Cursor | None = None, later_s: float = 0, **more: Any) -> list[Item]:
    run = run_of(port, cursor, later_s, **more)
    items = list(connector.streams["server"].fetch(run))
    assert refused(items) == {}
    assert not run.unknown_words
    return items


def signed(port: int, cursor: Cursor | None = None, later_s: float = 0, **more: Any) -> list[Item]:
    return read(port, cursor, later_s, password="env:REDIS_SECRET", **more)


def soon(tell: Callable[[], Any]) -> Any:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if told := tell():
            return told
        time.sleep(0.05)
    pytest.fail("it did not happen in time")


def order(port: int, *commands: tuple[str, ...]) -> None:
    with connected("127.0.0.1", port, 5, False, None) as redis:
        for command in (("AUTH", PASSWORD), *commands):
            redis.ask(*command)


def test_a_server_tells_of_itself_and_of_the_interval(server: tuple[int, int]) -> None:
    """Two hits and one miss since the first reading: 2/3. Commands: those, SET, AUTH and what the readings ask."""
    first = signed(server[0], name="Sessions", env_tier="production")
    (health,), (component,), (stats,) = (rows_of(first, table) for table in (ComponentHealth, Components, DbStats))
    assert (health["status"], health["cpu_pct"], health["requests_per_minute"]) == ("healthy", None, None)
    assert 0 < health["memory_pct"] < 100
    assert 0 < health["response_time_ms"] < 1000
    assert (component["name"], component["db_system"], component["lifecycle"]) == ("Sessions", "redis", "running")
    assert (stats["role"], stats["database"], stats["max_memory_bytes"]) == ("primary", "*", 64 << 20)
    assert stats["connections_used"] >= 1
    assert stats["cache_hit_ratio"] is None
    order(server[0], ("SET", "a", "1"), ("GET", "a"), ("GET", "a"), ("GET", "b"))
    second = signed(server[0], cursor_of(first), 60)
    (health,), (stats,) = rows_of(second, ComponentHealth), rows_of(second, DbStats)
    assert stats["cache_hit_ratio"] == pytest.approx(2 / 3)
    assert 5 < stats["ops_per_minute"] < 60
    assert health["requests_per_minute"] == stats["ops_per_minute"]
    assert health["error_rate_pct"] == 0.0
    assert (stats["evicted_count"], stats["slow_query_count"]) == (0, 0)
    assert 0 <= health["cpu_pct"] <= 100


def test_slow_commands_are_counted_by_their_numbers(server: tuple[int, int]) -> None:
    first = signed(server[0])
    order(server[0], ("CONFIG", "SET", "slowlog-log-slower-than", "20000"), ("DEBUG", "SLEEP", "0.03"))
    second = signed(server[0], cursor_of(first), 60)
    assert rows_of(second, DbStats)[0]["slow_query_count"] == 1
    order(server[0], ("DEBUG", "SLEEP", "0.03"), ("DEBUG", "SLEEP", "0.03"))
    third = signed(server[0], cursor_of(second), 120)
    assert rows_of(third, DbStats)[0]["slow_query_count"] == 2


@pytest.mark.parametrize(
    ("before", "now", "count"),
    [
        ([-1, 0], [-1, 0], 0),
        ([-1, 0], [4, 2], 2),
        ([4, 2], [9, 7], 5),
        ([4, 2], [-1, 0], None),
        (None, [4, 2], None),
        ([4, 2], None, None),
    ],
    ids=["none at all", "was empty", "five more", "log was reset", "first reading", "not allowed"],
)
def test_slow_commands_between_two_readings(before: Any, now: Any, count: int | None) -> None:
    assert slow_count(before, now) == count


def replication(port: int) -> list[Row]:
    return rows_of(read(port) if port else [], DbReplication)


def test_both_ends_of_replication_tell_of_it(server: tuple[int, int]) -> None:
    (link,) = soon(lambda: [row for row in replication(server[1]) if row["state"] == "streaming"])
    assert (link["replica_id"], link["lag_s"], link["lag_bytes"]) == (f"127.0.0.1:{server[1]}", 0.0, 0)
    (fed,) = soon(lambda: [r for r in rows_of(signed(server[0]), DbReplication) if r["state"] == "streaming"])
    assert fed["replica_id"] == f"127.0.0.1:{server[1]}"
    assert fed["lag_bytes"] is not None
    (stats,) = rows_of(read(server[1]), DbStats)
    assert (stats["role"], stats["max_memory_bytes"]) == ("replica", None)  # no limit is no figure


def test_a_replica_that_lost_its_primary_is_degraded() -> None:
    (nobody,) = free_ports(1)
    with redis_server("--replicaof", f"127.0.0.1 {nobody}") as (port, _):
        items = read(port)
    (health,), (link,) = rows_of(items, ComponentHealth), rows_of(items, DbReplication)
    assert health["status"] == "degraded"
    assert (link["state"], link["lag_s"], link["lag_bytes"]) == ("stopped", None, None)
    assert "link" in link["last_error"]


def test_a_restart_makes_no_figure() -> None:
    with redis_server() as (port, _):
        first = read(port)
    with redis_server(port=port) as (again, _):
        (stats,) = rows_of(read(again, cursor_of(first), 60), DbStats)
    assert stats["ops_per_minute"] is None
    assert stats["slow_query_count"] is None


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({}, "auth"),
        ({"password": "env:REDIS_WRONG"}, "auth"),
        ({"user": "nobody", "password": "env:REDIS_WRONG"}, "auth"),
    ],
)
def test_wrong_options_are_no_outage(server: tuple[int, int], options: dict[str, Any], kind: str) -> None:
    with pytest.raises(SourceError, match="check user, password") as raised:
        read(server[0], **options)
    assert raised.value.error_class == kind
    assert "guessing" not in str(raised.value)


def test_the_least_rights_suffice_and_fewer_say_so(server: tuple[int, int]) -> None:
    rights = ("on", f">{PASSWORD}", "+ping", "+info", "+slowlog|get", "+slowlog|len")
    order(server[0], ("ACL", "SETUSER", "aurora", "reset", *rights), ("ACL", "SETUSER", "less", "reset", *rights[:4]))
    order(server[0], ("ACL", "SETUSER", "none", "reset", *rights[:3]))
    assert cursor_of(signed(server[0], user="aurora"))["slow"] is not None  # type: ignore[index]
    assert cursor_of(signed(server[0], user="less"))["slow"] is None  # type: ignore[index]
    with pytest.raises(SourceError, match="NOPERM") as raised:
        signed(server[0], user="none")
    assert raised.value.error_class == "permission"


def test_a_frozen_server_holds_no_run() -> None:
    with redis_server() as (port, pid):
        os.kill(pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            (row,) = rows_of(read(port, timeout_s=1), ComponentHealth)
            assert time.monotonic() - began < 4
        finally:
            os.kill(pid, signal.SIGCONT)
    assert (row["status"], row["status_reason"]) == ("down", "no answer within 1 s")


def certificate(folder: Path) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    built = built.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False)
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
    pem = built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    pem += key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = folder / "server.pem"
    path.write_bytes(pem)
    path.chmod(0o644)
    return path


def test_tls_is_checked_against_the_authority() -> None:
    plain, tls = free_ports(2)
    with scratch() as folder, ExitStack() as servers:
        pem = certificate(folder)
        told = ["--tls-port", str(tls), "--tls-auth-clients", "no"]
        files = ["--tls-cert-file", str(pem), "--tls-key-file", str(pem), "--tls-ca-cert-file", str(pem)]
        servers.enter_context(redis_server(*told, *files, port=plain))
        (row,) = rows_of(read(tls, ca=str(pem)), ComponentHealth)
        assert row["status"] == "healthy"
        with pytest.raises(SourceError, match="set ca") as raised:
            read(tls, tls=True)
    assert raised.value.error_class == "auth"


@pytest.mark.parametrize(
    "said",
    [
        b"$-5\r\n",
        b"$999999999999\r\n",
        b"*999999999\r\n",
        b"*1\r\n" * 50,
        b"+no end",
        b"+" + b"x" * 9000,
        b":one\r\n",
        b"$5\r\nab",
        b"SSH-2.0-OpenSSH\r\n",
    ],
)
def test_nonsense_ends_as_an_error_of_the_connection(said: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(said)
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises((OSError, ValueError)):
            Resp(ours, 2).ask("PING")


def test_a_dripping_server_runs_out_of_time() -> None:
    ours, theirs = socket.socketpair()
    stop = threading.Event()

    def drip() -> None:
        while not stop.wait(0.05):
            theirs.sendall(b"x")

    with ours, theirs:
        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            Resp(ours, 0.4).ask("PING")
        assert time.monotonic() - began < 2
        stop.set()
        thread.join(2)


def test_a_refusal_has_its_code() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"-LOADING Redis is loading the dataset in memory\r\n*3\r\n:1\r\n$-1\r\n$2\r\nhi\r\n")
        redis = Resp(ours, 2)
        with pytest.raises(RespError) as raised:
            redis.ask("PING")
        assert raised.value.code == "LOADING"
        assert redis.ask("ANY") == [1, None, "hi"]


@pytest.mark.parametrize(
    ("info", "status"),
    [
        ({}, "healthy"),
        ({"rdb_last_bgsave_status": "err"}, "degraded"),
        ({"aof_last_write_status": "err"}, "degraded"),
        ({"master_link_status": "up", "rdb_last_bgsave_status": "ok"}, "healthy"),
    ],
)
def test_what_the_server_says_is_wrong_is_its_status(info: dict[str, str], status: str) -> None:
    assert judged(info)[0] == status


def test_a_replica_that_copies_is_catching_up() -> None:
    told = {"master_link_status": "down", "master_sync_in_progress": "1", "master_link_down_since_seconds": "12"}
    row = link_row(run_of(1), told)
    assert (row["state"], row["lag_s"], row["last_error"]) == ("catching_up", None, "no link for 12 s")
