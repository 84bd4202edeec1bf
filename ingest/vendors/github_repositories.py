"""Which repositories a GitHub source reads, which of them have news, and how far each has been read.

One GraphQL query tells of fifty repositories what is newest in each, so that only those with news are asked further.
The cursor holds, for each repository's number, a small state: `until` is the instant up to which it is complete.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from aurora.contracts import Row
from aurora.errors import SourceError
from ingest.connector import Checkpoint, Item, Json, Run
from ingest.vendors.github_api import Api, nodes
from ingest.vendors.github_queries import REPOSITORY, listed_query, owned_query

PAGE = 50
HELD, HELD_S = 200, 30.0  # rows, or seconds of work, that are worth a commit of their own
OVERLAP = timedelta(minutes=10)
TOLERATED = ("not_found", "permission", "bad_query", "schema_drift")
ENOUGH = 5  # so many failures without one success are the source's fault
State = dict[str, Any]


@dataclass(frozen=True)
class Repository:
    """A repository as the survey tells it; `told` holds what the stream asked about it besides."""

    number: int
    name: str
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def owner_and_name(self) -> dict[str, str]:
        """The variables of a query about it."""
        owner, _, name = self.name.partition("/")
        return {"owner": owner, "name": name}

    def newest(self, field_name: str = "updatedAt") -> datetime | None:
        """The instant of the newest thing that the stream reads, None if there is none."""
        found = nodes(self.told.get("newest"))
        return instant(found[0].get(field_name)) if found else None


Walk = Callable[[Repository, State], Iterator[Item]]
Due = Callable[[Repository, State], bool]


def surveyed(run: Run[Any], api: Api, newest: str) -> list[Repository]:
    """All repositories of the source, each with `newest` (fields of Repository). Raises SourceError if there are none.

    One that is disabled, blocked or gone is left out with a warning; one that fits `exclude` without.
    """
    found: dict[int, Repository] = {}
    for told in _told(run, api, newest):
        name = told["nameWithOwner"]
        if _is_excluded(run, name.lower()):
            continue
        if told.get("isDisabled"):
            run.warn(f"{name} is disabled at GitHub: it was passed over")
            continue
        found[told["databaseId"]] = Repository(told["databaseId"], name, told)
    return list(found.values())


def _is_excluded(run: Run[Any], name: str) -> bool:
    return any(fnmatchcase(text, one.lower()) for one in run.options.exclude for text in (name, name.partition("/")[2]))


def _told(run: Run[Any], api: Api, newest: str) -> Iterator[dict[str, Any]]:
    options, fields = run.options, REPOSITORY.replace("NEWEST", newest)
    if options.organization:
        query = owned_query() + fields
        place = "repositoryOwner.repositories"
        for page in api.connection("Survey", query, place, PAGE, owner=options.organization):
            if "nodes" not in page:
                raise SourceError(
                    f"{run.source_instance}: GitHub shows no account {options.organization}: check organization and "
                    "that the token may see it",
                    "not_found",
                )
            yield from nodes(page)
    for first in range(0, len(options.repositories), PAGE):
        part = options.repositories[first : first + PAGE]
        query, variables = listed_query(part)
        data = api.graphql("Survey", query + fields, **variables)
        yield from (one for name, one in data.items() if name != "rateLimit" and one)


class Ledger:
    """How far each repository has been read, and when that is worth a commit."""

    def __init__(self, run: Run[Any]) -> None:
        known = (run.cursor or {}).get("repositories")
        self.states: dict[str, State] = {}
        if isinstance(known, dict):
            self.states = {key: dict(state) for key, state in known.items() if isinstance(state, dict)}
        self.rows, self.at = 0, time.monotonic()

    def of(self, repository: Repository) -> State:
        """The state of a repository, {} for one that is new to the source."""
        return self.states.setdefault(str(repository.number), {})

    def keep(self, repositories: list[Repository]) -> None:
        """Forget repositories that the source does not have any more."""
        numbers = {str(one.number) for one in repositories}
        self.states = {key: state for key, state in self.states.items() if key in numbers}

    def checkpoint(self) -> Checkpoint:
        """All that stands in the states is complete."""
        self.rows, self.at = 0, time.monotonic()
        return Checkpoint({"repositories": {key: dict(state) for key, state in self.states.items() if state}})

    def passed(self, items: Iterator[Item]) -> Iterator[Item]:
        """A walk's items; its checkpoints only where enough came, or was done, since the last."""
        for item in items:
            if not isinstance(item, Checkpoint):
                self.rows += 1
                yield item
            elif self.rows >= HELD or time.monotonic() - self.at >= HELD_S:
                yield self.checkpoint()


def over_repositories(run: Run[Any], api: Api, newest: str, due: Due, walk: Walk) -> Iterator[Item]:
    """Walk the repositories that are due; one that cannot be read is said and does not stop the others.

    A walk changes its state only just before it yields a Checkpoint, whose cursor is put in here. What was read before
    a limit or the end of the time stays read.
    """
    ledger, failures, read = Ledger(run), [], 0
    repositories = surveyed(run, api, newest)
    ledger.keep(repositories)
    for one in repositories:
        state = ledger.of(one)
        if not due(one, state):
            continue
        try:
            yield from ledger.passed(walk(one, state))
            read += 1
        except SourceError as error:
            if error.error_class not in TOLERATED:
                yield ledger.checkpoint()
                raise
            state.pop("page", None)
            failures.append((one.name, error))
            if not read and len(failures) in (ENOUGH, len(repositories)):
                raise
    _say(run, failures)
    yield ledger.checkpoint()


def _say(run: Run[Any], failures: list[tuple[str, SourceError]]) -> None:
    for name, error in failures[:ENOUGH]:
        run.warn(f"{name} was passed over: {error}")
    if len(failures) > ENOUGH:
        run.warn(f"and {len(failures) - ENOUGH} more repositories")


def instant(text: Any) -> datetime | None:
    """An ISO 8601 text as a UTC instant, None for none."""
    if not isinstance(text, str) or not text:
        return None
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


def complete_until(run: Run[Any], state: State) -> datetime | None:
    """The instant up to which a repository is complete, None for one that was never read; never in the future."""
    try:
        at = instant(state.get("until"))
    except ValueError:
        return None
    return min(at, run.now) if at else None


def since(run: Run[Any], state: State) -> datetime:
    """From where to read a repository: a little before what is complete, else as far back as a first run reads."""
    until = complete_until(run, state)
    return until - OVERLAP if until else run.since


def settled(run: Run[Any], *instants: datetime | None) -> str:
    """The newest of the instants as `until`; never after the run began, for what came in the same second."""
    return min(max((at for at in instants if at), default=run.now), run.now).isoformat()


def repository_row(run: Run[Any], told: Json) -> Row:
    """A row of repositories out of the survey; head is the newest commit of the default branch."""
    branch = told.get("defaultBranchRef") or {}
    head = branch.get("target") or {}
    return {
        "repo_id": run.id(told["databaseId"]),
        "full_name": told["nameWithOwner"],
        "url": told.get("url") or None,
        "default_branch": branch.get("name") or None,
        "head_sha": head.get("oid") or None,
        "head_at": instant(head.get("committedDate")),
        "commit_count": (head.get("history") or {}).get("totalCount"),
        "language": (told.get("primaryLanguage") or {}).get("name"),
        "is_private": told.get("isPrivate"),
        "is_archived": told.get("isArchived"),
        "created_at": instant(told.get("createdAt")),
        "first_seen_at": instant(told.get("createdAt")) or run.now,
        "pushed_at": instant(told.get("pushedAt")),
    }
