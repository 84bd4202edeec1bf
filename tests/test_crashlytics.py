"""Crashlytics: its SQL runs in DuckDB over tables of the export's nested shape, against cases counted by hand."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from aurora.contracts.delivery import Projects
from aurora.contracts.mobile import MobileVitalsDaily, ReleaseHealthDaily
from aurora.contracts.operations import ErrorGroups
from aurora.errors import SourceError
from aurora.settings import Settings, SourceSettings
from ingest.connector import Checkpoint
from ingest.connectors.crashlytics import CrashlyticsOptions, connect, connector
from ingest.history import Outcome
from ingest.run import Ingest
from ingest.vendors.crashlytics_sql import Source, events_sql, issues_sql, sessions_sql
from tests.duck_bigquery import DuckBigQuery
from tests.replay import Recording, cursor_of, refused, rows_of, run_of, walked
from warehouse.lake import Lake

NOW = datetime(2026, 3, 5, 6, 0, tzinfo=UTC)
OPTIONS: dict[str, Any] = {"project": "jobs", "token": "env:PATH", "env_tier": "production"}
ANDROID, IOS = "com_acme_shop_ANDROID", "com_acme_shop_IOS"
EVENTS = """
  event_id varchar, event_timestamp timestamptz, issue_id varchar, issue_title varchar, issue_subtitle varchar,
  error_type varchar, is_fatal boolean, bundle_identifier varchar, installation_uuid varchar,
  firebase_session_id varchar,
  application struct(build_version varchar, display_version varchar), blame_frame struct("file" varchar, "line" bigint)
"""
SESSIONS = """
  session_id varchar, instance_id varchar, event_type varchar, event_timestamp timestamptz,
  application struct(build_version varchar, display_version varchar)
