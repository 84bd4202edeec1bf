"""Operations: health, metrics, probes, alerts, incidents, maintenance."""

from aurora.contracts.columns import (
    blob,
    count,
    flag,
    instant,
    json_text,
    measure,
    money,
    on,
    one_of,
    pct,
    real,
    text,
    texts,
    whole,
    wholes,
)
from aurora.contracts.table import Table, VersionedTable


class ComponentHealth(Table, key="component_id ts_start", time="ts_start", part="day(ts_start)"):
    """One row per component and sampling interval: the wide health table."""

    component_id = text()
    ts_start = instant()
    ts_end = instant()
    cpu_pct = pct()
    memory_pct = pct()
    disk_pct = pct()
    network_latency_ms = measure()
    response_time_ms = measure()
    requests_per_minute = measure()
    error_rate_pct = pct()
    status = one_of(
        "healthy",
        "degraded",
        "down",
        "maintenance",
        "unknown",
        note="what the source says; the judged status is a mart",
        null=True,
    )
    status_raw = text(null=True)
    status_reason = text(null=True)


class ComponentHealth1h(
    Table, key="component_id ts_start", time="ts_start", part="day(ts_start)", mode="upsert", owner="aurora"
):
    """One row per component and hour: mergeable rollup; a sketch is a histogram of 1 % wide buckets (macros.sql)."""

    component_id = text()
    ts_start = instant()
    ts_end = instant()
    sample_count = count(null=False)
    healthy_s = measure(null=False)
    degraded_s = measure(null=False)
    down_s = measure(null=False)
    maintenance_s = measure(null=False)
    unknown_s = measure(null=False)
    rated_requests = measure("requests of samples that tell an error rate; failed_requests of these failed")
    failed_requests = measure()
    cpu_pct_count = count()
    cpu_pct_sum = real()
    cpu_pct_min = real()
    cpu_pct_max = real()
    cpu_pct_sketch = wholes()
    memory_pct_count = count()
    memory_pct_sum = real()
    memory_pct_min = real()
    memory_pct_max = real()
    memory_pct_sketch = wholes()
    disk_pct_count = count()
    disk_pct_sum = real()
    disk_pct_min = real()
    disk_pct_max = real()
    disk_pct_sketch = wholes()
    network_latency_ms_count = count()
    network_latency_ms_sum = real()
    network_latency_ms_min = real()
    network_latency_ms_max = real()
    network_latency_ms_sketch = wholes()
    response_time_ms_count = count()
    response_time_ms_sum = real()
    response_time_ms_min = real()
    response_time_ms_max = real()
    response_time_ms_sketch = wholes()
    requests_per_minute_count = count()
    requests_per_minute_sum = real()
    requests_per_minute_min = real()
    requests_per_minute_max = real()
    requests_per_minute_sketch = wholes()
    error_rate_pct_count = count()
    error_rate_pct_sum = real()
    error_rate_pct_min = real()
    error_rate_pct_max = real()
    error_rate_pct_sketch = wholes()


class ComponentHealth1d(
    ComponentHealth1h,
    key="component_id ts_start",
    time="ts_start",
    part="month(ts_start)",
    mode="upsert",
    owner="aurora",
):
    """One row per component and day: mergeable rollup, same shape as the hourly one."""


class MetricPoints(Table, key="series_id ts_start agg", time="ts_start", part="day(ts_start)"):
    """One row per series, interval and aggregation: everything the wide table has no column for."""

    series_id = text()
    metric = text("OTel name; reserved: app.active_users, app.sessions, app.requests, app.messages_sent, release.soak")
    component_id = text(null=True)
    app_id = text(null=True)
    ts_start = instant()
    ts_end = instant()
    agg = one_of("avg", "min", "max", "sum", "count", "last", "p50", "p90", "p95", "p99")
    value = real("null = no data")
    unit = text("UCUM")
    quality = one_of("ok", "partial", "no_data")


