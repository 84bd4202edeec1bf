"""Alerts and annotations of Grafana: what fires and is silenced, and what people and tools marked on dashboards.

API: https://grafana.com/docs/grafana/latest/developers/http_api/annotations/ and, as Alertmanager v2,
/api/alertmanager/<alertmanager>/api/v2/alerts. Needs: a service account token with the role Viewer
(alert.instances:read, annotations:read). `alertmanager` is "grafana" for Grafana's own alerts, else the uid of an
Alertmanager data source; the header X-Grafana-Org-Id chooses another organisation. An annotation stays as it was when
it landed. To watch Grafana itself, let http_probe ask <url>/api/health with a body_match for "ok".
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from pydantic import Field

from aurora.contracts import Row
from aurora.contracts.operations import Alerts, ChangeEvents
from aurora.errors import SourceError
from ingest.connector import Checkpoint, Connector, Item, Json, Run
from ingest.vendors.alerting import AlertOptions, alert_rows, followed

MS = timedelta(milliseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TITLE_CHARS = 200


class GrafanaOptions(AlertOptions):
    """`tags`: only annotations that carry all of them; `page_size`: how many annotations one answer may hold."""

    alertmanager: str = Field("grafana", pattern="^[A-Za-z0-9_-]+$")
    tags: tuple[str, ...] = ()
    page_size: int = Field(1000, ge=2, le=10_000)


connector = Connector("grafana", GrafanaOptions, GrafanaOptions.site)


@connector.stream(Alerts, every="30s")
def fetch_alerts(run: Run[GrafanaOptions]) -> Iterator[Item]:
    """What fires now; what stays away for `grace` is resolved, at a time that is inferred."""
    rows = alert_rows(run, f"api/alertmanager/{run.options.alertmanager}/api/v2/alerts")
    yield from followed(run, (of_rule(run, row) for row in rows))


def of_rule(run: Run[GrafanaOptions], row: Row) -> Row:
    """The alert with its rule; a rule whose query finds nothing or fails fires under a name that is not its own."""
    labels = json.loads(row["labels"])
    uid, is_without_data = labels.get("__alert_rule_uid__"), labels.get("alertname") == "DatasourceNoData"
    return row | {
        "rule_id": run.id(uid) if uid else None,
        "title": labels.get("rulename") or row["title"],
        "state": "no_data" if is_without_data and row["state"] == "firing" else row["state"],
    }


@connector.stream(ChangeEvents, every="5m", lookback="30d", overlap="1h")
def fetch_annotations(run: Run[GrafanaOptions]) -> Iterator[Item]:
    """Annotations by people and tools (not those of alert states), oldest first, complete up to cursor["until"]."""
    first, last = ((at - EPOCH) // MS for at in (run.since, run.now))
    for start, end, found in pieces(run, first, last):
        for annotation in found:
            if start <= annotation["time"] <= end:  # one that began earlier and lasts was met in its own piece
                yield ChangeEvents, change_row(run, annotation)
        yield Checkpoint({"until": (EPOCH + end * MS).isoformat()})


def pieces(run: Run[GrafanaOptions], first: int, last: int) -> Iterator[tuple[int, int, list[Json]]]:
    """(start, end, annotations), both ends inclusive in epoch ms: halved until an answer is not full.

    Answers are sorted by when an annotation ends and cut, without a page token: walking back by time would lose some.
    Where a full answer holds only what lasts all through a piece, halving it would show the same ones again.
    """
    found = annotations(run, first, last)
    is_full = len(found) >= run.options.page_size
    is_covered = all(one["time"] < first and one.get("timeEnd", 0) > last for one in found)
    if not is_full or first >= last or is_covered:
        if is_full and not run.warnings:
            run.warn(f"annotations: more than {len(found)} last at {EPOCH + first * MS}: raise page_size or set tags")
        yield first, last, found
        return
    middle = (first + last) // 2
    yield from pieces(run, first, middle)
    yield from pieces(run, middle + 1, last)


def annotations(run: Run[GrafanaOptions], first: int, last: int) -> list[Json]:
    """One answer of at most page_size annotations. Raises SourceError for an answer that is no list."""
    asked = {"from": first, "to": last, "type": "annotation", "limit": run.options.page_size}
    answer = run.http.get("api/annotations", asked | {"tags": list(run.options.tags)})
    if not isinstance(answer, list):
        raise SourceError(
            f"{run.source_instance}: api/annotations is no list: check that url is Grafana", "schema_drift"
        )
    return answer


def change_row(run: Run[GrafanaOptions], annotation: Json) -> Row:
    """An annotation as a change; `detail` keeps text, data and panel."""
    began, ended, tags = annotation["time"], annotation.get("timeEnd") or 0, annotation.get("tags") or []
    detail = {name: annotation[name] for name in ("text", "data", "dashboardUID", "panelId") if annotation.get(name)}
    lines = [line.strip() for line in str(annotation.get("text") or "").splitlines() if line.strip()]
    return {
        "change_id": run.id(annotation["id"]),
        "kind": "annotation",
        "title": (lines[0] if lines else ", ".join(tags))[:TITLE_CHARS] or "annotation without text",
        "actor": annotation.get("login") or None,
        "occurred_at": EPOCH + began * MS,
        "ended_at": EPOCH + ended * MS if ended > began else None,
        "tags": tags or None,
        "detail": json.dumps(detail, sort_keys=True) if detail else None,
        "url": panel_url(run.options.url, annotation),
    }


def panel_url(url: str, annotation: Json) -> str | None:
    """Address of the dashboard, at the panel, that the annotation stands on."""
    dashboard, panel = annotation.get("dashboardUID"), annotation.get("panelId")
    if not dashboard:
        return None
    return f"{url.rstrip('/')}/d/{dashboard}" + (f"?viewPanel={panel}" if panel else "")
