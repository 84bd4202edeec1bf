"""Webhooks of GitHub: deployments and their statuses, workflow runs, pull requests, reviews, issues, releases, pushes.

Payloads: https://docs.github.com/webhooks/webhook-events-and-payloads. Needs in its settings: content type
application/json and a secret. Ids are those of the github connector. Commits are not taken from a push: it does not
tell their parents, and a commit is written once.
"""

import re
from collections.abc import Iterator

from aurora.contracts import Row
from aurora.contracts.delivery import Releases, Repositories, WorkItems
from ingest.connector import Json
from ingest.vendors.hooks import Headers, HookRun, Said, Vendor, instant, is_hmac, moment, text
from ingest.vendors.hooks_github_issues import work_item_row
from ingest.vendors.hooks_github_pulls import account_id, pull_request, review
from ingest.vendors.hooks_github_runs import deployment, deployment_status, workflow_run

QUIET = ("deleted", "transferred", "pinned", "unpinned", "locked", "unlocked")


def said(run: HookRun, kind: str, told: Json) -> Iterator[Said]:
    """What an event says; nothing for kinds that tell of no row."""
    makers = {
        "deployment": deployment,
        "deployment_status": deployment_status,
        "workflow_run": workflow_run,
        "pull_request": pull_request,
        "pull_request_review": review,
        "issues": issue,
        "release": release,
    }
    if kind == "push" or kind in makers:
        row = repository_row(run, told["repository"])
        yield Said(Repositories, row | (head_of(told) if kind == "push" else {}), {"first_seen_at": run.now})
        yield from makers[kind](run, told) if kind in makers else ()


def repository_row(run: HookRun, told: Json) -> Row:
    """The repository that an event is about."""
    return {
        "repo_id": run.id(told["id"]),
        "full_name": told["full_name"],
        "url": told.get("html_url"),
        "default_branch": told.get("default_branch"),
        "language": told.get("language"),
        "is_private": told.get("private"),
        "is_archived": told.get("archived"),
        "created_at": instant(told.get("created_at")),
        "pushed_at": instant(told.get("pushed_at")),
    }


def head_of(told: Json) -> Row:
    """The new head of the default branch; other branches and tags say nothing of the repository."""
    head = told.get("head_commit")
    if told["ref"] != f"refs/heads/{told['repository'].get('default_branch')}" or told.get("deleted") or not head:
        return {}
    return {"head_sha": told["after"], "head_at": instant(head.get("timestamp"))}


def issue(run: HookRun, told: Json) -> Iterator[Said]:
    """An issue as it stands; one that was deleted or moved elsewhere stays as it was, and pins say nothing of it."""
    if told.get("action") not in QUIET and "pull_request" not in told["issue"]:
        row = work_item_row(run, told["repository"], told["issue"])
        yield Said(WorkItems, row | {"assignee_id": account_id(run, told["issue"].get("assignee"))})


def release(run: HookRun, told: Json) -> Iterator[Said]:
    """A release, unless it was deleted."""
    one = told["release"]
    if told.get("action") == "deleted":
        return
    tag, aim = one["tag_name"], str(one.get("target_commitish") or "")
    version = re.search(r"\d+(?:\.\d+)+.*", tag)
    row = {
        "release_id": run.id(f"{told['repository']['id']}@{tag}"),
        "repo_id": run.id(told["repository"]["id"]),
        "tag": tag,
        "name": text(one.get("name"), 200),
        "version": version[0] if version else None,
        "is_prerelease": one.get("prerelease"),
        "is_draft": one.get("draft"),
        "created_at": moment(one["created_at"]),
        "published_at": instant(one.get("published_at")),
        "notes": (one.get("body") or "")[:10_000].strip() or None,
    }
    yield Said(Releases, row | ({"sha": aim} if re.fullmatch(r"[0-9a-f]{40}", aim) else {}))


def _kind(headers: Headers, told: Json) -> str | None:
    return headers.get("x-github-event") or None


VENDOR = Vendor(
    "github",
    "GitHub",
    "x-hub-signature-256",
    lambda headers, body, secret: is_hmac(headers.get("x-hub-signature-256", ""), body, secret),
    lambda headers: headers.get("x-github-delivery"),
    _kind,
    said,
)
