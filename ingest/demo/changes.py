"""How a change comes to the main branch: its commits, its pull request, who looked at it, and when it was merged.

Most changes come by pull request, a few are pushed directly.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from ingest.demo.catalog import BOT, App
from ingest.demo.crews import crew
from ingest.demo.pulls import Commit, Pull, Release, new_commit, reviewed, to_second
from ingest.demo.unusual import revert
from ingest.demo.world import HOUR, MINUTE, World, awake

BY_BOT, DIRECT = 0.1, 0.12
# How many times slower than elsewhere reviews are.
SLOW = {"payment-system": 2.2, "analytics-hub": 1.7}


def changes(world: World, release: Release, merged_before: datetime | None) -> list[Pull | Commit]:
    """The changes of a release, oldest merge first; neither chained to parents nor numbered yet."""
    groups = list(_groups(world, release))
    is_awake = release.undone is None and _may_sleep(release, len(groups), merged_before)
    found: list[Pull | Commit] = []
    for place, (size, is_bot) in enumerate(groups):
        merged = _merged_at(release, place, len(groups))
        subject = release.subject if place == len(groups) - 1 else None
        found.append(_change(world, release, place, size, is_bot, merged, subject, is_awake))
    if release.undone and release.undone.by_rollback:
        found.append(revert(world, release, release.undone))
    return sorted(found, key=landed_at)


def landed_at(change: Pull | Commit) -> datetime:
    """When the change came to the main branch."""
    return (change.merged_at or change.created_at) if isinstance(change, Pull) else change.at


def _groups(world: World, release: Release) -> Iterator[tuple[int, bool]]:
    """One to twelve commits, cut into changes: how many commits each has, and whether the bot made it."""
    about = (release.app.app_id, release.version)
    left, place = 1 + int(world.dice(*about, "commits") ** 2 * 12), 0
    while left > 0:
        size = min(left, 1 + int(world.dice(*about, place, "size") ** 2 * 4))
        is_told = left == size and release.subject is not None
        is_bot = not is_told and world.dice(*about, place, "bot") < BY_BOT
        size = 1 if is_bot else size
        yield size, is_bot
        left, place = left - size, place + 1


def _merged_at(release: Release, place: int, number: int) -> datetime:
    span = release.window.until - release.window.since
    return release.window.until - 10 * MINUTE - (span - 20 * MINUTE) * ((number - 1 - place) / number) * 0.95


def _may_sleep(release: Release, number: int, merged_before: datetime | None) -> bool:
    """Whether merges can be moved out of the night and still stand before the deployment and after older merges."""
    first, last = (awake(_merged_at(release, place, number)) for place in (0, number - 1))
    return last < release.window.until and (merged_before is None or first > merged_before)


def _change(
    world: World,
    release: Release,
    place: int,
    size: int,
    is_bot: bool,
    merged: datetime,
    subject: str | None,
    is_awake: bool,
) -> Pull | Commit:
    """A change as people or the bot make it: written, offered, looked at, merged."""
    app, about = release.app, (release.app.app_id, release.version, place)
    author = BOT if is_bot else world.pick(crew(world, app.product).developers, *about, "author")
    pickup, review, coding = _spans(world, app, about, is_bot)
    if subject and release.undone and merged - review - pickup - coding < release.undone.at:
        # A remedy is not older than the fault.
        ratio = (merged - release.undone.at) / (review + pickup + coding) * 0.95
        pickup, review, coding = pickup * ratio, review * ratio, coding * ratio
    created = merged - review - pickup
    written = [created - coding * (1 - index / size) for index in range(size)]
    is_direct = size == 1 and not is_bot and subject is None and world.dice(*about, "direct") < DIRECT
    settle = awake if is_awake else to_second
    commits = [
        new_commit(world, about, index, author, settle(at), settle(merged), subject if index == size - 1 else None)
        for index, at in enumerate(written)
    ]
    if is_direct:
        return replace(commits[0], authored_at=settle(merged - 5 * MINUTE))
    base = Pull(
        app, 0, "bot" if is_bot else "change", author, commits[-1].subject, tuple(commits), settle(created), (), (),
        merged_at=settle(merged), closed_at=settle(merged), labels=("dependencies",) if is_bot else (),
    )  # fmt: skip
    return reviewed(world, about, base, settle(created + pickup))


def _spans(world: World, app: App, about: tuple[object, ...], is_bot: bool) -> tuple[timedelta, timedelta, timedelta]:
    """How long a change waited for its review, was under review, and took to write."""
    slow = SLOW.get(app.app_id, 1.0)
    pickup = HOUR * (1 + 20 * world.dice(*about, "pickup") ** 3 * slow)
    review = HOUR * (0.5 + 18 * world.dice(*about, "review") ** 3 * slow)
    coding = 2 * MINUTE if is_bot else HOUR * (0.5 + 28 * world.dice(*about, "coding") ** 2)
    return pickup, review, coding
