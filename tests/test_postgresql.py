"""PostgreSQL and PgBouncer as they run: a primary with a streaming replica, locks, slow queries, a frozen server."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from aurora.contracts import Row
from aurora.contracts.estate import Components
from aurora.contracts.operations import ComponentHealth, DbReplication, DbStats
from aurora.errors import SourceError
from ingest.connector import Cursor, Item, Run
from ingest.connectors.postgresql import connector
from ingest.vendors.pgapi import Facts
from ingest.vendors.pgbouncer import limit_of, pool_columns
from ingest.vendors.pgrows import fed_row, judged, receiver_row, slow_counts
from tests.databases import Cluster, postgres_cluster, psql
from tests.replay import cursor_of, refused, rows_of


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with postgres_cluster() as servers:
        yield servers


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_SECRET", "watching")
    monkeypatch.setenv("PG_WRONG", "guessing")


def run_of(
    port: int, stream: str = "server", cursor: Cursor | None = None, later_s: float = 0, **more: Any
) -> Run[Any]:
    options = {"port": port, "user": "aurora", "password": "env:PG_SECRET", "timeout_s": 3, **more}
    now = datetime.now(UTC) + timedelta(seconds=later_s)
    return Run(
        source_instance="test",
        stream=stream,
        options=connector.options.model_validate(options),
        now=now,
        since=now,
        cursor=cursor,
        deadline=time.monotonic() + 20,
        every=timedelta(minutes=1),
    )


def read(
    port: int, stream: str = "server", cursor: Cursor | None = None, later_s: float = 0, **more: Any
) -> list[Item]:
    run = run_of(port, stream, cursor, later_s, **more)
    items = list(connector.streams[stream].fetch(run))
    assert refused(items) == {}
    assert not run.unknown_words
    return items


def stats_of(items: list[Item]) -> dict[str, Row]:
    return {row["database"]: row for row in rows_of(items, DbStats)}


def soon(tell: Callable[[], Any]) -> Any:
    """What `tell` gives as soon as it is something."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if told := tell():
            return told
        time.sleep(0.05)
    pytest.fail("it did not happen in time")


@contextmanager
def client(cluster: Cluster, database: str = "shop") -> Iterator[Any]:
    place = f"host=127.0.0.1 port={cluster.primary} user=postgres dbname={database}"
    with psycopg.connect(place, autocommit=True) as connection:
        yield connection


def test_a_primary_tells_of_itself_its_databases_and_its_replica(cluster: Cluster) -> None:
    items = read(cluster.primary, env_tier="staging", name="Orders")
    (health,), (component,) = rows_of(items, ComponentHealth), rows_of(items, Components)
    assert health["status"] == "healthy"
    assert 0 < health["response_time_ms"] < 1000
    assert health["requests_per_minute"] is None  # the first reading says nothing of an interval
    assert health["ts_end"] - health["ts_start"] == timedelta(minutes=1)
    assert (component["name"], component["db_system"], component["env_tier"]) == ("Orders", "postgresql", "staging")
    assert '"version": "1' in component["tags"]
    stats = stats_of(items)
    assert stats.keys() >= {"*", "postgres", "shop"}
    assert stats["*"]["connections_max"] == 22  # 25 less three that are kept for the superuser
    assert stats["shop"]["connections_max"] is None
    assert {row["role"] for row in stats.values()} == {"primary"}
    soon(lambda: [row for row in replication(cluster.primary) if row["lag_bytes"] == 0])
    (replica,) = [row for row in replication(cluster.primary) if row["replica_id"] == "standby"]
    assert (replica["state"], replica["sync_state"], replica["lag_s"]) == ("streaming", "async", 0.0)


def replication(port: int) -> list[Row]:
    return rows_of(read(port), DbReplication)


def test_a_replica_tells_how_far_it_is_behind(cluster: Cluster) -> None:
    """Paused, it has received what it has not applied; when all is applied the lag is 0, however long ago."""
    psql(cluster.replica, "select pg_wal_replay_pause()")
    psql(cluster.primary, "create table if not exists behind (a int); insert into behind values (1)", "shop")
    try:
        (row,) = soon(lambda: [row for row in replication(cluster.replica) if row["lag_bytes"]])
        assert row["state"] == "streaming"
        assert row["replica_id"] == f"127.0.0.1:{cluster.replica}"
        assert row["lag_s"] is not None
        (seen,) = [row for row in replication(cluster.primary) if row["replica_id"] == "standby"]
        assert seen["lag_bytes"] > 0
    finally:
        psql(cluster.replica, "select pg_wal_replay_resume()")
    (row,) = soon(lambda: [row for row in replication(cluster.replica) if row["lag_bytes"] == 0])
    assert row["lag_s"] == 0.0
    items = read(cluster.replica)
    assert {row["role"] for row in rows_of(items, DbStats)} == {"replica"}


