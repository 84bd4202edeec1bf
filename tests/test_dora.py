"""DORA's five figures over a case computed by hand, what people say of signs, shared deployments, real histories."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aurora.contracts import Row
from aurora.contracts.delivery import (
    Commits,
    DeploymentCommits,
    Deployments,
    DeploymentSignals,
    PullRequests,
    Repositories,
)
from aurora.contracts.estate import Applications, AppLinks
from aurora.contracts.operations import Incidents
from aurora.settings import SourceSettings
from ingest.connector import load_connectors
from ingest.run import Ingest
from tests.conftest import Published
from tests.estate import MARCH, deployed
from tests.frames import DAY, HOUR, MINUTE, NOW, link, put, row, settings
from tests.histories import REFERENCE, Repo, imported
from warehouse.lake import Lake

SINCE, UNTIL = (MARCH - 10 * HOUR).replace(tzinfo=None), (MARCH - 10 * HOUR + 7 * DAY).replace(tzinfo=None)
DAY_MIN = 24 * 60


def incident(name: str, minutes: float, length: float | None, **values: Any) -> Row:
    at = MARCH + timedelta(minutes=minutes)
    over = None if length is None else at + timedelta(minutes=length)
    told = {"incident_id": name, "app_id": "shop", "env_tier": "production", "started_at": at, "resolved_at": over}
    return row(Incidents, **told, state="resolved" if over else "open", updated_at=at) | values


def commit(name: str, deployment: str, minutes: float, pull_request: str | None = None) -> Row:
    at = MARCH + timedelta(minutes=minutes)
    return row(
        DeploymentCommits,
        deployment_id=deployment,
        repo_id="s1:r",
        sha=name,
        authored_at=at,
        pull_request_id=pull_request,
    )


def verdict(deployment: str, kind: str, subject: str, word: str, version: int = 1) -> Row:
    said = {"deployment_id": deployment, "kind": kind, "subject_id": subject, "verdict": word, "version": version}
    return row(DeploymentSignals, rule="a person", confidence_ratio=1.0, changed_at=MARCH, is_deleted=False, **said)


def hand_case(lake: Lake) -> None:
    """The case of the design: one application through a repository link, days of March 2026."""
    put(lake, Applications, [row(Applications, app_id="shop", team_id="web", lifecycle="active")])
    put(lake, AppLinks, [link("shop", "repository", "s1:r")])
    rows = [
        deployed("d1", 0, "a1"),
        deployed("d2", DAY_MIN, "a2"),
        deployed("d3", DAY_MIN + 40, "a1"),
        deployed("d5", 4 * DAY_MIN, "a5"),
        deployed("d7", 5 * DAY_MIN + 120, "a7", environment="staging", env_tier="staging"),
        deployed("d4", 6 * DAY_MIN, "a6", status="failed"),
        deployed("d6", 6 * DAY_MIN + 120, "a7", is_hotfix=True),
    ]
    put(lake, Deployments, rows)
    put(lake, Deployments, [deployed("tag", 10, "a1", is_inferred=True)], "tags")
    put(lake, Incidents, [
        incident("i1", DAY_MIN + 10, 30, caused_by_deployment_id="d2"), incident("i2", 4 * DAY_MIN + 60, 60)
    ])  # fmt: skip
    first = {"p1": -60.0, "p2": 3.0 * DAY_MIN}
    put(lake, PullRequests, [
        row(PullRequests, pull_request_id=name, first_commit_at=MARCH + timedelta(minutes=minutes))
        for name, minutes in first.items()
    ])  # fmt: skip
    put(lake, DeploymentCommits, [
        commit("c1", "d1", -30, "p1"), commit("c2", "d5", 3 * DAY_MIN + 60, "p2"), commit("c3", "d6", 4 * DAY_MIN + 120)
    ])  # fmt: skip


def dora(published: Published, scope: str = "app", name: str = "shop") -> Row:
    asked = {"since": SINCE, "until": UNTIL, "scope": scope, "name": name}
    sql = "from dora(since := $since, until := $until) where scope_type = $scope and scope_id = $name"
    return published().rows(sql, asked).row(0, named=True)


def test_the_hand_case(lake: Lake, published: Published) -> None:
    hand_case(lake)
    told = dora(published)
    assert (told["deployment_count"], told["day_count"], told["active_days"]) == (5, 7, 4)
    assert told["per_day"] == pytest.approx(5 / 7)
    assert (told["lead_count"], told["lead_median_s"], told["lead_p90_s"]) == (3, 86_400, 155_520)
    assert (told["failed_count"], told["change_count"], told["change_fail_pct"]) == (3, 5, 60)
    assert (told["recovery_median_s"], told["recovery_mean_s"], told["open_failure_count"]) == (3_600, 4_200, 0)
    assert (told["rework_count"], told["run_count"]) == (2, 6)
    assert dora(published, "team", "web") | {"scope_type": "app", "scope_id": "shop"} == told


def test_a_persons_word_beats_every_rule(lake: Lake, published: Published) -> None:
    """With both refused, one of five; what was refused counts again when it is taken back."""
    hand_case(lake)
    put(lake, DeploymentSignals, [
        verdict("d5", "incident", "i2", "does_not_count"), verdict("d4", "failed", "", "does_not_count")
    ])  # fmt: skip
    told = dora(published)
    assert (told["failed_count"], told["change_count"]) == (1, 5)
    put(lake, DeploymentSignals, [verdict("d4", "failed", "", "counts", 2)])
    assert dora(published)["failed_count"] == 2
    put(lake, DeploymentSignals, [verdict("d1", "failed", "", "counts")])
    assert dora(published)["failed_count"] == 3
    signs = published().rows("select * from deployment_signals_all where deployment_id = 'd1'").row(0, named=True)
    assert (signs["rule"], signs["verdict"], signs["counts"]) == ("a person", "counts", True)


def test_a_deployment_fails_once_however_many_incidents_it_has(lake: Lake, published: Published) -> None:
    """23 deployments with 6 incidents on 4 of them are 17.4 %, not 26.1 %."""
    put(lake, Applications, [row(Applications, app_id="shop", lifecycle="active")])
    put(lake, AppLinks, [link("shop", "repository", "s1:r")])
    put(lake, Deployments, [deployed(f"d{number}", number * 60, f"a{number}") for number in range(23)])
    blamed = ["d3", "d3", "d3", "d8", "d15", "d20"]
    put(lake, Incidents, [
        incident(f"i{number}", 1500 + number, 10, caused_by_deployment_id=name) for number, name in enumerate(blamed)
    ])  # fmt: skip
    told = dora(published)
    assert (told["failed_count"], told["change_count"]) == (4, 23)
    assert told["change_fail_pct"] == pytest.approx(17.4, abs=0.05)


def test_an_incident_of_one_application_leaves_the_others_rate_alone(lake: Lake, published: Published) -> None:
    """One repository of two applications; their team has each deployment once."""
    names = ("shop", "desk")
    put(lake, Applications, [row(Applications, app_id=name, team_id="web", lifecycle="active") for name in names])
    put(lake, AppLinks, [link(name, "repository", "s1:r") for name in names])
    put(lake, Deployments, [deployed("d1", 0, "a1"), deployed("d2", 60, "a2")])
    put(lake, Incidents, [incident("i", 90, 30)])
    rates = [dora(published, "app", name)["change_fail_pct"] for name in names]
    assert rates == [50, 0]
    team = dora(published, "team", "web")
    assert (team["deployment_count"], team["failed_count"], team["app_count"]) == (2, 1, 2)


def test_no_data_is_null_and_not_zero(lake: Lake, published: Published) -> None:
    put(lake, Applications, [row(Applications, app_id="shop", lifecycle="active")])
    told = dora(published)
    assert {name for name, value in told.items() if value is not None} == {"scope_type", "scope_id", "app_count"}


def test_without_commits_a_deployment_brought_what_was_merged_since_the_one_before(
    lake: Lake, published: Published
) -> None:
    """One and two hours: of the first deployment nothing can be told, and other branches do not count."""
    put(lake, Applications, [row(Applications, app_id="shop", lifecycle="active")])
    put(lake, AppLinks, [link("shop", "repository", "s1:r")])
    put(lake, Repositories, [row(Repositories, repo_id="s1:r", default_branch="main")])
    put(lake, Deployments, [deployed(f"d{number}", number * 60, f"a{number}") for number in range(3)])
    told = [
        ("early", -5, "main"),
        ("one", 30, "main"),
        ("other", 40, "legacy"),
        ("two", 90, "main"),
        ("late", 500, "main"),
    ]
    put(lake, PullRequests, [
        row(PullRequests, pull_request_id=name, repo_id="s1:r", state="merged", base_ref=branch,
            merged_at=MARCH + minutes * MINUTE, created_at=MARCH, first_commit_at=MARCH)
        for name, minutes, branch in told
    ])  # fmt: skip
    found = published().rows(
        "select pull_request_id, deployment_id, lead_s, is_inferred from deployment_changes order by 1"
    )
    assert found.rows() == [("one", "d1", 3600, True), ("two", "d2", 7200, True)]


def test_a_commit_that_is_taken_back_speaks_against_its_deployment(lake: Lake, published: Published) -> None:
    """Known by git's own words, with the number that a merge by squashing adds; a planned incident does not count."""
    put(lake, Applications, [row(Applications, app_id="shop", lifecycle="active")])
    put(lake, AppLinks, [link("shop", "repository", "s1:r")])
    put(lake, Deployments, [deployed("d1", 0, "a1"), deployed("d2", 60, "a2")])
    said = {"c1": "Faster search (#7)", "c2": 'Revert "Faster search (#7)" (#9)'}
    put(lake, Commits, [
        row(Commits, repo_id="s1:r", sha=sha, subject=subject, committed_at=MARCH + number * MINUTE, is_merge=False)
        for number, (sha, subject) in enumerate(said.items())
    ])  # fmt: skip
    put(lake, DeploymentCommits, [commit("c1", "d1", 0), commit("c2", "d2", 1)])
    put(lake, Incidents, [incident("planned", 70, 5, is_planned=True)])
    warehouse = published()
    signs = warehouse.rows("select deployment_id, kind, subject_id, counts from deployment_signals_all").rows()
    assert signs == [("d1", "revert", "d2", True)]
    assert dict(warehouse.rows("select deployment_id, is_change_failed from prod_deployments").iter_rows()) == {
        "d1": True, "d2": False,
    }  # fmt: skip


