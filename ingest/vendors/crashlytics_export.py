"""Crashlytics' datasets in BigQuery as one run reads them: which apps there are, their tables, the rows of a query."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from aurora.errors import SourceError
from ingest.connector import Run
from ingest.vendors.bigquery import Dataset, paths_of
from ingest.vendors.crashlytics_rows import App, Told
from ingest.vendors.crashlytics_sql import EVENTS_NEED, SESSIONS_NEED, Source

_TABLE = re.compile(r"(?P<app>.+)_(?P<platform>IOS|ANDROID)")


@dataclass
class Export:
    """The export. Every method raises SourceError."""

    run: Run[Any]

    @cached_property
    def crashes(self) -> Dataset:
        """The dataset of events."""
        return self._dataset(self.run.options.dataset)

    def apps(self) -> list[App]:
        """The apps of the export; tables that are filled within the day are left out, as their rows come again."""
        named = {re.sub(r"\W", "_", bundle): bundle for bundle in self.run.options.apps}
        found = [one for name in self.crashes.tables() if (one := _TABLE.fullmatch(name))]
        apps = [App(one[0], one["platform"].lower(), named.get(re.sub(r"\W", "_", one["app"]))) for one in found]
        wanted = [app for app in apps if not named or app.bundle]
        if not wanted:
            place = f"{self.crashes.owner}.{self.crashes.name}"
            self.run.warn(f"{place} holds no such export: link the apps to BigQuery in Firebase, or check apps")
        return wanted

    def events(self, app: App) -> Source:
        """An app's table of events."""
        source = self._source(self.crashes, app.table)
        if EVENTS_NEED - source.paths or not source.paths & {"error_type", "is_fatal"}:
            who = self.run.source_instance
            raise SourceError(f"{who}: {source.quoted} is no export of Crashlytics: check dataset", "bad_query")
        return source

    def sessions(self, app: App) -> Source | None:
        """An app's table of sessions, where they are exported too and can be joined to the events."""
        name = next((one for one in self._session_tables if one == app.table), None)
        source = self._source(self._dataset(self.run.options.sessions_dataset), name) if name else None
        return source if source and source.paths >= SESSIONS_NEED else None

    def rows(self, sql: str, since: datetime, until: datetime, after: datetime | None = None) -> Iterator[Told]:
        """The rows of a query over a span, values as text; `after`: what the query names so."""
        named = {"since": since, "until": until} | ({"after": after} if after else {})
        texts = {name: f"{at:%Y-%m-%d %H:%M:%S}+00" for name, at in named.items()}
        for frame in self.crashes.rows(self._location, sql, **texts):
            yield from frame.iter_rows(named=True)

    @cached_property
    def _location(self) -> str | None:
        return self.crashes.location()

    @cached_property
    def _session_tables(self) -> list[str]:
        sessions = self._dataset(self.run.options.sessions_dataset)
        try:
            is_near = sessions.location() == self._location
            names = sessions.tables() if is_near else []
        except SourceError as error:
            if error.error_class not in ("not_found", "permission"):
                raise
            if error.error_class == "permission":
                self.run.warn(f"sessions cannot be read, crash-free sessions stay unknown: {error}")
            return []
        if not is_near:
            self.run.warn("sessions lie in another region than crashes, where no query joins them: they stay unknown")
        return names

    def _dataset(self, name: str) -> Dataset:
        told = self.run.options
        return Dataset(self.run, told.project, told.dataset_project or told.project, name, told.maximum_bytes)

    def _source(self, dataset: Dataset, table: str) -> Source:
        fields, is_by_arrival = dataset.fields(table)
        return Source(f"`{dataset.owner}.{dataset.name}.{table}`", frozenset(paths_of(fields)), is_by_arrival)


def day_of(row: Told) -> date:
    """The UTC day of a row."""
    return date.fromisoformat(str(row["day"]))
