"""Delivery in the demo estate: what was asked, reviewed, built, tested and deployed follows one from the other."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import polars as pl
import pytest

from ingest.demo.build_rows import build_rows
from ingest.demo.delivery_rows import delivery_rows
from ingest.demo.governance import agreed_rows
from ingest.demo.planning_rows import planning_rows
from ingest.demo.world import DAY, HOUR, MINUTE, Slice, World
from tests.test_demo import ANCHOR, NOW, Frames, checked, one

# In the week, at the instant at which sprints change, in a night of the weekend.
ANCHORS = [ANCHOR, datetime(2026, 11, 23, 8, tzinfo=UTC), datetime(2026, 3, 1, 1, 20, tzinfo=UTC)]
NEW = [
    "pull_requests", "pull_request_reviews", "work_items", "work_item_changes", "sprints", "ci_runs", "ci_jobs",
    "test_runs", "test_cases", "coverage_reports", "environments",
]  # fmt: skip
POINTS = ["committed_points", "added_points", "removed_points", "total_points", "completed_points"]


def world_of(anchor: datetime, days: int = 90) -> World:
    return World("demo", 7, anchor, anchor - days * DAY)


def told_in(world: World, span: Slice) -> Frames:
    def rows() -> Iterator[Any]:
        yield from delivery_rows(world, span)
        yield from build_rows(world, span)
        yield from planning_rows(world, span)
        yield from agreed_rows(world, span.until)

    return checked(list(rows()))


@pytest.fixture(scope="module", params=ANCHORS, ids=["a Monday", "a change of sprints", "a night"])
def told(request: pytest.FixtureRequest) -> Frames:
    """Ninety days, within their contracts."""
    anchor: datetime = request.param
    return told_in(world_of(anchor), Slice(anchor - 90 * DAY, anchor + MINUTE))


@pytest.fixture(scope="module")
def monday() -> Frames:
    return told_in(world_of(ANCHOR), Slice(ANCHOR - 90 * DAY, NOW))


def test_a_slice_told_twice_is_the_same(monday: Frames) -> None:
    for span in (Slice(ANCHOR - 20 * DAY, NOW), Slice(NOW, NOW + 30 * HOUR)):
        first, again = (told_in(world_of(ANCHOR, 20), span) for _ in range(2))
        assert set(NEW) <= first.keys()
        assert all(frame.equals(again[name]) for name, frame in first.items())
    assert 15_000 < sum(monday[name].height for name in NEW) < 60_000


def test_only_references_that_exist(monday: Frames) -> None:
    def known(table: str, column: str, to: str, key: str) -> None:
        missing = (
            monday[table]
            .filter(pl.col(column).is_not_null())
            .join(monday[to], left_on=column, right_on=key, how="anti")
        )
        assert missing.is_empty(), f"{table}.{column}"

    for table in ("pull_requests", "ci_runs", "test_runs", "coverage_reports", "environments", "work_items"):
        known(table, "repo_id", "repositories", "repo_id")
    for table, column in (("pull_requests", "author_id"), ("work_items", "assignee_id")):
        known(table, column, "people", "person_id")
    known("pull_request_reviews", "reviewer_id", "people", "person_id")
    known("pull_request_reviews", "pull_request_id", "pull_requests", "pull_request_id")
    known("deployment_commits", "pull_request_id", "pull_requests", "pull_request_id")
    known("commits", "author_id", "people", "person_id")
    known("pull_requests", "merge_sha", "commits", "sha")
    known("ci_jobs", "ci_run_id", "ci_runs", "ci_run_id")
    known("test_runs", "ci_run_id", "ci_runs", "ci_run_id")
    known("test_cases", "test_run_id", "test_runs", "test_run_id")
    known("work_item_changes", "work_item_id", "work_items", "work_item_id")
    for table in ("work_items", "sprints"):
        known(table, "project_id", "projects", "project_id")
    monday["keys"] = pl.concat(
        [monday[name].select(key="work_item_keys") for name in ("pull_requests", "deployment_commits")]
    )
    monday["keys"] = monday["keys"].explode("key")
    known("keys", "key", "work_items", "key")
    monday["of_sprints"] = monday["work_items"].select("sprint_ids").explode("sprint_ids")
    known("of_sprints", "sprint_ids", "sprints", "sprint_id")
    del monday["keys"], monday["of_sprints"]


def test_a_change_is_written_offered_reviewed_merged_and_then_deployed(told: Frames) -> None:
    pulls, id_ = told["pull_requests"], "pull_request_id"
    steps = ["first_commit_at", "created_at", "first_review_at", "approved_at", "merged_at"]
    for before, after in pairwise(steps):
        assert pulls.filter(pl.col(before) > pl.col(after)).is_empty(), after
    assert pulls.filter(pl.col("created_at") > pl.col("merged_at")).is_empty()
    deployed = told["deployments"].select("deployment_id", "env_tier", "ci_run_id", deployed_at="created_at")
    carried = told["deployment_commits"].join(deployed, on="deployment_id").join(pulls, on=id_)
    assert carried.height > 800
    assert carried.filter(pl.col("merged_at").is_null() | (pl.col("merged_at") > pl.col("deployed_at"))).is_empty()
    direct = told["deployment_commits"].filter(pl.col(id_).is_null())
    assert 0 < direct.height < carried.height / 5
    on_main = carried.join(told["commits"], on=["repo_id", "sha"])
    assert on_main.filter(pl.col("committed_at") != pl.col("merged_at")).is_empty()
    assert on_main.filter(pl.col("authored_at") < pl.col("first_commit_at")).is_empty()
    sizes = (
        on_main.filter(pl.col("env_tier") == "production").unique("sha").group_by(id_).agg(pl.sum("added_lines_right"))
    )
    assert sizes.join(pulls, on=id_).filter(pl.col("added_lines") != pl.col("added_lines_right")).is_empty()
    built = deployed.join(told["ci_runs"], on="ci_run_id")
    assert built.height > 500
    assert set(built["result"]) == {"success"}


def test_commits_of_a_repository_follow_their_parents(told: Frames) -> None:
    commits = told["commits"].explode("parents")
    both = commits.join(told["commits"], left_on=["repo_id", "parents"], right_on=["repo_id", "sha"])
    assert both.height > 1000
    assert both.filter(pl.col("committed_at") < pl.col("committed_at_right")).is_empty()


def test_requests_are_open_forgotten_drafts_closed_and_of_the_bot(monday: Frames) -> None:
    pulls, age = monday["pull_requests"], NOW - pl.col("created_at")
    waiting = pulls.filter(pl.col("state") == "open")
    assert waiting.filter(age > timedelta(days=20), pl.col("is_draft").not_()).height in range(3, 15)
    assert waiting.filter("is_draft").height in range(1, 8)
    assert pulls.filter(pl.col("state") == "closed", pl.col("merged_at").is_null()).height > 20
    assert pulls.filter(pl.col("author_id") == "dependency-bot", pl.col("state") == "merged").height > 20
    reviews = monday["pull_request_reviews"].join(pulls, on="pull_request_id")
    assert reviews.filter(pl.col("reviewer_id") == pl.col("author_id")).is_empty()
    counted = reviews.group_by("pull_request_id").agg(n=pl.len(), told=pl.first("review_count"))
    assert counted.filter(pl.col("n") != pl.col("told")).is_empty()


def test_the_stories_have_their_requests_and_bugs(told: Frames) -> None:
    bad = one(
        told["deployments"], pl.col("app_id") == "damac-hills-2-crm", pl.col("status") == "rolled_back",
        pl.col("version") == "v2.14.0",
    )  # fmt: skip
    bug = one(told["work_items"], pl.col("title").str.contains("v2.14.0"), pl.col("type") == "bug")
    revert = one(told["pull_requests"], pl.col("title") == f'Revert "{bad["changes"][-1]}"')
    remedy = one(told["pull_requests"], pl.col("title") == "Load prices only when asked for")
    assert revert["labels"] == ["revert"]
    assert one(told["commits"], pl.col("sha") == revert["merge_sha"])["is_revert"]
    assert bad["updated_at"] < revert["first_commit_at"] < revert["merged_at"] < bad["updated_at"] + 2 * HOUR
    assert bad["updated_at"] < remedy["first_commit_at"]
    assert remedy["work_item_keys"] == [bug["key"]]
    assert bad["finished_at"] - 12 * MINUTE < bug["created_at"] < remedy["merged_at"] < bug["resolved_at"]
    hotfix = one(told["deployments"].sort("created_at", descending=True), pl.col("is_hotfix"))
    assert hotfix["app_id"] == "owner-portal"
    brought = one(told["deployment_commits"], pl.col("deployment_id") == hotfix["deployment_id"])
    fix = one(told["pull_requests"], pl.col("pull_request_id") == brought["pull_request_id"])
    assert (fix["labels"], len(fix["work_item_keys"])) == (["hotfix"], 1)


def points_of(sprint: dict[str, Any], histories: list[tuple[float, pl.DataFrame]], end: datetime) -> dict[str, float]:
    """Replay the changes up to the sprint's end; what an item weighs does not change inside a sprint."""
    points = dict.fromkeys(POINTS, 0.0)
    for weight, history in histories:
        is_inside = is_done = False
        for field, after, at in history.iter_rows():
            if at >= end:
                break
            is_done = after == "done" if field == "state" else is_done
            was_inside = is_inside
            is_inside = sprint["sprint_id"] in (after or "").split(",") if field == "sprint" else is_inside
            if is_inside != was_inside:
                name = "committed" if at < sprint["starts_at"] else "added" if is_inside else "removed"
                points[f"{name}_points"] += weight
        points["total_points"] += weight * is_inside
        points["completed_points"] += weight * (is_inside and is_done)
    return points


