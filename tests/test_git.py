"""Commits, releases and inferred deployments of repositories that the tests build."""

import datetime as dt
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from aurora.contracts import Table
from aurora.contracts.delivery import Commits
from aurora.errors import SourceError
from aurora.settings import ROOT
from ingest.connector import Checkpoint, Run
from ingest.connectors import git
from ingest.connectors.git import GitOptions, commit_row, connector
from ingest.vendors import git_repository
from ingest.vendors.git_repository import origin
from ingest.vendors.git_words import MAX_PATHS, top_folders
from tests.histories import REFERENCE, START, Repo, imported

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)


def run_of(
    stream: str, *paths: Path | str, cursor: dict[str, Any] | None = None, time_s: float = 60.0, **options: Any
) -> Run[GitOptions]:
    chosen = GitOptions.model_validate({"paths": [str(path) for path in paths], **options})
    every = connector.streams[stream].every
    return Run("code", stream, chosen, NOW, NOW, cursor, time.monotonic() + time_s, every)


def landed(run: Run[GitOptions]) -> tuple[dict[str, list[dict[str, Any]]], dict[str, Any] | None]:
    """Rows by table name, checked against their contracts (keys too), and the last cursor as JSON gives it."""
    rows: dict[type[Table], list[dict[str, Any]]] = {}
    cursor = run.cursor
    for item in connector.streams[run.stream].fetch(run):
        if isinstance(item, Checkpoint):
            cursor = json.loads(json.dumps(item.cursor))
            continue
        table, found = item
        rows.setdefault(table, []).extend(found.to_dicts() if isinstance(found, pl.DataFrame) else [found])
    common = {"source": "git", "source_instance": "code", "ingested_at": NOW, "run_id": "1"}
    for table, found_rows in rows.items():
        frame = pl.DataFrame([row | common for row in found_rows], schema=table.dtypes(), strict=True)
        _, failures = table.filter(frame)
        assert failures.counts() == {}
    return {table.spec.name: found_rows for table, found_rows in rows.items()}, cursor


def by_sha(rows: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    return {row["sha"]: row for row in rows.get("commits", [])}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "shop")


def test_a_commit_row(repo: Repo) -> None:
    first = repo.commit("start", {"a.txt": "1\n2\n", "web/src/x/y.js": "1\n", "api/b.py": "1\n"})
    second = repo.commit("more", {"a.txt": "1\n3\n4\n", "logo.bin": b"\0\1\2"})
    rows, _ = landed(run_of("commits", repo.path))
    commits = by_sha(rows)
    assert [row["sha"] for row in rows["commits"]] == [first, second]
    counts = [commits[second][name] for name in ("added_lines", "deleted_lines", "file_count")]
    assert counts == [2, 1, 2]
    assert commits[first]["paths"] == ["api", "web", "web/src"]
    assert (commits[first]["parents"], commits[second]["parents"]) == ([], [first])
    assert commits[first]["authored_at"] == dt.datetime.fromtimestamp(START + 3600, dt.UTC)
    assert (commits[first]["author_name"], commits[first]["subject"]) == ("Ann", "start")
    assert not any(commits[first][flag] for flag in ("is_merge", "is_bot", "is_revert"))
    assert "ann@" not in repr(rows)


def test_the_repository_row(repo: Repo) -> None:
    first = repo.commit("start", {"a": "1"})
    repo.git("remote", "add", "origin", "https://me:hush@Git.Example:8443/Team/Shop.git?token=hush")
    rows, cursor = landed(run_of("commits", repo.path))
    [row] = rows["repositories"]
    assert (row["repo_id"], row["full_name"]) == ("code:git.example/Team/Shop", "Team/Shop")
    assert row["url"] == "https://git.example:8443/Team/Shop"
    assert (row["default_branch"], row["head_sha"], row["commit_count"]) == ("main", first, 1)
    assert row["first_seen_at"] == row["head_at"] == dt.datetime.fromtimestamp(START + 3600, dt.UTC)
    assert "hush" not in repr(rows) + repr(cursor)
    repo.commit("later")
    again, _ = landed(run_of("commits", repo.path, cursor=cursor))
    assert (again["repositories"][0]["first_seen_at"], again["repositories"][0]["commit_count"]) == (
        row["first_seen_at"],
        2,
    )