def test_a_slot_that_nobody_reads_holds_back_wal(cluster: Cluster) -> None:
    psql(cluster.primary, "select pg_create_physical_replication_slot('abandoned', true)")
    try:
        psql(cluster.primary, "create table held as select generate_series(1, 1000) as a", "shop")
        (row,) = [row for row in replication(cluster.primary) if row["replica_id"] == "abandoned"]
        assert (row["state"], row["state_raw"], row["lag_s"]) == ("stopped", "inactive", None)
        assert row["slot_retained_bytes"] > 10_000
    finally:
        psql(cluster.primary, "select pg_drop_replication_slot('abandoned')")


def test_transactions_hits_and_slow_queries_are_those_of_the_interval(cluster: Cluster) -> None:
    psql(cluster.primary, "select pg_stat_statements_reset()")
    first = read(cluster.primary, slow_ms=100)
    with client(cluster) as shop:
        for _ in range(40):
            shop.execute("select 1")
        for _ in range(2):
            shop.execute("select pg_sleep(0.15)")
    time.sleep(0.1)  # a backend reports its counters when it ends
    second = read(cluster.primary, cursor=cursor_of(first), later_s=60, slow_ms=100)
    stats = stats_of(second)
    assert 42 <= stats["shop"]["ops_per_minute"] <= 60
    assert stats["*"]["ops_per_minute"] >= stats["shop"]["ops_per_minute"]
    # the statement is new and was slow twice: that it was slow once is what can be said for sure
    assert (stats["shop"]["slow_query_count"], stats["postgres"]["slow_query_count"]) == (1, 0)
    assert 0 < stats["shop"]["cache_hit_ratio"] <= 1
    assert stats["shop"]["deadlock_count"] == 0
    (health,) = rows_of(second, ComponentHealth)
    assert health["requests_per_minute"] == pytest.approx(stats["*"]["ops_per_minute"])
    with client(cluster) as shop:
        for _ in range(3):
            shop.execute("select pg_sleep(0.15)")
    third = stats_of(read(cluster.primary, cursor=cursor_of(second), later_s=120, slow_ms=100))
    assert third["shop"]["slow_query_count"] == 3


def test_statistics_that_were_reset_make_no_figure(cluster: Cluster) -> None:
    first = read(cluster.primary)
    psql(cluster.primary, "select pg_stat_reset()", "shop")
    stats = stats_of(read(cluster.primary, cursor=cursor_of(first), later_s=60))
    assert stats["shop"]["ops_per_minute"] is None
    assert stats["shop"]["cache_hit_ratio"] is None
    assert stats["postgres"]["ops_per_minute"] is not None


def test_who_works_waits_and_sleeps_in_a_transaction(cluster: Cluster) -> None:
    psql(cluster.primary, "create table if not exists fought (a int)", "shop")
    with ExitStack() as clients:
        holder, waiter, idle = (clients.enter_context(client(cluster)) for _ in range(3))
        holder.execute("begin")
        holder.execute("lock table fought")
        thread = threading.Thread(target=lambda: waiter.execute("select count(*) from fought"), daemon=True)
        thread.start()
        idle.execute("select 1")
        row = soon(lambda: blocked(cluster))
        assert (row["connections_used"], row["connections_active"], row["connections_idle"]) == (3, 1, 1)
        assert (row["connections_idle_in_tx"], row["blocked"]) == (1, 1)
        assert row["longest_tx_s"] > 0
        holder.execute("rollback")
        thread.join(10)


def blocked(cluster: Cluster) -> Row | None:
    row = stats_of(read(cluster.primary))["shop"]
    return row if row["blocked"] else None


def test_a_deadlock_is_counted(cluster: Cluster) -> None:
    psql(cluster.primary, "create table if not exists a (x int); create table if not exists b (x int)", "shop")
    first = read(cluster.primary)
    with client(cluster) as one, client(cluster) as two:
        for connection in (one, two):
            connection.execute("set deadlock_timeout = '50ms'")
            connection.execute("begin")
        one.execute("lock table a")
        two.execute("lock table b")
        failed: list[str] = []

        def lock(connection: Any, table: str) -> None:
            try:
                connection.execute(f"lock table {table}")
            except psycopg.errors.DeadlockDetected as error:
                failed.append(str(error))
            connection.execute("rollback")

        thread = threading.Thread(target=lock, args=(one, "b"))
        thread.start()
        lock(two, "a")
        thread.join(10)
        assert len(failed) == 1
    row = soon(lambda: deadlocks(cluster, first))
    assert row["deadlock_count"] == 1


