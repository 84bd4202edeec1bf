"""Health of Google Cloud resources from Cloud Monitoring, and the alerts of its policies.

API: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.timeSeries/list and .../projects.alerts/list.
Needs: a service account with the role Monitoring Viewer on the project (its metrics scope may span several). Compute
Engine, Cloud SQL, Cloud Run and the HTTP(S) load balancers have health; memory and disk of a machine take the Ops
Agent. `service_account = "env:NAME"`: the variable holds the key as JSON or the path of its file. The key signs a
token on this machine (https://developers.google.com/identity/protocols/oauth2/service-account#jwt-auth): nothing but
the API is asked. `token` takes an access token that somebody else keeps fresh.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

from pydantic import Field, model_validator

from aurora.contracts import Row
from aurora.contracts.estate import Components
from aurora.contracts.operations import Alerts, ComponentHealth
from aurora.errors import SourceError
from aurora.settings import Duration, Frozen, Secret
from ingest.connector import Checkpoint, Connector, Item, Json, Run
from ingest.http import Site
from ingest.paging import by_cursor
from ingest.vendors.buckets import Step, Window, floor_to, windows
from ingest.vendors.cloud import health_row
from ingest.vendors.google_metrics import MEASURES, Measure, Wide, add, asked, columns, component_row, empty, native_id
from ingest.vendors.google_sign_in import signed_token

POINTS = 200
AUDIENCE = "https://monitoring.googleapis.com/"
SEVERITIES = {"critical": "critical", "error": "critical", "warning": "warning"}
STATES = {"open": "firing", "closed": "resolved"}
ByComponent = dict[str, Row]


class GoogleOptions(Frozen):
    """`settle` is how long values may still come in; Google states up to four minutes for some metrics."""

    project: str = Field(pattern="^[0-9A-Za-z.:-]+$")
    service_account: Secret | None = None
    token: Secret | None = None
    url: str = Field("https://monitoring.googleapis.com", pattern="^https?://[^/]")
    step: Step = timedelta(minutes=5)
    settle: Duration = timedelta(minutes=5)

    @model_validator(mode="after")
    def _one_way_in(self) -> "GoogleOptions":
        if (self.service_account is None) == (self.token is None):
            raise ValueError("give either service_account or token")
        return self


GoogleRun = Run[GoogleOptions]


def connect(options: GoogleOptions) -> Site:
    """The API with a token for an hour. Raises SettingsError or SourceError(auth) for a key that is none."""
    token = options.token.reveal() if options.token else signed_token(options.service_account, AUDIENCE)
    return Site(options.url, {"Authorization": f"Bearer {token}"}, secrets=(token,))


connector = Connector("google_monitoring", GoogleOptions, connect)


@connector.stream(ComponentHealth, Components, every="5m", lookback="3h")
def fetch_health(run: GoogleRun) -> Iterator[Item]:
    """One wide row per resource and bucket, complete up to cursor["until"]; the resources that were met, too."""
    step, met = run.options.step, set[str]()
    slices = windows(run.since, run.now - run.options.settle, step, POINTS)
    for window in slices:
        wide, found = read(run, window)
        yield from ((Components, row) for native, row in found.items() if native not in met)
        met |= found.keys()
        for (native, at), fields in sorted(wide.items()):
            yield ComponentHealth, health_row(run.id(native), at, step, columns(fields))
        yield Checkpoint({"until": window[1].isoformat()})
    if not slices:  # without a checkpoint the runner would move on to now, past what has not settled
        yield Checkpoint({"until": floor_to(run.since, step).isoformat()})


def read(run: GoogleRun, window: Window) -> tuple[Wide, ByComponent]:
    """Values and components of one slice. A metric type that the project does not have is absent, unless all are."""
    wide, found, absent = empty(), ByComponent(), list[SourceError]()
    for measure in MEASURES:
        try:
            for one in series(run, measure, window):
                native = native_id(one["resource"])
                if native is None:
                    continue
                found[native] = named(found.get(native), component_row(run, native, one), native)
                add(wide, native, measure, one, window, run.options.step)
        except SourceError as error:
            if error.error_class != "not_found":
                raise
            absent.append(error)
    if len(absent) == len(MEASURES):
        raise absent[0]
    return wide, found


def named(before: Row | None, row: Row, native: str) -> Row:
    """The row that knows the component's name: not every metric carries it."""
    return row if before is None or before["name"] == native else before