def test_only_new_commits_are_read_again(repo: Repo) -> None:
    repo.commit("one", {"a": "1"})
    _, cursor = landed(run_of("commits", repo.path))
    rows, cursor = landed(run_of("commits", repo.path, cursor=cursor))
    assert "commits" not in rows
    repo.git("switch", "-q", "-c", "side")
    second = repo.commit("two", {"b": "1"})
    rows, _ = landed(run_of("commits", repo.path, cursor=cursor))
    assert list(by_sha(rows)) == [second]


def test_a_forced_push_loses_nothing(repo: Repo) -> None:
    first = repo.commit("one", {"a": "1"})
    dropped = repo.commit("dropped", {"b": "1"})
    _, cursor = landed(run_of("commits", repo.path))
    repo.git("reset", "-q", "--hard", first)
    second = repo.commit("instead", {"c": "1"})
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "-q", "--prune=now")
    with pytest.raises(subprocess.CalledProcessError):
        repo.git("cat-file", "-e", dropped)
    rows, cursor = landed(run_of("commits", repo.path, cursor=cursor))
    assert second in by_sha(rows)
    assert set(by_sha(rows)) <= {first, second}
    rows, _ = landed(run_of("commits", repo.path, cursor=cursor))
    assert set(by_sha(rows)) <= {first}


def test_slices_can_be_resumed_at_every_checkpoint(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "SLICE", 2)
    repo.commit("root", {"a": "1"})
    for branch in ("x", "y", "z"):
        repo.git("switch", "-q", "-c", branch, "main")
        repo.commit(f"{branch}1", {branch: "1"})
        repo.commit(f"{branch}2", {branch: "2"})
    repo.git("merge", "-q", "--no-ff", "-m", "merged", "x", "y")
    every = set(repo.git("log", "--all", "--format=%H").split())
    read: list[str] = []
    for number, item in enumerate(git.fetch_commits(run_of("commits", repo.path))):
        if isinstance(item, Checkpoint):
            rest, _ = landed(run_of("commits", repo.path, cursor=json.loads(json.dumps(item.cursor))))
            assert set(by_sha(rest)) == every - set(read), number
        elif item[0] is Commits:
            read += item[1]["sha"].to_list()  # type: ignore[union-attr]
    assert sorted(read) == sorted(every)


def test_merges_reverts_and_bots_are_told(repo: Repo) -> None:
    repo.commit("start", {"a": "1"})
    repo.git("switch", "-q", "-c", "side")
    side = repo.commit("side", {"b": "1"}, name="dependabot[bot]", mail="49+dependabot[bot]@users.noreply.example")
    repo.git("switch", "-q", "main")
    revert = repo.commit('Revert "start"', {"a": "2"}, name="Jane Abbot", mail="jane.abbot@corp.example")
    repo.hours += 1
    repo.git("merge", "-q", "--no-ff", "-m", "Merge side", "side")
    merge = repo.git("rev-parse", "HEAD")
    rows, _ = landed(run_of("commits", repo.path))
    commits = by_sha(rows)
    assert [commits[sha]["is_bot"] for sha in (side, revert, merge)] == [True, False, False]
    assert [commits[sha]["is_revert"] for sha in (side, revert, merge)] == [False, True, False]
    assert [commits[sha]["is_merge"] for sha in (side, revert, merge)] == [False, False, True]
    assert commits[merge]["parents"] == [revert, side]
    assert [commits[merge][name] for name in ("added_lines", "file_count", "paths")] == [None, None, None]


