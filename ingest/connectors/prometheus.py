"""Health, API endpoints, alerts, targets and any PromQL figure of Prometheus; Thanos, Mimir and VictoriaMetrics alike.

API: https://prometheus.io/docs/prometheus/latest/querying/api/ (query_range, alerts, targets).
Needs: read access to the HTTP API; behind a proxy a bearer token or a user that may only read, for Mimir the header
X-Scope-OrgID. A component is one value of the label `component_label`. `up` is the only witness that a component is
down: series that merely end say nothing, and an instant at which nothing is measured has no row. API endpoints are
the routes of those histograms of requests, named under `endpoints`, that exist; calls are counted, not extrapolated.
"""

import json
from collections.abc import Iterator
from datetime import datetime

from aurora.contracts import Row
from aurora.contracts.estate import Components
from aurora.contracts.operations import (
    Alerts,
    ApiEndpointErrors,
    ApiEndpointStats,
    ComponentHealth,
    MetricPoints,
    MetricSeries,
)
from aurora.settings import Secret
from ingest.connector import Checkpoint, Connector, Item, Json
from ingest.http import Site
from ingest.vendors import promql
from ingest.vendors.promapi import Api, PrometheusOptions, PromRun
from ingest.vendors.promendpoints import endpoint_items
from ingest.vendors.prommetrics import point_rows, series_id, series_row
from ingest.vendors.promql import Labels, MetricQuery, Series

DAY_S = 86_400
MAX_SERIES = 2_000
SEVERITIES = {
    **dict.fromkeys(("critical", "page", "emergency", "fatal", "error", "high", "major"), "critical"),
    **dict.fromkeys(("warning", "warn", "medium", "minor", "ticket"), "warning"),
    **dict.fromkeys(("info", "informational", "notice", "low", "none", "debug"), "info"),
}
STATES = {"pending": "pending", "firing": "firing"}
TIERS = {
    **dict.fromkeys(("production", "prod", "prd", "live"), "production"),
    **dict.fromkeys(("staging", "stage", "stg", "preprod", "uat"), "staging"),
    **dict.fromkeys(("testing", "test", "qa"), "testing"),
    **dict.fromkeys(("development", "dev"), "development"),
}
PLACES = {"service": "service", "region": "region", "zone": "zone", "cluster": "cluster", "namespace": "k8s_namespace"}


def connect(options: PrometheusOptions) -> Site:
    """The site with bearer or basic sign-in and extra headers. Raises SettingsError for an unset secret."""
    hidden = [secret.reveal() for secret in (options.token, options.password) if secret]
    headers: dict[str, str] = {}
    for name, value in options.headers.items():
        headers[name] = value.reveal() if isinstance(value, Secret) else value
        hidden += [headers[name]] if isinstance(value, Secret) else []
    if options.token:
        headers["Authorization"] = f"Bearer {options.token.reveal()}"
    auth = (options.user, options.password.reveal()) if options.user and options.password else None
    verify = options.ca or True if options.verify else False
    return Site(options.url, headers, auth, verify, tuple(hidden))


connector = Connector("prometheus", PrometheusOptions, connect)


@connector.stream(ComponentHealth, Components, every="1m", lookback="1h")
def fetch_health(run: PromRun) -> Iterator[Item]:
    """One wide row per component and grid instant, complete up to cursor["end"]; components when new and once a day."""
    api, queries, cursor = Api(run), run.options.queries.model_dump(), dict(run.cursor or {})
    up, windows = queries.pop("up"), list(api.windows())
    for first, last in windows:
        pulse = api.components("up", up, first, last) if up else []
        columns = {name: api.components(name, query, first, last) for name, query in queries.items() if query}
        for row in health_rows(run, columns, pulse):
            yield ComponentHealth, row
        found = components_of(columns, pulse, run.options.component_label)
        seen, now = cursor.get("seen", {}), int(run.now.timestamp())
        due = [name for name in found if name not in seen or seen[name][1] <= now - DAY_S]
        cursor = {"end": promql.utc(last).isoformat(), "seen": promql.remembered(seen, due, now)}
        for name in due:
            yield Components, component_row(run, name, found[name], cursor["seen"])
        yield Checkpoint(cursor)
    if not windows:  # without a checkpoint the runner would write one of its own
        yield Checkpoint(cursor)


