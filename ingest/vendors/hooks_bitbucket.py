"""Webhooks of Bitbucket Cloud: pull requests, pushes, and the statuses that builds give to commits.

Payloads: https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/. Needs a secret in the webhook's settings.
Ids are those of the bitbucket connector. The status of a commit does not tell the id of the pipeline that gave it: it
is a run of its own, and is left to the connector where one reads the same repositories.
"""

import re
from collections.abc import Iterator

from aurora.contracts import Row
from aurora.contracts.delivery import CiRuns, PullRequests, Repositories
from ingest.connector import Json
from ingest.vendors.hooks import Headers, HookRun, Said, Vendor, instant, is_hmac, moment, text

STATES = {"open": "open", "draft": "open", "merged": "merged", "declined": "closed", "superseded": "closed"}
BUILD_STATES = {"inprogress": "running", **dict.fromkeys(("successful", "failed", "stopped"), "completed")}
RESULTS = {"successful": "success", "failed": "failure", "stopped": "cancelled"}
_SHA = re.compile(r"/commit/([0-9a-f]{12,64})")


def said(run: HookRun, kind: str, told: Json) -> Iterator[Said]:
    """What an event says; nothing for kinds that tell of no row."""
    name = kind.partition(":")
    if name[0] == "pullrequest" and "pullrequest" in told:
        yield _repository(run, told["repository"], {})
        yield from pull_request(run, kind, told)
    elif kind == "repo:push":
        yield _repository(run, told["repository"], head_of(told))
    elif kind in ("repo:commit_status_created", "repo:commit_status_updated"):
        yield _repository(run, told["repository"], {})
        yield from commit_status(run, told)


def _repository(run: HookRun, told: Json, head: Row) -> Said:
    row = {"repo_id": _bare(run, told["uuid"]), "full_name": told["full_name"], "url": _link(told)}
    row |= {"is_private": told["is_private"]} if "is_private" in told else {}
    return Said(Repositories, row | head, {"first_seen_at": run.now})


def head_of(told: Json) -> Row:
    """The new head of the main branch, where an event says which that is."""
    main = (told["repository"].get("mainbranch") or {}).get("name")
    for change in (told.get("push") or {}).get("changes") or ():
        new = change.get("new") or {}
        if main and new.get("type") == "branch" and new.get("name") == main:
            return {
                "default_branch": main,
                "head_sha": new["target"]["hash"],
                "head_at": instant(new["target"].get("date")),
            }
    return {}


def pull_request(run: HookRun, kind: str, told: Json) -> Iterator[Said]:
    """A pull request as it stands; the event is the instant at which it was merged, declined or approved."""
    one, repo_id = told["pullrequest"], _bare(run, told["repository"]["uuid"])
    raw, updated = str(one["state"]), moment(one["updated_on"])
    state = run.word(STATES, raw)
    row = {
        "pull_request_id": f"{repo_id}/{one['id']}",
        "repo_id": repo_id,
        "number": one["id"],
        "title": text(one.get("title")),
        "state": state,
        "state_raw": raw,
        "author_id": _account(run, one.get("author")),
        "base_ref": _branch(one.get("destination")),
        "head_ref": _branch(one.get("source")),
        "head_sha": ((one.get("source") or {}).get("commit") or {}).get("hash"),
        "created_at": moment(one["created_on"]),
        "updated_at": updated,
        "url": _link(one),
    }
    row |= {"is_draft": one["draft"]} if "draft" in one else {}
    row |= {"comment_count": one["comment_count"]} if "comment_count" in one else {}
    otherwise: Row = {"merge_sha": (one.get("merge_commit") or {}).get("hash")}
    if state == "merged":
        otherwise["merged_at"] = updated
    if state in ("merged", "closed"):
        otherwise["closed_at"] = updated
    if kind == "pullrequest:approved":
        otherwise["approved_at"] = instant((told.get("approval") or {}).get("date"))
    yield Said(PullRequests, row, otherwise)


def commit_status(run: HookRun, told: Json) -> Iterator[Said]:
    """What a build says of a commit, as a run; nothing where a connector reads pipelines themselves."""
    if run.options.has_connector:
        return
    one, repo_id = told["commit_status"], _bare(run, told["repository"]["uuid"])
    found = _SHA.search(str(((one.get("links") or {}).get("commit") or {}).get("href")))
    raw, created, updated = str(one["state"]), moment(one["created_on"]), moment(one["updated_on"])
    status = run.word(BUILD_STATES, raw)
    row = {
        "ci_run_id": f"{repo_id}/{one['key']}/{found[1] if found else created.isoformat()}",
        "repo_id": repo_id,
        "pipeline": text(one.get("name"), 200) or str(one["key"]),
        "branch": one.get("refname") or None,
        "sha": found[1] if found else None,
        "status": status,
        "result": RESULTS[raw.lower()] if status == "completed" else None,
        "result_raw": raw,
        "created_at": created,
        "url": one.get("url") or None,
    }
    yield Said(CiRuns, row, {"started_at": created} | ({"finished_at": updated} if status == "completed" else {}))


def _bare(run: HookRun, uuid: str) -> str:
    """The id of a thing with a UUID, without the braces in which Bitbucket writes it."""
    return run.id(uuid.strip("{}"))


def _link(told: Json) -> str | None:
    return ((told.get("links") or {}).get("html") or {}).get("href")


def _branch(end: Json | None) -> str | None:
    return ((end or {}).get("branch") or {}).get("name") or None


def _account(run: HookRun, account: Json | None) -> str | None:
    """Who: the id that an account keeps; None for an account that is gone."""
    native = (account or {}).get("account_id") or str((account or {}).get("uuid") or "").strip("{}")
    return run.id(native) if native else None


def _kind(headers: Headers, told: Json) -> str | None:
    return headers.get("x-event-key") or None


VENDOR = Vendor(
    "bitbucket",
    "Bitbucket",
    "x-hub-signature",
    lambda headers, body, secret: is_hmac(headers.get("x-hub-signature", ""), body, secret),
    lambda headers: headers.get("x-request-uuid"),
    _kind,
    said,
)
