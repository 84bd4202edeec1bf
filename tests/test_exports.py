"""Whatever a page draws can be taken along: every table and chart of every page is made into each of its files."""

import ast
import io
import struct
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from aurora.settings import ROOT
from aurora.ui import export
from aurora.ui.data import Asked
from aurora.ui.drawn import Drawn, Query, query_of
from aurora.ui.export import Stamp, as_files, file_name, with_values
from aurora.ui.sql_link import unpacked
from tests.frames import DAY, NOW
from tests.test_pages import acme, over_pages, shown
from warehouse.query import Warehouse

__all__ = ["acme"]
PNG = b"\x89PNG\r\n\x1a\n"
DRAWING = {"dataframe", "data_editor", "table", "altair_chart", "vega_lite_chart", "line_chart", "bar_chart"}
DRAWING |= {"graphviz_chart", "area_chart", "scatter_chart", "plotly_chart", "pydeck_chart", "download_button"}
PLACES = {"dataframe": {"tables.py"}, "altair_chart": {"plots.py"}, "graphviz_chart": {"graph_parts.py"}}
# What else is downloaded is no table: reports, registers and dashboards, and all rows of a query from the disk.
PLACES["download_button"] = {"export.py", "register.py", "dashboard_forms.py", "sql_download.py", "reports.py"}
AT = NOW.replace(tzinfo=None)
STAMP = Stamp(7, AT)
Seen = list[Drawn]
KINDS = ("dataframe", "vega_lite_chart", "graphviz_chart")
WITHOUT = {"status_page", "applications"}  # what they show are cards


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """What the menus were given, page by page."""
    found: Seen = []
    monkeypatch.setattr(export, "_menu", lambda drawn, stamp: found.extend(drawn))
    return found


