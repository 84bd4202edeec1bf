"""Linear: teams and projects, cycles as sprints with points, issues and their changes.

API: https://linear.app/developers/graphql. Needs: a personal API key with the scope Read, or an OAuth token with read.
Issues of the last 180 days are read at first, then those updated since; half an hour is read again. Linear's issues
have no type: the first label that `types` names tells it, else they are tasks. Points of a cycle are those that Linear
counted at the end of each of its days, committed is the first day's. Issues belong to their team, which owns the
cycles; items_belong_to = "project" gives those that have one to their project.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from aurora.contracts.delivery import Projects, Sprints, WorkItemChanges, WorkItems
from aurora.settings import Frozen, Secret
from ingest.connector import Checkpoint, Connector, Item, Run
from ingest.http import Site
from ingest.vendors.linear_api import CYCLES, ISSUES, PROJECTS, TEAMS, Api
from ingest.vendors.linear_rows import change_rows, issue_row, project_row, sprint_row, team_row

LOOKBACK, OVERLAP, RESUMED = timedelta(days=180), timedelta(minutes=30), timedelta(days=1)
ItemType = Literal["story", "bug", "task", "epic", "incident"]
TYPES: dict[str, ItemType] = {"Bug": "bug", "Feature": "story", "Improvement": "story", "Incident": "incident"}


class LinearOptions(Frozen):
    """`teams`: keys such as ENG, all that the key's owner sees when empty; `types`: what labels say of an issue."""

    token: Secret
    url: str = Field("https://api.linear.app", pattern="^https?://[^/]")
    teams: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,20}$")], ...] = ()
    types: dict[str, ItemType] = TYPES
    items_belong_to: Literal["team", "project"] = "team"

    @property
    def type_of(self) -> dict[str, str]:
        """What a label, in lower case, says of an issue."""
        return {label.lower(): word for label, word in self.types.items()}

    @property
    def of_teams(self) -> dict[str, Any]:
        """The filter for these teams; {} for all."""
        return {"key": {"in": [key.upper() for key in self.teams]}} if self.teams else {}


LinearRun = Run[LinearOptions]


def connect(options: LinearOptions) -> Site:
    """The API; a personal key is sent as it is, an OAuth token as bearer. Raises SettingsError for an unset secret."""
    token = options.token.reveal()
    sent = f"Bearer {token}" if token.startswith("lin_oauth_") else token
    return Site(options.url, {"Authorization": sent}, secrets=(token,))


connector = Connector("linear", LinearOptions, connect)


@connector.stream(Projects, every="1h")
def fetch_teams(run: LinearRun) -> Iterator[Item]:
    """All teams: they own issues and cycles."""
    for teams, _ in Api(run).pages(TEAMS, "teams", filter=run.options.of_teams):
        yield from ((Projects, team_row(run, team)) for team in teams)


@connector.stream(Projects, every="1h")
def fetch_projects(run: LinearRun) -> Iterator[Item]:
    """All projects of the teams."""
    teams = run.options.of_teams
    for projects, _ in Api(run).pages(
        PROJECTS, "projects", filter={"accessibleTeams": {"some": teams}} if teams else {}
    ):
        yield from ((Projects, project_row(run, project)) for project in projects)


@connector.stream(Sprints, every="30m", lookback="365d", overlap="30d")
def fetch_cycles(run: LinearRun) -> Iterator[Item]:
    """Cycles that end after the cursor, thirty days before it included: their counts are kept up after the end."""
    wanted: dict[str, Any] = {"endsAt": {"gte": run.since.isoformat()}}
    if run.options.teams:
        wanted["team"] = run.options.of_teams
    for cycles, _ in Api(run).pages(CYCLES, "cycles", filter=wanted):
        yield from ((Sprints, sprint_row(run, cycle)) for cycle in cycles)


@connector.stream(WorkItems, WorkItemChanges, every="10m", lookback="180d", overlap="30m")
def fetch_issues(run: LinearRun) -> Iterator[Item]:
    """Issues updated since the cursor with their changes, page by page, each with a checkpoint."""
    api, cursor = Api(run), window(run)
    wanted: dict[str, Any] = {"updatedAt": {"gte": cursor["since"], "lt": cursor["end"]}}
    if run.options.teams:
        wanted["team"] = run.options.of_teams
    for issues, onward in api.pages(ISSUES, "issues", cursor.pop("after", None), filter=wanted):
        for issue in issues:
            yield WorkItems, issue_row(run, issue)
            yield from ((WorkItemChanges, row) for row in change_rows(run, issue, api.history(issue)))
        if onward:
            yield Checkpoint(cursor | {"after": onward})
    yield Checkpoint({"until": cursor["end"], "asked": cursor["asked"]})


def window(run: LinearRun) -> dict[str, str]:
    """What is read: the rest of a window that was begun within a day, else from the cursor until now.

    Linear lists what was updated last first, so a part of a window says nothing of a time up to which all is known.
    """
    known, asked = run.cursor or {}, ",".join(sorted(run.options.teams))
    if known.get("asked") != asked:
        known = {}
    if "after" in known and run.now - datetime.fromisoformat(known["end"]) < RESUMED:
        return {**known}
    until = known.get("since") or known.get("until")
    start = min(datetime.fromisoformat(until), run.now) - OVERLAP if until else run.now - LOOKBACK
    return {"since": start.isoformat(), "end": run.now.isoformat(), "asked": asked}
