"""What webhooks become: rows by hand for each vendor, once, in whatever order they come, whatever stands in them."""

import json
import os
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aurora.contracts import Table
from aurora.contracts.delivery import (
    CiJobs,
    CiRuns,
    Deployments,
    Environments,
    PullRequestReviews,
    PullRequests,
    Releases,
    Repositories,
    WorkItems,
)
from aurora.contracts.platform import Quarantine, ReceivedEvents, SyncRuns
from aurora.errors import ContractError
from aurora.receive import Deploys
from ingest.inbox import HIDDEN, Inbox, Taken, hidden
from ingest.vendors import hooks_bitbucket, hooks_github, hooks_gitlab, hooks_jenkins
from ingest.vendors.hooks import HookOptions, Vendor, instant, is_hmac, is_token, moment
from tests.frames import ROOT, put, row
from warehouse.lake import Lake

Json = Any
VENDORS: dict[str, Vendor] = {
    module.VENDOR.name: module.VENDOR for module in (hooks_github, hooks_gitlab, hooks_bitbucket, hooks_jenkins)
}
KINDS = {"github": "x-github-event", "gitlab": "x-gitlab-event", "bitbucket": "x-event-key", "jenkins": "x"}


class Sender:
    """A vendor that sends into a lake."""

    def __init__(self, lake: Lake, vendor: str, **options: Any) -> None:
        self.lake, self.vendor = lake, vendor
        self.inbox = Inbox(lake, VENDORS[vendor], vendor, HookOptions(**options))

    def __call__(self, kind: str, payload: Json, **headers: str) -> Taken:
        told = {KINDS[self.vendor]: kind} | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.inbox.take(told, payload if isinstance(payload, bytes) else json.dumps(payload).encode())

    def rows(self, table: type[Table]) -> list[dict[str, Any]]:
        """What is known of the rows: without nulls and what landing adds."""
        common = {"source", "ingested_at", "run_id"}
        found = self.lake.read(table).sort(table.spec.key).select(table.own_columns()).to_dicts()
        return [
            {name: value for name, value in one.items() if value is not None and name not in common} for one in found
        ]


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-{text}")


REPOSITORY = {
    "id": 7, "full_name": "acme/shop", "html_url": "https://github.com/acme/shop", "default_branch": "main",
    "private": True,
    "archived": False, "language": "Go", "created_at": "2020-01-01T00:00:00Z", "pushed_at": "2026-03-01T09:00:00Z",
}  # fmt: skip
ANN = {"id": 31, "login": "ann", "type": "User"}
BOB = {"id": 32, "login": "bob", "type": "User"}
DEPLOYMENT = {
    "id": 501, "sha": "a1", "ref": "v1.2.0", "environment": "production", "original_environment": "production",
    "description": "the release", "creator": ANN, "created_at": "2026-03-01T10:00:00Z",
    "updated_at": "2026-03-01T10:00:00Z",
}  # fmt: skip


def status(state: str, when: str, number: int = 1, **told: Any) -> Json:
    one = {"id": number, "state": state, "created_at": f"2026-03-{when}Z", "updated_at": f"2026-03-{when}Z"}
    return {"action": "created", "deployment_status": one | told, "deployment": DEPLOYMENT, "repository": REPOSITORY}


@pytest.fixture
def github(lake: Lake) -> Sender:
    return Sender(lake, "github")


def test_a_deployment_of_github_by_hand(github: Sender) -> None:
    """Asked for at 10:00, at work from 10:01, well at 10:06: five minutes; then replaced, which says nothing of it."""
    run = {"id": 90, "run_attempt": 2}
    github("deployment", {"action": "created", "deployment": DEPLOYMENT, "repository": REPOSITORY, "workflow_run": run})
    [told] = github.rows(Deployments)
    assert (told["status"], told["status_raw"]) == ("queued", "pending")
    github("deployment_status", status("in_progress", "01T10:01:00"))
    github(
        "deployment_status",
        status("success", "01T10:06:00", 2, log_url="https://ci/90", environment_url="https://shop"),
    )
    github("deployment_status", status("inactive", "02T10:00:00", 3))
    assert github.rows(Deployments) == [
        {
            "deployment_id": "github:deployment:501",
            "repo_id": "github:7",
            "environment": "production",
            "env_tier": "production",
            "ref": "v1.2.0",
            "sha": "a1",
            "version": "1.2.0",
            "ci_run_id": "github:90:2",
            "created_at": at("01T10:00"),
            "started_at": at("01T10:01"),
            "finished_at": at("01T10:06"),
            "duration_s": 300.0,
            "status": "success",
            "status_raw": "success",
            "is_inferred": False,
            "actor": "ann",
            "url": "https://ci/90",
            "changes": ["the release"],
            "updated_at": at("01T10:06"),
            "source_instance": "github",
        }
    ]
    assert github.rows(Environments) == [
        {
            "environment_id": "github:7@production",
            "repo_id": "github:7",
            "name": "production",
            "env_tier": "production",
            "env_tier_by": "rule",
            "url": "https://shop",
            "first_seen_at": at("01T10:00"),
            "source_instance": "github",
        }
    ]
    [told] = github.rows(Repositories)
    assert (told["repo_id"], told["full_name"], told["is_private"]) == ("github:7", "acme/shop", True)


