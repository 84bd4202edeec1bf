"""Health of Azure resources from Azure Monitor and Resource Health, and the alerts of Azure Monitor.

API: https://learn.microsoft.com/rest/api/monitor/metrics/list, https://learn.microsoft.com/rest/api/resources/,
https://learn.microsoft.com/rest/api/resourcehealth/, https://learn.microsoft.com/rest/api/monitor/alertsmanagement/.
Needs: an app registration with the role Monitoring Reader on the subscription (and Reader to list its resources).
One subscription is one source. Virtual machines, SQL, PostgreSQL and MySQL databases, Redis, web apps and Front Door
have health; one request reads all metrics of one resource, so `resource_types` and `every` bound the calls.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from aurora.contracts import Row
from aurora.contracts.estate import Components
from aurora.contracts.operations import Alerts, ComponentHealth
from aurora.errors import SourceError
from aurora.settings import Duration, Frozen, Secret
from ingest.connector import Checkpoint, Connector, Item, Json, Run
from ingest.http import Answer, Http, Site
from ingest.vendors.azure_metrics import KINDS, Kind, asked, columns, iso_duration, kind_of, resource_row, values
from ingest.vendors.buckets import Window, floor_to, windows
from ingest.vendors.cloud import health_row
from ingest.vendors.oauth import ClientCredentials, SignedIn

POINTS = 200
HEALTH = {"available": "healthy", "degraded": "degraded", "unavailable": "down", "unknown": "unknown"}
SEVERITIES = {
    **dict.fromkeys(("sev0", "sev1"), "critical"),
    "sev2": "warning",
    **dict.fromkeys(("sev3", "sev4"), "info"),
}
STATES = {"new": "firing", "acknowledged": "acknowledged", "closed": "resolved"}
REASONS = ("reasonType", "category", "context")
PLANNED = {"planned", "userinitiated", "user initiated", "customer initiated"}
LABELS = ("monitorService", "signalType", "targetResourceName", "targetResourceGroup", "targetResourceType")
GRAINS = ("PT1M", "PT5M", "PT15M", "PT30M", "PT1H")


class AzureOptions(Frozen):
    """`url` and `login_url` differ in sovereign clouds; `settle` is how long values may still come in."""

    tenant: str = Field(pattern="^[0-9A-Za-z.-]+$")
    client_id: str = Field(min_length=1)
    client_secret: Secret
    subscription: str = Field(pattern="^[0-9A-Za-z-]+$")
    resource_types: tuple[str, ...] = tuple(KINDS)
    url: str = Field("https://management.azure.com", pattern="^https?://[^/]")
    login_url: str = Field("https://login.microsoftonline.com", pattern="^https?://[^/]")
    step: Duration = timedelta(minutes=5)
    settle: Duration = timedelta(minutes=5)

    @field_validator("step")
    @classmethod
    def _grain(cls, step: timedelta) -> timedelta:
        if iso_duration(step) not in GRAINS or step % timedelta(minutes=1):
            raise ValueError("write one of 1m, 5m, 15m, 30m, 1h")
        return step

    @field_validator("resource_types")
    @classmethod
    def _known(cls, types: tuple[str, ...]) -> tuple[str, ...]:
        for name in types:
            if name.lower() not in KINDS:
                raise ValueError(f"{name!r} has no health here: use some of {', '.join(KINDS)}")
        return tuple(name.lower() for name in types)


AzureRun = Run[AzureOptions]


def connect(options: AzureOptions) -> Site:
    """Azure Resource Manager; the token comes later, from another host."""
    return Site(options.url, secrets=(options.client_secret.reveal(),))


connector = Connector("azure_monitor", AzureOptions, connect)


def signed_in(run: AzureRun) -> Http:
    """The client with a token of the app registration."""
    told, secret = run.options, run.options.client_secret.reveal()
    form = {
        "grant_type": "client_credentials",
        "client_id": told.client_id,
        "client_secret": secret,
        "scope": f"{told.url.rstrip('/')}/.default",
    }
    login = Site(told.login_url, secrets=(secret,))
    return SignedIn(run.http, ClientCredentials(run.http, login, f"{told.tenant}/oauth2/v2.0/token", form).token)


@connector.stream(ComponentHealth, Components, every="5m", lookback="3h")
def fetch_health(run: AzureRun) -> Iterator[Item]:
    """One wide row per resource and bucket, complete up to cursor["until"]; the resources too."""
    http, step = signed_in(run), run.options.step
    found = [(one, kind) for one in resources(http, run) if (kind := kind_of(one))]
    for resource, kind in found:
        yield Components, resource_row(run, resource, kind)
    said = availability(http, run) if found else {}
    slices = windows(run.since, run.now - run.options.settle, step, POINTS)
    for window in slices:
        newest = window[1] - step if window == slices[-1] else None
        yield from ((ComponentHealth, row) for row in health_rows(http, run, found, window, said, newest))
        yield Checkpoint({"until": window[1].isoformat()})
    if not slices:  # without a checkpoint the runner would move on to now, past what has not settled
        yield Checkpoint({"until": floor_to(run.since, step).isoformat()})


def resources(http: Http, run: AzureRun) -> Iterator[Json]:
    """The resources of the wanted types."""
    wanted = " or ".join(f"resourceType eq '{name}'" for name in run.options.resource_types)
    path = f"subscriptions/{run.options.subscription}/resources"
    told = {"api-version": "2021-04-01", "$filter": wanted, "$expand": "createdTime"}
    for page in http.pages(path, told, following=next_link):
        yield from page["value"]


def next_link(page: Json, answer: Answer, told: dict[str, Json]) -> str | None:
    """The next page's address; ARM writes the port 443 into some, which is the same host."""
    link = page.get("nextLink")
    if not link:
        return None
    parts = urlsplit(link)
    return parts._replace(netloc=parts.hostname or "").geturl() if parts.port == 443 else str(link)


