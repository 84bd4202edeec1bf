"""Items of sprints and their histories, read back from what a source landed: removed items are only told there."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import polars as pl

from aurora.contracts.delivery import WorkItemChanges, WorkItems
from ingest.connector import Run
from ingest.vendors.sprint_points import Change, History


def histories(run: Run[Any], sprint_ids: Iterable[str]) -> dict[str, list[History]]:
    """For each of the sprints all items that are or ever were in it."""
    wanted = list(sprint_ids)
    items = run.landed(WorkItems).filter(pl.col("sprint_ids").is_not_null())
    changes = run.landed(WorkItemChanges).filter(pl.col("field").is_in(["sprint", "state", "points"]))
    members = _members(items, changes, wanted)
    of_members = pl.col("work_item_id").is_in(members["work_item_id"].unique().to_list())
    known = _histories(items.filter(of_members), changes.filter(of_members))
    found: dict[str, list[History]] = {sprint_id: [] for sprint_id in wanted}
    for sprint_id, item_id in members.iter_rows():
        if item_id in known:
            found[sprint_id].append(known[item_id])
    return found


def _members(items: pl.DataFrame, changes: pl.DataFrame, wanted: list[str]) -> pl.DataFrame:
    """(sprint_id, work_item_id): what is in a sprint, and what came or left."""
    now = items.select(pl.col("sprint_ids").alias("sprint_id"), "work_item_id").explode("sprint_id")
    told = pl.concat_list(pl.col("from_value", "to_value").fill_null("").str.split(",")).alias("sprint_id")
    moved = changes.filter(pl.col("field") == "sprint").select(told, "work_item_id").explode("sprint_id")
    return pl.concat([now, moved]).filter(pl.col("sprint_id").is_in(wanted)).unique(maintain_order=True)


def _histories(items: pl.DataFrame, changes: pl.DataFrame) -> dict[str, History]:
    of_item: dict[str, list[Change]] = defaultdict(list)
    columns = ("work_item_id", "changed_at", "field", "from_value", "to_value")
    for item_id, at, name, before, after in changes.sort("changed_at", "change_id").select(columns).iter_rows():
        of_item[item_id].append(Change(at, name, before, after))
    told = items.select("work_item_id", "created_at", "state", "points", "sprint_ids")
    return {
        item_id: History(created_at, state, points, frozenset(inside), tuple(of_item[item_id]))
        for item_id, created_at, state, points, inside in told.iter_rows()
    }
