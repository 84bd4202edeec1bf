"""Questions of people: what they answer, how they fail, how they are stopped. What nobody gets is in test_attacks."""

import threading
import time
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from aurora.contracts.delivery import Commits
from aurora.errors import CancelledError, NotPublishedError, QueryError, RefusedError
from aurora.explore.ask import Handle, Limits, _spare, ask
from tests.frames import put, row
from warehouse.lake import Lake
from warehouse.publish import publish


def test_an_answer_tells_rows_and_generation(explored: Path) -> None:
    answer = ask(explored, "select 1 as a, 'x' as b")
    assert answer.frame.to_dicts() == [{"a": 1, "b": "x"}]
    assert (answer.is_capped, answer.generation) == (False, 1)
    assert answer.duration_ms > 0


def test_views_over_the_lake_are_read(explored: Path) -> None:
    assert ask(explored, "select count(*) as n from commits").frame["n"].to_list() == [1]


def test_more_rows_than_the_limit_are_not_told(explored: Path) -> None:
    answer = ask(explored, "from range(20) t(i) order by i desc", limits=Limits(rows=10))
    assert answer.is_capped
    assert answer.frame["i"].to_list() == list(range(19, 9, -1))
    assert not ask(explored, "from range(10)", limits=Limits(rows=10)).is_capped


def test_values_are_bound(explored: Path) -> None:
    answer = ask(explored, "select $a || '!' as a, $b + 1 as b", {"a": "'; drop table x --", "b": 1})
    assert answer.frame.rows() == [("'; drop table x --!", 2)]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select 1 as a, 2 as a", {"a": 1, "a_1": 2}),
        ("select timestamptz '2026-01-02 03:04:05+02' as t", {"t": datetime(2026, 1, 2, 1, 4, 5)}),  # noqa: DTZ001
        ("select interval 90 minute as i", {"i": "01:30:00"}),
        ("select map {'a': 1} as m, 'x'::enum('x', 'y') as e", {"m": "{a=1}", "e": "x"}),
        ("select '101'::bit as b, null as n, [1, null] as l", {"b": "101", "n": None, "l": [1, None]}),
        ("select 1; -- the end", {"1": 1}),
        ("values (1)", {"col0": 1}),
        ("with a as (select 1 as x) from a", {"x": 1}),
        ("from (pivot (values ('a', 1), ('b', 2)) t(k, v) on k in ('a', 'b') using sum(v))", {"a": 1, "b": 2}),
    ],
)
def test_whatever_the_engine_answers_comes_as_a_frame(explored: Path, sql: str, expected: dict[str, object]) -> None:
    assert ask(explored, sql).frame.to_dicts() == [expected]


def test_tables_are_described(explored: Path) -> None:
    assert "commits" in ask(explored, "show tables").frame["name"].to_list()
    assert ask(explored, "describe commits").frame["column_name"][0] == "repo_id"
    assert ask(explored, "summarize select 1 as a").frame["column_name"].to_list() == ["a"]
    assert ask(explored, "explain analyze select 1").frame.height == 1
    assert ask(explored, "select table_name from information_schema.tables").frame.height > 100


def test_no_rows_keep_their_columns(explored: Path) -> None:
    assert ask(explored, "select 1 as a where false").frame.schema == {"a": pl.Int32}


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("select\n  nope from commits", r"nope[\s\S]*LINE 2:"),
        ("selec 1", r"syntax error[\s\S]*LINE 1:"),
        ("from no_such_table", "no_such_table"),
        ("select $a", "a"),
        ("select 'x'::int", "Could not convert"),
        ("select error('mine')", "mine"),
    ],
)
def test_what_fails_says_why(explored: Path, sql: str, says: str) -> None:
    with pytest.raises(QueryError, match=says):
        ask(explored, sql)


def test_a_long_query_is_ended(explored: Path) -> None:
    with pytest.raises(QueryError, match=r"more than 0.5 s"):
        ask(explored, "select count(*) from range(10000000000) a, range(1000)", limits=Limits(wall_s=0.5))


def test_a_busy_query_is_ended(explored: Path) -> None:
    with pytest.raises(QueryError, match=r"more than 1 s of computing"):
        ask(explored, "select sum(hash(a.range)) from range(10000000000) a, range(1000)", limits=Limits(cpu_s=1))


def test_a_huge_query_is_ended(explored: Path) -> None:
    with pytest.raises(QueryError, match=r"more than 4 GB of memory"):
        ask(explored, "select sum(x) from (select unnest(range(1000000000)) as x)")


def test_a_huge_answer_is_refused(explored: Path) -> None:
    with pytest.raises(RefusedError, match=r"100 MB, 64 are the most"):
        ask(explored, "select repeat('x', 1000000) as x from range(100)")


def test_a_query_can_be_stopped(explored: Path) -> None:
    handle = Handle()
    timer = threading.Timer(0.7, handle.cancel)
    timer.start()
    started = time.monotonic()
    with pytest.raises(CancelledError):
        ask(explored, "select count(*) from range(10000000000) a, range(1000)", handle=handle)
    assert time.monotonic() - started < 15
    timer.join()


def test_a_query_can_be_stopped_before_it_starts(explored: Path) -> None:
    handle = Handle()
    handle.cancel()
    with pytest.raises(CancelledError):
        ask(explored, "select 1", handle=handle)


def test_nothing_is_asked_before_something_is_published(tmp_path: Path) -> None:
    with pytest.raises(NotPublishedError):
        ask(tmp_path, "select 1")


def test_a_spare_that_died_is_replaced(explored: Path) -> None:
    ask(explored, "select 1")
    assert _spare._process
    _spare._process.kill()
    assert ask(explored, "select 1 as a").frame["a"].to_list() == [1]


def test_no_process_answers_twice(explored: Path) -> None:
    ask(explored, "select 1")
    first = _spare._process
    ask(explored, "select 1")
    assert first
    assert _spare._process is not first
    assert not first.is_alive


def test_a_process_of_one_folder_does_not_answer_for_another(explored: Path, begun: Path) -> None:
    for _ in range(2):
        assert ask(explored, "select count(*) as n from commits").frame["n"].to_list() == [1]
        assert ask(begun / "published", "select count(*) as n from commits").frame["n"].to_list() == [0]


def test_another_generation_is_asked_by_the_process_that_waits(begun: Path) -> None:
    published = begun / "published"
    assert ask(published, "select count(*) as n from commits").generation == 1
    put(Lake(begun / "lake"), Commits, [row(Commits)])
    publish(Lake(begun / "lake"), begun)
    answer = ask(published, "select count(*) as n from commits")
    assert (answer.generation, answer.frame["n"].to_list()) == (2, [1])


def test_a_file_that_is_gone_is_no_secret_path(begun: Path) -> None:
    put(Lake(begun / "lake"), Commits, [row(Commits)])
    publish(Lake(begun / "lake"), begun)
    for file in (begun / "lake" / "commits").rglob("*.parquet"):
        file.unlink()
    with pytest.raises(QueryError, match="lake:commits/") as caught:
        ask(begun / "published", "from commits")
    assert str(begun) not in str(caught.value)
