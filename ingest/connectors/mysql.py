"""MySQL and MariaDB servers: is it up, connections, queries, slow queries, lock waits, buffer hits, replication.

Reads SHOW GLOBAL STATUS and VARIABLES, SHOW PROCESSLIST, information_schema.innodb_trx and the replica status in the
spelling that the server knows: https://dev.mysql.com/doc/refman/8.4/en/show.html and
https://mariadb.com/docs/server/reference/sql-statements/administrative-sql-statements/show. One source is one server.
Needs: `GRANT PROCESS, REPLICATION CLIENT ON *.* TO aurora` (MariaDB 10.5 and later: PROCESS, REPLICA MONITOR); the
session is read-only and its statements end after `timeout_s`. Counters are told as what happened since the last run.
"""

import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any

import pymysql
from pydantic import Field
from pymysql.cursors import DictCursor

from aurora.contracts import Row
from aurora.contracts.estate import Components
from aurora.contracts.operations import ComponentHealth, DbReplication, DbStats
from aurora.errors import SourceError
from ingest.connector import Checkpoint, Connector, Item, Run
from ingest.vendors.databases import (
    WHOLE,
    Increases,
    Reading,
    ServerOptions,
    Unreachable,
    component_row,
    cut_off,
    first_seen,
    health_row,
    known_host,
)
from ingest.vendors.mysqlapi import Facts, Sessions, facts, pick, replica_state, sessions_by_database

COUNTERS = {
    "Uptime": "uptime",
    "Questions": "queries",
    "Slow_queries": "slow",
    "Innodb_buffer_pool_read_requests": "looked_up",
    "Innodb_buffer_pool_reads": "from_disk",
    "Innodb_deadlocks": "deadlocks",
}
SIGN_IN = {1044, 1045, 1130, 1251, 1698, 1862, 2059, 2061, 3118, 4151}  # wrong user or password, locked, expired
CROWDED = {1040, 1203, 1226}  # too many connections


class MysqlOptions(ServerOptions):
    """One MySQL or MariaDB server."""

    port: int = Field(3306, ge=1, le=65535)


connector = Connector("mysql", MysqlOptions)


@connector.stream(ComponentHealth, Components, DbStats, DbReplication, every="1m")
def fetch_server(run: Run[MysqlOptions]) -> Iterator[Item]:
    """One reading of the server; its counters travel in the cursor. A server that does not answer is a row too."""
    known_host(run, run.options.host)
    before = dict(run.cursor or {})
    seen = {"first_seen_at": first_seen(run).isoformat()}
    try:
        told, answered_ms = asked(run)
    except Unreachable as found:
        yield ComponentHealth, health_row(run, run.options, found.status, str(found))
        yield Components, component_row(run, run.options, before.get("system", "mysql"), False, before.get("about"))
        yield Checkpoint(before | seen)
        return
    now, system = reading(run.now.timestamp(), told), "mariadb" if told.is_mariadb else "mysql"
    grown, about = Increases(before.get("reading"), now, run.every), {"version": told.version}
    status, reason = judged(told)
    measures = {"response_time_ms": answered_ms, "requests_per_minute": grown.per_minute("queries")}
    yield ComponentHealth, health_row(run, run.options, status, reason, **measures)
    yield Components, component_row(run, run.options, system, True, about)
    for row in stats_rows(run, told, grown):
        yield DbStats, row
    for link in told.replicas or []:
        yield DbReplication, replica_row(run, link)
    yield Checkpoint(seen | {"reading": now.kept(), "about": about, "system": system})


def asked(run: Run[MysqlOptions]) -> tuple[Facts, float]:
    """What the server tells, and how long SELECT 1 took in ms. Raises Unreachable, or SourceError(auth, permission)."""
    limit_s = min(run.options.timeout_s, run.remaining_s())
    try:
        connection: Any = connected(run.options, limit_s)
        # the limit of each read is the driver's; this one is for all of them together
        with connection, cut_off(connection._sock.fileno(), 2 * limit_s), connection.cursor(DictCursor) as cursor:
            began = time.perf_counter()
            cursor.execute("SELECT 1")
            answered_ms = (time.perf_counter() - began) * 1000
            return facts(cursor, limit_s, run.warn), answered_ms
    except pymysql.MySQLError as error:
        raise meant(run, error) from error
    except ssl.SSLCertVerificationError as error:
        raise untrusted(run) from error
    except OSError as error:
        raise Unreachable(f"the connection broke off ({error.strerror or error})") from error


def connected(server: MysqlOptions, limit_s: float) -> "pymysql.Connection[Any]":
    """A connection whose every read takes at most `limit_s`. Raises MySQLError, OSError."""
    wants_tls = server.tls or server.ca is not None
    return pymysql.connect(
        host=server.host,
        port=server.port,
        user=server.user or "aurora",
        password=server.secret(),
        connect_timeout=max(1, int(limit_s)),
        read_timeout=limit_s,
        write_timeout=limit_s,
        ssl=ssl.create_default_context(cafile=server.ca) if wants_tls else None,
        ssl_disabled=not wants_tls,
        program_name="aurora",
        autocommit=True,
        local_infile=False,
    )


