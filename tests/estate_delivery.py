"""One team's delivery: pull requests with reviews, CI runs, a project with sprints, worked out by hand in the tests."""

from datetime import datetime, timedelta
from typing import Any

from aurora.contracts import Row
from aurora.contracts.delivery import (
    CiJobs,
    CiRuns,
    Commits,
    CoverageReports,
    DeploymentCommits,
    DeploymentSignals,
    Projects,
    PullRequestReviews,
    PullRequests,
    Sprints,
    WorkItemChanges,
    WorkItems,
)
from aurora.contracts.estate import AppLinks, Memberships, People
from aurora.contracts.operations import Incidents
from aurora.contracts.security import QualityMeasures
from tests.estate_times import MARCH
from tests.frames import DAY, HOUR, MINUTE, NOW, link, put, row
from warehouse.lake import Lake

SPRINT = NOW.replace(hour=0) - 5 * DAY  # the active sprint began five days ago and lasts ten


def delivery(lake: Lake) -> None:
    """All of it; the deployments are those of the estate, d1 to d3 of repository s1:r."""
    put(lake, People, [row(People, person_id="ann", display_name="Ann", is_bot=False)])
    put(lake, AppLinks, [link("shop", "project", "s1:p")], "s5")
    _pulls(lake)
    _builds(lake)
    _quality(lake)
    _planning(lake)
    incident = {"incident_id": "s1:late", "env_tier": "production", "started_at": MARCH + 90 * MINUTE}
    put(lake, Incidents, [row(Incidents, app_id="shop", updated_at=NOW, **incident)], "s5")
    said = {"deployment_id": "d3", "kind": "failed", "subject_id": "", "verdict": "counts"}
    put(lake, DeploymentSignals, [row(DeploymentSignals, is_deleted=False, confidence_ratio=1.0, **said)])


def pull(name: str, number: int, **values: Any) -> Row:
    least = {"pull_request_id": name, "repo_id": "s1:r", "number": number, "updated_at": NOW}
    return row(PullRequests, **least) | values


def _pulls(lake: Lake) -> None:
    """p1: an hour of coding, two to the review, three to the merge, one more to d2; p2 waits since eight days."""
    began = MARCH - 6 * HOUR
    put(lake, PullRequests, [
        pull("p1", 1, state="merged", first_commit_at=began, created_at=began + HOUR, first_review_at=began + 3 * HOUR,
             merged_at=began + 6 * HOUR, added_lines=30, deleted_lines=12),
        pull("p2", 2, state="open", created_at=NOW - 9 * DAY, updated_at=NOW - 8 * DAY),
        pull("p3", 3, state="open", created_at=NOW - 9 * DAY, updated_at=NOW - 8 * DAY, is_draft=True),
    ])  # fmt: skip
    reviews = [("r1", "commented", 3), ("r2", "approved", 5)]
    put(lake, PullRequestReviews, [
        row(PullRequestReviews, review_id=name, pull_request_id="p1", reviewer_id="ann", state=state,
            submitted_at=began + hours * HOUR)
        for name, state, hours in reviews
    ])  # fmt: skip
    changed = {"repo_id": "s1:r", "sha": "c1", "is_merge": False, "committed_at": began}
    put(lake, Commits, [row(Commits, **changed)], "s5")
    put(lake, DeploymentCommits, [
        row(DeploymentCommits, deployment_id="d2", repo_id="s1:r", sha="c1", authored_at=began, pull_request_id="p1")
    ])  # fmt: skip


def _builds(lake: Lake) -> None:
    """Five runs of one pipeline: a success of a minute, a flaky commit, a failure and a cancelled one."""
    told = [
        ("a", "success", 60),
        ("b", "failure", 120),
        ("b", "success", 180),
        ("c", "timed_out", 240),
        ("d", "cancelled", 5),
    ]
    put(lake, CiRuns, [
        row(CiRuns, number, ci_run_id=f"run{number}", repo_id="s1:r", pipeline="test", sha=sha, result=result,
            duration_s=float(took), queued_s=10.0 * number, created_at=NOW - HOUR + number * MINUTE)
        for number, (sha, result, took) in enumerate(told)
    ])  # fmt: skip
    put(lake, CiJobs, [
        row(CiJobs, number, ci_job_id=f"job{number}", ci_run_id=f"run{number}", name="unit", result=result,
            duration_s=float(took), created_at=NOW - HOUR + number * MINUTE)
        for number, (_, result, took) in enumerate(told)
    ])  # fmt: skip


