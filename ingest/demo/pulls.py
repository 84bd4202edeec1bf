"""What a pull request is, the commits and reviews it is made of, and the release that carries it.

Commits are rebased when merged: they keep the time at which they were written.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from ingest.demo.catalog import BOT, App
from ingest.demo.crews import crew
from ingest.demo.reviews import Review, reviews_of
from ingest.demo.world import SECOND, Slice, World, floor

BROKEN = 0.09
SUBJECTS = (
    "Speed up the list of units",
    "Show handover date on the unit page",
    "Retry bookings that time out",
    "Add Arabic texts for visitor passes",
    "Fix rounding of instalments",
    "Move settings into the environment",
    "Cache permissions for a minute",
    "Make the calendar readable on small screens",
    "Update the database driver",
)


@dataclass(frozen=True)
class Commit:
    """A commit as it stands on its branch, written at `authored_at` and on it since `at`; `pull` brought it."""

    sha: str
    parent: str | None
    author: str
    authored_at: datetime
    at: datetime
    subject: str
    added_lines: int
    deleted_lines: int
    pull: int | None = None
    is_revert: bool = False


@dataclass(frozen=True)
class Pull:
    """A pull request; a build ran after each of its pushes, and `is_mended` says that the last push mended one."""

    app: App
    number: int
    kind: str
    author: str
    title: str
    commits: tuple[Commit, ...]
    created_at: datetime
    pushes: tuple[datetime, ...]
    reviews: tuple[Review, ...]
    merged_at: datetime | None = None
    closed_at: datetime | None = None
    labels: tuple[str, ...] = ()
    is_mended: bool = False


@dataclass(frozen=True)
class Undone:
    """What the release before had to put right, and when that was over."""

    at: datetime
    subject: str
    by_rollback: bool


@dataclass(frozen=True)
class Release:
    """What is being put together: merged in `window`, its last change told by a story or not."""

    app: App
    version: str
    window: Slice
    subject: str | None
    undone: Undone | None


def to_second(at: datetime) -> datetime:
    """The instant without its fraction of a second."""
    return floor(at, SECOND)


def new_commit(
    world: World,
    about: tuple[object, ...],
    index: int,
    author: str,
    authored: datetime,
    at: datetime,
    subject: str | None,
) -> Commit:
    """A commit with figures that depend on `about` and its place; its parent is not known yet."""
    of = (*about, index)
    return Commit(
        sha=world.sha("commit", *of),
        parent=None,
        author=author,
        authored_at=authored,
        at=at,
        subject=subject or ("Update dependencies" if author == BOT else world.pick(SUBJECTS, *of, "subject")),
        added_lines=1 + int(world.dice(*of, "added") ** 3 * 400),
        deleted_lines=int(world.dice(*of, "deleted") ** 3 * 220),
    )


def reviewed(world: World, about: tuple[object, ...], pull: Pull, looked_at: datetime) -> Pull:
    """The request with its reviews and pushes; wishes of a review are met by its last commit."""
    end = pull.merged_at or pull.closed_at or looked_at
    reviews = reviews_of(world, about, pull.kind, pull.author, crew(world, pull.app.product), looked_at, end)
    commits = pull.commits
    if len(commits) > 1 and any(review.state == "changes_requested" for review in reviews) and pull.merged_at:
        met = floor(looked_at + (end - looked_at) * 0.5, SECOND)
        commits = (*commits[:-1], replace(commits[-1], authored_at=met))
    pushes = [pull.created_at, *(commit.authored_at for commit in commits if commit.authored_at > pull.created_at)]
    is_mended = pull.kind == "change" and len(pushes) == 1 and world.dice(*about, "broken") < BROKEN
    if is_mended:
        pushes.append(floor(pull.created_at + (looked_at - pull.created_at) * 0.6, SECOND))
    return replace(pull, reviews=reviews, commits=commits, pushes=tuple(pushes), is_mended=is_mended)
