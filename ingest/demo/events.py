"""Changes that are no deployments, some of them shortly before trouble, and what third parties' status pages say."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from aurora.contracts import Row, Table
from aurora.contracts.operations import ChangeEvents, ThirdPartyIncidents, ThirdPartyStatus
from ingest.demo.catalog import APP, APPS, PART, PEOPLE, App
from ingest.demo.episode import Episode
from ingest.demo.stories import GATEWAY, episodes
from ingest.demo.world import DAY, HOUR, MINUTE, Slice, World, ceil, floor

WHATSAPP = "whatsapp-business-api"
PAGES = {GATEWAY: "Network Payments", WHATSAPP: "Meta", "maps-api": "Maps Partner"}
SAYS_SO, SAYS_OVER, SAYS_DONE = 12 * MINUTE, 6 * MINUTE, 20 * MINUTE
BEFORE = 7 * MINUTE
USUAL = (
    ("feature_flag", "Flag {flag} set to {part} %"),
    ("feature_flag", "Flag {flag} switched off"),
    ("config", "Time-out of outgoing calls set to {part} s"),
    ("config", "Pool of database connections set to {part}"),
    ("scaling", "Scaled from {few} to {many} replicas"),
    ("infrastructure", "Node group replaced with a newer image"),
)
CAUSES = (("config", "Cache of {name} shortened to 10 s"), ("scaling", "{name} scaled down by one replica"))
CAUSES_DATABASE = (("config", "Query limit of {name} raised to 60 s"), ("schema", "Index of {name} rebuilt"))
FLAGS = ("new-unit-page", "arabic-invoices", "visitor-passes", "fast-search", "saved-cards", "lead-hints")


@dataclass(frozen=True)
class Change:
    """A change of an application that was no deployment."""

    kind: str
    title: str
    app: App
    component: str
    at: datetime
    actor: str


def event_rows(world: World, span: Slice) -> Iterator[tuple[type[Table], Row]]:
    """Changes made in the slice, and what the status pages of two third parties said in it."""
    yield from ((ChangeEvents, change_row(world, change)) for change in _changes(world, span) if span.has(change.at))
    troubles = [one for one in episodes(world, span.until) if one.component in PAGES and one.end - one.start > SAYS_SO]
    troubles = [one for one in troubles if one.rule == "unreachable"]
    for component in PAGES:
        own = [one for one in troubles if one.component == component]
        yield from ((ThirdPartyStatus, row) for row in status_rows(world, component, own, span))
    for one in troubles:
        if any(span.has(at) for _, at in _told(one)):
            yield ThirdPartyIncidents, page_incident_row(world, one, span.until)


def _changes(world: World, span: Slice) -> Iterator[Change]:
    day = floor(span.since, DAY)
    while day < span.until:
        for number in range(1 + int(world.dice(day, "changes") * (2 if day.weekday() >= 5 else 4))):
            yield _usual(world, day, number)
        day += DAY
    yield from _told_changes(world)
    for episode in episodes(world, span.until):
        if episode.app and _is_slowness(episode) and world.dice(episode.native_id, "change") < 0.4:
            yield _before(world, episode, APP[episode.app])


def _is_slowness(episode: Episode) -> bool:
    """Whether something became slow without a deployment that would explain it."""
    return episode.rule == "latency-p95" and not (episode.trouble and episode.trouble.caused_by)


def _usual(world: World, day: datetime, number: int) -> Change:
    app = world.pick(APPS, day, number, "changed")
    kind, title = world.pick(USUAL, day, number, "change")
    few = 2 + int(world.dice(day, number, "few") * 4)
    title = title.format(
        flag=world.pick(FLAGS, day, number, "flag"),
        part=world.pick((5, 10, 25, 50), day, number),
        few=few,
        many=few + 2,
    )
    at = day + 5 * HOUR + timedelta(seconds=int(world.dice(day, number, "changed at") * 11 * 3600))
    return Change(kind, title, app, app.main, at, world.pick(PEOPLE, day, number, "changed by"))


def _before(world: World, episode: Episode, app: App) -> Change:
    """A change a few minutes before an application became slow."""
    part = PART[episode.component]
    kind, title = world.pick(CAUSES_DATABASE if part.type == "database" else CAUSES, episode.native_id, "cause")
    actor = world.pick(PEOPLE, episode.native_id, "changed by")
    return Change(kind, title.format(name=part.name), app, part.key, episode.start - BEFORE, actor)


def _told_changes(world: World) -> Iterator[Change]:
    """The changes that belong to the stories."""
    bad = world.anchor - 3 * DAY
    crm, whatsapp, pay = APP["damac-hills-2-crm"], APP["whatsapp-crm"], APP["payment-system"]
    yield Change("feature_flag", "Flag price-list-with-unit set to 100 %", crm, crm.main, bad + MINUTE, PEOPLE[2])
    yield Change("feature_flag", "Flag price-list-with-unit switched off", crm, crm.main, bad + 25 * MINUTE, PEOPLE[2])
    verbose = world.anchor - 9 * DAY - 4 * MINUTE
    yield Change(
        "config", "Log level of WhatsApp Webhook Receiver set to debug", whatsapp, whatsapp.main, verbose, PEOPLE[4]
    )
    scaled = world.anchor - 20 * MINUTE
    yield Change("scaling", "Checkout Service scaled from 4 to 8 replicas", pay, "checkout", scaled, PEOPLE[6])


def change_row(world: World, change: Change) -> Row:
    """The row of a change."""
    return {
        "change_id": world.id(f"change/{change.app.app_id}/{change.kind}/{change.at:%Y%m%d%H%M%S}"),
        "kind": change.kind,
        "component_id": world.id(change.component),
        "app_id": change.app.app_id,
        "title": change.title,
        "actor": change.actor,
        "occurred_at": change.at,
        "tags": ["production", change.kind],
        "detail": json.dumps({"application": change.app.name, "by": change.actor}),
    }


def _told(episode: Episode) -> list[tuple[str, datetime]]:
    """The states that a provider's page goes through; it lags behind what its customers see."""
    return [
        ("open", episode.start + SAYS_SO),
        ("monitoring", episode.end + SAYS_OVER),
        ("resolved", episode.end + SAYS_DONE),
    ]


