"""How Sentry's API is asked: cursors in Link headers, error bodies, spans, and what its words mean."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import requests

from aurora.errors import SourceError
from ingest.connector import Json, Run
from ingest.http import Answer
from ingest.vendors.slices import Slice

MAX_PAGES = 100
PLATFORMS = {
    "android": "android",
    **dict.fromkeys(("apple", "cocoa", "ios", "objc", "swift"), "ios"),
    "javascript": "web",
    **dict.fromkeys(("bun", "csharp", "deno", "dotnet", "elixir", "go", "groovy", "haskell", "java"), "server"),
    **dict.fromkeys(("kotlin", "node", "perl", "php", "powershell", "python", "ruby", "rust"), "server"),
    "other": "unknown",
}
STATES = {"unresolved": "open", "resolved": "resolved", "ignored": "ignored", "muted": "ignored"}
LEVELS = {
    **{name: name for name in ("fatal", "error", "warning", "unknown")},
    **dict.fromkeys(("info", "debug", "sample"), "info"),
}
SESSIONS = {name: name for name in ("healthy", "errored", "unhandled", "abnormal", "crashed")}
ANR = {"anr", "applicationnotresponding", "app hanging", "app hang", "apphang", "backgroundanr"}


class Api:
    """The API as one run asks it."""

    def __init__(self, run: Run[Any]) -> None:
        self.run = run

    def items(
        self, path: str, params: dict[str, Any], *, of_projects: bool = True, max_pages: int = MAX_PAGES
    ) -> Iterator[Json]:
        """Every item of a list; the run is partial when it has more than `max_pages` pages. Raises SourceError."""
        asked = {**params, "project": self._projects()} if of_projects else params
        pages = self.run.http.pages(path, asked, following=by_results)
        for number, page in enumerate(pages, 1):
            yield from self._listed(path, page)
            if number == max_pages:
                if max_pages == MAX_PAGES:
                    self.run.warn(f"{path}: only the first {max_pages} pages were read: narrow it with projects")
                return

    def sessions(self, part: Slice, group_by: tuple[str, ...]) -> list[Json]:
        """Groups of sessions of one UTC day, with totals. Raises SourceError."""
        asked = {
            "field": ("sum(session)", "count_unique(user)"),
            "groupBy": group_by,
            "interval": "1d",
            "includeSeries": 0,
            "project": self._projects(),
            **self.span(part),
        }
        return list(self._listed("sessions/", self.run.http.get("sessions/", asked), "groups"))

    @staticmethod
    def span(part: Slice) -> dict[str, str]:
        """start and end as Sentry takes them: ISO 8601, UTC, whole seconds."""
        return {"start": _iso(part.start), "end": _iso(part.end)}

    def _projects(self) -> tuple[str, ...]:
        """The projects asked for; -1 means all that the token may see, not only those of its owner's teams."""
        return self.run.options.projects or ("-1",)

    def _listed(self, path: str, page: Json, name: str = "data") -> list[Json]:
        """The items of a page: the page itself, or its `name`. Raises SourceError for an error in place of a list."""
        found = page.get(name) if isinstance(page, dict) else page
        if isinstance(found, list):
            return found
        said = page.get("detail") if isinstance(page, dict) else None
        said = said.get("message") if isinstance(said, dict) else said
        raise SourceError(
            f"{self.run.source_instance}: {path} answered with no list ({str(said)[:200]}): check url and organization",
            "schema_drift",
        )


def by_results(page: Json, answer: Answer, asked: dict[str, Any]) -> dict[str, Any] | None:
    """The next page's cursor; a next link is always there, its results="false" says that nothing follows.

    The cursor and not the link's address is used: that one may name another region's host or a proxy's scheme.
    """
    links = requests.utils.parse_header_links(answer.headers.get("Link", ""))
    onward = next((link for link in links if link.get("rel") == "next" and link.get("results") == "true"), None)
    return {**asked, "cursor": onward["cursor"]} if onward and onward.get("cursor") else None


def instant(text: str | None) -> datetime | None:
    """An ISO 8601 text as a UTC instant, None for none; Sentry's texts without a zone are UTC."""
    if not text:
        return None
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


def platform_of(run: Run[Any], raw: str | None) -> str | None:
    """ios, android, web or server by the first part of names such as javascript-react and apple-ios."""
    return run.word(PLATFORMS, raw.split("-")[0]) if raw else None


def crash_kind(issue: Json, platform: str | None) -> str:
    """anr, crash or error: on a phone an unhandled or fatal error ends the app, elsewhere it fails one request."""
    metadata = issue.get("metadata") or {}
    if str(metadata.get("type", "")).lower() in ANR:
        return "anr"
    is_end = issue.get("isUnhandled") or issue.get("level") == "fatal"
    return "crash" if is_end and platform in ("ios", "android") else "error"


def place_of(group: Json) -> tuple[str, str, str]:
    """Project, release and environment of a group of sessions; "" for none."""
    by = group["by"]
    return str(by["project"]), str(by.get("release") or ""), str(by.get("environment") or "")


def whole_number(value: Any) -> int | None:
    """A count that may come as text or as a float; None for none."""
    return None if value is None else int(value)


def short_version(release: str | None) -> str | None:
    """The version of a release named package@version, else the whole name; None for none."""
    return release.rpartition("@")[2] or release if release else None


def sha_of(release: Json) -> str | None:
    """The commit of a release: its last one's id, else a release that is named by a commit."""
    commit = (release.get("lastCommit") or {}).get("id")
    named = re.fullmatch(r"[0-9a-f]{40}", short_version(release.get("version")) or "")
    return commit or (named[0] if named else None)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
