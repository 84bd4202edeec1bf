"""Objectives, each minute: the SQL of each is asked since its last point, and what burns opens and ends alerts.

A minute without data gets a point without figures; one of an objective that cannot be asked is logged with the
reason, and the others go on.
"""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from aurora.contracts import Row
from aurora.contracts.operations import Alerts, SloPoints
from aurora.errors import AuroraError
from aurora.insights.slo import missing_data, span_of
from aurora.own_rows import AURORA, write_rows
from aurora.settings import Settings
from warehouse.lake import Lake
from warehouse.objectives import fault_of, per_minute
from warehouse.publish import current
from warehouse.query import Warehouse

log = logging.getLogger("aurora.slo")
LIMIT_S = 30.0
POINTS_AT_ONCE = 200_000
MINUTE, OVERLAP = timedelta(minutes=1), timedelta(minutes=10)
OBJECTIVES = """select s.*, p.last_at from
    (select n.*, l.source from slos_now n join slos l on l.slo_id = n.slo_id and l.source_instance = n.source_instance
     qualify row_number() over (partition by n.slo_id order by l.version desc) = 1) s
    left join (select slo_id, max(ts_start) as last_at from slo_points where ts_start <= $now group by slo_id) p
    on p.slo_id = s.slo_id where s.kind <> 'vendor'"""
KNOWN = """select ts_start, good, total from slo_points
    where part_day >= $since::date and slo_id = $slo_id and ts_start >= $since"""
OPEN = "from alerts where source = 'aurora' and slo_id is not null and state = 'firing'"
BUDGETS = "select slo_id, name, app_id, component_id, target_pct, period_s, age_s, interval_s, kind from slo_budgets"
NAMES = {
    "page_quick": "it burns 2 % of its budget in an hour",
    "page_slow": "it burns 5 % of its budget in six hours",
    "ticket_quick": "it burns 10 % of its budget in a day",
    "ticket_slow": "it burns 10 % of its budget in three days",
}


def evaluate(settings: Settings, lake: Lake, now: datetime | None = None) -> None:
    """Write the points that are new or have changed, then open and end the alerts of budgets that burn."""
    at = (now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None)
    if current(settings.published) is None:
        return
    warehouse = Warehouse(settings.published, LIMIT_S)
    held: list[Row] = []
    for slo in warehouse.rows(OBJECTIVES, {"now": at}).iter_rows(named=True):
        try:
            held += points(warehouse, slo, at)
        except Exception as error:  # SQL of people may fail in any way, and must not take the other objectives with it
            log.warning("objective %s: not evaluated: %s", slo["slo_id"], str(error).splitlines()[0])
        if len(held) > POINTS_AT_ONCE:
            write_rows(lake, SloPoints, held, at, "slo")
            held = []
    write_rows(lake, SloPoints, held, at, "slo")
    write_rows(lake, Alerts, list(alert_changes(warehouse, at)), at, "slo")


def points(warehouse: Warehouse, slo: Row, at: datetime) -> Iterator[Row]:
    """The points of an objective up to the minute before `at` that differ from those that are there."""
    for sql in filter(None, (slo["good_sql"], slo["total_sql"])):
        if fault := fault_of(sql):
            raise AuroraError(fault)
    sql = per_minute(slo)
    if sql is None:
        return
    until = at.replace(second=0, microsecond=0)
    start = span_of(slo["window"], until)[0].replace(second=0, microsecond=0)
    since = max(start, slo["last_at"] - OVERLAP) if slo["last_at"] and not _turned(slo["last_at"], until) else start
    found = warehouse.rows(sql, {"since": since, "until": until})
    told = {row["ts_start"]: (row["good"], row["total"]) for row in found.iter_rows(named=True)}
    # A gap in a past that nobody watched is no gap: minutes without data are told from the last point on.
    minute = slo["last_at"] or until
    while minute < until:
        told.setdefault(minute, (None, None))
        minute += MINUTE
    known = warehouse.rows(KNOWN, {"since": since, "slo_id": slo["slo_id"]})
    before = {row["ts_start"]: (row["good"], row["total"]) for row in known.iter_rows(named=True)}
    for ts_start, both in told.items():
        if ts_start not in before or before[ts_start] != both:
            yield _point(slo["slo_id"], ts_start, *both)