def test_a_deployment_that_nobody_saw_begin_began_when_it_was_made(github: Sender) -> None:
    github("deployment_status", status("failure", "01T10:06:00"))
    [told] = github.rows(Deployments)
    assert (told["status"], told["started_at"], told["duration_s"]) == ("failed", at("01T10:00"), 360.0)


def test_what_comes_late_undoes_nothing(github: Sender) -> None:
    """The end before the beginning, both in one second, and a request for what has ended long ago."""
    github("deployment_status", status("success", "01T10:01:00", 2))
    github("deployment_status", status("in_progress", "01T10:01:00", 1))
    github("deployment", {"action": "created", "deployment": DEPLOYMENT, "repository": REPOSITORY})
    [told] = github.rows(Deployments)
    assert told["status"] == "success"
    github("deployment_status", status("in_progress", "01T11:00:00", 3))
    [told] = github.rows(Deployments)
    assert (told["status"], "finished_at" in told, "duration_s" in told) == ("running", False, False)


def test_an_environment_is_what_a_person_says_that_it_is(lake: Lake) -> None:
    sender = Sender(lake, "github", environments={"blue-*": "production"})
    for number, name in enumerate(("blue-eu", "green", "staging")):
        payload = status("success", "01T10:06:00") | {"deployment": DEPLOYMENT | {"id": number, "environment": name}}
        sender("deployment_status", payload)
    told = [(one["name"], one["env_tier"], one["env_tier_by"]) for one in sender.rows(Environments)]
    assert told == [("blue-eu", "production", "person"), ("green", "unknown", "none"), ("staging", "staging", "rule")]
    assert [one["env_tier"] for one in sender.rows(Deployments)] == ["production", "unknown", "staging"]


def test_what_the_connector_knows_better_stays(lake: Lake, github: Sender) -> None:
    known = {"deployment_id": "github:deployment:501", "environment": "production", "env_tier": "staging"}
    known |= {"created_at": datetime(2026, 3, 1, 10, tzinfo=UTC), "updated_at": datetime(2026, 3, 1, 10, tzinfo=UTC)}
    known |= {"previous_sha": "a0", "changes": ["one", "two"], "started_at": datetime(2026, 3, 1, 10, 2, tzinfo=UTC)}
    put(lake, Deployments, [row(Deployments, **known, status="running", is_inferred=False)], "github", "github")
    github("deployment_status", status("success", "01T10:06:00"))
    [told] = github.rows(Deployments)
    assert (told["previous_sha"], told["changes"], told["env_tier"]) == ("a0", ["one", "two"], "staging")
    assert (told["status"], told["duration_s"]) == ("success", 240.0)


RUN = {
    "id": 90, "name": "build", "run_number": 12, "run_attempt": 1, "head_branch": "main", "head_sha": "a1",
    "event": "push",
    "status": "completed", "conclusion": "failure", "created_at": "2026-03-01T10:00:00Z", "actor": ANN,
    "run_started_at": "2026-03-01T10:00:00Z", "updated_at": "2026-03-01T10:04:00Z", "html_url": "https://github.com/r/90",
}  # fmt: skip


def test_a_workflow_run_by_hand(github: Sender) -> None:
    github("workflow_run", {"action": "completed", "workflow_run": RUN, "repository": REPOSITORY})
    early = RUN | {"status": "queued", "conclusion": None}
    github("workflow_run", {"action": "requested", "workflow_run": early, "repository": REPOSITORY})
    again = RUN | {
        "run_attempt": 2,
        "status": "in_progress",
        "conclusion": None,
        "run_started_at": "2026-03-01T11:00:00Z",
    }
    github("workflow_run", {"action": "in_progress", "workflow_run": again, "repository": REPOSITORY})
    first, second = github.rows(CiRuns)
    assert first == {
        "ci_run_id": "github:90:1",
        "repo_id": "github:7",
        "pipeline": "build",
        "number": 12,
        "attempt": 1,
        "branch": "main",
        "sha": "a1",
        "event": "push",
        "status": "completed",
        "result": "failure",
        "result_raw": "failure",
        "created_at": at("01T10:00"),
        "started_at": at("01T10:00"),
        "finished_at": at("01T10:04"),
        "duration_s": 240.0,
        "actor": "ann",
        "url": "https://github.com/r/90",
        "source_instance": "github",
    }
    assert (second["ci_run_id"], second["status"], second["created_at"]) == ("github:90:2", "running", at("01T11:00"))
    assert "result" not in second


PULL = {
    "id": 8000, "number": 5, "title": "Pay by card", "state": "open", "draft": False, "user": ANN, "merged_at": None,
    "closed_at": None, "base": {"ref": "main"}, "head": {"ref": "cards", "sha": "b2"}, "merge_commit_sha": "trial",
    "created_at": "2026-03-01T08:00:00Z", "updated_at": "2026-03-01T09:00:00Z", "labels": [{"name": "pay"}],
    "html_url": "https://github.com/acme/shop/pull/5", "additions": 10, "deletions": 2, "changed_files": 3,
    "commits": 1,
    "comments": 1, "review_comments": 2,
}  # fmt: skip
BRIEF = {
    name: value for name, value in PULL.items() if name not in ("additions", "deletions", "changed_files", "commits")
}


def pull(action: str, **told: Any) -> Json:
    return {"action": action, "number": 5, "pull_request": PULL | told, "repository": REPOSITORY}


