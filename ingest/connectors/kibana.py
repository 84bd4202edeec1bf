"""Kibana: is it up, how fast does it answer, and which of its alerting rules cannot run.

Reads its status and its rules; the alerts themselves are read by the connector elasticsearch. API:
https://www.elastic.co/docs/api/doc/kibana/ (status, alerting rules). Needs: an API key (or user) that may sign in, with
the feature privilege `Rules: Read` in the space; without `rules` any sign-in will do.
"""

from collections.abc import Iterator
from datetime import datetime

from pydantic import Field

from aurora.contracts import Row
from aurora.contracts.estate import Components
from aurora.contracts.operations import ComponentHealth
from aurora.errors import SourceError
from ingest.connector import Checkpoint, Connector, Item, Json, Run
from ingest.paging import by_page
from ingest.vendors.cloud import health_row
from ingest.vendors.elastic_api import SignIn, connect
from ingest.vendors.elastic_rates import part
from ingest.vendors.seen import components_seen

LEVELS = {
    **dict.fromkeys(("available", "green"), "healthy"),
    **dict.fromkeys(("degraded", "yellow"), "degraded"),
    **dict.fromkeys(("unavailable", "critical", "red"), "down"),
}
PAGE = 100


class KibanaOptions(SignIn):
    """`space` is the space whose rules are read, the default one if none is named."""

    space: str | None = Field(None, pattern="^[a-z0-9_-]+$")
    rules: bool = True


connector = Connector("kibana", KibanaOptions, connect)


@connector.stream(ComponentHealth, Components, every="1m")
def fetch_health(run: Run[KibanaOptions]) -> Iterator[Item]:
    """Kibana as it stands; one that answers 503 is down, which is told before the run fails."""
    told, failure = status(run)
    if failure and run.cursor:
        down = {"status": "down", "status_raw": "503", "status_reason": "Kibana answers 503"}
        yield ComponentHealth, health_row(run.cursor["component_id"], run.now - run.every, run.every, down)
    if failure:
        raise failure
    broken, rule_count = failing_rules(run) if run.options.rules else ([], 0)
    since = components_seen(run)
    process = process_of(told)
    if process:
        yield Components, component_row(run, told, since)
        yield ComponentHealth, kibana_health(run, told, process, rules_reason(broken, rule_count))
    yield Checkpoint({"component_id": run.id(told["uuid"])})


def status(run: Run[KibanaOptions]) -> tuple[Json, SourceError | None]:
    """The status, or the failure when Kibana answers 503, as it does while it is unavailable. Raises SourceError."""
    try:
        told = run.http.get("api/status", {"v8format": "true"})
    except SourceError as error:
        if " answered 503 " not in str(error):
            raise
        return {}, error
    if not isinstance(told, dict) or "status" not in told:
        raise SourceError(f"{run.source_instance}: this is no answer of Kibana: check url", "schema_drift")
    if not told.get("uuid"):
        raise SourceError(
            f"{run.source_instance}: Kibana tells strangers no more than its level: sign in", "permission"
        )
    return told, None


def process_of(told: Json) -> Json | None:
    """The process that answers; releases before 7.14 tell one, later ones a list, and before the first sample none."""
    listed = part(told, "metrics", "processes") or [part(told, "metrics", "process")]
    return listed[0]


def failing_rules(run: Run[KibanaOptions]) -> tuple[list[str], int]:
    """Names of the enabled rules whose last run failed, and how many are enabled."""
    path = f"s/{run.options.space}/api/alerting/rules/_find" if run.options.space else "api/alerting/rules/_find"
    pages = run.http.pages(path, {"per_page": PAGE, "page": 1}, following=by_page(lambda page: page["data"], PAGE))
    rules = [rule for page in pages for rule in page["data"] if rule.get("enabled")]
    return [rule["name"] for rule in rules if part(rule, "execution_status", "status") == "error"], len(rules)


def rules_reason(broken: list[str], count: int) -> str | None:
    """Which rules cannot run, None when all can."""
    return f"{len(broken)} of {count} rules cannot run: {', '.join(broken[:3])}" if broken else None


def component_row(run: Run[KibanaOptions], told: Json, since: dict[str, datetime]) -> Row:
    """Kibana as a component; its uuid is kept in its data folder and survives a new name."""
    component_id, version = run.id(told["uuid"]), part(told, "version", "number")
    return {
        "component_id": component_id,
        "name": told.get("name") or told["uuid"],
        "type": "api",
        "type_raw": f"kibana {version}" if version else "kibana",
        "kind": "other",
        "lifecycle": "running",
        "first_seen_at": since.get(component_id, run.now),
        "last_seen_at": run.now,
    }


def kibana_health(run: Run[KibanaOptions], told: Json, process: Json, broken: str | None) -> Row:
    """What Kibana counted in its last collection interval, its heap, and its level; rules that fail degrade it."""
    metrics, overall = told["metrics"], part(told, "status", "overall") or {}
    level = overall.get("level") or overall.get("state")
    said = run.word(LEVELS, level)
    used, room = (part(process, "memory", "heap", name) for name in ("used_in_bytes", "size_limit"))
    fields = {
        "memory_pct": 100 * used / room if used is not None and room else None,
        "response_time_ms": part(metrics, "response_times", "avg_in_millis"),
        **request_fields(metrics),
        "status": "degraded" if said == "healthy" and broken else said,
        "status_raw": level,
        "status_reason": broken if said == "healthy" else overall.get("summary"),
    }
    return health_row(run.id(told["uuid"]), run.now - run.every, run.every, fields)


def request_fields(metrics: Json) -> Row:
    """Requests per minute and the share of them that Kibana answered with 500 and more."""
    total, interval_ms = part(metrics, "requests", "total"), metrics.get("collection_interval_in_millis")
    codes = part(metrics, "requests", "status_codes") or part(metrics, "requests", "statusCodes") or {}
    failed = sum(count for code, count in codes.items() if code.startswith("5"))
    return {
        "requests_per_minute": total * 60_000 / interval_ms if total is not None and interval_ms else None,
        "error_rate_pct": 100 * failed / total if total and codes else None,
    }
