"""Days of App Store Connect: crashes and sessions, sales beside analytics, territories, performance."""

from pathlib import Path
from typing import Any

import pytest

from aurora.contracts.mobile import (
    MobileEngagementDaily,
    MobileInstallsDaily,
    MobileVitalsDaily,
    ReleaseHealthDaily,
    StoreRatingsDaily,
)
from ingest.connectors.app_store_connect import connector
from ingest.vendors.countries import ALPHA_2, country
from tests.apple import (
    APP_ID,
    CRASHES,
    DAY,
    DISCOVERY,
    DOWNLOADS,
    INSTALLS,
    NOW,
    SESSIONS,
    STORE_APP,
    Apple,
    Json,
    analysed,
    kept,
    table,
    world,
)
from tests.replay import Recording, run_of

D1, D2 = "2026-03-01", "2026-03-02"


def test_more_crashes_than_sessions_are_not_compared(tmp_path: Path) -> None:
    """5 crashes in 200 sessions, on 4 of 80 devices (5 %); of version 1.9 Apple leaves most sessions out."""
    apple = Apple()
    apple.tells(SESSIONS, "2026-03-04", (D1, "2.0", "AE", 200, 1, 80), (D1, "1.9", "AE", 5, 1, 5))
    apple.tells(CRASHES, "2026-03-04", (D1, "2.0", 5, 4), (D1, "1.9", 9, 6), (D1, "1.0", 1, 1))
    ingest, _ = analysed(tmp_path, apple)
    rows = kept(ingest, ReleaseHealthDaily, "version", "session_count", "crashed_session_count", "user_count")
    assert rows == [("1.0", None, 1, None), ("1.9", None, 9, None), ("2.0", 200, 5, 80)]
    vitals = kept(ingest, MobileVitalsDaily, "version", "vital", "value", "unit", "user_count")
    assert vitals == [("2.0", "crash", 0.05, "ratio", 80)]
    assert set(ingest.lake.read(ReleaseHealthDaily)["store_app_id"]) == {STORE_APP}


def test_a_day_without_a_crash_is_zero_when_it_is_complete_and_unknown_before(tmp_path: Path) -> None:
    """Crash reports of 20 February and 4 March, complete after five days: up to 27 February silence means none."""
    apple = Apple()
    used = [(f"2026-02-{day}", "2.0", "AE", 10, 10, 10) for day in ("19", "26", "27", "28")]
    apple.tells(SESSIONS, "2026-03-04", *used)
    apple.tells(CRASHES, "2026-02-20", ("2026-02-18", "2.0", 1, 1))
    apple.tells(CRASHES, "2026-03-04", ("2026-03-03", "2.0", 1, 1))
    ingest, _ = analysed(tmp_path, apple)
    rows = kept(ingest, ReleaseHealthDaily, "day", "crashed_session_count")
    assert [(day.day, count) for day, count in rows] == [(18, 1), (19, None), (26, 0), (27, 0), (28, None), (3, 1)]


def sale(kind: str, units: object, version: str = "2.0", day: str = "03/01/2026") -> tuple[object, ...]:
    return kind, units, version, day, "AE", APP_ID


SALES = ("Product Type Identifier", "Units", "Version", "Begin Date", "Country Code", "Apple Identifier")
NOT_YET = {"status": 404, "body": {"errors": [{"status": "404", "code": "NOT_FOUND"}]}}


def sold(apple: Apple, *days: Json) -> None:
    """Let the days since 27 February (five days before yesterday) tell this; None: no report."""
    reports = [{"body": table(SALES, *one)} if one is not None else NOT_YET for one in days]
    apple.said["/v1/salesReports"] = reports


def test_sales_tell_downloads_and_analytics_do_not_undo_them(tmp_path: Path) -> None:
    apple, options = Apple(), {"vendor_number": "85", "history": "3d"}
    apple.tells(INSTALLS, "2026-03-04", (D1, "2.0", "AE", "Install", "Redownload", 5))
    apple.tells(DOWNLOADS, "2026-03-04", (D1, "2.0", "AE", "First-time download", 11))
    names = ("install_count", "first_download_count", "redownload_count", "update_count")
    for _ in range(2):
        sold(apple, [sale("1F", 12), sale("1F", -2), sale("7", 40), sale("IA1", 3)], None, None, None, None)
        ingest, source = world(tmp_path, apple, **options)
        ingest.run(source, {"sales", "analytics"})
        assert kept(ingest, MobileInstallsDaily, *names) == [(5, 12, 0, 40)]
    assert kept(ingest, StoreRatingsDaily, "country", "acquisition_count") == [("AE", 11)]