def meant(run: Run[MysqlOptions], error: pymysql.MySQLError) -> Exception:
    """What a refusal of the server means for the run."""
    code, said = (error.args[0] if error.args else 0), str(error.args[1] if len(error.args) > 1 else error)
    place = f"{run.source_instance}: {run.options.address}"
    cause = getattr(error, "original_exception", None) or error.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return untrusted(run)
    if code in SIGN_IN:
        return SourceError(f"{place} refuses the sign-in ({said}): check user and password", "auth")
    if code == 2026:
        return SourceError(f"{place}: no TLS ({said}): leave tls out, or turn it on in the server", "auth")
    if code in CROWDED:
        return Unreachable(f"it takes no more connections ({said})", "degraded")
    if code in (1142, 1227):
        return SourceError(f"{place}: {said}: give the rights that docs/connectors.md names", "permission")
    if code in (1193, 1064, 1146):
        return SourceError(f"{place}: {said}: this server is of a kind that Aurora does not know", "schema_drift")
    late = isinstance(cause, TimeoutError | socket.timeout)
    return Unreachable("no answer in time" if late else said)


def untrusted(run: Run[MysqlOptions]) -> SourceError:
    """The error for a certificate that does not hold."""
    place = f"{run.source_instance}: {run.options.address}"
    return SourceError(f"{place} has a certificate that is not trusted: set ca", "auth")


def reading(at: float, told: Facts) -> Reading:
    """The counters under the names used here; a start of the server shows as an `uptime` that fell."""
    values = {ours: told.number(theirs) for theirs, ours in COUNTERS.items()}
    counts = {name: value for name, value in values.items() if value is not None}
    if "looked_up" in counts and "from_disk" in counts:
        counts["in_memory"] = max(0.0, counts["looked_up"] - counts["from_disk"])
    return Reading(at, "", counts)


def judged(told: Facts) -> tuple[str, str | None]:
    """Status and reason: it answers, so it is healthy unless its replication says that it stands still."""
    for link in told.replicas or []:
        if replica_state(link) == "stopped":
            return "degraded", f"replication stands still: {last_error(link) or 'a thread is not running'}"
    return "healthy", None


def stats_rows(run: Run[MysqlOptions], told: Facts, grown: Increases) -> Iterator[Row]:
    """The row of the whole server, then one per database that somebody is connected to."""
    role = "unknown" if told.replicas is None else "replica" if told.replicas else "primary"
    common = {"component_id": run.id(run.options.address), "observed_at": run.now, "role": role}
    yield {
        **common,
        "database": WHOLE,
        **connection_columns(told.sessions),
        "connections_used": told.whole("Threads_connected"),
        "connections_max": told.connections_max,
        "blocked": told.whole("Innodb_row_lock_current_waits"),
        "cache_hit_ratio": grown.ratio("in_memory", "from_disk"),
        "deadlock_count": grown.count("deadlocks"),
        "slow_query_count": grown.count("slow"),
        "ops_per_minute": grown.per_minute("queries"),
        "used_memory_bytes": told.whole("Memory_used") if told.is_mariadb else None,
    }
    for database, sessions in sorted(sessions_by_database(told.sessions or []).items()):
        yield {**common, "database": database, **connection_columns(sessions)}


def connection_columns(sessions: Sessions | None) -> Row:
    """Connections by what they do; nothing where the user may not see them."""
    if sessions is None:
        return {}
    in_transaction = [one for one in sessions if one.is_idle and one.transaction_s is not None]
    open_s = [one.transaction_s for one in sessions if one.transaction_s is not None]
    return {
        "connections_used": len(sessions),
        "connections_active": sum(not one.is_idle for one in sessions),
        "connections_idle": sum(one.is_idle for one in sessions) - len(in_transaction),
        "connections_idle_in_tx": len(in_transaction),
        "longest_tx_s": max(open_s, default=None),
    }


def replica_row(run: Run[MysqlOptions], link: Row) -> Row:
    """The link of this replica to one primary; seconds behind are null while a thread stands still."""
    channel = pick(link, "Channel_Name", "Connection_name")
    behind = pick(link, "Seconds_Behind_Source", "Seconds_Behind_Master")
    io, sql = (pick(link, f"Replica_{part}_Running", f"Slave_{part}_Running") for part in ("IO", "SQL"))
    return {
        "component_id": run.id(run.options.address),
        "replica_id": f"{run.options.address}/{channel}" if channel else run.options.address,
        "observed_at": run.now,
        "state": replica_state(link),
        "state_raw": f"io {io}, sql {sql}",
        "lag_s": float(behind) if behind is not None else None,
        "last_error": last_error(link),
    }


def last_error(link: Row) -> str | None:
    """What stopped replication, as the server says it."""
    said = (pick(link, name) for name in ("Last_IO_Error", "Last_SQL_Error", "Last_Error"))
    return next((str(one)[:500] for one in said if one), None)
