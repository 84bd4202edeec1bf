"""What was asked, and what changed between two answers."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from aurora.contracts.platform import QueryRuns
from aurora.errors import CancelledError, LakeError, QueryError, RefusedError
from aurora.explore.ask import Answer, Handle
from aurora.explore.history import History, ask_and_remember, difference, result_hash, run_row
from tests.frames import NOW
from warehouse.lake import Lake


def answer(frame: pl.DataFrame) -> Answer:
    return Answer(frame, False, 12.5, 1)


@pytest.mark.parametrize(
    ("outcome", "status", "error"),
    [
        (answer(pl.DataFrame({"a": [1, 2]})), "ok", None),
        (QueryError("no"), "failed", "no"),
        (RefusedError("never"), "refused", "never"),
        (CancelledError("stopped"), "cancelled", "stopped"),
    ],
)
def test_a_run_says_what_came_of_it(outcome: Any, status: str, error: str | None) -> None:
    row = run_row("select :a", {"a": datetime(2026, 1, 2, tzinfo=UTC)}, outcome, NOW, "me@x.test", "q1")
    assert (row["status"], row["error"], row["actor"], row["question_id"]) == (status, error, "me@x.test", "q1")
    assert json.loads(row["parameters"]) == {"a": "2026-01-02 00:00:00+00:00"}
    assert (row["row_count"], row["duration_ms"]) == ((2, 12.5) if status == "ok" else (None, None))


def test_runs_land_together_as_the_contract_says(lake: Lake, explored: Path) -> None:
    history = History(lake, every_s=1000)
    ask_and_remember(history, explored, "select $a as a", {"a": 1}, actor="me")
    with pytest.raises(QueryError):
        ask_and_remember(history, explored, "select nope", actor="me")
    with pytest.raises(RefusedError):
        ask_and_remember(history, explored, "drop view commits", actor="me", question_id="q")
    handle = Handle()
    handle.cancel()
    with pytest.raises(CancelledError):
        ask_and_remember(history, explored, "select 1", actor="me", handle=handle)
    assert history.pending()["status"].to_list() == ["cancelled", "refused", "failed", "ok"]
    assert history.pending()["started_at"].is_sorted(descending=True)
    history.close()
    assert history.pending().is_empty()
    landed = lake.read(QueryRuns).sort("started_at")
    assert landed["status"].to_list() == ["ok", "failed", "refused", "cancelled"]
    assert landed["parameters"].to_list() == ['{"a": 1}', None, None, None]
    assert landed["row_count"].to_list() == [1, None, None, None]
    assert lake.version(QueryRuns) in (0, 1)


def test_what_cannot_be_written_is_kept(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    history = History(lake, every_s=1000)
    history.add(run_row("select 1", {}, QueryError("no"), NOW, "me"))

    def fail(*args: object, **named: object) -> None:
        raise LakeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(lake, "write", fail)
        history.flush()
    assert history.pending().height == 1
    history.close()
    assert lake.read(QueryRuns).height == 1


def test_runs_are_written_by_themselves(lake: Lake) -> None:
    history = History(lake, every_s=0.01)
    history.add(run_row("select 1", {}, QueryError("no"), NOW, "me"))
    timer = history._timer
    if timer:
        timer.join(60)
    assert lake.read(QueryRuns).height == 1
    history.close()


def test_the_same_answer_has_the_same_hash_in_any_order() -> None:
    frame = pl.DataFrame({"a": [1, 2, None], "b": ["x", "y", "z"]})
    assert result_hash(frame) == result_hash(frame.reverse())
    assert result_hash(frame) != result_hash(frame.head(2))
    assert result_hash(frame) != result_hash(frame.rename({"a": "c"}))
    assert result_hash(frame) != result_hash(frame.cast({"a": pl.Float64}))
    assert result_hash(pl.DataFrame({"a": [1, 1]})) != result_hash(pl.DataFrame({"a": [1]}))


OLD = pl.DataFrame({"id": ["a", "b", "c", None], "n": [1, 2, 3, 4], "tags": [["x"], ["y"], None, []]})
NEW = pl.DataFrame({"id": ["b", None, "c", "d"], "n": [2, 5, None, 6], "tags": [["y"], [], ["z"], None]})


def test_by_key_rows_are_added_removed_or_changed() -> None:
    told = difference(OLD, NEW, ["id"])
    assert told.columns == ["change", "id", "n", "tags", "changed_columns", "n before", "tags before"]
    assert told.rows() == [
        ("added", "d", 6, None, None, None, None),
        ("removed", "a", 1, ["x"], None, None, None),
        ("changed", None, 5, [], ["n"], 4, []),
        ("changed", "c", None, ["z"], ["n", "tags"], 3, None),
    ]


def test_only_columns_that_changed_are_told_twice() -> None:
    told = difference(OLD.head(2), OLD.head(2).with_columns(n=pl.col("n") * 2), ["id"])
    assert told.columns == ["change", "id", "n", "tags", "changed_columns", "n before"]


def test_whole_rows_count_as_often_as_they_stand_there() -> None:
    before, after = pl.DataFrame({"a": [1, 1, None]}), pl.DataFrame({"a": [1, None, None, 2]})
    assert difference(before, after).rows() == [("added", None), ("added", 2), ("removed", 1)]


def test_whole_rows_with_lists_are_compared() -> None:
    assert difference(OLD, OLD.reverse()).is_empty()
    assert difference(OLD, NEW).height == 6


def test_nothing_changed_is_no_row() -> None:
    assert difference(OLD, OLD.reverse(), ["id"]).is_empty()
    assert difference(OLD.select("id"), OLD.select("id"), ["id"]).is_empty()


def test_a_column_that_came_or_went_is_compared_with_nothing() -> None:
    told = difference(OLD.select("id", "n"), OLD.select("id", "tags"), ["id"])
    assert set(told.columns) == {"change", "id", "n", "tags", "changed_columns", "n before", "tags before"}
    assert told["change"].unique().to_list() == ["changed"]


def test_types_that_changed_are_compared_as_text() -> None:
    before, after = pl.DataFrame({"id": [1], "n": [1]}), pl.DataFrame({"id": [1], "n": ["1"]})
    assert difference(before, after, ["id"]).is_empty()


@pytest.mark.parametrize(("key", "says"), [(["nope"], "no column"), (["n"], "several rows of the earlier")])
def test_a_key_has_to_be_one(key: list[str], says: str) -> None:
    before = pl.DataFrame({"id": ["a", "b"], "n": [1, 1]})
    with pytest.raises(QueryError, match=says):
        difference(before, pl.DataFrame({"id": ["a"], "n": [1]}), key)
