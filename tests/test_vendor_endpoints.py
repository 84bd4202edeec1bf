"""API endpoints of vendors that count for us: what is cut off is said, what is not told is null."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from aurora.contracts.operations import ApiEndpointStats
from ingest.connectors import appdynamics, newrelic
from ingest.connectors.datadog import connector as datadog_connector
from ingest.connectors.elasticsearch import connector as elasticsearch
from ingest.vendors import datadog, datadog_endpoints, nerdgraph_endpoints
from ingest.vendors.appdynamics_endpoints import endpoint_row
from ingest.vendors.datadog import Ask
from ingest.vendors.elastic_api import ElasticOptions
from tests.replay import Recording, cursor_of, load, replayed, rows_of

Json = Any
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def facet(method: str | None, calls: int, errors: int | None, mean_s: float | None) -> Json:
    return {"facet": ["g", "WebTransaction/x", method], "calls": calls, "errors": errors, "mean_s": mean_s}


def test_new_relic_tells_when_there_are_more_endpoints_than_it_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nerdgraph_endpoints, "MAX_FACETS", 5)
    _, run, _ = replayed(newrelic.connector, "endpoints", load("newrelic", "endpoints"))
    assert run.warnings == ["New Relic tells 5 endpoints at once, there are more"]


def test_new_relic_waits_for_a_step_to_settle() -> None:
    recording = load("newrelic", "endpoints")
    early = replace(recording, exchanges=[], now=NOON + timedelta(minutes=1), since=NOON - timedelta(minutes=5))
    items, _, adapter = replayed(newrelic.connector, "endpoints", early)
    assert (len(items), adapter.asked) == (1, [])


def test_two_methods_that_are_one_to_us_add_up_and_have_no_time() -> None:
    told = nerdgraph_endpoints.joined([facet(None, 2, None, 0.5), facet("GET", 1, 0, 0.1), facet("LINK", 3, 1, 0.5)])
    assert [(key[1:], row["call_count"], row["error_count"], row["response_time_ms"]) for key, row in told.items()] == [
        (("x", "other"), 5, None, None),
        (("x", "get"), 1, 0, 100),
    ]
    assert told["g", "x", "get"]["p95_ms"] is None


def test_datadog_asks_percentiles_of_the_whole_bucket() -> None:
    """It has no aggregator: https://docs.datadoghq.com/metrics/faq/rollup-for-distributions-with-percentiles."""
    asked = datadog.request(Ask("*", 300, 0, 1), "service", datadog_endpoints.QUERIES, "http.request")
    queries = {one["name"]: one["query"] for one in asked["data"]["attributes"]["queries"]}
    assert queries["p95"] == "p95:trace.http.request{*} by {service}.rollup(300)"
    assert queries["hits"] == "sum:trace.http.request.hits{*} by {service}.as_count().rollup(sum, 300)"


def test_datadog_counts_a_resource_once_though_two_operations_have_it() -> None:
    items, _, _ = replayed(datadog_connector, "endpoints", load("datadog", "endpoints"))
    counted = [row["call_count"] for row in rows_of(items, ApiEndpointStats) if row["endpoint"] == "/orders/:id"]
    assert counted == [1500, 1200]


def test_appdynamics_tells_per_minute_what_a_bucket_of_ten_minutes_has_ten_times() -> None:
    run = replayed(appdynamics.connector, "endpoints", load("appdynamics", "endpoints"))[1]
    row = endpoint_row(run, 1, ("Web", "/x", 0, 600), {"calls": 7.0, "errors": 1.0, "response_ms": 80.0})
    assert (row["call_count"], row["error_count"], row["response_time_ms"], row["p95_ms"]) == (70, 10, 80.0, None)


def apm(**answer: Json) -> Json:
    """One exchange of a search of Elastic APM's indices, of a slice of ten minutes."""
    body = {"_shards": {"total": 0, "successful": 0, "failed": 0}, "timed_out": False} | answer
    request = {"method": "POST", "path": "/traces-apm*,apm-*-transaction*/_search"}
    return {"request": request, "response": {"status": 200, "headers": {}, "body": body}}


def transactions(*exchanges: Json, **options: Json) -> tuple[list[Any], Any, Any]:
    asked = {"url": "https://es.example:9200"} | options
    now = NOON + timedelta(minutes=2)
    return replayed(
        elasticsearch, "endpoints", Recording(asked, now, list(exchanges), since=NOON - timedelta(minutes=10))
    )


def test_elasticsearch_without_apm_has_no_endpoints_and_is_not_asked_when_none_are_wanted() -> None:
    items, run, _ = transactions(apm())
    assert (cursor_of(items), run.warnings) == ({"until": NOON.isoformat()}, [])
    items, _, adapter = transactions(transactions=[])
    assert (len(items), adapter.asked) == (1, [])


def test_elasticsearch_reads_a_slice_again_that_was_answered_in_part() -> None:
    items, run, _ = transactions(apm(timed_out=True))
    assert cursor_of(items) == {"until": (NOON - timedelta(minutes=10)).isoformat()}
    assert len(run.warnings) == 1


def test_elasticsearch_refuses_a_step_longer_than_a_slice() -> None:
    with pytest.raises(ValidationError, match="slice"):
        ElasticOptions.model_validate({"url": "https://es.example", "endpoint_step": "2h"})
