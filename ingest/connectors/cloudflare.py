"""Requests, errors and response time at Cloudflare's edge, per zone, as health of components of type cdn.

API: https://developers.cloudflare.com/analytics/graphql-api/ (httpRequestsAdaptiveGroups, settings) and
https://developers.cloudflare.com/api/resources/zones/. Needs: a token with Zone:Read and Analytics:Read. Counts are
sampled by Cloudflare; a bucket without a request has no row. The response time is the edge's time to first byte,
which only some plans have: it is read where the zone's settings name it.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from pydantic import Field

from aurora.contracts import Row
from aurora.contracts.estate import Components
from aurora.contracts.operations import ComponentHealth
from aurora.errors import ErrorClass, SourceError
from aurora.settings import Duration, Frozen, Secret
from ingest.connector import Checkpoint, Connector, Item, Json, Run
from ingest.http import Answer, Site
from ingest.vendors.buckets import Step, Window, floor_to, windows
from ingest.vendors.cloud import health_row

MAX_PAGES = 1_000
MAX_ROWS = 10_000
TIME_TO_FIRST_BYTE = "avg_edgeTimeToFirstByteMs"
LIFECYCLES = {
    **dict.fromkeys(("active", "read only"), "running"),
    **dict.fromkeys(("initializing", "pending", "moved", "deactivated"), "stopped"),
    "deleted": "terminated",
}
# What an error under HTTP 200 says: https://developers.cloudflare.com/analytics/graphql-api/errors/
SAID: tuple[tuple[str, ErrorClass], ...] = (
    *((text, "rate_limited") for text in ("limit reached", "quota exceeded", "rate limiter")),
    *((text, "permission") for text in ("does not have access", "not available for your plan", "not authorized")),
    ("authentication", "auth"),
)
ADVICE: dict[ErrorClass, str] = {
    "rate_limited": "raise `every`",
    "permission": "give the token Analytics:Read for the zone, or leave the zone out",
    "auth": "make a new token",
    "bad_query": "check zones and step in its options",
}
SETTINGS = """query Limits($zone: string) { viewer { zones(filter: {zoneTag: $zone}) { settings {
httpRequestsAdaptiveGroups { enabled availableFields maxDuration maxPageSize notOlderThan } } } } }"""
REQUESTS = """query Requests($zone: string, $since: Time, $until: Time, $limit: uint64) { viewer {
zones(filter: {zoneTag: $zone}) { httpRequestsAdaptiveGroups(limit: $limit, orderBy: [datetimeMinute_ASC],
filter: {datetime_geq: $since, datetime_lt: $until, requestSource: "eyeball"}) {
count %s dimensions { datetimeMinute edgeResponseStatus } } } } }"""


class CloudflareOptions(Frozen):
    """`zones` names those to read (all that the token sees when empty), `settle` how long counts may still grow."""

    token: Secret
    zones: tuple[str, ...] = ()
    url: str = Field("https://api.cloudflare.com/client/v4", pattern="^https?://[^/]")
    step: Step = timedelta(minutes=5)
    settle: Duration = timedelta(minutes=5)


CloudflareRun = Run[CloudflareOptions]


def connect(options: CloudflareOptions) -> Site:
    """The API with the token. Raises SettingsError when it is not set."""
    token = options.token.reveal()
    return Site(options.url, {"Authorization": f"Bearer {token}"}, secrets=(token,))


connector = Connector("cloudflare", CloudflareOptions, connect)


@connector.stream(ComponentHealth, Components, every="5m", lookback="3h")
def fetch_health(run: CloudflareRun) -> Iterator[Item]:
    """One row per zone and bucket; cursor["zones"] holds how far each zone is complete."""
    reached = dict((run.cursor or {}).get("zones", {}))
    found, refused = list(zones(run)), []
    for zone in found:
        yield Components, zone_row(run, zone)
        try:
            for window, rows in counted(run, zone["id"], reached.get(zone["id"])):
                yield from ((ComponentHealth, row) for row in rows)
                reached[zone["id"]] = window[1].isoformat()
                yield Checkpoint({"zones": dict(reached)})
        except SourceError as error:
            if error.error_class != "permission":
                raise
            refused.append(error)
            run.warn(f"{zone['name']}: {error}")
    if refused and len(refused) == len(found):
        raise refused[0]
    yield Checkpoint({"zones": reached})


def zones(run: CloudflareRun) -> Iterator[Json]:
    """The zones that the token sees and the options name, by name or id."""
    wanted, seen = set(run.options.zones), set()
    for page in run.http.pages("zones", {"per_page": 50, "page": 1}, following=next_zones):
        if not page.get("success"):
            told(run, page.get("errors") or [{"message": "success is false"}])
        for zone in page["result"]:
            if not wanted or {zone["id"], zone["name"]} & wanted:
                seen |= {zone["id"], zone["name"]}
                yield zone
    for name in sorted(wanted - seen):
        run.warn(f"{name}: the token sees no such zone: check zones")


def next_zones(page: Json, answer: Answer, asked: dict[str, Json]) -> dict[str, Json] | None:
    """The next page by number, as far as the list says that it goes."""
    last = (page.get("result_info") or {}).get("total_pages") or 1
    return asked | {"page": asked["page"] + 1} if asked["page"] < last else None


def zone_row(run: CloudflareRun, zone: Json) -> Row:
    """A zone as a component; its id survives a change of name and account."""
    return {
        "component_id": run.id(zone["id"]),
        "name": zone["name"],
        "type": "cdn",
        "type_raw": "cloudflare zone",
        "kind": "cdn",
        "provider": "cloudflare",
        "account_id": (zone.get("account") or {}).get("id"),
        "host_name": zone["name"],
        "lifecycle": run.word(LIFECYCLES, zone.get("status")),
        "lifecycle_raw": zone.get("status"),
        "created_at": datetime.fromisoformat(zone["created_on"]) if zone.get("created_on") else None,
        "first_seen_at": run.now,
        "last_seen_at": run.now,
    }


def counted(run: CloudflareRun, zone: str, until: str | None) -> Iterator[tuple[Window, list[Row]]]:
    """Rows of a zone slice by slice, from where it was left, within what its plan lets one ask."""
    limits = dataset(run, SETTINGS, zone)["settings"]["httpRequestsAdaptiveGroups"]
    if not limits["enabled"]:
        raise SourceError(f"{run.source_instance}: its plan has no request analytics: leave the zone out", "permission")
    step, oldest = run.options.step, run.now - timedelta(seconds=limits["notOlderThan"])
    since = datetime.fromisoformat(until) if until else run.now - connector.streams["health"].lookback
    first = max(floor_to(since, step), floor_to(oldest, step) + step)
    buckets = max(1, int(timedelta(seconds=limits["maxDuration"]) / step))
    for window in windows(first, run.now - run.options.settle, step, min(buckets, 100)):
        yield window, health_rows(run, zone, groups(run, zone, window, limits))


def groups(run: CloudflareRun, zone: str, window: Window, limits: Json) -> Iterator[Json]:
    """Counts by minute and status. A full answer may end inside a minute: that minute is asked again, as the next."""
    query = REQUESTS % ("avg { edgeTimeToFirstByteMs }" if TIME_TO_FIRST_BYTE in limits["availableFields"] else "")
    limit, since = min(limits["maxPageSize"], MAX_ROWS), _stamp(window[0])
    for _ in range(MAX_PAGES):
        asked = {"since": since, "until": _stamp(window[1]), "limit": limit}
        found = dataset(run, query, zone, **asked)["httpRequestsAdaptiveGroups"]
        newest = found[-1]["dimensions"]["datetimeMinute"] if len(found) >= limit else None
        yield from (one for one in found if one["dimensions"]["datetimeMinute"] != newest)
        if newest is None:
            return
        if newest == since:
            break
        since = newest
    raise SourceError(f"{run.source_instance}: {zone}: a minute has more than {limit} kinds of answers", "bad_query")


def health_rows(run: CloudflareRun, zone: str, found: Iterator[Json]) -> list[Row]:
    """One row per bucket that saw a request."""
    step = run.options.step
    by_bucket: dict[datetime, list[Json]] = defaultdict(list)
    for one in found:
        by_bucket[floor_to(datetime.fromisoformat(one["dimensions"]["datetimeMinute"]), step)].append(one)
    return [health_row(run.id(zone), at, step, measures(some, step)) for at, some in sorted(by_bucket.items())]


def measures(some: list[Json], step: timedelta) -> Row:
    """Requests per minute, share of 5xx, and the mean time to first byte weighted by requests."""
    total = sum(one["count"] for one in some)
    failed = sum(one["count"] for one in some if one["dimensions"]["edgeResponseStatus"] >= 500)
    timed = [(one["count"], one["avg"]["edgeTimeToFirstByteMs"]) for one in some if one.get("avg")]
    known = [(count, ms) for count, ms in timed if ms is not None and count]
    weight = sum(count for count, _ in known)
    return {
        "requests_per_minute": total * 60 / step.total_seconds(),
        "error_rate_pct": 100 * failed / total if total else None,
        "response_time_ms": sum(count * ms for count, ms in known) / weight if weight else None,
    }


def dataset(run: CloudflareRun, query: str, zone: str, **variables: Json) -> Json:
    """The zone's part of a GraphQL answer. Raises SourceError for errors under HTTP 200."""
    answer = run.http.post("graphql", body={"query": query, "variables": {"zone": zone, **variables}})
    if answer.get("errors"):
        told(run, answer["errors"])
    found = answer["data"]["viewer"]["zones"]
    if not found:
        raise SourceError(f"{run.source_instance}: {zone}: {ADVICE['permission']}", "permission")
    return found[0]


def told(run: CloudflareRun, errors: list[Json]) -> None:
    """Raises SourceError of the class that the first error's words or code tell."""
    first = errors[0]
    said = str(first.get("message"))[:300]
    code = (first.get("extensions") or {}).get("code") or first.get("code")
    kind: ErrorClass = next((kind for text, kind in SAID if text in said.lower()), "bad_query")
    kind = "permission" if code == "authz" else kind
    raise SourceError(f"{run.source_instance}: Cloudflare says: {said}: {ADVICE[kind]}", kind)


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
