"""A small BigQuery: the queries that connectors ask run in DuckDB, over tables of the same nested shape.

Only what SQL of both must spell differently is changed: @name to $name, `a.b.c` to "a.b.c". Answers have BigQuery's
form: values are text by position, two rows to a page, instants in microseconds.
"""

import json
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import duckdb
import requests
from requests.adapters import BaseAdapter

from tests.replay import response

TYPES = {"TIMESTAMP WITH TIME ZONE": "TIMESTAMP", "DATE": "DATE", "VARCHAR": "STRING", "DOUBLE": "FLOAT"}
Json = Any


class DuckBigQuery(BaseAdapter):
    """Datasets with their tables; `refusals` answer the next requests whose path ends so, in place of a good answer."""

    def __init__(self) -> None:
        super().__init__()
        self.db = duckdb.connect()
        self.db.execute("set timezone = 'UTC'")
        self.datasets: dict[str, dict[str, Json]] = {}
        self.locations: dict[str, str] = {}
        self.queries: list[Json] = []
        self.jobs: list[tuple[list[Json], list[tuple[Any, ...]]]] = []
        self.asked: list[str] = []
        self.refusals: list[tuple[str, Json]] = []

    def table(self, dataset: str, name: str, columns: str, *, by_arrival: bool = False) -> str:
        """Make a table; its name as SQL of DuckDB has it."""
        quoted = f'"jobs.{dataset}.{name}"'
        arrived = ", _PARTITIONTIME timestamptz" if by_arrival else ""
        self.db.execute(f"create table {quoted} ({columns}{arrived})")
        described = self.db.execute(
            f"select * exclude (_PARTITIONTIME) from {quoted}" if by_arrival else f"from {quoted}"
        )
        fields = [_field(name, str(kind)) for name, kind, *_ in described.description or ()]
        partitioning = {"type": "DAY"} | ({} if by_arrival else {"field": "event_timestamp"})
        self.datasets.setdefault(dataset, {})[name] = {"schema": {"fields": fields}, "timePartitioning": partitioning}
        return quoted

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        """An answer in BigQuery's form."""
        url = urlsplit(str(request.url))
        self.asked.append(url.path)
        for place, told in self.refusals:
            if url.path.endswith(place):
                self.refusals.remove((place, told))
                return response(told, request)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        body = self._body(
            url.path.removeprefix("/bigquery/v2/projects/jobs"), asked, json.loads(request.body or "null")
        )
        return response({"body": body} if body is not None else {"status": 404, "body": "not found"}, request)

    def _body(self, path: str, asked: dict[str, str], sent: Json) -> Json:
        if path == "/queries":
            return self._begun(sent)
        if found := re.fullmatch(r"/queries/(\d+)", path):
            return self._page(int(found[1]), int(asked.get("pageToken", 0)))
        dataset, _, rest = path.removeprefix("/datasets/").partition("/")
        if dataset not in self.datasets:
            return None
        if rest == "tables":
            return {"tables": [{"tableReference": {"tableId": name}} for name in self.datasets[dataset]]}
        if rest:
            return self.datasets[dataset][rest.removeprefix("tables/")]
        return {"location": self.locations.get(dataset, "EU")}

    def _begun(self, sent: Json) -> Json:
        self.queries.append(sent)
        named = {one["name"]: one["parameterValue"]["value"] for one in sent["queryParameters"]}
        sql = re.sub(r"@(\w+)", r"$\1", sent["query"]).replace("`", '"')
        found = self.db.sql(sql, params=named)
        fields = [{"name": name, "type": TYPES.get(str(kind), "INTEGER")} for name, kind, *_ in found.description]
        self.jobs.append((fields, found.pl().rows()))
        return self._page(len(self.jobs) - 1, 0)

    def _page(self, number: int, start: int) -> Json:
        fields, rows = self.jobs[number]
        shown = [{"f": [{"v": _text(value)} for value in row]} for row in rows[start : start + 2]]
        body = {"jobComplete": True, "schema": {"fields": fields}, "totalRows": str(len(rows)), "rows": shown}
        body |= {"jobReference": {"projectId": "jobs", "jobId": str(number), "location": "EU"}}
        return body | ({"pageToken": str(start + 2)} if start + 2 < len(rows) else {})

    def close(self) -> None:
        """The tables stay for the next run."""


def _field(name: str, kind: str) -> Json:
    """A column as BigQuery describes it; a struct is a record."""
    if not kind.startswith("STRUCT("):
        return {"name": name, "type": TYPES.get(kind, "INTEGER")}
    parts = [part.strip().split(" ", 1) for part in kind.removeprefix("STRUCT(").removesuffix(")").split(",")]
    return {"name": name, "type": "RECORD", "fields": [_field(part[0].strip('"'), part[1]) for part in parts]}


def _text(value: Any) -> str | None:
    if isinstance(value, datetime):
        return str(int(value.astimezone(UTC).timestamp() * 1_000_000))
    return None if value is None else str(value)
