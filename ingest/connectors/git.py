"""Commits, releases and inferred deployments of local git repositories; the reference connector, without a network.

Reads `git log`, `git for-each-ref` and `git config` of each path (https://git-scm.com/docs); never checks out, fetches
or runs what a repository's own settings name. Needs: git, and read access to the folders (clones, bare or not).
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import Field

from aurora.contracts import COMMON, Row, Table
from aurora.contracts.delivery import Commits, DeploymentCommits, Deployments, Releases, Repositories
from aurora.errors import SourceError
from aurora.settings import ROOT, Frozen
from ingest.connector import Checkpoint, Connector, Item, Run
from ingest.vendors.git_repository import Repository, counted
from ingest.vendors.git_words import Release, clean, instant, is_prerelease, top_folders

SLICE = 5_000
MAX_TIPS = 500
_COMMIT = "--format=%x1e%H%x00%P%x00%an%x00%ae%x00%at%x00%ct%x00%s"
_TAG = ("refname:lstrip=2", "objectname", "objecttype", "*objectname", "*objecttype", "creatordate:unix")
_ALL = ("--exclude=refs/stash", "--exclude=refs/notes/*", "--all")
_BOT = re.compile(r"\[bot\]|(?:^|[-_.+\s])bots?(?:@|$|[-_.\s])|^(?:dependabot|renovate|greenkeeper|snyk)\b", re.I)
_REVERT = re.compile(r"^revert\b", re.I)


class GitOptions(Frozen):
    """`paths`: local repositories, relative to Aurora's folder; a release is a tag that fits `release_pattern`."""

    paths: tuple[str, ...] = Field((".",), min_length=1)
    release_pattern: re.Pattern[str] = re.compile(r"v?\d+\.\d+.*")
    deployments: bool = True


connector = Connector("git", GitOptions)
Walk = Callable[[Run[GitOptions], Repository, dict[str, Any]], Iterator[Item]]


@connector.stream(Commits, Repositories, every="5m")
def fetch_commits(run: Run[GitOptions]) -> Iterator[Item]:
    """New commits of every repository, parents first; the cursor holds the tips behind which all is known."""
    yield from _each_repository(run, _commits)


@connector.stream(Releases, Deployments, DeploymentCommits, every="5m")
def fetch_releases(run: Run[GitOptions]) -> Iterator[Item]:
    """All releases of a repository whose tags changed; the cursor holds a digest of its tags."""
    yield from _each_repository(run, _releases)


def _each_repository(run: Run[GitOptions], walk: Walk) -> Iterator[Item]:
    """Walk each repository with its own part of the cursor; one that fails is said and does not stop the others."""
    known: dict[str, Any] = dict((run.cursor or {}).get("repositories", {}))
    failures: list[SourceError] = []
    walked: set[str] = set()
    for path in run.options.paths:
        try:
            repository = Repository((ROOT / Path(path).expanduser()).resolve(), run)
            if repository.native_id in walked:
                run.warn(f"{path}: {repository.native_id} is listed twice: it was read once")
                continue
            walked.add(repository.native_id)
            state = dict(known.get(repository.native_id, {}))
            known[repository.native_id] = state
            for item in walk(run, repository, state):
                yield Checkpoint({"repositories": deepcopy(known)}) if isinstance(item, Checkpoint) else item
        except SourceError as error:
            if error.error_class == "timeout":
                raise
            failures.append(error)
    if len(failures) == len(run.options.paths):
        raise failures[0]
    for failure in failures:
        run.warn(str(failure))
    yield Checkpoint({"repositories": known})


def _commits(run: Run[GitOptions], repository: Repository, state: dict[str, Any]) -> Iterator[Item]:
    """Slices of new commits, each with a checkpoint, then the repository itself; nothing of an empty repository."""
    tips = dict.fromkeys(state.get("tips", ()))
    for rows in _slices(_commit_rows(run, repository, tuple(tips))):
        for row in rows:
            for parent in row["parents"]:
                tips.pop(parent, None)
            tips[row["sha"]] = None
        state["tips"] = list(tips)[-MAX_TIPS:]
        state.setdefault("first_seen_at", rows[0]["committed_at"].isoformat())
        yield Commits, _frame(Commits, rows)
        yield Checkpoint({})
    if "first_seen_at" in state:
        yield Repositories, repository_row(run, repository, state)


def _commit_rows(run: Run[GitOptions], repository: Repository, tips: tuple[str, ...]) -> Iterator[Row]:
    """Commits that no tip reaches, parents first. A tip that a force-push removed is passed over by git."""
    how = ("--reverse", "--topo-order", "--numstat", "--no-renames", "--no-diff-merges", "--encoding=UTF-8", "-z")
    safe = ("--no-show-signature", "--no-ext-diff", "--no-textconv", "--no-color", "--no-relative", "--ignore-missing")
    header: list[str] = []
    stats: list[str] = []
    for token in repository.tokens("log", *how, *safe, _COMMIT, *_ALL, "--not", *tips, "--"):
        if len(header) % 7 == 0 and token.lstrip("\n").startswith("\x1e"):
            if header:
                yield commit_row(run, repository.native_id, header, stats)
            header, stats = [token.lstrip("\n\x1e")], []
        elif len(header) < 7:
            header.append(token)
        elif token.strip("\n"):
            stats.append(token.lstrip("\n"))
    if len(header) == 7:
        yield commit_row(run, repository.native_id, header, stats)


