"""The keys and words of the registry's files, and the columns they stand for."""

from aurora.contracts import Table
from aurora.contracts.columns import words_of
from aurora.contracts.cost import Budgets, CostSplits
from aurora.contracts.estate import Applications, AppLinks, Memberships, Teams
from aurora.contracts.operations import Slos

KINDS = words_of(AppLinks.columns()["kind"])
STACK = ("frontend", "backend", "database", "infrastructure")
OWNERS = ("product_owner", "lead_developer", "qa_lead", "devops")
APPLICATION = (
    *("id", "name", "type", "environment", "lifecycle", "tier", "description", "domain", "product", "team", "runbook"),
    *("stack", "owners", "links", "tags", "depends_on", "recovery", "has", "objective", "budget"),
)
# Keys that people write at the top of an entry, and where they stand.
ELSEWHERE = {
    **{name: f"owners.{name}" for name in OWNERS},
    **{name: f"stack.{name}" for name in STACK},
    **{name: f"has.{name}" for name in KINDS},
    **dict.fromkeys(("owner", "product_owners"), "owners.product_owner"),
    **dict.fromkeys(("env", "env_tier"), "environment"),
    "team_id": "team",
    "runbook_url": "runbook",
    "app_id": "id",
    "rpo": "recovery.rpo",
    "rto": "recovery.rto",
    "availability_pct": "objective.availability_pct",
    "response_ms": "objective.response_ms",
    "monthly": "budget.monthly",
    "currency": "budget.currency",
}
TEAM = ("id", "name", "kind", "parent", "contact", "channel", "members")
RULE = ("kind", "match", "pattern", "environment", "applies_to")
SLO = ("id", "name", "app", "component", "kind", "good", "total", "threshold", "target", "window")
SPLIT = ("id", "name", "of", "by", "usage", "apps", "shares")
BUDGET = ("id", "name", "amount", "currency", "period", "starts", "ends", "app", "team", "scope")
SCOPE = ("provider", "account", "service", "environment", "tag")
SLO_ELSEWHERE = {
    "slo_id": "id",
    "app_id": "app",
    "application": "app",
    "component_id": "component",
    "good_sql": "good",
    "total_sql": "total",
    "target_pct": "target",
    "objective": "target",
}
# What a source measures goes out of date the moment that it is typed.
FACTS = (
    *("uptime", "availability", "response_time", "latency", "error_rate", "throughput", "active_users", "status"),
    *("health", "metrics", "alerts", "incidents", "last_deployed", "deployment_count", "deployments", "version"),
    *("commit_count", "last_commit", "commits", "dependencies", "vulnerabilities", "coverage", "monthly_cost", "cost"),
    *("costs", "spend", "crash_rate", "rating", "downloads"),
)
_FACTS = {name.replace("_", ""): name.replace("_", " ") for name in FACTS}
APPLIES = {"team": "team_id", "environment": "env_tier"} | {
    name: name for name in ("type", "lifecycle", "tier", "domain", "product")
}


def _words(table: type[Table], column: str, **others: str) -> dict[str, str]:
    return {word: word for word in words_of(table.columns()[column])} | others


TYPES = _words(Applications, "type", ios="mobile_ios", android="mobile_android", website="web", service="microservice")
TIERS = _words(
    Applications, "env_tier", prod="production", live="production", stage="staging", uat="staging", test="testing",
    qa="testing", dev="development",
)  # fmt: skip
LIFECYCLES = _words(Applications, "lifecycle")
TEAM_KINDS = _words(Teams, "kind", organization="organisation")
ROLES = _words(Memberships, "role")
WINDOWS = _words(Slos, "window")
PERIODS = _words(Budgets, "period", monthly="month", quarterly="quarter", yearly="year")
SPLITS = _words(CostSplits, "method", equal="even")
USAGES = _words(CostSplits, "usage", users="active_users")
SLO_KINDS = {word: word for word in words_of(Slos.columns()["kind"]) if word != "vendor"}


def fact(name: str) -> str | None:
    """The measured fact that a key means, however it is spelt; None if it means none."""
    return _FACTS.get(name.lower().replace("_", "").replace("-", ""))
