"""API endpoints of Datadog: trace metrics by service and resource name become rows of endpoints and of their errors.

Metrics: https://docs.datadoghq.com/tracing/metrics/metrics_namespace/ (all of the traffic, not only sampled traces). In
the tag `resource_name`, which is in lower case and has underscores for spaces, `GET /orders/:id` is `get_/orders/:id`.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from aurora.contracts import Row
from aurora.contracts.operations import ApiEndpointErrors, ApiEndpointStats
from ingest.connector import Item, Json, Run
from ingest.vendors import datadog
from ingest.vendors.apm import instant
from ingest.vendors.datadog import Ask
from ingest.vendors.endpoints import code_of, error_rows, method_of, route_of

QUERIES = {
    "hits": ("sum:trace.{operation}.hits", "sum"),
    "errors": ("sum:trace.{operation}.errors", "sum"),
    "mean": ("avg:trace.{operation}", "avg"),
    "p50": ("p50:trace.{operation}", ""),
    "p95": ("p95:trace.{operation}", ""),
    "p99": ("p99:trace.{operation}", ""),
}
TIMES = {"response_time_ms": "mean", "p50_ms": "p50", "p95_ms": "p95", "p99_ms": "p99"}
CODES = {"hits": ("sum:trace.{operation}.hits.by_http_status", "sum")}
RESOURCE = ("service", "resource_name")
_NAMED = re.compile("(get|head|post|put|patch|delete|options)_(/.*)")
Called = tuple[str, str, int]  # service, resource name, start in ms
Told = dict[Called, dict[str, float]]


def endpoint_items(run: Run[Any], ask: Ask) -> Iterator[Item]:
    """Rows of the buckets of a range; of several operations with one resource the first that is named counts."""
    done: set[Called] = set()
    for operation in run.options.operations:
        told: Told = defaultdict(dict)
        for tags, at, name, value in _asked(run, ask, RESOURCE, QUERIES, operation):
            told[*tags, at][name] = value
        codes: dict[Called, Counter[str | None]] = defaultdict(Counter)
        for (service, resource, code), at, _, value in _asked(
            run, ask, (*RESOURCE, "http.status_code"), CODES, operation
        ):
            codes[service, resource, at][code_of(code)] += round(value)
        for called in sorted(told.keys() - done):
            if "hits" in told[called]:
                done.add(called)
                key = key_of(run, called, ask.step_s)
                yield ApiEndpointStats, key | measures(told[called])
                for row in error_rows(key, codes[called]):
                    yield ApiEndpointErrors, row


def _asked(
    run: Run[Any], ask: Ask, group: tuple[str, ...], queries: dict[str, tuple[str, str]], operation: str
) -> Iterator[tuple[Any, int, str, float]]:
    body = datadog.request(ask, ",".join(group), queries, operation)
    answer = datadog.told(run.source_instance, run.http.post("api/v2/query/timeseries", body=body))
    yield from values(answer, ask, group, list(queries))


def values(
    answer: Json, ask: Ask, group: tuple[str, ...], names: list[str]
) -> Iterator[tuple[tuple[str, ...], int, str, float]]:
    """(tags, bucket start in ms, query, value); times in seconds; a series without one of the tags is left out."""
    table = answer["data"]["attributes"]
    for series, told in zip(table["series"], table["values"], strict=True):
        tags, name = datadog.tags_of(series["group_tags"]), names[series["query_index"]]
        scale = datadog.scale(series.get("unit")) if name in TIMES.values() else 1.0
        for at, value in zip(table["times"], told, strict=True):
            if value is not None and all(tag in tags for tag in group) and ask.start_ms <= at < ask.end_ms:
                yield tuple(tags[tag] for tag in group), int(at), name, value * scale


def key_of(run: Run[Any], called: Called, step_s: int) -> Row:
    """Component, endpoint, method and interval of a resource."""
    service, resource, start_ms = called
    named, start = _NAMED.fullmatch(resource), instant(start_ms)
    return {
        "component_id": run.id(f"service:{service}"),
        "endpoint": route_of(named[2] if named else resource),
        "method": method_of(named[1] if named else None),
        "ts_start": start,
        "ts_end": start + timedelta(seconds=step_s),
    }


def measures(told: dict[str, float]) -> Row:
    """Counts and times of a bucket; where requests were counted, absent errors are 0 errors."""
    calls = round(told["hits"])
    times = {column: 1000.0 * told[name] for column, name in TIMES.items() if calls and name in told}
    return {"call_count": calls, "error_count": round(told.get("errors", 0.0)), **times}
