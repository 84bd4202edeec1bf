"""Things that people name and keep in versions, whoever declared them first: questions, dashboards, rules."""

import re
from datetime import UTC, datetime

import polars as pl

from aurora.contracts import Row, VersionedTable
from aurora.errors import LostRaceError, QueryError
from warehouse.lake import Lake
from warehouse.record import write_version

PEOPLE = "people"
NAMED_ALIKE = 1000


def versions(lake: Lake, table: type[VersionedTable], thing: str) -> list[Row]:
    """All versions of a thing, in the order in which they were said; instants with their zone."""
    found = lake.scan(table).filter(pl.col(id_of(table)) == thing).collect()
    own = found.sort("changed_at", "source_instance", "version").to_dicts()
    return [row | {"changed_at": row["changed_at"].replace(tzinfo=UTC)} for row in own]


def write(lake: Lake, table: type[VersionedTable], row: Row, seen: int | None) -> None:
    """Write the next version of people; `seen` is the last one that the visitor saw, None takes the newest.

    Raises LostRaceError if somebody changed it since.
    """
    if seen is None:
        own = versions(lake, table, row[id_of(table)])
        seen = max((one["version"] for one in own if one["source"] == PEOPLE), default=0)
    write_version(lake, table, row | {"changed_at": datetime.now(UTC)}, seen)


def write_new(lake: Lake, table: type[VersionedTable], title: str, row: Row) -> str:
    """Write the first version of a thing under an id made of its title, and say which. Raises QueryError."""
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60] or id_of(table).removesuffix("_id")
    taken = set(lake.read(table)[id_of(table)])
    for name in (slug, *(f"{slug}-{number}" for number in range(2, NAMED_ALIKE))):
        if name in taken:
            continue
        try:
            write(lake, table, row | {id_of(table): name}, 0)
        except LostRaceError:
            continue  # somebody saved one of this title at the same instant
        return name
    raise QueryError(f"there are {NAMED_ALIKE:,} titled {title!r}: choose another title")


def id_of(table: type[VersionedTable]) -> str:
    """The column that names the thing."""
    return table.spec.key[0]
