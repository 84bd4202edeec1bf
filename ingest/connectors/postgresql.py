"""PostgreSQL servers, and PgBouncer where one stands before them: connections, transactions, locks, replication.

Reads pg_stat_activity, pg_stat_database, pg_stat_replication, pg_stat_wal_receiver, pg_replication_slots, settings and,
where it is installed, pg_stat_statements: https://www.postgresql.org/docs/current/monitoring-stats.html; of PgBouncer
SHOW POOLS, STATS and DATABASES: https://www.pgbouncer.org/usage.html. One source is one server, primary or replica.
Needs: a role with LOGIN and pg_monitor (`GRANT pg_monitor TO aurora`); for PgBouncer a user in its stats_users. The
session is read-only and its statements end after `timeout_s`. Counters are told as what happened since the last run.
"""

from collections.abc import Iterator

import psycopg
from pydantic import Field

from aurora.contracts.estate import Components
from aurora.contracts.operations import ComponentHealth, DbReplication, DbStats
from ingest.connector import Checkpoint, Connector, Item, Run
from ingest.vendors.databases import (
    Increases,
    ServerOptions,
    Unreachable,
    component_row,
    first_seen,
    health_row,
    known_host,
)
from ingest.vendors.pgapi import Facts, connected, facts, meant
from ingest.vendors.pgbouncer import PoolerOptions, pool_rows, pooler_health, read_pools
from ingest.vendors.pgrows import (
    judged,
    measures,
    reading,
    replication_rows,
    role_of,
    slow_counts,
    slow_kept,
    stats_rows,
)


class PostgresOptions(ServerOptions):
    """One server; `slow_ms` is from when on a statement is slow, `pgbouncer` the pooler before it."""

    port: int = Field(5432, ge=1, le=65535)
    database: str = Field("postgres", min_length=1, max_length=63)
    slow_ms: float = Field(1000.0, gt=0)
    pgbouncer: PoolerOptions | None = None


PgRun = Run[PostgresOptions]
connector = Connector("postgresql", PostgresOptions)


@connector.stream(ComponentHealth, Components, DbStats, DbReplication, every="1m")
def fetch_server(run: PgRun) -> Iterator[Item]:
    """One reading of the server; its counters travel in the cursor. A server that does not answer is a row too."""
    known_host(run, run.options.host)
    before = dict(run.cursor or {})
    seen = {"first_seen_at": first_seen(run).isoformat()}
    try:
        told = asked(run)
    except Unreachable as found:
        yield ComponentHealth, health_row(run, run.options, found.status, str(found))
        yield Components, component_row(run, run.options, "postgresql", False, before.get("about"))
        yield Checkpoint(before | seen)
        return
    about = {"version": told.server["version"], "role": role_of(told)}
    if not told.server["may_see_all"]:
        run.warn("other users' sessions and replication are not visible: grant pg_monitor to the role")
    readings = {row["id"]: reading(run, told, row) for row in told.databases}
    grown = {key: Increases(before.get("databases", {}).get(key), now, run.every) for key, now in readings.items()}
    slow = (
        slow_counts(before.get("slow"), told, run.options.slow_ms) if any(g.elapsed_s for g in grown.values()) else None
    )
    status, reason = judged(told)
    yield ComponentHealth, health_row(run, run.options, status, reason, **measures(told, list(grown.values())))
    yield Components, component_row(run, run.options, "postgresql", True, about)
    for row in stats_rows(run, run.options, told, grown, slow):
        yield DbStats, row
    for row in replication_rows(run, run.options, told):
        yield DbReplication, row
    kept = {key: now.kept() for key, now in readings.items()}
    yield Checkpoint(seen | {"about": about, "databases": kept, "slow": slow_kept(told)})


@connector.stream(DbStats, ComponentHealth, Components, every="1m")
def fetch_pools(run: PgRun) -> Iterator[Item]:
    """The pools of PgBouncer by database; nothing without `pgbouncer` in the options."""
    pooler, before = run.options.pgbouncer, dict(run.cursor or {})
    if pooler is None:
        yield Checkpoint(before)
        return
    known_host(run, pooler.host)
    seen = {"first_seen_at": first_seen(run).isoformat()}
    try:
        told = read_pools(run, pooler)
    except Unreachable as found:
        yield ComponentHealth, health_row(run, pooler, found.status, str(found))
        yield Components, component_row(run, pooler, "pgbouncer", False, before.get("about"))
        yield Checkpoint(before | seen)
        return
    rows, kept = pool_rows(run, pooler, told, before.get("queries", {}))
    for row in rows:
        yield DbStats, row
    yield ComponentHealth, pooler_health(run, pooler, told, rows)
    about = {"version": told.version}
    yield Components, component_row(run, pooler, "pgbouncer", True, about)
    yield Checkpoint(seen | {"about": about, "queries": kept})


def asked(run: PgRun) -> Facts:
    """What the server tells. Raises Unreachable, or SourceError(auth, permission, not_found) for wrong options."""
    limit_s = min(run.options.timeout_s, run.remaining_s())
    try:
        with connected(run.options, run.options.database, limit_s) as connection:
            return facts(connection, limit_s, run.options.slow_ms)
    except psycopg.Error as error:
        raise meant(f"{run.source_instance}: {run.options.address}", error) from error