def _quality(lake: Lake) -> None:
    """Half of the lines covered; 960 minutes of debt, which are two days, at a ratio of 8 %."""
    told = {
        "coverage_id": "cov",
        "app_id": "shop",
        "format": "lcov",
        "path": "",
        "lines_covered": 50,
        "lines_valid": 100,
    }
    put(lake, CoverageReports, [row(CoverageReports, reported_at=NOW - HOUR) | told])
    measures = [("technical_debt_min", 960.0), ("debt_ratio_pct", 8.0)]
    put(lake, QualityMeasures, [
        row(QualityMeasures, project_id="s1:p", branch="main", measured_at=NOW - HOUR, metric=name, is_new_code=False)
        | {"value": value}
        for name, value in measures
    ])  # fmt: skip


def _planning(lake: Lake) -> None:
    """Five closed sprints of 8 to 12 points, an active one with 10 of which 3 are done, 12 left of what is planned."""
    ahead = (NOW + 9 * DAY).date()
    put(
        lake, Projects, [row(Projects, project_id="s1:p", name="Shop planning", kind="planning", next_release_on=ahead)]
    )
    member = {"scope_type": "project", "scope_id": "s1:p", "person_id": "ann", "role": "product_manager"}
    put(lake, Memberships, [row(Memberships, **member)], "s5")
    closed = [
        sprint(f"s1:{number}", number, "closed", SPRINT - (6 - number) * 10 * DAY, completed_points=7.0 + number)
        | {"committed_points": 10.0}
        for number in range(1, 6)
    ]
    active = sprint("s1:6", 6, "active", SPRINT, total_points=10.0, completed_points=3.0)
    put(lake, Sprints, [*closed, active, sprint("s1:7", 7, "future", SPRINT + 10 * DAY)])
    put(lake, WorkItems, [
        item("s1:a", 3.0, "done", ["s1:6"], resolved_at=SPRINT + 2 * DAY + HOUR),
        item("s1:b", 5.0, "in_progress", ["s1:6"], type="bug", severity="critical"),
        item("s1:c", 2.0, "todo", ["s1:6"]),
        item("s1:d", 5.0, "todo", ["s1:7"]),
    ])  # fmt: skip
    # c came into the sprint on its fourth day, and was estimated anew the day after.
    put(lake, WorkItemChanges, [
        change("c1", "s1:c", "sprint", None, "s1:6", SPRINT + 3 * DAY + HOUR),
        change("c2", "s1:c", "points", "1", "2", SPRINT + 4 * DAY + HOUR),
    ])  # fmt: skip


def sprint(name: str, number: int, state: str, starts_at: datetime, **values: Any) -> Row:
    ends = {"starts_at": starts_at, "ends_at": starts_at + timedelta(days=10)}
    return (
        row(Sprints, sprint_id=name, project_id="s1:p", number=number, state=state, name=f"Sprint {number}")
        | ends
        | values
    )


def item(name: str, points: float, state: str, sprints: list[str], **values: Any) -> Row:
    told = {"work_item_id": name, "project_id": "s1:p", "points": points, "state": state, "sprint_ids": sprints}
    return row(WorkItems, created_at=SPRINT - 5 * DAY, updated_at=NOW, **told) | values


def change(name: str, item_id: str, field: str, before: str | None, after: str | None, at: datetime) -> Row:
    told = {"change_id": name, "work_item_id": item_id, "field": field, "from_value": before, "to_value": after}
    return row(WorkItemChanges, changed_at=at) | told
