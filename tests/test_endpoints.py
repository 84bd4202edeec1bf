"""API endpoints: what their marts say was worked out by hand; null is not zero; the demo tells them richly."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from aurora.contracts import Row
from aurora.contracts.estate import AppLinks, Components
from aurora.contracts.operations import ApiEndpointErrors, ApiEndpointStats
from aurora.ui import endpoints
from ingest.demo.endpoints import endpoint_frames
from ingest.demo.world import Slice, World
from tests.conftest import Published
from tests.frames import DAY, HOUR, MINUTE, NOW, ROOT, component, link, put
from tests.test_pages import shown
from warehouse.lake import Lake
from warehouse.publish import publish

SPAN = "since := timestamp '2026-03-10 10:00', until := timestamp '2026-03-10 12:00'"
WEEK = 7 * DAY


def calls(endpoint: str, start: datetime, count: int, errors: int | None, ms: float | None, **values: Any) -> Row:
    key: Row = {"component_id": "s:api", "endpoint": endpoint, "method": "get"}
    times: Row = {"ts_start": start, "ts_end": start + HOUR, "call_count": count, "error_count": errors}
    return key | times | {"response_time_ms": ms} | values


def summary(published: Published) -> dict[str, Row]:
    found = published().rows(f"from api_endpoint_summary({SPAN}) order by worst_rank")
    return {row["endpoint"]: row for row in found.iter_rows(named=True)}


def test_means_are_weighted_by_calls_and_the_worst_interval_gives_the_percentile(
    lake: Lake, published: Published
) -> None:
    """100 calls at 100 ms and 300 at 300 ms: (10,000 + 90,000) / 400 = 250 ms; 6 of 400 fail: 98.5 %; 400 / 120 min."""
    told = [
        calls("/a", NOW - 2 * HOUR, 100, 2, 100.0, p95_ms=900.0, p99_ms=950.0),
        calls("/a", NOW - HOUR, 300, 4, 300.0, p95_ms=400.0, p99_ms=990.0),
        calls("/a", NOW, 999, 999, 9999.0),
        calls("/a", NOW - 3 * HOUR, 999, 999, 9999.0),
    ]
    put(lake, ApiEndpointStats, told)
    row = summary(published)["/a"]
    assert (row["call_count"], row["error_count"], row["success_pct"]) == (400, 6, pytest.approx(98.5))
    assert row["response_time_ms"] == pytest.approx(250)
    assert row["calls_per_minute"] == pytest.approx(400 / 120)
    assert (row["p95_ms_max"], row["p99_ms_max"]) == (900, 990)
    assert row["last_call_at"] == NOW.replace(tzinfo=None)
    assert (row["previous_call_count"], row["response_change_pct"]) == (None, None)


def test_null_is_not_zero(lake: Lake, published: Published) -> None:
    told = [
        calls("/untold", NOW - HOUR, 10, None, None),
        calls("/none", NOW - HOUR, 0, 0, None),
        calls("/well", NOW - HOUR, 10, 0, 20.0),
        calls("/half", NOW - HOUR, 10, 1, 20.0),
        calls("/half", NOW - 2 * HOUR, 90, None, None),
    ]
    put(lake, ApiEndpointStats, told)
    rows = summary(published)
    assert (rows["/untold"]["success_pct"], rows["/untold"]["error_count"]) == (None, None)
    assert (rows["/none"]["success_pct"], rows["/none"]["error_count"], rows["/none"]["call_count"]) == (None, 0, 0)
    assert (rows["/none"]["last_call_at"], rows["/none"]["verdict"]) == (None, "unknown")
    assert (rows["/well"]["success_pct"], rows["/well"]["verdict"]) == (100, "good")
    assert (rows["/untold"]["verdict"], rows["/untold"]["response_time_ms"]) == ("unknown", None)
    # 1 of the 10 whose outcome is known, not of 100; the mean is that of the 10 that were timed
    assert (rows["/half"]["success_pct"], rows["/half"]["response_time_ms"]) == (pytest.approx(90), 20)


def test_the_same_span_a_week_before_stands_beside(lake: Lake, published: Published) -> None:
    told = [
        calls("/a", NOW - HOUR, 300, 3, 150.0),
        calls("/a", NOW - HOUR - WEEK, 200, 4, 100.0),
        calls("/a", NOW - WEEK, 999, 999, 9999.0),
        calls("/gone", NOW - HOUR - WEEK, 5, 0, 1.0),
    ]
    put(lake, ApiEndpointStats, told)
    rows = summary(published)
    assert rows.keys() == {"/a"}
    row = rows["/a"]
    assert (row["previous_call_count"], row["previous_response_time_ms"]) == (200, 100)
    assert (row["previous_success_pct"], row["success_change_points"]) == (pytest.approx(98), pytest.approx(1))
    assert (row["response_change_pct"], row["call_change_pct"]) == (pytest.approx(50), pytest.approx(50))


def test_failing_stands_before_slow_and_limits_are_passed_not_met(lake: Lake, published: Published) -> None:
    figures = {
        "/fails": (1000, 50, 10.0), "/fails-some": (1000, 10, 900.0), "/slowest": (1000, 9, 501.0),
        "/at-500": (1000, 0, 500.0), "/over-200": (1000, 0, 201.0), "/at-200": (1000, 0, 200.0),
        "/untold": (10, None, None),
    }  # fmt: skip
    put(lake, ApiEndpointStats, [calls(name, NOW - HOUR, *figure) for name, figure in figures.items()])
    rows = summary(published)
    assert list(rows) == list(figures)
    verdicts = [row["verdict"] for row in rows.values()]
    assert verdicts == ["failing", "failing", "investigate", "slow", "slow", "good", "unknown"]


def test_errors_by_code_are_counted_with_their_last_occurrence(lake: Lake, published: Published) -> None:
    key: Row = {"component_id": "s:api", "endpoint": "/a", "method": "get"}
    hours = [(NOW - HOUR, "500", 3, NOW - 5 * MINUTE), (NOW - 2 * HOUR, "500", 3, NOW - 70 * MINUTE)]
    hours += [(NOW - HOUR, "404", 2, None), (NOW - HOUR, "429", 0, None), (NOW - DAY, "500", 99, NOW - DAY)]
    told = [
        key
        | {"ts_start": start, "ts_end": start + HOUR, "error_code": code, "error_count": count, "last_occurred_at": at}
        for start, code, count, at in hours
    ]
    put(lake, ApiEndpointErrors, told)
    found = published().rows(f"from api_endpoint_error_codes({SPAN}) order by error_count desc")
    shares = [(row["error_code"], row["error_count"], row["error_share_pct"]) for row in found.iter_rows(named=True)]
    assert shares == [("500", 6, 75), ("404", 2, 25)]
    assert found["last_occurred_at"].to_list() == [(NOW - 5 * MINUTE).replace(tzinfo=None), None]


def test_a_series_has_what_each_bucket_had(lake: Lake, published: Published) -> None:
    told = [calls("/a", NOW - 2 * HOUR, 10, None, 10.0, p95_ms=5.0), calls("/a", NOW - HOUR, 30, 1, 20.0, p95_ms=9.0)]
    put(lake, ApiEndpointStats, told)
    warehouse = published()
    hours = warehouse.rows(f"from api_endpoint_series({SPAN}, bucket_s := 3600) order by bucket_at")
    assert hours["error_count"].to_list() == [None, 1]
    day = warehouse.rows(f"from api_endpoint_series({SPAN}, bucket_s := 86400)").row(0, named=True)
    assert (day["call_count"], day["response_time_ms"], day["p95_ms_max"]) == (40, 17.5, 9)


def test_applications_come_from_the_links_of_the_component_it_stands_for(lake: Lake, published: Published) -> None:
    put(lake, Components, [component("s:main", name="Shop"), component("s:api", name="Twin", same_as="s:main")])
    put(lake, AppLinks, [link("shop", "component", "s:main"), link("blog", "component", "s:main")])
    put(lake, ApiEndpointStats, [calls("/a", NOW - HOUR, 1, 0, 1.0)])
    row = summary(published)["/a"]
    assert (row["component"], row["app_ids"]) == ("Twin", ["blog", "shop"])


def test_filters_and_the_sentence(lake: Lake, published: Published) -> None:
    put(lake, ApiEndpointStats, [calls("/a", NOW - HOUR, 100, 5, 10.0), calls("/b", NOW - HOUR, 100, 0, 600.0)])
    frame = published().rows(f"from api_endpoint_summary({SPAN}) order by worst_rank")
    assert endpoints.success_pct(frame) == pytest.approx(97.5)
    assert endpoints.success_pct(frame.clear()) is None
    assert "95.00% of 100 calls succeed" in endpoints.worst(frame)
    slow = endpoints.matching(frame, [], ["get"], "/B")
    assert slow["endpoint"].to_list() == ["/b"]
    assert "600 ms on average" in endpoints.worst(slow)
    assert endpoints.matching(frame, ["shop"], [], "").height == 0


def test_the_demo_tells_endpoints_richly_and_its_codes_add_up() -> None:
    anchor = datetime(2026, 11, 23, 13, 45, tzinfo=UTC)
    start = anchor - timedelta(days=15)
    stats, errors = endpoint_frames(World("demo", 7, anchor, start), Slice(start, anchor))
    key = ["component_id", "endpoint", "method", "ts_start"]
    assert stats.select(key).n_unique() == stats.height
    assert stats.select("component_id", "endpoint", "method").n_unique() > 30
    assert {"500", "429", "404"} <= set(errors["error_code"])
    summed = errors.group_by(key).agg(pl.col("error_count").sum())
    both = stats.join(summed, on=key, how="left", suffix="_by_code").filter(pl.col("error_count").is_not_null())
    assert (both["error_count"] == both["error_count_by_code"].fill_null(0)).all()
    assert stats["error_count"].null_count() > 0
    assert stats.select((pl.col("error_count") <= pl.col("call_count")).all()).item()


def test_a_chosen_endpoint_shows_its_series_codes_and_the_week_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    lake = Lake(tmp_path / "lake")
    at = [calls("/a", now - 3 * HOUR, 100, 5, 10.0, p95_ms=30.0), calls("/a", now - 3 * HOUR - WEEK, 50, 0, 20.0)]
    put(lake, ApiEndpointStats, [*at, calls("/b", now - 3 * HOUR, 9, 0, 5.0)])
    key: Row = {"component_id": "s:api", "endpoint": "/a", "method": "get", "error_code": "500", "error_count": 5}
    put(lake, ApiEndpointErrors, [key | {"ts_start": now - 3 * HOUR, "ts_end": now - 2 * HOUR}])
    publish(lake, tmp_path)
    monkeypatch.setattr("aurora.ui.endpoints.table", lambda frame, key: frame.row(0, named=True))
    test = shown(ROOT / "pages/operate/api_endpoints.py", tmp_path, monkeypatch, q="/a")
    assert not test.exception
    assert not test.error
    figures = {metric.label: metric.value for metric in test.metric}
    assert (figures["Success"], figures["Endpoints failing"], figures["Slowest p95"]) == ("95.00%", "1", "30 ms")
    assert (figures["Mean response"], figures["Calls"]) == ("10 ms", "100")
    assert {metric.label: metric.delta for metric in test.metric}["Mean response"].startswith("-10")
    assert [frame.value["error_code"].to_list() for frame in test.dataframe] == [["500"]]
    assert "95.00% of 100 calls succeed" in " ".join(str(part.value) for part in test.markdown)
