"""Status pages of third parties: what their components say, and their incidents and maintenances.

API: https://metastatuspage.com/api (Statuspage v2), https://docs.incident.io/status-pages/widget-api (incident.io) and
https://instatus.com/help/api/public-data (Instatus). Needs: nothing, the pages are public. One source is one page;
`kind` is "statuspage", "incident_io" or "instatus". A page of incident.io that answers at /api/v2/summary.json is
better read as kind = "statuspage" with past = false: the widget names a component only while something is up with it.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from aurora.contracts import Row
from aurora.contracts.estate import Components
from aurora.contracts.operations import ComponentHealth, ThirdPartyIncidents, ThirdPartyStatus
from aurora.settings import Frozen
from ingest.connector import Checkpoint, Connector, Item, Run
from ingest.connectors.prometheus import revived
from ingest.http import Site
from ingest.vendors.status_pages import READERS, Event, Page, Part, narrowed

HEARTBEAT = timedelta(hours=1)
GOING_ON = ("open", "monitoring")
STATUSES = {
    "operational": "healthy",
    **dict.fromkeys(("degraded_performance", "partial_outage"), "degraded"),
    **dict.fromkeys(("degradedperformance", "partialoutage", "minoroutage"), "degraded"),
    **dict.fromkeys(("major_outage", "full_outage", "majoroutage"), "down"),
    **dict.fromkeys(("under_maintenance", "undermaintenance"), "maintenance"),
}
IMPACTS = {
    **dict.fromkeys(("none", "operational", "maintenance", "under_maintenance", "undermaintenance"), "none"),
    **dict.fromkeys(("minor", "degraded_performance", "degradedperformance", "minoroutage"), "minor"),
    **dict.fromkeys(("major", "partial_outage", "partialoutage"), "major"),
    **dict.fromkeys(("critical", "full_outage", "major_outage", "majoroutage"), "critical"),
}
STATES = {
    **dict.fromkeys(("investigating", "identified"), "open"),
    **dict.fromkeys(("in_progress", "inprogress", "maintenance_in_progress"), "open"),
    **dict.fromkeys(("monitoring", "verifying"), "monitoring"),
    **dict.fromkeys(("resolved", "postmortem", "completed", "maintenance_complete"), "resolved"),
    **dict.fromkeys(("scheduled", "notstartedyet", "maintenance_scheduled"), "scheduled"),
}


class StatusPageOptions(Frozen):
    """`components`: ids or names of those to read, all if empty; `past` false: only what is open, no history."""

    url: str = Field(pattern="^https?://[^/]")
    kind: Literal["statuspage", "incident_io", "instatus"] = "statuspage"
    provider: str | None = Field(None, min_length=1, max_length=200)
    components: tuple[str, ...] = ()
    past: bool = True


PageRun = Run[StatusPageOptions]


def connect(options: StatusPageOptions) -> Site:
    """The page; nobody signs in."""
    return Site(options.url)


connector = Connector("status_page", StatusPageOptions, connect)


def page_of(run: PageRun, with_past: bool = False) -> Page:
    """What the page says about the components that are wanted."""
    return narrowed(READERS[run.options.kind](run, with_past), run.options.components)


@connector.stream(ThirdPartyStatus, ComponentHealth, Components, every="2m")
def fetch_components(run: PageRun) -> Iterator[Item]:
    """Each component now; third_party_status only when it changed and once an hour, for which the cursor remembers."""
    before = (run.cursor or {}).get("seen", {})
    page = page_of(run)
    if run.options.kind == "incident_io":
        page = replace(page, parts=(*page.parts, *recovered(page, before)))
    for name in absent(run.options, page):
        run.warn(f"component {name!r} is not on the page: mend its name or id in components")
    seen: dict[str, Any] = {}
    for part in page.parts:
        known = before.get(part.id, {})
        is_due = not known or part.status != known["status"] or run.now - told_at(known) >= HEARTBEAT
        seen[part.id] = remembered(run, part, known, is_due)
        status = run.word(STATUSES, part.status)
        if is_due:
            yield ThirdPartyStatus, status_row(run, page, part, status)
        yield ComponentHealth, health_row(run, page, part, status)
        yield Components, component_row(run, page, part, seen[part.id]["first_seen_at"])
    yield Checkpoint({"seen": seen})


def recovered(page: Page, before: dict[str, Any]) -> Iterator[Part]:
    """Components that the widget named before and names no more: it is silent about what works."""
    listed = {part.id for part in page.parts}
    return (Part(key, it["name"], "operational", it["group"]) for key, it in before.items() if key not in listed)


def absent(options: StatusPageOptions, page: Page) -> list[str]:
    """What `components` names and the page does not; only pages that list all of their components tell."""
    known = {part.id for part in page.parts} | {part.name for part in page.parts}
    return [] if options.kind == "incident_io" else [name for name in options.components if name not in known]


def remembered(run: PageRun, part: Part, known: dict[str, Any], is_due: bool) -> dict[str, Any]:
    """What the cursor keeps of a component."""
    return {
        "name": part.name,
        "group": part.group,
        "status": part.status,
        "told_at": run.now.isoformat() if is_due else known["told_at"],
        "first_seen_at": known.get("first_seen_at") or run.now.isoformat(),
    }


def told_at(known: dict[str, Any]) -> datetime:
    """When the component's status was last told."""
    return datetime.fromisoformat(known["told_at"])


