"""What is asked of a PostgreSQL server and of a PgBouncer, and how: read-only, with a time limit, seen as one moment.

Everything happens in one read-only transaction with SET LOCAL, so that nothing stays behind on a connection that a
pooler hands on to somebody else.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import certifi
import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from aurora.contracts import Row
from aurora.errors import ErrorClass, SourceError
from ingest.vendors.databases import ServerOptions, Unreachable, cut_off

MAX_STATEMENTS = 100
# While connecting, libpq tells no code, only text.
REFUSALS: list[tuple[str, ErrorClass, str]] = [
    (r"certificate verify failed|certificate .* does not match|root certificate", "auth", "set ca, and host as in it"),
    (r"does not support SSL", "auth", "leave tls out, or turn it on in the server"),
    (r"database .* does not exist", "not_found", "check database"),
    (
        r"authentication failed|no pg_hba.conf entry|role .* does not exist|no password supplied|not allowed"
        r"|no such user|password is missing|not permitted to log in",
        "auth",
        "check user, password and the rights that docs/connectors.md names",
    ),
]
CROWDED = r"too many (clients|connections)|connection slots are reserved|no more connections allowed"
SERVER = """
    select current_setting('server_version') as version, current_setting('server_version_num')::int as version_number
         , pg_is_in_recovery() as is_replica
         , pg_has_role(current_user, 'pg_read_all_stats', 'usage') as may_see_all
         , current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
           - coalesce(current_setting('reserved_connections', true)::int, 0) as connections_max
         , extract(epoch from pg_postmaster_start_time())::float8 as started_at
"""
DATABASES = """
    select d.datname::text as database, d.oid::text as id, s.numbackends as connections_used
         , nullif(d.datconnlimit, -1) as connections_max
         , s.xact_commit + s.xact_rollback as transactions, s.blks_hit, s.blks_read, s.deadlocks
         , coalesce(extract(epoch from s.stats_reset)::float8, 0) as reset_at
    from pg_stat_database s join pg_database d on d.oid = s.datid
    where d.datallowconn and not d.datistemplate
"""
SESSIONS = """
    select datname::text as database, count(*) as connections_used
         , count(*) filter (where state = 'active') as connections_active
         , count(*) filter (where state = 'idle') as connections_idle
         , count(*) filter (where state like 'idle in transaction%') as connections_idle_in_tx
         , count(*) filter (where wait_event_type = 'Lock') as blocked
         , greatest(max(extract(epoch from clock_timestamp() - xact_start))::float8, 0) as longest_tx_s
    from pg_stat_activity
    where backend_type = 'client backend' and pid <> pg_backend_pid() and datname is not null
    group by datname
"""
# replay_lag turns null some seconds after the last write although all is replayed: then the positions speak.
REPLICAS = """
    with here as (
      select case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end as lsn)
    , senders as (
      select r.pid, r.state, r.sync_state, extract(epoch from r.replay_lag)::float8 as lag_s
           , greatest(pg_wal_lsn_diff(here.lsn, r.replay_lsn), 0)::bigint as lag_bytes
           , coalesce(nullif(r.application_name, ''), 'replica') || '@' || coalesce(host(r.client_addr), 'local')
             as sender
           , row_number() over (partition by r.application_name, r.client_addr order by r.backend_start, r.pid) as nth
      from pg_stat_replication r, here where r.state is distinct from 'backup')
    , slots as (
      select s.slot_name::text as slot, s.active, s.active_pid
           , greatest(pg_wal_lsn_diff(here.lsn, s.restart_lsn), 0)::bigint as retained_bytes
           , to_jsonb(s) ->> 'wal_status' as wal_status
      from pg_replication_slots s, here where not s.temporary)
    select coalesce(slot, sender || case when nth > 1 then '#' || nth else '' end) as replica_id
         , state, sync_state, lag_s, lag_bytes, slots.active, retained_bytes, wal_status
    from senders full join slots on slots.active_pid = senders.pid
"""
RECEIVER = """
    select w.status, current_setting('restore_command', true) as restore_command
         , greatest(pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), 0)::bigint as lag_bytes
         , greatest(extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()), 0)::float8 as since_s
    from (select 1) as one left join pg_stat_wal_receiver w on true
"""
STATEMENTS_PLACE = """
    select n.nspname::text as schema from pg_extension e join pg_namespace n on n.oid = e.extnamespace
    where e.extname = 'pg_stat_statements'