def test_points_of_sprints_are_what_items_and_changes_add_up_to(told: Frames) -> None:
    items, changes = told["work_items"], told["work_item_changes"]
    now = max(told["pull_requests"]["updated_at"].max(), changes["changed_at"].max()) + MINUTE  # type: ignore[type-var, operator]
    estimates = changes.filter(pl.col("field") == "points").select("work_item_id", pl.col("to_value").cast(pl.Float64))
    weights = dict.fromkeys(items["work_item_id"], 0.0) | dict(estimates.iter_rows())
    rows = changes.sort("changed_at").select("work_item_id", "field", "to_value", "changed_at")
    moved = rows.filter(pl.col("field") == "sprint")["work_item_id"].unique()
    histories = [
        (weights[str(item)], own.drop("work_item_id"))
        for (item,), own in rows.filter(pl.col("work_item_id").is_in(moved.implode())).group_by("work_item_id")
    ]
    begun = told["sprints"].filter(pl.col("state") != "future")
    assert begun.height >= 30
    for sprint in begun.iter_rows(named=True):
        assert points_of(sprint, histories, sprint["completed_at"] or now) == {name: sprint[name] for name in POINTS}
    assert (begun["committed_points"] + begun["added_points"] - begun["removed_points"] == begun["total_points"]).all()
    assert set(begun["points_method"]) == {"changelog"}
    assert begun["removed_points"].sum() > 0
    assert begun.filter(pl.col("completed_points") > pl.col("total_points")).is_empty()


