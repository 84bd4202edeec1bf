"""The contract check and landing: nothing is coerced, nothing is lost, every refusal has its reason."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from aurora.contracts import Row, Table
from aurora.contracts.cost import FocusCost
from aurora.contracts.delivery import Commits
from aurora.contracts.estate import Components
from aurora.contracts.operations import ComponentHealth, MetricPoints
from aurora.contracts.platform import Quarantine
from ingest.check import check
from ingest.land import land
from tests.frames import NOW, component, frame, health, row, stamp
from warehouse.lake import Batch, Lake

NAIVE = datetime(2026, 3, 1)  # noqa: DTZ001


def rejected(table: type[Table], **values: Any) -> tuple[str, str]:
    """(rule, sentence) for a row that is right but for these values, beside a right one that must stay."""
    checked = check(table, [row(table, 1), row(table, 2) | values], stamp())
    assert checked.good.height == 1
    (reject,) = checked.rejects
    assert reject.place == 1
    assert {name: repr(reject.payload[name]) for name in values} == {name: repr(values[name]) for name in values}
    return reject.rule, reject.message


@pytest.mark.parametrize(
    ("table", "name", "value", "rule", "words"),
    [
        (ComponentHealth, "cpu_pct", "1", "cpu_pct|type", "is str, wanted a number"),
        (ComponentHealth, "cpu_pct", True, "cpu_pct|type", "is bool"),
        (ComponentHealth, "cpu_pct", float("nan"), "cpu_pct|type", "absent is null"),
        (ComponentHealth, "cpu_pct", float("inf"), "cpu_pct|type", "absent is null"),
        (ComponentHealth, "cpu_pct", 10**400, "cpu_pct|type", "too large"),
        (ComponentHealth, "cpu_pct", 100.5, "cpu_pct|max", "breaks the rule max"),
        (ComponentHealth, "cpu_pct", -0.1, "cpu_pct|min", "breaks the rule min"),
        (ComponentHealth, "ts_start", NAIVE, "ts_start|type", "no time zone"),
        (ComponentHealth, "ts_start", "2026-03-01T00:00:00Z", "ts_start|type", "wanted an instant"),
        (ComponentHealth, "ts_start", date(2026, 3, 1), "ts_start|type", "wanted an instant"),
        (ComponentHealth, "ts_end", None, "ts_end|nullability", "ts_end is missing"),
        (ComponentHealth, "status", "fine", "status|one_of", "is none of healthy, degraded, down"),
        (ComponentHealth, "component_id", "", "component_id|not_blank", "absent is null"),
        (ComponentHealth, "component_id", 5, "component_id|type", "wanted text"),
        (ComponentHealth, "component_id", "half \ud800", "component_id|type", "surrogates not allowed"),
        (ComponentHealth, "cpu", 5.0, "unknown_column", "cpu is no column of this table"),
        (Components, "cpu_count", 1.5, "cpu_count|type", "no whole number"),
        (Components, "cpu_count", float("nan"), "cpu_count|type", "cannot convert"),
        (Components, "cpu_count", 2**63, "cpu_count|type", "64 bits"),
        (Components, "cpu_count", -1, "cpu_count|min", "breaks the rule min"),
        (Components, "cpu_count", "4", "cpu_count|type", "no whole number"),
        (FocusCost, "BilledCost", 1.5, "BilledCost|type", "wanted an exact decimal"),
        (FocusCost, "BilledCost", Decimal("0.1234567890123456789"), "BilledCost|type", "more than 18 decimals"),
        (FocusCost, "BilledCost", Decimal(10) ** 20, "BilledCost|type", "20 digits"),
        (FocusCost, "BilledCost", Decimal("NaN"), "BilledCost|type", "no number"),
        (FocusCost, "BilledCost", "12.50", "BilledCost|type", "wanted an exact decimal"),
        (Commits, "parents", "a", "parents|type", "no list of text"),
        (Commits, "parents", ["a", 5], "parents|type", "no list of text"),
        (Commits, "is_merge", 1, "is_merge|type", "true or false"),
    ],
)
def test_what_a_row_may_not_say(table: type[Table], name: str, value: Any, rule: str, words: str) -> None:
    got_rule, sentence = rejected(table, **{name: value})
    assert got_rule == rule
    assert words in sentence
    assert name in sentence


def test_what_a_row_may_say() -> None:
    berlin = timezone(timedelta(hours=1))
    said = row(ComponentHealth, ts_start=datetime(2026, 3, 1, 1, tzinfo=berlin), cpu_pct=5, status=None)
    good = check(ComponentHealth, [said], stamp()).good
    assert good["ts_start"].to_list() == [datetime(2026, 3, 1, tzinfo=UTC)]
    assert good["cpu_pct"].to_list() == [5.0]
    assert check(Components, [component("a", cpu_count=4.0)], stamp()).good["cpu_count"].to_list() == [4]
    amounts = [Decimal("0.000000000000000001"), Decimal("99999999999999999999.999999999999999999"), 7]
    lines = [row(FocusCost, number, BilledCost=amount) for number, amount in enumerate(amounts)]
    assert check(FocusCost, lines, stamp()).good["BilledCost"].to_list() == amounts


def test_the_last_of_several_rows_with_one_key_wins() -> None:
    rows = [health("a", NOW, cpu_pct=1.0), health("b", NOW), health("a", NOW, cpu_pct=2.0)]
    checked = check(ComponentHealth, rows, stamp())
    assert checked.duplicate_count == 1
    assert dict(checked.good.select("component_id", "cpu_pct").iter_rows()) == {"a": 2.0, "b": None}


def test_no_rows_and_no_columns() -> None:
    assert check(ComponentHealth, [], stamp()).good.height == 0
    assert check(ComponentHealth, pl.DataFrame(), stamp()).good.height == 0
    assert check(ComponentHealth, [{}], stamp()).rejects[0].rule.endswith("nullability")


GOOD = {"component_id": ["a", "b", "c"], "ts_start": [NOW] * 3, "ts_end": [NOW] * 3}


@pytest.mark.parametrize(
    ("column", "good", "rule"),
    [
        (pl.Series("cpu_pct", ["1", "2", None]), 1, "cpu_pct|type"),
        (pl.Series("cpu_pct", [1.0, float("nan"), 3.0]), 2, "cpu_pct|max"),
        (pl.Series("cpu_pct", [1.0, float("inf"), 3.0]), 2, "cpu_pct|max"),
        (pl.Series("cpu_pct", [1, 101, None]), 2, "cpu_pct|max"),
        (pl.Series("cpu_pct", [Decimal("1.5"), None, None]), 2, "cpu_pct|type"),
        (pl.Series("ts_start", [NAIVE] * 3), 0, "ts_start|type"),
        (pl.Series("status", ["fine", "down", None]), 2, "status|one_of"),
        (pl.Series("cpu", [1.0, 2.0, 3.0]), 0, "unknown_column"),
    ],
)
def test_what_a_frame_may_not_say(column: pl.Series, good: int, rule: str) -> None:
    checked = check(ComponentHealth, pl.DataFrame(GOOD).with_columns(column), stamp())
    assert checked.good.height == good
    assert len(checked.rejects) == 3 - good
    assert {reject.rule for reject in checked.rejects} == {rule}


def test_what_a_frame_may_say() -> None:
    berlin = (
        pl.Series("ts_start", [NOW] * 3).dt.convert_time_zone("Europe/Berlin").cast(pl.Datetime("ms", "Europe/Berlin"))
    )
    said = pl.DataFrame(GOOD).with_columns(
        berlin,
        pl.Series("status", ["down", "healthy", None], dtype=pl.Categorical),
        pl.Series("cpu_pct", [1, 2, None], dtype=pl.Int8),
        pl.lit(None).alias("status_reason"),
        pl.lit("x").alias("source"),
    )
    checked = check(ComponentHealth, said, stamp())
    assert not checked.rejects
    assert checked.good["ts_start"].to_list() == [NOW] * 3
    assert checked.good["status"].to_list() == ["down", "healthy", None]
    assert checked.good["source"].to_list() == ["test"] * 3


def test_money_in_a_frame_is_exact_or_refused() -> None:
    lines = pl.DataFrame(frame(FocusCost, [row(FocusCost, number) for number in range(2)]))
    fine = pl.Series("BilledCost", [Decimal("0.1"), Decimal("0.12345678901234567890")], dtype=pl.Decimal(30, 20))
    checked = check(FocusCost, lines.with_columns(fine), stamp())
    assert checked.good["BilledCost"].to_list() == [Decimal("0.1")]
    assert [reject.rule for reject in checked.rejects] == ["BilledCost|type"]
    floats = check(FocusCost, lines.with_columns(pl.Series("BilledCost", [0.1, 0.2])), stamp())
    assert (floats.good.height, len(floats.rejects)) == (0, 2)


def _mixed() -> list[Row]:
    return [
        health("a", NOW, cpu_pct=1.0),
        health("a", NOW, cpu_pct=2.0),
        health("b", NOW, cpu_pct="7"),
        health("c", NOW, cpu_pct=700.0),
        health("d", NOW, status="fine", status_reason="half \ud800"),
        health("e", NOW),
    ]


def test_nothing_is_lost_and_the_reasons_are_kept(lake: Lake) -> None:
    landed = land(lake, ComponentHealth, _mixed(), stamp(), Batch("t1/health", 1))
    assert (landed.row_count, landed.duplicate_count, landed.quarantined_count) == (2, 1, 3)
    kept = {json.loads(one["payload"])["component_id"]: one for one in lake.read(Quarantine).iter_rows(named=True)}
    assert set(kept) == {"b", "c", "d"}
    assert kept["b"]["rule"] == "cpu_pct|type"
    assert kept["c"]["message"] == "cpu_pct = 700.0 breaks the rule max"
    assert json.loads(kept["b"]["payload"])["cpu_pct"] == "7"
    assert {one["table_name"] for one in kept.values()} == {"component_health"}
    assert {one["stream"] for one in kept.values()} == {"t1/health"}


def test_landing_the_same_again_changes_nothing(lake: Lake) -> None:
    for number in (1, 1, 2):
        landed = land(lake, ComponentHealth, _mixed(), stamp(), Batch("t1/health", number))
    assert (landed.row_count, landed.duplicate_count, landed.quarantined_count) == (0, 3, 3)
    assert lake.read(ComponentHealth).height == 2
    assert lake.read(Quarantine).height == 3


def test_a_long_or_odd_payload_is_kept_whole(lake: Lake) -> None:
    odd = {"component_id": "x" * 50_000, "ts_start": b"\x00", "nested": {"a": [1, {"b": object}]}, 5: "five"}
    landed = land(lake, ComponentHealth, [odd], stamp(), Batch("t1/health", 1))  # type: ignore[list-item]
    assert landed.quarantined_count == 1
    assert "x" * 50_000 in lake.read(Quarantine)["payload"][0]


def test_a_frame_of_many_kinds_of_fault_loses_nothing(lake: Lake) -> None:
    rows = pl.DataFrame(
        {
            "series_id": ["s"] * 50 + ["t"] * 50,
            "metric": ["m"] * 100,
            "ts_start": [NOW + timedelta(minutes=number % 40) for number in range(100)],
            "ts_end": [NOW] * 100,
            "agg": ["avg", "mean", "max", "avg"] * 25,
            "value": [float("nan") if number % 7 == 0 else 1.0 for number in range(100)],
            "unit": ["1"] * 99 + [""],
            "quality": ["ok"] * 100,
        }
    )
    landed = land(lake, MetricPoints, rows, stamp(), Batch("t1/points", 1))
    assert landed.row_count + landed.duplicate_count + landed.quarantined_count == 100
    assert min(landed.row_count, landed.duplicate_count, landed.quarantined_count) > 0
    assert lake.read(MetricPoints).height == landed.row_count
