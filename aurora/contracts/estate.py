"""The estate: applications, components, teams, and what belongs to what."""

from aurora.contracts.columns import count, flag, instant, json_text, measure, on, one_of, pct, real, text, texts, whole
from aurora.contracts.table import Table, VersionedTable


class Applications(
    Table, key="app_id source_instance", time="updated_at", mode="replace", owner="people", slice_by="source_instance"
):
    """One row per application and place that declares it (TOML, catalog file, discovery).

    `applications_now` merges by field: edits, then TOML, then catalog, then discovered.
    """

    app_id = text()
    name = text()
    type = one_of("web", "mobile_ios", "mobile_android", "desktop", "api", "microservice", "unknown")
    type_raw = text(null=True)
    env_tier = one_of("production", "staging", "testing", "development", "unknown")
    env_tier_raw = text(null=True)
    lifecycle = one_of("planned", "active", "deprecated", "retired", "unknown", null=True)
    tier = whole("criticality 1-4")
    description = text(null=True)
    domain = text(null=True)
    product = text(null=True)
    stack_frontend = texts()
    stack_backend = texts()
    stack_database = texts()
    stack_infrastructure = texts()
    product_owner = text(null=True)
    lead_developer = text(null=True)
    qa_lead = text(null=True)
    devops = text(null=True)
    team_id = text(null=True)
    runbook_url = text(null=True)
    links = json_text()
    tags = json_text()
    rpo_s = measure()
    rto_s = measure()
    declared_in = text("file:line", null=True)
    updated_at = instant()


class AppLinks(
    Table,
    key="app_id kind native_id path_prefix source_instance",
    time="updated_at",
    mode="replace",
    owner="people",
    slice_by="source_instance",
):
    """One row per application, vendor thing that belongs to it, and place that declares so, by hand or by rule.

    The only way from a vendor row to an application. What people confirm, reject or add on a page are rows of `edits`;
    `app_links_now` lays those over these and finds the things that are meant.
    """

    app_id = text()
    kind = one_of(
        "repository",
        "component",
        "project",
        "service",
        "store_app",
        "firebase_app",
        "cost",
        "messaging_channel",
        "backup",
        "third_party",
    )
    native_id = text("full id incl. source_instance, or another name of the thing; a regular expression if is_pattern")
    path_prefix = text("'' = whole; monorepo folder else", blank=True)
    env_pattern = text(null=True)
    is_pattern = flag(null=False)
    method = one_of("explicit", "rule", "suggested")
    state = one_of("suggested", "confirmed", "rejected")
    confidence_ratio = measure()
    share_ratio = measure("part of a shared thing, null = all")
    declared_in = text("file:line", null=True)
    updated_at = instant()


class RegistryFaults(
    Table,
    key="fault_id source_instance",
    time="found_at",
    mode="replace",
    owner="people",
    slice_by="source_instance",
):
    """One row per thing that is wrong in the files that declare the estate, as they stand now."""

    fault_id = text()
    file = text()
    line = whole()
    entity_id = text("application, team or link that is meant", null=True)
    field = text(null=True)
    message = text("what is wrong and what to write instead")
    is_refused = flag("true: the entry was left out; false: only the field was", null=False)
    found_at = instant()


class Components(Table, key="component_id", time="first_seen_at", mode="upsert"):
    """One row per thing that runs and can be up or down."""

    component_id = text()
    name = text()
    type = one_of("server", "database", "api", "cdn", "third_party", "unknown")
    type_raw = text(null=True)
    kind = one_of(
        "host",
        "vm",
        "container",
        "k8s_node",
        "k8s_pod",
        "k8s_workload",
        "db_instance",
        "load_balancer",
        "cdn",
        "endpoint",
        "frontend",
        "queue",
        "messaging_channel",
        "third_party",
        "other",
        null=True,
    )
    env_tier = one_of("production", "staging", "testing", "development", "unknown", null=True)
    service = text("OTel service.name", null=True)
    service_namespace = text(null=True)
    provider = text(null=True)
    account_id = text(null=True)
    region = text(null=True)
    zone = text(null=True)
    cloud_resource_id = text(null=True)
    host_name = text(null=True)
    cluster = text(null=True)
    k8s_namespace = text(null=True)
    image = text(null=True)
    db_system = text(null=True)
    instance_type = text(null=True)
    cpu_count = count()
    memory_bytes = count()
    disk_bytes = count()
    lifecycle = one_of("running", "stopped", "terminated", "unknown", null=True)
    lifecycle_raw = text(null=True)
    same_as = text(
        "component_id that stands for this one when two sources see one thing: coalesce(same_as, component_id)",
        null=True,
    )
    tags = json_text()
    created_at = instant(null=True)
    first_seen_at = instant()
    last_seen_at = instant()


