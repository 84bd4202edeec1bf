"""GitLab, gitlab.com or self-managed: repositories, merge requests, pipelines, deployments, issues, sprints, releases.

API: https://docs.gitlab.com/api/rest/ (projects, merge_requests, pipelines, jobs, deployments, environments, issues,
milestones, iterations, releases). Needs: a personal, group or project access token with the scope read_api and the
role Reporter. `groups` (with all below them) and `projects` are paths or numbers; without both, every project that the
token's account is a member of. Archived projects are listed, and not read further. What a project has switched off is
not asked for; what a token may not see of one project is told and stops no other. Merge trains and child pipelines are
not read.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cached_property
from typing import Literal
from urllib.parse import quote

from pydantic import Field

from aurora.contracts.delivery import (
    CiJobs,
    CiRuns,
    Deployments,
    Environments,
    Projects,
    PullRequestReviews,
    PullRequests,
    Releases,
    Repositories,
    Sprints,
    WorkItems,
)
from aurora.contracts.operations import Incidents
from aurora.settings import Frozen, Secret
from ingest.connector import Connector, Item, Json, Run
from ingest.http import Site
from ingest.vendors.forges import Marks, each, moment
from ingest.vendors.gitlab_api import Api
from ingest.vendors.gitlab_merge_requests import merge_request_items
from ingest.vendors.gitlab_planning import Planning, issue_items
from ingest.vendors.gitlab_rows import (
    Tiers,
    deployment_row,
    environment_row,
    job_row,
    pipeline_row,
    project_row,
    release_row,
    repository_row,
)

AGAIN = timedelta(minutes=10)
RELEASES_AGAIN = timedelta(days=14)


class GitLabOptions(Frozen):
    """`iterations`: false where the plan has none; `ca`: PEM file of a private CA; `in_progress_labels`: of issues that
    somebody works on, since GitLab itself knows open and closed; `incidents_tier`: of what its incident issues are."""

    token: Secret
    url: str = Field("https://gitlab.com", pattern="^https?://[^/]")
    groups: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    ca: str | None = None
    iterations: bool = True
    in_progress_labels: tuple[str, ...] = ("doing", "in progress", "workflow::in dev", "workflow::in review")
    incidents_tier: Literal["production", "staging", "testing", "development", "unknown"] = "production"

    @cached_property
    def begun(self) -> frozenset[str]:
        """The labels of what is being worked on, in small letters."""
        return frozenset(label.lower() for label in self.in_progress_labels)


GitLabRun = Run[GitLabOptions]
Page = Callable[[Json, list[Json]], Iterator[Item]]


def connect(options: GitLabOptions) -> Site:
    """The API with the token. Raises SettingsError for an unset secret."""
    token = options.token.reveal()
    place = f"{options.url.rstrip('/').removesuffix('/api/v4')}/api/v4"
    return Site(place, {"Authorization": f"Bearer {token}"}, verify=options.ca or True, secrets=(token,))


connector = Connector("gitlab", GitLabOptions, connect)


@connector.stream(Repositories, Projects, every="1h")
def fetch_repositories(run: GitLabRun) -> Iterator[Item]:
    """Every project, with the last commit of its default branch and its main language."""
    api = Api(run)
    for project in api.projects():
        place = f"projects/{project['id']}"
        if "statistics" not in project:
            project = {**project, **(api.one(place, {"statistics": "true"}) or {})}
        branch = project.get("default_branch")
        head = api.one(f"{place}/repository/branches/{quote(branch, safe='')}") if branch else None
        yield Repositories, repository_row(run, project, head, api.one(f"{place}/languages") if head else None)
        yield Projects, project_row(run, project)


@connector.stream(PullRequests, PullRequestReviews, every="5m", lookback="90d")
def fetch_merge_requests(run: GitLabRun) -> Iterator[Item]:
    """Merge requests that changed since the cursor, with their commits, notes and approvals."""
    api = Api(run)
    yield from changed(run, api, "merge_requests", lambda project, page: merge_request_items(run, api, project, page))


@connector.stream(CiRuns, CiJobs, every="5m", lookback="30d")
def fetch_pipelines(run: GitLabRun) -> Iterator[Item]:
    """Pipelines that changed since the cursor, with their durations and all their jobs, retried ones too."""
    api = Api(run)

    def items(project: Json, page: list[Json]) -> Iterator[Item]:
        for listed in page:
            place = f"projects/{project['id']}/pipelines/{listed['id']}"
            yield CiRuns, pipeline_row(run, project, {**listed, **(api.one(place) or {})})
            for job in api.known(f"{place}/jobs", {"include_retried": "true"}) or ():
                yield CiJobs, job_row(run, job)

    yield from changed(run, api, "pipelines", items)


@connector.stream(Deployments, every="5m", lookback="90d")
def fetch_deployments(run: GitLabRun) -> Iterator[Item]:
    """Deployments that changed since the cursor."""
    api, tiers = Api(run), dict[int, Tiers]()

    def items(project: Json, page: list[Json]) -> Iterator[Item]:
        own = tiers.setdefault(project["id"], Tiers(run, api, project))
        for deployment in page:
            yield Deployments, deployment_row(run, project, deployment, own.of(deployment["environment"]))

    yield from changed(run, api, "deployments", items)


@connector.stream(Environments, every="1h")
def fetch_environments(run: GitLabRun) -> Iterator[Item]:
    """Environments that are not stopped; review apps of the past are many and stay as they were."""
    api = Api(run)

    def items(project: Json) -> Iterator[Item]:
        for environment in api.items(f"projects/{project['id']}/environments", {"states": "available"}):
            yield Environments, environment_row(run, project, environment)

    yield from each(run, api.projects("deployments"), items)


@connector.stream(WorkItems, Incidents, every="5m", lookback="180d")
def fetch_issues(run: GitLabRun) -> Iterator[Item]:
    """Issues that changed since the cursor; those of the type incident are incidents too."""
    yield from changed(run, Api(run), "issues", lambda project, page: issue_items(run, project, page))


@connector.stream(Sprints, Projects, every="1h")
def fetch_sprints(run: GitLabRun) -> Iterator[Item]:
    """All milestones of projects and groups, and iterations of groups (Premium)."""
    yield from Planning(run, Api(run)).items()


@connector.stream(Releases, every="1h", lookback="730d")
def fetch_releases(run: GitLabRun) -> Iterator[Item]:
    """Releases, the newest first, back to two weeks before the cursor."""
    api, marks = Api(run), Marks(run, RELEASES_AGAIN)

    def items(project: Json) -> Iterator[Item]:
        since = marks.since(project["id"])
        for release in api.items(f"projects/{project['id']}/releases", {"order_by": "created_at", "sort": "desc"}):
            if moment(release["created_at"]) < since:
                break
            yield Releases, release_row(run, project, release)
        yield from marks.reached(project["id"], run.now)

    yield from each(run, api.projects("releases"), items)
    yield marks.checkpoint()


def changed(run: GitLabRun, api: Api, feature: str, items: Page) -> Iterator[Item]:
    """What changed of each project since it was last read; each page is complete before the cursor moves past it."""
    marks = Marks(run, AGAIN)

    def walk(project: Json) -> Iterator[Item]:
        for page in api.updated(f"projects/{project['id']}/{feature}", marks.since(project["id"])):
            yield from items(project, page)
            if page:
                yield from marks.reached(project["id"], moment(page[-1]["updated_at"]), len(page))
        yield from marks.reached(project["id"], run.now)

    yield from each(run, api.projects(feature), walk)
    yield marks.checkpoint()
