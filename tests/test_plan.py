"""How a query was run: the tree that is read from what the engine tells, and a golden sentence for each hint."""

import json
from pathlib import Path
from typing import Any

import pytest

from aurora.errors import QueryError, RefusedError
from aurora.explore.plan import profile, read_plan


def node(kind: str, rows: int, *children: dict[str, Any], timing: float = 0.001, **more: Any) -> dict[str, Any]:
    return {"type": kind, "intermediate_rows": rows, "timing": timing, "extra_info": more, "children": list(children)}


def scan(
    rows: int, table: str, files: str, timing: float = 0.001, part: str = "part_day=2026-01-01/", **more: Any
) -> Any:
    names = {"Total Files Read": files, "Filename(s)": f"lake:{table}/{part}a.parquet, lake:{table}/{part}b.parquet"}
    return node("TABLE_SCAN", rows, timing=timing, Function="READ_PARQUET", **names, **more)


def told(root: dict[str, Any], total_s: float = 0.05) -> str:
    shell = node("RESULT_COLLECTOR", 0, node("EXPLAIN_ANALYZE", 0, root, timing=0.0), timing=0.0)
    return json.dumps({"operator": [shell], "query": {"total_time": total_s}, "io": {"total_bytes_read": 7}})


HINTS = [
    (scan(5, "t", "12"), 0.05, ["Reads 12 of 12 files of t: a filter on part_day reads fewer."]),
    (scan(5, "t", "12", part=""), 0.05,
     ["Reads 12 of 12 files of t: its files cannot be told apart by a filter."]),
    (scan(5, "t", "9"), 0.05, []),
    (scan(5, "t", "12", **{"File Filters": "x", "Scanning Files": "12/12"}), 0.05, []),
    (scan(5, "t", "12", **{"Scanning Files": "12/400"}), 0.05, []),
    (node("CROSS_PRODUCT", 1_200_000, node("DUMMY_SCAN", 1000), node("DUMMY_SCAN", 1200)), 0.05,
     ["Cross product: 1,000 x 1,200 rows make 1,200,000. Is a join condition missing?"]),
    (node("CROSS_PRODUCT", 9, node("DUMMY_SCAN", 3), node("DUMMY_SCAN", 3)), 0.05, []),
    (node("NESTED_LOOP_JOIN", 7, node("DUMMY_SCAN", 1000), node("DUMMY_SCAN", 1200)), 0.05,
     ["Compares each of 1,000 rows with each of 1,200: a join by = is faster."]),
    (node("HASH_JOIN", 20_000, node("DUMMY_SCAN", 1000), node("DUMMY_SCAN", 1200)), 0.05,
     ["The join makes 20,000 rows of 1,000 and 1,200: is its condition complete?"]),
    (node("HASH_JOIN", 11_000, node("DUMMY_SCAN", 10_000), node("DUMMY_SCAN", 1200)), 0.05, []),
    (node("FILTER", 10, node("DUMMY_SCAN", 200_000)), 0.05,
     ["A filter keeps 10 of 200,000 rows after they were read: compare a plain column if you can."]),
    (node("FILTER", 100_000, node("DUMMY_SCAN", 200_000)), 0.05, []),
    (node("ORDER_BY", 100, node("DUMMY_SCAN", 100), timing=0.009), 0.2,
     ["Most of the time (90%) goes into sorting, 100 rows."]),
    (node("ORDER_BY", 100, node("DUMMY_SCAN", 100), timing=0.009), 0.02, []),
    (node("ORDER_BY", 100, node("DUMMY_SCAN", 100, node("X", 1))), 0.2, []),
    (node("ORDER_BY", 50, scan(5, "t", "1", timing=0.01)), 0.2,
     ["Most of the time (91%) goes into reading t, 5 rows."]),
    (node("MAGIC_STEP", 50, timing=0.01), 0.2, ["Most of the time (100%) goes into the step Magic step, 50 rows."]),
]  # fmt: skip


@pytest.mark.parametrize(("root", "total_s", "expected"), HINTS)
def test_a_hint_says_what_would_help(root: dict[str, Any], total_s: float, expected: list[str]) -> None:
    assert list(read_plan(told(root, total_s)).hints) == expected


def test_steps_are_rows_from_the_result_to_the_tables() -> None:
    plan = read_plan(
        told(node("TOP_N", 3, scan(40, "t", "2", timing=0.003, Filters="(a = 1)"), **{"Order By": "b DESC"}))
    )
    assert plan.frame().rows() == [
        (0, "Sort, keep first", "b DESC", 3, 1.0, 0.25),
        (1, "Read", "t · (a = 1)", 40, 3.0, 0.75),
    ]
    assert (plan.total_ms, plan.bytes_read) == (50.0, 7)


def test_a_plan_that_took_no_time_has_no_shares() -> None:
    assert read_plan(told(node("DUMMY_SCAN", 1, timing=0.0))).frame()["share_ratio"].to_list() == [None]


def test_a_query_is_profiled(explored: Path) -> None:
    plan = profile(explored, "select count(*) from commits c, range($n) where c.sha <> ''", {"n": 20_000})
    told = plan.frame()
    assert told["operator"][0] == "Add up"
    assert "commits" in told["detail"].to_list()
    assert any("rows make 20,000. Is a join condition missing?" in hint for hint in plan.hints)
    assert str(explored.parent) not in str(told.to_dicts())


@pytest.mark.parametrize("sql", ["explain select 1", "delete from alerts_now", "select 1; select 2", "selec"])
def test_only_queries_are_profiled(explored: Path, sql: str) -> None:
    with pytest.raises((QueryError, RefusedError)):
        profile(explored, sql)
