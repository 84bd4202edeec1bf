"""API endpoints out of Elastic APM: transactions of the type request, counted by service, name, method and interval.

Fields: https://www.elastic.co/guide/en/apm/server/6.8/exported-fields-apm-transaction.html, and http.* and service.* of
the Elastic Common Schema. An agent that samples stores fewer transactions than there were calls: counts are then low.
"""

from collections import Counter
from datetime import datetime
from typing import Any

from aurora.contracts import Row
from aurora.contracts.estate import Components
from aurora.contracts.operations import ApiEndpointErrors, ApiEndpointStats
from ingest.connector import Item, Json
from ingest.vendors.apm import millis
from ingest.vendors.cloud import TIERS
from ingest.vendors.elastic_api import ElasticRun, composite
from ingest.vendors.endpoints import code_of, error_count, error_rows, method_of, route_of
from ingest.vendors.promql import utc
from ingest.vendors.seen import components_seen

DURATION, STATUS, MAX_CODES = "transaction.duration.us", "http.response.status_code", 100
PERCENTILES = {"p50_ms": 50.0, "p95_ms": 95.0, "p99_ms": 99.0}


def endpoint_items(run: ElasticRun, start: datetime, end: datetime) -> tuple[list[Item], bool]:
    """Services and endpoints of one slice, and whether they are whole."""
    rows: dict[tuple[Any, ...], tuple[Row, Counter[str | None]]] = {}
    services: dict[str, Row] = {}
    seen, all_whole = components_seen(run), True
    for buckets, is_whole in composite(
        run, ",".join(run.options.transactions), _question(run, start, end), _sources(run)
    ):
        all_whole &= is_whole
        for bucket in buckets:
            if bucket["key"].get("service"):
                service = service_row(run, bucket["key"], seen)
                services[service["component_id"]] = service
                row, codes = stats_row(run, bucket, service["component_id"]), codes_of(bucket)
                key = tuple(row[name] for name in ApiEndpointStats.spec.key)
                rows[key] = _added(rows[key], (row, codes)) if key in rows else (row, codes)
    items: list[Item] = [(Components, row) for row in services.values()]
    for row, codes in rows.values():
        items.append((ApiEndpointStats, row | {"error_count": error_count(codes)}))
        when = {name: row[name] for name in ("component_id", "endpoint", "method", "ts_start", "ts_end")}
        items += [(ApiEndpointErrors, error) for error in error_rows(when, codes)]
    return items, all_whole


def _question(run: ElasticRun, start: datetime, end: datetime) -> Json:
    span = {"gte": millis(start), "lt": millis(end), "format": "epoch_millis"}
    filters = [
        {"range": {run.options.fields.timestamp: span}},
        {"term": {"processor.event": "transaction"}},
        {"term": {"transaction.type": "request"}},
    ]
    sub = {
        "mean": {"avg": {"field": DURATION}},
        "longest": {"max": {"field": DURATION}},
        "spread": {"percentiles": {"field": DURATION, "percents": list(PERCENTILES.values())}},
        "codes": {"terms": {"field": STATUS, "size": MAX_CODES}},
    }
    search_body = {"size": 0, "track_total_hits": False, "query": {"bool": {"filter": filters}}}
    return {"search": search_body, "sub": {"aggs": sub}}


def _sources(run: ElasticRun) -> list[Json]:
    fields, step = run.options.fields, f"{int(run.options.endpoint_step.total_seconds())}s"
    names = {"service": fields.service, "environment": fields.environment}
    names |= {"name": "transaction.name", "method": "http.request.method"}
    terms = [{name: {"terms": {"field": field, "missing_bucket": True}}} for name, field in names.items()]
    return [{"at": {"date_histogram": {"field": fields.timestamp, "fixed_interval": step}}}, *terms]


def service_row(run: ElasticRun, key: Json, seen: dict[str, datetime]) -> Row:
    """A component for a service in an environment."""
    name, environment = key["service"], key.get("environment")
    component_id = run.id(f"service:{name}" + (f"@{environment}" if environment else ""))
    return {
        "component_id": component_id,
        "name": name,
        "type": "api",
        "service": name,
        "env_tier": run.word(TIERS, environment) if environment else None,
        "first_seen_at": seen.get(component_id, run.now),
        "last_seen_at": run.now,
    }


def stats_row(run: ElasticRun, bucket: Json, component_id: str) -> Row:
    """One bucket without its errors; a name that begins with its method, such as GET /x, is told without it."""
    key, start, told = bucket["key"], utc(bucket["key"]["at"] // 1000), (bucket.get("spread") or {}).get("values") or {}
    method = key.get("method") or ""
    return {
        "component_id": component_id,
        "endpoint": route_of((key.get("name") or "").removeprefix(f"{method} ")),
        "method": method_of(method),
        "ts_start": start,
        "ts_end": start + run.options.endpoint_step,
        "call_count": bucket["doc_count"],
        "response_time_ms": _ms((bucket.get("mean") or {}).get("value")),
        **{column: _ms(told.get(str(percent))) for column, percent in PERCENTILES.items()},
        "max_ms": _ms((bucket.get("longest") or {}).get("value")),
    }


def codes_of(bucket: Json) -> Counter[str | None]:
    """Calls by status code; those that have none are counted under None."""
    counted: Counter[str | None] = Counter()
    for one in (bucket.get("codes") or {}).get("buckets") or []:
        counted[code_of(one["key"])] += one["doc_count"]
    counted[None] += bucket["doc_count"] - counted.total()
    return counted


def _ms(microseconds: float | None) -> float | None:
    return None if microseconds is None else microseconds / 1000


def _added(
    one: tuple[Row, Counter[str | None]], other: tuple[Row, Counter[str | None]]
) -> tuple[Row, Counter[str | None]]:
    """Two buckets that are one to us: their counts, and no times, since those do not add up."""
    times = {name: None for name in one[0] if name.endswith("_ms")}
    return one[0] | times | {"call_count": one[0]["call_count"] + other[0]["call_count"]}, one[1] + other[1]