class MetricSeries(Table, key="series_id", time="first_seen_at", mode="upsert"):
    """One row per series with its labels."""

    series_id = text("source_instance, native metric, sorted labels")
    metric = text()
    native_metric = text()
    instrument = one_of("gauge", "delta", "cumulative", null=True)
    labels = json_text()
    component_id = text(null=True)
    app_id = text(null=True)
    first_seen_at = instant()
    last_seen_at = instant()


class ProbeResults(Table, key="probe_id location started_at", time="started_at", part="day(started_at)"):
    """One row per probe run from one location."""

    probe_id = text()
    component_id = text()
    location = text()
    target = text()
    kind = one_of("http", "tcp", "tls", "dns", "icmp")
    started_at = instant()
    is_success = flag(null=False)
    error_type = one_of(
        "dns",
        "connect_refused",
        "connect_timeout",
        "tls_verify",
        "tls_handshake",
        "read_timeout",
        "http_status",
        "body_mismatch",
        "other",
        null=True,
    )
    duration_ms = measure()
    resolve_ms = measure()
    connect_ms = measure()
    tls_ms = measure()
    processing_ms = measure()
    transfer_ms = measure()
    http_status = whole()
    redirect_count = count()
    body_bytes = count()
    ip = text(null=True)
    tls_version = text(null=True)
    cert_not_after_at = instant(null=True)
    cert_subject = text(null=True)
    cert_issuer = text(null=True)
    is_cert_trusted = flag()


class Alerts(Table, key="alert_id", time="started_at", part="month(started_at)", mode="upsert"):
    """One row per alert episode, from a vendor or from Aurora's rules."""

    alert_id = text("fingerprint and started_at")
    fingerprint = text()
    rule_id = text(null=True)
    component_id = text(null=True)
    app_id = text(null=True)
    slo_id = text(null=True)
    incident_id = text(null=True)
    group_id = text(null=True)
    suppressed_by = text("alert_id of the cause", null=True)
    severity = one_of("critical", "warning", "info")
    severity_raw = text(null=True)
    state = one_of(
        "pending", "firing", "acknowledged", "snoozed", "silenced", "suppressed", "resolved", "no_data", "unknown"
    )
    state_raw = text(null=True)
    title = text()
    message = text(null=True)
    value = real()
    threshold = real()
    is_flapping = flag()
    started_at = instant()
    fired_at = instant(null=True)
    acknowledged_at = instant(null=True)
    ended_at = instant(null=True)
    is_end_inferred = flag()
    last_seen_at = instant()
    updated_at = instant()
    labels = json_text()
    url = text(null=True)


class AlertEvents(Table, key="alert_id at_seq", time="occurred_at", part="month(occurred_at)", owner="aurora"):
    """One row per transition of an alert."""

    alert_id = text()
    at_seq = whole(null=False)
    occurred_at = instant()
    from_state = text(null=True)
    to_state = one_of(
        "pending", "firing", "acknowledged", "assigned", "snoozed", "silenced", "suppressed", "resolved", "no_data"
    )
    actor = text()
    reason = text(null=True)
    assignee = text(null=True)
    until_at = instant(null=True)


class Incidents(Table, key="incident_id", time="started_at", part="month(started_at)", mode="upsert"):
    """One row per incident of ours, from Aurora, an incident tool or an issue marked so."""

    incident_id = text()
    app_id = text(null=True)
    component_id = text(null=True)
    project_id = text(null=True)
    env_tier = one_of("production", "staging", "testing", "development", "unknown")
    title = text()
    severity = one_of("critical", "high", "medium", "low", "info", "unknown")
    severity_raw = text(null=True)
    state = one_of("open", "acknowledged", "mitigated", "resolved", "unknown")
    state_raw = text(null=True)
    commander = text(null=True)
    caused_by_deployment_id = text(null=True)
    cause = one_of(
        "deployment", "dependency", "saturation", "third_party", "traffic", "network", "data", "unknown", null=True
    )
    is_planned = flag()
    affected_apps = texts()
    affected_user_count = count()
    engineer_hours = real()
    started_at = instant()
    detected_at = instant(null=True)
    acknowledged_at = instant(null=True)
    mitigated_at = instant(null=True)
    resolved_at = instant(null=True)
    updated_at = instant()
    review_url = text(null=True)
    url = text(null=True)