class ComponentEdges(Table, key="from_id to_id kind", time="first_seen_at", mode="upsert"):
    """One row per declared or observed dependency between two applications or components."""

    from_id = text()
    from_type = one_of("app", "component")
    to_id = text()
    to_type = one_of("app", "component")
    kind = one_of("calls", "reads_from", "runs_on", "part_of", "consumes_api", "provides_api", "depends_on")
    evidence = one_of("declared", "catalog", "trace", "inferred")
    calls_per_minute = measure()
    first_seen_at = instant()
    last_seen_at = instant()


class Teams(
    Table, key="team_id source_instance", time="updated_at", mode="replace", owner="people", slice_by="source_instance"
):
    """One row per team or domain and place that declares it."""

    team_id = text()
    name = text()
    kind = one_of("team", "domain", "organisation")
    parent_id = text(null=True)
    contact = text(null=True)
    channel = text(null=True)
    updated_at = instant()


class Edits(Table, key="edit_id", time="changed_at", part="month(changed_at)", owner="people"):
    """One row per field that a person set, confirmed or reverted on a thing that a source also describes."""

    edit_id = text()
    entity_type = one_of("app", "component", "team", "project", "environment", "incident", "settings")
    entity_id = text()
    field = text()
    action = one_of("set", "confirm", "revert")
    before = json_text()
    after = json_text()
    changed_by = text()
    changed_at = instant()
    reason = text(null=True)


class People(Table, key="person_id", time="first_seen_at", mode="upsert"):
    """One row per person, e-mail hashed unless settings say otherwise."""

    person_id = text()
    display_name = text(null=True)
    email_hash = text(null=True)
    logins = texts()
    is_bot = flag(null=False)
    is_active = flag()
    first_seen_at = instant()


class Memberships(
    Table,
    key="scope_type scope_id person_id role",
    time="updated_at",
    mode="replace",
    owner="people",
    slice_by="source_instance",
):
    """One row per person and role in a team, project or application."""

    scope_type = one_of("team", "project", "app")
    scope_id = text()
    person_id = text()
    role = one_of("developer", "designer", "tester", "product_manager", "product_owner", "qa_lead", "devops", "member")
    derived_from = one_of("config", "vendor_group", "activity")
    updated_at = instant()


class AppScores(
    Table, key="app_id day part", time="day", part="month(day)", mode="replace", owner="aurora", slice_by="day"
):
    """One row per application, day and part of the score; kept so that yesterday's score stays what was said."""

    app_id = text()
    day = on()
    part = one_of("availability", "latency", "errors", "alerts", "delivery", "security", "cost", "mobile", "freshness")
    weight_ratio = measure(null=False)
    score = real("0-100, null = no data")
    lost_score = measure()
    has_data = flag(null=False)
    reasons = json_text("ids of the rows that took points")


class ScorecardResults(
    Table, key="rule_id subject_id day", time="day", part="month(day)", mode="replace", owner="aurora", slice_by="day"
):
    """One row per scorecard rule, subject and day."""

    rule_id = text()
    scorecard = text()
    level = one_of("basic", "bronze", "silver", "gold")
    subject_type = one_of("app", "team", "domain")
    subject_id = text()
    day = on()
    result = one_of("pass", "fail", "not_checked")
    detail = text(null=True)


class Tasks(VersionedTable, key="task_id version", time="changed_at", mode="versioned", owner="people"):
    """One row per version of something a person owes: incident follow-up, scorecard initiative, roadmap item, risk."""

    task_id = text()
    kind = one_of("follow_up", "initiative", "roadmap", "risk")
    title = text()
    body = text(null=True)
    subject_type = one_of("app", "team", "incident", "scorecard", "company", null=True)
    subject_id = text(null=True)
    owner_id = text(null=True)
    due_on = on(null=True)
    state = one_of("open", "in_progress", "done", "dropped", "accepted")
    progress_pct = pct()
    likelihood = one_of("high", "medium", "low", null=True)
    impact = one_of("high", "medium", "low", null=True)
    created_at = instant()
