"""Jenkins: builds as CI runs, stages of pipelines as their jobs, deployments by jobs that are said to deploy.

API: https://www.jenkins.io/doc/book/using/remote-access-api/ and, for stages, the plugin Pipeline: Stage View.
Needs: a user with Overall/Read and Job/Read and an API token of his. Folders, organisations and multibranch pipelines
are walked. Jenkins knows no deployments: [[source.deploys]] says which jobs, or which stage of them, deploy what:
`job` is a pattern of full names (shop/deploy-.*), `environment` a name or `environment_parameter` the parameter that
holds it. `repositories` gives the repo_id for a remote address. The builds of the last 30 days are read at first.
"""

from collections.abc import Iterator
from datetime import timedelta
from re import Pattern

from pydantic import Field, model_validator

from aurora.contracts.delivery import CiJobs, CiRuns, Deployments
from aurora.errors import SourceError
from aurora.settings import Frozen, Secret
from ingest.connector import Checkpoint, Connector, Item, Json, Run
from ingest.http import Site
from ingest.vendors.jenkins_api import Api, Job
from ingest.vendors.jenkins_rows import build_row, deployment_rows, stage_row

LOOKBACK = timedelta(days=30)
BATCH = 200  # builds that land together
State = list[int]  # the newest number that was read, then those that were being built


class DeployJob(Frozen):
    """Which jobs deploy: `app` is the application, `stage` a pattern of the stage that deploys."""

    job: Pattern[str]
    environment: str | None = Field(None, min_length=1)
    environment_parameter: str | None = Field(None, min_length=1)
    app: str | None = Field(None, pattern=r"^[a-z0-9][a-z0-9-]*$")
    stage: Pattern[str] | None = None
    version_parameter: str | None = Field(None, min_length=1)

    @model_validator(mode="after")
    def _where(self) -> "DeployJob":
        if not (self.environment or self.environment_parameter):
            raise ValueError('say where the job deploys: environment = "production" or environment_parameter = "ENV"')
        return self


class JenkinsOptions(Frozen):
    """`jobs`: a pattern of the full names of jobs and pipelines to read; `stages`: whether stages are asked for."""

    url: str = Field(pattern="^https?://[^/]")
    user: str = Field(min_length=1)
    token: Secret
    jobs: Pattern[str] | None = None
    stages: bool = True
    deploys: tuple[DeployJob, ...] = ()
    repositories: dict[str, str] = {}
    ca: str | None = None

    @model_validator(mode="after")
    def _stages_of_deploys(self) -> "JenkinsOptions":
        if not self.stages and any(rule.stage for rule in self.deploys):
            raise ValueError("stages = false, and a stage deploys: take one of the two out")
        return self


JenkinsRun = Run[JenkinsOptions]


def connect(options: JenkinsOptions) -> Site:
    """Jenkins, signed in with an API token; reading needs no crumb. Raises SettingsError for an unset secret."""
    token = options.token.reveal()
    return Site(options.url, auth=(options.user, token), verify=options.ca or True, secrets=(token,))


connector = Connector("jenkins", JenkinsOptions, connect)


@connector.stream(CiRuns, CiJobs, Deployments, every="5m", lookback="30d")
def fetch_builds(run: JenkinsRun) -> Iterator[Item]:
    """New builds of every job, and again those that were being built."""
    api, pattern = Api(run), run.options.jobs
    jobs = [
        job for job in api.jobs() if not pattern or pattern.fullmatch(job.pipeline) or pattern.fullmatch(job.full_name)
    ]
    known: dict[str, State] = (run.cursor or {}).get("jobs", {})
    # A job without a build in the last 30 days needs no state: nothing of it would be read.
    states = {job.full_name: known[job.full_name] for job in jobs if is_kept(run, job, known.get(job.full_name))}
    count = 0
    for job in jobs:
        state = states.get(job.full_name, [0])
        if not has_news(run, job, state):
            continue
        builds = read(run, api, job, state)
        for build in builds:
            yield from build_items(run, api, job, build)
        states[job.full_name] = state_after(builds, state)
        count += len(builds)
        if count >= BATCH:
            count = 0
            yield Checkpoint({"jobs": dict(states)})
    yield Checkpoint({"jobs": states})


def is_kept(run: JenkinsRun, job: Job, state: State | None) -> bool:
    """Whether the state of a job is worth keeping. A job whose numbers began anew is another job."""
    return state is not None and job.last_number >= state[0] and (job.last_at >= run.now - LOOKBACK or len(state) > 1)


def has_news(run: JenkinsRun, job: Job, state: State) -> bool:
    """Whether there is a build that was not read, or one that may have ended."""
    return len(state) > 1 or (job.last_number > state[0] and job.last_at >= run.now - LOOKBACK)


def read(run: JenkinsRun, api: Api, job: Job, state: State) -> list[Json]:
    """The builds since `state`, and those that were being built then; a job that is gone by now has none."""
    try:
        builds = list(api.builds(job, state[0], run.now - LOOKBACK))
        again = [api.build(job, number) for number in state[1:]]
    except SourceError as error:
        if error.error_class not in ("not_found", "permission"):
            raise
        run.warn(f"{job.full_name} could not be read: {error}")
        return []
    return builds + [build for build in again if build is not None]


def state_after(builds: list[Json], state: State) -> State:
    """What is known of a job after these builds were read."""
    newest = max([state[0], *(int(build["number"]) for build in builds)])
    return [newest, *sorted(int(build["number"]) for build in builds if build.get("building"))]


def build_items(run: JenkinsRun, api: Api, job: Job, build: Json) -> Iterator[Item]:
    """The rows of one build."""
    row = build_row(run, job, build)
    stages = [stage_row(run, row, stage) for stage in api.stages(job, build)] if run.options.stages else []
    yield CiRuns, row
    yield from ((CiJobs, stage) for stage in stages)
    yield from ((Deployments, deployment) for deployment in deployment_rows(run, job, build, row, stages))
