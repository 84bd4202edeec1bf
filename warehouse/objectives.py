"""The SQL of an objective: what may be asked, and what is asked of an objective that states a goal only. Pure."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import duckdb
import polars as pl

from aurora.errors import QueryError

# An objective is declared by people and runs unattended: it reads what is published, and no file or address.
_OUTSIDE = re.compile(r"\b(read_\w+|parquet_\w+|sniff_\w+|glob|getenv|query|query_table|\w+_scan)\s*\(", re.IGNORECASE)
QUESTION = "question:"  # an objective's SQL may name a saved question of ts, good and total instead
_COMPONENTS = """select date_trunc('minute', h.ts_start) as ts, {value} as value from component_health h
join (select distinct component_id from app_components where {whose}) a on a.component_id = h.component_id
where h.part_day between $since::date and $until::date and h.ts_start >= $since and h.ts_start < $until and {which}"""
_WHOSE = {"component_id": "component_id = '{}'", "app_id": "app_id = '{}'"}


def fault_of(sql: str) -> str | None:
    """What is wrong with an objective's SQL, as a sentence; None if it is one SELECT over published tables."""
    if sql.startswith(QUESTION):
        return f"the question {sql.removeprefix(QUESTION)!r} is retired, or was never saved"
    try:
        found = duckdb.extract_statements(plain(sql))
    except duckdb.Error as error:
        return f"this is no SQL ({str(error).splitlines()[0][:200]})"
    if len(found) != 1 or found[0].type != duckdb.StatementType.SELECT:
        return "write exactly one SELECT"
    if outside := _OUTSIDE.search(sql):
        return f"{outside[1]} reads what is not published: ask published tables only"
    try:
        names = duckdb.get_table_names(plain(sql))
    except duckdb.Error:
        return None  # what cannot be told here is told when it is asked
    wrong = sorted(name for name in names if not re.fullmatch(r"\w+(\.\w+)?", name) or name.startswith("duckdb_"))
    return f"{wrong[0]} is no published table" if wrong else None


def plain(sql: str) -> str:
    """The SQL with `$since` for `:since`, and without a semicolon at its end."""
    return re.sub(r"(?<![:\w]):(since|until)\b", r"$\1", sql).strip().rstrip(";").strip()


def good_and_total(slo: Mapping[str, Any]) -> tuple[str, str | None] | None:
    """The two SELECTs of an objective, of ts and value; None if it states no goal that can be asked for."""
    if slo["good_sql"]:
        return plain(slo["good_sql"]), plain(slo["total_sql"]) if slo["total_sql"] else None
    whose = next((text.format(_quoted(slo[key])) for key, text in _WHOSE.items() if slo[key]), None)
    if whose is None or slo["source"] in ("datadog", "newrelic"):
        return None
    if slo["kind"] == "threshold":
        return _COMPONENTS.format(value="h.response_time_ms", whose=whose, which="h.response_time_ms is not null"), None
    state = "sample_state(h.status, h.cpu_pct, h.memory_pct, h.disk_pct, h.response_time_ms, h.requests_per_minute, h.error_rate_pct, h.network_latency_ms)"  # noqa: E501
    seconds, seen = "epoch(h.ts_end - h.ts_start)", f"{state} in ('healthy', 'degraded', 'down')"
    good = f"case when h.status = 'down' then 0 else {seconds} end"
    return _COMPONENTS.format(value=good, whose=whose, which=seen), _COMPONENTS.format(
        value=seconds, whose=whose, which=seen
    )


def per_minute(slo: Mapping[str, Any]) -> str | None:
    """One SELECT of ts_start, good and total per minute, over `$since` and `$until` (UTC); None as above.

    ratio: good and total as they are counted. threshold: a value counts as good up to the threshold. time_slice: a
    minute counts once, good if its good part reaches the threshold in percent; without one as ratio.
    """
    asked = good_and_total(slo)
    if asked is None:
        return None
    good, total = asked
    if slo["kind"] == "threshold":
        limit = float(slo["threshold"] if slo["threshold"] is not None else "nan")
        return _minutes(good, f"count(value) filter (where value <= {limit!r}::double) as good, count(value) as total")
    if total is None:
        return None
    both = (
        f"with g as ({_minutes(good, 'sum(value) as n')}), t as ({_minutes(total, 'sum(value) as n')}) "
        "select t.ts_start, least(coalesce(g.n, 0), t.n)::double as good, t.n::double as total "
        "from t left join g on g.ts_start = t.ts_start where t.n > 0"
    )
    if slo["kind"] == "time_slice" and slo["threshold"] is not None:
        share = float(slo["threshold"]) / 100
        return (
            f"select ts_start, (good >= total * {share!r}::double)::integer::double as good, 1.0 as total from ({both})"
        )
    return both


def _minutes(sql: str, what: str) -> str:
    return (
        f"select date_trunc('minute', ts::timestamp) as ts_start, {what} from (\n{sql}\n) "
        "where ts >= $since and ts < $until group by 1"
    )


def _quoted(text: str) -> str:
    return text.replace("'", "''").replace("{", "").replace("}", "")


def tried(ask: Callable[..., pl.DataFrame], slo: Mapping[str, Any], since: datetime, until: datetime) -> pl.DataFrame:
    """What an objective's SQL gives per minute of a span (UTC). Raises QueryError with what is wrong with it."""
    sql = per_minute(slo)
    if sql is None:
        raise QueryError("it states no SQL that could be asked")
    try:
        return ask(sql, since=since, until=until)
    except duckdb.Error as error:
        raise QueryError(str(error).splitlines()[0]) from error
