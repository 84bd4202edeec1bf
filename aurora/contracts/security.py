"""Security: findings, scans, packages and what is known about them."""

from aurora.contracts.columns import count, flag, instant, json_text, measure, on, one_of, real, text, texts, whole
from aurora.contracts.table import Table, VersionedTable


class Findings(Table, key="finding_id", time="first_seen_at", part="month(first_seen_at)", mode="upsert"):
    """One row per finding of one tool: security and quality alike; merging across tools is a mart."""

    finding_id = text("tool, scope, rule or advisory, package or file, normalised place")
    project_id = text(null=True)
    repo_id = text(null=True)
    app_id = text(null=True)
    component_id = text(null=True)
    category = one_of(
        "sca",
        "sast",
        "secret",
        "iac",
        "container",
        "license",
        "dast",
        "hotspot",
        "bug",
        "code_smell",
        "lint",
        "unknown",
    )
    tool = text()
    rule_id = text()
    title = text()
    message = text(null=True)
    severity = one_of("critical", "high", "medium", "low", "info", "unknown")
    severity_raw = text(null=True)
    cvss_score = measure()
    cvss_vector = text(null=True)
    advisory_ids = texts()
    cwes = texts()
    purl = text(null=True)
    package_name = text(null=True)
    package_version = text(null=True)
    fixed_version = text(null=True)
    is_direct = flag()
    is_reachable = flag()
    has_fix = flag()
    file = text(null=True)
    line = whole()
    effort_min = real()
    state = one_of("open", "fixed", "gone", "accepted", "false_positive", "unknown")
    state_raw = text(null=True)
    state_reason = text(null=True)
    first_seen_at = instant()
    last_seen_at = instant()
    fixed_at = instant(null=True)
    updated_at = instant()
    url = text(null=True)


class FindingDecisions(VersionedTable, key="finding_key version", time="changed_at", mode="versioned", owner="people"):
    """One row per version of a person's verdict on a finding or merged finding."""

    finding_key = text()
    state = one_of("open", "accepted", "false_positive")
    expires_on = on(null=True)


class Scans(Table, key="scan_id", time="started_at", part="month(started_at)"):
    """One row per run of a scanner or imported report; only a complete one may mark findings gone."""

    scan_id = text()
    tool = text()
    tool_version = text(null=True)
    format = text(null=True)
    project_id = text(null=True)
    repo_id = text(null=True)
    app_id = text(null=True)
    branch = text(null=True)
    sha = text(null=True)
    started_at = instant()
    finished_at = instant(null=True)
    status = one_of("success", "failed", "partial", "unknown")
    is_complete = flag(null=False)
    critical_count = count()
    high_count = count()
    medium_count = count()
    low_count = count()
    info_count = count()
    file_hash = text(null=True)


class Packages(Table, key="repo_id manifest_path purl day", time="day", part="day(day)", mode="snapshot"):
    """One row per dependency of a manifest as of a day."""

    repo_id = text("or scan scope")
    app_id = text(null=True)
    manifest_path = text()
    purl = text()
    ecosystem = text()
    name = text()
    package_version = text()
    latest_version = text(null=True)
    scope = one_of("runtime", "dev", "optional", "unknown", null=True)
    is_direct = flag()
    licenses = texts()
    license_status = one_of("allowed", "denied", "unknown", null=True)
    day = on()


class Advisories(Table, key="advisory_id", time="published_at", mode="upsert"):
    """One row per advisory of a database."""

    advisory_id = text()
    aliases = texts()
    ecosystem = text(null=True)
    package_name = text(null=True)
    affected = json_text()
    summary = text(null=True)
    severity = one_of("critical", "high", "medium", "low", "info", "unknown")
    severity_raw = text(null=True)
    cvss_score = measure()
    cvss_vector = text(null=True)
    published_at = instant()
    updated_at = instant(null=True)
    withdrawn_at = instant(null=True)


class KevEntries(Table, key="cve", time="added_on", mode="replace", slice_by="source_instance"):
    """One row per known exploited vulnerability."""

    cve = text()
    added_on = on()
    due_on = on(null=True)
    is_ransomware = flag()
    vendor_project = text(null=True)
    product = text(null=True)
    required_action = text(null=True)
    catalog_version = text(null=True)


class QualityMeasures(
    Table,
    key="project_id branch measured_at metric is_new_code",
    time="measured_at",
    part="month(measured_at)",
):
    """One row per project, branch, analysis and measure."""

    project_id = text()
    branch = text()
    measured_at = instant()
    metric = one_of(
        "coverage_pct",
        "duplicated_pct",
        "technical_debt_min",
        "debt_ratio_pct",
        "maintainability_rating",
        "reliability_rating",
        "security_rating",
        "code_smells",
        "bugs",
        "vulnerabilities",
        "hotspots",
        "lines",
        "gate",
        "other",
    )
    metric_raw = text(null=True)
    value = real()
    value_text = text(null=True)
    is_new_code = flag(null=False)
    analysis_id = text(null=True)