def test_a_pull_request_by_hand(github: Sender) -> None:
    github("pull_request", pull("opened"))
    review = {"id": 70, "user": BOB, "state": "approved", "submitted_at": "2026-03-01T10:00:00Z"}
    brief = BRIEF | {"updated_at": "2026-03-01T10:00:00Z"}
    github(
        "pull_request_review",
        {"action": "submitted", "review": review, "pull_request": brief, "repository": REPOSITORY},
    )
    end = {
        "merged_at": "2026-03-01T11:00:00Z",
        "closed_at": "2026-03-01T11:00:00Z",
        "updated_at": "2026-03-01T11:00:00Z",
    }
    github("pull_request", pull("closed", **end, state="closed", merge_commit_sha="m1"))
    assert github.rows(PullRequests) == [
        {
            "pull_request_id": "github:7#5",
            "repo_id": "github:7",
            "number": 5,
            "title": "Pay by card",
            "state": "merged",
            "state_raw": "merged",
            "is_draft": False,
            "author_id": "github:31",
            "base_ref": "main",
            "head_ref": "cards",
            "head_sha": "b2",
            "merge_sha": "m1",
            "created_at": at("01T08:00"),
            "first_review_at": at("01T10:00"),
            "approved_at": at("01T10:00"),
            "merged_at": at("01T11:00"),
            "closed_at": at("01T11:00"),
            "updated_at": at("01T11:00"),
            "added_lines": 10,
            "deleted_lines": 2,
            "file_count": 3,
            "commit_count": 1,
            "comment_count": 3,
            "labels": ["pay"],
            "url": "https://github.com/acme/shop/pull/5",
            "source_instance": "github",
        }
    ]
    assert github.rows(PullRequestReviews) == [
        {
            "review_id": "github:70",
            "pull_request_id": "github:7#5",
            "reviewer_id": "github:32",
            "state": "approved",
            "state_raw": "approved",
            "submitted_at": at("01T10:00"),
            "source_instance": "github",
        }
    ]


def test_a_closed_pull_request_that_is_opened_again_is_open(github: Sender) -> None:
    github(
        "pull_request",
        pull("closed", state="closed", closed_at="2026-03-01T09:30:00Z", updated_at="2026-03-01T09:30:00Z"),
    )
    github("pull_request", pull("reopened", updated_at="2026-03-01T09:40:00Z"))
    [told] = github.rows(PullRequests)
    assert (told["state"], "closed_at" in told, "merge_sha" in told) == ("open", False, False)


def test_an_authors_own_review_is_no_first_review(github: Sender) -> None:
    review = {"id": 70, "user": ANN, "state": "commented", "submitted_at": "2026-03-01T10:00:00Z"}
    github(
        "pull_request_review",
        {"action": "submitted", "review": review, "pull_request": BRIEF, "repository": REPOSITORY},
    )
    [told] = github.rows(PullRequests)
    assert "first_review_at" not in told
    assert "added_lines" not in told, "not told is null"


ISSUE = {
    "id": 9000, "number": 6, "title": "Cards fail", "state": "open",
    "labels": [{"name": "bug"}, {"name": "Priority: P1"}],
    "user": ANN, "assignee": BOB, "created_at": "2026-03-01T08:00:00Z", "updated_at": "2026-03-01T08:00:00Z",
    "closed_at": None, "html_url": "https://github.com/acme/shop/issues/6",
}  # fmt: skip


def test_an_issue_by_hand(github: Sender) -> None:
    github("issues", {"action": "opened", "issue": ISSUE, "repository": REPOSITORY})
    assert github.rows(WorkItems) == [
        {
            "work_item_id": "github:7#6",
            "repo_id": "github:7",
            "key": "acme/shop#6",
            "type": "bug",
            "type_raw": "bug",
            "title": "Cards fail",
            "state": "todo",
            "state_raw": "open",
            "severity": "high",
            "priority_raw": "Priority: P1",
            "labels": ["bug", "Priority: P1"],
            "assignee_id": "github:32",
            "created_at": at("01T08:00"),
            "updated_at": at("01T08:00"),
            "url": "https://github.com/acme/shop/issues/6",
            "source_instance": "github",
        }
    ]
    begun = ISSUE | {"labels": [{"name": "doing"}], "assignee": None, "updated_at": "2026-03-01T09:00:00Z"}
    github("issues", {"action": "labeled", "issue": begun, "repository": REPOSITORY})
    [told] = github.rows(WorkItems)
    assert (told["state"], told["type"], "severity" in told, "assignee_id" in told) == (
        "in_progress",
        "unknown",
        False,
        False,
    )
    end = {"state": "closed", "state_reason": "completed", "closed_at": "2026-03-02T08:00:00Z"}
    github(
        "issues",
        {"action": "closed", "issue": begun | end | {"updated_at": "2026-03-02T08:00:00Z"}, "repository": REPOSITORY},
    )
    github(
        "issues",
        {"action": "deleted", "issue": ISSUE | {"updated_at": "2026-03-03T08:00:00Z"}, "repository": REPOSITORY},
    )
    [told] = github.rows(WorkItems)
    assert (told["state"], told["state_raw"], told["resolved_at"]) == ("done", "closed (completed)", at("02T08:00"))


def shapes(names: Iterable[str]) -> set[str]:
    """Ids without their source, each number as N."""
    return {re.sub(r"\d+", "N", name.partition(":")[2]) for name in names}


