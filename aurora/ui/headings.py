"""What every column of a table is called: plain words, without the unit that its name ends with."""

import re

HEADINGS = {
    "passed_pct": "Share that passes", "silver_pct": "Silver, share", "gold_pct": "Gold, share",
    "basic_pct": "Basic, share", "bronze_pct": "Bronze, share",
    "day_count": "Days", "open_count": "Open", "done_count": "Done", "sku": "SKU",
    "blocked_amount": "Blocked, amount", "accepted_amount": "Accepted, amount",
    "spent_cost": "This month", "same_days_cost": "Same days last month", "change_cost": "Change",
    "change_pct": "Change, share", "last_month_cost": "Last month", "last_cost": "Period before",
    "forecast_cost": "Forecast", "forecast_low_cost": "Forecast, low", "forecast_high_cost": "Forecast, high",
    "forecast_pct": "Forecast of limit",
    "used_pct": "Used", "runs_out_on": "Runs out", "about": "What for", "standing": "Standing", "begins_on": "Begins",
    "covered_on": "Bills cover", "own_cost": "Own", "shared_cost": "Shared", "split_id": "Split", "share_pct": "Of all",
    "actor": "By", "adoption_ratio": "Adoption", "advisory_ids": "Advisories", "affected_apps": "Applications hit",
    "agg": "Aggregate", "anr_pct": "ANR", "app_ids": "Applications", "app": "Application",
    "at_seq": "Order in instant", "bundle_id": "Store bundle", "call_count": "Calls",
    "calls_per_minute": "Calls a minute",
    "caused_by_deployment_id": "Caused by deployment", "changes": "What changed", "ci_run_id": "Build run",
    "component_seen_at": "Component seen (UTC)", "confidence_ratio": "Alike", "cpu_count": "Cores", "cve": "CVE",
    "cvss_score": "CVSS", "cvss_vector": "CVSS vector", "cwes": "CWEs", "day_tz": "Time zone",
    "debt_ratio_pct": "Debt of what it cost",
    "decision_expires_on": "Decided until", "declared_in": "Declared in", "declared_value": "Declared",
    "degraded_s": "Degraded for", "derived_from": "Known from", "devops": "DevOps", "display_name": "Displayed as",
    "down_s": "Down for", "due_after_days": "Due after", "duration_ms": "Took", "duration_s": "Took",
    "effort_min": "Effort", "email_hash": "Fingerprint of e-mail", "entity_id": "Entry",
    "entity_type": "Kind of entry", "env_pattern": "Environments", "env_tier": "Stage",
    "error_class": "Kind of error", "error_rate_pct": "Error rate", "fault_id": "Fault",
    "feature_uses": "Uses of features", "field": "Field", "file_hash": "Fingerprint of file",
    "finding_key": "Finding", "from_id": "From", "from_type": "From what", "full_name": "Repository",
    "good_sql": "Good events, as SQL", "good_count": "Succeeded", "has_data": "Data", "has_fix": "Fix exists",
    "head_at": "Newest commit at (UTC)", "head_sha": "Newest commit", "healthy_s": "Healthy for", "host_name": "Host",
    "hosting_cost": "Hosting", "hours": "Hours", "indicator": "Told as", "ip": "IP address",
    "ingested_at": "Landed (UTC)", "is_bot": "Bot", "is_cert_trusted": "Trusted certificate", "is_due": "Due",
    "is_end_inferred": "End inferred", "is_found": "Found", "is_refused": "Entry left out",
    "is_rollback": "Rollback", "is_hotfix": "Hotfix", "k8s_namespace": "Kubernetes namespace",
    "kev_due_on": "Mend by (CISA)", "labour_cost": "Labour", "last_error": "Newest error",
    "last_good_at": "Last good run (UTC)", "last_sha": "Commit", "last_subject": "Last commit",
    "latency_sketch": "Latency, distribution", "limit_amount": "Limit", "budget_id": "Budget", "limit_count": "Limit",
    "line_count": "Charges", "lag_s": "Lag", "lag_bytes": "Lag, size", "lost": "Points", "lost_score": "Points lost",
    "maintenance_s": "In maintenance for", "max_ms": "Longest", "manifest_path": "Manifest", "metric": "Measure",
    "mark": "Mark of the bill", "measure": "Measure", "merge_sha": "Merge commit", "method": "Method",
    "missing": "Not filled in",
    "month_cost": "Cost of the month", "month_on": "Month", "native_id": "Known there as",
    "native_metric": "Measure, as told", "native_name": "Name there", "new_fields": "New fields",
    "not_modified_count": "Unchanged answers", "occurred_at": "When (UTC)", "ops_per_minute": "Operations",
    "p50_ms": "Median", "p95_ms": "95th percentile", "p99_ms": "99th percentile", "page_id": "Status page",
    "part_count": "Parts with data", "parts": "Made of", "path_prefix": "Folder", "payload": "Row as it came",
    "pr_count": "Pull requests", "previous_sha": "Commit before", "purl": "Package address", "qa_lead": "QA lead",
    "quarantined_count": "Refused", "rate_amount": "Rate an hour", "rate_limited_s": "Held back for",
    "rating_avg": "Rating", "day_rating_avg": "Rating of the day", "usual_rating_avg": "Usual rating",
    "ref": "Branch or tag", "repo_id": "Repository", "response_time_ms": "Response", "result": "Result",
    "rolled_back_by": "Rolled back by", "rollout_ratio": "Rolled out", "row_id": "Row", "row_table": "Rows in",
    "rpo_s": "May lose", "rto_s": "Back within", "run_id": "Run", "run_s": "Takes, median", "said_at": "Said (UTC)",
    "said_by": "Said by", "same_as": "Same as", "security_status": "Security", "seconds": "Took", "sha": "Commit",
    "share_ratio": "Share", "session_total_s": "Time in sessions", "silent_days": "Silent for", "slo_id": "Objective",
    "source": "Kind of source", "source_instance": "Source", "spans": "Times", "state_reason": "Reason",
    "state_told": "State as told", "stated_as": "Stated as", "status_rank": "Rank of status", "status_reason": "Why",
    "store_native_id": "Known in store as", "subject_count": "Subjects", "suggested_app_id": "Perhaps of",
    "supported_os": "Systems", "sync_run_id": "Number of run", "sync_state": "Sync, as told", "table_name": "Table",
    "trend_pct": "Trend, change", "tier": "Tier", "tls_ms": "TLS",
    "tls_version": "TLS version", "to pass": "To pass", "to_id": "To",
    "to_type": "To what", "total_sql": "All events, as SQL", "ts_end": "Until (UTC)", "ts_start": "From (UTC)",
    "unhandled_count": "Unhandled", "unknown_enum_count": "Unknown words", "unknown_s": "Unknown for",
    "up_s": "Up for", "uptime_30d_pct": "Uptime 30 d", "url": "Link", "runbook_url": "Runbook",
    "review_url": "Review", "vital_raw": "Vital as told", "value": "Value", "website_url": "Website",
    "x_FocusVersion": "FOCUS version", "x_RowId": "Row", "SkuId": "SKU", "SkuMeter": "SKU meter",
    "SkuPriceDetails": "SKU price details", "SkuPriceId": "SKU price", "third_party_cost": "Third parties",
    "effective_cost": "Effective cost", "billed_cost": "Billed cost", "due_on": "Mend by",
    "open_alert_count": "Alerts", "age_s": "Age", "per_user_cost": "Cost of an active user",
    "per_1k_requests_cost": "Cost of 1,000 requests", "per_deployment_cost": "Cost of a deployment",
    "per_message_cost": "Cost of a message", "spend_ratio": "Spend of revenue", "return_ratio": "Return on spend",
    "foreign_cost": "Of it converted", "via": "By way of", "told_by": "Told by", "rate_price": "Rate",
    "stated_hours": "Hours as stated", "timesheet_hours": "Hours by time sheet", "work_item_hours": "Hours by items",
    "over_count": "Over a limit", "rising_count": "On the way to a limit", "crossing_vital": "Reaches limit first",
    "vital_state": "Nearest limit", "device_model": "Phone model", "mean_7d": "Mean 7 days",
    "crosses_on": "Reaches limit",
    "mean_28d": "Mean 28 days", "daily_change": "Change a day", "distance": "Room to limit", "told_on": "Told until",
    "limit_value": "Limit, value", "counted": "Counted", "counted_a_day": "Counted a day", "age_days": "Out for",
    "behind_count": "Versions behind", "crash_z": "Difference of crashes, z", "base_anr_pct": "ANR before",
    "base_session_count": "Sessions before", "base_crash_free_pct": "Crash-free before", "fit_score": "Fit",
    "base_crashed_session_count": "Crashed sessions before", "anr_ratio": "ANR", "base_anr_ratio": "ANR before",
    "base_start_value": "Start before", "start_value": "Start", "start_unit": "Unit of start", "fit_rank": "Place",
    "base_day_rating_avg": "Rating before", "base_review_count": "Reviews before", "step_count": "Steps away",
    "uses_per_100": "For 100 device days", "use_count": "Uses", "part": "Part", "cut": "By",
    "mean_session_s": "Session",
    "days_between": "Days before",
    "user_day_count": "Days with users", "first_charged_on": "Charged from", "last_charged_on": "Charged until",
    "revenue_id": "Entry", "rate_on": "Day of the rate", "most_active_users": "Most active users",
}  # fmt: skip
SPELLED = {
    "cpu": "CPU", "tls": "TLS", "db": "Database", "cert": "Certificate", "http": "HTTP", "avg": "average",
    "max": "highest", "min": "lowest", "sum": "total", "sketch": "distribution", "api": "API", "os": "OS",
    "url": "link", "tx": "transaction", "params": "parameters", "sql": "SQL",
}  # fmt: skip
# A count of these is no plural: "Failed", not "Faileds".
ADJECTIVES = {
    "critical", "high", "medium", "low", "info", "gold", "silver", "bronze", "basic", "none", "down", "healthy",
    "unknown", "read",
}  # fmt: skip
WINDOW = re.compile(r"_(\d+)(d|h|m)(?=_|$)")
SPREAD = re.compile(r"_(max|min|sum|avg|sketch)$")
# Marts keep highest, lowest, total, distribution and number of samples of these.
MEASURES = ("cpu_", "memory_", "disk_", "response_", "error_rate", "network_", "requests_")


