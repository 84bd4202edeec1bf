"""Dashboards: laid out on twelve columns, arranged, kept as versions, and taken along as TOML."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.contracts import Row
from aurora.contracts.platform import Dashboards, Questions
from aurora.errors import LostRaceError, QueryError
from aurora.explore import dashboards, questions
from aurora.explore.dashboards import Block, Dashboard, read_toml
from tests.conftest import Published
from tests.frames import put, row
from warehouse.lake import Lake

THREE = Dashboard(
    title="Estate",
    block=(Block(question="a", width=4), Block(question="b", width=8), Block(text="**Notes**", width=12)),
    app="shop",
)


def asked(question_id: str, sql: str = "select 1 as n", **values: object) -> Row:
    own = {"question_id": question_id, "title": question_id.upper(), "sql": sql, "tags": ["ops"]}
    return own | {"parameters": '{"app": null, "days": 7}', "chart": '{"kind": "line", "x": "t", "y": ["n"]}'} | values


def test_rows_are_filled_in_reading_order() -> None:
    widths = [Block(text="x", width=width) for width in (4, 8, 6, 6, 2, 12)]
    told = [[(place, block.width) for place, block in line] for line in dashboards.rows_of(widths)]
    assert told == [[(0, 4), (1, 8)], [(2, 6), (3, 6)], [(4, 2)], [(5, 12)]]
    assert list(dashboards.rows_of([])) == []


def test_blocks_are_moved_changed_added_and_taken_off() -> None:
    def order(one: Dashboard) -> list[str]:
        return [block.question or "text" for block in one.block]

    assert order(dashboards.moved(THREE, 0, 1)) == ["b", "a", "text"]
    assert order(dashboards.moved(THREE, 2, -9)) == ["text", "a", "b"]
    assert order(dashboards.changed(THREE, 1, None)) == ["a", "text"]
    assert order(dashboards.changed(THREE, 3, Block(question="c"))) == ["a", "b", "text", "c"]
    assert dashboards.changed(THREE, 0, Block(question="a", width=12)).block[0].width == 12


def test_versions_and_what_uses_a_question(lake: Lake, published: Published) -> None:
    name = dashboards.save(lake, None, THREE, "ann", True, "ann")
    dashboards.save(lake, name, dashboards.moved(THREE, 0, 1), "ann", True, "bob", 1)
    with pytest.raises(LostRaceError):
        dashboards.save(lake, name, THREE, "ann", True, "ann", 1)
    now = published().rows("from dashboards_now").row(0, named=True)
    assert (now["dashboard_id"], now["written_version"], now["changed_by"]) == ("estate", 2, "bob")
    assert dashboards.of_row(now) == dashboards.moved(THREE, 0, 1)
    uses = published().rows("select question_id, used_as, used_by from question_uses order by 1")
    assert uses.rows() == [("a", "dashboard", "Estate"), ("b", "dashboard", "Estate")]
    dashboards.save(lake, name, THREE, "ann", True, "ann", is_retired=True)
    assert published().rows("from dashboards_now").height == 0


@pytest.mark.parametrize(
    "layout", ['{"blocks": [{"question": 7}]}', "[]", '{"blocks": [{"width": 99, "text": "x"}]}', "{}"]
)
def test_a_layout_that_cannot_be_read_is_told(layout: str, lake: Lake, published: Published) -> None:
    put(lake, Dashboards, [row(Dashboards, dashboard_id="d", layout=layout, is_deleted=False, version=1)])
    now = published().rows("from dashboards_now").row(0, named=True)
    with pytest.raises(QueryError, match="the layout of d cannot be read"):
        dashboards.of_row(now)
    assert published().rows("from question_uses where question_id is null").height == 0


letters = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=60).filter(str.strip)
lines = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\r\0"), min_size=1, max_size=200)
shape = {"width": st.integers(2, 12), "height": st.sampled_from(["small", "medium", "large"])}
blocks = st.one_of(
    st.builds(Block, question=letters, title=st.one_of(st.none(), letters), **shape),
    st.builds(Block, text=lines, **shape),
)
boards = st.builds(
    Dashboard,
    title=letters,
    block=st.lists(blocks, max_size=6).map(tuple),
    range=st.sampled_from(["24h", "7d", "30d", "90d"]),
    app=st.one_of(st.none(), letters),
)


@settings(deadline=None)
@given(boards, st.text("select* from't\"\\\n\t\u00e9=:;", min_size=1).filter(str.strip))
def test_what_is_exported_comes_back_the_same(board: Dashboard, sql: str) -> None:
    wanted = [block.question for block in board.block if block.question]
    known = [asked(name, sql) for name in dict.fromkeys(wanted)]
    back = read_toml(dashboards.as_toml(board, [*known, asked("not on it")]))
    assert Dashboard(title=back.title, block=back.block, range=back.range, app=back.app) == board
    assert [one.id for one in back.question] == list(dict.fromkeys(wanted))
    assert all(one.sql == sql.strip() and one.parameters == {"days": 7} for one in back.question)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_whatever_is_read_is_a_dashboard_or_a_sentence(text: str) -> None:
    with contextlib.suppress(QueryError):
        assert read_toml(text).title


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title = 'x'\n[[block]]\nwidth = 3", "block, number 1: write either question"),
        ("title = 'x'\n[[block]]\nquestion = 'a'\ntext = 'b'", "block, number 1: write either question"),
        ("title = 'x'\nscript = 'y'", "script: Extra inputs"),
        ("title = ''", "title: "),
        ("title = 'x'\n[[block]]\ntext = 'a'\nwidth = 13", "block, number 1, width: "),
        ("[[", "not TOML"),
        ("a = " + "[" * 5000, "TOML|nested"),
        ("title = 'x'\n" + "[[block]]\ntext = 'a'\n" * 61, "block: "),
        ("x" * 1_000_001, "too long"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(text: str, said: str) -> None:
    with pytest.raises(QueryError, match=said):
        read_toml(text)


def test_a_dashboard_brings_its_questions_along(lake: Lake) -> None:
    """`a` is known as it is and stays; `b` is known with other SQL: the file's comes beside it, under its own id."""
    for title, sql in (("A", "select 1 as n"), ("B", "select 2 as n")):
        questions.save(lake, None, title, sql, {}, None, [], "ann", True)
    bundle = read_toml(dashboards.as_toml(THREE, [asked("a"), asked("b")]))
    known = {one["question_id"]: one["sql"] for one in lake.read(Questions).to_dicts()}
    name = dashboards.bring_in(lake, bundle, known, "bob")
    saved = lake.read(Dashboards).row(0, named=True)
    assert (name, saved["owner"], saved["is_shared"]) == ("estate", "bob", False)
    told = [block.get("question") for block in json.loads(saved["layout"])["blocks"]]
    assert told == ["a", "b-2", None]
    fresh = lake.read(Questions).filter(question_id="b-2").row(0, named=True)
    assert (fresh["sql"], fresh["owner"], json.loads(fresh["parameters"])) == ("select 1 as n", "bob", {"days": 7})