HISTORIES = sorted(path.name.partition(".")[0] for path in REFERENCE.glob("*.expected_dora.json")) or ["absent"]


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference data are not here")
@pytest.mark.parametrize("name", HISTORIES)
def test_real_histories_give_the_published_lead_times(
    name: str, tmp_path: Path, lake: Lake, data: Path, published: Published
) -> None:
    """By commits: each that is no merge, from its commit to the tag of the first release that contains it."""
    expected = json.loads((REFERENCE / f"{name}.expected_dora.json").read_text())
    repo = Repo(tmp_path / name)
    imported(repo, name)
    pattern = re.search(r"matching \^(\S+)\$ ", expected["definition"])
    assert pattern
    told = {"name": "git", "connector": "git", "paths": [str(repo.path)], "release_pattern": pattern[1]}
    own = settings(data=data, config=data / "aurora.toml", demo=False)
    Ingest(lake, own, load_connectors()).run(SourceSettings.model_validate(told))
    repo_id = lake.read(Deployments)["repo_id"][0]
    put(lake, Applications, [row(Applications, app_id="shop", lifecycle="active")])
    put(lake, AppLinks, [link("shop", "repository", repo_id)])
    warehouse = published(NOW + 365 * DAY)
    found = warehouse.rows(
        "select count(*) as n, median(lead_s) / 3600 as median_h, avg(lead_s) / 3600 as mean_h from deployed_commits"
    ).row(0, named=True)
    assert found["n"] == expected["nonmerge_commits_with_lead_time"]
    assert found["median_h"] == pytest.approx(
        expected["median_lead_time_hours_committer_date_to_first_containing_release"], abs=5e-5
    )
    assert found["mean_h"] == pytest.approx(expected["mean_lead_time_hours"], abs=5e-5)
    between = warehouse.rows("""
        select median(gap_s) / 86400 as days
        from (select epoch(created_at - lag(created_at) over (order by created_at)) as gap_s from releases)""")
    assert between["days"][0] == pytest.approx(expected["median_days_between_releases"], abs=5e-4)
    years = warehouse.rows("select year(created_at)::varchar as year, count(*) as n from releases group by all")
    assert dict(years.iter_rows()) == expected["release_tags_per_year_utc"]