def test_a_hook_and_its_connector_know_a_thing_by_one_id(github: Sender) -> None:
    recorded = "".join(path.read_text() for path in (ROOT / "tests" / "recorded" / "github").glob("*.golden.json"))
    github("deployment", {"action": "created", "deployment": DEPLOYMENT, "repository": REPOSITORY})
    pull_request, issue = pull("opened"), {"action": "opened", "issue": ISSUE, "repository": REPOSITORY}
    github("pull_request", pull_request)
    github("issues", issue)
    for table, name in ((Deployments, "deployment_id"), (PullRequests, "pull_request_id"), (WorkItems, "work_item_id")):
        ours = shapes(one[name] for one in github.rows(table))
        assert ours
        assert ours <= shapes(re.findall(rf'"{name}": "([^"]+)"', recorded))


def test_releases_and_pushes(github: Sender) -> None:
    release = {
        "id": 40,
        "tag_name": "v1.3.0-rc.1",
        "name": "1.3",
        "draft": False,
        "prerelease": True,
        "body": " notes ",
    }
    release |= {
        "created_at": "2026-03-01T08:00:00Z",
        "published_at": "2026-03-01T09:00:00Z",
        "target_commitish": "main",
    }
    github("release", {"action": "published", "release": release, "repository": REPOSITORY})
    github("release", {"action": "deleted", "release": release | {"tag_name": "v1"}, "repository": REPOSITORY})
    [told] = github.rows(Releases)
    assert (told["tag"], told["version"], told["is_prerelease"], told["notes"]) == (
        "v1.3.0-rc.1",
        "1.3.0-rc.1",
        True,
        "notes",
    )
    assert told["release_id"] == "github:7@v1.3.0-rc.1"
    assert (told["published_at"], "sha" in told) == (at("01T09:00"), False)

    def push(ref: str, sha: str, pushed: int) -> Json:
        head = {"id": sha, "timestamp": "2026-03-01T10:00:00+01:00"}
        return {"ref": ref, "after": sha, "head_commit": head, "repository": REPOSITORY | {"pushed_at": pushed}}

    github("push", push("refs/heads/main", "c3", 1772360000))
    github("push", push("refs/heads/topic", "d4", 1772360100))
    github("push", push("refs/heads/main", "old", 1772350000))
    [told] = github.rows(Repositories)
    assert (told["head_sha"], told["head_at"]) == ("c3", at("01T09:00"))
    assert told["pushed_at"] == datetime.fromtimestamp(1772360100, UTC).replace(tzinfo=None)


PROJECT = {
    "id": 30, "path_with_namespace": "acme/till", "web_url": "https://gitlab.example/acme/till",
    "default_branch": "main",
    "visibility_level": 0,
}  # fmt: skip


@pytest.fixture
def gitlab(lake: Lake) -> Sender:
    return Sender(lake, "gitlab")


def lab_deployment(word: str, when: str, **told: Any) -> Json:
    one = {
        "object_kind": "deployment",
        "status": word,
        "status_changed_at": f"2026-03-{when} +0200",
        "deployment_id": 15,
    }
    one |= {"deployable_url": "https://gitlab.example/acme/till/-/jobs/796", "environment": "review/x", "ref": "main"}
    one |= {"commit_url": f"https://gitlab.example/acme/till/-/commit/{'e' * 40}", "user": {"username": "ann"}}
    return one | {"project": PROJECT} | told


def test_a_deployment_of_gitlab_by_hand(gitlab: Sender) -> None:
    """At work at noon in +02:00, well ten minutes later; its tier is what GitLab says."""
    gitlab("Deployment Hook", lab_deployment("running", "01 12:00:00", environment_tier="staging"))
    gitlab("Deployment Hook", lab_deployment("success", "01 12:10:00", environment_tier="staging"))
    assert gitlab.rows(Deployments) == [
        {
            "deployment_id": "gitlab:15",
            "repo_id": "gitlab:30",
            "environment": "review/x",
            "env_tier": "staging",
            "ref": "main",
            "sha": "e" * 40,
            "created_at": at("01T10:00"),
            "started_at": at("01T10:00"),
            "finished_at": at("01T10:10"),
            "duration_s": 600.0,
            "status": "success",
            "status_raw": "success",
            "is_inferred": False,
            "actor": "ann",
            "url": "https://gitlab.example/acme/till/-/jobs/796",
            "updated_at": at("01T10:10"),
            "source_instance": "gitlab",
        }
    ]
    [told] = gitlab.rows(Repositories)
    assert (told["full_name"], told["is_private"], told["default_branch"]) == ("acme/till", True, "main")


def test_a_deployment_stays_in_the_month_in_which_the_connector_has_it(lake: Lake, gitlab: Sender) -> None:
    made = datetime(2026, 2, 28, 23, 59, tzinfo=UTC)
    known = row(
        Deployments, deployment_id="gitlab:15", created_at=made, updated_at=made, status="queued", is_inferred=False
    )
    put(lake, Deployments, [known], "gitlab", "gitlab")
    gitlab("Deployment Hook", lab_deployment("success", "01 12:10:00"))
    [told] = gitlab.rows(Deployments)
    assert (told["created_at"], told["status"]) == (made.replace(tzinfo=None), "success")


