"""Infrastructure: servers, databases, workloads, CDN, third parties and messaging as they stand now, worst first.

icon: dns
order: 40
"""

from typing import Any

import streamlit as st

from aurora.ui import tables
from aurora.ui.data import rows
from aurora.ui.export import behind
from aurora.ui.frame import page
from aurora.ui.infrastructure import TOTALS, figures, worst_first

SERVERS = """
    select s.name, s.status, s.status_reason, s.cpu_pct, s.memory_pct, s.disk_pct, s.kind, s.provider, s.region,
           c.instance_type, c.cpu_count, c.memory_bytes, s.last_seen_at, s.component_id, s.source_instance
    from component_status s join components c on c.component_id = s.component_id
    where s.type = 'server' order by s.status_rank, s.disk_pct desc nulls last, s.name"""
DATABASES = """
    select name, database, role, status, status_reason, used_pct, connections_used, connections_max,
           connections_active, connections_idle_in_tx, blocked, pool_waiting, longest_tx_s, cache_hit_ratio,
           deadlock_count, slow_query_count, ops_per_minute, used_memory_bytes, cpu_pct, memory_pct, disk_pct,
           db_system, provider, region, age_s, last_seen_at, component_id, source_instance
    from databases_now order by status_rank, used_pct desc nulls last, name, database"""
REPLICATION = """
    select name, replica_name, status, status_reason, state, sync_state, lag_s, lag_bytes, slot_retained_bytes,
           last_error, age_s, component_id, source_instance
    from db_replication_now order by status_rank, lag_s desc nulls last, name"""
WORKLOADS = """
    select name, status, status_reason, ready, desired, restart_count, cpu_limit_pct, memory_limit_pct,
           cpu_request_pct, memory_request_pct, cpu_cores, memory_used_bytes, cluster, k8s_namespace, age_s,
           component_id, source_instance
    from workloads_now order by status_rank, memory_limit_pct desc nulls last, name"""
CDN = """
    select name, status, status_reason, requests_per_minute, error_rate_pct, response_time_ms, provider, region,
           last_seen_at, component_id, source_instance
    from component_status where type = 'cdn' order by status_rank, error_rate_pct desc nulls last, name"""
THIRD_PARTIES = """
    select name, provider, status, status_reason, open_incident_count, response_time_ms, error_rate_pct, indicator,
           page_observed_at, last_seen_at, component_id, source_instance
    from third_parties_now order by status_rank, open_incident_count desc, name"""
INCIDENTS = """
    select title, provider, impact, state, started_at, updated_at, url, source_instance
    from third_party_incidents where state in ('open', 'monitoring') and not is_maintenance
    order by started_at desc"""
MESSAGING = """
    select name, status, status_reason, can_send, quality, used_pct, throughput_per_minute,
           throughput_limit_per_minute, sent_count_7d, failed_count_7d, tier_raw, age_s, component_id, source_instance
    from messaging_channels_now order by status_rank, used_pct desc nulls last, name"""
VIEWS = {
    "Servers": (SERVERS, ("No server is known", "The host, aws, prometheus or datadog connector fills this.")),
    "Databases": (
        DATABASES,
        ("No database is known", "The postgresql, mysql, redis or mongodb_atlas connector fills it."),
    ),
    "Workloads": (WORKLOADS, ("No workload is known", "The kubernetes or docker connector fills this.")),
    "CDN": (CDN, ("No CDN is known", "The cloudflare connector fills this.")),
    "Third parties": (THIRD_PARTIES, ("No third party is known", "The status_page connector fills this.")),
    "Messaging": (MESSAGING, ("No messaging number is known", "The whatsapp_cloud connector fills this.")),
}
Queries = dict[str, tuple[str, dict[str, Any]]]
NOT_REPLICATED = ("No replica is known", "The postgresql, mysql, redis or mongodb_atlas connector fills this.")
NO_INCIDENT = ("No open incident", "The status_page connector brings what third parties announce.")


def below(name: str) -> None:
    """What stands under the table of a view: replication, open incidents."""
    if name == "Databases":
        st.subheader("Replication", anchor=False)
        worst_first("Replication", REPLICATION, NOT_REPLICATED)
    if name == "Third parties":
        st.subheader("Open incidents", anchor=False)
        tables.plain(rows(INCIDENTS), "Open incidents of third parties", 10, NO_INCIDENT)


with page("Infrastructure"):
    figures()
    views = st.tabs(list(VIEWS), key="view", on_change="rerun", bind="query-params")
    for view, (name, (sql, or_else)) in zip(views, VIEWS.items(), strict=True):
        if view.open:
            with view:
                worst_first(name, sql, or_else)
                below(name)
    queries: Queries = {name: (sql, {}) for name, (sql, _) in VIEWS.items()}
    more: Queries = {"Replication": (REPLICATION, {}), "Open incidents": (INCIDENTS, {}), "Figures": (TOTALS, {})}
    behind(queries | more, "infrastructure")