"""
STATEMENTS = """
    select d.datname::text as database, concat_ws('.', s.dbid, s.userid, s.queryid) as id
         , sum(s.calls)::bigint as calls, sum(s.{total})::float8 as total_ms
    from {schema}.pg_stat_statements s join pg_database d on d.oid = s.dbid
    where s.{longest} >= {slow_ms} and s.queryid is not null
    group by 1, 2 order by max(s.{longest}) desc limit {limit}
"""


@dataclass(frozen=True)
class Facts:
    """All that one run asks. `sessions` is None where the user may not see others; `statements` without the extension.

    `receiver` is None on a primary.
    """

    server: Row
    databases: list[Row]
    sessions: list[Row] | None
    replicas: list[Row]
    receiver: Row | None
    statements: list[Row] | None
    answered_ms: float


@contextmanager
def connected(server: ServerOptions, database: str, limit_s: float, autocommit: bool = False) -> Iterator[Any]:
    """A connection that gives rows as dicts and is cut off when all takes too long. Raises psycopg.Error."""
    wants_tls = server.tls or server.ca is not None
    connection = psycopg.connect(
        host=server.host,
        port=server.port,
        dbname=database,
        user=server.user or "aurora",
        password=server.secret() or None,
        connect_timeout=max(2, int(limit_s)),
        sslmode="verify-full" if wants_tls else "prefer",
        sslrootcert=str(server.ca or certifi.where()) if wants_tls else None,
        gssencmode="disable",
        application_name="aurora",
        autocommit=autocommit,
        row_factory=dict_row,
        prepare_threshold=None,
    )
    with cut_off(connection.fileno(), 2 * limit_s), connection:
        yield connection


def facts(connection: Any, limit_s: float, slow_ms: float) -> Facts:
    """Everything, in one read-only transaction. Raises psycopg.Error."""
    connection.read_only = True
    connection.execute(sql.SQL("set local statement_timeout = {}").format(sql.Literal(int(limit_s * 1000))))
    began = time.perf_counter()
    connection.execute("select 1")
    answered_ms = (time.perf_counter() - began) * 1000
    server = connection.execute(SERVER).fetchone()
    is_replica = server["is_replica"]
    return Facts(
        server=server,
        databases=connection.execute(DATABASES).fetchall(),
        sessions=connection.execute(SESSIONS).fetchall() if server["may_see_all"] else None,
        replicas=connection.execute(REPLICAS).fetchall() if server["may_see_all"] else [],
        receiver=connection.execute(RECEIVER).fetchone() if is_replica else None,
        statements=_statements(connection, server["version_number"], slow_ms) if server["may_see_all"] else None,
        answered_ms=answered_ms,
    )


def _statements(connection: Any, version_number: int, slow_ms: float) -> list[Row] | None:
    place = connection.execute(STATEMENTS_PLACE).fetchone()
    if place is None:
        return None
    total, longest = ("total_exec_time", "max_exec_time") if version_number >= 130_000 else ("total_time", "max_time")
    question = sql.SQL(STATEMENTS).format(
        schema=sql.Identifier(place["schema"]),
        total=sql.Identifier(total),
        longest=sql.Identifier(longest),
        slow_ms=sql.Literal(slow_ms),
        limit=sql.Literal(MAX_STATEMENTS),
    )
    try:
        with connection.transaction():  # a savepoint: without the library preloaded only this question fails
            found: list[Row] = connection.execute(question).fetchall()
            return found
    except psycopg.errors.ObjectNotInPrerequisiteState:
        return None


def meant(place: str, error: psycopg.Error) -> Exception:
    """What a fault means for the run: SourceError for wrong options, Unreachable for a server that does not serve."""
    said = re.sub(r'^.*connection to server at "[^"]*"[^:]* failed: ', "", " ".join(str(error).split()))[:300]
    for pattern, kind, advice in REFUSALS:
        if re.search(pattern, said, re.I):
            return SourceError(f"{place} refuses the sign-in ({said}): {advice}", kind)
    if re.search(CROWDED, said, re.I):
        return Unreachable(f"it takes no more connections ({said})", "degraded")
    if isinstance(error, psycopg.errors.QueryCanceled):
        return Unreachable("its statistics were not read within the time limit", "degraded")
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return SourceError(f"{place}: {said}: grant pg_monitor to the role", "permission")
    if isinstance(error, psycopg.ProgrammingError):
        return SourceError(f"{place}: {said}: this server is of a kind that Aurora does not know", "schema_drift")
    return Unreachable(said or "the connection broke off")
