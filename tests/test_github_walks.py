"""How GitHub's lists are walked: past many pages, from where a run was broken off, and only where there is news."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from aurora.contracts.delivery import (
    Commits,
    PullRequestReviews,
    PullRequests,
    Releases,
    WorkItems,
)
from aurora.errors import SourceError
from aurora.settings import Settings, SourceSettings
from ingest.connector import Checkpoint, load_connectors
from ingest.connectors.github import connector
from ingest.run import Ingest
from ingest.vendors import github_repositories
from tests.github_fake import (
    DAY,
    DOWN,
    HOUR,
    MINUTE,
    NOW,
    OPTIONS,
    GitHub,
    Json,
    connection,
    repository,
    run_at,
    survey,
    until_it_ends,
    walked,
    z,
)
from tests.replay import cursor_of, rows_of
from warehouse.lake import Lake


def pull(number: int, updated: datetime, **told: Json) -> Json:
    none = {"nodes": []}
    empty = {"labels": none, "closingIssuesReferences": none, "reviews": connection([])}
    commits = {"totalCount": 1, "nodes": [{"commit": {"authoredDate": z(updated - DAY)}}]}
    named = {"number": number, "title": f"P{number}", "state": "OPEN", "createdAt": z(updated - HOUR), "author": None}
    return {**named, **empty, "commits": commits, "updatedAt": z(updated), **told}


class Pulls:
    """Pull requests in the pages asked for; the page `breaks` fails."""

    def __init__(self, pulls: list[Json], breaks: str | None = None) -> None:
        self.pulls, self.breaks = pulls, breaks

    def __call__(self, asked: Json) -> Json:
        if asked["after"] and asked["after"] == self.breaks:
            return DOWN
        first = int(asked["after"] or 0)
        found = self.pulls if not asked["states"] else [it for it in self.pulls if it["state"] in asked["states"]]
        page, rest = found[first : first + asked["first"]], found[first + asked["first"] :]
        return {"repository": {"pullRequests": connection(page, str(first + asked["first"]) if rest else None)}}


def numbers(items: list[Any]) -> list[int]:
    return [row["number"] for row in rows_of(items, PullRequests)]


def test_a_walk_that_was_broken_off_goes_on_at_its_page_and_then_takes_what_came_meanwhile() -> None:
    merged = [pull(1000 - place, NOW - place * HOUR, state="MERGED", mergedAt=z(NOW)) for place in range(500)]
    served = Pulls(merged, breaks="480")
    newest = repository(1, "shop", z(NOW))
    github = GitHub({"Survey": survey(newest), "PullRequests": served})
    first, error = until_it_ends(run_at("pull_requests", github))
    assert isinstance(error, SourceError)
    kept = cursor_of(first)
    assert kept is not None
    state = kept["repositories"]["1"]
    assert (state["page"], state["newest"]) == ("480", NOW.isoformat())
    served.breaks = None
    served.pulls = [pull(1001, NOW + MINUTE), *merged]
    second, after = walked("pull_requests", github, kept)
    assert sorted(set(numbers(first) + numbers(second)))[-500:] == list(range(501, 1001))
    assert after == {"repositories": {"1": {"until": NOW.isoformat()}}}
    github.answers["Survey"] = survey(repository(1, "shop", z(NOW + MINUTE)))
    third, after = walked("pull_requests", github, after)
    assert numbers(third) == [1001, 1000]  # ten minutes are read again
    again, _ = walked("pull_requests", GitHub({"Survey": survey(newest)}), after)
    assert numbers(again) == []


def test_quiet_repositories_are_remembered_too_where_many_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github_repositories, "HELD_S", 0.0)
    many = survey(*(repository(number, f"r{number}") for number in range(1, 4)))
    empty = {"workflow_runs": []}
    paths = {f"/repos/acme/r{number}/actions/runs": lambda _: empty for number in (1, 2)}
    github = GitHub({"Survey": many, **paths, "/repos/acme/r3/actions/runs": lambda _: DOWN})
    items, error = until_it_ends(run_at("ci_runs", github))
    assert isinstance(error, SourceError)
    assert len(items) == 3  # after each of the two, and at the fault
    kept = cursor_of(items[:2])
    assert kept is not None
    assert set(kept["repositories"]) == {"1", "2"}


def test_a_first_run_takes_what_is_open_however_old_and_the_rest_of_ninety_days() -> None:
    old = [pull(2, NOW - 400 * DAY), pull(1, NOW - 500 * DAY, state="CLOSED")]
    served = Pulls([pull(3, NOW - DAY, state="CLOSED"), *old])
    items, after = walked(
        "pull_requests", GitHub({"Survey": survey(repository(1, "shop", z(NOW - DAY))), "PullRequests": served})
    )
    assert numbers(items) == [2, 3]
    assert after["repositories"]["1"]["until"] == (NOW - DAY).isoformat()


def test_a_page_that_github_does_not_know_any_more_is_forgotten() -> None:
    bad = {"errors": [{"type": "INVALID_CURSOR_ARGUMENTS", "message": "`x` does not appear to be a valid cursor."}]}
    github = GitHub(
        {
            "Survey": survey(repository(1, "shop", z(NOW)), repository(2, "ok")),
            "PullRequests": lambda _: {"status": 200, "body": bad},
        }
    )
    run = run_at("pull_requests", github, {"repositories": {"1": {"page": "x", "newest": z(NOW)}}})
    items = list(connector.streams["pull_requests"].fetch(run))
    assert "valid cursor" in run.warnings[0]
    assert cursor_of(items) == {"repositories": {"1": {"newest": z(NOW)}}}


def test_reviews_past_two_pages_are_all_read() -> None:
    def review(number: int) -> Json:
        who = {"__typename": "User", "login": f"u{number % 3}", "databaseId": 1 + number % 3}
        return {"fullDatabaseId": str(number), "state": "COMMENTED", "submittedAt": z(NOW), "author": who}

    def more(asked: Json) -> Json:
        first = int(asked["after"])
        page = connection([review(n) for n in range(first, first + 100)], str(first + 100) if first < 250 else None)
        return {"repository": {"pullRequest": {"reviews": page}}}

    told = pull(1, NOW, reviews=connection([review(n) for n in range(50)], "50"), author={"login": "u0"})
    github = GitHub({"Survey": survey(repository(1, "shop", z(NOW))), "PullRequests": Pulls([told]), "Reviews": more})
    items, _ = walked("pull_requests", github, {"repositories": {"1": {"until": z(NOW - HOUR)}}})
    assert len({row["review_id"] for row in rows_of(items, PullRequestReviews)}) == 350
    assert rows_of(items, PullRequests)[0]["review_count"] == 350


@pytest.mark.parametrize("spread", [timedelta(seconds=7), timedelta(0)], ids=["each its second", "all in one second"])
def test_issues_past_many_pages_though_some_are_updated_meanwhile(spread: timedelta) -> None:
    start = NOW - DAY
    issues = [
        {"number": n, "state": "open", "created_at": z(start), "updated_at": z(start + n * spread)} for n in range(350)
    ]

    def answer(asked: Json) -> Json:
        if asked["state"] == "open" and "sort" not in asked:
            return []
        found = sorted((it for it in issues if it["updated_at"] >= asked["since"]), key=lambda it: it["updated_at"])
        first = 100 * (int(asked["page"]) - 1)
        page = [dict(it) for it in found[first : first + 100]]
        if spread and page:  # what was read first is updated: everything behind it moves up by one
            next(it for it in issues if it["number"] == page[0]["number"])["updated_at"] = z(NOW)
        return page

    github = GitHub({"Survey": survey(repository(1, "shop", z(NOW))), "/repos/acme/shop/issues": answer})
    items, after = walked("work_items", github)
    assert {row["key"] for row in rows_of(items, WorkItems)} == {f"acme/shop#{n}" for n in range(350)}
    assert after["repositories"]["1"]["until"] == NOW.isoformat()
    assert sum(isinstance(item, Checkpoint) for item in items) >= 2


def test_a_history_that_was_broken_off_loses_no_push_that_came_meanwhile() -> None:
    def commit(number: int) -> Json:
        return {"oid": f"{number:040d}", "committedDate": z(NOW - DAY), "authoredDate": z(NOW - DAY)}

    failing = {"300"}

    def history(asked: Json) -> Json:
        first = int(asked["after"] or 0)
        if asked["after"] in failing:
            return DOWN
        page = connection([commit(n) for n in range(first, first + 100)], str(first + 100) if first < 400 else None)
        return {"repository": {"defaultBranchRef": {"target": {"history": page}}}}

    def at(oid: str) -> Any:
        return survey(repository(1, "shop", defaultBranchRef={"name": "main", "target": {"oid": oid}}))

    github = GitHub({"Survey": at("old"), "History": history})
    first, error = until_it_ends(run_at("commits", github))
    assert isinstance(error, SourceError)
    failing.clear()
    github.answers["Survey"] = at("new")
    second, after = walked("commits", github, cursor_of(first))
    assert len({row["sha"] for row in rows_of(first + second, Commits)}) == 500
    assert after == {"repositories": {"1": {"tip": "old"}}}
    github.answers |= {
        "/repos/acme/shop/compare/old...new": lambda _: {"status": "ahead", "commits": [{"sha": "x", "node_id": "C1"}]},
        "Commits": lambda _: {"nodes": [commit(777)]},
    }
    third, after = walked("commits", github, after)
    assert [row["sha"] for row in rows_of(third, Commits)] == [f"{777:040d}"]
    assert after == {"repositories": {"1": {"tip": "new"}}}


def test_what_is_read_lands_and_a_second_run_asks_only_what_is_new(tmp_path: Any) -> None:
    served = Pulls([pull(5, NOW - HOUR), pull(4, NOW - 2 * HOUR)])
    tags = {
        "repository": {
            "refs": connection(
                [{"name": "v1.0", "target": {"__typename": "Commit", "oid": "a" * 40, "committedDate": z(NOW)}}]
            )
        }
    }
    counted = {"releases": {"totalCount": 0}, "refs": {"totalCount": 1, "nodes": [{"name": "v1.0"}]}}
    github = GitHub(
        {
            "Survey": survey(repository(1, "shop", z(NOW - HOUR), **counted)),
            "PullRequests": served,
            "Tags": lambda _: tags,
            "Releases": lambda _: {"repository": {"releases": connection([])}},
        }
    )
    settings = Settings(data=tmp_path / "data", config=tmp_path / "aurora.toml")
    source = SourceSettings.model_validate({"name": "hub", "connector": "github", **OPTIONS})
    lake = Lake(settings.lake)
    clock = iter(NOW + timedelta(seconds=step) for step in range(1000))
    ingest = Ingest(lake, settings, load_connectors(), adapter=github, clock=lambda: next(clock))
    streams = {"pull_requests", "releases"}
    assert [(it.status, it.error) for it in ingest.run(source, streams)] == [("success", None)] * 2
    assert lake.read(PullRequests).height == 2
    assert lake.read(Releases)["release_id"].to_list() == ["hub:1@v1.0"]
    github.asked.clear()
    assert [it.status for it in ingest.run(source, streams)] == ["success"] * 2
    assert github.names() == ["Survey", "Survey"]
