"""Who looked at a pull request, when, and with which verdict."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from ingest.demo.crews import Crew
from ingest.demo.world import SECOND, World, floor

WISHES, REMARKS, SECOND_LOOK, LOOKS_AT_BOT = 0.2, 0.35, 0.25, 0.4


@dataclass(frozen=True)
class Review:
    """A submitted review and how many remarks it made."""

    reviewer: str
    state: str
    at: datetime
    comments: int


def reviews_of(
    world: World, about: tuple[object, ...], kind: str, author: str, crew: Crew, first: datetime, end: datetime
) -> tuple[Review, ...]:
    """The reviews of a request between its first look and its end, oldest first; merged ones end with an approval."""
    readers = [name for name in (*crew.developers, crew.tester) if name != author]
    return tuple(_reviews(world, about, kind, readers, first, end))


def _reviews(
    world: World, about: tuple[object, ...], kind: str, readers: list[str], first: datetime, end: datetime
) -> Iterator[Review]:
    reader = world.pick(readers, *about, "reader")
    dice = world.dice(*about, "verdict")
    if kind == "bot":
        if dice < LOOKS_AT_BOT:
            yield Review(reader, "approved", first, 0)
    elif kind in ("revert", "hotfix"):
        yield Review(reader, "approved", first, 0)
    elif kind in ("stale", "draft"):
        if dice < 0.5:
            yield Review(reader, "commented", first, 1)
    elif kind == "closed":
        yield Review(reader, "changes_requested", first, 3)
    else:
        yield from _to_approval(world, about, readers, reader, dice, first, end)


def _to_approval(
    world: World,
    about: tuple[object, ...],
    readers: list[str],
    reader: str,
    dice: float,
    first: datetime,
    end: datetime,
) -> Iterator[Review]:
    """An ordinary request: approved at once, or after wishes or remarks; sometimes by a second reader too."""
    comments = int(world.dice(*about, "comments") ** 2 * 6)
    approved = first
    if dice < REMARKS:
        yield Review(reader, "changes_requested" if dice < WISHES else "commented", first, comments + 1)
        comments, approved = 0, floor(first + (end - first) * 0.8, SECOND)
    yield Review(reader, "approved", approved, comments)
    if world.dice(*about, "second") < SECOND_LOOK:
        other = world.pick([name for name in readers if name != reader], *about, "second reader")
        yield Review(other, "approved", floor(approved + (end - approved) * 0.5, SECOND), 0)
