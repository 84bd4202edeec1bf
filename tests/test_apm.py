"""What application-monitoring connectors share: windows on a grid, ranges in halves, shares."""

import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.settings import Frozen
from ingest.connector import Run
from ingest.vendors import apm

NOW = datetime(2026, 3, 1, 12, 2, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def run(since: datetime, now: datetime = NOW) -> Run[Any]:
    return Run("test", "health", Frozen(), now, since, None, time.monotonic() + 30, MINUTE)


def test_windows_end_where_data_has_settled() -> None:
    """12:02:07 less two minutes is 12:00:07, in whole minutes 12:00; 11:57:30 begins in the minute 11:57."""
    told = apm.windows(run(NOW - timedelta(minutes=4, seconds=37)), MINUTE, 2 * MINUTE, 2)
    assert [(first.minute, last.minute) for first, last in told] == [(57, 59), (59, 0)]


@given(st.integers(0, 20_000), st.integers(1, 400))
def test_windows_neither_overlap_nor_leave_a_gap(seconds: int, points: int) -> None:
    told = apm.windows(run(NOW - timedelta(seconds=seconds)), MINUTE, 2 * MINUTE, points)
    assert all(before[1] == after[0] for before, after in pairwise(told))
    assert all(MINUTE <= last - first <= points * MINUTE for first, last in told)
    assert bool(told) == (seconds >= 128)  # 11:59:59 is the last second before the last settled minute's end


def test_nothing_settled_keeps_the_place() -> None:
    since = NOW - timedelta(seconds=30)
    assert apm.windows(run(since), MINUTE, 2 * MINUTE, 10) == []
    assert apm.rest(run(since), MINUTE).cursor == {"until": "2026-03-01T12:01:00+00:00"}


def test_a_range_that_is_cut_off_is_asked_in_halves_and_each_item_comes_once() -> None:
    events = [NOW + timedelta(seconds=17 * number) for number in range(100)]

    def ask(start: datetime, end: datetime) -> list[datetime]:
        return [at for at in events if start <= at < end][:8]

    assert list(apm.split(ask, NOW, NOW + timedelta(hours=1), 8)) == events


def test_a_minute_is_not_halved_for_ever() -> None:
    asked: list[datetime] = []

    def ask(start: datetime, end: datetime) -> list[int]:
        asked.append(start)
        return [1, 2]

    assert len(list(apm.split(ask, NOW, NOW + 8 * MINUTE, 2))) == 16
    assert len(asked) == 15  # 1 + 2 + 4 + 8


@pytest.mark.parametrize(
    ("part", "whole", "share"), [(5, 200, 2.5), (0, 10, 0.0), (12, 10, 100.0), (0, 0, None), (None, 10, None)]
)
def test_a_share_of_nothing_is_unknown(part: float | None, whole: float, share: float | None) -> None:
    assert apm.share_pct(part, whole) == share


def test_zero_is_no_instant() -> None:
    assert apm.at_millis(0) is None
    assert apm.at_millis(1772366400000) == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert apm.at_seconds(1772366400) == datetime(2026, 3, 1, 12, tzinfo=UTC)
