"""API endpoints of AppDynamics: business transactions of tiers; their metrics tell neither method nor code."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from aurora.contracts import Row
from ingest.connector import Json, Run
from ingest.vendors.apm import Window, instant, millis
from ingest.vendors.appdynamics import CALLS, FREQUENCY_S, Controller, parts_of
from ingest.vendors.endpoints import method_of, route_of

TRANSACTIONS = "Business Transaction Performance|Business Transactions"
MEASURES = CALLS | {"p95_ms": "95th Percentile Response Time (ms)"}
Bucket = tuple[str, str, int, int]  # tier, transaction, start in ms, length in s


def endpoint_rows(run: Run[Any], controller: Controller, application: Json, span: Window) -> Iterator[Row]:
    """Rows of api_endpoint_stats of an application's transactions; nothing of a tier that is not listed."""
    tiers = {one["name"]: one["id"] for one in controller.get(f"applications/{application['id']}/tiers")}
    told: dict[Bucket, Row] = defaultdict(dict)
    for measure, name in MEASURES.items():
        where = f"applications/{application['id']}/metric-data"
        answer = controller.between(where, *span, metric_path=f"{TRANSACTIONS}|*|*|{name}", rollup="false")
        for bucket, value in values(answer, span):
            told[bucket][measure] = value
    for bucket, measures in sorted(told.items()):
        if bucket[0] in tiers and "calls" in measures:
            yield endpoint_row(run, tiers[bucket[0]], bucket, measures)


def values(answer: list[Json], span: Window) -> Iterator[tuple[Bucket, float]]:
    """The value of each transaction and bucket within the range."""
    for metric in answer:
        parts = parts_of(metric.get("metricPath") or "")
        for point in metric.get("metricValues") or [] if len(parts) == 5 else ():
            at, value = point["startTimeInMillis"], point.get("value")
            if value is not None and millis(span[0]) <= at < millis(span[1]):
                yield (parts[2], parts[3], at, FREQUENCY_S[metric["frequency"]]), float(value)


def endpoint_row(run: Run[Any], tier_id: int, bucket: Bucket, told: Row) -> Row:
    """A row; calls and errors are told per minute; without calls there are no times, whatever the controller writes."""
    _, name, start_ms, length_s = bucket
    calls, errors, start = round(told["calls"] * length_s / 60), told.get("errors"), instant(start_ms)
    return {
        "component_id": run.id(f"tier:{tier_id}"),
        "endpoint": route_of(name),
        "method": method_of(None),
        "ts_start": start,
        "ts_end": start + timedelta(seconds=length_s),
        "call_count": calls,
        "error_count": None if errors is None else round(errors * length_s / 60),
        "response_time_ms": told.get("response_ms") if calls else None,
        "p95_ms": told.get("p95_ms") if calls else None,
    }