def provider_of(run: PageRun, page: Page) -> str:
    """Who is behind the page."""
    return run.options.provider or page.name


def trouble(page: Page, part: Part) -> str | None:
    """Titles of what goes on and names this component."""
    titles = [one.title for one in page.events if part.id in one.part_ids and STATES.get(one.state.lower()) in GOING_ON]
    return "; ".join(titles) or None


def status_row(run: PageRun, page: Page, part: Part, status: str) -> Row:
    """The component's status from now on."""
    return {
        "component_id": run.id(part.id),
        "provider": provider_of(run, page),
        "page_id": run.id(page.id),
        "observed_at": run.now,
        "status": status,
        "status_raw": part.status,
        "indicator": page.indicator,
        "message": trouble(page, part),
    }


def health_row(run: PageRun, page: Page, part: Part, status: str) -> Row:
    """The component's status for the interval that ends now; a page measures nothing."""
    said = f"{provider_of(run, page)} says {part.status or 'nothing'}"
    reason = None if status == "healthy" else trouble(page, part) or said
    return {
        "component_id": run.id(part.id),
        "ts_start": run.now - run.every,
        "ts_end": run.now,
        "status": status,
        "status_raw": part.status,
        "status_reason": reason,
    }


def component_row(run: PageRun, page: Page, part: Part, first_seen_at: str) -> Row:
    """The component of a third party; its group and page are tags."""
    tags = {"page": run.options.url} | ({"group": part.group} if part.group else {})
    return {
        "component_id": run.id(part.id),
        "name": part.name,
        "type": "third_party",
        "kind": "third_party",
        "provider": provider_of(run, page),
        "tags": json.dumps(tags, sort_keys=True),
        "created_at": part.created_at,
        "first_seen_at": datetime.fromisoformat(first_seen_at),
        "last_seen_at": run.now,
    }


@connector.stream(ThirdPartyIncidents, every="5m", lookback="90d", overlap="1d")
def fetch_incidents(run: PageRun) -> Iterator[Item]:
    """Incidents and maintenances; one that the page lists no more is over, from the first poll without it."""
    was = {key: revived(text) for key, text in (run.cursor or {}).get("open", {}).items()}
    page = page_of(run, run.options.past)
    rows = {row["third_party_incident_id"]: row for row in (event_row(run, page, one, was) for one in page.events)}
    for row in rows.values():
        if row["state"] != "resolved" or row["updated_at"] >= run.since:
            yield ThirdPartyIncidents, row
    for key in was.keys() - rows.keys():
        yield ThirdPartyIncidents, ended_row(run, was[key])
    still = {
        key: json.dumps(row, default=datetime.isoformat) for key, row in rows.items() if row["state"] != "resolved"
    }
    yield Checkpoint({"until": run.now.isoformat(), "open": still})


def event_row(run: PageRun, page: Page, event: Event, was: dict[str, Row]) -> Row:
    """An incident or maintenance; where the page does not say when it began, it is when it was first seen."""
    key = run.id(event.id)
    first_seen_at = was[key]["started_at"] if key in was else event.updated_at or run.now
    started_at = event.started_at or first_seen_at
    updated_at, state = event.updated_at or started_at, run.word(STATES, event.state)
    return {
        "third_party_incident_id": key,
        "page_id": run.id(page.id),
        "provider": provider_of(run, page),
        "title": event.title,
        "impact": run.word(IMPACTS, event.impact) if event.impact else None,
        "state": state,
        "state_raw": event.state,
        "is_maintenance": event.is_maintenance,
        "component_ids": [run.id(part) for part in event.part_ids] or None,
        "started_at": started_at,
        "resolved_at": event.resolved_at or (updated_at if state == "resolved" else None),
        "updated_at": updated_at,
        "url": event.url,
    }


def ended_row(run: PageRun, row: Row) -> Row:
    """The incident as over now; a maintenance that is withdrawn before it began lasted no time."""
    return row | {"state": "resolved", "resolved_at": max(run.now, row["started_at"]), "updated_at": run.now}
