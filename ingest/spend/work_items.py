"""Hours of work out of work items: who had what in progress when, at most a working day a person and day. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import polars as pl

from aurora.contracts import Row

DAY = timedelta(days=1)
# What has been in progress for a quarter is forgotten rather than worked on.
MOST_DAYS = 92
PROGRESS = "in_progress"


@dataclass(frozen=True)
class Spell:
    """The time in which a person had an item in progress: start <= instant < end, UTC."""

    person: str
    project: str | None
    item: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Worked:
    """Hours of a person for a project on a day."""

    person: str
    project: str | None
    day: date
    hours: float


def worked_hours(items: pl.DataFrame, changes: pl.DataFrame, until: date, hours_a_day: float) -> list[Worked]:
    """Hours on each weekday (UTC) before `until`. An item counts for the hours that it was in progress that day.

    It counts for a working day at most; where a person's items add up to more than that, all are cut by the same share.
    """
    end = datetime(until.year, until.month, until.day, tzinfo=UTC)
    by_day: dict[tuple[str, date], dict[tuple[str, str | None], float]] = defaultdict(lambda: defaultdict(float))
    for spell in spells(items, changes, end):
        for day, hours in _days(spell):
            by_day[spell.person, day][spell.item, spell.project] += hours
    return [one for (person, day), held in sorted(by_day.items()) for one in _shared(person, day, held, hours_a_day)]


def _shared(person: str, day: date, held: dict[tuple[str, str | None], float], most: float) -> Iterator[Worked]:
    capped = {key: min(hours, most) for key, hours in held.items()}
    share = min(1.0, most / sum(capped.values()))
    projects: dict[str | None, float] = defaultdict(float)
    for (_, project), hours in capped.items():
        projects[project] += hours * share
    yield from (Worked(person, project, day, hours) for project, hours in projects.items())


def _days(spell: Spell) -> Iterator[tuple[date, float]]:
    """Each weekday of the spell with its hours of that day."""
    midnight = spell.start.replace(hour=0, minute=0, second=0, microsecond=0)
    last = min(spell.end, spell.start + MOST_DAYS * DAY)
    while midnight < last:
        span = min(last, midnight + DAY) - max(spell.start, midnight)
        if midnight.weekday() < 5 and span > timedelta(0):
            yield midnight.date(), span / timedelta(hours=1)
        midnight += DAY


def spells(items: pl.DataFrame, changes: pl.DataFrame, until: datetime) -> Iterator[Spell]:
    """All spells before `until`, from work_items and work_item_changes with aware instants."""
    history = _history(changes)
    for item in items.iter_rows(named=True):
        of = history.get(item["work_item_id"], {})
        holders = _holders(item, of.get("assignee", []), until)
        for start, end in _in_progress(item, of.get("state", []), until):
            for since, before, person in holders:
                first, last = max(start, since), min(end, before, until)
                if person and first < last:
                    project = item["project_id"] or item["repo_id"]
                    yield Spell(person, project, item["work_item_id"], first, last)


Change = tuple[datetime, str | None, str | None]


def _history(changes: pl.DataFrame) -> dict[str, dict[str, list[Change]]]:
    found: dict[str, dict[str, list[Change]]] = defaultdict(lambda: defaultdict(list))
    asked = changes.filter(pl.col("field").is_in(["state", "assignee"])).sort("changed_at", "change_id")
    columns = ("work_item_id", "field", "changed_at", "from_value", "to_value")
    for item, field, *change in asked.select(columns).iter_rows():
        found[item][field].append((change[0], change[1], change[2]))
    return found


def _in_progress(item: Row, changes: Iterable[Change], until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The times in which the item was in progress; without changes those that it tells of itself."""
    since: datetime | None = None
    known = list(changes)
    if not known:
        is_over = item["state"] not in (PROGRESS, "unknown")
        end = item["resolved_at"] or (None if is_over else until)
        if item["started_at"] and end:
            yield item["started_at"], end
        return
    if known[0][1] == PROGRESS:
        since = item["started_at"] or item["created_at"]
    for at, _, after in known:
        if since is not None and after != PROGRESS:
            yield since, at
            since = None
        elif since is None and after == PROGRESS:
            since = at
    if since is not None:
        yield since, until


def _holders(item: Row, changes: list[Change], until: datetime) -> list[tuple[datetime, datetime, str | None]]:
    """Who had the item from when until when; without changes its assignee all the while."""
    begin = datetime(1970, 1, 1, tzinfo=UTC)
    if not changes:
        return [(begin, until, item["assignee_id"])]
    marks = [begin, *(at for at, _, _ in changes), until]
    people = [changes[0][1], *(after for _, _, after in changes)]
    return list(zip(marks, marks[1:], people, strict=False))
