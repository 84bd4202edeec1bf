"""How a query was run: its steps with rows and time, and what would make it faster, in plain words."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from aurora.errors import RefusedError
from aurora.explore.ask import ASKING, Handle, Limits, ask

# What people call the engine's steps; one that is not here keeps the engine's word.
OPERATORS = {
    "TABLE_SCAN": "Read", "FILTER": "Filter", "PROJECTION": "Calculate", "ORDER_BY": "Sort",
    "TOP_N": "Sort, keep first",
    "HASH_JOIN": "Join", "PIECEWISE_MERGE_JOIN": "Join by comparison", "IE_JOIN": "Join by comparison",
    "NESTED_LOOP_JOIN": "Join each with each", "BLOCKWISE_NL_JOIN": "Join each with each",
    "CROSS_PRODUCT": "Each with each", "ASOF_JOIN": "Join with the last before", "HASH_GROUP_BY": "Group",
    "PERFECT_HASH_GROUP_BY": "Group", "UNGROUPED_AGGREGATE": "Add up", "PARTITIONED_AGGREGATE": "Group",
    "WINDOW": "Window", "STREAMING_WINDOW": "Window", "UNION": "Union", "LIMIT": "Keep first",
    "STREAMING_LIMIT": "Keep first", "DUMMY_SCAN": "One row", "COLUMN_DATA_SCAN": "Values", "UNNEST": "Unnest",
    "CTE": "Named query", "CTE_SCAN": "Read a named query", "RECURSIVE_CTE": "Recursion",
    "RECURSIVE_CTE_SCAN": "Read the last round",
}  # fmt: skip
DOING = {
    "Read": "reading", "Sort": "sorting", "Sort, keep first": "sorting", "Group": "grouping", "Join": "joining",
    "Window": "window functions", "Filter": "filtering", "Calculate": "calculating columns", "Add up": "adding up",
}  # fmt: skip
PAIRING = {"Each with each", "Join each with each", "Join by comparison"}
SHELL = {"RESULT_COLLECTOR", "EXPLAIN_ANALYZE"}
DETAILS = ("Table", "Function", "Conditions", "Groups", "Order By", "Filters", "File Filters", "Expression")
MANY_FILES, MANY_PAIRS, MANY_ROWS, LONG_MS = 10, 10_000, 100_000, 100.0


@dataclass(frozen=True)
class Step:
    """One operator: what it did, the rows that it gave, its own time (ms over all threads) and its share of all."""

    operator: str
    detail: str
    rows: int
    time_ms: float
    share_ratio: float | None
    table: str | None = None
    files: tuple[int, int] | None = None  # read, of
    part: str | None = None  # the column by which the table's files are divided
    has_file_filter: bool = False
    children: tuple["Step", ...] = ()

    def walk(self, depth: int = 0) -> Iterator[tuple[int, "Step"]]:
        """This step and those below it, each with its depth."""
        yield depth, self
        for child in self.children:
            yield from child.walk(depth + 1)


@dataclass(frozen=True)
class Plan:
    """The steps of a query, what it took (ms by the clock, bytes read), and what would help."""

    steps: tuple[Step, ...]
    total_ms: float
    planning_ms: float
    bytes_read: int
    hints: tuple[str, ...] = field(default=())

    def frame(self) -> pl.DataFrame:
        """The steps as rows, from the result down to the tables."""
        walked = [one for step in self.steps for one in step.walk()]
        kinds = {"depth": pl.Int64, "operator": pl.String, "detail": pl.String, "rows": pl.Int64,
                 "time_ms": pl.Float64, "share_ratio": pl.Float64}  # fmt: skip
        told = [(depth, one.operator, one.detail, one.rows, one.time_ms, one.share_ratio) for depth, one in walked]
        return pl.DataFrame(told, schema=kinds, orient="row")


def profile(
    published: Path,
    sql: str,
    params: Mapping[str, object] = {},
    *,
    actor: str = "local",
    limits: Limits = ASKING,
    handle: Handle | None = None,
) -> Plan:
    """Run the query and tell how that went; raises what `ask` raises."""
    answer = ask(published, f"EXPLAIN (ANALYZE, FORMAT json) {sql}", params, actor=actor, limits=limits, handle=handle)
    if "explain_value" not in answer.frame.columns:
        raise RefusedError("This statement has no steps to tell of: profile a query.")
    return read_plan(answer.frame["explain_value"][0])


def read_plan(text: str) -> Plan:
    """The plan in what the engine's EXPLAIN (ANALYZE, FORMAT json) tells."""
    told = json.loads(text)
    roots = [one for root in told["operator"] for one in _below_shell(root)]
    total_s = sum(one.get("timing", 0.0) for root in roots for one in _nodes(root))
    steps = tuple(_step(root, total_s) for root in roots)
    whole = Plan(
        steps,
        1000 * told["query"]["total_time"],
        1000 * (told.get("planner", {}).get("total_time", 0) + told.get("optimizer", {}).get("total_time", 0)),
        told.get("io", {}).get("total_bytes_read", 0),
    )
    return Plan(whole.steps, whole.total_ms, whole.planning_ms, whole.bytes_read, hints(whole))