def availability(http: Http, run: AzureRun) -> dict[str, Json]:
    """What Resource Health says at this moment, by resource in lower case."""
    path = f"subscriptions/{run.options.subscription}/providers/Microsoft.ResourceHealth/availabilityStatuses"
    found = {}
    for page in http.pages(path, {"api-version": "2025-05-01"}, following=next_link):
        for one in page["value"]:
            found[one["id"].lower().split("/providers/microsoft.resourcehealth/")[0]] = one["properties"]
    return found


def health_rows(
    http: Http,
    run: AzureRun,
    found: list[tuple[Json, Kind]],
    window: Window,
    said: dict[str, Json],
    newest: datetime | None,
) -> Iterator[Row]:
    """Rows of all resources; one whose metrics are refused is said and does not stop the others."""
    refused: list[SourceError] = []
    for resource, kind in found:
        native, rows = resource["id"].lower(), {}
        try:
            answer = http.get(
                f"{resource['id']}/providers/Microsoft.Insights/metrics", asked(kind, window, run.options.step)
            )
            rows = {at: columns(it, run.options.step) for at, it in values(run, resource["name"], kind, answer).items()}
        except SourceError as error:
            if error.error_class not in ("bad_query", "not_found", "permission"):
                raise
            refused.append(error)
            run.warn(f"{resource['name']}: {error}")
        if newest and native in said:
            rows[newest] = rows.get(newest, {}) | status_fields(run, said[native])
        for at, fields in sorted(rows.items()):
            yield health_row(run.id(native), at, run.options.step, fields)
    if refused and len(refused) == len(found):
        raise refused[0]


def status_fields(run: AzureRun, told: Json) -> Row:
    """What Resource Health says; planned work of Azure or of people is maintenance."""
    raw, reasons = told.get("availabilityState"), {str(told.get(name)).lower() for name in REASONS}
    status = run.word(HEALTH, raw)
    is_planned = status in ("down", "degraded") and reasons & PLANNED
    return {
        "status": "maintenance" if is_planned else status,
        "status_raw": raw,
        "status_reason": told.get("summary") or None,
    }


@connector.stream(Alerts, every="1m", lookback="30d", overlap="10m")
def fetch_alerts(run: AzureRun) -> Iterator[Item]:
    """Alerts that changed since the last run, newest change first; complete up to cursor["until"]."""
    http, until = signed_in(run), run.now.isoformat()
    for alert in changed(http, run):
        yield Alerts, alert_row(run, alert)
    yield Checkpoint({"until": until})


def changed(http: Http, run: AzureRun) -> Iterator[Json]:
    """Alerts from the newest change back to the last run; the list reaches 30 days back at most."""
    path = f"subscriptions/{run.options.subscription}/providers/Microsoft.AlertsManagement/alerts"
    told = {"api-version": "2019-03-01", "timeRange": "30d", "pageCount": 250}
    told |= {"sortBy": "lastModifiedDateTime", "sortOrder": "desc"}
    for page in http.pages(path, told, following=next_link):
        for alert in page["value"]:
            if datetime.fromisoformat(alert["properties"]["essentials"]["lastModifiedDateTime"]) < run.since:
                return
            yield alert


def alert_row(run: AzureRun, alert: Json) -> Row:
    """One alert: its condition is Azure's word, its state a person's."""
    told = alert["properties"]["essentials"]
    native, target = alert["id"].rsplit("/", 1)[-1], (told.get("targetResource") or "").lower()
    modified = datetime.fromisoformat(told["lastModifiedDateTime"])
    rule, severity = told.get("alertRule") or alert["name"], told.get("severity")
    return {
        "alert_id": run.id(native),
        "fingerprint": f"{rule.lower()}|{target}",
        "component_id": run.id(target) if target.startswith("/subscriptions/") else None,
        "severity": run.word(SEVERITIES, severity, "warning"),
        "severity_raw": severity,
        "title": alert["name"],
        "message": told.get("description") or None,
        "started_at": datetime.fromisoformat(told["startDateTime"]),
        "fired_at": datetime.fromisoformat(told["startDateTime"]),
        "last_seen_at": run.now,
        "updated_at": modified,
        "labels": json.dumps({name: told[name] for name in LABELS if told.get(name)}, sort_keys=True),
        **state_fields(run, told, modified),
    }


def state_fields(run: AzureRun, told: Json, modified: datetime) -> Row:
    """State and end: a resolved condition has its instant, a closed alert only that of its last change."""
    condition, state = told.get("monitorCondition"), told.get("alertState")
    row: Row = {"state_raw": f"{condition}/{state}", "state": run.word(STATES, state)}
    if str(condition).lower() == "resolved":
        ended = told.get("monitorConditionResolvedDateTime")
        at = datetime.fromisoformat(ended) if ended else modified
        return row | {"state": "resolved", "ended_at": at, "is_end_inferred": not ended}
    if row["state"] == "resolved":
        return row | {"ended_at": modified, "is_end_inferred": True}
    is_quiet = (told.get("actionStatus") or {}).get("isSuppressed") and row["state"] == "firing"
    return row | ({"state": "silenced"} if is_quiet else {})