def test_each_project_has_six_closed_sprints_one_active_and_one_to_come(told: Frames) -> None:
    counts = told["sprints"].group_by("project_id", "state").len().sort("state")
    assert counts.select("state", "len").unique().sort("state").rows() == [("active", 1), ("closed", 6), ("future", 1)]
    planning = told["projects"].filter(pl.col("kind") == "planning")
    assert set(counts["project_id"]) == set(planning["project_id"])
    assert set(planning["status"]) == {"planning", "development", "testing", "production", "maintenance"}
    roles = (
        told["memberships"].filter(pl.col("scope_type") == "project").group_by("scope_id").agg(pl.col("role").unique())
    )
    assert set(roles["scope_id"]) == set(planning["project_id"])
    assert all(set(found) == {"developer", "designer", "tester", "product_manager"} for found in roles["role"])
    lengths = told["sprints"].select(pl.col("ends_at") - pl.col("starts_at")).to_series()
    assert set(lengths) == {timedelta(days=14)}


def test_items_stand_as_their_changes_left_them(told: Frames) -> None:
    last = (
        told["work_item_changes"]
        .filter(pl.col("field") == "state")
        .sort("changed_at")
        .unique("work_item_id", keep="last")
    )
    both = told["work_items"].join(last, on="work_item_id", how="left")
    assert (both["state"] == both["to_value"].fill_null("todo")).all()
    assert set(told["work_items"]["type"]) == {"story", "bug", "task", "incident"}
    assert told["work_items"].filter(pl.col("type").is_in(["bug", "incident"]))["severity"].null_count() == 0
    assert {"todo", "in_progress", "done"} == set(told["work_items"]["state"])


