"""How Jira is asked, Cloud and Data Center: pages by offset and by token, whole changelogs, instants.

A search condition on `updated` is written as epoch milliseconds: a date in quotes would be read in the time zone of the
account's profile, to the minute. Cloud has its own search (nextPageToken, no total) and tells changelogs in bulk; Data
Center cuts a sorted list by offset, which moves while one reads it, and tells changelogs with the issues.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from aurora.errors import SourceError
from ingest.connector import Json, Run
from ingest.http import Answer

CLOUD_PAGE, CENTER_PAGE = 100, 50
OVERLAP = 5  # issues of the page before that are asked for again, to see whether the list has moved
BULK_PAGE = 1_000


class Api:
    """The API as one run asks it. Raises SourceError(auth) when Jira takes the caller for a stranger."""

    def __init__(self, run: Run[Any]) -> None:
        self.run = run
        told = self.get("rest/api/2/serverInfo")
        self.is_cloud = str(told.get("deploymentType")).lower() == "cloud"
        self.platform = "rest/api/3" if self.is_cloud else "rest/api/2"
        self.base = str(told.get("baseUrl") or run.http.site.url).rstrip("/")
        me = self.get(f"{self.platform}/myself")
        # A stranger gets 200 and empty lists from most addresses: a wrong token must not look like an empty site.
        if not (me.get("accountId") or me.get("name")):
            raise SourceError(f"{run.source_instance}: Jira does not know the account: check user and token", "auth")

    def get(self, path: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """The object of a GET. Raises SourceError."""
        found = self.run.http.get(path, params)
        if not isinstance(found, dict):
            raise self._drift(path)
        return found

    def rows(self, path: str, params: dict[str, Any] | None = None) -> list[Json]:
        """The list of a GET of the platform's API. Raises SourceError."""
        return self._listed(path, self.run.http.get(f"{self.platform}/{path}", params))

    def values(self, path: str, params: dict[str, Any] | None = None) -> Iterator[Json]:
        """Every item of a list that is cut by offset; Jira gives fewer at once than it is asked for."""

        def following(page: Json, answer: Answer, asked: dict[str, Any]) -> dict[str, Any] | None:
            found = page["values"]
            reached = int(page.get("startAt") or 0) + len(found)
            is_last = page.get("isLast") is True or not found or reached == page.get("total")
            return None if is_last else {**asked, "startAt": reached}

        for page in self.run.http.pages(path, {"maxResults": 50, **(params or {})}, following=following):
            yield from self._listed(path, page.get("values") if isinstance(page, dict) else None)

    def search(self, jql: str, fields: tuple[str, ...]) -> Iterator[list[Json]]:
        """The issues of a query that is sorted by `updated`, page by page."""
        asked = {"jql": jql, "fields": ",".join(fields)}
        return self._by_token(asked) if self.is_cloud else self._by_offset(asked)

    def _by_token(self, asked: dict[str, Any]) -> Iterator[list[Json]]:
        def following(page: Json, answer: Answer, asked: dict[str, Any]) -> dict[str, Any] | None:
            token = page.get("nextPageToken")
            return {**asked, "nextPageToken": token} if token and page.get("isLast") is not True else None

        path = f"{self.platform}/search/jql"
        for page in self.run.http.pages(path, {**asked, "maxResults": CLOUD_PAGE}, following=following):
            yield self._listed(path, page.get("issues") if isinstance(page, dict) else None)

    def _by_offset(self, asked: dict[str, Any]) -> Iterator[list[Json]]:
        """Pages that overlap: an issue that is changed meanwhile goes to the end, and those behind it move up.

        If a page does not begin with an issue that was seen, the list has moved by more than the overlap: step back.
        """
        path, start = f"{self.platform}/search", 0
        seen: set[tuple[str, str]] = set()
        while True:
            page = self.get(path, {**asked, "expand": "changelog", "maxResults": CENTER_PAGE, "startAt": start})
            found = self._listed(path, page.get("issues"))
            if start and (not found or _mark(found[0]) not in seen):
                start = max(0, start - CENTER_PAGE)
                continue
            yield [issue for issue in found if _mark(issue) not in seen]
            seen |= {_mark(issue) for issue in found}
            if not found or start + len(found) >= int(page.get("total") or 0):
                return
            start += max(1, len(found) - OVERLAP)

    def histories(self, issues: list[Json], field_ids: tuple[str, ...]) -> dict[str, list[Json]]:
        """The whole changelogs of issues by issue id; in Cloud those of the named fields alone."""
        if not self.is_cloud:
            return {str(issue["id"]): self._whole(issue) for issue in issues}
        found: dict[str, list[Json]] = {str(issue["id"]): [] for issue in issues}
        path, token = f"{self.platform}/changelog/bulkfetch", None
        body = {"issueIdsOrKeys": list(found), "fieldIds": list(field_ids), "maxResults": BULK_PAGE}
        while found:
            page = self.run.http.post(path, body=body | ({"nextPageToken": token} if token else {}))
            for log in self._listed(path, page.get("issueChangeLogs") if isinstance(page, dict) else None):
                found.setdefault(str(log["issueId"]), []).extend(log.get("changeHistories") or [])
            if not page.get("nextPageToken") or page["nextPageToken"] == token:
                break
            token = page["nextPageToken"]
        return found

    def _whole(self, issue: Json) -> list[Json]:
        """The changelog that came with an issue, or all of it where Jira cut it off."""
        log = issue.get("changelog") or {}
        if int(log.get("total") or 0) > len(log.get("histories") or []):
            path = f"{self.platform}/issue/{int(issue['id'])}"
            log = self.get(path, {"fields": "created", "expand": "changelog"}).get("changelog") or {}
        return list(log.get("histories") or [])

    def _listed(self, path: str, found: Json) -> list[Json]:
        if not isinstance(found, list):
            raise self._drift(path)
        return found

    def _drift(self, path: str) -> SourceError:
        return SourceError(
            f"{self.run.source_instance}: {path} is no answer of Jira: check that url points at the site itself",
            "schema_drift",
        )


def instant(value: Any) -> datetime | None:
    """Jira's texts (2026-03-02T13:00:00.000+0400) and epoch milliseconds as UTC instants; None for none."""
    if not value:
        return None
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value / 1000, UTC)
    at = datetime.fromisoformat(value)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


def millis(at: datetime) -> int:
    """An instant as epoch milliseconds, rounded down: a search must not miss what happened within one."""
    return int(at.timestamp() * 1000)


def _mark(issue: Json) -> tuple[str, str]:
    return str(issue["id"]), str(issue["fields"].get("updated"))
