"""How GitLab's REST API is asked: projects of a source, pages by link, lists by their last change, error shapes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import requests

from aurora.errors import SourceError
from ingest.connector import Json, Run
from ingest.http import Answer
from ingest.vendors.forges import ONE_ONLY, each, moment, or_none

PER_PAGE = 100
SIZES_AT_ONCE = 50
_SIZES = """query($path: ID!, $iids: [String!]) { project(fullPath: $path) { mergeRequests(iids: $iids) {
nodes { iid diffStatsSummary { additions deletions fileCount } } } } }"""
# What a stream reads, and by which of its fields a project says that it has it switched off.
SWITCHES = {
    "merge_requests": ("merge_requests_access_level", "merge_requests_enabled"),
    "pipelines": ("builds_access_level", "jobs_enabled"),
    "deployments": ("environments_access_level",),
    "issues": ("issues_access_level", "issues_enabled"),
    "releases": ("releases_access_level",),
    "planning": (),
}


class Api:
    """The API as one run asks it."""

    def __init__(self, run: Run[Any]) -> None:
        self.run, self.tells_sizes = run, True

    def projects(self, feature: str | None = None) -> Iterator[Json]:
        """Projects of the source, each once; with a feature those that have it and are not archived."""
        options, seen = self.run.options, set()
        places = [("groups", name) for name in options.groups] + [("projects", name) for name in options.projects]
        for project in each(self.run, places or [("", "")], self._projects_of):
            if project["id"] in seen:
                continue
            seen.add(project["id"])
            if feature is None or (not project.get("archived") and _is_on(project, feature)):
                yield project

    def _projects_of(self, place: tuple[str, str]) -> Iterator[Json]:
        kind, name = place
        if kind == "projects":
            yield self._told(f"projects/{quote(name, safe='')}", {"statistics": "true"})
            return
        ordered = {"order_by": "id", "sort": "asc"}
        if kind == "groups":
            below = {"include_subgroups": "true", "with_shared": "false"}
            yield from self.items(f"groups/{quote(name, safe='')}/projects", {**below, **ordered})
            return
        mine = {"membership": "true", "pagination": "keyset", "statistics": "true"}
        yield from self.items("projects", {**mine, **ordered})

    def items(self, path: str, params: dict[str, Any] | None = None) -> Iterator[Json]:
        """Every item of a list, page by page. Raises SourceError."""
        asked = {**(params or {}), "per_page": PER_PAGE}
        for page in self.run.http.pages(path, asked, following=by_next):
            yield from self._listed(path, page)

    def updated(self, path: str, since: datetime, params: dict[str, Any] | None = None) -> Iterator[list[Json]]:
        """Pages of what changed since then, the oldest change first, each state of an item once. Raises SourceError."""
        told = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        asked = {**(params or {}), "updated_after": told, "order_by": "updated_at", "sort": "asc", "per_page": PER_PAGE}
        seen: set[tuple[Any, Any]] = set()
        for page in self.run.http.pages(path, asked, following=by_change):
            fresh = [one for one in self._listed(path, page) if (one["id"], one["updated_at"]) not in seen]
            seen.update((one["id"], one["updated_at"]) for one in fresh)
            yield fresh

    def known(self, path: str, params: dict[str, Any] | None = None) -> list[Json] | None:
        """A whole list; None where this account may not see it or it is not there."""
        return or_none(self.run, lambda: list(self.items(path, params)))

    def one(self, path: str, params: dict[str, Any] | None = None) -> Json | None:
        """One thing; None where this account may not see it or it is not there."""
        return or_none(self.run, lambda: self._told(path, params))

    def sizes(self, project: Json, numbers: list[int]) -> dict[int, Json]:
        """Changed lines and files of merge requests by their number, from GraphQL: REST tells none.

        {} where GraphQL is refused; that is told once, and not tried again.
        """
        place, found = f"{self.run.http.site.url.removesuffix('/v4')}/graphql", dict[int, Json]()
        for start in range(0, len(numbers) if self.tells_sizes else 0, SIZES_AT_ONCE):
            iids = [str(number) for number in numbers[start : start + SIZES_AT_ONCE]]
            asked = {"query": _SIZES, "variables": {"path": project["path_with_namespace"], "iids": iids}}
            try:
                told = self.run.http.post(place, body=asked)
            except SourceError as error:
                if error.error_class not in (*ONE_ONLY, "bad_query"):
                    raise
                told = {"errors": [{"message": str(error)}]}
            if not isinstance(told, dict) or told.get("errors") or not told.get("data"):
                said = str(told.get("errors") if isinstance(told, dict) else told)[:200]
                self.run.warn(f"{project['path_with_namespace']}: no changed lines of merge requests: {said}")
                self.tells_sizes = False
                return found
            nodes = ((told["data"].get("project") or {}).get("mergeRequests") or {}).get("nodes") or ()
            found.update({int(node["iid"]): node.get("diffStatsSummary") or {} for node in nodes})
        return found

    def _told(self, path: str, params: dict[str, Any] | None) -> Json:
        found = self.run.http.get(path, params)
        if not isinstance(found, dict):
            raise SourceError(f"{self.run.source_instance}: {path} is no answer of GitLab: check url", "schema_drift")
        return found

    def _listed(self, path: str, page: Json) -> list[Json]:
        if isinstance(page, list):
            return page
        said = (page.get("message") or page.get("error")) if isinstance(page, dict) else page
        raise SourceError(
            f"{self.run.source_instance}: {path} answered with no list ({str(said)[:200]}): check url", "schema_drift"
        )


def _is_on(project: Json, feature: str) -> bool:
    return all(project.get(switch) not in ("disabled", False) for switch in SWITCHES[feature])


def by_next(page: Json, answer: Answer, asked: dict[str, Any]) -> dict[str, Any] | None:
    """The next page's parameters, from the Link header, else from X-Next-Page.

    Not the link's address: behind a proxy that one often names another host or scheme.
    """
    links = requests.utils.parse_header_links(answer.headers.get("Link", ""))
    link = next((link["url"] for link in links if link.get("rel") == "next"), None)
    if link:
        return {**asked, **parse_qs(urlsplit(link).query, keep_blank_values=True)}
    number = answer.headers.get("X-Next-Page")
    return {**asked, "page": number} if number else None


def by_change(page: Json, answer: Answer, asked: dict[str, Any]) -> dict[str, Any] | None:
    """The next page of a list by last change: it begins at the last change seen, so nothing slips between two pages.

    An item that changes meanwhile moves to the end; by page numbers, the one after it would be passed over.
    """
    onward = by_next(page, answer, asked)
    if not onward or not isinstance(page, list) or not page:
        return onward
    first, last = moment(page[0]["updated_at"]), moment(page[-1]["updated_at"])
    before = asked["updated_after"]
    if last in (first, moment(before[0] if isinstance(before, list) else before)):
        return onward
    kept = {name: value for name, value in asked.items() if name != "page"}
    return {**kept, "updated_after": page[-1]["updated_at"]}