def test_a_pipeline_of_gitlab_by_hand(gitlab: Sender) -> None:
    one = {"id": 31, "iid": 3, "ref": "main", "sha": "f5", "source": "push", "status": "failed", "queued_duration": 12}
    one |= {"created_at": "2026-03-01 10:00:00 UTC", "finished_at": "2026-03-01 10:03:00 UTC", "duration": 63}
    one |= {"variables": [{"key": "PASSWORD", "value": "geheim"}]}
    job = {"id": 380, "stage": "test", "name": "unit", "status": "failed", "failure_reason": "job_execution_timeout"}
    job |= {"created_at": "2026-03-01 10:00:00 UTC", "started_at": "2026-03-01 10:01:00 UTC", "duration": 17.5}
    job |= {"finished_at": "2026-03-01 10:02:00 UTC", "runner": {"description": "big"}}
    waits = {"id": 381, "stage": "deploy", "name": "ship", "status": "manual", "created_at": "2026-03-01 10:00:00 UTC"}
    gitlab(
        "Pipeline Hook",
        {"object_attributes": one, "project": PROJECT, "user": {"username": "ann"}, "builds": [job, waits]},
    )
    assert gitlab.rows(CiRuns) == [
        {
            "ci_run_id": "gitlab:31",
            "repo_id": "gitlab:30",
            "pipeline": "acme/till",
            "number": 3,
            "branch": "main",
            "sha": "f5",
            "event": "push",
            "status": "completed",
            "result": "failure",
            "result_raw": "failed",
            "created_at": at("01T10:00"),
            "started_at": at("01T10:01"),
            "finished_at": at("01T10:03"),
            "queued_s": 12.0,
            "duration_s": 63.0,
            "actor": "ann",
            "url": "https://gitlab.example/acme/till/-/pipelines/31",
            "source_instance": "gitlab",
        }
    ]
    first, second = gitlab.rows(CiJobs)
    assert (first["ci_job_id"], first["result"], first["duration_s"], first["runner"]) == (
        "gitlab:380",
        "timed_out",
        17.5,
        "big",
    )
    assert ("result" in second, second["ci_run_id"], second["result_raw"]) == (False, "gitlab:31", "manual")
    [event] = gitlab.lake.read(ReceivedEvents)["payload"].to_list()
    assert "geheim" not in event


def test_a_merge_request_by_hand(gitlab: Sender) -> None:
    one = {
        "id": 99,
        "iid": 1,
        "target_branch": "main",
        "source_branch": "tills",
        "author_id": 51,
        "title": "Tills",
        "state": "opened",
    }
    one |= {
        "created_at": "2026-03-01T08:00:00Z",
        "updated_at": "2026-03-01 09:00:00 UTC",
        "draft": False,
        "url": "https://mr/1",
    }
    one |= {"last_commit": {"id": "g6"}}
    label = [{"title": "till"}]
    gitlab(
        "Merge Request Hook", {"object_attributes": one | {"action": "approved"}, "project": PROJECT, "labels": label}
    )
    end = {"state": "merged", "action": "merge", "updated_at": "2026-03-01 11:00:00 UTC", "merge_commit_sha": "m7"}
    gitlab("Merge Request Hook", {"object_attributes": one | end, "project": PROJECT, "labels": label})
    assert gitlab.rows(PullRequests) == [
        {
            "pull_request_id": "gitlab:99",
            "repo_id": "gitlab:30",
            "number": 1,
            "title": "Tills",
            "state": "merged",
            "state_raw": "merged",
            "is_draft": False,
            "author_id": "gitlab:51",
            "base_ref": "main",
            "head_ref": "tills",
            "head_sha": "g6",
            "merge_sha": "m7",
            "created_at": at("01T08:00"),
            "approved_at": at("01T09:00"),
            "merged_at": at("01T11:00"),
            "closed_at": at("01T11:00"),
            "updated_at": at("01T11:00"),
            "labels": ["till"],
            "url": "https://mr/1",
            "source_instance": "gitlab",
        }
    ]


BUCKET = {
    "uuid": "{aa-1}",
    "full_name": "acme/app",
    "is_private": True,
    "links": {"html": {"href": "https://bitbucket.org/acme/app"}},
}
BUCKET_PULL = {
    "id": 4, "title": "App", "state": "MERGED", "author": {"account_id": "u:1"}, "draft": False, "comment_count": 2,
    "source": {"branch": {"name": "app"}, "commit": {"hash": "0123456789ab"}},
    "destination": {"branch": {"name": "main"}},
    "merge_commit": {"hash": "abcdefabcdef"}, "created_on": "2026-03-01T08:00:00.123456+00:00",
    "updated_on": "2026-03-01T11:00:00+00:00", "links": {"html": {"href": "https://bitbucket.org/acme/app/pull-requests/4"}},
}  # fmt: skip


