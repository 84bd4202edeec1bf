"""GitLab: lists that move while they are read, cursors of many projects, refusals of one project, and words."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from requests.adapters import BaseAdapter

from aurora.contracts.delivery import PullRequests, WorkItems
from aurora.contracts.platform import SyncRuns
from aurora.errors import SourceError
from aurora.settings import Settings, SourceSettings
from ingest.connector import Checkpoint
from ingest.connectors.gitlab import connector
from ingest.run import Ingest
from ingest.vendors.forges import is_bot
from ingest.vendors.gitlab_merge_requests import approved_at, merge_sha, work_item_keys
from ingest.vendors.gitlab_planning import severity_by_label
from ingest.vendors.gitlab_rows import percentage
from ingest.vendors.work_keys import tracked_keys
from tests.replay import Recording, Replay, cursor_of, load, replayed, response, rows_of, run_of
from warehouse.lake import Lake

Json = Any
NOW = datetime(2026, 3, 4, 12, 10, tzinfo=UTC)
OPTIONS = {"token": "env:HOME", "url": "https://gitlab.example.com", "groups": ["shop"]}
PROJECT = {"id": 41, "path_with_namespace": "shop/web", "name": "Web", "namespace": {"id": 7, "kind": "group"}}
API = "/api/v4/"


def exchange(path: str, body: Json, status: int = 200, headers: Json = None, **params: Json) -> Json:
    return {
        "request": {"method": "GET", "path": API + path, "params": params},
        "response": {"status": status, "body": body, "headers": headers or {}},
    }


def listed(*projects: Json) -> Json:
    return exchange("groups/shop/projects", [PROJECT | more for more in projects])


def issue(number: int, at: datetime, state: str = "opened") -> Json:
    return {
        "id": number,
        "iid": number,
        "project_id": 41,
        "state": state,
        "created_at": "2026-03-01T00:00:00.000Z",
        "updated_at": at.isoformat(timespec="milliseconds"),
    }


@dataclass
class Moving(BaseAdapter):
    """A GitLab whose list of issues is ordered by last change, while people go on changing issues."""

    issues: list[Json]
    touched: list[int] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        if parts.path.endswith("/projects"):
            return response({"body": [PROJECT]}, request)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.asked.append(asked)
        since, size, page = (
            datetime.fromisoformat(asked["updated_after"]),
            int(asked["per_page"]),
            int(asked.get("page", 1)),
        )
        found = [one for one in self.issues if datetime.fromisoformat(one["updated_at"]) >= since]
        found.sort(key=lambda one: (one["updated_at"], one["id"]))
        shown = found[(page - 1) * size : page * size]
        query = parts.query if "page=" not in parts.query else parts.query.replace(f"&page={page}", "")
        more = f'<http://inside{parts.path}?{query}&page={page + 1}>; rel="next"' if len(found) > page * size else ""
        answer = response({"body": shown, "headers": {"Link": more} if more else {}}, request)
        self._change()
        return answer

    def _change(self) -> None:
        """Somebody closes an issue that has been read already."""
        if self.touched:
            at = NOW + timedelta(seconds=len(self.asked))
            number = self.touched.pop(0)
            self.issues = [issue(number, at, "closed") if one["id"] == number else one for one in self.issues]

    def close(self) -> None:
        """Nothing is open."""


def read(adapter: BaseAdapter, stream: str = "issues", **more: Any) -> list[Any]:
    recording = Recording(OPTIONS, NOW, [], **more)
    return list(connector.streams[stream].fetch(run_of(connector, stream, recording, adapter)))


def test_nothing_slips_between_two_pages_while_people_go_on_working() -> None:
    """Of 350 issues three of the first page change while the pages are read; by page number three would be missed."""
    start = NOW - timedelta(days=2)
    moving = Moving([issue(number, start + timedelta(minutes=number)) for number in range(350)], [5, 17, 80])
    rows = rows_of(read(moving), WorkItems)
    last = {row["work_item_id"]: row["state"] for row in rows}
    assert len(last) == 350
    assert [number for number in range(350) if last[f"test:{number}"] == "done"] == [5, 17, 80]
    assert len(rows) == 353, "each state of an issue once"
    assert len(moving.asked) == 4


def test_a_list_with_one_instant_over_many_pages_is_read_by_page() -> None:
    at = NOW - timedelta(hours=1)
    moving = Moving([issue(number, at) for number in range(250)])
    assert len({row["work_item_id"] for row in rows_of(read(moving), WorkItems)}) == 250
    assert [asked.get("page") for asked in moving.asked] == [None, "2", "3"]


def test_full_pages_are_checkpointed_where_they_end_and_the_rest_once() -> None:
    start = NOW - timedelta(days=2)
    items = read(Moving([issue(number, start + timedelta(minutes=number)) for number in range(350)]))
    marks = [item.cursor["read"] for item in items if isinstance(item, Checkpoint)]
    assert marks[0]["41"] == (start + timedelta(minutes=99)).isoformat()
    assert marks[-1] == {"41": NOW.isoformat()}
    assert len(marks) <= 5


def test_projects_without_news_cost_one_checkpoint_together() -> None:
    projects = [{"id": number} for number in range(1, 31)]
    exchanges = [listed(*projects), *(exchange(f"projects/{one['id']}/issues", []) for one in projects)]
    items, _, adapter = replayed(connector, "issues", Recording(OPTIONS, NOW, exchanges))
    assert len(items) == 1
    assert len(items[0].cursor["read"]) == 30
    assert adapter.unused == []


def test_a_project_that_is_new_is_read_from_the_beginning_and_the_others_from_their_own_cursor() -> None:
    old, ahead = "2026-03-04T11:00:00+00:00", "2026-03-05T11:00:00+00:00"
    exchanges = [
        listed({"id": 1}, {"id": 2}, {"id": 3}),
        exchange("projects/1/issues", [], updated_after="2026-03-04T10:50:00.000000Z"),
        exchange("projects/2/issues", [], updated_after="2026-03-04T12:00:00.000000Z"),
        exchange("projects/3/issues", [], updated_after="2025-09-05T12:10:00.000000Z"),
    ]
    recording = Recording(OPTIONS, NOW, exchanges, cursor={"read": {"1": old, "2": ahead}})
    items, _, adapter = replayed(connector, "issues", recording)
    assert adapter.unused == []
    assert cursor_of(items) == {"read": dict.fromkeys("123", NOW.isoformat())}


def test_a_second_run_goes_on_where_the_first_one_ended(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", config=tmp_path / "aurora.toml")
    source = SourceSettings.model_validate({"name": "code", "connector": "gitlab", **OPTIONS})
    moving = Moving([issue(number, NOW - timedelta(days=1)) for number in range(3)])
    clock = [NOW]
    ingest = Ingest(Lake(settings.lake), settings, {"gitlab": connector}, adapter=moving, clock=lambda: clock[0])
    first = ingest.run(source, {"issues"})
    clock[0] += timedelta(minutes=5)
    second = ingest.run(source, {"issues"})
    assert [(one.status, one.landed.row_count) for one in first + second] == [("success", 3), ("success", 0)]
    assert [asked["updated_after"][:16] for asked in moving.asked] == ["2025-09-05T12:10", "2026-03-04T12:00"]
    assert ingest.lake.read(WorkItems).height == 3
    assert ingest.lake.read(SyncRuns)["error"].to_list() == [None, None]


def test_what_a_project_has_switched_off_is_not_asked_for() -> None:
    off = {"issues_access_level": "disabled"}
    exchanges = [
        listed({"id": 1, **off}, {"id": 2, "issues_enabled": False}, {"id": 3, "archived": True}, {"id": 4}),
        exchange("projects/4/issues", []),
    ]
    _, run, adapter = replayed(connector, "issues", Recording(OPTIONS, NOW, exchanges))
    assert adapter.unused == []
    assert run.warnings == []


@pytest.mark.parametrize("status", [403, 404])
def test_one_project_that_refuses_is_a_warning_and_all_of_them_a_failure(status: int) -> None:
    refused = {"message": f"{status} Forbidden"}
    exchanges = [
        listed({"id": 1}, {"id": 2}, {"id": 3}),
        exchange("projects/1/issues", refused, status),
        exchange("projects/2/issues", [issue(7, NOW)]),
        exchange("projects/3/issues", refused, status),
    ]
    items, run, _ = replayed(connector, "issues", Recording(OPTIONS, NOW, exchanges))
    assert [row["work_item_id"] for row in rows_of(items, WorkItems)] == ["test:7"]
    assert cursor_of(items) == {"read": {"2": NOW.isoformat()}}
    (warning,) = run.warnings
    assert "projects/1/issues" in warning
    assert "1 more" in warning
    with pytest.raises(SourceError) as raised:
        replayed(
            connector, "issues", Recording(OPTIONS, NOW, [listed({}), exchange("projects/41/issues", refused, status)])
        )
    assert raised.value.error_class in ("permission", "not_found")


def test_what_is_refused_of_a_part_is_told_once_and_what_is_gone_is_not() -> None:
    _, run, _ = replayed(connector, "pipelines", load("gitlab", "pipelines"))
    (warning,) = run.warnings
    assert "pipelines/703 answered 403" in warning
    assert "left out" in warning


def test_a_group_that_is_not_there_stops_no_other() -> None:
    options = OPTIONS | {"groups": ["gone", "shop"], "projects": ["shop/web", "solo/tool"]}
    exchanges = [
        exchange("groups/gone/projects", {"message": "404 Group Not Found"}, 404),
        listed({}),
        exchange("projects/shop%2Fweb", PROJECT),
        exchange("projects/solo%2Ftool", PROJECT | {"id": 99}),
        exchange("projects/41/issues", []),
        exchange("projects/99/issues", []),
    ]
    _, run, adapter = replayed(connector, "issues", Recording(options, NOW, exchanges))
    assert adapter.unused == [], "a project that is in a group and listed is read once"
    assert len(run.warnings) == 1


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"message": "401 Unauthorized"}, 401, "auth"),
        (
            {"error": "insufficient_scope", "error_description": "needs read_api", "scope": "read_api"},
            403,
            "permission",
        ),
        ({"error": "updated_after is invalid"}, 400, "bad_query"),
        ({"message": "500 Internal Server Error"}, 500, "vendor_5xx"),
        ({"message": "something else"}, 200, "schema_drift"),
        ("text", 200, "schema_drift"),
        ([["no issue"]], 200, TypeError),
    ],
)
def test_every_shape_of_an_error_is_told(body: Json, status: int, kind: Any) -> None:
    told = json.dumps(body)
    with pytest.raises(SourceError if isinstance(kind, str) else kind) as raised:
        replayed(
            connector, "issues", Recording(OPTIONS, NOW, [listed({}), exchange("projects/41/issues", told, status)])
        )
    if isinstance(raised.value, SourceError):
        assert raised.value.error_class == kind


def test_too_many_requests_in_plain_text_are_waited_out() -> None:
    soon = str(int(datetime.now(UTC).timestamp()) + 5)
    exchanges = [
        listed({}),
        exchange("projects/41/issues", "Retry later\n", 429, {"RateLimit-Reset": soon, "RateLimit-Remaining": "0"}),
        exchange("projects/41/issues", []),
    ]
    _, run, _ = replayed(connector, "issues", Recording(OPTIONS, NOW, exchanges))
    assert 0 < run.http.rate_limited_s <= 5


def test_a_project_that_moved_is_told_with_its_new_place() -> None:
    options = OPTIONS | {"groups": [], "projects": ["old/place"]}
    moved = exchange("projects/old%2Fplace", "", 301, {"Location": "https://gitlab.example.com/api/v4/projects/41"})
    with pytest.raises(SourceError, match="projects/41") as raised:
        replayed(connector, "issues", Recording(options, NOW, [moved]))
    assert raised.value.error_class == "not_found"


def test_iterations_are_not_asked_for_where_the_plan_has_none() -> None:
    exchanges = [listed({}), exchange("projects/41/milestones", []), exchange("groups/7/milestones", [])]
    _, run, adapter = replayed(connector, "sprints", Recording(OPTIONS | {"iterations": False}, NOW, exchanges))
    assert adapter.unused == []
    assert run.warnings == []
    refused = exchange("groups/7/iterations", {"message": "404 Not Found"}, 404)
    _, run, _ = replayed(connector, "sprints", Recording(OPTIONS, NOW, [*exchanges, refused]))
    assert "iterations = false" in run.warnings[0]


def test_where_graphql_is_refused_merge_requests_come_without_sizes() -> None:
    recording = load("gitlab", "merge_requests")
    refused = {"data": None, "errors": [{"message": "Field 'diffStatsSummary' doesn't exist"}]}
    for one in recording.exchanges:
        if one["request"]["method"] == "POST":
            one["response"]["body"] = refused
    items, run, adapter = replayed(connector, "merge_requests", recording)
    assert {row["added_lines"] for row in rows_of(items, PullRequests)} == {None}
    assert sum("no changed lines" in warning for warning in run.warnings) == 1
    assert sum(request.method == "POST" for request in adapter.asked) == 1


@pytest.mark.parametrize(
    "url", ["https://g.example/gitlab", "https://g.example/gitlab/", "https://g.example/gitlab/api/v4"]
)
def test_the_address_of_an_own_gitlab_may_have_a_path(url: str) -> None:
    told = [{"request": {"method": "GET", "path": "/gitlab/api/v4/projects"}, "response": {"body": []}}]
    recording = Recording({"token": "env:HOME", "url": url}, NOW, told)
    adapter = Replay(told)
    list(connector.streams["repositories"].fetch(run_of(connector, "repositories", recording, adapter)))
    (asked,) = adapter.asked
    assert asked.headers["Authorization"].startswith("Bearer ")
    assert "token" not in str(asked.url)


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        ("merge_requests", {"frozen": 1}),
        ("pipelines", {"exploded": 1, "imploded": 1}),
        ("deployments", {"moonbase": 1, "teleported": 1}),
        ("environments", {"lunar": 1, "somewhere": 1}),
        ("issues", {"riddle": 1, "lost": 1}),
        ("sprints", {"frozen": 1}),
    ],
)
def test_words_that_are_not_known_are_counted(stream: str, words: dict[str, int]) -> None:
    _, run, _ = replayed(connector, stream, load("gitlab", stream))
    assert dict(run.unknown_words) == words


def review(who: str, state: str, minute: int) -> Json:
    return {"reviewer_id": f"test:{who}", "state": state, "submitted_at": NOW + timedelta(minutes=minute)}


@pytest.mark.parametrize(
    ("reviews", "approvals", "minute"),
    [
        ([], None, None),
        ([review("1", "approved", 1), review("2", "approved", 2)], None, 1),
        ([review("1", "approved", 1), review("1", "dismissed", 2), review("1", "approved", 3)], None, 3),
        ([review("1", "approved", 1), review("1", "dismissed", 2)], None, None),
        ([review("1", "approved", 1), review("2", "approved", 2)], {"approvals_required": 2, "who": (1, 2)}, 2),
        ([review("1", "approved", 1), review("2", "approved", 2)], {"approvals_required": 0, "who": (1, 2)}, 1),
        # A push reset the first approval: it stands no more, and says nothing in the notes.
        ([review("1", "approved", 1), review("2", "approved", 2)], {"who": (2,)}, 2),
        ([review("1", "approved", 1)], {"approvals_required": 2, "who": (1,)}, None),
    ],
)
def test_a_merge_request_is_approved_when_the_approvals_that_stand_are_enough(
    reviews: list[Json], approvals: Json, minute: int | None
) -> None:
    run = run_of(connector, "merge_requests", Recording(OPTIONS, NOW, []), Replay([]))
    told = approvals and approvals | {"approved_by": [{"user": {"id": number}} for number in approvals["who"]]}
    assert approved_at(run, reviews, told) == (None if minute is None else NOW + timedelta(minutes=minute))


@pytest.mark.parametrize(
    ("description", "keys"),
    [
        ("Closes #1", ["shop/web#1"]),
        ("closed: #1, #2, and #3 but not #4", ["shop/web#1", "shop/web#2", "shop/web#3"]),
        ("Fixes other#5 and a/b/c#6", ["shop/other#5", "a/b/c#6"]),
        ("Resolves https://gitlab.com/a/b/-/issues/7", ["a/b#7"]),
        ("Implements issues #8 and #8", ["shop/web#8"]),
        ("See #9. I will close the door. Discloses #10", []),
        (None, []),
        ("fix " + "and " * 3000 + "a" * 5000, []),
    ],
)
def test_a_merge_request_names_the_issues_that_it_closes(description: str | None, keys: list[str]) -> None:
    assert work_item_keys({"references": {"full": "shop/web!3"}, "description": description}) == keys


def test_keys_are_read_from_titles_and_branches_and_standards_are_none() -> None:
    assert tracked_keys("SHOP-1: UTF-8, SHA-256 and OPS-22", "feature/SHOP-1_card", None) == ["SHOP-1", "OPS-22"]
    assert tracked_keys("v1-2 A-1 CVE-2024-1 SHOP-0") == []
    assert tracked_keys("SHOP-12-2nd-try") == ["SHOP-12"]


def test_the_commit_of_a_merge_is_that_which_was_made() -> None:
    assert merge_sha({"state": "merged", "merge_commit_sha": "m", "squash_commit_sha": "s", "sha": "h"}) == "m"
    assert merge_sha({"state": "merged", "merge_commit_sha": None, "squash_commit_sha": "s", "sha": "h"}) == "s"
    assert merge_sha({"state": "merged", "merge_commit_sha": None, "squash_commit_sha": None, "sha": "h"}) == "h"
    assert merge_sha({"state": "opened", "merge_commit_sha": None, "squash_commit_sha": None, "sha": "h"}) is None


def test_other_words() -> None:
    assert [severity_by_label([label]) for label in ("severity::1", "Severity: High", "S3", "critical", "s5")] == [
        "critical",
        "high",
        "medium",
        "critical",
        None,
    ]
    assert [percentage(told) for told in ("82.68", "100", None, "", "none", "-1", 3.5)] == [
        82.68,
        100,
        None,
        None,
        None,
        None,
        3.5,
    ]
    names = (
        "project_41_bot_0a1b",
        "renovate",
        "ci.bot",
        "dependabot[bot]",
        "ghost",
        "abbott",
        "robot",
        "botany",
        "ada",
    )
    assert [name for name in names if is_bot(name)] == list(names[:5])
