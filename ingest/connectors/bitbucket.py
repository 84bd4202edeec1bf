"""Bitbucket Cloud: repositories, pull requests with reviews, pipelines and their steps, environments, deployments.

API: https://developer.atlassian.com/cloud/bitbucket/rest/ (repositories, pullrequests, commits, activity, pipelines,
steps, environments, deployments). Needs: an access token of the workspace, a project or a repository, or an API token
of a person with `user` = the e-mail address, with the scopes read:repository, read:pullrequest and read:pipeline.
`repositories` are the names to read; without them all of the workspace that the token sees. A workspace without a paid
plan may ask 1,000 times an hour, so lists are asked every quarter of an hour: three requests for each repository, two
or three for each pull request and one for each pipeline that changed. Issues and tags are not read.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import quote

from pydantic import Field

from aurora.contracts.delivery import (
    CiJobs,
    CiRuns,
    Deployments,
    Environments,
    PullRequestReviews,
    PullRequests,
    Repositories,
)
from aurora.settings import Frozen, Secret
from ingest.connector import Checkpoint, Connector, Item, Json, Run
from ingest.http import Site
from ingest.vendors.bitbucket_api import PULL_REQUESTS, Api, bare, place_of
from ingest.vendors.bitbucket_pull_requests import pull_request_items
from ingest.vendors.bitbucket_rows import (
    Named,
    began,
    deployment_row,
    environment_row,
    pipeline_row,
    repository_row,
    step_row,
)
from ingest.vendors.forges import Marks, each, moment

AGAIN = timedelta(minutes=10)
DEPLOYMENTS_AGAIN = timedelta(days=1)
WATCHED = timedelta(days=7)  # how long a pipeline that waits for somebody is looked at again


class BitbucketOptions(Frozen):
    """`workspace` and `repositories` as they stand in addresses; `user` goes with an API token only."""

    workspace: str = Field(min_length=1)
    token: Secret
    user: str | None = None
    repositories: tuple[str, ...] = ()
    url: str = Field("https://api.bitbucket.org", pattern="^https?://[^/]")


BitbucketRun = Run[BitbucketOptions]


def connect(options: BitbucketOptions) -> Site:
    """The API with the token. Raises SettingsError for an unset secret."""
    token, place = options.token.reveal(), f"{options.url.rstrip('/').removesuffix('/2.0')}/2.0"
    if options.user:
        return Site(place, auth=(options.user, token), secrets=(token,))
    return Site(place, {"Authorization": f"Bearer {token}"}, secrets=(token,))


connector = Connector("bitbucket", BitbucketOptions, connect)


@connector.stream(Repositories, every="1h")
def fetch_repositories(run: BitbucketRun) -> Iterator[Item]:
    """Every repository, with the last commit of its main branch."""
    api = Api(run)
    for repository in api.repositories():
        branch = (repository.get("mainbranch") or {}).get("name")
        path = f"{place_of(repository)}/refs/branches/{quote(branch, safe='')}" if branch else None
        yield Repositories, repository_row(run, repository, api.one(path) if path else None)


@connector.stream(PullRequests, PullRequestReviews, every="15m", lookback="90d")
def fetch_pull_requests(run: BitbucketRun) -> Iterator[Item]:
    """Pull requests that changed since the cursor, with their commits and what reviewers did."""
    api, marks = Api(run), Marks(run, AGAIN)

    def walk(repository: Json) -> Iterator[Item]:
        mark = bare(repository["uuid"])
        for page in api.changed(place_of(repository), marks.since(mark)):
            for pr in page:
                yield from pull_request_items(run, api, repository, pr)
            if page:
                # A page is half as long as elsewhere and each of its rows costs three requests: it counts double.
                yield from marks.reached(mark, moment(page[-1]["updated_on"]), 100 // PULL_REQUESTS * len(page))
        yield from marks.reached(mark, run.now)

    yield from each(run, api.repositories(), walk)
    yield marks.checkpoint()


@connector.stream(CiRuns, CiJobs, every="15m", lookback="30d")
def fetch_pipelines(run: BitbucketRun) -> Iterator[Item]:
    """Pipelines made since the cursor and those that were not over, with their steps."""
    api, marks = Api(run), Marks(run, AGAIN)

    def walk(repository: Json) -> Iterator[Item]:
        mark = bare(repository["uuid"])
        for pipeline in reversed(unread(run, api, marks, repository)):
            path = f"{place_of(repository)}/pipelines/{quote(pipeline['uuid'], safe='')}/steps/"
            steps = api.known(path)
            yield CiRuns, pipeline_row(run, repository, pipeline, steps)
            for step in steps or ():
                yield CiJobs, step_row(run, pipeline, step)
            yield from passed(run, marks, mark, pipeline)
        yield from marks.reached(mark, run.now)

    yield from each(run, api.repositories(), walk)
    yield marks.checkpoint()


def unread(run: BitbucketRun, api: Api, marks: Marks, repository: Json) -> list[Json]:
    """Pipelines to read, the newest first: the API lists them so, and knows no other way to ask for new ones."""
    mark = bare(repository["uuid"])
    since, waiting = marks.since(mark), set(marks.open.get(mark, ()))
    floor = min(since, run.now - WATCHED) if waiting else since
    found = []
    for pipeline in api.items(f"{place_of(repository)}/pipelines/", {"sort": "-created_on"}):
        created = moment(pipeline["created_on"])
        if created < floor:
            break
        if created >= since or pipeline["uuid"] in waiting:
            found.append(pipeline)
    marks.open[mark] = [one["uuid"] for one in found if one["uuid"] in waiting]
    return found


def passed(run: BitbucketRun, marks: Marks, mark: str, pipeline: Json) -> Iterator[Checkpoint]:
    """The pipeline has been read; one that is not over is remembered."""
    created, uuid = moment(pipeline["created_on"]), pipeline["uuid"]
    others = [one for one in marks.open[mark] if one != uuid]
    is_over = str(pipeline["state"]["name"]).lower() == "completed" or created < run.now - WATCHED
    marks.open[mark] = others if is_over else [*others, uuid]
    yield from marks.reached(mark, max(created, marks.last(mark)), 1)


@connector.stream(Environments, every="6h")
def fetch_environments(run: BitbucketRun) -> Iterator[Item]:
    """All environments of every repository."""
    api = Api(run)

    def walk(repository: Json) -> Iterator[Item]:
        for environment in api.items(f"{place_of(repository)}/environments/"):
            yield Environments, environment_row(run, repository, environment)

    yield from each(run, api.repositories(), walk)


@connector.stream(Deployments, every="15m", lookback="90d")
def fetch_deployments(run: BitbucketRun) -> Iterator[Item]:
    """Deployments that have begun, the newest first, back to a day before the cursor."""
    api, marks = Api(run), Marks(run, DEPLOYMENTS_AGAIN)

    def walk(repository: Json) -> Iterator[Item]:
        mark, named = bare(repository["uuid"]), Named(api, repository)
        since = marks.since(mark)
        for deployment, started in begun(api, repository):
            if started < since:
                break
            yield Deployments, deployment_row(run, repository, deployment, named.of(deployment), started)
        yield from marks.reached(mark, run.now)

    yield from each(run, api.repositories(), walk)
    yield marks.checkpoint()


def begun(api: Api, repository: Json) -> Iterator[tuple[Json, datetime]]:
    """Deployments with the instant at which they began; those that nobody has started yet are none."""
    for deployment in api.items(f"{place_of(repository)}/deployments/", {"sort": "-state.started_on"}):
        if (started := began(deployment)) is not None:
            yield deployment, started
