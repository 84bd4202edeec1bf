"""What is asked of a MySQL or MariaDB server, in the spelling that its version knows."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pymysql

from aurora.contracts import Row

Cursor = Any
NOT_ALLOWED = {1142, 1227}
SYSTEM_USERS = {"system user", "event_scheduler"}
OPEN_TRANSACTIONS = """
    SELECT trx_mysql_thread_id AS id, timestampdiff(SECOND, min(trx_started), now()) AS open_s
    FROM information_schema.innodb_trx GROUP BY trx_mysql_thread_id
"""


@dataclass(frozen=True)
class Session:
    """One connection of a client: its database, whether it waits for the client, seconds its transaction is open."""

    database: str | None
    is_idle: bool
    transaction_s: float | None


Sessions = list[Session]


@dataclass(frozen=True)
class Facts:
    """All that one run asks; `sessions` and `replicas` are None where the user may not know."""

    version: str
    status: dict[str, str]
    connections_max: int | None
    sessions: Sessions | None
    replicas: list[Row] | None

    @property
    def is_mariadb(self) -> bool:
        """Whether it is MariaDB."""
        return "mariadb" in self.version.lower()

    def number(self, name: str) -> float | None:
        """A status value as a number; None if it is absent or no number."""
        value = self.status.get(name, "")
        return float(value) if re.fullmatch(r"\d+(\.\d+)?", value) else None

    def whole(self, name: str) -> int | None:
        """A status value as an integer."""
        value = self.number(name)
        return None if value is None else int(value)


def facts(cursor: Cursor, limit_s: float, warn: Callable[[str], None]) -> Facts:
    """Everything, read-only and with a time limit. Raises pymysql.MySQLError."""
    version = str(_all(cursor, "SELECT version() AS version")[0]["version"])
    is_mariadb = "mariadb" in version.lower()
    limit = f"max_statement_time = {limit_s:.1f}" if is_mariadb else f"max_execution_time = {int(limit_s * 1000)}"
    cursor.execute("SET SESSION TRANSACTION READ ONLY")
    cursor.execute(f"SET SESSION {limit}")
    status = {row["Variable_name"]: str(row["Value"]) for row in _all(cursor, "SHOW GLOBAL STATUS")}
    variables = _all(cursor, "SHOW GLOBAL VARIABLES LIKE 'max_connections'")
    return Facts(
        version=version,
        status=status,
        connections_max=int(variables[0]["Value"]) if variables else None,
        sessions=_sessions(cursor, warn),
        replicas=_replicas(cursor, version, warn),
    )


def _sessions(cursor: Cursor, warn: Callable[[str], None]) -> Sessions | None:
    own = _all(cursor, "SELECT connection_id() AS id")[0]["id"]
    try:
        open_s = {row["id"]: float(row["open_s"]) for row in _all(cursor, OPEN_TRANSACTIONS)}
    except pymysql.MySQLError as error:
        if error.args[0] not in NOT_ALLOWED:
            raise
        warn("open transactions and other users' connections are not visible: grant PROCESS")
        return None
    return [
        Session(row["db"] or None, row["Command"] == "Sleep", open_s.get(row["Id"]))
        for row in _all(cursor, "SHOW PROCESSLIST")
        if row["Id"] != own and row["User"] not in SYSTEM_USERS and not str(row["Command"]).startswith("Binlog Dump")
    ]


def _replicas(cursor: Cursor, version: str, warn: Callable[[str], None]) -> list[Row] | None:
    try:
        return _all(cursor, replica_question(version))
    except pymysql.MySQLError as error:
        if error.args[0] not in NOT_ALLOWED:
            raise
        warn("the state of replication is not visible: grant REPLICATION CLIENT (MariaDB: REPLICA MONITOR)")
        return None


def replica_question(version: str) -> str:
    """How this version wants to be asked for its links to primaries (8.4 no longer knows the old words)."""
    if "mariadb" in version.lower():
        return "SHOW ALL SLAVES STATUS"
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    is_new = found is None or tuple(int(part) for part in found.groups()) >= (8, 0, 22)
    return "SHOW REPLICA STATUS" if is_new else "SHOW SLAVE STATUS"


def replica_state(link: Row) -> str:
    """streaming when both threads run, stopped when one does not; a thread that connects is not running yet."""
    threads = [str(pick(link, f"Replica_{part}_Running", f"Slave_{part}_Running")).lower() for part in ("IO", "SQL")]
    if threads == ["yes", "yes"]:
        return "streaming"
    known = {"yes", "no", "connecting", "preparing"}
    return "stopped" if known.issuperset(threads) else "unknown"


def pick(row: Row, *names: str) -> Any:
    """The value under the first of the names that the row has; an empty text is None."""
    return next((row[name] if row[name] != "" else None for name in names if name in row), None)


def sessions_by_database(sessions: Sessions) -> dict[str, Sessions]:
    """Sessions that chose a database, by its name."""
    found: dict[str, Sessions] = {}
    for one in sessions:
        if one.database:
            found.setdefault(one.database, []).append(one)
    return found


def _all(cursor: Cursor, question: str) -> list[Row]:
    cursor.execute(question)
    return list(cursor.fetchall())