def test_hostile_subjects_names_and_paths_break_nothing(repo: Repo) -> None:
    first = repo.commit("a\x1eb\x1fc\u202ed\r\nsecond line\n\nbody \x1e" + "f" * 40, {"x\ty\nz/\x1e1\t2\tq": "1\n"})
    second = repo.commit("", {"\u00fc/\u00e4": "1\n"}, name="\x1eeve@corp.example", mail="")
    repo.git("config", "i18n.commitEncoding", "ISO-8859-1")
    third = repo.commit("caf\xe9".encode("latin-1"))
    repo.git("config", "--unset", "i18n.commitEncoding")
    fourth = repo.raw_commit(third, b"N\xff <n\xff@x> 1700090000 +0000", b"bad \xff\xfe bytes " + b"x" * 3000)
    fifth = repo.raw_commit(fourth, b"\x1b[31mno date <no@date>", b"odd")
    rows, _ = landed(run_of("commits", repo.path))
    commits = by_sha(rows)
    assert list(commits) == [first, second, third, fourth, fifth]
    assert commits[first]["subject"] == "a b c d second line"
    assert (commits[first]["file_count"], commits[first]["added_lines"]) == (1, 1)
    assert commits[first]["paths"] == ["x y z"]
    assert (commits[second]["subject"], commits[second]["author_name"], commits[second]["author_id"]) == (
        None,
        "eve",
        None,
    )
    assert commits[second]["paths"] == ["\u00fc"]
    assert commits[third]["subject"] == "caf\xe9"
    assert commits[fourth]["subject"].startswith("bad \ufffd")
    assert len(commits[fourth]["subject"]) == 500
    assert commits[fourth]["author_name"] == "N\ufffd"
    assert commits[fifth]["committed_at"] == dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    assert commits[fifth]["author_name"] == "[31mno date"


