"""Charts of questions: what fits an answer, what is drawn, and that names of columns are only names."""

from datetime import UTC, datetime

import polars as pl
import pytest

from aurora.explore.charts import KINDS, MOST_BARS, MOST_SERIES, drawn, suggested

TIMES = pl.DataFrame(
    {"at": [datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)], "a": [1, 2], "b": [3.5, None]}
)
WORDS = pl.DataFrame({"app": ["x", "y", "z"], "n": [3, 2, 1]})


def test_what_fits_an_answer() -> None:
    assert suggested(TIMES) == {"kind": "line", "x": "at", "y": ["a", "b"]}
    by_app = TIMES.with_columns(app=pl.Series(["p", "q"]))
    assert suggested(by_app) == {"kind": "line", "x": "at", "y": ["a"], "color": "app"}
    assert suggested(WORDS) == {"kind": "bar", "x": "app", "y": ["n"]}
    assert suggested(WORDS.head(1).select("n")) == {"kind": "number", "y": ["n"]}
    assert suggested(pl.concat([WORDS, WORDS])) == {"kind": "table"}
    assert suggested(pl.DataFrame()) == {"kind": "table"}


@pytest.mark.parametrize("kind", KINDS[2:])
def test_every_kind_is_drawn(kind: str) -> None:
    chart = drawn(TIMES, {"kind": kind, "x": "at", "y": ["a", "b"]}, named=str.upper)
    assert chart is not None
    told = chart.to_dict()
    rows = next(iter(told["datasets"].values()))
    assert [row["series"] for row in rows] == ["A", "A", "B", "B"]
    assert [row["value"] for row in rows] == [1, 2, 3.5, None]
    assert told["encoding"]["x"]["type"] == "temporal"


def test_bars_of_words_lie_and_keep_their_order() -> None:
    chart = drawn(WORDS, {"kind": "bar", "x": "app", "y": ["n"]})
    assert chart is not None
    told = chart.to_dict()["encoding"]
    assert told["y"]["sort"] == ["x", "y", "z"]
    assert "color" not in told


def test_too_much_is_cut() -> None:
    many = pl.DataFrame({"x": [f"w{n}" for n in range(200)], "n": range(200)})
    bars = drawn(many, {"kind": "bar", "x": "x", "y": ["n"]}, 10_000)
    low = drawn(many, {"kind": "bar", "x": "x", "y": ["n"]}, 252)
    lines = drawn(many.with_columns(t=pl.lit(1)), {"kind": "line", "x": "t", "y": ["n"], "color": "x"})
    assert bars is not None
    assert lines is not None
    assert low is not None
    assert low.to_dict()["encoding"]["x"]["title"] == "n · first 10 of 200"
    assert len(next(iter(bars.to_dict()["datasets"].values()))) == MOST_BARS
    assert len(next(iter(lines.to_dict()["datasets"].values()))) == MOST_SERIES


@pytest.mark.parametrize(
    "chart",
    [None, {}, {"kind": "table"}, {"kind": "line", "x": "gone", "y": ["a"]}, {"kind": "line", "x": "at", "y": ["gone"]},
     {"kind": "pie", "x": "at", "y": ["a"]}, {"kind": "line", "x": ["at"], "y": ["a"]}, {"kind": "line", "y": [1, {}]}],
)  # fmt: skip
def test_what_cannot_be_drawn_is_a_table(chart: dict[str, object] | None) -> None:
    assert drawn(TIMES, chart) is None


def test_names_are_never_shorthand() -> None:
    odd = pl.DataFrame({"a:Q[0].x": [1, 2], "sum(y):T": [5, 6], "<b>": ["p", "q"]})
    chart = drawn(odd, {"kind": "point", "x": "a:Q[0].x", "y": ["sum(y):T"], "color": "<b>"})
    assert chart is not None
    fields = {channel["field"] for name, channel in chart.to_dict()["encoding"].items() if name != "tooltip"}
    assert fields == {"x", "value", "series"}


def test_money_tells_its_currency_and_two_are_two_series() -> None:
    one = pl.DataFrame({"app": ["a", "b"], "effective_cost": [5, 4], "currency": ["EUR", "EUR"]})
    told = {"kind": "bar", "x": "app", "y": ["effective_cost"]}
    alone, both = drawn(one, told), drawn(one.with_columns(currency=pl.Series(["EUR", "AED"])), told)
    assert alone is not None
    assert both is not None
    assert alone.to_dict()["encoding"]["x"]["title"] == "effective_cost, EUR"
    assert "color" not in alone.to_dict()["encoding"]
    assert both.to_dict()["encoding"]["color"]["field"] == "series"
    assert {row["series"] for row in next(iter(both.to_dict()["datasets"].values()))} == {"EUR", "AED"}
