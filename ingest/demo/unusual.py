"""Changes out of the ordinary: reverts, hotfixes, and requests that lead nowhere (closed, forgotten, or drafts)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from ingest.demo.catalog import App
from ingest.demo.crews import crew
from ingest.demo.pulls import Pull, Release, Undone, new_commit, reviewed, to_second
from ingest.demo.world import DAY, HOUR, MINUTE, World, awake

IDEAS = (
    "Try another chart library",
    "Rewrite the import of price lists",
    "Sketch of saved searches",
    "Upgrade the framework",
    "Keep drafts of contracts offline",
    "Replace the date picker",
)
# Up to which dice a release has a request beside it that leads nowhere, its kind, and its days from and to its end.
NOWHERE = ((0.13, "closed", 1, 6), (0.155, "stale", 50, 80), (0.23, "draft", 8, 25))


def revert(world: World, release: Release, undone: Undone) -> Pull:
    """After a rollback the change is taken out of the main branch as well."""
    title, about = f'Revert "{undone.subject}"', (release.app.app_id, release.version, "revert")
    wait = MINUTE * int(world.between(30, 60, *about))
    return urgent(world, release.app, about, undone.at + wait, wait / 2, title, "revert")


def urgent(
    world: World, app: App, about: tuple[object, ...], merged: datetime, took: timedelta, title: str, kind: str
) -> Pull:
    """One commit that is offered, looked at and merged within minutes: a revert or a hotfix, labelled so."""
    author = world.pick(crew(world, app.product).developers, *about, "author")
    merged, written = to_second(merged), to_second(merged - took)
    commit = replace(new_commit(world, about, 0, author, written, merged, title), is_revert=kind == "revert")
    created = to_second(written + took * 0.2)
    pull = Pull(
        app, 0, kind, author, title, (commit,), created, (), (), merged_at=merged, closed_at=merged, labels=(kind,)
    )  # fmt: skip
    return reviewed(world, about, pull, to_second(written + took * 0.6))


def leading_nowhere(world: World, release: Release) -> Iterator[Pull]:
    """Requests beside a release that are never merged."""
    app, about = release.app, (release.app.app_id, release.version, "nowhere")
    dice = world.dice(*about)
    found = next(((kind, low, high) for most, kind, low, high in NOWHERE if dice < most), None)
    if found is None:
        return
    kind, low, high = found
    span = release.window.until - release.window.since
    created = awake(release.window.since + span * world.dice(*about, "created"))
    closed = awake(created + DAY * world.between(low, high, *about, "closed"))
    author = world.pick(crew(world, app.product).developers, *about, "author")
    title = world.pick(IDEAS, *about, "title")
    commits = tuple(
        new_commit(world, about, index, author, created - (3 - index) * HOUR, created, title)
        for index in range(1 + int(world.dice(*about, "size") * 3))
    )
    pull = Pull(app, 0, kind, author, title, commits, created, (), (), closed_at=closed)
    yield reviewed(world, about, pull, to_second(created + (closed - created) * 0.2))