def test_a_pull_request_of_bitbucket_by_hand(lake: Lake) -> None:
    bitbucket = Sender(lake, "bitbucket")
    early = BUCKET_PULL | {"state": "OPEN", "merge_commit": None, "updated_on": "2026-03-01T09:00:00+00:00"}
    approval = {"date": "2026-03-01T09:00:00+00:00"}
    bitbucket("pullrequest:approved", {"pullrequest": early, "repository": BUCKET, "approval": approval})
    bitbucket("pullrequest:fulfilled", {"pullrequest": BUCKET_PULL, "repository": BUCKET})
    assert bitbucket.rows(PullRequests) == [
        {
            "pull_request_id": "bitbucket:aa-1/4",
            "repo_id": "bitbucket:aa-1",
            "number": 4,
            "title": "App",
            "state": "merged",
            "state_raw": "MERGED",
            "is_draft": False,
            "author_id": "bitbucket:u:1",
            "base_ref": "main",
            "head_ref": "app",
            "head_sha": "0123456789ab",
            "merge_sha": "abcdefabcdef",
            "created_at": datetime(2026, 3, 1, 8, 0, 0, 123456),  # noqa: DTZ001
            "approved_at": at("01T09:00"),
            "merged_at": at("01T11:00"),
            "closed_at": at("01T11:00"),
            "updated_at": at("01T11:00"),
            "comment_count": 2,
            "url": "https://bitbucket.org/acme/app/pull-requests/4",
            "source_instance": "bitbucket",
        }
    ]


def commit_status(state: str, updated: str) -> Json:
    links = {"commit": {"href": f"https://api.bitbucket.org/2.0/repositories/acme/app/commit/{'9' * 40}"}}
    one = {
        "key": "K1",
        "name": "Pipeline #12",
        "state": state,
        "url": "https://ci/12",
        "refname": "main",
        "links": links,
    }
    one |= {"created_on": "2026-03-01T10:00:00+00:00", "updated_on": f"2026-03-{updated}+00:00"}
    return {"commit_status": one, "repository": BUCKET}


def test_the_status_of_a_commit_by_hand(lake: Lake) -> None:
    bitbucket = Sender(lake, "bitbucket")
    bitbucket("repo:commit_status_created", commit_status("INPROGRESS", "01T10:00:00"))
    bitbucket("repo:commit_status_updated", commit_status("STOPPED", "01T10:05:00"))
    [told] = bitbucket.rows(CiRuns)
    assert told == {
        "ci_run_id": f"bitbucket:aa-1/K1/{'9' * 40}",
        "repo_id": "bitbucket:aa-1",
        "pipeline": "Pipeline #12",
        "branch": "main",
        "sha": "9" * 40,
        "status": "completed",
        "result": "cancelled",
        "result_raw": "STOPPED",
        "created_at": at("01T10:00"),
        "started_at": at("01T10:00"),
        "finished_at": at("01T10:05"),
        "duration_s": 300.0,
        "url": "https://ci/12",
        "source_instance": "bitbucket",
    }


def test_a_connector_that_reads_pipelines_is_not_doubled(lake: Lake) -> None:
    bitbucket = Sender(lake, "bitbucket", has_connector=True)
    bitbucket("repo:commit_status_updated", commit_status("FAILED", "01T10:05:00"))
    assert bitbucket.rows(CiRuns) == []


def test_a_push_to_bitbucket(lake: Lake) -> None:
    bitbucket = Sender(lake, "bitbucket")
    new = {"type": "branch", "name": "main", "target": {"hash": "c9", "date": "2026-03-01T10:00:00+00:00"}}
    push = {"changes": [{"new": None}, {"new": new | {"name": "topic"}}, {"new": new}]}
    bitbucket("repo:push", {"push": push, "repository": BUCKET})
    assert "head_sha" not in bitbucket.rows(Repositories)[0], "nobody says which branch is the main one"
    bitbucket("repo:push", {"push": push, "repository": BUCKET | {"mainbranch": {"name": "main"}}})
    [told] = bitbucket.rows(Repositories)
    assert (told["head_sha"], told["head_at"], told["default_branch"]) == ("c9", at("01T10:00"), "main")


TEN = int(datetime(2026, 3, 1, 10, tzinfo=UTC).timestamp() * 1000)


def build(phase: str, milliseconds: int, **told: Any) -> Json:
    one = {
        "full_url": "https://ci/job/shop/job/deploy%20all/9/",
        "number": 9,
        "phase": phase,
        "timestamp": milliseconds,
    }
    one |= {"scm": {"url": "git@x:y.git", "branch": "origin/main", "commit": "h8"}}
    one |= {"parameters": {"ENV": "production", "VERSION": "1.4", "DB_PASSWORD": "geheim"}}
    return {"name": "deploy all", "url": "job/shop/job/deploy%20all/", "build": one | told}


def test_a_build_of_jenkins_by_hand(lake: Lake) -> None:
    """Begun at ten, over after ninety seconds; the job is said to deploy what its parameters tell."""
    rule = Deploys(job="shop/deploy.*", environment_parameter="ENV", version_parameter="VERSION", app="shop")  # type: ignore[arg-type]
    jenkins = Sender(lake, "jenkins", deploys=(rule,))
    jenkins("", build("STARTED", TEN))
    [told] = jenkins.rows(Deployments)
    assert (told["status"], told["started_at"], "finished_at" in told) == ("running", at("01T10:00"), False)
    jenkins("", build("COMPLETED", TEN + 90_000, status="UNSTABLE", duration=90_000))
    jenkins("", build("FINALIZED", TEN + 95_000, status="UNSTABLE", duration=90_000))
    jenkins("", build("STARTED", TEN + 1))
    assert jenkins.rows(CiRuns) == [
        {
            "ci_run_id": "jenkins:shop/deploy all#9",
            "pipeline": "shop/deploy all",
            "number": 9,
            "branch": "main",
            "sha": "h8",
            "status": "completed",
            "result": "failure",
            "result_raw": "UNSTABLE",
            "created_at": at("01T10:00"),
            "started_at": at("01T10:00"),
            "finished_at": at("01T10:01:30"),
            "duration_s": 90.0,
            "url": "https://ci/job/shop/job/deploy%20all/9/",
            "source_instance": "jenkins",
        }
    ]
    assert jenkins.rows(Deployments) == [
        {
            "deployment_id": "jenkins:shop/deploy all#9:production",
            "app_id": "shop",
            "environment": "production",
            "env_tier": "production",
            "ref": "main",
            "sha": "h8",
            "version": "1.4",
            "ci_run_id": "jenkins:shop/deploy all#9",
            "created_at": at("01T10:00"),
            "started_at": at("01T10:00"),
            "finished_at": at("01T10:01:30"),
            "duration_s": 90.0,
            "status": "success",
            "status_raw": "UNSTABLE",
            "is_inferred": False,
            "url": "https://ci/job/shop/job/deploy%20all/9/",
            "updated_at": at("01T10:01:35"),
            "source_instance": "jenkins",
        }
    ]
    assert not any("geheim" in payload for payload in lake.read(ReceivedEvents)["payload"])


