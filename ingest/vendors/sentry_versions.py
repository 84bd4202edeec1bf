"""First and last version in which an issue was seen: lists of issues do not tell them, the events of 90 days do."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import Any

from aurora.contracts import Row
from aurora.contracts.operations import ErrorGroups
from aurora.errors import SourceError
from ingest.connector import Json, Run
from ingest.vendors.sentryapi import Api, instant, short_version
from ingest.vendors.slices import Slice

KEPT = timedelta(days=90)
# Events come with the clock of who sent them; what is later than that is not the issue's first event.
NEAR = timedelta(hours=1)
BATCH = 100
FIELDS = ("issue.id", "release", "min(timestamp)", "max(timestamp)")
Seen = tuple[str, datetime, datetime]


class Versions:
    """Versions of issues as one run asks for them."""

    def __init__(self, run: Run[Any], api: Api) -> None:
        self.run, self.api, self.is_refused = run, api, False

    def told(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows with their versions, a hundred issues by one question."""
        waiting = iter(rows)
        while batch := list(islice(waiting, BATCH)):
            seen = self._seen([row["error_group_id"].rpartition(":")[2] for row in batch])
            for row in batch:
                yield row | self._versions(row, seen.get(row["error_group_id"], []))

    def _seen(self, issues: list[str]) -> dict[str, list[Seen]]:
        """Versions with their first and last event by issue; a refusal leaves the issues as they are."""
        if self.is_refused:
            return {}
        asked: dict[str, Any] = {"dataset": "errors", "field": FIELDS, "per_page": 100, "sort": ("issue.id", "release")}
        asked["query"] = f"issue.id:[{','.join(issues)}]"
        asked |= self.api.span(Slice(self.run.now - KEPT, self.run.now))
        found: dict[str, list[Seen]] = {}
        try:
            for group in self.api.items("events/", asked):
                version, ends = short_version(group.get("release")), _ends(group)
                if version and ends:
                    found.setdefault(self.run.id(group["issue.id"]), []).append((version, *ends))
        except SourceError as error:
            if error.error_class not in ("bad_query", "not_found", "permission"):
                raise
            self.is_refused = True
            self.run.warn(f"first and last versions of issues stay unknown: {error}")
        return found

    def _versions(self, row: Row, seen: list[Seen]) -> Row:
        """The version of the first event is known while that event is kept, and later from what landed then."""
        before = self._landed.get(row["error_group_id"], {})
        began: datetime | None = row["first_seen_at"]
        first = min((one for one in seen if began and one[1] <= began + NEAR), key=lambda one: one[1], default=None)
        last = max(seen, key=lambda one: one[2], default=None)
        return {
            "first_version": before.get("first_version") or (first[0] if first else None),
            "last_version": last[0] if last else before.get("last_version"),
        }

    @cached_property
    def _landed(self) -> dict[str, Row]:
        rows = self.run.landed(ErrorGroups).select("error_group_id", "first_version", "last_version")
        return {row["error_group_id"]: row for row in rows.iter_rows(named=True)}


def _ends(group: Json) -> tuple[datetime, datetime] | None:
    first, last = instant(group.get("min(timestamp)")), instant(group.get("max(timestamp)"))
    return (first, last) if first and last else None
