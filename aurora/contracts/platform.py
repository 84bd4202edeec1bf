"""Platform: Aurora's own records about its work."""

from typing import get_args

from aurora.contracts.columns import count, flag, instant, json_text, measure, one_of, text, texts
from aurora.contracts.table import Table, VersionedTable
from aurora.errors import ErrorClass


class SyncRuns(Table, key="sync_run_id", time="started_at", part="month(started_at)", owner="aurora"):
    """One row per run of a stream of a source."""

    sync_run_id = text("the run_id of the rows")
    connector = text()
    stream = text()
    started_at = instant()
    finished_at = instant()
    status = one_of("success", "partial", "failed", "skipped")
    error_class = one_of(*get_args(ErrorClass), null=True)
    error = text(null=True)
    row_count = count(null=False)
    quarantined_count = count(null=False)
    duplicate_count = count()
    unknown_enum_count = count()
    request_count = count()
    not_modified_count = count()
    rate_limited_s = measure()
    cursor_before = json_text()
    cursor_after = json_text()
    new_fields = texts()


class Quarantine(Table, key="quarantine_id", time="rejected_at", part="month(rejected_at)", owner="aurora"):
    """One row per row that broke its contract, whole."""

    quarantine_id = text()
    table_name = text()
    stream = text()
    rule = text()
    message = text()
    payload = json_text(null=False)
    rejected_at = instant()


class ReceivedEvents(Table, key="event_id", time="received_at", part="day(received_at)"):
    """One row per push received, stored before the 2xx."""

    event_id = text("delivery id or body hash: replay lands once")
    route = text()
    kind = text(null=True)
    signature = one_of("valid", "none", "invalid")
    payload = json_text(null=False)
    received_at = instant()
    occurred_at = instant(null=True)


class Questions(VersionedTable, key="question_id version", time="changed_at", mode="versioned", owner="people"):
    """One row per version of a saved question."""

    question_id = text()
    title = text()
    sql = text()
    parameters = json_text()
    chart = json_text()
    tags = texts()
    owner = text()
    is_shared = flag(null=False)


class QueryRuns(Table, key="query_run_id", time="started_at", part="month(started_at)", owner="aurora"):
    """One row per ad-hoc query run."""

    query_run_id = text()
    actor = text()
    question_id = text(null=True)
    sql = text()
    parameters = json_text()
    started_at = instant()
    duration_ms = measure()
    status = one_of("ok", "failed", "cancelled", "refused")
    row_count = count()
    result_hash = text(null=True)
    error = text(null=True)


class Dashboards(VersionedTable, key="dashboard_id version", time="changed_at", mode="versioned", owner="people"):
    """One row per version of a dashboard."""

    dashboard_id = text()
    title = text()
    layout = json_text(null=False)
    filters = json_text()
    owner = text()
    is_shared = flag(null=False)


class ReportRuns(Table, key="report_run_id", time="started_at", mode="upsert", owner="aurora"):
    """One row per report made or sent, failed ones too; one that is being sent is written before and after."""

    report_run_id = text()
    report = one_of("executive", "finance", "delivery", "reliability", "security", "mobile", "post_incident", "other")
    parameters = json_text()
    lake_versions = json_text("table to version: reproducible", null=False)
    started_at = instant()
    finished_at = instant(null=True)
    status = one_of("ok", "failed")
    path = text(null=True)
    size_bytes = count()
    error = text(null=True)