def test_a_build_as_the_api_tells_it(lake: Lake) -> None:
    rule = Deploys(job="ship", environment="qa")  # type: ignore[arg-type]
    jenkins = Sender(lake, "jenkins", deploys=(rule,))
    told = {"url": "https://ci/job/ship/3/", "number": 3, "timestamp": TEN, "duration": 60_000, "building": False}
    jenkins("", told | {"result": "ABORTED", "actions": [{}, {"parameters": [{"name": "ENV", "value": "x"}]}]})
    [run], [one] = jenkins.rows(CiRuns), jenkins.rows(Deployments)
    assert (run["ci_run_id"], run["result"], run["started_at"]) == ("jenkins:ship#3", "cancelled", at("01T10:00"))
    assert (one["environment"], one["env_tier"], one["status"]) == ("qa", "testing", "cancelled")
    assert one["finished_at"] == at("01T10:01")


def test_an_event_lands_once(lake: Lake, github: Sender) -> None:
    """By the name of its delivery, after a restart too; without a name, by its body."""
    payload = status("success", "01T10:06:00")
    first = github("deployment_status", payload, x_github_delivery="d-1")
    assert (first.event_id, first.is_known, first.row_count) == ("github:d-1", False, 3)
    tables: tuple[type[Table], ...] = (Deployments, Environments, Repositories, ReceivedEvents)
    versions = [lake.version(table) for table in tables]
    for sender in (github, Sender(lake, "github")):
        again = sender("deployment_status", payload | {"x": 1}, x_github_delivery="d-1")
        assert (again.event_id, again.is_known, again.row_count) == ("github:d-1", True, 0)
    assert [lake.version(table) for table in tables] == versions
    # An old event under a new name, as one who listened could send it: stored, and no row changes.
    github("deployment_status", status("failure", "01T10:09:00", 2), x_github_delivery="d-2")
    forged = github("deployment_status", payload, x_github_delivery="d-3")
    assert (forged.is_known, forged.row_count) == (False, 0)
    assert github.rows(Deployments)[0]["status"] == "failed"
    assert github("push", {"zen": 1}).event_id == github("push", {"zen": 1}).event_id
    assert sorted(lake.read(ReceivedEvents)["event_id"])[1:] == ["github:d-1", "github:d-2", "github:d-3"]


def test_an_event_is_stored_whole(lake: Lake, github: Sender) -> None:
    github("deployment_status", status("success", "01T10:06:00", token="s3cret"), x_github_delivery="d-1")
    [told] = lake.read(ReceivedEvents).to_dicts()
    assert (told["route"], told["kind"], told["signature"]) == ("/hooks/github", "deployment_status", "valid")
    assert told["occurred_at"] == at("01T10:06")
    payload = json.loads(told["payload"])
    assert payload["deployment_status"]["token"] == HIDDEN
    assert payload["deployment"] == DEPLOYMENT
    [run] = lake.read(SyncRuns).to_dicts()
    assert (run["connector"], run["stream"], run["status"], run["row_count"]) == ("github", "hook", "success", 4)


def test_what_was_received_is_told_in_the_end(lake: Lake, github: Sender) -> None:
    for number in range(3):
        github("star", {"n": number})
    assert lake.read(SyncRuns)["row_count"].to_list() == [1], "once a minute at most"
    github.inbox.close()
    github.inbox.close()
    assert sorted(lake.read(SyncRuns)["row_count"].to_list()) == [1, 2]


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"repository": None, "project": None, "build": None},
        {"repository": [], "project": 7, "build": []},
        {"repository": {"id": {}}, "project": {"id": []}, "build": {"phase": "COMPLETED"}, "deployment_status": 1},
        {"repository": {"id": 1, "full_name": "a"}, "project": {"id": 1, "path_with_namespace": "a"}, "number": "x"},
    ],
)
def test_a_payload_of_another_shape_is_stored_and_makes_no_row(lake: Lake, vendor: str, payload: Json) -> None:
    kinds = {
        "github": "deployment_status",
        "gitlab": "Deployment Hook",
        "bitbucket": "pullrequest:created",
        "jenkins": "",
    }
    sender = Sender(lake, vendor)
    sender(kinds[vendor], payload)
    sender.inbox.close()
    assert lake.read(Deployments).height == 0
    assert lake.read(ReceivedEvents).height == 1
    assert set(lake.read(SyncRuns)["status"]) <= {"partial", "success"}


