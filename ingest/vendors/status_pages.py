"""Public status pages of third parties in one shape, whoever runs them: Statuspage, incident.io or Instatus."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from aurora.errors import SourceError
from ingest.connector import Json, Run
from ingest.vendors import promql

_JS_DATE = re.compile(r"\w{3} (\w{3} \d{2} \d{4} \d{2}:\d{2}:\d{2}) GMT([+-]\d{4})")


@dataclass(frozen=True)
class Part:
    """A component of a page; `status` is the page's own word, None where it says none."""

    id: str
    name: str
    status: str | None
    group: str | None = None
    created_at: datetime | None = None


@dataclass(frozen=True)
class Event:
    """An incident or maintenance on a page; `state` and `impact` are the page's words, `part_ids` what it is about."""

    id: str
    title: str
    state: str
    is_maintenance: bool
    impact: str | None = None
    part_ids: tuple[str, ...] = ()
    started_at: datetime | None = None
    resolved_at: datetime | None = None
    updated_at: datetime | None = None
    url: str | None = None


@dataclass(frozen=True)
class Page:
    """What a page says now; a page without an id of its own goes by its host."""

    id: str
    name: str
    indicator: str | None
    parts: tuple[Part, ...]
    events: tuple[Event, ...]


def instant(text: str | None) -> datetime | None:
    """The instant in RFC 3339 or in the words of a browser's clock. Raises ValueError without a zone."""
    found = _JS_DATE.match(text or "")
    if found:
        return datetime.strptime(f"{found[1]} {found[2]}", "%b %d %Y %H:%M:%S %z").astimezone(UTC)
    return promql.instant(text) if text else None


def asked(run: Run[Any], path: str, *needed: str) -> dict[str, Json]:
    """The JSON object at path. Raises SourceError when it is none, or lacks what every such page has."""
    answer = run.http.get(path)
    if not isinstance(answer, dict) or any(answer.get(name) is None for name in needed):
        raise SourceError(
            f"{run.source_instance}: {path} has no {' and '.join(needed)}: check url and kind",
            "schema_drift",
        )
    return answer


def statuspage(run: Run[Any], with_past: bool) -> Page:
    """A page of Atlassian Statuspage, or one that answers like it (incident.io serves the summary too)."""
    told = asked(run, "api/v2/summary.json", "page", "components")
    listed = {"incidents": list(told.get("incidents") or ()), "scheduled_maintenances": []}
    listed["scheduled_maintenances"] += told.get("scheduled_maintenances") or ()
    if with_past:
        for name, found in listed.items():
            found += asked(run, f"api/v2/{name.replace('_', '-')}.json", name)[name]
    groups = {one["id"]: one["name"] for one in told["components"] if one.get("group")}
    parts = tuple(_statuspage_part(one, groups) for one in told["components"] if one["id"] not in groups)
    events = {one["id"]: _statuspage_event(one, groups, name) for name, found in listed.items() for one in found}
    page, status = told["page"], told.get("status") or {}
    return Page(page["id"], page["name"], status.get("indicator"), parts, tuple(events.values()))


def _statuspage_part(told: Json, groups: dict[str, str]) -> Part:
    group, created_at = groups.get(told.get("group_id") or ""), instant(told.get("created_at"))
    return Part(told["id"], told["name"], told.get("status"), group, created_at)


def _statuspage_event(told: Json, groups: dict[str, str], name: str) -> Event:
    return Event(
        id=told["id"],
        title=told["name"],
        state=told["status"],
        is_maintenance=name == "scheduled_maintenances",
        impact=told.get("impact"),
        part_ids=tuple(one["id"] for one in told.get("components") or () if one["id"] not in groups),
        started_at=instant(told.get("scheduled_for") or told.get("started_at") or told.get("created_at")),
        resolved_at=instant(told.get("resolved_at")),
        updated_at=instant(told.get("updated_at")),
        url=told.get("shortlink") or None,
    )


