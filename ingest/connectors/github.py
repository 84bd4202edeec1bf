"""GitHub, also Enterprise Server: repositories, commits, releases, pull requests, issues, deployments, Actions.

API: https://docs.github.com/en/graphql and https://docs.github.com/en/rest. Needs: read access to metadata, contents,
pull requests, issues, deployments and actions: a fine-grained token, a classic one with the scope repo, or a GitHub App
(app_id, private_key, and installation_id unless it is installed at `organization`), whose limits are higher.

What is read: of `organization` all repositories except `exclude`, and those in `repositories`. One GraphQL question
tells of fifty repositories what is newest in each; only those with news are asked further: pull requests, deployments,
releases and commits by GraphQL, issues and runs by REST. Repositories are read by GraphQL too, since REST tells neither
the head nor the number of commits. Runs are asked with the ETag of last time, which is free when nothing came.

Limits, 5,000 requests and 5,000 GraphQL points an hour (an app in 300 repositories has 12,500): for 300 repositories
one question is 6 points; pull requests, issues and deployments every 5 minutes, commits every 15, runs every 10,
releases and repositories every hour make 288 points an hour, and a repository with news costs 1 to 4 more: 100 of them
at every visit would be some 2,700. Requests: runs at most 1,800 an hour if no ETag ever held; about 250 for jobs of
6,000 runs a day; one for each repository with new issues; one for each production deployment and push. The last 4 % of
an hour's limit are left to others: what remains is read in the next hour, as happens in a first run (30 days of
deployments, 14 of runs, 90 of anything else, and all that is open).

Not seen: a run that is started again when a hundred newer ones and a day have passed, and a changed older release.
"""

import re
from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field, StringConstraints, model_validator

from aurora.contracts.delivery import (
    CiJobs,
    CiRuns,
    Commits,
    DeploymentCommits,
    Deployments,
    Environments,
    PullRequestReviews,
    PullRequests,
    Releases,
    Repositories,
    WorkItems,
)
from aurora.contracts.estate import People
from aurora.settings import Frozen, Secret
from ingest.connector import Connector, Item, Run
from ingest.vendors import (
    github_actions,
    github_commits,
    github_deployments,
    github_issues,
    github_pull_requests,
    github_releases,
)
from ingest.vendors.github_api import Api, site_of
from ingest.vendors.github_queries import (
    DESCRIBED,
    NEWEST_DEPLOYMENT,
    NEWEST_ISSUE,
    NEWEST_PULL_REQUEST,
    NEWEST_RELEASES,
    TIP,
)
from ingest.vendors.github_repositories import Repository, State, over_repositories, repository_row, surveyed

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")]
Tier = Literal["production", "staging", "testing", "development", "unknown"]
Kind = Literal["story", "bug", "task", "epic", "incident", "unknown"]
Severity = Literal["critical", "high", "medium", "low", "info", "unknown"]


class GitHubOptions(Frozen):
    """`environments`: tiers by name or pattern (prod-*), before what names tell; `types`, `severities`: of labels.

    `release_tags`: which tags are releases where GitHub has no release of them.
    """

    organization: str | None = Field(None, pattern=r"^[A-Za-z0-9_-]+$")
    repositories: tuple[Name, ...] = ()
    exclude: tuple[str, ...] = ()
    url: str = Field("https://api.github.com", pattern="^https?://[^/]")
    token: Secret | None = None
    app_id: int | str | None = None
    private_key: Secret | None = None
    installation_id: int | None = Field(None, gt=0)
    api_version: str = Field("2022-11-28", pattern=r"^\d{4}-\d\d-\d\d$")
    ca: str | None = None
    environments: dict[str, Tier] = {}
    types: dict[str, Kind] = {}
    severities: dict[str, Severity] = {}
    release_tags: re.Pattern[str] = re.compile(r"v?\d+\.\d+.*")

    @model_validator(mode="after")
    def _one_way_in(self) -> "GitHubOptions":
        is_app = self.app_id is not None and self.private_key is not None
        has_half = (self.app_id is None) != (self.private_key is None)
        if has_half or is_app == (self.token is not None):
            raise ValueError("give either token, or app_id and private_key")
        if not self.organization and not self.repositories:
            raise ValueError('write organization = "its name" or repositories = ["owner/name"], or both')
        return self


GitHubRun = Run[GitHubOptions]


class Part(Protocol):
    """A module that reads one kind of thing of a repository."""

    def is_due(self, run: Run[Any], repository: Repository, state: State) -> bool:
        """Whether there may be news."""

    def walk(self, run: Run[Any], api: Api, one: Repository, state: State) -> Iterator[Item]:
        """The news."""


connector = Connector("github", GitHubOptions, site_of)


@connector.stream(Repositories, every="1h")
def fetch_repositories(run: GitHubRun) -> Iterator[Item]:
    """All repositories with head, size of history and language."""
    for one in surveyed(run, Api(run), DESCRIBED):
        yield Repositories, repository_row(run, one.told)


@connector.stream(Commits, People, every="15m", lookback="90d")
def fetch_commits(run: GitHubRun) -> Iterator[Item]:
    """Commits of default branches that moved; the cursor holds their tips."""
    yield from _walked(run, TIP, github_commits)


@connector.stream(Releases, every="1h")
def fetch_releases(run: GitHubRun) -> Iterator[Item]:
    """All releases and release tags of repositories where they changed."""
    yield from _walked(run, NEWEST_RELEASES, github_releases)


@connector.stream(PullRequests, PullRequestReviews, People, every="5m", lookback="90d")
def fetch_pull_requests(run: GitHubRun) -> Iterator[Item]:
    """Pull requests that were updated, with reviews, and who made them; at first also all that are open."""
    yield from _walked(run, NEWEST_PULL_REQUEST, github_pull_requests)


@connector.stream(WorkItems, People, every="5m", lookback="90d")
def fetch_work_items(run: GitHubRun) -> Iterator[Item]:
    """Issues that were updated; at first also all that are open."""
    yield from _walked(run, NEWEST_ISSUE, github_issues)


@connector.stream(Deployments, Environments, DeploymentCommits, every="5m", lookback="30d")
def fetch_deployments(run: GitHubRun) -> Iterator[Item]:
    """Deployments that came or went on, and what the successful ones in production brought."""
    yield from _walked(run, NEWEST_DEPLOYMENT, github_deployments)


@connector.stream(CiRuns, CiJobs, every="10m", lookback="14d")
def fetch_ci_runs(run: GitHubRun) -> Iterator[Item]:
    """Runs of Actions, one row an attempt, with the jobs of those that ended."""
    yield from _walked(run, "", github_actions)


def _walked(run: GitHubRun, newest: str, part: Part) -> Iterator[Item]:
    api = Api(run)
    return over_repositories(run, api, newest, partial(part.is_due, run), partial(part.walk, run, api))
