"""GitLab's issues, incidents, milestones and iterations as rows."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time
from typing import Any

from aurora.contracts import Row
from aurora.contracts.delivery import Projects, Sprints, WorkItems
from aurora.contracts.operations import Incidents
from aurora.errors import SourceError
from ingest.connector import Item, Json, Run
from ingest.vendors.forges import ONE_ONLY, each, instant, moment
from ingest.vendors.git_words import clean
from ingest.vendors.gitlab_api import Api

# GitLab's own reading of agile words: a story is an issue, a task is a task.
TYPES = {
    **dict.fromkeys(("issue", "requirement"), "story"),
    **dict.fromkeys(("task", "test_case", "key_result", "ticket"), "task"),
    **dict.fromkeys(("epic", "objective"), "epic"),
    "incident": "incident",
}
TYPE_LABELS = {
    **dict.fromkeys(("bug", "type::bug", "kind::bug"), "bug"),
    **dict.fromkeys(("task", "chore", "type::maintenance", "type::task"), "task"),
    **dict.fromkeys(("feature", "enhancement", "story", "type::feature", "type::story"), "story"),
}
SEVERITIES = {
    **dict.fromkeys(("critical", "1", "s1"), "critical"),
    **dict.fromkeys(("high", "2", "s2"), "high"),
    **dict.fromkeys(("medium", "3", "s3"), "medium"),
    **dict.fromkeys(("low", "4", "s4"), "low"),
    "info": "info",
    "unknown": "unknown",
}
_SEVERITY = re.compile(r"(?:severity(?:::?|/)\s*)(.+)|(s[1-4]|critical)", re.I)
_PRIORITY = re.compile(r"(?:priority(?:::?|/)\s*)(.+)|(p[0-4])", re.I)
ITEM_STATES = {"closed": "done", "opened": "todo", "reopened": "todo"}
INCIDENT_STATES = {"closed": "resolved", "opened": "open", "reopened": "open"}
MILESTONE_STATES = {"active": "active", "closed": "closed"}
ITERATION_STATES = {"1": "future", "2": "active", "3": "closed"}


def issue_items(run: Run[Any], project: Json, page: list[Json]) -> Iterator[Item]:
    """Issues; those of the type incident are incidents too."""
    for issue in page:
        yield WorkItems, work_item_row(run, project, issue)
        if issue.get("issue_type") == "incident":
            yield Incidents, incident_row(run, issue)


def work_item_row(run: Run[Any], project: Json, issue: Json) -> Row:
    """An issue. What a confidential one is about stays in GitLab."""
    labels, raw = [str(label) for label in issue.get("labels") or ()], issue["state"]
    state, kind = run.word(ITEM_STATES, raw), issue.get("issue_type") or "issue"
    people = issue.get("assignees") or ([issue["assignee"]] if issue.get("assignee") else [])
    is_begun = state == "todo" and not run.options.begun.isdisjoint(label.lower() for label in labels)
    return {
        "work_item_id": run.id(issue["id"]),
        "project_id": run.id(project["id"]),
        "repo_id": run.id(project["id"]),
        "key": (issue.get("references") or {}).get("full") or f"{project['path_with_namespace']}#{issue['iid']}",
        "type": type_of(run, kind, labels),
        "type_raw": kind,
        "title": None if issue.get("confidential") else clean(issue.get("title") or "", 500),
        "state": "in_progress" if is_begun else state,
        "state_raw": raw,
        "severity": severity_of(run, issue) if kind == "incident" else severity_by_label(labels),
        "priority_raw": labelled(_PRIORITY, labels),
        "labels": labels,
        "points": issue.get("weight"),
        "assignee_id": run.id(people[0]["id"]) if people else None,
        "sprint_ids": [run.id(f"{name}:{issue[name]['id']}") for name in ("milestone", "iteration") if issue.get(name)],
        "created_at": moment(issue["created_at"]),
        "updated_at": moment(issue["updated_at"]),
        "resolved_at": instant(issue.get("closed_at")) if state == "done" else None,
        "url": issue.get("web_url") or None,
    }


def type_of(run: Run[Any], kind: str, labels: list[str]) -> str:
    """The type; a plain issue is what its labels say."""
    told = next((TYPE_LABELS[label.lower()] for label in labels if label.lower() in TYPE_LABELS), None)
    return told if told and kind == "issue" else run.word(TYPES, kind)


def severity_of(run: Run[Any], issue: Json) -> str:
    """The severity of an incident; `unknown` when nobody has set it."""
    return run.word(SEVERITIES, str(issue.get("severity") or "unknown"))


def severity_by_label(labels: list[str]) -> str | None:
    """The severity that a label such as severity::1 tells, None for none; GitLab itself has one for incidents only."""
    return SEVERITIES.get((labelled(_SEVERITY, labels) or "").lower())


def labelled(pattern: re.Pattern[str], labels: list[str]) -> str | None:
    """What the first label that fits says."""
    found = next((found for label in labels if (found := pattern.fullmatch(label.strip()))), None)
    return found[1] or found[2] if found else None


def incident_row(run: Run[Any], issue: Json) -> Row:
    """An incident; it began, for all that GitLab knows, when it was written down."""
    raw, created = issue["state"], moment(issue["created_at"])
    state = run.word(INCIDENT_STATES, raw)
    title = None if issue.get("confidential") else clean(issue.get("title") or "", 500)
    return {
        "incident_id": run.id(issue["id"]),
        "project_id": run.id(issue["project_id"]),
        "env_tier": run.options.incidents_tier,
        "title": title or f"Incident {issue['iid']}",
        "severity": severity_of(run, issue),
        "severity_raw": issue.get("severity") or None,
        "state": state,
        "state_raw": raw,
        "started_at": created,
        "detected_at": created,
        "resolved_at": instant(issue.get("closed_at")) if state == "resolved" else None,
        "updated_at": moment(issue["updated_at"]),
        "url": issue.get("web_url") or None,
    }


class Planning:
    """Milestones and iterations of projects and of the groups above them, each once."""

    def __init__(self, run: Run[Any], api: Api) -> None:
        self.run, self.api, self.seen = run, api, set[str]()
        self.refusals: list[SourceError] = []

    def items(self) -> Iterator[Item]:
        """Those of every project, then those of every group. Iterations that the plan does not have are a warning."""
        projects = list(self.api.projects("planning"))
        groups = dict.fromkeys(
            one["namespace"]["id"] for one in projects if (one.get("namespace") or {}).get("kind") == "group"
        )
        yield from each(self.run, projects, lambda project: self._milestones(f"projects/{project['id']}", {}))
        yield from each(self.run, groups, self._of_group)
        if self.refusals:
            self.run.warn(f"{self.refusals[0]}; where its plan has no iterations: iterations = false")

    def _of_group(self, group: int) -> Iterator[Item]:
        yield from self._milestones(f"groups/{group}", {"include_ancestors": "true"})
        if not self.run.options.iterations:
            return
        try:
            for iteration in self.api.items(f"groups/{group}/iterations", {"include_ancestors": "true"}):
                yield from self._sprint("iteration", iteration, ITERATION_STATES)
        except SourceError as error:
            if error.error_class not in ONE_ONLY:
                raise
            self.refusals.append(error)

    def _milestones(self, place: str, params: dict[str, Any]) -> Iterator[Item]:
        for milestone in self.api.items(f"{place}/milestones", params):
            yield from self._sprint("milestone", milestone, MILESTONE_STATES)

    def _sprint(self, kind: str, told: Json, states: dict[str, str]) -> Iterator[Item]:
        """The sprint, after the group it belongs to if that one is new."""
        group, mark = told.get("group_id"), f"{kind}:{told['id']}"
        if mark in self.seen:
            return
        self.seen.add(mark)
        owner = self.run.id(told["project_id"]) if group is None else self.run.id(f"group:{group}")
        if group is not None and owner not in self.seen:
            self.seen.add(owner)
            yield Projects, group_row(self.run, group, self.api.one(f"groups/{group}"))
        yield Sprints, sprint_row(self.run, mark, owner, told, self.run.word(states, str(told["state"])))


def group_row(run: Run[Any], number: int, group: Json | None) -> Row:
    """A group as the owner of milestones and iterations; `group` is None where it may not be seen."""
    told = group or {}
    path = told.get("full_path") or None
    return {
        "project_id": run.id(f"group:{number}"),
        "key": path,
        "name": clean(told.get("full_name") or told.get("name") or "", 200) or path or f"Group {number}",
        "kind": "planning",
        "url": told.get("web_url") or None,
        "first_seen_at": instant(told.get("created_at")) or run.now,
    }


def sprint_row(run: Run[Any], native_id: str, owner: str, told: Json, state: str) -> Row:
    """A milestone or iteration, from the first second of its first day to the last of its last, UTC."""
    starts, due = told.get("start_date"), told.get("due_date")
    starts_at = day_at(starts, time(0, 0, 0)) if starts else None
    dated = f"{starts or '?'} to {due or '?'}"
    return {
        "sprint_id": run.id(native_id),
        "project_id": owner,
        "name": clean(told.get("title") or "", 200) or f"Iteration {dated}",
        "number": told.get("sequence"),
        "goal": clean(told.get("description") or "", 500),
        "state": "future" if state == "active" and starts_at and starts_at > run.now else state,
        "first_seen_at": moment(told["created_at"]),
        "starts_at": starts_at,
        "ends_at": day_at(due, time(23, 59, 59)) if due else None,
    }


def day_at(day: str, at: time) -> datetime:
    """An instant of a day, UTC."""
    return datetime.combine(datetime.fromisoformat(day).date(), at, UTC)
