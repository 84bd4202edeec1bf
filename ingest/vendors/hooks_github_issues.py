"""An issue of GitHub as a work item: GitHub has two states and no severity, the rest is what labels say."""

from aurora.contracts import Row
from ingest.connector import Json
from ingest.vendors.github_issues import (
    IN_PROGRESS,
    SEVERITIES,
    STATES,
    TELLING_FIRST,
    TYPES,
    WORST_FIRST,
    bare,
    meaning,
)
from ingest.vendors.hooks import HookRun, instant, moment, text


def work_item_row(run: HookRun, repository: Json, issue: Json) -> Row:
    """The issue as it stands, its assignee aside."""
    labels = [label["name"] for label in issue.get("labels") or ()]
    named = (issue.get("type") or {}).get("name")
    kind, kind_raw = (run.word(TYPES, named), named) if named else meaning(labels, TYPES, TELLING_FIRST)
    severity, priority_raw = meaning(labels, SEVERITIES, WORST_FIRST)
    state, reason = run.word(STATES, str(issue["state"])), issue.get("state_reason")
    is_begun = state == "todo" and any(bare(label) in IN_PROGRESS for label in labels)
    return {
        "work_item_id": run.id(f"{repository['id']}#{issue['number']}"),
        "repo_id": run.id(repository["id"]),
        "key": f"{repository['full_name']}#{issue['number']}",
        "type": kind or "unknown",
        "type_raw": kind_raw,
        "title": text(issue.get("title")),
        "state": "in_progress" if is_begun else state,
        "state_raw": f"{issue['state']} ({reason})" if reason else str(issue["state"]),
        "severity": severity,
        "priority_raw": priority_raw,
        "labels": labels,
        "created_at": moment(issue["created_at"]),
        "updated_at": moment(issue["updated_at"]),
        "resolved_at": instant(issue.get("closed_at")),
        "url": issue.get("html_url"),
    }
