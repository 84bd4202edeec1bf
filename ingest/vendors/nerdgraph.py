"""How NerdGraph is asked: GraphQL with variables, errors under status 200, NRQL, entity pages; and NRQL texts."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from aurora.contracts import Row
from aurora.errors import ErrorClass, SourceError
from ingest.connector import Json, Run
from ingest.vendors.apm import millis, percentage, share_pct, split, warn_once

PATH = "graphql"
MAX_PAGES = 50
MAX_EVENTS = 2_000  # what NRQL gives of raw events and of points at once
NRQL = """query($account: Int!, $nrql: Nrql!) { actor { account(id: $account) {
  nrql(query: $nrql, timeout: 60) { results metadata { messages } } } } }"""
ENTITIES = """query($search: String!, $cursor: String) { actor { entitySearch(query: $search) {
  results(cursor: $cursor) { nextCursor entities { guid name entityType domain type reporting permalink
    tags { key values } ... on AlertableEntityOutline { alertSeverity } } } } } }"""
CLASSES: dict[str, ErrorClass] = {
    "BAD_API_KEY": "auth",
    "UNAUTHENTICATED": "auth",
    "UNAUTHORIZED": "permission",
    "ACCESS_DENIED": "permission",
    "FORBIDDEN": "permission",
    "NOT_FOUND": "not_found",
    "TOO_MANY_REQUESTS": "rate_limited",
    "TIMEOUT": "timeout",
    "SERVER_ERROR": "vendor_5xx",
    "INTERNAL_SERVER_ERROR": "vendor_5xx",
}
APPLICATION = (
    "FROM Metric SELECT count(apm.service.transaction.duration) AS requests,"
    " average(apm.service.transaction.duration) * 1000 AS response_ms, count(apm.service.error.count) AS errors",
    "entity.guid",
)
HOST = (
    "FROM SystemSample SELECT count(*) AS samples, average(cpuPercent) AS cpu_pct,"
    " average(memoryUsedPercent) AS memory_pct, max(diskUsedPercent) AS disk_pct",
    "entityGuid",
)
MEASURED = {"APM_APPLICATION_ENTITY": APPLICATION, "INFRASTRUCTURE_HOST_ENTITY": HOST}


class Api:
    """NerdGraph as one run asks it."""

    def __init__(self, run: Run[Any]) -> None:
        self.run = run

    def data(self, query: str, **variables: Any) -> Json:
        """`data.actor` of an answer. Raises SourceError for errors, also where part of the data came along."""
        answer = self.run.http.post(PATH, body={"query": query, "variables": variables})
        who = self.run.source_instance
        if isinstance(answer, dict) and answer.get("errors"):
            raise refused(who, answer["errors"][0])
        if not isinstance(answer, dict) or not isinstance(answer.get("data"), dict):
            raise SourceError(f"{who}: this is no answer of NerdGraph: check region", "schema_drift")
        return answer["data"]["actor"]

    def nrql(self, text: str) -> list[Json]:
        """The results of an NRQL query; what the database remarks makes the run partial. Raises SourceError."""
        found = self.data(NRQL, account=self.run.options.account_id, nrql=text)["account"]
        if found is None:
            who, account = self.run.source_instance, self.run.options.account_id
            raise SourceError(f"{who}: account {account} is not visible to this key: check account_id", "permission")
        for message in ((found["nrql"].get("metadata") or {}).get("messages") or [])[:3]:
            warn_once(self.run, f"New Relic remarks: {str(message)[:200]}")
        results: list[Json] = found["nrql"]["results"]
        return results

    def events(self, source: str, start: datetime, end: datetime) -> Iterator[Json]:
        """Raw events of `FROM ... [WHERE ...]` in a range; a range with more than NRQL gives at once is halved."""

        def ask(first: datetime, last: datetime) -> list[Json]:
            return self.nrql(f"SELECT * {source} {between(first, last)} LIMIT {MAX_EVENTS}")

        yield from split(ask, start, end, MAX_EVENTS)

    def entities(self, search: str) -> Iterator[Json]:
        """All entities of a search, page by page."""
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            page = self.data(ENTITIES, search=search, cursor=cursor)["entitySearch"]["results"]
            yield from page["entities"]
            if not page["nextCursor"] or page["nextCursor"] == cursor:
                return
            cursor = page["nextCursor"]
        self.run.warn(f"only {MAX_PAGES} pages of entities were read: narrow `entities`")


def refused(who: str, error: Json) -> SourceError:
    """The error for an entry of `errors`; its class is told by New Relic in one of three places."""
    extensions = error.get("extensions") or {}
    words = [str(extensions.get(name)).upper() for name in ("errorClass", "error_code", "errorCode", "code")]
    kind: ErrorClass = next((CLASSES[word] for word in words if word in CLASSES), "bad_query")
    said = next((word for word in words if word != "NONE"), "no class")
    return SourceError(f"{who}: New Relic answers {said}: {str(error.get('message'))[:300]}: check key and query", kind)


def between(start: datetime, end: datetime) -> str:
    """The NRQL range, in epoch milliseconds, end not included."""
    return f"SINCE {millis(start)} UNTIL {millis(end)}"


def series(about: tuple[str, str], guids: list[str], start: datetime, end: datetime, step_s: int) -> str:
    """The NRQL of measures over time, one facet per entity."""
    select, key = about
    listed = ", ".join(f"'{guid}'" for guid in guids)
    when = f"{between(start, end)} TIMESERIES {step_s} seconds"
    return f"{select} WHERE {key} IN ({listed}) FACET {key} {when} LIMIT MAX"


def is_guid(guid: str) -> bool:
    """True for text that may stand in an NRQL query: entity ids are base64."""
    return re.fullmatch(r"[A-Za-z0-9+/=_|-]{1,200}", guid) is not None


def measures(point: Json) -> Row:
    """The health columns of one bucket; an average over nothing is null, whatever New Relic writes."""
    if "requests" in point:
        requests, seconds = point["requests"], point["endTimeSeconds"] - point["beginTimeSeconds"]
        return {
            "requests_per_minute": None if requests is None else requests * 60 / seconds,
            "response_time_ms": point.get("response_ms") if requests else None,
            "error_rate_pct": share_pct(point.get("errors") or 0, requests),
        }
    columns = ("cpu_pct", "memory_pct", "disk_pct")
    return {name: percentage(point.get(name)) if point.get("samples") else None for name in columns}
