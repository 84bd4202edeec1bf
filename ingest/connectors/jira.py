"""Jira, Cloud and Data Center: projects, issues and their changes, sprints with points, issues that are incidents.

API: https://developer.atlassian.com/cloud/jira/platform/rest/v3 and /cloud/jira/software/rest, and for Data Center
https://developer.atlassian.com/server/jira/platform/rest. Needs: an account with Browse projects; in Cloud its e-mail
as `user` and an API token, in Data Center a personal access token (`token` alone) or `user` and password. `url` is the
site itself. Issues of the last 180 days are read at first, then those updated since; if `projects` or what counts as
points or incident is changed, they are read again. Points of a sprint come from the changes of its items; those of
sprints that began in the first 30 of these days, or before, are not known. Deleted issues are not noticed.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from aurora.contracts.delivery import Projects, Sprints, WorkItemChanges, WorkItems
from aurora.contracts.operations import Incidents
from aurora.settings import Frozen, Secret
from ingest.connector import Checkpoint, Connector, Item, Json, Run
from ingest.http import Site
from ingest.vendors.jira_api import Api, instant, millis
from ingest.vendors.jira_rows import change_rows, incident_row, is_incident, issue_row, project_row
from ingest.vendors.jira_sprints import sprint_items
from ingest.vendors.jira_words import Words, words_of

LOOKBACK, OVERLAP = timedelta(days=180), timedelta(minutes=15)
Key = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,254}$")]
ItemType = Literal["story", "bug", "task", "epic", "incident"]
Severity = Literal["critical", "high", "medium", "low", "info"]
Tier = Literal["production", "staging", "testing", "development", "unknown"]


class JiraOptions(Frozen):
    """`projects`: keys, all that the account sees when empty; `points_field`: name or id, found by name when absent;
    `types` and `severities`: what own issue types and priorities stand for."""

    url: str = Field(pattern="^https?://[^/]")
    token: Secret
    user: str | None = Field(None, min_length=1)
    projects: tuple[Key, ...] = ()
    points_field: str | None = Field(None, min_length=1)
    incident_types: tuple[str, ...] = ("Incident", "[System] Incident")
    incident_labels: tuple[str, ...] = ()
    incident_environment: Tier = "production"
    types: dict[str, ItemType] = {}
    severities: dict[str, Severity] = {}
    boards: bool = True
    ca: str | None = None


JiraRun = Run[JiraOptions]


def connect(options: JiraOptions) -> Site:
    """The site, signed in by user and token or by the token alone. Raises SettingsError for an unset secret."""
    token, verify = options.token.reveal(), options.ca or True
    if options.user:
        return Site(options.url, auth=(options.user, token), verify=verify, secrets=(token,))
    return Site(options.url, {"Authorization": f"Bearer {token}"}, verify=verify, secrets=(token,))


connector = Connector("jira", JiraOptions, connect)


@connector.stream(Projects, every="1h")
def fetch_projects(run: JiraRun) -> Iterator[Item]:
    """All projects that the account may browse."""
    api = Api(run)
    found = (
        api.values("rest/api/3/project/search", {"expand": "lead"})
        if api.is_cloud
        else api.rows("project", {"expand": "lead"})
    )
    wanted = {key.upper() for key in run.options.projects}
    for project in found:
        if not wanted or str(project["key"]).upper() in wanted:
            yield Projects, project_row(run, api.base, project)


# Cloud's search knows of a change some time after it: a quarter of an hour is read again.
@connector.stream(WorkItems, WorkItemChanges, Incidents, Projects, Sprints, every="10m", lookback="180d", overlap="15m")
def fetch_issues(run: JiraRun) -> Iterator[Item]:
    """Issues updated since the cursor with all their changes, the oldest first; then the sprints of all boards."""
    api = Api(run)
    words = words_of(run, api)
    cursor = _cursor(run, words)
    until = datetime.fromisoformat(cursor["until"])
    since = min(until, run.now) - OVERLAP
    for issues in api.search(jql(run.options.projects, since), words.asked):
        histories = api.histories(issues, words.logged)
        for issue in issues:
            yield from issue_items(run, words, api.base, issue, histories[str(issue["id"])])
        # Jira's clock and not ours: what it changes next is later than what it changed last
        updated = [at for issue in issues if (at := instant(issue["fields"]["updated"]))]
        until = min(max([until, *updated]), run.now)
        cursor["until"] = until.isoformat()
        yield Checkpoint(dict(cursor))
    if run.options.boards:
        yield from sprint_items(run, api, datetime.fromisoformat(cursor["from"]))
    yield Checkpoint(dict(cursor))


def _cursor(run: JiraRun, words: Words) -> dict[str, str]:
    """Up to where and from when the history is read, and under which options; with others it begins anew."""
    options = run.options
    marks = (options.projects, words.points_fields, options.incident_types, options.incident_labels)
    asked = "|".join(",".join(sorted(mark)) for mark in marks)
    known = run.cursor or {}
    if {"until", "from"} <= known.keys() and known.get("asked") == asked:
        return {"until": known["until"], "from": known["from"], "asked": asked}
    start = (run.now - LOOKBACK).isoformat()
    return {"until": start, "from": start, "asked": asked}


def jql(projects: tuple[str, ...], since: datetime) -> str:
    """The search for what was updated since an instant."""
    listed = ", ".join(f'"{key}"' for key in projects)
    return (
        f"{f'project in ({listed}) AND ' if projects else ''}updated >= {millis(since)} ORDER BY updated ASC, key ASC"
    )


def issue_items(run: JiraRun, words: Words, base: str, issue: Json, histories: list[Json]) -> Iterator[Item]:
    """The rows of one issue."""
    changes = change_rows(run, words, str(issue["id"]), histories)
    row = issue_row(run, words, base, issue, changes)
    yield WorkItems, row
    yield from ((WorkItemChanges, change) for change in changes)
    if is_incident(run, issue):
        yield Incidents, incident_row(run, issue, row)