def commit_row(run: Run[GitOptions], native_id: str, header: list[str], stats: list[str]) -> Row:
    """A row of commits; line and file counts of a merge are null, since git tells none."""
    sha, parents, name, mail, authored, committed, subject = header
    is_merge = " " in parents
    files = [parts for stat in stats if len(parts := stat.split("\t", 2)) == 3]
    committed_at = instant(committed, run.now)
    return {
        "repo_id": run.id(native_id),
        "sha": sha,
        "parents": parents.split(),
        "author_id": run.id(hashlib.sha256(mail.strip().lower().encode()).hexdigest()[:32]) if mail.strip() else None,
        "author_name": clean(name.partition("@")[0], 200),
        "authored_at": instant(authored, run.now) if authored else committed_at,
        "committed_at": committed_at,
        "subject": clean(subject, 500),
        "added_lines": None if is_merge else sum(int(added) for added, _, _ in files if added.isdigit()),
        "deleted_lines": None if is_merge else sum(int(deleted) for _, deleted, _ in files if deleted.isdigit()),
        "file_count": None if is_merge else len(files),
        "paths": None if is_merge else top_folders(path for _, _, path in files),
        "is_merge": is_merge,
        "is_bot": bool(_BOT.search(name) or _BOT.search(mail)),
        "is_revert": bool(_REVERT.match(subject)),
    }


def repository_row(run: Run[GitOptions], repository: Repository, state: dict[str, Any]) -> Row:
    """A row of repositories; head is what HEAD names, and commits are counted from there, once for each head."""
    head = repository.line("log", "-1", "--no-show-signature", "--format=%H %ct", "HEAD", "--").split()
    return {
        "repo_id": run.id(repository.native_id),
        "full_name": repository.full_name,
        "url": repository.url,
        "default_branch": repository.default_branch(),
        "head_sha": head[0] if head else None,
        "head_at": instant("".join(head[1:]), run.now) if head else None,
        "commit_count": counted(repository, head[0], state) if head else None,
        "first_seen_at": datetime.fromisoformat(state["first_seen_at"]),
    }


def _releases(run: Run[GitOptions], repository: Repository, state: dict[str, Any]) -> Iterator[Item]:
    found = list(_release_tags(run, repository))
    digest = hashlib.sha256(repr((run.options, [(r.tag, r.sha, r.notes) for r in found])).encode()).hexdigest()
    if state.get("tags") == digest:
        return
    earlier: list[Release] = []
    for release in found:
        yield Releases, release_row(run, repository.native_id, release)
        if run.options.deployments and not is_prerelease(release.tag) and release.sha not in {r.sha for r in earlier}:
            yield Deployments, deployment_row(run, repository.native_id, release, earlier)
            yield from _contained(run, repository, release, earlier)
            earlier.append(release)
    state["tags"] = digest


def _release_tags(run: Run[GitOptions], repository: Repository) -> Iterator[Release]:
    """Tags that are releases, oldest first; a tag of something that is no commit is none."""
    fields = "%00".join(f"%({name})" for name in (*_TAG, "contents:subject"))
    order = ("--sort=v:refname", "--sort=creatordate")
    tokens = repository.tokens("for-each-ref", *order, f"--format={fields}%00", "refs/tags")
    for tag, sha, kind, inner_sha, inner_kind, created, subject in zip(*[iter(tokens)] * 7, strict=False):
        name = tag.lstrip("\n")
        if "commit" not in (kind, inner_kind) or not run.options.release_pattern.fullmatch(name):
            continue
        is_annotated = kind == "tag"
        notes = clean(subject, 500) if is_annotated else None
        yield Release(name, inner_sha if is_annotated else sha, instant(created, run.now), notes)


def release_row(run: Run[GitOptions], native_id: str, release: Release) -> Row:
    """A row of releases."""
    version = re.search(r"\d+(?:\.\d+)+.*", release.tag)
    return {
        "release_id": run.id(f"{native_id}@{release.tag}"),
        "repo_id": run.id(native_id),
        "tag": release.tag,
        "version": version[0] if version else None,
        "sha": release.sha,
        "is_prerelease": is_prerelease(release.tag),
        "is_draft": False,
        "created_at": release.created_at,
        "published_at": release.created_at,
        "notes": release.notes,
    }


def deployment_row(run: Run[GitOptions], native_id: str, release: Release, earlier: list[Release]) -> Row:
    """A row of deployments, inferred: a release is taken for a successful deployment at the moment of its tag."""
    return {
        "deployment_id": run.id(f"{native_id}@{release.tag}"),
        "repo_id": run.id(native_id),
        "environment": "production",
        "env_tier": "production",
        "ref": release.tag,
        "sha": release.sha,
        "previous_sha": earlier[-1].sha if earlier else None,
        "version": release.tag.removeprefix("v"),
        "created_at": release.created_at,
        "finished_at": release.created_at,
        "status": "success",
        "is_inferred": True,
        "updated_at": release.created_at,
    }


def _contained(run: Run[GitOptions], repository: Repository, new: Release, earlier: list[Release]) -> Iterator[Item]:
    """Commits that no earlier release contains; of the first release its own commit alone, for want of a history."""
    native_id = repository.native_id
    known = [other.sha for other in earlier[-MAX_TIPS:]]
    how = ("--no-show-signature", "--format=%H %at", "-z", *(() if known else ("-1",)))
    commits = repository.tokens("log", *how, new.sha, "--not", *known, "--")
    found = (token.strip().partition(" ") for token in commits if token.strip())
    deployment = {"deployment_id": run.id(f"{native_id}@{new.tag}"), "repo_id": run.id(native_id)}
    rows = ({**deployment, "sha": sha, "authored_at": instant(authored, run.now)} for sha, _, authored in found)
    for part in _slices(rows):
        yield DeploymentCommits, _frame(DeploymentCommits, part)


def _slices(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while part := list(islice(rows, SLICE)):
        yield part


def _frame(table: type[Table], rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={name: kind for name, kind in table.dtypes().items() if name not in COMMON})
