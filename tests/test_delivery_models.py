"""Cycle times, CI, sprints and projects over a team's delivery that can be worked out by hand."""

import pytest

from aurora.contracts import Row
from aurora.contracts.delivery import Deployments
from aurora.contracts.estate import Applications, AppLinks, Edits
from tests.conftest import Published
from tests.estate import deployed
from tests.estate_delivery import SPRINT, delivery
from tests.frames import DAY, HOUR, NOW, link, put, row
from warehouse.lake import Lake

SPAN = {"since": (NOW - 30 * DAY).replace(tzinfo=None), "until": NOW.replace(tzinfo=None)}


@pytest.fixture
def team(lake: Lake) -> Lake:
    put(lake, Applications, [row(Applications, app_id="shop", team_id="web", lifecycle="active")])
    put(lake, AppLinks, [link("shop", "repository", "s1:r")])
    put(lake, Deployments, [deployed("d1", 0, "a1"), deployed("d2", 60, "a2"), deployed("d3", 120, "a1")])
    delivery(lake)
    return lake


def one(published: Published, sql: str, **asked: object) -> Row:
    return published().rows(sql, asked or None).row(0, named=True)


def test_the_parts_of_a_cycle(team: Lake, published: Published) -> None:
    """Coding an hour, pickup two, review three, an hour more to d2: seven hours in all."""
    told = one(published, "from pull_request_cycle where pull_request_id = 'p1'")
    parts = [told[f"{name}_s"] / 3600 for name in ("coding", "pickup", "review", "deploy", "cycle")]
    assert parts == [1, 2, 3, 1, 7]
    assert (told["deployment_id"], told["size_lines"], told["is_stale"]) == ("d2", 42, False)
    scope = one(published, "from cycle_times(since := $since, until := $until) where scope_type = 'team'", **SPAN)
    assert (scope["merged_count"], scope["deployed_count"], scope["cycle_median_s"]) == (1, 1, 7 * 3600)
    assert (scope["open_count"], scope["stale_count"]) == (2, 1), "a draft waits for nobody"


def test_the_load_of_a_reviewer(team: Lake, published: Published) -> None:
    """Reviews two and four hours after the opening: three in the middle."""
    told = one(published, "from review_load(since := $since, until := $until)", **SPAN)
    assert (told["reviewer"], told["review_count"], told["pull_request_count"], told["approved_count"]) == (
        "Ann",
        2,
        1,
        1,
    )
    assert told["wait_median_s"] == 3 * 3600


@pytest.mark.parametrize("mart", ["ci_health", "ci_jobs_summary"])
def test_builds(team: Lake, published: Published, mart: str) -> None:
    """Two of four that ended well or badly; the cancelled one counts neither way; commit b both failed and passed."""
    told = one(published, f"from {mart}(since := $since, until := $until)", **SPAN)
    assert (told["run_count"], told["failed_count"], told["success_pct"]) == (5, 2, 50)
    assert (told["duration_median_s"], told["flaky_commit_count"]) == (120, 1)
    assert told["run_hours"] == pytest.approx(605 / 3600)


def test_the_quality_of_code(team: Lake, published: Published) -> None:
    told = one(published, "from code_quality_daily")
    assert (told["app_id"], told["day"], told["coverage_pct"]) == ("shop", NOW.date(), 50)
    assert (told["debt_days"], told["maintainability_score"], told["duplicated_pct"]) == (2, 92, None)


def test_a_burn_down_follows_what_came_and_was_done(team: Lake, published: Published) -> None:
    """8 points at the start; 3 done on the third day; one point more on the fourth, which became two on the fifth."""
    rows = published().rows("from sprint_points_daily where sprint_id = 's1:6' order by day")
    told = [tuple(row) for row in rows.select("scope_points", "done_points", "left_points", "item_count").iter_rows()]
    assert told == [(8, 0, 8, 2), (8, 0, 8, 2), (8, 3, 5, 2), (9, 3, 6, 3), (10, 3, 7, 3), (10, 3, 7, 3)]
    assert rows["day"][0] == SPRINT.date()


def test_velocity_and_the_forecast(team: Lake, published: Published) -> None:
    """8, 9, 10, 11, 12: a mean of 10, a slope of 1, so 4 of 10 from first to last.

    12 points are left: 1.2 sprints of ten days at the mean, 1 at the best, 1.5 at the worst, from now on.
    """
    told = one(published, "from velocity")
    assert (told["sprint_count"], told["velocity_points"], told["worst_points"], told["best_points"]) == (5, 10, 8, 12)
    assert (told["trend_pct"], told["trend"], told["kept_pct"]) == (pytest.approx(40), "rising", pytest.approx(100))
    assert (told["left_points"], told["left_items"]) == (12, 3)
    days = [(told[name] - NOW.date()).days for name in ("forecast_on", "forecast_first_on", "forecast_last_on")]
    assert days == [12, 10, 15]


def test_a_project_in_the_pipeline(team: Lake, published: Published) -> None:
    """Production by its deployments; a person's word comes first, and goes when it is taken back."""
    told = one(published, "from project_pipeline")
    assert (told["status"], told["status_by"], told["app_ids"]) == ("production", "derived", ["shop"])
    assert (told["sprint"], told["progress_pct"], told["pace"]) == ("Sprint 6", pytest.approx(30), "behind")
    assert told["elapsed_pct"] == pytest.approx(55)
    assert (told["open_item_count"], told["critical_item_count"], told["open_bug_count"]) == (3, 1, 1)
    assert (told["open_pull_request_count"], told["merged_pull_request_count"]) == (2, 1)
    assert (told["good_deployment_count"], told["bad_deployment_count"]) == (1, 2)
    assert told["product_managers"] == ["Ann"]
    edit = row(Edits, entity_type="project", entity_id="s1:p", field="status", after='"maintenance"', action="set")
    put(team, Edits, [edit | {"edit_id": "e1", "changed_at": NOW - HOUR, "changed_by": "ann"}])
    told = one(published, "from project_pipeline")
    assert (told["status"], told["status_by"], told["status_set_by"]) == ("maintenance", "person", "ann")
    put(team, Edits, [edit | {"edit_id": "e2", "changed_at": NOW, "action": "revert"}])
    assert one(published, "from project_pipeline")["status_by"] == "derived"