WIDGET = ("ongoing_incidents", "in_progress_maintenances", "scheduled_maintenances")


def incident_io(run: Run[Any], with_past: bool) -> Page:
    """A page of incident.io by its widget, which tells only of components that something is up with."""
    told = asked(run, "api/v1/summary", "page_title", *WIDGET)
    parts: dict[str, Part] = {}
    for name in ("in_progress_maintenances", "ongoing_incidents"):  # an outage says more than a maintenance
        for event in told[name]:
            parts |= {one.id: one for one in _affected(event, name != "ongoing_incidents")}
    events = tuple(_widget_event(one, name) for name in WIDGET for one in told[name])
    return Page(_host(run), told["page_title"], None, tuple(parts.values()), events)


def _affected(event: Json, is_maintenance: bool) -> Iterator[Part]:
    for told in event.get("affected_components") or ():
        status = told.get("current_status") or event.get("current_worst_impact") or "operational"
        if is_maintenance and status == "operational":
            status = "under_maintenance"
        yield Part(told["id"], told["name"], status, told.get("group_name") or None)


def _widget_event(told: Json, name: str) -> Event:
    return Event(
        id=told["id"],
        title=told["name"],
        state=told["status"],
        is_maintenance=name != "ongoing_incidents",
        impact=told.get("current_worst_impact"),
        part_ids=tuple(one["id"] for one in told.get("affected_components") or ()),
        started_at=instant(told.get("started_at") or told.get("starts_at")),
        updated_at=instant(told.get("last_update_at")),
        url=told.get("url") or None,
    )


def instatus(run: Run[Any], with_past: bool) -> Page:
    """A page of Instatus; its summary does not say which components an incident is about."""
    told = asked(run, "summary.json", "page")
    listed = asked(run, "v3/components.json", "components")["components"]
    events = [_instatus_event(one, False) for one in told.get("activeIncidents") or ()]
    events += [_instatus_event(one, True) for one in told.get("activeMaintenances") or ()]
    page = told["page"]
    return Page(_host(run), page["name"], page.get("status"), tuple(_instatus_parts(listed)), tuple(events))


def _instatus_parts(listed: list[Json], group: str | None = None) -> Iterator[Part]:
    """Components without their groups, which stand as parents of children or as the `group` of others."""
    parents = {(one.get("group") or {}).get("id") for one in listed}
    for told in listed:
        children = told.get("children") or []
        yield from _instatus_parts(children, told["name"])
        if not children and not told.get("isParent") and told["id"] not in parents:
            yield Part(told["id"], told["name"], told.get("status"), (told.get("group") or {}).get("name") or group)


def _instatus_event(told: Json, is_maintenance: bool) -> Event:
    started_at = instant(told.get("started") or told.get("start"))
    return Event(
        id=told.get("id") or urlsplit(told["url"]).path.rstrip("/").rpartition("/")[2],
        title=told["name"],
        state=told["status"],
        is_maintenance=is_maintenance,
        impact=told.get("impact"),
        started_at=started_at,
        updated_at=instant(told.get("updatedAt")),
        url=told.get("url") or None,
    )


def _host(run: Run[Any]) -> str:
    return str(urlsplit(run.options.url).hostname)


Reader = Callable[[Run[Any], bool], Page]
READERS: dict[str, Reader] = {"statuspage": statuspage, "incident_io": incident_io, "instatus": instatus}


def narrowed(page: Page, wanted: tuple[str, ...]) -> Page:
    """The page with the components that are wanted by id or name (all if none is), and what happens to them."""
    if not wanted:
        return page
    parts = tuple(part for part in page.parts if part.id in wanted or part.name in wanted)
    kept = {part.id for part in parts}
    events = tuple(one for one in page.events if not one.part_ids or kept.intersection(one.part_ids))
    return replace(page, parts=parts, events=events)
