"""What Crashlytics' export is asked, in SQL that BigQuery and DuckDB read alike: no functions of one of them alone.

Tables: https://firebase.google.com/docs/crashlytics/bigquery-dataset-schema. Every query bounds event_timestamp, by
which the tables are partitioned, or _PARTITIONTIME too where they are by the time at which rows came in. A row may
come twice, so events, sessions and installations are counted by their ids. Instants are UTC, `@since` and `@until`
midnights, `@after` the midnight after `@until`: a session may crash on the day after it began.
"""

from dataclasses import dataclass

SPAN = "event_timestamp >= CAST(@since AS TIMESTAMP) AND event_timestamp < CAST(@{until} AS TIMESTAMP)"
EVENTS_NEED = {"event_id", "event_timestamp", "issue_id", "installation_uuid", "application.display_version"}
SESSIONS_NEED = {"session_id", "instance_id", "event_timestamp", "application.display_version"}


@dataclass(frozen=True)
class Source:
    """A table as SQL names it, its columns and fields of records by their paths, and how it is partitioned."""

    quoted: str
    paths: frozenset[str]
    is_by_arrival: bool = False

    @property
    def kind(self) -> str:
        """FATAL, ANR or NON_FATAL; older tables tell only whether an event was fatal."""
        old = "CASE WHEN is_fatal THEN 'FATAL' ELSE 'NON_FATAL' END"
        if "error_type" not in self.paths:
            return old
        return f"COALESCE(error_type, {old})" if "is_fatal" in self.paths else "error_type"

    def within(self, until: str = "until") -> str:
        """The bound on partitions: rows come in on the day of their event or later."""
        arrived = " AND _PARTITIONTIME >= CAST(@since AS TIMESTAMP)" if self.is_by_arrival else ""
        return SPAN.format(until=until) + arrived

    def text(self, path: str) -> str:
        """A column as text that is never null, '' where there is none."""
        return f"COALESCE(CAST({path} AS STRING), '')" if path in self.paths else "''"


def issues_sql(events: Source) -> str:
    """One row per issue with an event in the span: its counts there and what its newest event says."""
    newest = {
        "title": events.text("issue_title"),
        "subtitle": events.text("issue_subtitle"),
        "file": events.text("blame_frame.file"),
        "line": events.text("blame_frame.line"),
        "kind": events.kind,
        "last_version": events.text("application.display_version"),
    }
    told = ", ".join(f"MAX_BY({sql}, event_timestamp) AS {name}" for name, sql in newest.items())
    return (
        f"SELECT issue_id, {told}, "
        f"MIN_BY({events.text('application.display_version')}, event_timestamp) AS first_version, "
        "COUNT(DISTINCT event_id) AS events, COUNT(DISTINCT installation_uuid) AS users, "
        "MIN(event_timestamp) AS first_seen_at, MAX(event_timestamp) AS last_seen_at, "
        f"MAX({events.text('bundle_identifier')}) AS bundle "
        f"FROM {events.quoted} WHERE {events.within()} AND issue_id IS NOT NULL GROUP BY issue_id ORDER BY issue_id"
    )


def events_sql(events: Source) -> str:
    """One row per UTC day and version with an event: installations that crashed, as Firebase itself counts them."""
    return (
        f"SELECT CAST(event_timestamp AS DATE) AS day, {events.text('application.display_version')} AS app_version, "
        f"COUNT(DISTINCT CASE WHEN {events.kind} = 'FATAL' THEN installation_uuid END) AS crashed_users, "
        f"MAX({events.text('bundle_identifier')}) AS bundle "
        f"FROM {events.quoted} WHERE {events.within()} GROUP BY day, app_version ORDER BY day, app_version"
    )


def sessions_sql(sessions: Source, events: Source) -> str:
    """One row per UTC day and version on which sessions began; a session has crashed if any of its events was fatal.

    Crash-free sessions = 1 - crashed sessions / sessions, both counted over the sessions that were told, so that the
    ratio cannot leave 0 to 1.
    """
    of_kind = f"MAX(CASE WHEN {events.kind} = '{{}}' THEN 1 ELSE 0 END)"
    return (
        f"WITH told AS (SELECT firebase_session_id, {of_kind.format('FATAL')} AS is_crashed, "
        f"{of_kind.format('ANR')} AS is_anr FROM {events.quoted} WHERE {events.within('after')} "
        "AND firebase_session_id IS NOT NULL GROUP BY firebase_session_id), "
        "started AS (SELECT session_id, MIN(event_timestamp) AS started_at, MIN(instance_id) AS instance, "
        f"MIN({sessions.text('application.display_version')}) AS app_version FROM {sessions.quoted} "
        f"WHERE {sessions.within()} AND session_id IS NOT NULL GROUP BY session_id) "
        "SELECT CAST(s.started_at AS DATE) AS day, s.app_version, COUNT(*) AS sessions, "
        "COUNT(DISTINCT s.instance) AS users, SUM(CASE WHEN t.is_crashed = 1 THEN 1 ELSE 0 END) AS crashed_sessions, "
        "SUM(CASE WHEN t.is_crashed = 0 THEN 1 ELSE 0 END) AS errored_sessions, "
        "COUNT(DISTINCT CASE WHEN t.is_crashed = 1 THEN s.instance END) AS crashed_users, "
        "COUNT(DISTINCT CASE WHEN t.is_anr = 1 THEN s.instance END) AS anr_users "
        "FROM started s LEFT JOIN told t ON t.firebase_session_id = s.session_id "
        "GROUP BY day, s.app_version ORDER BY day, s.app_version"
    )