class MaintenanceWindows(
    VersionedTable, key="maintenance_id version", time="changed_at", mode="versioned", owner="people"
):
    """One row per version of an announced window, vendor or own; leaves uptime, SLO and DORA alone."""

    maintenance_id = text()
    title = text()
    app_id = text(null=True)
    component_id = text(null=True)
    starts_at = instant()
    ends_at = instant()
    recurrence = text("iCal RRULE", null=True)
    is_public = flag(null=False)


class Slos(VersionedTable, key="slo_id version", time="changed_at", mode="versioned", owner="people"):
    """One row per version of an objective, own (TOML, page, Sloth, OpenSLO) or vendor's."""

    slo_id = text()
    name = text()
    app_id = text(null=True)
    component_id = text(null=True)
    kind = one_of("ratio", "threshold", "time_slice", "vendor")
    good_sql = text(null=True)
    total_sql = text(null=True)
    threshold = real()
    target_pct = pct(null=False)
    window = one_of("7d", "28d", "30d", "calendar_month")
    declared_in = text(null=True)


class SloPoints(Table, key="slo_id ts_start", time="ts_start", part="day(ts_start)", mode="upsert", owner="aurora"):
    """One row per objective and evaluation interval; budget and burn are marts over it."""

    slo_id = text()
    ts_start = instant()
    ts_end = instant()
    good = real()
    total = real()
    state = one_of("ok", "no_data", "insufficient_traffic", null=True)
    vendor_budget_left_pct = pct()


class ChangeEvents(Table, key="change_id", time="occurred_at", part="month(occurred_at)"):
    """One row per change that is no deployment: configuration, flag, infrastructure, annotation."""

    change_id = text()
    kind = one_of("config", "feature_flag", "infrastructure", "schema", "scaling", "annotation", "other")
    component_id = text(null=True)
    app_id = text(null=True)
    title = text()
    actor = text(null=True)
    occurred_at = instant()
    ended_at = instant(null=True)
    tags = texts()
    detail = json_text()
    url = text(null=True)


class Anomalies(Table, key="anomaly_id", time="ts_start", part="month(ts_start)", mode="upsert", owner="aurora"):
    """One row per anomalous span of one series, health or cost; kept open until explained."""

    anomaly_id = text()
    subject = one_of("health", "metric", "cost", "mobile", "delivery")
    series_id = text()
    component_id = text(null=True)
    app_id = text(null=True)
    measure = text()
    ts_start = instant()
    ts_end = instant(null=True)
    detected_at = instant()
    score = real(null=False)
    expected_low = real()
    expected_high = real()
    observed = real()
    impact_amount = money()
    currency = text(null=True)
    parts = json_text("price, volume, new, deployment; or detector parts")
    state = one_of("open", "explained", "dismissed")
    explanation = text(null=True)
    updated_at = instant()


class ThirdPartyStatus(Table, key="component_id observed_at", time="observed_at", part="month(observed_at)"):
    """One row per change (and hourly heartbeat) of a third party's component."""

    component_id = text()
    provider = text()
    page_id = text()
    observed_at = instant()
    status = one_of("healthy", "degraded", "down", "maintenance", "unknown")
    status_raw = text(null=True)
    indicator = text(null=True)
    message = text(null=True)


class ThirdPartyIncidents(Table, key="third_party_incident_id", time="started_at", mode="upsert"):
    """One row per incident or maintenance on a third party's page."""

    third_party_incident_id = text()
    page_id = text()
    provider = text()
    title = text()
    impact = one_of("none", "minor", "major", "critical", "unknown", null=True)
    state = one_of("open", "monitoring", "resolved", "scheduled", "unknown")
    state_raw = text(null=True)
    is_maintenance = flag(null=False)
    component_ids = texts()
    started_at = instant()
    resolved_at = instant(null=True)
    updated_at = instant()
    url = text(null=True)


