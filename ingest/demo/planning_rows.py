"""Rows of planning: work items and their changes, and sprints whose points are what items and changes add up to."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from aurora.contracts import Row, Table
from aurora.contracts.delivery import Sprints, WorkItemChanges, WorkItems
from ingest.demo.catalog import slug
from ingest.demo.items import AHEAD, Item, Stay, items
from ingest.demo.names import project_id
from ingest.demo.sprints import FIRST, SIZES, Sprint, goal, index_at, sprint
from ingest.demo.world import Slice, World

RAW = {"todo": "To Do", "in_progress": "In Progress", "done": "Done"}
PRIORITIES = {"critical": "Highest", "high": "High", "medium": "Medium", "low": "Low"}
Change = tuple[datetime, str, str | None, str | None]


def planning_rows(world: World, span: Slice) -> Iterator[tuple[type[Table], Row]]:
    """Items that are new or changed in the slice, what changed, and the sprints that it touched; the past at first."""
    span = world.whole(span)
    members: dict[Sprint, list[Item]] = defaultdict(list)
    touched: set[Sprint] = set()
    for item in items(world, span.until):
        changes = changes_of(world, item)
        own = {stay.sprint for stay in item.stays}
        for one in own:
            members[one].append(item)
        if not any(span.has(at) for at in (item.created_at, *(change[0] for change in changes))):
            continue
        touched |= own
        yield WorkItems, item_row(world, item, changes, span.until)
        yield from ((WorkItemChanges, change_row(world, item, change)) for change in changes if span.has(change[0]))
    for one in _sprints(world, span.until):
        if one in touched or any(span.has(at) for at in (one.planned_at, one.starts_at, one.completed_at)):
            yield Sprints, sprint_row(world, one, members[one], span.until)


def _sprints(world: World, until: datetime) -> Iterator[Sprint]:
    """The sprints that were planned before `until`."""
    for product in SIZES:
        for index in range(FIRST, index_at(world, max(until, world.anchor)) + AHEAD):
            one = sprint(world, product, index)
            if one.planned_at < until:
                yield one


def sprint_id(world: World, one: Sprint) -> str:
    """Id of a sprint."""
    return world.id(f"sprint/{slug(one.product)}/{one.number}")


def changes_of(world: World, item: Item) -> list[Change]:
    """All that ever changes about an item, oldest first: when, which field, before and after."""
    found: list[Change] = []
    if item.estimated_at:
        found.append((item.estimated_at, "points", None, str(item.points)))
    if item.started_at:
        found.append((item.started_at, "assignee", None, slug(item.assignee or "")))
        found.append((item.started_at, "state", "todo", "in_progress"))
    if item.done_at:
        found.append((item.done_at, "state", "in_progress", "done"))
    return sorted([*found, *_moves(world, item.stays)], key=lambda change: change[0])


def _moves(world: World, stays: tuple[Stay, ...]) -> Iterator[Change]:
    """Into a sprint, out of it, and from a closed one on to the next, which keeps both."""
    held: list[str] = []
    for stay in stays:
        before = ",".join(held) or None
        held.append(sprint_id(world, stay.sprint))
        yield stay.since, "sprint", before, ",".join(held)
        if stay.until and not stay.is_carried:
            yield stay.until, "sprint", held.pop(), None


def change_row(world: World, item: Item, change: Change) -> Row:
    """The row of a change."""
    at, field, before, after = change
    return {
        "change_id": world.id(f"{item.key}/{field}/{at:%Y%m%d%H%M%S}"),
        "work_item_id": world.id(item.key),
        "field": field,
        "from_value": before,
        "to_value": after,
        "changed_at": at,
    }


def item_row(world: World, item: Item, changes: list[Change], now: datetime) -> Row:
    """The row of an item as it stands at `now`."""
    known = {field: after for at, field, _, after in changes if at < now}
    state = known.get("state") or "todo"
    return {
        "work_item_id": world.id(item.key),
        "project_id": project_id(world, item.app.product),
        "repo_id": world.id(item.app.app_id),
        "key": item.key,
        "type": item.type,
        "type_raw": item.type.capitalize(),
        "title": item.title,
        "state": state,
        "state_raw": RAW[state],
        "severity": item.severity,
        "priority_raw": PRIORITIES.get(item.severity or "medium"),
        "labels": ["incident"] if item.type == "incident" else [],
        "points": float(item.points) if item.points and known.get("points") else None,
        "assignee_id": known.get("assignee"),
        "sprint_ids": (known.get("sprint") or "").split(",") if known.get("sprint") else [],
        "created_at": item.created_at,
        "updated_at": max([item.created_at, *(at for at, *_ in changes if at < now)]),
        "started_at": item.started_at if state != "todo" else None,
        "resolved_at": item.done_at if state == "done" else None,
        "url": f"https://boards.example.com/browse/{item.key}",
    }


def sprint_row(world: World, one: Sprint, members: Iterable[Item], now: datetime) -> Row:
    """The row of a sprint as it stands at `now`."""
    has_begun, is_over = one.starts_at < now, one.completed_at < now
    return {
        "sprint_id": sprint_id(world, one),
        "project_id": project_id(world, one.product),
        "board_id": world.id(f"board/{slug(one.product)}"),
        "board_name": f"{one.product} board",
        "name": f"{one.product} sprint {one.number}",
        "number": one.number,
        "goal": goal(world, one),
        "state": "closed" if is_over else "active" if has_begun else "future",
        "first_seen_at": max(one.planned_at, world.start),
        "starts_at": one.starts_at,
        "ends_at": one.ends_at,
        "completed_at": one.completed_at if is_over else None,
        "points_method": "changelog",
        **_points(one, members, min(now, one.completed_at)),
    }


def _points(one: Sprint, members: Iterable[Item], end: datetime) -> Row:
    """What was taken on, came, went and was done up to `end`; before the start only what is planned."""
    planned = committed = added = removed = completed = 0
    count = done = 0
    for item in members:
        points = item.points or 0
        stay = next(stay for stay in item.stays if stay.sprint == one)
        if stay.since >= end:
            continue
        is_there = stay.until is None or stay.until >= end
        planned += points if is_there else 0
        is_first = stay.since < one.starts_at
        committed, count = committed + points * is_first, count + is_first
        added += points * (not is_first)
        removed += points * (not is_there)
        is_done = is_there and item.done_at is not None and item.done_at < end
        completed, done = completed + points * is_done, done + is_done
    if end <= one.starts_at:
        return {"total_points": float(planned)}
    return {
        "committed_points": float(committed),
        "added_points": float(added),
        "removed_points": float(removed),
        "total_points": float(planned),
        "completed_points": float(completed),
        "committed_items": count,
        "completed_items": done,
    }