def test_a_row_that_breaks_its_contract_is_quarantined(lake: Lake, github: Sender) -> None:
    odd = DEPLOYMENT | {"sha": 7, "environment": "\ud800prod"}
    told = github("deployment_status", status("success", "01T10:06:00") | {"deployment": odd})
    assert told.note == "1 rows are quarantined"
    assert lake.read(Deployments).height == 0
    assert "sha = 7" in lake.read(Quarantine)["message"][0]
    assert [one["name"] for one in github.rows(Environments)] == ["?prod"]


def test_words_that_nobody_knows_are_unknown_and_counted(lake: Lake, github: Sender) -> None:
    github("deployment_status", status("exploded", "01T10:06:00"))
    [told] = github.rows(Deployments)
    assert (told["status"], told["status_raw"]) == ("unknown", "exploded")
    assert lake.read(SyncRuns)["unknown_enum_count"].to_list() == [1]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"\xff", b'{"a": NaN}', b"[" * 100_000, b'{"a":' * 100_000])
def test_what_is_no_json_object_is_refused(github: Sender, body: bytes) -> None:
    with pytest.raises(ContractError, match="the body is"):
        github("push", body)
    assert github.lake.read(ReceivedEvents).height == 0


def test_secrets_are_hidden_however_deep() -> None:
    deep: Json = {
        "password": "x",
        "variables": [1],
        "tokens_url": "y",
        "api-key": "z",
        "secret": None,
        "a": [{"GIT_TOKEN": "t"}],
    }
    told = hidden(deep)
    assert told == deep | {"password": HIDDEN, "variables": HIDDEN, "api-key": HIDDEN, "a": [{"GIT_TOKEN": HIDDEN}]}
    nested: Json = {"password": "x"}
    for _ in range(200):
        nested = {"a": nested}
    assert "x" not in json.dumps(hidden(nested)).replace(HIDDEN, "")


def test_signatures() -> None:
    """RFC 4231, test case 2: key "Jefe", data "what do ya want for nothing?"."""
    mac = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    data = b"what do ya want for nothing?"
    assert is_hmac(f"sha256={mac}", data, "Jefe")
    for wrong in ("", mac, f"sha256={mac[:-1]}0", f"sha1={mac}", f"sha256={mac.upper()}", "sha256=ü"):
        assert not is_hmac(wrong, data, "Jefe")
    assert not is_hmac(f"sha256={mac}", data + b" ", "Jefe")
    assert is_token("geheim-ä".encode().decode("latin-1"), "geheim-ä")
    assert not is_token("", "x")
    assert not is_token("\u20ac", "x")


def test_instants_as_vendors_write_them() -> None:
    ten = datetime(2026, 3, 1, 10, tzinfo=UTC)
    for told in (
        "2026-03-01T10:00:00Z",
        "2026-03-01 12:00:00 +0200",
        "2026-03-01 10:00:00 UTC",
        "2026-03-01T10:00:00",
        TEN / 1000,
    ):
        assert moment(told) == ten
    assert instant("") is instant(None) is None
    for wrong in ("noon", True, {}, None):
        with pytest.raises((ValueError, TypeError)):
            moment(wrong)


REFERENCE = Path(os.environ.get("AURORA_REFERENCE_DATA") or ROOT.parent / "shared" / "data") / "api"


def payloads() -> Iterator[Any]:
    if not REFERENCE.exists():
        mark = () if os.environ.get("CI") == "true" else pytest.mark.skip(reason=f"{REFERENCE} is not here")
        yield pytest.param("github", "none", REFERENCE / "none", marks=mark)
        return
    for file in sorted((REFERENCE / "github-webhooks").rglob("*.json")):
        yield pytest.param("github", file.parent.name, file, id=f"github-{file.parent.name}-{file.name}")
    names = {"deployment": "Deployment Hook", "pipeline": "Pipeline Hook", "build": "Job Hook", "issue": "Issue Hook"}
    for name, kind in names.items():
        yield pytest.param(
            "gitlab", kind, REFERENCE / "gitlab-fixtures" / "webhooks" / f"{name}.json", id=f"gitlab-{name}"
        )


@pytest.mark.parametrize(("vendor", "kind", "file"), list(payloads()))
def test_payloads_of_the_vendors_own_make_rows_that_hold(lake: Lake, vendor: str, kind: str, file: Path) -> None:
    sender = Sender(lake, vendor)
    told = sender(kind, file.read_bytes())
    assert told.note is None
    makes = {
        "deployment",
        "deployment_status",
        "workflow_run",
        "pull_request",
        "pull_request_review",
        "issues",
        "release",
        "push",
    }
    assert (told.row_count > 0) == (kind in makes | {"Deployment Hook", "Pipeline Hook"})
    assert lake.read(Quarantine).height == 0
    assert sender(kind, file.read_bytes()).is_known


def test_rows_come_from_the_source_that_is_named(lake: Lake) -> None:
    inbox = Inbox(lake, VENDORS["github"], "hub", HookOptions())
    inbox.take(
        {"x-github-event": "issues"},
        json.dumps({"action": "opened", "issue": ISSUE, "repository": REPOSITORY}).encode(),
    )
    [told] = lake.read(WorkItems).to_dicts()
    assert (told["source"], told["source_instance"], told["work_item_id"]) == ("github", "hub", "hub:7#6")