def deadlocks(cluster: Cluster, first: list[Item]) -> Row | None:
    row = stats_of(read(cluster.primary, cursor=cursor_of(first), later_s=60))["shop"]
    return row if row["deadlock_count"] else None


def test_a_role_that_may_not_see_says_so_and_shows_no_zeros(cluster: Cluster) -> None:
    run = run_of(cluster.primary, user="blind")
    items = list(connector.streams["server"].fetch(run))
    assert "grant pg_monitor" in run.warnings[0]
    row = stats_of(items)["shop"]
    assert row.get("connections_active") is None
    assert row["slow_query_count"] is None
    assert rows_of(items, DbReplication) == []


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"password": "env:PG_WRONG"}, "auth", "check user, password"),
        ({"password": None}, "auth", "check user, password"),
        ({"database": "nowhere"}, "not_found", "check database"),
        ({"tls": True}, "auth", "leave tls out"),
    ],
)
def test_wrong_options_are_no_outage(cluster: Cluster, options: dict[str, Any], kind: str, words: str) -> None:
    with pytest.raises(SourceError, match=words) as raised:
        read(cluster.primary, **options)
    assert raised.value.error_class == kind
    assert "guessing" not in str(raised.value)


def test_a_full_server_is_degraded(cluster: Cluster) -> None:
    psql(cluster.primary, "alter role aurora connection limit 0")
    try:
        (row,) = rows_of(read(cluster.primary), ComponentHealth)
    finally:
        psql(cluster.primary, "alter role aurora connection limit -1")
    assert row["status"] == "degraded"
    assert "no more connections" in row["status_reason"]


def test_a_frozen_server_holds_no_run(cluster: Cluster) -> None:
    os.kill(cluster.pids["replica"], signal.SIGSTOP)
    try:
        began = time.monotonic()
        (row,) = rows_of(read(cluster.replica, timeout_s=1), ComponentHealth)
        assert time.monotonic() - began < 8
    finally:
        os.kill(cluster.pids["replica"], signal.SIGCONT)
    assert row["status"] == "down"


def test_pools_tell_who_waits(cluster: Cluster) -> None:
    """A pool of two server connections and three clients that sleep: two work, one waits."""
    bouncer = {"port": cluster.pooler, "user": "aurora", "password": "env:PG_SECRET"}
    place = f"host=127.0.0.1 port={cluster.pooler} user=aurora password=watching dbname=shop"
    first = read(cluster.primary, "pools", pgbouncer=bouncer)

    def sleep() -> None:
        with psycopg.connect(place, autocommit=True) as connection:
            connection.execute("select pg_sleep(0.6)")

    threads = [threading.Thread(target=sleep) for _ in range(3)]
    for thread in threads:
        thread.start()
    row = soon(lambda: waiting(cluster, bouncer))
    for thread in threads:
        thread.join(10)
    assert (row["role"], row["connections_active"], row["connections_max"]) == ("pooler", 2, 2)
    assert row["pool_waiting"] == 1
    assert row["pool_max_wait_ms"] is not None
    second = read(cluster.primary, "pools", cursor_of(first), 60, pgbouncer=bouncer)
    third = read(cluster.primary, "pools", cursor_of(second), 120, pgbouncer=bouncer)
    assert stats_of(third)["shop"]["ops_per_minute"] == 0.0
    (health,) = rows_of(third, ComponentHealth)
    assert health["status"] == "healthy"
    assert health["component_id"] == f"test:127.0.0.1:{cluster.pooler}"
    (component,) = rows_of(third, Components)
    assert component["db_system"] == "pgbouncer"


def waiting(cluster: Cluster, bouncer: dict[str, Any]) -> Row | None:
    row = stats_of(read(cluster.primary, "pools", pgbouncer=bouncer)).get("shop")
    return row if row and row["pool_waiting"] and row["connections_active"] == 2 else None


def test_who_may_not_see_the_pools_is_told(cluster: Cluster) -> None:
    bouncer = {"port": cluster.pooler, "user": "blind", "password": "env:PG_SECRET"}
    with pytest.raises(SourceError, match="check user, password") as raised:
        read(cluster.primary, "pools", pgbouncer=bouncer)
    assert raised.value.error_class == "auth"


def test_nothing_is_changed_and_no_question_lasts(cluster: Cluster) -> None:
    """The session that reads is read-only and limited, and leaves neither behind for whoever gets it next."""
    psql(cluster.primary, "alter system set log_statement = 'all'")
    psql(cluster.primary, "select pg_reload_conf()")
    try:
        time.sleep(0.2)
        read(cluster.primary)
    finally:
        psql(cluster.primary, "alter system reset log_statement")
        psql(cluster.primary, "select pg_reload_conf()")
    said = "".join(path.read_text() for path in cluster.folder.glob("postgres-*.log"))
    assert "BEGIN READ ONLY" in said
    assert "set local statement_timeout = 3000" in said