def series(run: GoogleRun, measure: Measure, window: Window) -> Iterator[Json]:
    """Every series of a metric type. Raises SourceError for errors beside the data."""
    path = f"v3/projects/{run.options.project}/timeSeries"
    told = asked(measure, window, run.options.step)
    for page in run.http.pages(path, told, following=by_cursor("nextPageToken", "pageToken")):
        if page.get("executionErrors"):  # what is incomplete may not land: health rows never change afterwards
            said = str(page["executionErrors"][0].get("message"))[:300]
            raise SourceError(f"{run.source_instance}: {measure.metric} is incomplete: {said}", "partial")
        yield from page.get("timeSeries", [])


@connector.stream(Alerts, every="1m", lookback="30d", overlap="10m")
def fetch_alerts(run: GoogleRun) -> Iterator[Item]:
    """Alerts back to the oldest that was open, which stands in cursor["oldest"]; newest first."""
    oldest = (run.cursor or {}).get("oldest")
    back_to = min(run.since, datetime.fromisoformat(oldest)) if oldest else run.since
    still_open: list[datetime] = []
    for alert in alerts(run, back_to):
        row = alert_row(run, alert)
        still_open += [row["started_at"]] if row["ended_at"] is None else []
        yield Alerts, row
    oldest = min(still_open).isoformat() if still_open else None
    yield Checkpoint({"until": run.now.isoformat(), "oldest": oldest})


def alerts(run: GoogleRun, back_to: datetime) -> Iterator[Json]:
    """Alerts that opened since then, or as far as the API's list reaches."""
    path = f"v3/projects/{run.options.project}/alerts"
    told = {"orderBy": "openTime desc", "pageSize": 1000}
    for page in run.http.pages(path, told, following=by_cursor("nextPageToken", "pageToken")):
        for alert in page.get("alerts", []):
            if datetime.fromisoformat(alert["openTime"]) < back_to:
                return
            yield alert


def alert_row(run: GoogleRun, alert: Json) -> Row:
    """One alert with the snapshot of its policy."""
    policy, resource = alert.get("policy") or {}, alert.get("resource") or {}
    opened, closed = datetime.fromisoformat(alert["openTime"]), alert.get("closeTime")
    native, alert_id, severity = native_id(resource), alert["name"].rsplit("/", 1)[-1], policy.get("severity")
    labels = {**resource.get("labels", {}), **(alert.get("metric") or {}).get("labels", {})}
    is_unset = severity in (None, "SEVERITY_UNSPECIFIED")
    return {
        "alert_id": run.id(alert_id),
        "fingerprint": f"{policy.get('name') or alert_id}|{json.dumps(labels, sort_keys=True)}",
        "component_id": run.id(native) if native else None,
        "severity": "warning" if is_unset else run.word(SEVERITIES, severity, "warning"),
        "severity_raw": severity,
        "state": run.word(STATES, alert.get("state")),
        "state_raw": alert.get("state"),
        "title": policy.get("displayName") or "alert without a name",
        "message": (alert.get("metric") or {}).get("type"),
        "started_at": opened,
        "fired_at": opened,
        "ended_at": datetime.fromisoformat(closed) if closed else None,
        "is_end_inferred": False if closed else None,
        "last_seen_at": run.now,
        "updated_at": datetime.fromisoformat(closed) if closed else opened,
        "labels": json.dumps(labels, sort_keys=True) if labels else None,
    }
