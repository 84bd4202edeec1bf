"""What a PgBouncer tells of its pools, and the rows from it; columns differ by version, so they are read by name."""

import time
from dataclasses import dataclass
from typing import Any

import psycopg
from pydantic import Field

from aurora.contracts import Row
from ingest.connector import Cursor, Run
from ingest.vendors.databases import Increases, Reading, ServerOptions, health_row
from ingest.vendors.pgapi import connected, meant

USED = ("sv_active", "sv_idle", "sv_used", "sv_tested", "sv_login", "sv_active_cancel", "sv_being_canceled")
SHOWN = ("POOLS", "STATS", "DATABASES")
ADMIN = "pgbouncer"  # the database of its console


class PoolerOptions(ServerOptions):
    """The PgBouncer that stands before the server; `user` is one of its stats_users."""

    port: int = Field(6432, ge=1, le=65535)


@dataclass(frozen=True)
class Pools:
    """Its answers to SHOW VERSION, POOLS, STATS and DATABASES, and how long the first took."""

    version: str | None
    pools: list[Row]
    stats: list[Row]
    databases: list[Row]
    answered_ms: float


def read_pools(run: Run[Any], pooler: PoolerOptions) -> Pools:
    """What the pooler tells. Raises Unreachable, or SourceError for wrong options."""
    limit_s = min(pooler.timeout_s, run.remaining_s())
    try:
        # It knows no transactions: without autocommit it refuses the BEGIN.
        with connected(pooler, ADMIN, limit_s, autocommit=True) as connection:
            began = time.perf_counter()
            version = connection.execute("SHOW VERSION")
            answered_ms = (time.perf_counter() - began) * 1000
            # before 1.12 the version came as a notice
            said = version.fetchone() if version.description else None
            pools, stats, databases = (connection.execute(f"SHOW {what}").fetchall() for what in SHOWN)
    except psycopg.Error as error:
        raise meant(f"{run.source_instance}: {pooler.address}", error) from error
    return Pools(str(said["version"]) if said else None, pools, stats, databases, answered_ms)


def pool_rows(run: Run[Any], pooler: PoolerOptions, told: Pools, before: Cursor) -> tuple[list[Row], Cursor]:
    """A row per database behind the pooler, and the counters to keep until the next run."""
    by_name: dict[str, list[Row]] = {}
    for pool in told.pools:
        if pool["database"] != ADMIN:
            by_name.setdefault(pool["database"], []).append(pool)
    limits = {row["name"]: row for row in told.databases}
    now = {row["database"]: reading(run, row) for row in told.stats if row["database"] in by_name}
    rows = []
    for name, pools in sorted(by_name.items()):
        grown = Increases(before.get(name), now[name], run.every) if name in now else None
        row = {
            "component_id": run.id(pooler.address),
            "database": name,
            "observed_at": run.now,
            "role": "pooler",
            "connections_max": limit_of(limits.get(name, {}), len(pools)),
            "ops_per_minute": grown.per_minute("queries") if grown else None,
        }
        rows.append(row | pool_columns(pools))
    return rows, {name: one.kept() for name, one in now.items()}


def reading(run: Run[Any], row: Row) -> Reading:
    """The counters of one database since the pooler started; falling ones tell of a restart."""
    counts = {"queries": float(row["total_query_count"]), "waited_us": float(row["total_wait_time"])}
    return Reading(run.now.timestamp(), "", counts)


def pool_columns(pools: list[Row]) -> Row:
    """Server connections of a database's pools (one per user), and clients that wait for one."""
    return {
        "connections_used": sum(int(pool.get(name) or 0) for pool in pools for name in USED),
        "connections_active": sum(int(pool["sv_active"]) for pool in pools),
        "connections_idle": sum(int(pool["sv_idle"]) + int(pool.get("sv_used") or 0) for pool in pools),
        "pool_waiting": sum(int(pool["cl_waiting"]) for pool in pools),
        "pool_max_wait_ms": max(pool["maxwait"] * 1000.0 + (pool.get("maxwait_us") or 0) / 1000 for pool in pools),
    }


def limit_of(limits: Row, pool_count: int) -> int | None:
    """Server connections that a database may have: the size of a pool times its pools, or its own lower limit."""
    size, own = limits.get("pool_size"), limits.get("max_connections") or 0
    together = int(size) * pool_count if size else None
    return min(filter(None, (together, int(own))), default=None)


def pooler_health(run: Run[Any], pooler: PoolerOptions, told: Pools, rows: list[Row]) -> Row:
    """The pooler's row of component_health: it answers, so it is healthy."""
    per_minute = [row["ops_per_minute"] for row in rows if row["ops_per_minute"] is not None]
    measures = {"response_time_ms": told.answered_ms, "requests_per_minute": sum(per_minute) if per_minute else None}
    return health_row(run, pooler, "healthy", None, **measures)
