"""How Elasticsearch and OpenSearch are asked: options, sign-in, searches that are only partly answered, field names."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, FilePath, model_validator

from aurora.errors import SourceError
from aurora.settings import Duration, Frozen, Secret
from ingest.connector import Json, Run
from ingest.http import Site

MAX_PAGES = 1000
LENIENT = "ignore_unavailable=true&allow_no_indices=true"
Index = Annotated[str, Field(pattern=r'^[^\s/?#"<>|\\%]+$')]
LEVELS = ("error", "critical", "fatal", "alert", "emergency")


class SignIn(Frozen):
    """`api_key` is the encoded form that Elasticsearch hands out; or a user with a password, or neither."""

    url: str = Field(pattern="^https?://[^/]")
    api_key: Secret | None = None
    user: str | None = None
    password: Secret | None = None
    ca: FilePath | None = None
    verify: bool = True

    @model_validator(mode="after")
    def _one_way_in(self) -> "SignIn":
        if bool(self.user) != bool(self.password) or (self.user and self.api_key):
            raise ValueError("give either api_key, or user and password, or none of them")
        return self


class Fields(Frozen):
    """Names of the fields of a log entry, by the Elastic Common Schema; for OpenTelemetry give its names."""

    timestamp: str = "@timestamp"
    level: str = "log.level"
    service: str = "service.name"
    environment: str = "service.environment"
    version: str = "service.version"
    error_type: str = "error.type"
    message: str = "message"


class ElasticOptions(SignIn):
    """What counts as an error is a level, or what the Lucene `query` finds; `project` is the name of these logs.

    `transactions` are the indices of Elastic APM, out of which come API endpoints; [] for none.
    """

    index: tuple[Index, ...] = Field(("logs-*", "filebeat-*"), min_length=1)
    project: str = Field("logs", min_length=1, max_length=200)
    fields: Fields = Fields()
    levels: tuple[str, ...] = Field((*LEVELS, *(level.upper() for level in LEVELS)), min_length=1)
    query: str | None = Field(None, min_length=1, max_length=2000)
    interval: Duration = timedelta(minutes=1)
    settle: Duration = timedelta(minutes=1)
    slice: Duration = timedelta(hours=1)
    page_size: int = Field(1000, ge=1, le=10_000)
    samples: bool = True
    transactions: tuple[Index, ...] = ("traces-apm*", "apm-*-transaction*")
    endpoint_step: Duration = timedelta(minutes=5)
    alerts_index: Index = ".alerts-*"
    kibana: str | None = Field(None, pattern="^https?://[^/]")

    @model_validator(mode="after")
    def _whole_slices(self) -> "ElasticOptions":
        if min(self.interval, self.endpoint_step) < timedelta(seconds=1):
            raise ValueError("interval and endpoint_step must be at least 1s")
        if self.slice < max(self.interval, self.endpoint_step):
            raise ValueError("slice must be at least as long as interval and endpoint_step")
        return self


ElasticRun = Run[ElasticOptions]


def connect(options: SignIn) -> Site:
    """The site with an API key or basic sign-in. Raises SettingsError for an unset secret."""
    hidden = tuple(secret.reveal() for secret in (options.api_key, options.password) if secret)
    headers = {"Authorization": f"ApiKey {options.api_key.reveal()}"} if options.api_key else {}
    auth = (options.user, options.password.reveal()) if options.user and options.password else None
    verify = (str(options.ca) if options.ca else True) if options.verify else False
    return Site(options.url, headers, auth, verify, hidden)


def search(run: Run[Any], index: str, body: Json, more: str = "") -> tuple[Json, bool]:
    """The answer to a search and whether it is whole: an answer of 200 may lack shards or have run out of time.

    Raises SourceError when it is no answer of a search.
    """
    answer = run.http.post(f"{index}/_search?{LENIENT}{more}", body=body)
    if not isinstance(answer, dict) or not isinstance(answer.get("_shards"), dict):
        said = str(answer.get("error", "") if isinstance(answer, dict) else answer)[:200]
        raise SourceError(
            f"{run.source_instance}: {index} gave no answer to a search ({said}): check url", "schema_drift"
        )
    lacking = shortfall(answer)
    if lacking:
        warn_once(run, f"{index}: the answer is partial: {lacking}")
    return answer, not lacking


def shortfall(answer: Json) -> str | None:
    """What an answer lacks, None when it is whole."""
    shards, clusters = answer["_shards"], answer.get("_clusters") or {}
    if answer.get("timed_out"):
        return "the search ran out of time"
    if shards.get("failed"):
        told = ((shards.get("failures") or [{}])[0].get("reason") or {}).get("reason") or "no reason told"
        return f"{shards['failed']} of {shards.get('total')} shards failed ({str(told)[:160]})"
    silent = sum(clusters.get(name) or 0 for name in ("skipped", "partial", "failed"))
    return f"{silent} remote clusters did not answer in full" if silent else None


def warn_once(run: Run[Any], sentence: str) -> None:
    """Warn, unless this run already said so."""
    if sentence not in run.warnings:
        run.warn(sentence)


def composite(run: ElasticRun, index: str, body: Json, sources: list[Json]) -> Iterator[tuple[list[Json], bool]]:
    """Every page of a composite aggregation named `by`, and whether it is whole; the last one may be empty."""
    after = None
    for _ in range(MAX_PAGES):
        grouped = {"size": run.options.page_size, "sources": sources} | ({"after": after} if after else {})
        aggs = {"by": {"composite": grouped, **body["sub"]}}
        answer, is_whole = search(run, index, {**body["search"], "aggs": aggs})
        told = (answer.get("aggregations") or {}).get("by") or {}
        yield told.get("buckets") or [], is_whole
        after = told.get("after_key")
        if not after or not told.get("buckets"):
            return
    raise SourceError(f"{run.source_instance}: over {MAX_PAGES} pages of counts: shorten slice", "bad_query")


def groupable(run: ElasticRun) -> Fields:
    """The field names to group by: `<name>.keyword` where the field itself is text. Raises SourceError."""
    wanted = run.options.fields.model_dump()
    names = [name for key, name in wanted.items() if key not in ("timestamp", "message")]
    asked = ",".join([*names, *(f"{name}.keyword" for name in names), run.options.fields.timestamp])
    index = ",".join(run.options.index)
    params = {"fields": asked, "ignore_unavailable": "true", "allow_no_indices": "true"}
    answer = run.http.get(f"{index}/_field_caps", params)
    known = answer.get("fields") if isinstance(answer, dict) else None
    if known is None:
        raise SourceError(f"{run.source_instance}: {index} told no fields: check url", "schema_drift")
    if run.options.fields.timestamp not in known:
        warn_once(run, f"no index of {index} has the field {run.options.fields.timestamp}: check index and fields")
    return Fields(**{key: _grouped(name, known) if name in names else name for key, name in wanted.items()})


def _grouped(name: str, known: Json) -> str:
    kinds = known.get(name) or {}
    if all(kind.get("aggregatable") for kind in kinds.values()):
        return name
    return f"{name}.keyword" if f"{name}.keyword" in known else name