"""
# Six installations over two days. 3 March: five sessions of 2.0 (four installations), one of 1.9. 4 March: two of 2.0.
STARTED = [
    ("s1", "u1", "2026-03-03 08:00", "2.0"),
    ("s2", "u1", "2026-03-03 12:00", "2.0"),
    ("s3", "u2", "2026-03-03 09:00", "2.0"),
    ("s4", "u3", "2026-03-03 23:50", "2.0"),
    ("s5", "u4", "2026-03-03 10:00", "2.0"),
    ("s6", "u5", "2026-03-03 10:00", "1.9"),
    ("s7", "u2", "2026-03-04 09:00", "2.0"),
    ("s8", "u6", "2026-03-04 09:00", "2.0"),
]
# s1 crashes twice, s4 after midnight, s3 does not respond, s5 has a non-fatal error; e9's session was never told.
HAPPENED = [
    ("e1", "2026-03-03 08:05", "i1", "FATAL", "u1", "s1", "2.0"),
    ("e2", "2026-03-03 08:06", "i1", "FATAL", "u1", "s1", "2.0"),
    ("e3", "2026-03-04 00:10", "i1", "FATAL", "u3", "s4", "2.0"),
    ("e4", "2026-03-03 09:30", "i2", "ANR", "u2", "s3", "2.0"),
    ("e5", "2026-03-03 10:30", "i3", "NON_FATAL", "u4", "s5", "2.0"),
    ("e9", "2026-03-03 11:00", "i1", "FATAL", "u9", "s99", "1.8"),
]


def event(number: str, at: str, issue: str | None, kind: str | None, who: str, session: str, version: str) -> list[Any]:
    application, frame = {"build_version": "7", "display_version": version}, {"file": "Pump.kt", "line": 42}
    told = [number, f"{at}+00", issue, f"title of {issue}", "Pump.start", kind, kind == "FATAL"]
    return [*told, "com.acme.shop", who, session, application, frame]


def add(bigquery: DuckBigQuery, table: str, rows: list[list[Any]]) -> None:
    for row in rows:
        bigquery.db.execute(f"insert into {table} values ({', '.join('?' * len(row))})", row)


@pytest.fixture
def bigquery() -> DuckBigQuery:
    """An Android app with events, one of them exported twice, and sessions."""
    made = DuckBigQuery()
    rows = [event(*one) for one in HAPPENED]
    add(made, made.table("firebase_crashlytics", ANDROID, EVENTS), [*rows, rows[0]])
    told = [[one, who, "SESSION_START", f"{at}+00", {"display_version": version}] for one, who, at, version in STARTED]
    add(made, made.table("firebase_sessions", ANDROID, SESSIONS), told)
    return made


def walk(bigquery: DuckBigQuery, stream: str, now: datetime = NOW, cursor: Any = None, **options: Any) -> list[Any]:
    run = run_of(connector, stream, Recording(OPTIONS | options, now, [], cursor), bigquery)
    return walked(connector, stream, run)


def health(items: list[Any], *names: str) -> dict[tuple[str, str], tuple[Any, ...]]:
    rows = rows_of(items, ReleaseHealthDaily)
    return {(str(row["day"]), row["version"]): tuple(row.get(name) for name in names) for row in rows}


def test_crash_free_sessions_by_hand(bigquery: DuckBigQuery) -> None:
    """3 March, 2.0: of s1 to s5 two crashed (s1 twice, s4 past midnight), two had errors: crash-free 1 - 2/5 = 60 %.

    Users u1 to u4, of whom u1 and u3 crashed. Five of the day's six sessions: 5/6 of it ran 2.0. 1.8 told no session.
    """
    items = walk(bigquery, "release_health")
    counted = ("session_count", "crashed_session_count", "errored_session_count", "user_count", "crashed_user_count")
    assert health(items, *counted) == {
        ("2026-03-03", "1.8"): (None, None, None, None, 1),
        ("2026-03-03", "1.9"): (1, 0, 0, 1, 0),
        ("2026-03-03", "2.0"): (5, 2, 2, 4, 2),
        ("2026-03-04", "2.0"): (2, 0, 0, 2, 0),
    }
    assert health(items, "adoption_ratio")["2026-03-03", "2.0"] == (5 / 6,)
    assert refused(items) == {}


def test_vitals_are_parts_of_the_installations_with_a_session(bigquery: DuckBigQuery) -> None:
    """3 March, 2.0: two of four crashed, one of four (u2) did not respond."""
    rows = rows_of(walk(bigquery, "release_health"), MobileVitalsDaily)
    told = {(str(row["day"]), row["version"], row["vital"]): (row["value"], row["user_count"]) for row in rows}
    assert told["2026-03-03", "2.0", "crash"] == (0.5, 4)
    assert told["2026-03-03", "2.0", "anr"] == (0.25, 4)
    assert told["2026-03-04", "2.0", "crash"] == (0.0, 2)
    assert ("2026-03-03", "1.8", "crash") not in told
    assert {row["store_app_id"] for row in rows} == {"test:com.acme.shop"}


def test_without_exported_sessions_they_are_null_and_never_zero(bigquery: DuckBigQuery) -> None:
    """Installations that crashed are known without sessions: u1 on the third, u3 on the fourth of March."""
    del bigquery.datasets["firebase_sessions"]
    items = walk(bigquery, "release_health")
    assert health(
        items, "session_count", "crashed_session_count", "user_count", "adoption_ratio", "crashed_user_count"
    ) == {
        ("2026-03-03", "1.8"): (None, None, None, None, 1),
        ("2026-03-03", "2.0"): (None, None, None, None, 1),
        ("2026-03-04", "2.0"): (None, None, None, None, 1),
    }
    assert rows_of(items, MobileVitalsDaily) == []


def test_crashes_of_a_day_whose_events_are_not_exported_yet_are_null(bigquery: DuckBigQuery) -> None:
    """The last event is of the fourth: of sessions on the fifth nobody knows how they ended until three days passed."""
    table = '"jobs.firebase_sessions.com_acme_shop_ANDROID"'
    add(bigquery, table, [["s9", "u1", "SESSION_START", "2026-03-05 08:00+00", {"display_version": "2.0"}]])
    told = ("session_count", "crashed_session_count", "crashed_user_count")
    early = walk(bigquery, "release_health", NOW + timedelta(days=1))
    assert health(early, *told)["2026-03-05", "2.0"] == (1, None, None)
    assert date(2026, 3, 5) not in {row["day"] for row in rows_of(early, MobileVitalsDaily)}
    late = walk(bigquery, "release_health", NOW + timedelta(days=4))
    assert health(late, *told)["2026-03-05", "2.0"] == (1, 0, 0)


def test_issues_by_hand(bigquery: DuckBigQuery) -> None:
    """i1: e1, e2, e3, e9 on u1, u3, u9 (the second e1 is the same event); first in 2.0, last after midnight in 2.0."""
    items = walk(bigquery, "issues")
    rows = {row["error_group_id"]: row for row in rows_of(items, ErrorGroups)}
    assert {name: (row["kind"], row["event_count"], row["user_count"]) for name, row in rows.items()} == {
        "test:i1": ("crash", 4, 3),
        "test:i2": ("anr", 1, 1),
        "test:i3": ("non_fatal", 1, 1),
    }
    first = rows["test:i1"]
    assert (first["first_version"], first["last_version"]) == ("2.0", "2.0")
    assert (first["first_seen_at"], first["last_seen_at"]) == (
        datetime(2026, 3, 3, 8, 5, tzinfo=UTC),
        datetime(2026, 3, 4, 0, 10, tzinfo=UTC),
    )
    assert first["location"] == "Pump.start (Pump.kt:42)"
    assert first["store_app_id"] == "test:com.acme.shop"
    assert first["url"].endswith("/project/jobs/crashlytics/app/android:com.acme.shop/issues/i1")
    assert [row["name"] for row in rows_of(items, Projects)] == ["com.acme.shop (android)"]
    assert refused(items) == {}


def test_the_first_and_the_last_version_are_those_of_the_first_and_last_event(bigquery: DuckBigQuery) -> None:
    add(
        bigquery,
        f'"jobs.firebase_crashlytics.{ANDROID}"',
        [event("e0", "2026-02-01 00:00", "i2", "ANR", "u1", "x", "1.7")],
    )
    rows = {row["error_group_id"]: row for row in rows_of(walk(bigquery, "issues"), ErrorGroups)}
    assert (rows["test:i2"]["first_version"], rows["test:i2"]["last_version"]) == ("1.7", "2.0")


def test_tables_without_the_newer_columns_are_read(bigquery: DuckBigQuery) -> None:
    """An old table tells only is_fatal, and no session that an event belongs to: sessions stay null."""
    old = EVENTS.replace("error_type varchar,", "").replace("firebase_session_id varchar,", "")
    rows = [[value for place, value in enumerate(event(*one)) if place not in (5, 9)] for one in HAPPENED]
    add(bigquery, bigquery.table("firebase_crashlytics", "com_old_ANDROID", old), rows)
    bigquery.table("firebase_sessions", "com_old_ANDROID", SESSIONS)
    issues = rows_of(walk(bigquery, "issues", apps=["com.old"]), ErrorGroups)
    assert [row["kind"] for row in issues] == ["crash", "non_fatal", "non_fatal"]
    told = health(walk(bigquery, "release_health", apps=["com.old"]), "session_count", "crashed_user_count")
    assert told["2026-03-03", "2.0"] == (None, 1)


def test_a_kind_that_nobody_knows_is_counted_and_an_error(bigquery: DuckBigQuery) -> None:
    add(
        bigquery,
        f'"jobs.firebase_crashlytics.{ANDROID}"',
        [event("e8", "2026-03-04 00:00", "i8", "OOM", "u1", "x", "2")],
    )
    run = run_of(connector, "issues", Recording(OPTIONS, NOW, []), bigquery)
    rows = {row["error_group_id"]: row["kind"] for row in rows_of(walked(connector, "issues", run), ErrorGroups)}
    assert rows["test:i8"] == "error"
    assert dict(run.unknown_words) == {"OOM": 1}


def test_an_ios_app_is_linked_by_the_number_that_the_settings_tell(bigquery: DuckBigQuery) -> None:
    add(bigquery, bigquery.table("firebase_crashlytics", IOS, EVENTS), [event(*HAPPENED[0])])
    linked = {"com.acme.shop": 1500000001}
    for told, expected in ((linked, "test:1500000001"), ({}, None)):
        rows = rows_of(walk(bigquery, "issues", app_store_ids=told), ErrorGroups)
        assert {row["store_app_id"] for row in rows if row["platform"] == "ios"} == {expected}


def test_every_query_is_bounded_in_partitions_and_in_bytes(bigquery: DuckBigQuery) -> None:
    """Tables that are partitioned by arrival have a bound on that too, and give the same."""
    arrived = bigquery.table("firebase_crashlytics", "com_late_ANDROID", EVENTS, by_arrival=True)
    late = datetime(2026, 3, 5, tzinfo=UTC)
    add(
        bigquery,
        arrived,
        [[*event(*HAPPENED[0]), late], [*event("e7", "2026-03-03 09:00", "i1", "FATAL", "u2", "z", "2"), None]],
    )
    rows = rows_of(walk(bigquery, "issues", apps=["com.late"], maximum_bytes=20_000_000), ErrorGroups)
    assert [row["event_count"] for row in rows] == [1]
    walk(bigquery, "release_health")
    assert {sent["maximumBytesBilled"] for sent in bigquery.queries} == {"20000000", "50000000000"}
    for sent in bigquery.queries:
        tables = sent["query"].count("`jobs.firebase_")
        assert sent["query"].count("event_timestamp >= CAST(@since AS TIMESTAMP)") == tables
        assert sent["query"].count("_PARTITIONTIME") == sent["query"].count("com_late_ANDROID")


def test_queries_use_nothing_that_bigquery_does_not_know() -> None:
    """DuckDB takes more than BigQuery does: its own casts, dollar parameters, filters and commas must not slip in."""
    source = Source("`a.b.c`", frozenset({"error_type", "is_fatal", "issue_title", "application.display_version"}))
    for sql in (issues_sql(source), events_sql(source), sessions_sql(source, source)):
        assert not any(strange in sql for strange in ("::", "$", "FILTER", "varchar", "arg_max", "QUALIFY ALL"))
        assert sql.count("(") == sql.count(")")


def test_pages_of_results_are_read_to_the_end(bigquery: DuckBigQuery) -> None:
    """Two rows to a page: seven more issues make ten on five pages."""
    more = [event(f"m{number}", "2026-03-04 08:00", f"j{number}", "FATAL", "u1", "x", "2.0") for number in range(7)]
    add(bigquery, f'"jobs.firebase_crashlytics.{ANDROID}"', more)
    assert len(rows_of(walk(bigquery, "issues"), ErrorGroups)) == 10
    assert sum(path.endswith("/queries/0") for path in bigquery.asked) == 4


def test_three_days_are_read_again_and_each_app_goes_on_from_its_own_cursor(bigquery: DuckBigQuery) -> None:
    cursor = {"apps": {ANDROID: {"until": "2026-03-04T00:00:00+00:00", "bundle": "com.acme.shop"}}}
    items = walk(bigquery, "release_health", cursor=cursor)
    named = {one["name"]: one["parameterValue"]["value"] for one in bigquery.queries[0]["queryParameters"]}
    assert named == {"since": "2026-03-01 00:00:00+00", "until": "2026-03-05 00:00:00+00"}
    assert (cursor_of(items) or {})["apps"][ANDROID] == {
        "until": "2026-03-05T00:00:00+00:00",
        "bundle": "com.acme.shop",
    }


def test_a_day_that_was_quiet_keeps_its_link_to_the_store(bigquery: DuckBigQuery) -> None:
    """No event of these days names the bundle: it is known from before."""
    bigquery.db.execute(f'delete from "jobs.firebase_crashlytics.{ANDROID}"')
    cursor = {"apps": {ANDROID: {"until": "2026-03-05T00:00:00+00:00", "bundle": "com.acme.shop"}}}
    rows = rows_of(walk(bigquery, "release_health", cursor=cursor), ReleaseHealthDaily)
    assert {row["store_app_id"] for row in rows} == {"test:com.acme.shop"}


def test_a_run_that_was_killed_goes_on_with_the_apps_that_are_left(bigquery: DuckBigQuery) -> None:
    add(bigquery, bigquery.table("firebase_crashlytics", IOS, EVENTS), [event(*HAPPENED[0])])
    first = run_of(connector, "issues", Recording(OPTIONS, NOW, []), bigquery)
    items: list[Any] = []
    for item in connector.streams["issues"].fetch(first):
        items.append(item)
        if isinstance(item, Checkpoint):
            break
    assert cursor_of(items) == {"done": [ANDROID]}
    rows = rows_of(walk(bigquery, "issues", cursor=cursor_of(items)), ErrorGroups)
    assert {row["platform"] for row in rows} == {"ios"}
    assert len(bigquery.queries) == 2


def test_a_table_that_is_no_export_stops_no_other(bigquery: DuckBigQuery) -> None:
    bigquery.table("firebase_crashlytics", "a_view_IOS", "event_id varchar")
    run = run_of(connector, "issues", Recording(OPTIONS, NOW, []), bigquery)
    found: list[Any] = []

    def go_on() -> None:
        for item in connector.streams["issues"].fetch(run):
            found.append(item)  # noqa: PERF402

    with pytest.raises(SourceError, match="a_view_IOS"):
        go_on()
    assert len(rows_of(found, ErrorGroups)) == 3


@pytest.mark.parametrize(
    ("status", "warned"), [(404, []), (403, ["sessions cannot be read"])], ids=["not exported", "not permitted"]
)
def test_sessions_that_cannot_be_read_leave_the_crashes(bigquery: DuckBigQuery, status: int, warned: list[str]) -> None:
    bigquery.refusals = [("/datasets/firebase_sessions", {"status": status, "body": "no"})]
    run = run_of(connector, "release_health", Recording(OPTIONS, NOW, []), bigquery)
    assert set(health(walked(connector, "release_health", run), "session_count").values()) == {(None,)}
    assert [sentence[: len(start)] for sentence, start in zip(run.warnings, warned, strict=True)] == warned


def test_sessions_in_another_region_are_told(bigquery: DuckBigQuery) -> None:
    bigquery.locations["firebase_sessions"] = "US"
    run = run_of(connector, "release_health", Recording(OPTIONS, NOW, []), bigquery)
    assert set(health(walked(connector, "release_health", run), "session_count").values()) == {(None,)}
    assert "another region" in run.warnings[0]


def test_a_limit_is_waited_out_and_a_query_that_reads_too_much_is_told(bigquery: DuckBigQuery) -> None:
    limit = {"error": {"code": 403, "errors": [{"reason": "rateLimitExceeded"}], "message": "slow down"}}
    bigquery.refusals = [("/queries", {"status": 403, "body": limit})]
    assert len(rows_of(walk(bigquery, "issues"), ErrorGroups)) == 3
    large = {"error": {"code": 400, "errors": [{"reason": "bytesBilledLimitExceeded"}], "message": "bytes billed"}}
    bigquery.refusals = [("/queries", {"status": 400, "body": large})]
    with pytest.raises(SourceError, match="raise maximum_bytes"):
        walk(bigquery, "issues")


def test_an_answer_with_errors_inside_is_no_success(bigquery: DuckBigQuery) -> None:
    body = {
        "jobComplete": True,
        "errors": [{"reason": "backendError"}],
        "jobReference": {"projectId": "jobs", "jobId": "0"},
    }
    bigquery.refusals = [("/queries", {"body": body})]
    run = run_of(connector, "issues", Recording(OPTIONS, NOW, []), bigquery)
    assert rows_of(walked(connector, "issues", run), ErrorGroups) == []
    assert "failed inside a good answer" in run.warnings[0]


def test_an_export_without_apps_is_told() -> None:
    empty = DuckBigQuery()
    empty.table("firebase_crashlytics", "com_acme_shop_IOS_REALTIME", EVENTS)
    run = run_of(connector, "issues", Recording(OPTIONS, NOW, []), empty)
    assert rows_of(walked(connector, "issues", run), ErrorGroups) == []
    assert "link the apps to BigQuery" in run.warnings[0]


def test_an_issue_keeps_its_beginning_when_that_leaves_the_span(bigquery: DuckBigQuery, tmp_path: Path) -> None:
    """First seen on 3 March in 2.0; a hundred days later only an event of 3.0 is within the last 90 days."""
    source = SourceSettings.model_validate({"name": "fire", "connector": "crashlytics", **OPTIONS})
    settings = Settings(data=tmp_path / "data", config=tmp_path / "aurora.toml")
    lake = Lake(settings.lake)

    def ingested(now: datetime) -> list[Outcome]:
        clock = iter(now + timedelta(milliseconds=step) for step in range(1000))
        ingest = Ingest(lake, settings, {"crashlytics": connector}, bigquery, clock=lambda: next(clock))
        return ingest.run(source)

    assert [outcome.status for outcome in ingested(NOW)] == ["success", "success"]
    add(
        bigquery,
        f'"jobs.firebase_crashlytics.{ANDROID}"',
        [event("n1", "2026-06-10 08:00", "i1", "FATAL", "u1", "x", "3.0")],
    )
    assert [outcome.status for outcome in ingested(NOW + timedelta(days=100))] == ["success", "success"]
    row = next(row for row in lake.read(ErrorGroups).iter_rows(named=True) if row["error_group_id"] == "fire:i1")
    assert (row["first_seen_at"].month, row["first_version"], row["last_version"]) == (3, "2.0", "3.0")
    assert row["event_count"] == 1


@pytest.mark.parametrize(
    "told",
    [
        {"token": None},
        {"service_account": "env:HOME"},
        {"dataset": "a`b"},
        {"app_store_ids": {"a": "x"}},
        {"history": "1d"},
    ],
)
def test_options_that_mean_nothing_are_refused(told: Any) -> None:
    with pytest.raises(ValidationError):
        CrashlyticsOptions.model_validate(OPTIONS | told)


def test_the_token_is_nowhere_to_be_seen() -> None:
    site = connect(CrashlyticsOptions.model_validate(OPTIONS))
    assert site.headers["Authorization"].removeprefix("Bearer ") in site.secrets
