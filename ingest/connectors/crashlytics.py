"""Firebase Crashlytics from its BigQuery export: issues (crashes, ANRs, non-fatal errors), health of versions by day.

API: https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/query; tables:
https://firebase.google.com/docs/crashlytics/bigquery-dataset-schema. Needs: a service account with BigQuery Job User
on `project`, which pays for the queries, and BigQuery Data Viewer on the datasets. `service_account = "env:NAME"`: the
variable holds the key as JSON or the path of its file; `token` takes an access token that somebody else keeps fresh.
The export of a day comes on the next one and some rows later, so three days are read again. An issue's counts are
those of the last `history`. Sessions and crash-free sessions (1 - crashed / all) are there where the project exports
sessions too, null where not. `app_store_ids` tells the App Store's number of an iOS bundle, as the export does not:
`app_store_ids = { "com.acme.shop" = "1500000001" }`. `env_tier` says what the project's apps are, as that is told
nowhere either. A query that would read more than `maximum_bytes` is refused and costs nothing.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from aurora.contracts import Row
from aurora.contracts.delivery import Projects
from aurora.contracts.mobile import MobileVitalsDaily, ReleaseHealthDaily
from aurora.contracts.operations import ErrorGroups
from aurora.errors import SourceError
from aurora.settings import Duration
from ingest.connector import Checkpoint, Connector, Item, Run
from ingest.http import Site
from ingest.vendors.bigquery_access import DATASET, BigQueryAccess
from ingest.vendors.bills import noted, raise_noted
from ingest.vendors.crashlytics_export import Export, day_of
from ingest.vendors.crashlytics_rows import LATE, App, Days, health_items, issue_row, project_row
from ingest.vendors.crashlytics_sql import events_sql, issues_sql, sessions_sql

StoreNumber = Annotated[str, BeforeValidator(str), Field(pattern="^[0-9]{1,15}$")]


class CrashlyticsOptions(BigQueryAccess):
    """`apps`: bundle ids and packages to read, all of the export when empty."""

    dataset: str = Field("firebase_crashlytics", pattern=DATASET)
    sessions_dataset: str = Field("firebase_sessions", pattern=DATASET)
    apps: tuple[str, ...] = ()
    app_store_ids: dict[str, StoreNumber] = {}
    env_tier: Literal["production", "staging", "testing", "development", "unknown"] = "unknown"
    history: Duration = Field(timedelta(days=90), ge=timedelta(days=4))


CrashlyticsRun = Run[CrashlyticsOptions]


def connect(options: CrashlyticsOptions) -> Site:
    """The API with a token for an hour. Raises SourceError(auth) for a key that is none."""
    return options.site()


connector = Connector("crashlytics", CrashlyticsOptions, connect)


@connector.stream(ErrorGroups, Projects, every="24h")
def fetch_issues(run: CrashlyticsRun) -> Iterator[Item]:
    """All issues with an event in the last `history`; a run that was killed goes on with the apps that are left."""
    failures = list[SourceError]()
    export = Export(run)
    known = {row["error_group_id"]: row for row in run.landed(ErrorGroups).iter_rows(named=True)}
    done: list[str] = list((run.cursor or {}).get("done", ()))
    for app in export.apps():
        if app.table not in done:
            with noted(run, failures):
                yield from issue_items(run, export, app, known)
                done = [*done, app.table]
                yield Checkpoint({"done": done})
    yield Checkpoint({"until": run.now.isoformat()})
    raise_noted(failures)


def issue_items(run: CrashlyticsRun, export: Export, app: App, known: dict[str, Row]) -> Iterator[Item]:
    """The issues of an app, and the app itself as a project."""
    first_seen_at: datetime | None = None
    span = midnight(run.now - run.options.history), run.now
    for told in export.rows(issues_sql(export.events(app)), *span):
        app = App(app.table, app.platform, told["bundle"] or app.bundle)
        row = issue_row(run, app, told, known.get(run.id(told["issue_id"])))
        first_seen_at = min(first_seen_at or row["first_seen_at"], row["first_seen_at"])
        yield ErrorGroups, row
    if first_seen_at:
        yield Projects, project_row(run, app, first_seen_at)


@connector.stream(ReleaseHealthDaily, MobileVitalsDaily, every="6h")
def fetch_release_health(run: CrashlyticsRun) -> Iterator[Item]:
    """Sessions, crashed sessions and users of every UTC day and version before today, each app with its own cursor."""
    failures = list[SourceError]()
    apps: dict[str, dict[str, str]] = dict((run.cursor or {}).get("apps", {}))
    export, today = Export(run), midnight(run.now)
    for app in export.apps():
        seen = apps.get(app.table, {})
        read_to = min(today, datetime.fromisoformat(seen["until"])) if "until" in seen else None
        since = read_to - LATE if read_to else midnight(run.now - run.options.history)
        with noted(run, failures):
            days, bundle = read_days(export, app, since, today)
            bundle = bundle or app.bundle or seen.get("bundle")
            yield from health_items(run, App(app.table, app.platform, bundle), days)
            apps = apps | {app.table: {"until": today.isoformat()} | ({"bundle": bundle} if bundle else {})}
            yield Checkpoint({"apps": apps})
    yield Checkpoint({"apps": apps})
    raise_noted(failures)


def read_days(export: Export, app: App, since: datetime, until: datetime) -> tuple[Days, str | None]:
    """What the export tells of an app's days, and the bundle that its events name."""
    source, sessions = export.events(app), export.sessions(app)
    events = list(export.rows(events_sql(source), since, until))
    told = None
    if sessions and "firebase_session_id" in source.paths:
        after = until + timedelta(days=1)
        rows = export.rows(sessions_sql(sessions, source), since, until, after)
        told = {key_of(row): row for row in rows}
    bundle = next((row["bundle"] for row in events if row["bundle"]), None)
    return Days({key_of(row): row for row in events}, told, until.date()), bundle


def key_of(row: dict[str, str | None]) -> tuple[date, str]:
    """Day and version of a row."""
    return day_of(row), str(row["app_version"] or "")


def midnight(at: datetime) -> datetime:
    """The beginning of an instant's UTC day."""
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