class Advice(VersionedTable, key="advice_id version", time="changed_at", mode="versioned", owner="aurora"):
    """One row per version of a piece of advice: performance, capacity, reliability, saving."""

    advice_id = text()
    type = one_of("performance", "resource", "capacity", "reliability", "cost", "security")
    rule = text()
    app_id = text(null=True)
    component_id = text(null=True)
    priority = one_of("critical", "high", "medium", "low")
    message = text()
    suggestion = text()
    evidence = json_text(null=False)
    confidence_ratio = measure()
    expected_gain = text(null=True)
    saving_amount = money("a month")
    realised_amount = money()
    currency = text(null=True)
    effort = one_of("small", "medium", "large", null=True)
    risk = one_of("low", "medium", "high", null=True)
    blocked_by = text(null=True)
    state = one_of("open", "accepted", "done", "dismissed")
    checked_on = on(null=True)


class Runbooks(VersionedTable, key="runbook_id version", time="changed_at", mode="versioned", owner="people"):
    """One row per version of a runbook or suggestion for a component or application."""

    runbook_id = text()
    app_id = text(null=True)
    component_id = text(null=True)
    kind = one_of("response", "recovery", "suggestion")
    title = text()
    body = text()
    url = text(null=True)


class BackupJobs(Table, key="backup_job_id", time="started_at", part="month(started_at)", mode="upsert"):
    """One row per run of a backup job."""

    backup_job_id = text()
    backup_plan_id = text("link kind backup")
    app_id = text(null=True)
    component_id = text(null=True)
    tool = text()
    kind = one_of("full", "incremental", "snapshot", "log", "unknown")
    status = one_of("running", "success", "failed", "unknown")
    status_raw = text(null=True)
    started_at = instant()
    finished_at = instant(null=True)
    restore_point_at = instant(null=True)
    size_bytes = count()
    error = text(null=True)


class RestoreTests(Table, key="restore_test_id", time="started_at", owner="people"):
    """One row per restore test or game day."""

    restore_test_id = text()
    kind = one_of("restore", "game_day")
    app_id = text(null=True)
    backup_job_id = text(null=True)
    started_at = instant()
    finished_at = instant(null=True)
    is_success = flag(null=False)
    restore_s = measure()
    data_loss_s = measure()
    notes = text(null=True)
    actor = text()


class ApiEndpointStats(
    Table, key="component_id endpoint method ts_start", time="ts_start", part="day(ts_start)", mode="upsert"
):
    """One row per endpoint, method and interval."""

    component_id = text()
    endpoint = text("route template")
    method = one_of("get", "head", "post", "put", "patch", "delete", "options", "other")
    ts_start = instant()
    ts_end = instant()
    call_count = count(null=False)
    error_count = count()
    response_time_ms = measure("mean")
    p50_ms = measure()
    p95_ms = measure()
    p99_ms = measure()
    max_ms = measure()
    query_count = count("database calls, where known")
    latency_sketch = blob()


class ApiEndpointErrors(
    Table, key="component_id endpoint method ts_start error_code", time="ts_start", part="day(ts_start)", mode="upsert"
):
    """One row per endpoint, method, interval and error code."""

    component_id = text()
    endpoint = text()
    method = one_of("get", "head", "post", "put", "patch", "delete", "options", "other")
    ts_start = instant()
    ts_end = instant()
    error_code = text()
    error_count = count(null=False)
    last_occurred_at = instant(null=True)


class ErrorGroups(Table, key="error_group_id", time="first_seen_at", mode="upsert"):
    """One row per group of like errors, crashes or ANRs."""

    error_group_id = text()
    project_id = text()
    store_app_id = text(null=True)
    platform = one_of("ios", "android", "web", "server", "unknown", null=True)
    kind = one_of("error", "crash", "anr", "non_fatal")
    level = one_of("fatal", "error", "warning", "info", "unknown", null=True)
    title = text()
    location = text(null=True)
    state = one_of("open", "resolved", "ignored", "unknown")
    state_raw = text(null=True)
    is_unhandled = flag()
    event_count = count()
    user_count = count()
    first_version = text(null=True)
    last_version = text(null=True)
    first_seen_at = instant()
    last_seen_at = instant()
    url = text(null=True)