def _turned(last_at: datetime, until: datetime) -> bool:
    """Whether an hour has begun since: then the whole window is asked again, for what came hours or days late."""
    return last_at.replace(minute=0) < until.replace(minute=0)


def _point(slo_id: str, ts_start: datetime, good: float | None, total: float | None) -> Row:
    state = "no_data" if total is None else "ok"
    return {
        "slo_id": slo_id, "ts_start": ts_start, "ts_end": ts_start + MINUTE, "good": good, "total": total,
        "state": state,
    }  # fmt: skip


def alert_changes(warehouse: Warehouse, at: datetime) -> Iterator[Row]:
    """Alerts that open, change their severity or end. One that no data can speak for stays as it is."""
    said = dict(_verdicts(warehouse))
    known = {row["fingerprint"]: row for row in warehouse.rows(OPEN).iter_rows(named=True)}
    for fingerprint, (word, row) in said.items():
        before = known.get(fingerprint)
        if word == "firing" and (before is None or before["severity"] != row["severity"]):
            started = before["started_at"] if before else at
            yield row | _episode(fingerprint, started) | {"state": "firing", "last_seen_at": at, "updated_at": at}
    for fingerprint, before in known.items():
        word = said[fingerprint][0] if fingerprint in said else "ok"
        if word not in ("firing", "no_data"):
            over = {"state": "resolved", "ended_at": at, "last_seen_at": at, "updated_at": at}
            own = {name: before[name] for name in Alerts.own_columns()}
            yield own | over | {"is_end_inferred": fingerprint not in said}


def _episode(fingerprint: str, started: datetime) -> Row:
    name = f"{AURORA}:{fingerprint}:{started:%Y%m%dT%H%M%S}"
    return {"alert_id": name, "fingerprint": fingerprint, "started_at": started, "fired_at": started}


def _verdicts(warehouse: Warehouse) -> Iterator[tuple[str, tuple[str, Row]]]:
    """Fingerprint -> verdict and what an alert of it says: a burn rule each, and silence."""
    budgets = {row["slo_id"]: row for row in warehouse.rows(BUDGETS).iter_rows(named=True) if row["kind"] != "vendor"}
    for burn in warehouse.rows("from slo_burns").iter_rows(named=True):
        title = f"{budgets[burn['slo_id']]['name']}: {NAMES[burn['rule']]}"
        about = {"value": burn["long_burn"], "threshold": burn["factor"], "rule_id": burn["rule"]}
        row = _about(budgets[burn["slo_id"]], title, burn["severity"], burn["rule"]) | about
        yield f"slo:{burn['slo_id']}:{burn['rule']}", (burn["verdict"], row)
    for slo_id, budget in budgets.items():
        if budget["age_s"] is not None and 0 < budget["target_pct"] < 100:
            age, period, interval = (
                timedelta(seconds=budget[name] or 0) for name in ("age_s", "period_s", "interval_s")
            )
            word = missing_data(age, budget["target_pct"], period, interval)
            row = _about(budget, f"{budget['name']}: not measured any more", word, "silence")
            yield f"slo:{slo_id}:silence", ("ok" if word == "ok" else "firing", row | {"value": budget["age_s"]})


def _about(budget: Row, title: str, severity: str, rule: str) -> Row:
    return {
        "slo_id": budget["slo_id"],
        "app_id": budget["app_id"],
        "component_id": budget["component_id"],
        "rule_id": rule,
        "severity": severity,
        "title": title,
        "labels": json.dumps({"slo": budget["slo_id"], "rule": rule}),
    }
