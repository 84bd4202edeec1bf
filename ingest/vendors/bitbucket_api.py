"""How Bitbucket Cloud's API is asked: repositories of a workspace, `next` pages, lists by last change, error shapes."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

from aurora.errors import SourceError
from ingest.connector import Json, Run
from ingest.http import Answer
from ingest.vendors.forges import each, moment, or_none

PAGELEN = 100
PULL_REQUESTS = 50  # more is refused
STATES = ("OPEN", "MERGED", "DECLINED", "SUPERSEDED")


class Api:
    """The API as one run asks it."""

    def __init__(self, run: Run[Any]) -> None:
        self.run, self.workspace = run, quote(run.options.workspace, safe="")

    def repositories(self) -> Iterator[Json]:
        """The repositories that the options name, else all of the workspace that the token sees."""
        if not self.run.options.repositories:
            yield from self.items(f"repositories/{self.workspace}", {"sort": "full_name"})
            return
        yield from each(self.run, self.run.options.repositories, self._named)

    def _named(self, name: str) -> Iterator[Json]:
        yield self._told(f"repositories/{self.workspace}/{quote(name, safe='')}")

    def items(self, path: str, params: dict[str, Any] | None = None, pagelen: int = PAGELEN) -> Iterator[Json]:
        """Every item of a list, page by page. Raises SourceError."""
        for page in self.run.http.pages(path, {**(params or {}), "pagelen": pagelen}, following=by_next):
            yield from self._listed(path, page)

    def changed(self, place: str, since: datetime) -> Iterator[list[Json]]:
        """Pages of pull requests that changed since then, the oldest change first, each state of one once.

        A page begins at the last change seen: one that changes meanwhile moves to the end of the list, and by page
        numbers the one after it would be passed over.
        """

        def asked(at: str) -> dict[str, Any]:
            return {"state": STATES, "q": f"updated_on>={at}", "sort": "updated_on", "pagelen": PULL_REQUESTS}

        def following(page: Json, answer: Answer, before: dict[str, Any]) -> dict[str, Any] | str | None:
            onward = by_next(page, answer, before)
            found = page["values"] if onward else []
            if not found or moment(found[0]["updated_on"]) == moment(found[-1]["updated_on"]):
                return onward
            return asked(found[-1]["updated_on"])

        path, seen = f"{place}/pullrequests", set[tuple[Any, Any]]()
        for page in self.run.http.pages(path, asked(since.isoformat()), following=following):
            fresh = [one for one in self._listed(path, page) if (one["id"], one["updated_on"]) not in seen]
            seen.update((one["id"], one["updated_on"]) for one in fresh)
            yield fresh

    def known(self, path: str, pagelen: int = PAGELEN) -> list[Json] | None:
        """A whole list; None where this account may not see it or it is not there."""
        return or_none(self.run, lambda: list(self.items(path, pagelen=pagelen)))

    def one(self, path: str) -> Json | None:
        """One thing; None where this account may not see it or it is not there."""
        return or_none(self.run, lambda: self._told(path))

    def _told(self, path: str) -> Json:
        found = self.run.http.get(path)
        if not isinstance(found, dict) or found.get("type") == "error":
            raise self._strange(path, found)
        return found

    def _listed(self, path: str, page: Json) -> list[Json]:
        found = page.get("values") if isinstance(page, dict) else None
        if not isinstance(found, list):
            raise self._strange(path, page)
        return found

    def _strange(self, path: str, told: Json) -> SourceError:
        error = told.get("error") if isinstance(told, dict) else told
        said = error.get("message") if isinstance(error, dict) else error
        return SourceError(
            f"{self.run.source_instance}: {path} is no answer of Bitbucket ({str(said)[:200]}): check url",
            "schema_drift",
        )


def by_next(page: Json, answer: Answer, asked: dict[str, Any]) -> str | None:
    """The next page's address as the answer tells it."""
    return (page.get("next") or None) if isinstance(page, dict) else None


def place_of(repository: Json) -> str:
    """Where a repository's lists are."""
    return f"repositories/{quote(repository['full_name'])}"


def bare(uuid: str) -> str:
    """A UUID without the braces in which Bitbucket writes it."""
    return uuid.strip("{}")
