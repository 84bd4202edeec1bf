"""BigQuery over REST: tables of a dataset, and the rows of a query, page by page.

API: https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/query and .../jobs/getQueryResults. Rows are
positional and every value is text; a query that is not done answers 200 without rows, and may answer 200 with errors.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import polars as pl

from aurora.errors import SourceError
from ingest.connector import Json, Run
from ingest.http import Answer
from ingest.paging import by_cursor

ROOT = "bigquery/v2/projects"
PAGE_ROWS = 10_000
WAIT_MS = 20_000
MAX_POLLS, MAX_PAGES = 180, 10_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LIMITS = re.compile(r'"reason"\s*:\s*"(rateLimitExceeded|userRateLimitExceeded|quotaExceeded|jobRateLimitExceeded)"')
NAME = "^[0-9A-Za-z_-]+$"


def limited(answer: Answer, attempt: int) -> float | None:
    """Seconds to wait where a 403 means a limit and no lack of permission; None for any other refusal."""
    return 2.0**attempt if answer.status == 403 and _LIMITS.search(answer.text) else None


@dataclass(frozen=True)
class Dataset:
    """A dataset as a run asks for it; the jobs run in, and are billed to, `project`."""

    run: Run[Any]
    project: str
    owner: str
    name: str
    max_bytes: int

    @property
    def path(self) -> str:
        """Its address."""
        return f"{ROOT}/{quote(self.owner)}/datasets/{quote(self.name)}"

    def location(self) -> str | None:
        """Where it lies: a query that names another place finds nothing. Raises SourceError."""
        told: Json = self.run.http.get(self.path)
        location: str | None = told.get("location")
        return location

    def tables(self) -> list[str]:
        """The names of its tables and views that a query can name. Raises SourceError."""
        following = by_cursor("nextPageToken", "pageToken")
        pages = self.run.http.pages(f"{self.path}/tables", {"maxResults": 1000}, following=following)
        names = [one["tableReference"]["tableId"] for page in pages for one in page.get("tables") or ()]
        return [name for name in names if re.fullmatch(NAME, name)]

    def fields(self, table: str) -> tuple[list[Json], bool]:
        """The columns of a table, and whether it is partitioned by the time at which rows came in."""
        told: Json = self.run.http.get(f"{self.path}/tables/{quote(table)}")
        partitioning = told.get("timePartitioning") or {}
        return told["schema"]["fields"], bool(partitioning) and not partitioning.get("field")

    def rows(self, location: str | None, sql: str, **named: str) -> Iterator[pl.DataFrame]:
        """The rows of a query with named parameters of text, a frame of text a page. Raises SourceError."""
        yield from Query(self, location).frames(sql, named)


@dataclass
class Query:
    """One query of a run."""

    dataset: Dataset
    location: str | None

    def frames(self, sql: str, named: dict[str, str]) -> Iterator[pl.DataFrame]:
        """Its pages as frames; all columns are text, instants ISO 8601 in UTC, records and lists JSON."""
        page = self._finished(self._begun(sql, named))
        fields, total, read = page["schema"]["fields"], int(page.get("totalRows") or 0), 0
        for _ in range(MAX_PAGES):
            rows = page.get("rows") or []
            read += len(rows)
            if rows:
                yield frame_of(fields, rows)
            token = page.get("pageToken")
            if not token:
                break
            page = self._finished(self._more(page, token))
        if read != total:
            who = self.dataset.run.source_instance
            raise SourceError(f"{who}: a query has {total} rows and {read} came: the next run asks again", "partial")

    def _begun(self, sql: str, named: dict[str, str]) -> Json:
        parameters = [
            {"name": name, "parameterType": {"type": "STRING"}, "parameterValue": {"value": value}}
            for name, value in named.items()
        ]
        body = {
            "query": sql,
            "useLegacySql": False,
            "parameterMode": "NAMED",
            "queryParameters": parameters,
            "maxResults": PAGE_ROWS,
            "timeoutMs": WAIT_MS,
            "maximumBytesBilled": str(self.dataset.max_bytes),
            "formatOptions": {"useInt64Timestamp": True},
        } | ({"location": self.location} if self.location else {})
        try:
            return self.dataset.run.http.post(f"{ROOT}/{quote(self.dataset.project)}/queries", body=body)
        except SourceError as error:
            if "bytesBilledLimitExceeded" not in str(error) and "bytes billed" not in str(error):
                raise
            told = f"{error}: raise maximum_bytes, or set a shorter history"
            raise SourceError(told, "bad_query") from error

    def _finished(self, page: Json) -> Json:
        """The page once the query is done; errors beside a whole answer make the run partial, no more."""
        who = self.dataset.run.source_instance
        for _ in range(MAX_POLLS):
            told = self._errors(page)
            if page.get("jobComplete") and "schema" in page:
                if told:
                    self.dataset.run.warn(f"a query answered with errors beside its rows: {told}")
                return page
            if told:
                raise SourceError(f"{who}: a query failed inside a good answer: {told}", "partial")
            self.dataset.run.remaining_s()
            page = self._more(page, None)
        raise SourceError(f"{who}: a query took too long: set a shorter history", "timeout")

    def _errors(self, page: Json) -> str:
        first = (page.get("errors") or [{}])[0]
        return self.dataset.run.http.redact(" ".join(str(one) for one in first.values()))[:200]

    def _more(self, page: Json, token: str | None) -> Json:
        job = page["jobReference"]
        asked = {"maxResults": PAGE_ROWS, "timeoutMs": WAIT_MS, "formatOptions.useInt64Timestamp": "true"}
        asked |= {"location": job["location"]} if job.get("location") else {}
        asked |= {"pageToken": token} if token else {}
        return self.dataset.run.http.get(f"{ROOT}/{quote(job['projectId'])}/queries/{quote(job['jobId'])}", asked)


def frame_of(fields: list[Json], rows: list[Json]) -> pl.DataFrame:
    """Positional rows as a frame of text."""
    columns = [
        pl.Series(field["name"], [_cell(field, row["f"][place]["v"]) for row in rows], dtype=pl.String)
        for place, field in enumerate(fields)
    ]
    return pl.DataFrame(columns)


def _cell(field: Json, told: Json) -> str | None:
    if told is None or told == []:
        return None
    value = value_of(field, told)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def value_of(field: Json, told: Json) -> Any:
    """A value of the answer: lists and records as such, an instant in ISO 8601, all else as its text."""
    if told is None:
        return None
    if field.get("mode") == "REPEATED":
        return [value_of(field | {"mode": "NULLABLE"}, one["v"]) for one in told]
    if field["type"] in ("RECORD", "STRUCT"):
        return {
            inner["name"]: value_of(inner, cell["v"]) for inner, cell in zip(field["fields"], told["f"], strict=True)
        }
    if field["type"] == "TIMESTAMP":
        return (EPOCH + timedelta(microseconds=int(told))).isoformat()
    return str(told)


def paths_of(fields: list[Json], before: str = "") -> Iterator[str]:
    """Every column and every field of a record by its path; what stands inside a list has none."""
    for one in fields:
        name = f"{before}{one['name']}"
        if not re.fullmatch(r"\w+", one["name"]):
            continue
        yield name
        if one.get("mode") != "REPEATED" and one["type"] in ("RECORD", "STRUCT"):
            yield from paths_of(one["fields"], f"{name}.")
