"""An issue of GitHub as a work item: GitHub has two states and no severity, the rest is what labels say."""

import re
from collections.abc import Mapping

from aurora.contracts import Row
from ingest.connector import Json
from ingest.vendors.hooks import HookRun, instant, moment, text

TYPES = {
    **dict.fromkeys(("incident", "outage", "postmortem"), "incident"),
    **dict.fromkeys(("bug", "defect", "regression", "crash"), "bug"),
    "epic": "epic",
    **dict.fromkeys(("story", "user story", "feature", "feature request", "enhancement"), "story"),
    **dict.fromkeys(("task", "chore", "maintenance", "documentation", "refactoring", "tech debt"), "task"),
}
SEVERITIES = {
    **dict.fromkeys(("critical", "blocker", "urgent", "p0", "sev0", "sev1", "s1"), "critical"),
    **dict.fromkeys(("high", "major", "p1", "sev2", "s2"), "high"),
    **dict.fromkeys(("medium", "moderate", "p2", "sev3", "s3"), "medium"),
    **dict.fromkeys(("low", "minor", "trivial", "p3", "p4", "sev4", "s4"), "low"),
}
TELLING_FIRST = ("incident", "bug", "epic", "story", "task")
WORST_FIRST = ("critical", "high", "medium", "low")
IN_PROGRESS = frozenset(("in progress", "doing", "wip", "work in progress", "in review"))
_GROUP = re.compile(r"^(?:type|kind|priority|prio|severity|sev|impact|status|state)\s*[:/=-]+\s*", re.I)


def work_item_row(run: HookRun, repository: Json, issue: Json) -> Row:
    """The issue as it stands, its assignee aside."""
    labels = [label["name"] for label in issue.get("labels") or ()]
    named = (issue.get("type") or {}).get("name")
    kind, kind_raw = (run.word(TYPES, named), named) if named else _meaning(labels, TYPES, TELLING_FIRST)
    severity, priority_raw = _meaning(labels, SEVERITIES, WORST_FIRST)
    state, reason = run.word({"open": "todo", "closed": "done"}, str(issue["state"])), issue.get("state_reason")
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


def bare(label: str) -> str:
    """A label in small letters without the group before it: "Priority: P1" is "p1"."""
    return _GROUP.sub("", label).strip().lower()


def _meaning(labels: list[str], words: Mapping[str, str], order: tuple[str, ...]) -> tuple[str | None, str | None]:
    """The first word in `order` that a label stands for, and that label."""
    found = {word: label for label in reversed(labels) if (word := words.get(label.lower()) or words.get(bare(label)))}
    return next(((word, found[word]) for word in order if word in found), (None, None))
