"""What code forges have in common: many repositories read one by one, instants and bots."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from aurora.errors import SourceError
from ingest.connector import Checkpoint, Run

T = TypeVar("T")
U = TypeVar("U")
ENOUGH = 100
LEFT_OUT = " (left out, and whatever else is refused like it)"
ONE_ONLY = ("permission", "not_found")  # what says something of one thing, and nothing of the source
_BOT = re.compile(r"\[bot\]|(?:^|[-_.])bots?(?:$|[-_.\d])|^(?:dependabot|renovate|greenkeeper|snyk)\b|^ghost$", re.I)


class Marks:
    """How far each repository has been read, and what was not over yet: the cursor of a stream that walks several."""

    def __init__(self, run: Run[Any], overlap: timedelta) -> None:
        self.run, self.overlap, self.held = run, overlap, 0
        self.read: dict[str, str] = dict((run.cursor or {}).get("read", {}))
        self.open: dict[str, list[str]] = dict((run.cursor or {}).get("open", {}))

    def since(self, native_id: object) -> datetime:
        """From where to read one; a repository that is new to the source is read as far back as the first run was."""
        return self.last(native_id) - self.overlap if str(native_id) in self.read else self.run.since

    def last(self, native_id: object) -> datetime:
        """Up to where one has been read."""
        stored = self.read.get(str(native_id))
        return min(datetime.fromisoformat(stored), self.run.now) if stored else self.run.since

    def reached(self, native_id: object, at: datetime, count: int = 0) -> Iterator[Checkpoint]:
        """All of one repository up to `at` has been yielded, `count` things of it just now; a checkpoint if it pays.

        Each is a commit: one for every repository that had nothing new would be hundreds an hour.
        """
        self.read[str(native_id)] = min(at, self.run.now).isoformat()
        self.held += count
        if self.held >= ENOUGH:
            yield self.checkpoint()

    def checkpoint(self) -> Checkpoint:
        """How far all of them have been read."""
        self.held = 0
        still = {name: list(ids) for name, ids in self.open.items() if ids}
        return Checkpoint({"read": dict(self.read)} | ({"open": still} if still else {}))


def each(run: Run[Any], things: Iterable[T], walk: Callable[[T], Iterator[U]]) -> Iterator[U]:
    """Walk one after the other; one that is refused or not there is told and stops no other.

    Raises SourceError when that holds for all of them.
    """
    failures: list[SourceError] = []
    count = 0
    for thing in things:
        count += 1
        try:
            yield from walk(thing)
        except SourceError as error:
            if error.error_class not in ONE_ONLY:
                raise
            failures.append(error)
    if failures and len(failures) == count:
        raise failures[0]
    if failures:
        others = f" (and {len(failures) - 1} more like it)" if len(failures) > 1 else ""
        run.warn(f"{failures[0]}{others}")


def or_none(run: Run[Any], ask: Callable[[], T]) -> T | None:
    """What was asked for; None where it is not there, and where this account may not see it, which is told once.

    Raises SourceError otherwise.
    """
    try:
        return ask()
    except SourceError as error:
        if error.error_class not in ONE_ONLY:
            raise
        if error.error_class == "permission" and not any(told.endswith(LEFT_OUT) for told in run.warnings):
            run.warn(f"{error}{LEFT_OUT}")
        return None


def moment(text: str) -> datetime:
    """An ISO 8601 text as a UTC instant; a text without a zone is UTC."""
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


def instant(text: str | None) -> datetime | None:
    """The same, None for none."""
    return moment(text) if text else None


def lasted_s(start: datetime | None, end: datetime | None) -> float | None:
    """Seconds between two instants, None if one is not known."""
    return max(0.0, (end - start).total_seconds()) if start and end else None


def is_bot(name: str | None) -> bool:
    """Whether an account's name is that of a machine."""
    return bool(_BOT.search(name or ""))
