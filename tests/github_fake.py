"""GitHub in a few lines: answers each GraphQL operation and each REST path by a function, and remembers what was asked.

`survey` makes the answer to the question for repositories; a function gives `data`, or a whole response (with status).
"""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import BaseAdapter

from ingest.connector import Cursor, Run
from ingest.connectors.github import connector
from ingest.http import Http
from tests.replay import Recording, UnknownRequestError, cursor_of, response, run_of

NOW = datetime(2026, 3, 4, 12, 10, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
GONE = {"status": 404, "body": {"message": "Not Found"}}
DOWN = {"status": 500, "body": "oops"}
OPTIONS = {"organization": "acme", "token": "env:HOME"}
Answer = Callable[[dict[str, Any]], Any]
Json = Any


class GitHub(BaseAdapter):
    """Answers by operation name or path; `asked` are (name, variables or params, headers) in order."""

    def __init__(self, answers: dict[str, Answer]) -> None:
        super().__init__()
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any], Any]] = []

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        if parts.path.endswith("/graphql"):
            told = json.loads(request.body or "{}")
            name, asked = told["operationName"], told["variables"]
        else:
            name, asked = parts.path, dict(parse_qsl(parts.query))
        self.asked.append((name, asked, request.headers))
        if name not in self.answers:
            raise UnknownRequestError(f"nobody answers {request.method} {name} {asked}")
        found = self.answers[name](asked)
        whole = isinstance(found, dict) and "status" in found and "body" in found
        is_graphql = parts.path.endswith("/graphql")
        return response(found if whole else {"body": {"data": found} if is_graphql else found}, request)

    def close(self) -> None:
        """Nothing is open."""

    def names(self) -> list[str]:
        """What was asked, in order."""
        return [name for name, _, _ in self.asked]


def connection(items: list[Json], end: str | None = None) -> Json:
    """A page of a GraphQL connection; with `end` there are more."""
    return {"pageInfo": {"hasNextPage": end is not None, "endCursor": end}, "nodes": items}


def z(at: datetime) -> str:
    """An instant as GitHub writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def walked(stream: str, github: BaseAdapter, cursor: Cursor | None = None) -> tuple[list[Any], Any]:
    """What a run yields, and its last cursor."""
    items = list(connector.streams[stream].fetch(run_at(stream, github, cursor)))
    return items, cursor_of(items)


def until_it_ends(run: Run[Any]) -> tuple[list[Any], Exception | None]:
    """What a run yields, and what ended it early."""
    items: list[Any] = []
    try:
        for item in connector.streams[run.stream].fetch(run):
            items.append(item)  # noqa: PERF402
    except Exception as error:
        return items, error
    return items, None


def survey(*repositories: Json) -> Answer:
    """The answer that these are all repositories."""
    return lambda _: {"repositoryOwner": {"repositories": connection(list(repositories))}}


def repository(number: int, name: str, newest: str | None = None, **told: Json) -> Json:
    """A repository as the survey tells it."""
    items = [{"updatedAt": newest, "createdAt": newest}] if newest else []
    named = {"databaseId": number, "nameWithOwner": f"acme/{name}", "isArchived": False, "isDisabled": False}
    return {**named, "hasIssuesEnabled": True, "newest": {"nodes": items}, **told}


def run_at(
    stream: str,
    github: BaseAdapter,
    cursor: Cursor | None = None,
    options: dict[str, Any] | None = None,
    slept: list[float] | None = None,
) -> Run[Any]:
    """A run of a stream against this GitHub; with `slept`, what it would have slept."""
    run = run_of(connector, stream, Recording(options or OPTIONS, NOW, [], cursor), github)
    if slept is not None:
        run.__dict__["http"] = Http(
            "test", connector.connect(run.options), run.remaining_s, adapter=github, sleep=slept.append
        )
        run.deadline = time.monotonic() + 300
    return run
