"""The contracts against the design, against their own names, and through the lake into the published warehouse."""

import os
import re
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from aurora.contracts import COMMON, TABLES, Table, VersionedTable, table_named
from aurora.contracts.columns import words_of
from ingest.land import land
from tests.frames import ROOT, full_row, row, stamp
from warehouse.lake import Batch, Lake
from warehouse.publish import publish
from warehouse.query import Warehouse

DESIGN = ROOT.parent / "shared" / "design" / "tables.md"
SUFFIXES: list[tuple[str, type[pl.DataType]]] = [
    (r"(_at|^ts_start|^ts_end)$", pl.Datetime),
    (r"(_on|^day)$", pl.Date),
    (r"^(is_|has_)", pl.Boolean),
    (r"(_pct|_ratio|_score|_ms|_s|_per_minute)$", pl.Float64),
    (r"(_bytes|_count)$", pl.Int64),
    (r"(_amount|_cost|_price)$", pl.Decimal),
]
SPELLED: dict[str, type[pl.DataType]] = {
    "int": pl.Int64,
    "float": pl.Float64,
    "list": pl.List,
    "json": pl.String,
    "blob": pl.Binary,
    "money": pl.Decimal,
    "ts": pl.Datetime,
    "bool": pl.Boolean,
}
# Tables that differ from the design; docs/decisions.md says why.
IMPROVED = {
    "advisories",
    "app_links",
    "component_health_1h",
    "cost_split_shares",
    "cost_splits",
    "focus_cost",
    "registry_faults",
    "report_runs",
    "sprints",
}
every_table = pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))


@dataclass
class Block:
    """One table as the design tells it."""

    head: str
    columns: dict[str, tuple[bool, str | None, tuple[str, ...]]] = field(default_factory=dict)

    def fact(self, pattern: str) -> str | None:
        found = re.search(pattern, self.head)
        return found[1].strip() if found else None


def _design() -> dict[str, Block]:
    if not DESIGN.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{DESIGN} is missing: the contracts cannot be compared with their design")
        pytest.skip(f"{DESIGN} is not here")
    blocks: dict[str, Block] = {}
    lines = DESIGN.read_text(encoding="utf-8").splitlines()
    for head, below in pairwise(lines):
        if not head.startswith("- **`"):
            continue
        for name in re.findall(r"\*\*`(\w+)`\*\*", head):
            columns = below.strip().removeprefix("cols:") if below.strip().startswith("cols:") else ""
            blocks[name] = Block(head, dict(_column(text) for text in _apart(columns) if text.strip()))
    return blocks


def _block(table: type[Table]) -> Block:
    if table.spec.name in IMPROVED:
        pytest.skip(f"{table.spec.name} differs from the design: docs/decisions.md says why")
    return _design()[table.spec.name]


