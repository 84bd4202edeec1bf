"""Deployments out of GraphQL: how they are walked, and which of them are looked at again until they are over."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aurora.contracts import Row
from aurora.contracts.delivery import DeploymentCommits, Deployments, Environments
from ingest.connector import Checkpoint, Item, Json, Run
from ingest.vendors.github_api import Api, nodes
from ingest.vendors.github_contents import Contents
from ingest.vendors.github_deployed import (
    OPEN,
    created_at,
    deployment_row,
    environment_row,
    last_change,
    status_of,
    tier_of,
)
from ingest.vendors.github_queries import DEPLOYMENTS, OPEN_DEPLOYMENTS
from ingest.vendors.github_repositories import Repository, State, complete_until, instant, settled, since

PAGE = 50
CONTENTS_BACK = timedelta(days=7)  # a first walk reads the commits only of deployments so young
LONGEST = timedelta(days=35)  # what is open for longer is not looked at again
MAX_OPEN = 200


def is_due(run: Run[Any], repository: Repository, state: State) -> bool:
    """Whether a deployment was made after what is complete, one is still open, or a walk was broken off."""
    newest, until = repository.newest("createdAt"), complete_until(run, state)
    is_new = newest is not None and (until is None or newest > until)
    return is_new or "page" in state or bool(state.get("open"))


def walk(run: Run[Any], api: Api, one: Repository, state: State) -> Iterator[Item]:
    """Deployments by their beginning, newest first, back to what is complete, and those that were open last time."""
    bound, newest = since(run, state), instant(state.get("newest")) or one.newest("createdAt")
    contents = Contents(run, api, one, bound if "until" in state else max(bound, run.now - CONTENTS_BACK))
    taken = Taken(run, one, contents, list(state.get("open") or ()))
    for page in _pages(api, one, state, newest):
        found = nodes(page)
        wanted = [it for it in found if last_change(run, it) >= bound]
        yield from taken.items(wanted)
        if found and created_at(found[-1]) < bound:
            break
        if newest is not None:
            onward = (page.get("pageInfo") or {}).get("endCursor")
            state |= {"page": onward, "newest": newest.isoformat(), "open": taken.waiting[-MAX_OPEN:]}
        yield Checkpoint({})
    late = [native_id for native_id in taken.waiting if native_id not in taken.seen]
    taken.waiting = [native_id for native_id in taken.waiting if native_id in taken.seen]
    for first in range(0, len(late), PAGE):
        data = api.graphql("OpenDeployments", OPEN_DEPLOYMENTS, ids=late[first : first + PAGE])
        yield from taken.items(nodes(data))
    until = settled(run, newest, complete_until(run, state))
    state.clear()
    state |= {"until": until} | ({"open": taken.waiting[-MAX_OPEN:]} if taken.waiting else {})
    yield Checkpoint({})


def _pages(api: Api, one: Repository, state: State, newest: datetime | None) -> Iterator[dict[str, Any]]:
    """Pages of deployments, none when there was no new one since."""
    until = instant(state.get("until"))
    if "page" not in state and until is not None and (newest is None or newest <= until):
        return iter(())
    place, after = "repository.deployments", state.get("page")
    return api.connection("Deployments", DEPLOYMENTS, place, PAGE, after, environments=None, **one.owner_and_name)


@dataclass
class Taken:
    """What one walk took: ids of deployments that are not over, ids of those it met, and their environments."""

    run: Run[Any]
    one: Repository
    contents: Contents
    waiting: list[str]
    seen: set[str] = field(default_factory=set)
    environments: dict[str, Row] = field(default_factory=dict)

    def items(self, found: list[Json]) -> Iterator[Item]:
        """Rows of deployments, of their commits, and of each environment."""
        changed: dict[str, Row] = {}
        for told in found:
            status, (tier, by) = status_of(self.run, told), tier_of(self.run, told.get("environment"))
            self._note(told, status.word in OPEN.values())
            content = self.contents.of(told) if tier == "production" and status.word == "success" else None
            row = deployment_row(self.run, self.one, told, status, tier)
            yield Deployments, row | (content.told if content else {})
            for commit in content.rows if content else ():
                yield DeploymentCommits, commit
            place = environment_row(self.run, self.one, told, tier, by)
            changed[place["name"]] = self.environments[place["name"]] = self._joined(place)
        for place in changed.values():
            yield Environments, place

    def _note(self, told: Json, is_open: bool) -> None:
        self.seen.add(told["id"])
        if told["id"] in self.waiting:
            self.waiting.remove(told["id"])
        if is_open and created_at(told) > self.run.now - LONGEST:
            self.waiting.append(told["id"])

    def _joined(self, place: Row) -> Row:
        """An environment with what its deployments told before: the newest address, the earliest instant."""
        known = self.environments.get(place["name"], place)
        first_seen_at = min(known["first_seen_at"], place["first_seen_at"])
        return place | {"url": known["url"] or place["url"], "first_seen_at": first_seen_at}