def test_no_pooler_means_no_rows() -> None:
    items = list(connector.streams["pools"].fetch(run_of(1, "pools")))
    assert rows_of(items, DbStats) == []


SERVER = {"may_see_all": True, "is_replica": True}


@pytest.mark.parametrize(
    ("receiver", "status"),
    [
        ({"status": "streaming", "restore_command": ""}, "healthy"),
        ({"status": None, "restore_command": "cp %f %p"}, "healthy"),
        ({"status": None, "restore_command": ""}, "degraded"),
        (None, "healthy"),
    ],
)
def test_a_replica_that_receives_nothing_is_degraded(receiver: Row | None, status: str) -> None:
    assert judged(Facts(SERVER, [], [], [], receiver, None, 1.0))[0] == status


def test_a_receiver_that_stands_still_is_behind_by_an_unknown_time() -> None:
    run = run_of(1)
    row = receiver_row(run, run.options, {"status": None, "lag_bytes": 0, "since_s": 3600.0})
    assert (row["state"], row["lag_s"], row["lag_bytes"]) == ("stopped", None, None)
    idle = receiver_row(run, run.options, {"status": "streaming", "lag_bytes": 0, "since_s": 3600.0})
    assert (idle["state"], idle["lag_s"]) == ("streaming", 0.0)


@pytest.mark.parametrize(
    ("told", "state", "lag_s"),
    [
        ({"state": "streaming", "lag_s": None, "lag_bytes": 0}, "streaming", 0.0),
        ({"state": "streaming", "lag_s": None, "lag_bytes": 64}, "streaming", None),
        ({"state": "catchup", "lag_s": 2.5, "lag_bytes": 64}, "catching_up", 2.5),
        ({"state": "from_the_future", "lag_s": None, "lag_bytes": None}, "unknown", None),
    ],
)
def test_lag_is_null_when_unknown_and_zero_when_positions_are_equal(told: Row, state: str, lag_s: float | None) -> None:
    row = {"replica_id": "r", "sync_state": "async", "active": True, "retained_bytes": 0, "wal_status": "lost", **told}
    run = run_of(1)
    made = fed_row(run, run.options, row)
    assert (made["state"], made["lag_s"]) == (state, lag_s)
    assert "lost WAL" in made["last_error"]


def test_slow_calls_are_told_from_what_changed() -> None:
    """Means since the last reading: 1,000 ms / 4 = 250 is slow at 200, 300 / 3 = 100 is not; a reset tells nothing."""
    statements = [
        {"database": "shop", "id": "slow", "calls": 14, "total_ms": 3000.0},
        {"database": "shop", "id": "quick", "calls": 13, "total_ms": 800.0},
        {"database": "shop", "id": "reset", "calls": 1, "total_ms": 999.0},
        {"database": "crm", "id": "new", "calls": 5, "total_ms": 5000.0},
    ]
    told = Facts(SERVER, [], [], [], None, statements, 1.0)
    before = {"slow": [10, 2000.0], "quick": [10, 500.0], "reset": [9, 9000.0]}
    assert slow_counts(before, told, 200.0) == {"shop": 4, "crm": 1}
    assert slow_counts(None, told, 200.0) is None
    crowd = before | {str(number): [1, 1.0] for number in range(100)}
    assert slow_counts(crowd, told, 200.0) == {"shop": 4, "crm": 0}


def test_pools_of_older_versions_lack_columns() -> None:
    old = {"sv_active": 1, "sv_idle": 2, "sv_used": 0, "cl_waiting": 3, "maxwait": 4}
    assert pool_columns([old]) == {
        "connections_used": 3,
        "connections_active": 1,
        "connections_idle": 2,
        "pool_waiting": 3,
        "pool_max_wait_ms": 4000.0,
    }
    assert pool_columns([old | {"maxwait_us": 500_000}, old])["pool_max_wait_ms"] == 4500.0


@pytest.mark.parametrize(
    ("limits", "pools", "most"),
    [
        ({"pool_size": 20, "max_connections": 0}, 2, 40),
        ({"pool_size": 20, "max_connections": 30}, 2, 30),
        ({"pool_size": 20}, 1, 20),
        ({}, 1, None),
    ],
)
def test_the_limit_of_a_pool_is_the_lower_one(limits: Row, pools: int, most: int | None) -> None:
    assert limit_of(limits, pools) == most