def _apart(text: str) -> list[str]:
    """Split at semicolons outside of brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "[(") - (letter in "])")
        if letter == ";" and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _column(text: str) -> tuple[str, tuple[bool, str | None, tuple[str, ...]]]:
    found = re.match(r"\s*(\w+)(!?)(?::(\w+))?(?:\(([^)]*)\))?", text)
    assert found, text
    return found[1], (found[2] == "!", found[3], tuple(found[4].split("|")) if found[4] else ())


@every_table
def test_columns_are_those_of_the_design(table: type[Table]) -> None:
    block = _block(table)
    if table.spec.name.startswith("component_health_1"):
        pytest.skip("its seven measures are told as a pattern; the next test names them")
    versioned = {"version", "changed_by", "changed_at", "reason", "is_deleted"}
    own = [name for name in table.own_columns() if name not in COMMON]
    if issubclass(table, VersionedTable):
        own = [name for name in own if name not in versioned]
    assert sorted(own) == sorted(block.columns)
    for name, (is_required, kind, words) in block.columns.items():
        column = table.columns()[name]
        assert column.nullable is not is_required, f"{name}: required is {is_required} in the design"
        assert words_of(column) == words, name
        if kind:
            assert isinstance(column.dtype, SPELLED[kind]), name


def test_rollups_have_their_columns_and_one_shape() -> None:
    hour, day = table_named("component_health_1h"), table_named("component_health_1d")
    assert hour.dtypes() == day.dtypes()
    wide = table_named("component_health")
    measures = [name for name, kind in wide.dtypes().items() if kind == pl.Float64]
    assert len(measures) == 7
    parts = {f"{name}_{part}" for name in measures for part in ("count", "sum", "min", "max", "sketch")}
    seconds = {f"{word}_s" for word in words_of(wide.columns()["status"])}
    own = {"component_id", "ts_start", "ts_end", "sample_count", "rated_requests", "failed_requests"}
    assert set(hour.own_columns()) - set(COMMON) == parts | seconds | own


@every_table
def test_facts_are_those_of_the_design(table: type[Table]) -> None:
    spec, block = table.spec, _block(table)
    key = block.fact(r"\. key ([^;]+);") or ""
    assert tuple(part.strip() for part in key.split(",")) == spec.key
    assert block.fact(r"; time (\w+)") == spec.time
    part = block.fact(r"; part ([\w()]+)")
    assert part == (f"{spec.part}({spec.part_of})" if spec.part else "none")
    assert block.fact(rf"; ({spec.mode})\b"), spec.mode
    assert block.fact(rf"; ({spec.owner})\."), spec.owner
    told = (block.fact(r"slice=([\w, ]+);") or "").removesuffix(" range")
    assert tuple(name.strip() for name in told.split(",")) == spec.slice_by if told else spec.slice_by == ()


@every_table
def test_a_name_ends_in_its_unit(table: type[Table]) -> None:
    if table.spec.name == "focus_cost":
        pytest.skip("FOCUS names its columns itself")
    for name, kind in table.dtypes().items():
        wanted = next((kind for pattern, kind in SUFFIXES if re.search(pattern, name)), None)
        if wanted:
            assert isinstance(kind, wanted), f"{name} is {kind}"
        if isinstance(kind, pl.Datetime):
            assert (kind.time_unit, kind.time_zone) == ("us", "UTC")
        if isinstance(kind, pl.Decimal):
            assert (kind.precision, kind.scale) == (38, 18)


@every_table
def test_keys_times_and_partitions_are_required_columns(table: type[Table]) -> None:
    spec, columns = table.spec, table.columns()
    for name in {*spec.key, spec.time, *spec.slice_by, *([spec.part_of] if spec.part_of else [])} - {""}:
        assert not columns[name].nullable, name
    assert spec.sentence.startswith("One row per")


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Every table with a row of every column and a row of the required ones, landed and published."""
    data = tmp_path_factory.mktemp("golden")
    lake = Lake(data / "lake")
    for table in TABLES.values():
        landed = land(lake, table, [full_row(table, 0), row(table, 1)], stamp(), Batch("t1/golden", 1))
        assert (landed.row_count, landed.quarantined_count) == (2, 0)
    publish(lake, data)
    return Warehouse(data / "published")


@every_table
def test_a_row_of_every_column_comes_back_equal(table: type[Table], golden: Warehouse) -> None:
    filled, least = full_row(table, 0), row(table, 1)
    back = golden.rows(f"from {table.spec.name} order by {', '.join(table.spec.key)}")

    common = {"source": "test", "source_instance": "t1", "ingested_at": stamp().at, "run_id": "run-1"}
    wanted = sorted((dict.fromkeys(table.own_columns()) | one | common for one in (filled, least)), key=_key(table))
    part = table.spec.part_column
    assert back.columns == table.own_columns() + ([part] if part else [])
    got = back.drop([part] if part else []).to_dicts()
    assert [_plain(one) for one in got] == [_plain(one) for one in wanted]
    for name, kind in table.dtypes().items():
        want = pl.Datetime("us") if isinstance(kind, pl.Datetime) else kind
        assert back.schema[name] == want, name


def _key(table: type[Table]) -> Any:
    return lambda one: tuple(one[name] for name in table.spec.key)


def _plain(one: dict[str, Any]) -> dict[str, Any]:
    """Instants without their zone, money as its digits: equal must mean equal to the last digit."""

    def plain(value: Any) -> Any:
        if isinstance(value, Decimal):
            return f"{value:.18f}"
        return value.replace(tzinfo=None) if hasattr(value, "tzinfo") else value

    return {name: plain(value) for name, value in one.items()}


def test_an_unknown_table_is_told_with_those_that_exist() -> None:
    with pytest.raises(KeyError, match="there is no table components_x; tables are advice, advisories, alert_events"):
        table_named("components_x")


def test_a_partition_must_be_spelled_right() -> None:
    with pytest.raises(ValueError, match="write day"):
        type("Broken", (Table,), {"__doc__": "x"}, key="source", time="ingested_at", part="year(ingested_at)")


def test_no_contract_file_lies_unread() -> None:
    names = {path.stem for path in (ROOT / "aurora" / "contracts").glob("*.py")} - {"__init__", "columns", "table"}
    assert {Path(table.__module__.replace(".", "/")).name for table in TABLES.values()} == names