class ErrorCounts(
    Table,
    key="project_id service env_tier version error_type ts_start",
    time="ts_start",
    part="day(ts_start)",
    mode="upsert",
):
    """One row per project, service, release, error type and interval (Sentry, Rollbar, log aggregations)."""

    project_id = text()
    service = text()
    env_tier = one_of("production", "staging", "testing", "development", "unknown")
    version = text()
    error_type = text()
    ts_start = instant()
    ts_end = instant()
    level = text(null=True)
    event_count = count(null=False)
    user_count = count()
    sample_message = text(null=True)
    sample_ref = text(null=True)


class Silences(VersionedTable, key="silence_id version", time="changed_at", mode="versioned", owner="people"):
    """One row per version of a silence or snooze; ends by itself."""

    silence_id = text()
    matcher = json_text(null=False)
    starts_at = instant()
    ends_at = instant()


class DbStats(Table, key="component_id database observed_at", time="observed_at", part="day(observed_at)"):
    """One row per database and instant."""

    component_id = text()
    database = text()
    observed_at = instant()
    role = one_of("primary", "replica", "pooler", "unknown", null=True)
    connections_used = whole()
    connections_max = whole()
    connections_active = whole()
    connections_idle = whole()
    connections_idle_in_tx = whole()
    blocked = whole()
    pool_waiting = whole()
    pool_max_wait_ms = measure()
    longest_tx_s = measure()
    cache_hit_ratio = measure()
    deadlock_count = count()
    slow_query_count = count()
    ops_per_minute = measure()
    used_memory_bytes = count()
    max_memory_bytes = count()
    evicted_count = count()


class DbReplication(Table, key="component_id replica_id observed_at", time="observed_at", part="day(observed_at)"):
    """One row per primary, replica and instant."""

    component_id = text()
    replica_id = text()
    observed_at = instant()
    state = one_of("streaming", "catching_up", "stopped", "unknown", null=True)
    state_raw = text(null=True)
    sync_state = text(null=True)
    lag_s = measure("null = unknown, 0 when positions are equal")
    lag_bytes = count()
    slot_retained_bytes = count()
    last_error = text(null=True)


class WorkloadStates(Table, key="component_id observed_at", time="observed_at", part="day(observed_at)"):
    """One row per Kubernetes or Docker workload and instant."""

    component_id = text()
    observed_at = instant()
    desired = whole()
    ready = whole()
    available = whole()
    updated = whole()
    restart_count = count()
    not_ready_reason = text(null=True)
    cpu_cores = real()
    cpu_request_cores = real()
    cpu_limit_cores = real()
    memory_used_bytes = count()
    memory_request_bytes = count()
    memory_limit_bytes = count()


class MessagingChannels(Table, key="component_id observed_at", time="observed_at", part="month(observed_at)"):
    """One row per messaging number and instant."""

    component_id = text()
    account_id = text()
    display_name = text(null=True)
    observed_at = instant()
    can_send = one_of("available", "limited", "blocked", "unknown")
    can_send_raw = text(null=True)
    quality = one_of("green", "yellow", "red", "unknown", null=True)
    quality_raw = text(null=True)
    throughput_per_minute = measure()
    throughput_limit_per_minute = measure()
    tier_raw = text(null=True)
    errors = json_text()


class MessagingVolumes(
    Table, key="component_id category country ts_start", time="ts_start", part="month(ts_start)", mode="upsert"
):
    """One row per number, category, country and interval."""

    component_id = text()
    category = text()
    country = text()
    ts_start = instant()
    ts_end = instant()
    sent_count = count()
    delivered_count = count()
    read_count = count()
    failed_count = count()
    billed_cost = money()
    currency = text(null=True)
