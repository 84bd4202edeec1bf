"""MySQL and MariaDB: a real MariaDB, and MySQL in both its spellings from rows written after its manual."""

import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pymysql
import pytest

from aurora.contracts import Row
from aurora.contracts.estate import Components
from aurora.contracts.operations import ComponentHealth, DbReplication, DbStats
from aurora.errors import SourceError
from ingest.connector import Cursor, Item, Run
from ingest.connectors.mysql import connector, meant, replica_row
from ingest.vendors.databases import Unreachable
from ingest.vendors.mysqlapi import Facts, facts, replica_question, replica_state
from tests.databases import mariadb_server, program
from tests.replay import cursor_of, refused, rows_of
from tests.servers import free_ports

USERS = """
create database shop; create table shop.orders (id int primary key, n int) engine=innodb;
insert into shop.orders values (1, 0), (2, 0);
create user aurora@'127.0.0.1' identified by 'watching';
grant process, replica monitor on *.* to aurora@'127.0.0.1';
create user blind@'127.0.0.1' identified by 'watching';
create user shop@'127.0.0.1' identified by 'selling'; grant all on shop.* to shop@'127.0.0.1';
"""


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[int, Path]]:
    with mariadb_server("--server-id=2", "--skip-name-resolve") as (port, place):
        order(place, USERS)
        yield port, place


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYSQL_SECRET", "watching")
    monkeypatch.setenv("MYSQL_WRONG", "guessing")


def order(place: Path, commands: str) -> None:
    client = [program("mariadb", "/usr/bin"), "--no-defaults", "-S", str(place), "-u", "root", "-e", commands]
    done = subprocess.run(client, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def run_of(port: int, cursor: Cursor | None = None, later_s: float = 0, **more: Any) -> Run[Any]:
    options = {"port": port, "user": "aurora", "password": "env:MYSQL_SECRET", "timeout_s": 3, **more}
    now = datetime.now(UTC) + timedelta(seconds=later_s)
    return Run(
        source_instance="test",
        stream="server",
        options=connector.options.model_validate(options),
        now=now,
        since=now,
        cursor=cursor,
        deadline=time.monotonic() + 20,
        every=timedelta(minutes=1),
    )


def read(port: int, cursor: Cursor | None = None, later_s: float = 0, **more: Any) -> list[Item]:
    items = list(connector.streams["server"].fetch(run_of(port, cursor, later_s, **more)))
    assert refused(items) == {}
    return items


def stats_of(items: list[Item]) -> dict[str, Row]:
    return {row["database"]: row for row in rows_of(items, DbStats)}


def client(port: int) -> Any:
    return pymysql.connect(host="127.0.0.1", port=port, user="shop", password="selling", database="shop")


def test_a_server_tells_of_itself_and_of_the_interval(server: tuple[int, Path]) -> None:
    first = read(server[0], name="Orders")
    (health,), (component,) = rows_of(first, ComponentHealth), rows_of(first, Components)
    assert (health["status"], health["requests_per_minute"]) == ("healthy", None)
    assert 0 < health["response_time_ms"] < 1000
    assert (component["name"], component["db_system"]) == ("Orders", "mariadb")
    assert stats_of(first)["*"]["connections_max"] == 151
    with client(server[0]) as shop, shop.cursor() as cursor:
        for _ in range(30):
            cursor.execute("select 1")
        cursor.execute("set long_query_time = 0.01")
        cursor.execute("select sleep(0.05)")
    stats = stats_of(read(server[0], cursor_of(first), 60))["*"]
    assert 30 < stats["ops_per_minute"] < 80
    assert (stats["slow_query_count"], stats["deadlock_count"], stats["role"]) == (1, 0, "primary")


def test_who_works_waits_and_sleeps_in_a_transaction(server: tuple[int, Path]) -> None:
    """Three clients: one sleeps in a transaction that holds a row, one waits for that row, one is idle."""
    with client(server[0]) as holder, client(server[0]) as waiter, client(server[0]):
        with holder.cursor() as cursor:
            cursor.execute("update orders set n = 1 where id = 1")

        def wait() -> None:
            with waiter.cursor() as cursor:
                cursor.execute("update orders set n = 2 where id = 1")

        thread = threading.Thread(target=wait)
        thread.start()
        try:
            end = time.monotonic() + 10
            while not (stats := stats_of(read(server[0])))["*"]["blocked"] and time.monotonic() < end:
                time.sleep(0.05)
        finally:
            holder.rollback()
            thread.join(10)
        shop = stats["shop"]
        assert (shop["connections_used"], shop["connections_active"], shop["connections_idle"]) == (3, 1, 1)
        assert (shop["connections_idle_in_tx"], stats["*"]["blocked"]) == (1, 1)
        assert shop["longest_tx_s"] is not None


def test_a_replica_that_cannot_reach_its_primary_stands_still(server: tuple[int, Path]) -> None:
    (nobody,) = free_ports(1)
    order(server[1], f"change master to master_host='127.0.0.1', master_port={nobody}, master_user='x'; start slave")
    try:
        end = time.monotonic() + 10
        items = read(server[0])
        while not rows_of(items, DbReplication)[0].get("last_error") and time.monotonic() < end:
            time.sleep(0.1)
            items = read(server[0])
    finally:
        order(server[1], "stop slave; reset slave all")
    (row,), (health,) = rows_of(items, DbReplication), rows_of(items, ComponentHealth)
    assert (row["state"], row["lag_s"]) == ("stopped", None)
    assert row["state_raw"] == "io Connecting, sql Yes"
    assert str(nobody) in row["last_error"]
    assert health["status"] == "degraded"
    assert stats_of(items)["*"]["role"] == "replica"


def test_a_user_that_may_not_see_says_so_and_shows_no_zeros(server: tuple[int, Path]) -> None:
    run = run_of(server[0], user="blind")
    items = list(connector.streams["server"].fetch(run))
    assert any("grant PROCESS" in warning for warning in run.warnings)
    assert any("REPLICA MONITOR" in warning for warning in run.warnings)
    (row,) = rows_of(items, DbStats)
    assert row["role"] == "unknown"
    assert row.get("connections_active") is None
    assert row["connections_used"] >= 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"password": "env:MYSQL_WRONG"}, "check user and password"),
        ({"user": "nobody"}, "check user and password"),
        ({"tls": True}, "leave tls out"),
    ],
)
def test_wrong_options_are_no_outage(server: tuple[int, Path], options: dict[str, Any], words: str) -> None:
    with pytest.raises(SourceError, match=words) as raised:
        read(server[0], **options)
    assert raised.value.error_class == "auth"
    assert "guessing" not in str(raised.value)


