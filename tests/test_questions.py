"""Saved questions: versions, conflicts, retirement, restoring, and what is refused."""

import json

import pytest

from aurora.contracts.platform import Questions
from aurora.errors import LostRaceError, QueryError
from aurora.explore import questions
from tests.conftest import Published
from tests.frames import HOUR, NOW, put, row
from warehouse.lake import Lake

SQL = "select app_id, 1 as value from applications_now where app_id = :app"
CHART = {"kind": "bar", "x": "app_id", "y": ["value"]}


def saved(
    lake: Lake, question_id: str | None = None, title: str = "Slow  pages!", sql: str = SQL, seen: int | None = None
) -> str:
    return questions.save(
        lake, question_id, title, sql, {"app": "shop"}, CHART, ["Ops", "ops", " "], "ann", True, seen=seen
    )


def test_a_question_is_saved_and_its_newest_version_counts(lake: Lake, published: Published) -> None:
    assert saved(lake) == "slow-pages"
    assert saved(lake) == "slow-pages-2", "a title may be used twice, an id may not"
    saved(lake, "slow-pages", "Slow pages", "select 2 as value")
    now = published().rows("from questions_now order by question_id")
    assert now.select("question_id", "title", "sql", "version", "written_version").rows() == [
        ("slow-pages", "Slow pages", "select 2 as value", 2, 2),
        ("slow-pages-2", "Slow pages!", SQL, 1, 1),
    ]
    assert json.loads(now["parameters"][0]) == {"app": "shop"}
    assert json.loads(now["chart"][0]) == CHART
    assert now["tags"].to_list()[0] == ["ops"]


def test_who_saw_an_older_version_is_refused(lake: Lake) -> None:
    saved(lake)
    saved(lake, "slow-pages", seen=1)
    with pytest.raises(LostRaceError):
        saved(lake, "slow-pages", seen=1)
    assert lake.read(Questions).height == 2


def test_retired_and_restored(lake: Lake, published: Published) -> None:
    saved(lake)
    saved(lake, "slow-pages", sql="select 2 as value")
    questions.retire(lake, "slow-pages", "bob")
    assert published().rows("from questions_now").height == 0
    assert published().rows("from question_versions")["is_retired"].to_list().count(True) == 1
    questions.restore(lake, "slow-pages", 1, "bob")
    now = published().rows("from questions_now").row(0, named=True)
    assert (now["sql"], now["version"], now["changed_by"], now["owner"]) == (SQL, 4, "bob", "ann")
    with pytest.raises(QueryError, match="no version 9"):
        questions.restore(lake, "slow-pages", 9, "bob")


def test_people_change_what_a_source_declares(lake: Lake, published: Published) -> None:
    """The source's version stays as it is; the word of people comes after it and starts its own count."""
    told = row(Questions, question_id="q", sql="select 1 as a", version=1, is_deleted=False) | {
        "changed_at": NOW - HOUR
    }
    put(lake, Questions, [told])
    first = published().rows("from questions_now").row(0, named=True)
    assert (first["version"], first["written_version"]) == (1, 0)
    questions.change(lake, "q", "ann", 0, title="Mine", tags=["New"])
    now = published().rows("from questions_now").row(0, named=True)
    assert (now["title"], now["sql"], now["tags"]) == ("Mine", "select 1 as a", ["new"])
    assert (now["version"], now["written_version"]) == (2, 1)


@pytest.mark.parametrize(
    ("title", "sql"),
    [(" ", SQL), ("x" * 201, SQL), ("a", "  "), ("a", "x" * 100_001)],
)
def test_what_cannot_be_saved_is_told(lake: Lake, title: str, sql: str) -> None:
    with pytest.raises(QueryError, match="write"):
        saved(lake, None, title, sql)
    assert lake.read(Questions).height == 0


def test_an_unknown_question_cannot_be_changed(lake: Lake) -> None:
    with pytest.raises(QueryError, match="no question is saved as 'x'"):
        questions.retire(lake, "x", "ann")


def test_hostile_words_stay_words(lake: Lake, published: Published) -> None:
    name = saved(lake, None, "'; drop table questions --<b>", "select ':since' as \"a'b\"")
    now = published().rows("from questions_now where question_id = $id", {"id": name}).row(0, named=True)
    assert now["title"] == "'; drop table questions --<b>"
    with pytest.raises(QueryError, match="parameters"):
        questions.save(lake, None, "a", SQL, {"a": "x" * 30_000}, None, [], "ann", True)
