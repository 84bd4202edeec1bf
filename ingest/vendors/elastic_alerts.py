"""Alerts as Kibana keeps them in the indices `.alerts-*`, as rows of the table alerts."""

import json
from typing import Any
from urllib.parse import urljoin

from aurora.contracts import Row
from ingest.connector import Json
from ingest.vendors.elastic_api import ElasticRun
from ingest.vendors.promql import instant, number

SEVERITIES = {
    **dict.fromkeys(("critical", "high", "major"), "critical"),
    **dict.fromkeys(("warning", "medium", "minor"), "warning"),
    **dict.fromkeys(("low", "info", "informational"), "info"),
}
STATES = {"active": "firing", "recovered": "resolved", "untracked": "resolved", "delayed": "pending"}
LABELS = (
    "kibana.alert.rule.uuid",
    "kibana.alert.rule.category",
    "kibana.alert.rule.consumer",
    "kibana.alert.instance.id",
    "kibana.space_ids",
    "service.name",
    "service.environment",
    "host.name",
)
ALERT_FIELDS = (
    "@timestamp",
    *(f"kibana.alert.{name}" for name in ("uuid", "status", "start", "end", "severity", "reason", "rule.name", "url")),
    *(f"kibana.alert.{name}" for name in ("flapping", "workflow_status", "maintenance_window_ids")),
    *(f"kibana.alert.evaluation.{name}" for name in ("value", "values", "threshold")),
    *LABELS,
)


def flat(hit: Json, name: str) -> Any:
    """The first value of a field of a hit, None where it has none."""
    told = (hit.get("fields") or {}).get(name)
    return (told[0] if told else None) if isinstance(told, list) else told


def alert_row(run: ElasticRun, hit: Json) -> Row:
    """One alert episode; Kibana's uuid stays the same for its whole life."""
    fields = {name.removeprefix("kibana.alert."): flat(hit, name) for name in ALERT_FIELDS}
    seen_at, ended = instant(fields["@timestamp"]), fields["end"]
    severity, uuid = fields["severity"], fields["uuid"] or hit["_id"]
    state = state_of(run, fields)
    labels = {name: told for name in LABELS if (told := (hit.get("fields") or {}).get(name))}
    return {
        "alert_id": run.id(uuid),
        "fingerprint": f"{fields['rule.uuid']}:{fields['instance.id'] or uuid}",
        "severity": run.word(SEVERITIES, severity, "warning") if severity else "warning",
        "severity_raw": severity,
        "state": state,
        "state_raw": fields["status"],
        "title": fields["rule.name"] or "alert without a name",
        "message": fields["reason"] or None,
        "value": number(first_of(fields["evaluation.value"], fields["evaluation.values"])),
        "threshold": number(fields["evaluation.threshold"]),
        "is_flapping": fields["flapping"],
        "started_at": instant(fields["start"]) if fields["start"] else seen_at,
        "ended_at": instant(ended) if ended else (seen_at if state == "resolved" else None),
        "is_end_inferred": (not ended) if state == "resolved" else None,
        "last_seen_at": seen_at,
        "updated_at": run.now,
        "labels": json.dumps(labels, sort_keys=True),
        "url": link(run, fields["url"]),
    }


def first_of(*told: Any) -> Any:
    """The first that is there; rules with one figure tell it apart from rules with several."""
    return next((one for one in told if one is not None), None)


def state_of(run: ElasticRun, fields: Row) -> str:
    """What Kibana says, and what people did with it: acknowledged, closed, or silenced by a maintenance window."""
    state = run.word(STATES, fields["status"])
    if state != "firing":
        return state
    if fields["workflow_status"] == "closed":
        return "resolved"
    if fields["workflow_status"] == "acknowledged":
        return "acknowledged"
    return "silenced" if fields["maintenance_window_ids"] else "firing"


def link(run: ElasticRun, url: str | None) -> str | None:
    """The address of the alert; Kibana without a public address of its own tells only a path."""
    whole = urljoin(run.options.kibana or "", url) if url else ""
    return whole if whole.startswith(("http://", "https://")) else None