def components_of(columns: dict[str, list[Series]], pulse: list[Series], label: str) -> dict[str, Labels]:
    """Labels of every component that was met; only `up` carries all of them."""
    bare = {name: {label: name} for name, _ in promql.joined(columns, label)}
    return bare | promql.labels_by_component([one.labels for one in pulse], label)


def health_rows(run: PromRun, columns: dict[str, list[Series]], pulse: list[Series]) -> Iterator[Row]:
    """The columns joined into rows by component and instant; nothing measured and not down means no row."""
    label = run.options.component_label
    wide, said = promql.joined(columns, label), promql.pulses(pulse, label)
    for component, at in sorted(wide.keys() | said.keys()):
        measures = {name: promql.measured(name, value) for name, value in wide.get((component, at), {}).items()}
        status = promql.status_fields(said.get((component, at), []))
        if measures or status:
            end = promql.utc(at)
            when = {"ts_start": end - run.options.step, "ts_end": end}
            yield {"component_id": run.id(component), **when, **measures, **status}


@connector.stream(Components, every="5m")
def fetch_targets(run: PromRun) -> Iterator[Item]:
    """What Prometheus scrapes, up or not; first_seen_at is kept in the cursor."""
    api, label = Api(run), run.options.component_label
    data = api.data(run.http.get("api/v1/targets", {"state": "active"}))
    found = promql.labels_by_component([target["labels"] for target in data["activeTargets"]], label)
    seen = promql.remembered((run.cursor or {}).get("seen", {}), found, int(run.now.timestamp()))
    for name, labels in found.items():
        yield Components, component_row(run, name, labels, seen)
    yield Checkpoint({"seen": seen})


def component_row(run: PromRun, name: str, labels: Labels, seen: dict[str, list[int]]) -> Row:
    """A component from the labels of its target: the same row whichever stream met it."""
    job, tier = labels.get("job") or None, labels.get("env") or labels.get("environment")
    type_, kind = promql.kind_of(name, job or "")
    first, last = (promql.utc(seconds) for seconds in seen[name])
    return {
        "component_id": run.id(name),
        "name": name,
        "type": type_,
        "type_raw": job,
        "kind": kind,
        "env_tier": run.word(TIERS, tier) if tier else None,
        "host_name": promql.host_of(labels.get("instance") or name),
        **{column: labels.get(label) or None for label, column in PLACES.items()},
        "tags": json.dumps(labels, sort_keys=True),
        "first_seen_at": first,
        "last_seen_at": last,
    }


@connector.stream(Alerts, every="30s")
def fetch_alerts(run: PromRun) -> Iterator[Item]:
    """Pending and firing alerts; one that is gone since the last poll is resolved, at a time that is inferred."""
    was = {key: revived(row) for key, row in (run.cursor or {}).get("open", {}).items()}
    api = Api(run)
    rows = [alert_row(run, alert) for alert in api.data(run.http.get("api/v1/alerts"))["alerts"]]
    now_open = {row["alert_id"]: carried(row, was.get(row["alert_id"])) for row in rows}
    gone = {key: row for key, row in was.items() if key not in now_open}
    if api.is_partial:  # it proves no absence
        now_open, gone = gone | now_open, {}
    for row in [*now_open.values(), *(resolved_row(row, run.now) for row in gone.values())]:
        yield Alerts, row
    yield Checkpoint({"open": {key: json.dumps(row, default=datetime.isoformat) for key, row in now_open.items()}})