def looks(path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The page as it opens, and once more for each tab that is drawn only when it is opened."""
    newest = Warehouse(data / "published").rows(
        "select arg_max(deployment_id, over_at) as id from prod_deployments where source_instance = 'acme'"
    )
    query = {"component": "acme:payment-gateway", "app": "owner-portal", "deployment": newest["id"][0]}
    test = shown(path, data, monkeypatch, **query)
    yield test
    for label in [tab.label for tab in test.tabs if not tab.children]:
        for key in ("view", "part"):
            test.session_state[key] = label
        yield test.run()


def on_page(test: AppTest) -> Counter[str]:
    """The names of all tables and charts of a page, as screen readers say them."""
    return Counter(one.proto.alt for kind in KINDS for one in test.get(kind))


@over_pages
def test_every_table_and_chart_is_offered_and_its_files_read_back(
    path: Path, acme: Path, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: Counter[str] = Counter()
    checked, warehouse = {""}, Warehouse(acme / "published")
    for test in looks(path, acme, monkeypatch):
        assert not test.exception
        assert on_page(test) <= Counter(one.name for one in seen), "drawn, but not in the menu"
        drawn |= on_page(test)
        for one in seen:
            if one.name not in checked:
                checked.add(one.name)
                reads_back(one)
                assert one.query is None or answers(one.query, one.frame, warehouse), (one.name, one.query)
        seen.clear()
    assert "" not in drawn
    assert drawn or path.stem in WITHOUT


def reads_back(one: Drawn) -> None:
    files = {kind: made() for kind, made in as_files(one, STAMP).items()}
    pictures = {"dot"} if isinstance(one.chart, str) else {"png", "svg"} if one.chart else set()
    assert set(files) == {"csv", "parquet"} | pictures
    table, typed = pl.read_csv(files["csv"], infer_schema=False), pl.read_parquet(io.BytesIO(files["parquet"]))
    assert (table.shape, table.columns) == (one.frame.shape, one.frame.columns)
    assert typed.shape == one.frame.shape
    for name, kind in one.frame.schema.items():
        assert typed.schema[name] == (pl.Datetime("us", "UTC") if isinstance(kind, pl.Datetime) else kind)
    if "png" in files:
        assert files["png"].startswith(PNG)
        width, height = struct.unpack(">II", files["png"][16:24])
        assert width > 1600
        assert height > 200
        said = " ".join(ElementTree.fromstring(files["svg"]).itertext())  # noqa: S314 -- made here
        assert one.name in said
        assert "generation 7" in said


def answers(query: Query, frame: pl.DataFrame, warehouse: Warehouse) -> bool:
    """Whether the query, its values written out, answers the first of these rows, as far as its words and days go."""
    answer = warehouse.rows(with_values(*query))
    words = [name for name, kind in frame.schema.items() if kind in (pl.String, pl.Date)]
    words = [name for name in words if answer.schema.get(name) == frame.schema[name]]
    first = frame.head(1).select(words)
    return not words or bool(first.join(answer, on=words, how="semi", nulls_equal=True).height)


def test_tables_and_charts_are_drawn_and_files_offered_in_one_place() -> None:
    elsewhere = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.attr}"
        for folder in ("aurora", "pages")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in DRAWING and path.name not in PLACES.get(node.attr, set())
        if isinstance(node.value, ast.Name) and node.value.id in ("st", "streamlit")
    ]
    assert elsewhere == []


def test_the_menu_is_filled_once_it_is_open(acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = shown(ROOT / "pages/operate/system_health.py", acme, monkeypatch)
    assert not test.get("download_button")
    test.session_state["export-menu"], test.session_state["view"] = True, "Response by type"
    test.run()
    assert not test.exception
    labels, names = Counter(one.proto.label for one in test.get("download_button")), on_page(test)
    assert labels[":primary[CSV]"] == labels[":primary[Parquet]"] == names.total() == 2
    assert labels[":primary[PNG]"] == labels[":primary[SVG]"] == len(test.get("vega_lite_chart")) == 1
    said = " ".join(one.value for one in test.markdown)
    assert all(name in said for name in names)


@pytest.mark.parametrize("is_there", [True, False])
def test_a_query_is_opened_in_the_explorer_where_there_is_one(
    is_there: bool, acme: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "EXPLORER", ROOT / ("app.py" if is_there else "none.py"))
    test = shown(ROOT / "pages/operate/system_health.py", acme, monkeypatch)
    test.session_state["export-menu"] = True
    test.run()
    links = [one.proto.url for one in test.get("link_button")]
    assert len(links) == (2 if is_there else 0)
    assert all("from component_status s" in (unpacked(links[0].partition("?q=")[2]) or "") for _ in links[:1])


ANSWER = pl.DataFrame({"id": ["a", "b"], "at": [AT, AT + DAY], "n": [1.0, None]})
OTHER = ANSWER.with_columns(id=pl.lit("z"))


@pytest.mark.parametrize(
    ("frame", "sql"),
    [
        (ANSWER, "first"),
        (ANSWER.filter(pl.col("id") == "b"), "first"),
        (ANSWER.select("id", "n").with_columns(word=pl.lit("x")), "first"),
        (OTHER.sort("at", descending=True), "second"),
        (OTHER, "second"),
        (ANSWER.with_columns(id=pl.lit("nobody's")), None),
        (pl.DataFrame({"sum": [1], "of": ["a"], "id": ["a"]}), None),
        (pl.DataFrame(), None),
    ],
    ids=["itself", "filtered", "selected", "sorted", "last", "changed", "summed", "none"],
)
def test_the_query_behind_rows_is_the_one_that_they_are_taken_from(frame: pl.DataFrame, sql: str | None) -> None:
    asked = [Asked("first", {}, ANSWER), Asked("second", {}, OTHER)]
    assert query_of(frame, asked) == (None if sql is None else (sql, {}))


def test_files_hold_what_is_hostile_or_odd_as_it_is() -> None:
    frame = pl.DataFrame(
        {
            "name": ["=cmd|' /C calc'!A0", 'a "b",\nc'], "cost": [Decimal("0.123456789012345678"), None],
            "at": [AT, None], "day": [date(2026, 3, 1), None], "tags": [["x", "y"], []],
        },
        schema_overrides={"cost": pl.Decimal(38, 18)},
    )  # fmt: skip
    files = as_files(Drawn("<script>", frame, None, ("select $x", {"x": "it's"})), STAMP)
    table = pl.read_csv(files["csv"](), infer_schema=False)
    assert table.row(0) == (
        "'=cmd|' /C calc'!A0", "0.123456789012345678", "2026-03-10T12:00:00.000000Z", "2026-03-01", '["x", "y"]',
    )  # fmt: skip
    assert table["name"][1] == 'a "b",\nc'
    made = files["parquet"]()
    assert pl.read_parquet(io.BytesIO(made)).row(0) == (
        "=cmd|' /C calc'!A0", Decimal("0.123456789012345678"), NOW,
        date(2026, 3, 1), ["x", "y"],
    )  # fmt: skip
    about = pl.read_parquet_metadata(io.BytesIO(made))
    assert (about["aurora.sql"], about["aurora.as_of"]) == ("select 'it''s'", "2026-03-10T12:00:00Z")
    assert file_name("<script> Ünder/../x", STAMP, "csv") == "aurora-script-nder-x-20260310-1200.csv"
    assert file_name("日本", STAMP, "png") == "aurora-rows-20260310-1200.png"


def test_sql_is_told_with_its_values_written_out() -> None:
    params = {
        "at": AT, "at_day": date(2026, 3, 1), "none": None, "yes": True, "cost": Decimal("1.50"),
        "name": "$at it's", "few": ["a", "b"],
    }  # fmt: skip
    told = with_values("select $at, $at_day, $none, $yes, $cost, $name, $few, $other", params)
    assert told == (
        "select timestamp '2026-03-10 12:00:00', date '2026-03-01', null, true, 1.50, '$at it''s', ['a', 'b'], $other"
    )
