"""Error counts of logs and API endpoints of Elastic APM, Kibana's alerts, cluster health; OpenSearch answers alike.

Reads log entries of the levels under `levels` (or what `query` finds) as counts per service, environment, version,
error type and interval, with one sample each, and transactions of Elastic APM by service, name and method. API:
https://www.elastic.co/docs/api/doc/elasticsearch/ (search, composite aggregation, cluster health, node stats). Needs:
an API key with the cluster privilege `monitor`, and `read` and `view_index_metadata` on the log indices, on
`traces-apm*` and on `.alerts-*`. Entries that arrive up to 15 minutes late are counted. A node's memory is its JVM
heap, its requests are the searches of its shards.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from aurora.contracts import Row
from aurora.contracts.estate import ComponentEdges, Components
from aurora.contracts.operations import Alerts, ApiEndpointErrors, ApiEndpointStats, ComponentHealth, ErrorCounts
from ingest.connector import Checkpoint, Connector, Item, Json
from ingest.vendors import elastic_cluster
from ingest.vendors.buckets import Window, windows
from ingest.vendors.cloud import TIERS
from ingest.vendors.elastic_alerts import ALERT_FIELDS, alert_row, flat
from ingest.vendors.elastic_api import ElasticOptions, ElasticRun, Fields, composite, connect, groupable, search
from ingest.vendors.elastic_endpoints import endpoint_items
from ingest.vendors.promql import utc

PATIENCE = timedelta(hours=1)  # how long a slice that was answered in part is read again
MAX_SAMPLE = 500
ALERTS_PAGE, MAX_OPEN = 500, 500
UNKNOWN = "unknown"

connector = Connector("elasticsearch", ElasticOptions, connect)


@connector.stream(ErrorCounts, every="1m", lookback="1d", overlap="15m")
def fetch_errors(run: ElasticRun) -> Iterator[Item]:
    """Counts of errors by interval, slice by slice; a slice that was answered in part is read again for an hour."""
    slices = _slices(run, run.options.interval)
    names = groupable(run) if slices else run.options.fields

    def read(start: datetime, end: datetime) -> tuple[list[Item], bool]:
        rows, is_whole = counted(run, names, start, end)
        return [(ErrorCounts, row) for row in rows], is_whole

    yield from _sliced(run, slices, read)


@connector.stream(ApiEndpointStats, ApiEndpointErrors, Components, every="1m", lookback="1h", overlap="15m")
def fetch_endpoints(run: ElasticRun) -> Iterator[Item]:
    """Transactions of Elastic APM by service, name and method, as errors are read; nothing where there are none."""
    slices = _slices(run, run.options.endpoint_step) if run.options.transactions else []
    yield from _sliced(run, slices, partial(endpoint_items, run))


def _slices(run: ElasticRun, step: timedelta) -> list[Window]:
    return windows(run.since, run.now - run.options.settle, step, run.options.slice // step)


def _sliced(
    run: ElasticRun, slices: list[Window], read: Callable[[datetime, datetime], tuple[list[Item], bool]]
) -> Iterator[Item]:
    held = None
    for start, end in slices:
        items, is_whole = read(start, end)
        yield from items
        if not is_whole and run.now - end < PATIENCE:
            held = held or start
        yield Checkpoint({"until": (held or end).isoformat()})
    if not slices:  # without a checkpoint the runner would write one of its own
        yield Checkpoint(run.cursor or {"until": run.since.isoformat()})


def counted(run: ElasticRun, names: Fields, start: datetime, end: datetime) -> tuple[list[Row], bool]:
    """The rows of one slice, and whether they are whole; buckets that fall on one key are added up."""
    rows: dict[tuple[Any, ...], Row] = {}
    all_whole = True
    for buckets, is_whole in composite(
        run, ",".join(run.options.index), question(run, names, start, end), sources(run, names)
    ):
        all_whole &= is_whole
        for bucket in buckets:
            row = count_row(run, bucket)
            key = tuple(row[name] for name in ("service", "env_tier", "version", "error_type", "ts_start"))
            rows[key] = added(rows[key], row) if key in rows else row
    return list(rows.values()), all_whole


def question(run: ElasticRun, names: Fields, start: datetime, end: datetime) -> Json:
    """What counts as an error between two instants, and what is asked of each bucket."""
    options = run.options
    span = {"gte": millis(start), "lt": millis(end), "format": "epoch_millis"}
    wanted = (
        {"query_string": {"query": options.query}} if options.query else {"terms": {names.level: list(options.levels)}}
    )
    filters = [{"range": {names.timestamp: span}}, wanted]
    sub: Json = {"level": {"terms": {"field": names.level, "size": 1}}}
    if options.samples:
        newest = [{names.timestamp: {"order": "desc"}}]
        sub["sample"] = {"top_hits": {"size": 1, "_source": False, "fields": [names.message], "sort": newest}}
    search_body = {"size": 0, "track_total_hits": False, "query": {"bool": {"filter": filters}}}
    return {"search": search_body, "sub": {"aggs": sub}}


def sources(run: ElasticRun, names: Fields) -> list[Json]:
    """What the counts are grouped by; an entry without a field has the key null."""
    step = f"{int(run.options.interval.total_seconds())}s"
    parts = ("service", "environment", "version", "error_type")
    terms = [{name: {"terms": {"field": getattr(names, name), "missing_bucket": True}}} for name in parts]
    return [{"at": {"date_histogram": {"field": names.timestamp, "fixed_interval": step}}}, *terms]


def count_row(run: ElasticRun, bucket: Json) -> Row:
    """One bucket; a service, version or type that the entries do not state is `unknown`."""
    key, start = bucket["key"], utc(bucket["key"]["at"] // 1000)
    levels = (bucket.get("level") or {}).get("buckets") or [{}]
    return {
        "project_id": run.id(run.options.project),
        "service": key.get("service") or UNKNOWN,
        "env_tier": run.word(TIERS, key["environment"]) if key.get("environment") else UNKNOWN,
        "version": str(key.get("version") or UNKNOWN),
        "error_type": str(key.get("error_type") or UNKNOWN),
        "ts_start": start,
        "ts_end": start + run.options.interval,
        "level": str(levels[0]["key"]).lower() if levels[0].get("key") else None,
        "event_count": bucket["doc_count"],
        **sample_fields(run, (((bucket.get("sample") or {}).get("hits") or {}).get("hits") or [{}])[0]),
    }


def sample_fields(run: ElasticRun, hit: Json) -> Row:
    """The newest entry of a bucket: its message, cut, and where it is."""
    told = flat(hit, run.options.fields.message)
    return {
        "sample_message": str(told)[:MAX_SAMPLE] if told else None,
        "sample_ref": f"{hit['_index']}/{hit['_id']}" if hit else None,
    }


def added(one: Row, other: Row) -> Row:
    """Two rows of one key as one: the counts added, the rest of the one with more."""
    most = max(one, other, key=lambda row: int(row["event_count"]))
    return most | {"event_count": one["event_count"] + other["event_count"]}


def millis(at: datetime) -> int:
    """The instant in epoch milliseconds."""
    return int(at.timestamp() * 1000)


@connector.stream(ComponentHealth, Components, ComponentEdges, every="1m")
def fetch_health(run: ElasticRun) -> Iterator[Item]:
    """The cluster and each of its nodes as they stand; counters of searches travel in the cursor."""
    yield from elastic_cluster.items(run)


@connector.stream(Alerts, every="1m", lookback="30d", overlap="5m")
def fetch_alerts(run: ElasticRun) -> Iterator[Item]:
    """Alerts of Kibana's rules that changed since the last run, and those that were open then."""
    was_open: list[str] = (run.cursor or {}).get("open", [])
    still_open, all_whole = [], True
    for hits, is_whole in alert_pages(run, was_open):
        all_whole &= is_whole
        for row in (alert_row(run, hit) for hit in hits):
            yield Alerts, row
            if row["ended_at"] is None:
                still_open.append(row["alert_id"].removeprefix(run.id("")))
    before = (run.cursor or {}).get("until", run.since.isoformat())
    yield Checkpoint({"until": run.now.isoformat() if all_whole else before, "open": still_open[-MAX_OPEN:]})


def alert_pages(run: ElasticRun, was_open: list[str]) -> Iterator[tuple[list[Json], bool]]:
    """Every page of alerts, by time; what ends with its rule keeps its time, so those that were open are asked too."""
    span = {"gte": millis(run.since), "lt": millis(run.now), "format": "epoch_millis"}
    either = [{"range": {"@timestamp": span}}, {"terms": {"kibana.alert.uuid": was_open}}]
    body: Json = {
        "size": ALERTS_PAGE,
        "query": {"bool": {"should": either, "minimum_should_match": 1}},
        "sort": [{"@timestamp": "asc"}, {"kibana.alert.uuid": {"order": "asc", "unmapped_type": "keyword"}}],
        "_source": False,
        "fields": list(ALERT_FIELDS),
    }
    while True:
        answer, is_whole = search(run, run.options.alerts_index, body, "&expand_wildcards=open,hidden")
        hits = (answer.get("hits") or {}).get("hits") or []
        yield hits, is_whole
        if len(hits) < ALERTS_PAGE:
            return
        body = {**body, "search_after": hits[-1]["sort"]}
