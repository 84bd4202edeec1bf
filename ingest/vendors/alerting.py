"""Alerts as the Alertmanager v2 API tells them, which Alertmanager, Mimir and Grafana all speak.

The API lists what fires now, without paging and without what is over: an alert that stays away for `grace` is resolved,
from the first poll without it. The wait is there because a restarted Alertmanager knows nothing until it is told anew.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVar

from pydantic import Field

from aurora.contracts import Row
from aurora.contracts.operations import Alerts
from aurora.errors import SourceError
from aurora.settings import Duration, Slug
from ingest.connector import Checkpoint, Item, Json, Run
from ingest.connectors.prometheus import SEVERITIES, resolved_row, revived
from ingest.vendors import promql
from ingest.vendors.access import Access

STATES = {"active": "firing", "unprocessed": "firing"}


class AlertOptions(Access):
    """`components_of`: the source whose components the label `component_label` names; without it alerts have none.

    `external_labels`: labels that Prometheus adds when it sends, left out of the fingerprint so that it equals the one
    of the same alert read from Prometheus itself.
    """

    component_label: str = Field("instance", pattern="^[a-zA-Z_][a-zA-Z0-9_]*$")
    components_of: Slug | None = None
    external_labels: tuple[str, ...] = ()
    matchers: tuple[str, ...] = ()
    receiver: str | None = None
    grace: Duration = timedelta(minutes=2)


O = TypeVar("O", bound=AlertOptions)  # noqa: E741


def alert_rows(run: Run[O], path: str) -> list[Row]:
    """What fires now, silenced and inhibited alerts included. Raises SourceError for an answer that is no list."""
    answer = run.http.get(path, wanted(run.options))
    if not isinstance(answer, list):
        raise SourceError(
            f"{run.source_instance}: {path} is no list of alerts: check that url leads to an Alertmanager v2 API",
            "schema_drift",
        )
    causes = {alert["fingerprint"]: alert_id(run, alert) for alert in answer}
    return [alert_row(run, alert, causes) for alert in answer]


def wanted(options: AlertOptions) -> dict[str, Any]:
    """The query that leaves out alerts of other teams."""
    return {"filter": list(options.matchers)} | ({"receiver": options.receiver} if options.receiver else {})


def alert_id(run: Run[O], alert: Json) -> str:
    """The episode: the vendor's fingerprint and when it began to fire, for it comes back when the alert does."""
    return run.id(f"{alert['fingerprint']}:{promql.instant(alert['startsAt']).isoformat()}")


def alert_row(run: Run[O], alert: Json, causes: dict[str, str]) -> Row:
    """An alert episode; `startsAt` is when it began to fire, `endsAt` a time-out in the future and no end."""
    options, labels, notes = run.options, alert["labels"], alert.get("annotations") or {}
    started_at, raw = promql.instant(alert["startsAt"]), labels.get("severity") or None
    component, told = labels.get(options.component_label), alert["status"]
    named = {name: value for name, value in labels.items() if name not in options.external_labels}
    return {
        "alert_id": alert_id(run, alert),
        "fingerprint": promql.fingerprint(named),
        "component_id": f"{options.components_of}:{component}" if options.components_of and component else None,
        "suppressed_by": next((causes[mark] for mark in told.get("inhibitedBy") or () if mark in causes), None),
        "severity": run.word(SEVERITIES, raw, "warning"),
        "severity_raw": raw,
        "state": state_of(run, told),
        "state_raw": told["state"],
        "title": labels.get("alertname") or "alert without a name",
        "message": notes.get("summary") or notes.get("description") or notes.get("message") or None,
        "started_at": started_at,
        "fired_at": started_at,
        "ended_at": None,
        "is_end_inferred": None,
        "last_seen_at": run.now,
        "updated_at": run.now,
        "labels": json.dumps(labels, sort_keys=True),
        "url": notes.get("runbook_url") or alert.get("generatorURL") or None,
    }


def state_of(run: Run[O], told: Json) -> str:
    """firing, or why nobody is told: silenced (by hand or at muted times) or suppressed (by another alert)."""
    if told["state"] != "suppressed":
        return run.word(STATES, told["state"])
    is_silenced = told.get("silencedBy") or told.get("mutedBy")
    return "silenced" if is_silenced or not told.get("inhibitedBy") else "suppressed"


def followed(run: Run[O], rows: Iterable[Row]) -> Iterator[Item]:
    """The rows, those that stayed away for `grace` as resolved, and the checkpoint that remembers the open ones."""
    now_open = {row["alert_id"]: row for row in rows}
    was = {key: revived(text) for key, text in (run.cursor or {}).get("open", {}).items()}
    away = {key: row | {"ended_at": row["ended_at"] or run.now} for key, row in was.items() if key not in now_open}
    over = {key: row for key, row in away.items() if run.now - row["ended_at"] >= run.options.grace}
    for row in [*now_open.values(), *(resolved_row(row, row["ended_at"]) for row in over.values())]:
        yield Alerts, row
    kept = {key: row for key, row in (away | now_open).items() if key not in over}
    yield Checkpoint({"open": {key: json.dumps(row, default=datetime.isoformat) for key, row in kept.items()}})
