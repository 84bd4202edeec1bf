"""Elasticsearch, Kibana, Logstash: composite pages, slices answered in part, resuming, alerts, pipelines that fail."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import requests
from pydantic import ValidationError
from requests.adapters import BaseAdapter

from aurora.contracts.estate import Components
from aurora.contracts.operations import Alerts, ComponentHealth, ErrorCounts
from aurora.errors import SourceError
from ingest.connector import Checkpoint
from ingest.connectors import elasticsearch, kibana, logstash
from ingest.vendors.elastic_api import ElasticOptions, shortfall
from ingest.vendors.elastic_rates import rates
from tests.replay import Recording, Replay, cursor_of, load, plain, refused, replayed, response, rows_of, run_of

NOW = datetime(2026, 3, 10, 12, 0, 30, tzinfo=UTC)
URL = {"url": "https://es.example:9200"}
SHARDS = {"total": 2, "successful": 2, "failed": 0}
Json = Any
Entry = tuple[int, str | None]  # minutes before noon, service


class Logs(BaseAdapter):
    """A small Elasticsearch: counts entries per minute and service in composite pages, as the documentation tells."""

    def __init__(self, entries: list[Entry], partial_at: int | None = None) -> None:
        super().__init__()
        self.entries, self.partial_at = entries, partial_at
        self.asked: list[Json] = []

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        if "_field_caps" in str(request.url):
            return response({"body": {"fields": {"@timestamp": {"date": {"aggregatable": True}}}}}, request)
        body = json.loads(request.body or "")
        self.asked.append(body)
        return response({"body": self._answer(body)}, request)

    def close(self) -> None:
        """Nothing is open."""

    def _answer(self, body: Json) -> Json:
        span = body["query"]["bool"]["filter"][0]["range"]["@timestamp"]
        asked, counts = body["aggs"]["by"]["composite"], self._counts(span)
        after = asked.get("after")
        rest = [key for key in sorted(counts) if after is None or key > (after["at"], after["service"] or "")]
        page = rest[: asked["size"]]
        buckets = [{"key": _key(at, service), "doc_count": counts[at, service]} for at, service in page]
        onward = {"after_key": _key(*page[-1])} if page else {}
        failed = self.partial_at is not None and span["gte"] <= _millis(self.partial_at) < span["lt"]
        return {"timed_out": failed, "_shards": SHARDS, "aggregations": {"by": {"buckets": buckets, **onward}}}

    def _counts(self, span: Json) -> Counter[tuple[int, str]]:
        told = ((_millis(minutes), service or "") for minutes, service in self.entries)
        return Counter((at, service) for at, service in told if span["gte"] <= at < span["lt"])


def _key(at: int, service: str) -> Json:
    """The key of a bucket; entries without a service come first, as null."""
    return {"at": at, "service": service or None, "environment": None}


def _millis(minutes: int) -> int:
    return int((datetime(2026, 3, 10, 12, tzinfo=UTC) - timedelta(minutes=minutes)).timestamp() * 1000)


ENTRIES: list[Entry] = [(m, s) for m in range(1, 200, 7) for s in ("cart", "mail", None) for _ in range(m % 3 + 1)]


def errors_run(adapter: BaseAdapter, cursor: Json = None, since: datetime | None = None, **options: Any) -> Any:
    """A run of the stream errors against the small Elasticsearch, over four hours unless told otherwise."""
    since = since or NOW - timedelta(hours=4)
    return run_of(elasticsearch.connector, "errors", Recording({**URL, **options}, NOW, [], cursor, since), adapter)


def counts(items: Any) -> dict[tuple[str, datetime], int]:
    """Errors by service and minute."""
    return {(row["service"], row["ts_start"]): row["event_count"] for row in rows_of(items, ErrorCounts)}


def expected() -> dict[tuple[str, datetime], int]:
    """The same, counted by hand."""
    told: dict[tuple[str, datetime], int] = {}
    for minutes, service in ENTRIES:
        key = service or "unknown", datetime.fromtimestamp(_millis(minutes) / 1000, UTC)
        if key[1] < NOW - timedelta(seconds=90):  # what has settled
            told[key] = told.get(key, 0) + 1
    return told


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
@pytest.mark.parametrize("length", ["5m", "1h", "1d"])
def test_the_counts_do_not_hang_on_pages_or_slices(size: int, length: str) -> None:
    run = errors_run(Logs(ENTRIES), page_size=size, slice=length)
    assert counts(elasticsearch.connector.streams["errors"].fetch(run)) == expected()


def test_a_run_that_was_killed_goes_on_from_its_last_whole_slice() -> None:
    fetch = elasticsearch.connector.streams["errors"].fetch
    first = []
    for item in fetch(errors_run(Logs(ENTRIES))):
        first.append(item)
        if sum(isinstance(one, Checkpoint) for one in first) == 2:
            break
    cursor = cursor_of(first)
    assert cursor is not None
    since = datetime.fromisoformat(cursor["until"]) - timedelta(minutes=15)
    second = list(fetch(errors_run(Logs(ENTRIES), cursor, since)))
    assert counts(first) | counts(second) == expected()
    assert len(counts(second)) < len(expected())


@pytest.mark.parametrize(
    ("partial_at", "until"), [(30, "2026-03-10T11:00:00+00:00"), (150, "2026-03-10T11:59:00+00:00")]
)
def test_a_slice_answered_in_part_is_read_again_for_an_hour(partial_at: int, until: str) -> None:
    """Slices begin at full hours; the one of 11:30 is held at its start, the one of 09:30 is too old to wait for."""
    run = errors_run(Logs(ENTRIES, partial_at))
    items = list(elasticsearch.connector.streams["errors"].fetch(run))
    assert cursor_of(items) == {"until": until}
    assert run.warnings == ["logs-*,filebeat-*: the answer is partial: the search ran out of time"]


def test_slices_touch_and_end_before_what_has_not_settled() -> None:
    logs = Logs([])
    list(elasticsearch.connector.streams["errors"].fetch(errors_run(logs)))
    spans = [body["query"]["bool"]["filter"][0]["range"]["@timestamp"] for body in logs.asked]
    assert all(one["lt"] == other["gte"] for one, other in pairwise(spans))
    assert spans[-1]["lt"] == _millis(1)


def test_other_field_names_and_a_query_are_asked_as_told() -> None:
    logs = Logs([])
    fields = {"service": "resource.attributes.service.name", "level": "severity_text"}
    run = errors_run(logs, since=NOW - timedelta(minutes=5), fields=fields, query="status:>=500", samples=False)
    list(elasticsearch.connector.streams["errors"].fetch(run))
    (body,) = logs.asked
    assert body["query"]["bool"]["filter"][1] == {"query_string": {"query": "status:>=500"}}
    terms = body["aggs"]["by"]["composite"]["sources"][1]["service"]["terms"]
    assert terms == {"field": "resource.attributes.service.name", "missing_bucket": True}
    assert body["aggs"]["by"]["aggs"] == {"level": {"terms": {"field": "severity_text", "size": 1}}}


@pytest.mark.parametrize(
    ("answer", "lacks"),
    [
        ({"_shards": SHARDS}, None),
        ({"_shards": SHARDS, "timed_out": True}, "ran out of time"),
        ({"_shards": {"total": 4, "failed": 1}}, "1 of 4 shards failed"),
        ({"_shards": {"total": 4, "failed": 1, "failures": [{"reason": {"reason": "full"}}]}}, "full"),
        ({"_shards": SHARDS, "_clusters": {"skipped": 1, "partial": 1}}, "2 remote clusters"),
        ({"_shards": SHARDS, "_clusters": {"total": 2, "successful": 2, "skipped": 0}}, None),
    ],
)
def test_an_answer_of_200_may_be_partial(answer: Json, lacks: str | None) -> None:
    told = shortfall(answer)
    assert (lacks in told) if lacks and told else told is lacks


def test_an_error_told_under_200_is_no_answer() -> None:
    wrong = {"error": {"type": "circuit_breaking_exception", "reason": "data too large"}, "status": 429}
    told = Recording(URL, NOW, [_posted("/.alerts-*/_search", wrong)])
    with pytest.raises(SourceError, match="data too large") as raised:
        replayed(elasticsearch.connector, "alerts", told)
    assert raised.value.error_class == "schema_drift"


def _posted(path: str, body: Json, **asked: Json) -> Json:
    return {"request": {"method": "POST", "path": path, **asked}, "response": {"body": body}}


def hits(first: int, last: int) -> Json:
    """An answer with alerts of those numbers."""
    at = "2026-03-10T11:58:00.000Z"
    told = {"@timestamp": [at], "kibana.alert.status": ["active"], "kibana.alert.rule.uuid": ["r"]}
    found = [
        {"_id": f"u{n}", "fields": told | {"kibana.alert.uuid": [f"u{n}"]}, "sort": [n, f"u{n}"]}
        for n in range(first, last)
    ]
    return {"_shards": SHARDS, "hits": {"hits": found}}


def test_alerts_are_read_page_by_page_and_the_open_ones_are_remembered() -> None:
    path = "/.alerts-*/_search"
    exchanges = [
        _posted(path, hits(0, 500)),
        _posted(path, hits(500, 1000), json={"search_after": [499, "u499"]}),
        _posted(path, hits(1000, 1001), json={"search_after": [999, "u999"]}),
    ]
    items, _, adapter = replayed(elasticsearch.connector, "alerts", Recording(URL, NOW, exchanges))
    assert len(rows_of(items, Alerts)) == 1001
    assert (refused(items), adapter.unused) == ({}, [])
    cursor = cursor_of(items)
    assert cursor is not None
    assert (len(cursor["open"]), cursor["open"][-1], cursor["until"]) == (500, "u1000", NOW.isoformat())


def test_alerts_answered_in_part_leave_the_cursor_where_it_was() -> None:
    cursor = {"until": "2026-03-10T11:50:00+00:00", "open": []}
    told = Recording(URL, NOW, [_posted("/.alerts-*/_search", hits(0, 1) | {"timed_out": True})], cursor)
    items, run, _ = replayed(elasticsearch.connector, "alerts", told)
    assert cursor_of(items) == {"until": cursor["until"], "open": ["u0"]}
    assert len(run.warnings) == 1


@pytest.mark.parametrize("stream", elasticsearch.connector.streams)
def test_unknown_words_and_partial_answers_of_the_recordings_are_counted(stream: str) -> None:
    _, run, _ = replayed(elasticsearch.connector, stream, load("elasticsearch", stream))
    told = {"errors": ({"blue": 1}, 1), "health": ({}, 1), "alerts": ({"spicy": 1, "smouldering": 1}, 0)}
    told["endpoints"] = ({}, 0)
    assert (dict(run.unknown_words), len(run.warnings)) == told[stream]


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [
        ([160.0, 1600, 9000], [100.0, 1000, 3000], {"requests_per_minute": 600.0, "response_time_ms": 10.0}),
        ([160.0, 1000, 3000], [100.0, 1000, 3000], {"requests_per_minute": 0.0}),
        ([160.0, 10, 30], [100.0, 1000, 3000], {}),  # it started anew
        ([5000.0, 1600, 9000], [100.0, 1000, 3000], {}),  # a long pause
        ([100.0, 1000, 3000], [100.0, 1000, 3000], {}),
        ([160.0, 1600, 9000], None, {}),
        (None, [100.0, 1000, 3000], {}),
    ],
)
def test_rates(now: Json, before: Json, told: Json) -> None:
    assert rates(now, before) == told


@pytest.mark.parametrize(
    "options",
    [
        {"api_key": "env:KEY", "user": "u", "password": "env:P"},
        {"user": "u"},
        {"api_key": "plain"},
        {"index": ["logs/../x"]},
        {"index": []},
        {"slice": "10s"},
        {"url": "es.example:9200"},
    ],
)
def test_options_that_cannot_work_are_refused(options: Json) -> None:
    with pytest.raises(ValidationError):
        ElasticOptions.model_validate({**URL, **options})


def kibana_run(status: int, body: Json, cursor: Json = None, times: int = 1) -> Recording:
    """A recording of one status of Kibana, without rules."""
    told = {"request": {"method": "GET", "path": "/api/status"}, "response": {"status": status, "body": body}}
    return Recording({"url": "https://kibana.example", "rules": False}, NOW, [told] * times, cursor)


def test_kibana_that_answers_503_is_down_before_the_run_fails() -> None:
    told = kibana_run(503, {"status": {"overall": {"level": "critical"}}}, {"component_id": "test:k1"}, 4)
    run = run_of(kibana.connector, "health", told, Replay(told.exchanges))
    seen = []
    with pytest.raises(SourceError) as raised:
        seen.extend(kibana.connector.streams["health"].fetch(run))
    assert raised.value.error_class == "vendor_5xx"
    assert [(row["component_id"], row["status"]) for row in rows_of(seen, ComponentHealth)] == [("test:k1", "down")]


def test_kibana_that_tells_a_stranger_only_its_level_asks_for_a_sign_in() -> None:
    with pytest.raises(SourceError, match="sign in") as raised:
        replayed(kibana.connector, "health", kibana_run(200, {"status": {"overall": {"level": "available"}}}))
    assert raised.value.error_class == "permission"


@pytest.mark.parametrize(
    ("overall", "status"),
    [
        ({"level": "degraded", "summary": "slow"}, "degraded"),
        ({"level": "critical"}, "down"),
        ({"state": "green"}, "healthy"),
        ({"level": "asleep"}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_the_level_of_kibana(overall: Json, status: str) -> None:
    body = {"uuid": "k1", "status": {"overall": overall}, "metrics": {"process": {"pid": 1}}}
    items, _, _ = replayed(kibana.connector, "health", kibana_run(200, body))
    (row,) = rows_of(items, ComponentHealth)
    assert (row["status"], row["memory_pct"], row["requests_per_minute"]) == (status, None, None)


def logstash_items(pipelines: Json) -> Any:
    """What a Logstash with these pipelines yields."""
    body = {"id": "l1", "jvm": {"mem": {}}, "pipelines": pipelines}
    told = {"request": {"method": "GET", "path": "/_node/stats"}, "response": {"body": body}}
    return replayed(logstash.connector, "health", Recording({"url": "http://l.example:9600"}, NOW, [told]))[0]


def test_a_pipeline_that_did_not_start_is_down() -> None:
    items = logstash_items({"main": {"events": None, "plugins": None, "reloads": None}})
    assert [row["status"] for row in rows_of(items, ComponentHealth)] == ["healthy", "down"]
    assert cursor_of(items) == {"events": {}}
    assert refused(items) == {}


def test_what_logstash_runs_for_itself_is_left_out() -> None:
    assert (
        plain(logstash_items({".monitoring": {"plugins": {"inputs": [{}]}}, "idle": {"plugins": {"inputs": []}}})) == []
    )


def test_the_ids_of_recorded_components_are_unique() -> None:
    items, _, _ = replayed(elasticsearch.connector, "health", load("elasticsearch", "health"))
    ids = [row["component_id"] for row in rows_of(items, Components)]
    assert len(set(ids)) == len(ids) == 4
