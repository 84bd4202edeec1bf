"""Costs, each hour: daily costs are judged, what is odd is taken apart and kept, and owners are told; budgets too.

The last sixty days are judged each time, so that a bill that comes late or is restated is seen, and the first run goes
over what was there before. A span is known again by its series and days. What a person decided is never written over.
"""

import json
import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta

import polars as pl

from aurora import budget_alerts
from aurora.contracts import Row
from aurora.contracts.operations import Alerts, Anomalies
from aurora.cost_alerts import RULE, alert_changes
from aurora.cost_explained import explained
from aurora.insights.cost_anomalies import Series, Span
from aurora.insights.cost_series import JUDGED_DAYS, READ_DAYS, SERIES, About, judged
from aurora.own_rows import AURORA, write_rows
from aurora.settings import Settings
from warehouse.lake import Lake
from warehouse.locks import locked
from warehouse.publish import current
from warehouse.query import Warehouse
from warehouse.record import ANOMALIES_LOCK

log = logging.getLogger("aurora.costs")
LIMIT_S = 120.0
RESTATED = "The bill was restated: these days are as expected now."
TAKEN_OUT = "No charge of it is kept any more."
DAY = timedelta(days=1)


def look_for_anomalies(settings: Settings, lake: Lake, now: datetime | None = None) -> None:
    """Write anomalies that are new or changed, then open and end their alerts; the second run of a day writes none."""
    at = (now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None)
    if current(settings.published) is None:
        return
    warehouse = Warehouse(settings.published, LIMIT_S)
    told = warehouse.rows(SERIES, {"since": at.date() - timedelta(days=READ_DAYS), "until": at.date()})
    found = judged(told, at.date()) if told.height else {}
    news = [*_changes(warehouse, found, _known(lake), at), *_taken_out(found, _known(lake), at)]
    with locked(settings.data / "locks" / ANOMALIES_LOCK):
        write_rows(lake, Anomalies, list(_respecting(lake, news)), at, "cost")
    alerts = [
        *alert_changes(warehouse, _known(lake), _ours(lake, RULE), settings.cost_alerts, at),
        *budget_alerts.alert_changes(warehouse, _ours(lake, budget_alerts.RULE), at),
    ]
    write_rows(lake, Alerts, alerts, at, "cost")


def _ours(lake: Lake, rule: str) -> list[Row]:
    """The alerts that a rule of ours opened."""
    return lake.scan(Alerts).filter(pl.col("source") == AURORA, pl.col("rule_id") == rule).collect().to_dicts()


def _known(lake: Lake) -> list[Row]:
    return lake.scan(Anomalies).filter(pl.col("subject") == "cost").collect().to_dicts()


def _changes(warehouse: Warehouse, found: dict[About, Series], known: list[Row], at: datetime) -> Iterator[Row]:
    """Rows of anomalies that are new, or go on, or ended, or are none any more since their bill was restated."""
    since = at.date() - timedelta(days=JUDGED_DAYS)
    of_series: dict[str, list[Row]] = {}
    for row in known:
        of_series.setdefault(row["series_id"], []).append(row)
    for about, series in found.items():
        before = of_series.get(about.series_id, [])
        seen = set()
        for span in series.spans:
            if span.ended is not None and span.days[-1].day < since:
                continue
            old = next((row for row in before if _is_same(row, span)), None)
            seen.add(old["anomaly_id"] if old else None)
            row = _row(about, span, old, at)
            if old is None or _differs(row, old):
                try:
                    yield row | explained(warehouse, about, span)
                except Exception as error:  # one that cannot be taken apart must not take the others with it
                    log.error("%s: not taken apart: %s", about.series_id, str(error).splitlines()[0])
        yield from _withdrawn((row for row in before if row["anomaly_id"] not in seen), series, since, at)


def _is_same(row: Row, span: Span) -> bool:
    """Whether days of the known anomaly are days of the span, both the same way."""
    begun = row["ts_start"].date()
    until = row["ts_end"].date() if row["ts_end"] else date.max
    is_same_way = (row["impact_amount"] or 0) * span.impact > 0
    return is_same_way and begun <= span.days[-1].day and span.first < until


def _row(about: About, span: Span, old: Row | None, at: datetime) -> Row:
    """The row of a span, without what it is made of."""
    count = len(span.days)
    return {
        "anomaly_id": old["anomaly_id"] if old else f"cost:{about.series_id}:{span.first}",
        "subject": "cost",
        "series_id": about.series_id,
        "app_id": about.app_id,
        "measure": "effective cost a day",
        "ts_start": old["ts_start"] if old else _midnight(span.first),
        "ts_end": _midnight(span.days[-1].day + DAY) if span.ended else None,
        "detected_at": old["detected_at"] if old else at,
        "score": max(abs(one.score) for one in span.days),
        "expected_low": sum(one.low for one in span.days) / count,
        "expected_high": sum(one.high for one in span.days) / count,
        "observed": float(sum(one.cost for one in span.days)) / count,
        "impact_amount": span.impact,
        "currency": about.currency,
        "state": old["state"] if old and is_decided(old) else "open",
        "explanation": old["explanation"] if old and is_decided(old) else None,
        "updated_at": at,
    }


def _differs(row: Row, old: Row) -> bool:
    return any(row[name] != old[name] for name in ("ts_end", "impact_amount", "observed"))


def _withdrawn(rows: Iterable[Row], series: Series, since: date, at: datetime) -> Iterator[Row]:
    """Anomalies that nobody decided on and that are none any more, though their first day is judged as complete."""
    for row in rows:
        begun = row["ts_start"].date()
        if row["state"] == "open" and begun >= since and begun.toordinal() in series.complete:
            yield _closed(row, RESTATED, at)


def _taken_out(found: dict[About, Series], known: list[Row], at: datetime) -> Iterator[Row]:
    """Anomalies that nobody decided on, of series whose charges were taken out of the lake."""
    there, since = {about.series_id for about in found}, at.date() - timedelta(days=READ_DAYS)
    for row in known:
        if row["state"] == "open" and row["series_id"] not in there and row["ts_start"].date() >= since:
            yield _closed(row, TAKEN_OUT, at)


def _closed(row: Row, why: str, at: datetime) -> Row:
    own = {name: row[name] for name in Anomalies.own_columns()}
    over = {"ts_end": row["ts_end"] or row["ts_start"] + DAY, "state": "dismissed", "explanation": why}
    return own | over | {"updated_at": at}


def _respecting(lake: Lake, news: list[Row]) -> Iterator[Row]:
    """The rows, with what people decided of them meanwhile."""
    decided = {row["anomaly_id"]: row for row in _known(lake) if is_decided(row)} if news else {}
    for row in news:
        said = decided.get(row["anomaly_id"])
        if said is None:
            yield row
        elif row["explanation"] not in (RESTATED, TAKEN_OUT):
            kept = json.loads(row["parts"]) | {"decided": json.loads(said["parts"] or "{}").get("decided")}
            yield row | {"state": said["state"], "explanation": said["explanation"], "parts": json.dumps(kept)}


def is_decided(row: Row) -> bool:
    """Whether a person explained or dismissed the anomaly."""
    return bool(row["state"] != "open" and row["explanation"] not in (RESTATED, TAKEN_OUT))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())
