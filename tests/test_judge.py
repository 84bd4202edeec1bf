"""Judging: today's verdicts land once, yesterday's stay, and no fault of a judgement reaches the worker."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from aurora import judge as judge_module
from aurora.contracts import TABLES
from aurora.contracts.estate import Applications, AppLinks, AppScores, Components, ScorecardResults
from aurora.contracts.operations import ComponentHealth
from aurora.errors import SettingsError
from aurora.judge import JUDGEMENTS, judge
from aurora.settings import Settings
from ingest import schedule as schedule_module
from ingest.run import Ingest
from ingest.schedule import Worker
from tests.conftest import Published
from tests.frames import DAY, MINUTE, NOW, component, health, link, put, row, settings
from tests.test_schedule import until
from warehouse.lake import Lake
from warehouse.publish import publish
from warehouse.query import Warehouse

TODAY = NOW.date()


@pytest.fixture
def mine(data: Path) -> Settings:
    return settings(data=data, config=data / "aurora.toml", demo=False)


def estate(lake: Lake) -> None:
    """`shop` with an API where 1 % of the requests fail, and `blog` of which nothing is known."""
    put(lake, Applications, [row(Applications, app_id=name, updated_at=NOW) for name in ("shop", "blog")])
    put(lake, Components, [component("c1", type="api")])
    put(lake, AppLinks, [link("shop", "component", "c1")])
    put(lake, ComponentHealth, [health("c1", NOW - MINUTE, error_rate_pct=1.0, requests_per_minute=1.0)])


def of_day(lake: Lake, day: date) -> pl.DataFrame:
    return lake.read(AppScores).filter(pl.col("day") == day)


def test_scores_land_once_and_are_read_back(lake: Lake, mine: Settings, published: Published, data: Path) -> None:
    """Availability 0.20, errors 0.15, freshness 0.05 have data, 40 % of the weights; errors at 1 % are 50.

    Lost: 0.15 / 0.40 * 50 = 18.75, so the score is 81.25, told as 81.3 (rounded half away from zero).
    """
    estate(lake)
    published()
    judge(mine, lake, NOW)
    rows = of_day(lake, TODAY)
    assert rows.height == 18
    assert set(rows.select("source", "source_instance").unique().row(0)) == {"aurora"}
    errors = rows.filter((pl.col("app_id") == "shop") & (pl.col("part") == "errors")).row(0, named=True)
    assert (errors["score"], errors["lost_score"], errors["weight_ratio"]) == (50.0, 18.75, pytest.approx(0.375))
    written = lake.version(AppScores)
    judge(mine, lake, NOW + MINUTE)
    assert lake.version(AppScores) == written, "what is the same is not written again"

    warehouse = published()
    now = {one["app_id"]: one for one in warehouse.rows("from app_scores_now").iter_rows(named=True)}
    assert (now["shop"]["score"], now["shop"]["coverage_pct"], now["shop"]["part_count"]) == (81.3, 40.0, 3)
    assert (now["shop"]["worst_part"], now["shop"]["lost_parts"], now["shop"]["day"]) == ("errors", ["errors"], TODAY)
    assert (now["blog"]["score"], now["blog"]["coverage_pct"], now["blog"]["day"]) == (None, 0.0, TODAY)


def test_yesterday_stays_what_was_said(lake: Lake, mine: Settings, published: Published) -> None:
    estate(lake)
    published()
    judge(mine, lake, NOW - DAY)
    before = of_day(lake, TODAY - DAY)
    put(lake, ComponentHealth, [health("c1", NOW - 2 * MINUTE, error_rate_pct=100.0, requests_per_minute=9.0)])
    published()
    judge(mine, lake, NOW)
    first = of_day(lake, TODAY)
    put(lake, ComponentHealth, [health("c1", NOW - 3 * MINUTE, error_rate_pct=0.0, requests_per_minute=9e9)])
    warehouse = published()
    judge(mine, lake, NOW)
    assert of_day(lake, TODAY - DAY).equals(before)
    assert not of_day(lake, TODAY).select("score").equals(first.select("score"))
    warehouse = published()
    days = warehouse.rows("select day, score from app_score_days where app_id = 'shop' order by day").rows()
    assert days == [(TODAY - DAY, 81.3), (TODAY, 100.0)]
    assert warehouse.rows("select score from app_scores_now where app_id = 'shop'").item() == 100.0


def test_a_score_of_last_week_is_no_score_of_now(lake: Lake, mine: Settings, published: Published) -> None:
    estate(lake)
    published()
    judge(mine, lake, NOW)
    rows = published(NOW + 7 * DAY).rows("select score, day, coverage_pct from app_scores_now")
    assert set(rows.rows()) == {(None, None, None)}


def test_the_rules_beside_the_settings_count(lake: Lake, mine: Settings, published: Published) -> None:
    estate(lake)
    published()
    text = mine.reference("score.toml").read_text()
    (mine.config.parent / "score.toml").write_text(
        text.replace("half_at = 1.0\nnone_at = 5.0", "half_at = 2.0\nnone_at = 5.0")
    )
    judge(mine, lake, NOW)
    errors = of_day(lake, TODAY).filter((pl.col("app_id") == "shop") & (pl.col("part") == "errors"))
    assert errors["score"].item() == 76.3  # 100 - 50 * 0.9 / 1.9
    assert json.loads(errors["reasons"].item())[0]["table"] == "component_health"


def test_before_anything_is_published_nothing_is_judged(lake: Lake, mine: Settings) -> None:
    judge(mine, lake, NOW)
    assert lake.version(AppScores) is None


def test_no_application_writes_nothing(lake: Lake, mine: Settings, published: Published) -> None:
    published()
    judge(mine, lake, NOW)
    assert lake.read(AppScores).height == 0


def test_a_judgement_that_breaks_is_told_and_the_next_one_goes_on(
    lake: Lake,
    mine: Settings,
    published: Published,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: Any) -> pl.DataFrame:
        raise ZeroDivisionError("boom")

    def wrong(*_: Any) -> pl.DataFrame:
        keys = {"app_id": ["shop"], "day": [TODAY], "part": ["luck"], "weight_ratio": [1.0], "score": [1.0]}
        return pl.DataFrame(keys | {"lost_score": [0.0], "has_data": [True], "reasons": [None]})

    estate(lake)
    published()
    more = ((ScorecardResults, broken), (AppScores, wrong), *JUDGEMENTS)
    monkeypatch.setattr(judge_module, "JUDGEMENTS", more)
    judge(mine, lake, NOW)
    assert "scorecard_results: not judged: boom" in caplog.text
    assert "app_scores: not judged: rows break the contract: part|check__one_of" in caplog.text
    assert of_day(lake, TODAY).height == 18


def test_rules_that_are_wrong_are_told_in_one_line(
    lake: Lake, mine: Settings, published: Published, caplog: pytest.LogCaptureFixture
) -> None:
    (mine.config.parent / "score.toml").write_text("[availability]\n")
    estate(lake)
    published()
    judge(mine, lake, NOW)
    (told,) = caplog.records
    assert told.exc_info in (None, False)
    assert "score.toml: availability.value: it is missing: add it" in told.getMessage()


def test_every_judgement_fills_a_table_of_ours_slice_by_slice() -> None:
    for table, _ in JUDGEMENTS:
        assert TABLES[table.spec.name] is table
        assert (table.spec.owner, table.spec.mode) == ("aurora", "replace")
        assert table.spec.slice_by in (("day",), ("month_on",))


def test_the_worker_judges_soon_and_again_and_survives_it(
    lake: Lake, mine: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """First after JUDGE_AFTER_S, once, then by the job of JUDGE_EVERY_MIN."""
    judged: list[Lake] = []

    def failing(settings: Settings, lake: Lake) -> None:
        judged.append(lake)
        raise SettingsError("the rules are wrong")

    worker = Worker(Ingest(lake, mine, {}), lambda *_: (), lambda: mine, failing)
    jobs = [job for job in worker._jobs.jobs if "judg" in str(job.job_func)]
    assert {(job.interval, job.unit) for job in jobs} == {(20, "seconds"), (5, "minutes")}
    first = next(job for job in jobs if job.unit == "seconds")
    first.next_run = first.next_run - timedelta(seconds=21)
    worker._jobs.run_pending()
    until(lambda: judged == [lake])
    until(lambda: "judging failed: the rules are wrong" in caplog.text)
    assert first not in worker._jobs.jobs
    worker._upkeep.shutdown(wait=True)
    assert schedule_module.JUDGE_AFTER_S == 20


def test_a_worker_without_a_judge_has_nothing_to_do(lake: Lake, mine: Settings) -> None:
    worker = Worker(Ingest(lake, mine, {}), lambda *_: (), lambda: mine)
    worker._of_ours("judging", worker._judge)
    assert worker._running == {}


def test_what_was_judged_is_published_like_any_row(lake: Lake, mine: Settings, data: Path) -> None:
    estate(lake)
    publish(lake, data, now=NOW)
    judge(mine, lake, NOW)
    publish(lake, data)
    assert Warehouse(data / "published").rows("select count(*) as n from app_scores")["n"].item() == 18
