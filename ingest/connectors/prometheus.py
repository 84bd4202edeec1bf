"""Health, alerts, targets and any PromQL figure of Prometheus; Thanos, Mimir and VictoriaMetrics answer alike.

API: https://prometheus.io/docs/prometheus/latest/querying/api/ (query_range, alerts, targets).
Needs: read access to the HTTP API; behind a proxy a bearer token or a user that may only read, for Mimir the header
X-Scope-OrgID. A component is one value of the label `component_label`. `up` is the only witness that a component is
down: series that merely end say nothing, and an instant at which nothing is measured has no row.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field, model_validator

from aurora.contracts import Row
from aurora.contracts.estate import Components
from aurora.contracts.operations import Alerts, ComponentHealth, MetricPoints, MetricSeries
from aurora.errors import ErrorClass, SourceError
from aurora.settings import Duration, Frozen, Secret
from ingest import promql
from ingest.connector import Checkpoint, Connector, Cursor, Item, Json, Run
from ingest.http import Site
from ingest.promql import Labels, MetricQuery, Queries, Series

DAY_S = 86_400
FORGET_S = 30 * DAY_S  # a component or series not seen for so long leaves the cursor
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
KINDS = {  # part of a job's name -> type, kind
    "node": ("server", "host"),
    "windows": ("server", "host"),
    "postgres": ("database", "db_instance"),
    "mysql": ("database", "db_instance"),
    "mongo": ("database", "db_instance"),
    "redis": ("database", "db_instance"),
    "rabbitmq": ("unknown", "queue"),
    "kafka": ("unknown", "queue"),
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
    up = queries.pop("up")
    for first, last in api.windows():
        pulse = api.components("up", up, first, last) if up else []
        columns = {name: api.components(name, query, first, last) for name, query in queries.items() if query}
        for row in health_rows(run, columns, pulse):
            yield ComponentHealth, row
        found = labels_by_component([one.labels for one in pulse], run.options.component_label)
        seen, now = cursor.get("seen", {}), int(run.now.timestamp())
        due = [name for name in found if name not in seen or seen[name][1] <= now - DAY_S]
        cursor = {"end": promql.utc(last).isoformat(), "seen": remembered(seen, due, now)}
        for name in due:
            yield Components, component_row(run, name, found[name], cursor["seen"])
        yield Checkpoint(cursor)
    yield Checkpoint(cursor)


def health_rows(run: PromRun, columns: dict[str, list[Series]], pulse: list[Series]) -> Iterator[Row]:
    """The columns joined into rows by component and instant; nothing measured and not down means no row."""
    label = run.options.component_label
    wide, said = promql.joined(columns, label), promql.pulses(pulse, label)
    for component, at in sorted(wide.keys() | said.keys()):
        measures = {name: promql.measured(name, value) for name, value in wide.get((component, at), {}).items()}
        status = promql.status_fields(said.get((component, at), []))
        if measures or status.get("status") in ("down", "degraded"):
            end = promql.utc(at)
            when = {"ts_start": end - run.options.step, "ts_end": end}
            yield {"component_id": run.id(component), **when, **measures, **status}


@connector.stream(Components, every="5m")
def fetch_targets(run: PromRun) -> Iterator[Item]:
    """What Prometheus scrapes, up or not; first_seen_at is kept in the cursor."""
    api, label = Api(run), run.options.component_label
    data = api.data(run.http.get("api/v1/targets", {"state": "active"}))
    found = labels_by_component([target["labels"] for target in data["activeTargets"]], label)
    seen = remembered((run.cursor or {}).get("seen", {}), found, int(run.now.timestamp()))
    for name, labels in found.items():
        yield Components, component_row(run, name, labels, seen)
    yield Checkpoint({"seen": seen})


def labels_by_component(every: Iterable[Labels], label: str) -> dict[str, Labels]:
    """Labels by component, sorted; of several targets of one component the first job's count."""
    found: dict[str, Labels] = {}
    for labels in sorted(every, key=lambda labels: sorted(labels.items())):
        if labels.get(label):
            found.setdefault(labels[label], {key: value for key, value in labels.items() if key != "__name__"})
    return dict(sorted(found.items()))


def remembered(seen: dict[str, list[int]], names: Iterable[str], now: int) -> dict[str, list[int]]:
    """[first, last] epoch seconds by name, with `names` seen now and the long unseen forgotten."""
    kept = {name: when for name, when in seen.items() if when[1] > now - FORGET_S}
    return kept | {name: [kept.get(name, [now])[0], now] for name in names}


def component_row(run: PromRun, name: str, labels: Labels, seen: dict[str, list[int]]) -> Row:
    """A component from the labels of its target: the same row whichever stream met it."""
    job, tier = labels.get("job") or None, labels.get("env") or labels.get("environment")
    kinds = (both for part, both in KINDS.items() if part in (job or "").lower())
    kind = ("api", "endpoint") if "://" in name else next(kinds, ("unknown", None))
    first, last = (promql.utc(seconds) for seconds in seen[name])
    return {
        "component_id": run.id(name),
        "name": name,
        "type": kind[0],
        "type_raw": job,
        "kind": kind[1],
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
    was: dict[str, Row] = (run.cursor or {}).get("open", {})
    data = Api(run).data(run.http.get("api/v1/alerts"))
    rows = [alert_row(run, alert, was) for alert in data["alerts"]]
    now_open = {str(row["alert_id"]): row for row in rows}
    gone = {key: row for key, row in was.items() if key not in now_open}
    for row in now_open.values():
        yield Alerts, row
    for row in gone.values() if not run.warnings else ():  # a partial answer proves no absence
        yield Alerts, resolved_row(row, run.now)
    kept = {key: stored(row) for key, row in now_open.items()}
    yield Checkpoint({"open": (gone | kept) if run.warnings else kept})