def test_dates_are_utc_and_never_in_the_future(repo: Repo) -> None:
    sha = repo.commit("soon", at="4000000000 +0000")
    rows, _ = landed(run_of("commits", repo.path))
    assert (by_sha(rows)[sha]["authored_at"], by_sha(rows)[sha]["committed_at"]) == (NOW, NOW)
    run = run_of("commits", repo.path)
    odd = commit_row(run, "r", ["a" * 40, "", "n", "m", "", "99999999999999", ""], [])
    assert odd["authored_at"] == odd["committed_at"] == dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def test_settings_of_the_repository_run_nothing(repo: Repo, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {ran}\n")
    script.chmod(0o755)
    repo.commit("start", {"a": "1", ".gitattributes": "* diff=evil filter=evil\n"})
    for name in ("core.fsmonitor", "core.pager", "diff.external", "diff.evil.textconv", "diff.evil.command"):
        repo.git("config", name, str(script))
    repo.git("config", "gpg.program", str(script))
    repo.git("config", "log.showSignature", "true")
    repo.git("config", "log.showRoot", "false")
    repo.git("config", "log.diffMerges", "on")
    repo.git("tag", "v1.0")
    rows, _ = landed(run_of("commits", repo.path))
    landed(run_of("releases", repo.path))
    assert not ran.exists()
    assert rows["commits"][0]["file_count"] == 2


def test_what_is_no_repository_is_said(tmp_path: Path, repo: Repo) -> None:
    (repo.path / "folder").mkdir()
    repo.commit("start", {"folder/a": "1"})
    for path in (tmp_path / "absent", tmp_path, repo.path / "folder"):
        with pytest.raises(SourceError, match="is no git repository: put the top folder") as caught:
            landed(run_of("commits", path))
        assert caught.value.error_class == "not_found"


def test_a_bad_path_does_not_stop_the_others(tmp_path: Path, repo: Repo) -> None:
    repo.commit("start", {"a": "1"})
    Repo(tmp_path / "other" / "shop").commit("another of that name")
    run = run_of("commits", tmp_path / "absent", repo.path, tmp_path / "other" / "shop")
    rows, _ = landed(run)
    assert len(rows["commits"]) == len(rows["repositories"]) == 1
    assert len(run.warnings) == 2
    assert "listed twice" in run.warnings[0]
    assert "absent is no git repository" in run.warnings[1]


def test_a_damaged_repository_is_said_and_keeps_its_cursor(repo: Repo) -> None:
    repo.commit("one", {"a": "1"})
    lost = repo.commit("two", {"a": "2"})
    repo.commit("three", {"a": "3"})
    (repo.path / ".git" / "objects" / lost[:2] / lost[2:]).unlink()
    with pytest.raises(SourceError, match="git log failed") as caught:
        landed(run_of("commits", repo.path))
    assert caught.value.error_class == "partial"


def test_empty_and_bare_repositories(tmp_path: Path, repo: Repo) -> None:
    assert landed(run_of("commits", repo.path)) == ({}, {"repositories": {"shop": {}}})
    rows, _ = landed(run_of("releases", repo.path))
    assert rows == {}
    repo.commit("start", {"a": "1"})
    repo.git("clone", "-q", "--bare", str(repo.path), str(tmp_path / "bare.git"))
    rows, _ = landed(run_of("commits", tmp_path / "bare.git"))
    assert (rows["repositories"][0]["full_name"], rows["repositories"][0]["url"]) == ("bare.git", None)
    repo.git("symbolic-ref", "HEAD", "refs/heads/unborn")
    rows, _ = landed(run_of("commits", repo.path))
    assert (len(rows["commits"]), rows["repositories"][0]["head_sha"]) == (1, None)


def test_without_git_there_is_advice(repo: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(git_repository, "SEARCHED", str(tmp_path / "nothing"))
    with pytest.raises(SourceError, match="git is not installed") as caught:
        landed(run_of("commits", repo.path))
    assert caught.value.error_class == "not_found"


def test_git_is_killed_when_the_time_is_used_up(repo: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    repo.commit("start", {"a": "1"})
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text('#!/bin/sh\nPATH=/usr/bin:/bin\ncase "$*" in *numstat*) exec sleep 9;; *) exec git "$@";; esac\n')
    slow.chmod(0o755)
    monkeypatch.setattr(git_repository, "SEARCHED", f"{slow.parent}:/bin:/usr/bin")
    began = time.monotonic()
    with pytest.raises(SourceError) as caught:
        landed(run_of("commits", repo.path, time_s=0.6))
    assert caught.value.error_class == "timeout"
    assert time.monotonic() - began < 5


def released(tmp_path: Path) -> tuple[Repo, dict[str, str]]:
    """main: one(v1.0) two(annotated v1.1-rc1, v1.1) three; then v1.0.1 on a branch from one; then v2.0 on main."""
    repo = Repo(tmp_path / "lib")
    shas = {"one": repo.commit("one", {"a": "1"})}
    repo.git("tag", "v1.0")
    shas["two"] = repo.commit("two", {"a": "2"})
    repo.git("tag", "-a", "v1.1-rc1", "-m", "try it")
    repo.hours += 1
    repo.git("tag", "-a", "v1.1", "-m", "Two\x1f is here\n\nlong text")
    repo.git("tag", "nightly")
    shas["three"] = repo.commit("three", {"a": "3"})
    repo.git("switch", "-q", "-c", "fixes", "v1.0")
    shas["fix"] = repo.commit("fix", {"b": "1"})
    repo.git("tag", "v1.0.1")
    repo.git("switch", "-q", "main")
    shas["four"] = repo.commit("four", {"a": "4"})
    repo.git("tag", "v2.0")
    repo.git("tag", "v0.0", "HEAD^{tree}")
    return repo, shas


def test_releases_are_tags_that_fit(tmp_path: Path) -> None:
    repo, shas = released(tmp_path)
    rows, _ = landed(run_of("releases", repo.path))
    releases = {row["tag"]: row for row in rows["releases"]}
    assert list(releases) == ["v1.0", "v1.1-rc1", "v1.1", "v1.0.1", "v2.0"]
    assert (releases["v1.1"]["sha"], releases["v1.0"]["sha"]) == (shas["two"], shas["one"])
    assert releases["v1.1"]["created_at"] == dt.datetime.fromtimestamp(START + 3 * 3600, dt.UTC)
    assert (releases["v1.1"]["notes"], releases["v1.0"]["notes"]) == ("Two is here", None)
    assert [releases[tag]["is_prerelease"] for tag in ("v1.1-rc1", "v1.1")] == [True, False]
    assert releases["v1.1"]["version"] == "1.1"
    assert releases["v1.1"]["release_id"] == "code:lib@v1.1"
    rows, _ = landed(run_of("releases", repo.path, release_pattern="nightly"))
    assert [row["tag"] for row in rows["releases"]] == ["nightly"]


def test_a_commit_belongs_to_the_first_release_that_contains_it(tmp_path: Path) -> None:
    repo, shas = released(tmp_path)
    rows, _ = landed(run_of("releases", repo.path))
    deployments = {row["ref"]: row for row in rows["deployments"]}
    assert list(deployments) == ["v1.0", "v1.1", "v1.0.1", "v2.0"]
    assert (deployments["v1.0"]["previous_sha"], deployments["v1.1"]["previous_sha"]) == (None, shas["one"])
    for row in deployments.values():
        assert (row["env_tier"], row["status"], row["is_inferred"]) == ("production", "success", True)
    contained: dict[str, set[str]] = {}
    for row in rows["deployment_commits"]:
        contained.setdefault(row["deployment_id"].rpartition("@")[2], set()).add(row["sha"])
    assert contained == {
        "v1.0": {shas["one"]},
        "v1.1": {shas["two"]},
        "v1.0.1": {shas["fix"]},
        "v2.0": {shas["three"], shas["four"]},
    }


def test_releases_are_read_again_only_when_tags_change(tmp_path: Path) -> None:
    repo, _ = released(tmp_path)
    _, cursor = landed(run_of("releases", repo.path))
    assert landed(run_of("releases", repo.path, cursor=cursor)) == ({}, cursor)
    repo.commit("five", {"a": "5"})
    repo.git("tag", "v2.1")
    rows, _ = landed(run_of("releases", repo.path, cursor=cursor, deployments=False))
    assert (len(rows["releases"]), "deployments" in rows) == (6, False)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://u:p@GitHub.example/Org/Repo.git", ("github.example", "Org/Repo", "https://github.example/Org/Repo")),
        ("git@github.example:Org/Repo.git", ("github.example", "Org/Repo", "ssh://github.example/Org/Repo")),
        ("ssh://git@h.example:7999/p/r.git", ("h.example", "p/r", "ssh://h.example:7999/p/r")),
        ("/srv/git/r.git", ("", "", None)),
        ("file:///srv/git/r.git", ("", "", None)),
        ("C:\\git\\r", ("", "", None)),
        ("https://[bad/r", ("", "", None)),
        ("https://h.example/", ("", "", None)),
        ("", ("", "", None)),
    ],
)
def test_origins_are_known_by_host_and_path(address: str, expected: tuple[str, str, str | None]) -> None:
    assert origin(address) == expected


def test_top_folders_are_bounded() -> None:
    assert top_folders(["a", "b/c", "b/d/e/f"]) == ["b", "b/d"]
    assert len(top_folders(f"f{number}/g/h" for number in range(500))) == MAX_PATHS


def test_default_path_is_the_folder_of_aurora() -> None:
    assert (ROOT / GitOptions().paths[0]).resolve() == ROOT


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference data are not here")
@pytest.mark.parametrize("name", ["pallets__flask", "simonw__datasette"])
def test_real_histories_give_the_published_counts(name: str, tmp_path: Path) -> None:
    expected = json.loads((REFERENCE / f"{name}.expected_dora.json").read_text())
    repo = Repo(tmp_path / name)
    marks = imported(repo, name)
    rows, _ = landed(run_of("commits", repo.path))
    assert len(rows["commits"]) == expected["commits_reachable"]
    assert sum(row["is_merge"] for row in rows["commits"]) == expected["merge_commits"]
    merges = {row["sha"] for row in rows["commits"] if row["is_merge"]}
    rows, _ = landed(run_of("releases", repo.path, release_pattern=r"v?\d+(\.\d+)+"))
    assert len(rows["releases"]) == expected["release_tags_reachable"]
    counts = {row["ref"]: 0 for row in rows["deployments"]}
    for row in rows["deployment_commits"]:
        counts[row["deployment_id"].rpartition("@")[2]] += 1
    assert marks > 0
    assert merges
    last = expected["commits_first_released_in_last_5"]
    assert [{"new_commits": counts[each["tag"]], "tag": each["tag"]} for each in last] == last