def test_a_sales_report_that_comes_late_or_is_corrected_is_read(tmp_path: Path) -> None:
    """Of 1 to 3 March only the first is there; a day later the second too, and the first is another one."""
    apple, options = Apple(), {"vendor_number": "85", "history": "3d"}
    sold(apple, [sale("1", 5)], None, None)
    ingest, source = world(tmp_path, apple, **options)
    assert ingest.run(source, {"sales"})[0].status == "success"
    assert apple.params("filter[reportDate]") == [D1, D2, "2026-03-03"]
    sold(apple, [sale("1", 6, version="2.1")], [sale("1", 9, day="03/02/2026")], None, None)
    ingest, source = world(tmp_path, apple, NOW + DAY, **(options | {"history": "4d"}))
    assert ingest.run(source, {"sales"})[0].status == "success"
    told = kept(ingest, MobileInstallsDaily, "day", "version", "first_download_count")
    assert [(day.day, *more) for day, *more in told] == [(1, "2.0", None), (1, "2.1", 6), (2, "2.0", 9)]


@pytest.mark.parametrize("body", ["<html></html>", "", table(("Provider", "Title"))])
def test_an_answer_that_is_no_report_is_no_success(body: Any, tmp_path: Path) -> None:
    apple = Apple()
    apple.said["/v1/salesReports"] = [{"body": body}]
    ingest, source = world(tmp_path, apple, vendor_number="85", history="1d")
    (outcome,) = ingest.run(source, {"sales"})
    assert (outcome.status, outcome.error_class) == ("failed", "schema_drift")


def test_visitors_are_those_of_product_pages(tmp_path: Path) -> None:
    pages = (
        ("Impression", "No page", 90, 70),
        ("Page view", "Product page", 8, 6),
        ("Page view", "In-app event", 5, 5),
    )
    apple = Apple()
    apple.tells(DISCOVERY, "2026-03-04", *((D1, event, page, "AE", n, unique) for event, page, n, unique in pages))
    ingest, _ = analysed(tmp_path, apple)
    assert kept(ingest, MobileEngagementDaily, "version", "impression_count", "page_view_count") == [("", 90, 8)]
    assert kept(ingest, StoreRatingsDaily, "country", "visitor_count") == [("AE", 6)]


def test_every_territory_of_the_store_has_its_country() -> None:
    run = run_of(connector, "sales", Recording({"token": "env:PATH"}, NOW, []), Apple())
    assert [country(run, one) for one in ("ARE", "are", "AE", "XKS", "", None)] == ["AE", "AE", "AE", "XK", None, None]
    assert (country(run, "UTOPIA"), dict(run.unknown_words)) == ("ZZ", {"UTOPIA": 1})
    assert all(len(three) == 3 and len(two) == 2 for three, two in ALPHA_2.items())
    assert len(set(ALPHA_2.values())) == len(ALPHA_2) - 1  # XKS and XKX are one


def metrics(*points: Json, unit: str = "ms", percentile: str = "percentile.fifty", name: str = "launchTime") -> Json:
    about = {"percentile": percentile, "device": "all_iphones"}
    told = {"identifier": name, "unit": {"identifier": unit}, "datasets": [{"filterCriteria": about, "points": points}]}
    return {"body": {"productData": [{"metricCategories": [{"identifier": "LAUNCH", "metrics": [told]}]}]}}


@pytest.mark.parametrize(
    ("answer", "values"),
    [
        (metrics({"version": "2.0", "value": 1.25}, unit="s"), [1250.0]),
        (metrics({"version": "2.0", "value": 36}, unit="s/h", name="hangRate"), [0.01]),  # 36 s of 3,600
        (metrics({"version": "2.0", "value": 2}, unit="GB", name="peakMemory"), [2e9]),
        (metrics({"version": "2.0", "value": 5}, unit="parsecs"), []),
        (metrics({"version": "2.0", "value": 5}, percentile="percentile.ninety"), []),
        (metrics({"version": None, "value": 5}, {"version": "2.0", "value": -1}, {"value": "x"}, 7), []),
        ({"body": {"productData": []}}, []),
        ({"body": {"productData": [7, {"metricCategories": 7}, {"metricCategories": [{"metrics": [None]}]}]}}, []),
        ({"status": 404, "body": {"errors": []}}, []),
    ],
)
def test_performance_is_told_in_our_units(answer: Json, values: list[float], tmp_path: Path) -> None:
    apple = Apple()
    apple.said[f"/v1/apps/{APP_ID}/perfPowerMetrics"] = [answer]
    ingest, source = world(tmp_path, apple)
    assert ingest.run(source, {"performance"})[0].status == "success"
    assert [one for (one,) in kept(ingest, MobileVitalsDaily, "value")] == values