def heading(name: str) -> str:
    """'is_rollback' -> 'Rollback', 'started_at' -> 'Started (UTC)', 'row_count_24h' -> 'Rows 24 h'."""
    if name in HEADINGS:
        return HEADINGS[name]
    if window := WINDOW.search(name):
        return f"{heading(WINDOW.sub('', name))} {window[1]} {window[2]}"
    if (spread := SPREAD.search(name)) and (name.startswith(MEASURES) or spread[1] != "min"):
        return f"{heading(name.removesuffix(spread[0]))}, {SPELLED[spread[1]]}"
    if name.endswith("_count") and name.startswith(MEASURES):
        return f"{heading(name.removesuffix('_count'))}, samples"
    if name != name.lower():
        spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removeprefix("x_")).lower()
        return spaced.removesuffix(" id").removeprefix("is ").capitalize()
    return _derived(name)


def _derived(name: str) -> str:
    stem = re.sub(r"^(is|has)_", "", name)
    if stem.endswith("_count"):
        return _spaced(_many(stem.removesuffix("_count")))
    if stem.endswith("_at"):
        return f"{_spaced(stem.removesuffix('_at'))} (UTC)"
    if stem.endswith("_raw"):
        return f"{heading(stem.removesuffix('_raw'))} as told"
    if stem.endswith("_ids"):
        return _spaced(_many(stem.removesuffix("_ids")))
    return _spaced(re.sub(r"_(on|id|pct|ms|s|ratio|bytes|per_minute|cores|min|amount)$", "", stem))


def _many(stem: str) -> str:
    last = stem.rpartition("_")[2]
    if last in ADJECTIVES or last.endswith(("ed", "s")):
        return stem
    return f"{stem[:-1]}ies" if last.endswith("y") else f"{stem}s"


def _spaced(stem: str) -> str:
    said = " ".join(SPELLED.get(part, part) for part in stem.split("_"))
    return said[:1].upper() + said[1:]
