"""Points of a sprint, each case worked out by hand: it runs from the 2nd, 09:00 to the 16th, 09:00 of March 2026."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from ingest.vendors.sprint_points import Change, History, planned_points, sprint_points

START, END = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 16, 9, tzinfo=UTC)
BEFORE = datetime(2026, 2, 20, 9, tzinfo=UTC)
POINTS = ("committed_points", "added_points", "removed_points", "total_points", "completed_points")
ITEMS = ("committed_items", "completed_items")


def on(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def item(
    points: float | None,
    state: str = "todo",
    sprints: str = "s7",
    changes: Sequence[tuple[datetime, str, str | None, str | None]] = (),
    created_at: datetime = BEFORE,
) -> History:
    """An item as it stands now, and what changed."""
    inside = frozenset(sprints.split(",")) if sprints else frozenset[str]()
    return History(created_at, state, points, inside, tuple(Change(*change) for change in changes))


def points_of(*items: History) -> tuple[Any, ...]:
    """committed, added, removed, total, completed."""
    row = sprint_points("s7", START, END, items)
    return tuple(row[name] for name in POINTS)


def counts_of(*items: History) -> tuple[Any, ...]:
    row = sprint_points("s7", START, END, items)
    return tuple(row[name] for name in ITEMS)


DONE = (on(5), "state", "in_progress", "done")
CAME = (on(4), "sprint", None, "s7")

CASES: dict[str, tuple[History, tuple[float, ...], tuple[int, int]]] = {
    "there at the start and finished": (item(3, "done", changes=[DONE]), (3, 0, 0, 3, 3), (1, 1)),
    "there at the start and not finished": (item(5), (5, 0, 0, 5, 0), (1, 0)),
    "added after the start and finished": (item(2, "done", changes=[CAME, DONE]), (0, 2, 0, 2, 2), (0, 1)),
    "created inside the sprint": (item(2, created_at=on(4)), (0, 2, 0, 2, 0), (0, 0)),
    "removed": (item(8, sprints="", changes=[(on(6), "sprint", "s7", None)]), (8, 0, 8, 0, 0), (1, 0)),
    "moved to the next sprint": (
        item(8, sprints="s8", changes=[(on(6), "sprint", "s7", "s8")]),
        (8, 0, 8, 0, 0),
        (1, 0),
    ),
    "carried over when the sprint closed": (
        item(8, sprints="s7,s8", changes=[(on(16, 9), "sprint", "s7", "s7,s8")]),
        (8, 0, 0, 8, 0),
        (1, 0),
    ),
    "added and removed again": (
        item(2, sprints="", changes=[CAME, (on(6), "sprint", "s7", None)]),
        (0, 2, 2, 0, 0),
        (0, 0),
    ),
    "removed and taken back": (
        item(3, changes=[(on(4), "sprint", "s7", None), (on(6), "sprint", None, "s7")]),
        (3, 3, 3, 3, 0),
        (1, 0),
    ),
    "points raised in the sprint": (
        item(5, "done", changes=[(on(4), "points", "3", "5"), DONE]),
        (3, 2, 0, 5, 5),
        (1, 1),
    ),
    "points lowered in the sprint": (item(1, changes=[(on(4), "points", "3", "1")]), (3, 0, 2, 1, 0), (1, 0)),
    "estimated in the sprint": (item(5, changes=[(on(4), "points", None, "5")]), (0, 5, 0, 5, 0), (1, 0)),
    "estimate taken away in the sprint": (item(None, changes=[(on(4), "points", "5", None)]), (5, 0, 5, 0, 0), (1, 0)),
    "points changed before the start": (
        item(5, changes=[(datetime(2026, 3, 1, tzinfo=UTC), "points", "3", "5")]),
        (5, 0, 0, 5, 0),
        (1, 0),
    ),
    "points changed after the end": (item(13, changes=[(on(20), "points", "5", "13")]), (5, 0, 0, 5, 0), (1, 0)),
    "done before it was added": (item(3, "done", changes=[(on(3), "state", "todo", "done"), CAME]), (0,) * 5, (0, 0)),
    "done before the sprint started": (
        item(3, "done", changes=[(datetime(2026, 3, 1, tzinfo=UTC), "state", "todo", "done")]),
        (0,) * 5,
        (0, 0),
    ),
    "done outside and opened again inside": (
        item(3, "todo", changes=[(on(3), "state", "todo", "done"), CAME, (on(7), "state", "done", "todo")]),
        (0, 3, 0, 3, 0),
        (0, 0),
    ),
    "finished, opened again and not finished": (
        item(3, "todo", changes=[DONE, (on(7), "state", "done", "todo")]),
        (3, 0, 0, 3, 0),
        (1, 0),
    ),
    "finished after the end": (
        item(3, "done", sprints="s7,s8", changes=[(on(18), "state", "in_progress", "done")]),
        (3, 0, 0, 3, 0),
        (1, 0),
    ),
    "finished, then removed": (
        item(3, "done", sprints="", changes=[DONE, (on(6), "sprint", "s7", None)]),
        (3, 0, 3, 0, 0),
        (1, 0),
    ),
    "added after the end": (item(3, changes=[(on(17), "sprint", None, "s7")]), (0,) * 5, (0, 0)),
    "created after the end": (item(3, created_at=on(17)), (0,) * 5, (0, 0)),
    "of another sprint": (item(3, sprints="s70"), (0,) * 5, (0, 0)),
    "added at the instant of the start": (item(3, changes=[(START, "sprint", None, "s7")]), (3, 0, 0, 3, 0), (1, 0)),
    "finished at the instant of the end": (
        item(3, "done", changes=[(END, "state", "todo", "done")]),
        (3, 0, 0, 3, 3),
        (1, 1),
    ),
    "all in one step": (
        item(3, changes=[(on(4), "points", None, "3"), (on(4), "sprint", None, "s7"), (on(4), "assignee", None, "a")]),
        (0, 3, 0, 3, 0),
        (0, 0),
    ),
    "with a history older than itself": (
        item(3, changes=[(datetime(2026, 1, 5, tzinfo=UTC), "points", None, "3")], created_at=on(9)),
        (3, 0, 0, 3, 0),
        (1, 0),
    ),
}


@pytest.mark.parametrize(("one", "points", "counts"), CASES.values(), ids=CASES)
def test_one_item(one: History, points: tuple[float, ...], counts: tuple[int, int]) -> None:
    # a second item, estimated and untouched, so that points are known: 100 committed and in scope
    always = item(100)
    committed, added, removed, total, completed = points
    assert points_of(one, always) == (committed + 100, added, removed, total + 100, completed)
    assert counts_of(one, always) == (counts[0] + 1, counts[1])


def test_a_whole_sprint() -> None:
    """13 committed (3 + 5 + 5); 3 + 2 - 5 added and removed: an item of 3 came, one grew by 2, one of 5 left."""
    items = (
        item(3, "done", changes=[DONE]),
        item(7, "in_progress", changes=[(on(4), "points", "5", "7")]),
        item(5, sprints="", changes=[(on(6), "sprint", "s7", "")]),
        item(3, "done", changes=[CAME, DONE]),
        item(8, "done", changes=[(on(3), "state", "todo", "done"), CAME]),
        item(None, "done", changes=[DONE]),
    )
    assert points_of(*items) == (13, 5, 5, 13, 6)
    assert counts_of(*items) == (4, 3)


def test_scope_is_what_was_committed_and_added_less_what_was_removed() -> None:
    row = sprint_points("s7", START, END, [one for one, _, _ in CASES.values()])
    assert row["total_points"] == row["committed_points"] + row["added_points"] - row["removed_points"]


def test_a_team_that_does_not_estimate_has_items_and_no_points() -> None:
    row = sprint_points("s7", START, END, [item(None, "done", changes=[DONE]), item(None)])
    assert [row[name] for name in POINTS] == [None] * 5
    assert [row[name] for name in ITEMS] == [2, 1]


def test_an_empty_sprint_has_zero_points() -> None:
    assert points_of() == (0, 0, 0, 0, 0)
    assert counts_of() == (0, 0)


def test_tenths_add_up() -> None:
    assert points_of(item(0.1), item(0.2)) == (0.3, 0, 0, 0.3, 0)


def test_what_is_planned() -> None:
    """Only what is in it, open, as it stands now; null where nobody estimated, 0 where nothing is planned."""
    inside = [item(3), item(None), item(8, "done"), item(5, sprints="s8")]
    assert planned_points("s7", inside) == 3
    assert planned_points("s7", [item(None)]) is None
    assert planned_points("s7", []) == 0