def alert_row(run: PromRun, alert: Json) -> Row:
    """An alert episode; Prometheus states when it became pending, not when it fired."""
    labels, notes = alert["labels"], alert.get("annotations") or {}
    started_at, mark = promql.instant(alert["activeAt"]), promql.fingerprint(labels)
    component, raw = labels.get(run.options.component_label), labels.get("severity") or None
    return {
        "alert_id": run.id(f"{mark}:{started_at.isoformat()}"),
        "fingerprint": mark,
        "component_id": run.id(component) if component else None,
        "severity": run.word(SEVERITIES, raw, "warning"),
        "severity_raw": raw,
        "state": run.word(STATES, alert["state"]),
        "state_raw": alert["state"],
        "title": labels.get("alertname") or "alert without a name",
        "message": notes.get("summary") or notes.get("description") or notes.get("message") or None,
        "value": promql.number(alert.get("value")),
        "started_at": started_at,
        "fired_at": None,
        "ended_at": None,
        "is_end_inferred": None,
        "last_seen_at": run.now,
        "updated_at": run.now,
        "labels": json.dumps(labels, sort_keys=True),
        "url": notes.get("runbook_url") or None,
    }


def carried(row: Row, before: Row | None) -> Row:
    """The alert with the moment it was first seen firing after it had been seen pending."""
    if before is None or row["state"] != "firing":
        return row
    return row | {"fired_at": row["last_seen_at"] if before["state"] == "pending" else before["fired_at"]}


def resolved_row(row: Row, at: datetime) -> Row:
    """The alert as gone at `at`, the first poll without it."""
    return row | {"state": "resolved", "ended_at": at, "is_end_inferred": True, "updated_at": at}


def revived(text: str) -> Row:
    """A row out of the cursor, its instants as instants again."""
    row: Row = json.loads(text)
    return {name: datetime.fromisoformat(it) if it and name.endswith("_at") else it for name, it in row.items()}


@connector.stream(MetricPoints, MetricSeries, every="1m", lookback="1h")
def fetch_metrics(run: PromRun) -> Iterator[Item]:
    """Points of the queries under `metrics`, complete up to cursor["end"]; nothing without such queries."""
    api, cursor = Api(run), dict(run.cursor or {})
    windows = list(api.windows()) if run.options.metrics else []
    for first, last in windows:
        met: dict[str, tuple[MetricQuery, Labels]] = {}
        for wanted in run.options.metrics:
            found = [one for one in api.series(wanted.metric, wanted.query, first, last) if one.samples]
            if len(found) > MAX_SERIES:
                api.warn_once(f"{wanted.metric}: only {MAX_SERIES} of {len(found)} series are kept: aggregate it")
            for one in found[:MAX_SERIES]:
                met[series_id(run, wanted, one.labels)] = wanted, one.labels
                for row in point_rows(run, wanted, one, "partial" if api.is_partial else "ok"):
                    yield MetricPoints, row
        seen = promql.remembered(cursor.get("seen", {}), met, int(run.now.timestamp()))
        for key, (wanted, labels) in met.items():
            yield MetricSeries, series_row(run, wanted, labels, seen[key])
        cursor = {"end": promql.utc(last).isoformat(), "seen": seen}
        yield Checkpoint(cursor)
    if not windows:
        yield Checkpoint(cursor)


@connector.stream(ApiEndpointStats, ApiEndpointErrors, every="1m", lookback="1h")
def fetch_endpoints(run: PromRun) -> Iterator[Item]:
    """Calls, errors and times of the routes of the histograms under `endpoints`, complete up to cursor["end"]."""
    api, cursor = Api(run, run.options.endpoint_step), dict(run.cursor or {})
    windows = list(api.windows()) if run.options.endpoints else []
    for first, last in windows:
        yield from endpoint_items(api, first, last)
        cursor = {"end": promql.utc(last).isoformat()}
        yield Checkpoint(cursor)
    if not windows:
        yield Checkpoint(cursor)