def test_one_job_is_flaky_and_no_other(monday: Frames) -> None:
    at_once = monday["ci_jobs"].join(monday["ci_runs"], on="ci_run_id").filter(pl.col("event") != "schedule")
    both = at_once.group_by("repo_id", "sha", "name", "event").agg(pl.col("result").unique())
    mixed = both.filter(pl.col("result").list.contains("failure") & pl.col("result").list.contains("success"))
    assert mixed.select("repo_id", "name").unique().rows() == [("demo:property-manager-android", "integration-tests")]
    cases = (
        monday["test_cases"]
        .join(monday["test_runs"], on="test_run_id")
        .group_by("sha", "name")
        .agg(pl.col("result").unique())
    )
    assert set(cases.filter(pl.col("result").list.len() > 1)["name"]) >= {"shows_slots_of_next_month"}
    failed = monday["test_cases"].filter(pl.col("result") == "failed").group_by("test_run_id").len()
    counted = monday["test_runs"].join(failed, on="test_run_id", how="left")
    assert (counted["failure_count"] == counted["len"].fill_null(0)).all()


def test_builds_differ_by_repository_and_one_queue_grew(monday: Frames) -> None:
    runs = monday["ci_runs"].filter(pl.col("result").is_not_null())
    usual = runs.group_by("repo_id").agg(pl.median("duration_s"), pl.median("queued_s"))
    assert usual["duration_s"].max() > 4 * usual["duration_s"].min()  # type: ignore[operator]
    assert 0.02 < runs.select((pl.col("result") == "failure").mean()).item() < 0.12
    recent = pl.col("created_at") > ANCHOR - 8 * DAY
    before = pl.col("created_at") < ANCHOR - 14 * DAY
    waits = runs.group_by("repo_id").agg(
        more=pl.col("queued_s").filter(recent).median() / pl.col("queued_s").filter(before).median()
    )
    assert set(waits.filter(pl.col("more") > 5)["repo_id"]) == {"demo:booking-api"}
    begun = runs.join(monday["ci_jobs"], on="ci_run_id").filter(pl.col("started_at_right").is_not_null())
    assert begun.filter(pl.col("started_at_right") < pl.col("started_at")).is_empty()
    assert begun.filter(pl.col("finished_at_right") > pl.col("finished_at")).is_empty()


def test_coverage_rises_here_and_falls_there(monday: Frames) -> None:
    reports = monday["coverage_reports"].with_columns(pct=100 * pl.col("lines_covered") / pl.col("lines_valid"))
    total = pl.col("path") == ""
    spans = reports.filter(total).sort("reported_at").group_by("repo_id").agg(
        gain=pl.last("pct") - pl.first("pct"), days=pl.len()
    )  # fmt: skip
    assert set(spans.filter(pl.col("gain") > 5)["repo_id"]) == {"demo:damac-hills-2-crm"}
    assert set(spans.filter(pl.col("gain") < -5)["repo_id"]) == {"demo:whatsapp-crm"}
    assert spans.filter(pl.col("days") > 70).height == 5
    sums = reports.group_by("repo_id", "reported_at").agg(
        parts=pl.col("lines_covered").filter(~total).sum(), whole=pl.col("lines_covered").filter(total).sum()
    )
    assert (sums["parts"] == sums["whole"]).all()


def test_one_environment_is_not_mapped(monday: Frames) -> None:
    lost = monday["environments"].filter(pl.col("env_tier") == "unknown")
    assert lost.select("name", "env_tier_by").rows() == [("blue-lab", "none")]


def test_the_next_release_stays_ahead() -> None:
    world = world_of(ANCHOR)
    for days in (0, 9, 40):
        now = ANCHOR + days * DAY
        dates = checked(list(agreed_rows(world, now)))["projects"]["next_release_on"].drop_nulls()
        assert len(dates) == 4
        assert all(now.date() < date <= (now + 15 * DAY).date() for date in dates)