def status_rows(world: World, component: str, troubles: list[Episode], span: Slice) -> Iterator[Row]:
    """What a provider's page said at each full hour of the slice, and whenever it changed."""
    turns = [step for one in troubles for step in _told(one)]
    changes = sorted((at, state) for state, at in turns)
    hours: set[datetime] = set()
    at = ceil(span.since, HOUR)
    while at < span.until:
        hours.add(at)
        at += HOUR
    place, state = 0, "resolved"
    for at in sorted(hours | {at for at, _ in changes if span.has(at)}):
        while place < len(changes) and changes[place][0] <= at:
            state = changes[place][1]
            place += 1
        yield _status_row(world, component, at, state)


def _status_row(world: World, component: str, at: datetime, state: str) -> Row:
    said = {"open": ("down", "major_outage"), "monitoring": ("degraded", "partial_outage")}
    status, raw = said.get(state, ("healthy", "operational"))
    return {
        "component_id": world.id(component),
        "provider": PAGES[component],
        "page_id": f"{component}-status",
        "observed_at": at,
        "status": status,
        "status_raw": raw,
        "indicator": {"down": "critical", "degraded": "minor"}.get(status, "none"),
        "message": None if status == "healthy" else f"{PART[component].name}: elevated errors",
    }


def page_incident_row(world: World, episode: Episode, now: datetime) -> Row:
    """The row of an incident on a provider's page as it stands at `now`."""
    state, changed = [step for step in _told(episode) if step[1] < now][-1]
    number = f"{episode.component}/{episode.start:%Y%m%dT%H%M}"
    return {
        "third_party_incident_id": world.id(f"page/{number}"),
        "page_id": f"{episode.component}-status",
        "provider": PAGES[episode.component],
        "title": f"{PART[episode.component].name}: elevated errors",
        "impact": "critical" if episode.component == GATEWAY else "major",
        "state": state,
        "state_raw": "investigating" if state == "open" else state,
        "is_maintenance": False,
        "component_ids": [world.id(episode.component)],
        "started_at": episode.start,
        "resolved_at": changed if state == "resolved" else None,
        "updated_at": changed,
        "url": f"https://status.example.com/{number}",
    }