def hints(plan: Plan) -> tuple[str, ...]:
    """What would make the query faster, or make it right; none where nothing stands out."""
    steps = [one for step in plan.steps for _, one in step.walk()]
    told = [sentence for step in steps for hint in HINTS if (sentence := hint(step))]
    if slow := _slowest(steps, plan.total_ms):
        told.append(slow)
    return tuple(dict.fromkeys(told))


def _reads_all_files(step: Step) -> str | None:
    if not step.files or step.has_file_filter or step.files[0] < MANY_FILES or step.files[0] < step.files[1]:
        return None
    read, of = step.files
    where = f"a filter on {step.part} reads fewer" if step.part else "its files cannot be told apart by a filter"
    return f"Reads {read:,} of {of:,} files of {step.table or 'a table'}: {where}."


def _pairs_all(step: Step) -> str | None:
    if step.operator not in PAIRING or len(step.children) != 2:
        return None
    left, right = (child.rows for child in step.children)
    if left * right < MANY_PAIRS:
        return None
    if step.operator == "Each with each":
        return f"Cross product: {left:,} x {right:,} rows make {step.rows:,}. Is a join condition missing?"
    return f"Compares each of {left:,} rows with each of {right:,}: a join by = is faster."


def _multiplies(step: Step) -> str | None:
    most = max((child.rows for child in step.children), default=0)
    if step.operator != "Join" or step.rows < MANY_PAIRS or step.rows < 10 * most:
        return None
    sides = " and ".join(f"{child.rows:,}" for child in step.children)
    return f"The join makes {step.rows:,} rows of {sides}: is its condition complete?"


def _filters_late(step: Step) -> str | None:
    before = sum(child.rows for child in step.children)
    if step.operator != "Filter" or before < MANY_ROWS or step.rows > before / 100:
        return None
    return f"A filter keeps {step.rows:,} of {before:,} rows after they were read: compare a plain column if you can."


HINTS: tuple[Callable[[Step], str | None], ...] = (_reads_all_files, _pairs_all, _multiplies, _filters_late)


def _slowest(steps: list[Step], total_ms: float) -> str | None:
    slowest = max(steps, key=lambda step: step.time_ms, default=None)
    if slowest is None or slowest.share_ratio is None or slowest.share_ratio < 0.5 or total_ms < LONG_MS:
        return None
    rows = max([slowest.rows, *(child.rows for child in slowest.children)])
    doing = DOING.get(slowest.operator, f"the step {slowest.operator}")
    where = f" {slowest.table}" if slowest.operator == "Read" and slowest.table else ""
    return f"Most of the time ({slowest.share_ratio:.0%}) goes into {doing}{where}, {rows:,} rows."


def _below_shell(node: dict[str, Any]) -> list[dict[str, Any]]:
    """The query's own steps: those around them only collect what EXPLAIN tells."""
    if node.get("type") in SHELL:
        return [one for child in node.get("children", ()) for one in _below_shell(child)]
    return [node]


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("children", ()):
        yield from _nodes(child)


def _step(node: dict[str, Any], total_s: float) -> Step:
    more, seconds = node.get("extra_info", {}), node.get("timing", 0.0)
    place = re.search(r"lake:([^/,\s]+)/(?:([^/=,\s]+)=)?", more.get("Filename(s)", ""))
    return Step(
        OPERATORS.get(node["type"], node["type"].replace("_", " ").capitalize()),
        _detail(more, place[1] if place else None),
        node.get("intermediate_rows", 0),
        1000 * seconds,
        seconds / total_s if total_s else None,
        place[1] if place else more.get("Table"),
        _files(more),
        place[2] if place else None,
        "File Filters" in more,
        tuple(_step(child, total_s) for child in node.get("children", ())),
    )


def _detail(more: dict[str, Any], table: str | None) -> str:
    told = [table] if table else []
    for name in DETAILS:
        value = more.get(name)
        words = ", ".join(value) if isinstance(value, list) else str(value or "")
        if words and not words.startswith("#") and not (table and name == "Function"):
            told.append(words)
    return " · ".join(told)


def _files(more: dict[str, Any]) -> tuple[int, int] | None:
    scanned = re.fullmatch(r"(\d+)/(\d+)", more.get("Scanning Files", ""))
    if scanned:
        return int(scanned[1]), int(scanned[2])
    read = more.get("Total Files Read")
    return (int(read), int(read)) if read else None