def test_the_session_may_change_nothing(server: tuple[int, Path]) -> None:
    with client(server[0]) as shop, shop.cursor(pymysql.cursors.DictCursor) as cursor:
        facts(cursor, 1.0, lambda _: None)
        with pytest.raises(pymysql.MySQLError, match="READ ONLY"):
            cursor.execute("insert into orders values (9, 9)")
        with pytest.raises(pymysql.MySQLError, match="max_statement_time"):
            cursor.execute("select count(*) from (select sleep(5)) as long_one")


@pytest.mark.parametrize(
    ("version", "question"),
    [
        ("8.4.3", "SHOW REPLICA STATUS"),
        ("8.0.22-cluster", "SHOW REPLICA STATUS"),
        ("8.0.21", "SHOW SLAVE STATUS"),
        ("5.7.44-log", "SHOW SLAVE STATUS"),
        ("10.11.19-MariaDB-0+deb12u1", "SHOW ALL SLAVES STATUS"),
        ("unheard of", "SHOW REPLICA STATUS"),
    ],
)
def test_the_replica_is_asked_in_the_words_of_its_version(version: str, question: str) -> None:
    assert replica_question(version) == question


NEW = {
    "Replica_IO_Running": "Yes",
    "Replica_SQL_Running": "Yes",
    "Seconds_Behind_Source": 3,
    "Channel_Name": "",
    "Last_IO_Error": "",
    "Last_SQL_Error": "",
    "Last_Error": "",
}
OLD = {"Slave_IO_Running": "Yes", "Slave_SQL_Running": "No", "Seconds_Behind_Master": None, "Last_SQL_Error": "1062"}


def test_both_spellings_of_replication_make_the_same_row() -> None:
    run = run_of(3306)
    new, old = replica_row(run, NEW), replica_row(run, OLD | {"Connection_name": "east"})
    assert (new["state"], new["lag_s"], new["last_error"]) == ("streaming", 3.0, None)
    assert new["replica_id"] == "127.0.0.1:3306"
    assert (old["state"], old["lag_s"], old["last_error"]) == ("stopped", None, "1062")
    assert old["replica_id"] == "127.0.0.1:3306/east"
    assert replica_state({"Replica_IO_Running": "Dreaming", "Replica_SQL_Running": "Yes"}) == "unknown"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (pymysql.OperationalError(1045, "Access denied"), "auth"),
        (pymysql.OperationalError(1227, "you need PROCESS"), "permission"),
        (pymysql.ProgrammingError(1064, "syntax"), "schema_drift"),
        (pymysql.OperationalError(1040, "Too many connections"), "degraded"),
        (pymysql.OperationalError(2013, "Lost connection"), "down"),
        (pymysql.InterfaceError(0, ""), "down"),
    ],
)
def test_a_refusal_means_one_thing(error: pymysql.MySQLError, outcome: str) -> None:
    found = meant(run_of(3306), error)
    assert (found.status if isinstance(found, Unreachable) else found.error_class) == outcome  # type: ignore[attr-defined]


def test_a_status_that_is_no_number_is_none() -> None:
    told = Facts("8.4.3", {"Uptime": "12", "Ssl_version": "TLSv1.3", "Rpl": "", "Ratio": "0.5"}, None, None, None)
    assert (told.whole("Uptime"), told.number("Ratio")) == (12, 0.5)
    assert told.number("Ssl_version") is None
    assert told.number("Rpl") is None
    assert told.number("Absent") is None
