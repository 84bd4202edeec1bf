"""What a sprint took on, what came and went, and what it finished, worked out of the history of its items.

committed: the points of what was in the sprint and open when it started. added and removed: all that changed the scope
afterwards, by items that came, left, or were estimated anew. total = committed + added - removed, the scope at the end.
completed: what was in the sprint and done at the end. An item that was done when it came in is no work of the sprint,
unless it is opened again in it. An item without an estimate weighs nothing and is counted as an item.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from aurora.contracts import Row

POINTS = ("committed_points", "added_points", "removed_points", "total_points", "completed_points")


@dataclass(frozen=True)
class Change:
    """One change of an item, its values as the rows of work_item_changes tell them."""

    at: datetime
    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class History:
    """An item as it stands now and how it came there, the oldest change first."""

    created_at: datetime
    state: str | None
    points: float | None
    sprint_ids: frozenset[str]
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Standing:
    """An item at one instant, as one sprint sees it."""

    is_inside: bool = False
    is_done: bool = False
    points: float | None = None


def sprint_points(sprint_id: str, start: datetime, end: datetime, items: Iterable[History]) -> Row:
    """The points and counts of a sprint that ran from `start` to `end`; points are null where nothing was estimated."""
    ledgers = [_ledger(item, sprint_id, start, end) for item in items]
    scope = [ledger for ledger in ledgers if ledger.is_scope]
    row: Row = {
        "committed_points": _sum(ledger.committed for ledger in scope),
        "added_points": _sum(ledger.added for ledger in scope),
        "removed_points": _sum(ledger.removed for ledger in scope),
        "total_points": _sum(ledger.committed + ledger.added - ledger.removed for ledger in scope),
        "completed_points": _sum(ledger.completed for ledger in scope),
    }
    if scope and not any(ledger.is_estimated for ledger in scope):
        row = dict.fromkeys(POINTS)
    return row | {
        "committed_items": sum(ledger.is_committed for ledger in scope),
        "completed_items": sum(ledger.is_completed for ledger in scope),
    }


def planned_points(sprint_id: str, items: Iterable[History]) -> float | None:
    """The points of what is in a sprint that has not started; null where nothing is estimated."""
    inside = [item for item in items if sprint_id in item.sprint_ids and item.state != "done"]
    if inside and all(item.points is None for item in inside):
        return None
    return _sum(item.points or 0.0 for item in inside)


@dataclass
class _Ledger:
    """What one item did to the scope of one sprint."""

    committed: float = 0.0
    added: float = 0.0
    removed: float = 0.0
    completed: float = 0.0
    is_committed: bool = False
    is_completed: bool = False
    is_scope: bool = False
    is_estimated: bool = False


def _ledger(item: History, sprint_id: str, start: datetime, end: datetime) -> _Ledger:
    """Walk the item from the sprint's start to its end and book each change of its weight."""
    ledger, was = _Ledger(), Standing()
    is_counted, weight = False, 0.0
    for at, now in _at_start_and_after(item, sprint_id, start, end):
        is_counted = _counts(was, now, is_counted)
        before, weight = weight, (now.points or 0.0) if is_counted else 0.0
        ledger.is_scope |= is_counted
        ledger.is_estimated |= is_counted and now.points is not None
        if at <= start:
            ledger.committed, ledger.is_committed = weight, is_counted
        else:
            ledger.added += max(weight - before, 0.0)
            ledger.removed += max(before - weight, 0.0)
        was = now
    ledger.is_completed = is_counted and was.is_done
    ledger.completed = weight if ledger.is_completed else 0.0
    return ledger


def _counts(was: Standing, now: Standing, is_counted: bool) -> bool:
    """Whether the item is the sprint's work: it came in open, or was opened again inside."""
    if not now.is_inside:
        return False
    if not was.is_inside:
        return not now.is_done
    return is_counted or not now.is_done


def _at_start_and_after(
    item: History, sprint_id: str, start: datetime, end: datetime
) -> Iterator[tuple[datetime, Standing]]:
    """How the item stood when the sprint started (if it existed), then after each change up to the end."""
    at_start: Standing | None = None
    for at, now in _standings(item, sprint_id):
        if at > end:
            break
        if at <= start:
            at_start = now
            continue
        if at_start is not None:
            yield start, at_start
            at_start = None
        yield at, now
    if at_start is not None:
        yield start, at_start


def _standings(item: History, sprint_id: str) -> Iterator[tuple[datetime, Standing]]:
    """How the item stood from its creation on; changes of one instant are one step."""
    now = Standing(
        is_inside=sprint_id in _sprints(_first(item, "sprint", ",".join(item.sprint_ids))),
        is_done=_first(item, "state", item.state) == "done",
        points=_points(_first(item, "points", None if item.points is None else str(item.points))),
    )
    yield min([item.created_at, *(change.at for change in item.changes)]), now
    for at, changes in groupby(item.changes, key=lambda change: change.at):
        for change in changes:
            now = _changed(now, change, sprint_id)
        yield at, now


def _first(item: History, field: str, current: str | None) -> str | None:
    """The value of a field at creation: what its first change replaced, or the current one if it never changed."""
    return next((change.before for change in item.changes if change.field == field), current)


def _changed(now: Standing, change: Change, sprint_id: str) -> Standing:
    if change.field == "sprint":
        return replace(now, is_inside=sprint_id in _sprints(change.after))
    if change.field == "state":
        return replace(now, is_done=change.after == "done")
    return replace(now, points=_points(change.after)) if change.field == "points" else now


def _sprints(value: str | None) -> set[str]:
    return {part.strip() for part in (value or "").split(",") if part.strip()}


def _points(value: str | None) -> float | None:
    return float(value) if value else None


def _sum(values: Iterable[float]) -> float:
    """The sum to the millionth, so that tenths add up to whole numbers."""
    return round(sum(values), 6) + 0.0
