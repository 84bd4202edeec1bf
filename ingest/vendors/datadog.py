"""What Datadog says, read without asking: timeseries answers, tags, monitor groups, objectives."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from aurora.contracts import Row
from aurora.errors import ErrorClass, SourceError
from ingest.connector import Json
from ingest.vendors.apm import percentage, share_pct

Sample = tuple[str, int]
Wide = dict[Sample, dict[str, float]]
HOST_QUERIES = {
    "idle_pct": ("avg:system.cpu.idle", "avg"),
    "usable_ratio": ("avg:system.mem.pct_usable", "avg"),
    "disk_ratio": ("max:system.disk.in_use", "max"),
}
SERVICE_QUERIES = {
    "hits": ("sum:trace.{operation}.hits", "sum"),
    "errors": ("sum:trace.{operation}.errors", "sum"),
    "duration": ("avg:trace.{operation}", "avg"),
}
SLO_WINDOWS = {"7d": "7d", "30d": "30d"}


@dataclass(frozen=True)
class Ask:
    """What to ask of a grid: scope ("*" or "env:prod"), bucket length, first and last millisecond."""

    scope: str
    step_s: int
    start_ms: int
    end_ms: int


def request(ask: Ask, group: str, queries: Mapping[str, tuple[str, str]], operation: str = "") -> Json:
    """The body of a timeseries query; every query states its rollup, since `interval` is only a hint."""
    told = [
        {"data_source": "metrics", "name": name, "query": _query(ask, group, metric.format(operation=operation), agg)}
        for name, (metric, agg) in queries.items()
    ]
    attributes = {
        "from": ask.start_ms,
        "to": ask.end_ms,
        "interval": ask.step_s * 1000,
        "queries": told,
        "formulas": [{"formula": name} for name in queries],
    }
    return {"data": {"type": "timeseries_request", "attributes": attributes}}


def _query(ask: Ask, group: str, metric: str, agg: str) -> str:
    counted = ".as_count()" if agg == "sum" else ""
    rollup = f"{agg}, {ask.step_s}" if agg else ask.step_s  # percentiles are those of the whole bucket
    return f"{metric}{{{ask.scope}}} by {{{group}}}{counted}.rollup({rollup})"


def told(who: str, answer: Json) -> Json:
    """The answer, if it is no error under status 200. Raises SourceError."""
    errors = answer.get("errors") if isinstance(answer, dict) else None
    if errors and not answer.get("data"):
        said = errors if isinstance(errors, str) else "; ".join(str(one) for one in errors)
        kind: ErrorClass = "rate_limited" if "rate limit" in said.lower() else "bad_query"
        raise SourceError(f"{who}: Datadog answers with an error: {said[:300]}: check env and operations", kind)
    if not isinstance(answer, dict | list):
        raise SourceError(f"{who}: this is no answer of the Datadog API: check site", "schema_drift")
    return answer


def wide(answer: Json, ask: Ask, group: str, names: list[str]) -> Wide:
    """Values by (group, bucket start in ms); buckets without a value and those outside the range are left out."""
    found: Wide = {}
    table = answer["data"]["attributes"]
    for series, values in zip(table["series"], table["values"], strict=True):
        name, key = names[series["query_index"]], tags_of(series["group_tags"]).get(group)
        factor = scale(series.get("unit")) if name == "duration" else 1.0
        for at, value in zip(table["times"], values, strict=True):
            if value is not None and key and ask.start_ms <= at < ask.end_ms:
                found.setdefault((key, int(at)), {})[name] = value * factor
    return found


def scale(unit: Json) -> float:
    """Seconds per unit of a duration; the unit is the vendor's, a metric without one is in seconds."""
    first = (unit or [None])[0] or {}
    return float(first.get("scale_factor") or 1.0) if first.get("family") == "time" else 1.0


def host_measures(told: Mapping[str, float]) -> Row:
    """The health columns of a host."""
    idle, usable, disk = (told.get(name) for name in HOST_QUERIES)
    return {
        "cpu_pct": percentage(None if idle is None else 100 - idle),
        "memory_pct": percentage(None if usable is None else 100 * (1 - usable)),
        "disk_pct": percentage(None if disk is None else 100 * disk),
    }


def service_measures(told: Mapping[str, float], step_s: int) -> Row:
    """The health columns of a service; where requests were counted, absent errors are 0 errors."""
    hits, duration = told.get("hits"), told.get("duration")
    return {
        "requests_per_minute": None if hits is None else hits * 60 / step_s,
        "error_rate_pct": share_pct(told.get("errors", 0.0), hits),
        "response_time_ms": duration * 1000 if duration is not None and hits != 0 else None,
    }


def tags_of(tags: list[str]) -> dict[str, str]:
    """{"env": "prod"} of ["env:prod"]; a tag without a value and the value N/A say nothing."""
    pairs = (tag.partition(":") for tag in tags)
    return {key: value for key, _, value in pairs if value and value != "N/A"}


def is_elsewhere(tags: list[str], env: str | None) -> bool:
    """True if the tags name environments, but not this one."""
    named = [tag for tag in tags if tag.startswith("env:")]
    return bool(env and named and f"env:{env}" not in named)


def threshold_of(slo: Json) -> Json | None:
    """The objective's threshold whose time frame there is a window for, its primary one first."""
    fitting = [one for one in slo.get("thresholds") or [] if one.get("timeframe") in SLO_WINDOWS]
    return next((one for one in fitting if one["timeframe"] == slo.get("timeframe")), next(iter(fitting), None))


def budget_left(slo: Json, timeframe: str) -> float | None:
    """What Datadog says is left of the error budget, percent; an overdrawn one is 0."""
    for status in slo.get("overall_status") or []:
        if status.get("timeframe") == timeframe:
            return percentage(status.get("error_budget_remaining"))
    return None


def slo_measures(data: Json, start: datetime, end: datetime) -> Row:
    """good and total of a stretch: events for metric objectives, seconds for those over monitors and time slices."""
    series, sli = data.get("series"), (data.get("overall") or {}).get("sli_value")
    if series:
        good, total = series["numerator"]["sum"], series["denominator"]["sum"]
        return {"good": good, "total": total, "state": "ok" if total else "insufficient_traffic"}
    if sli is None:
        return {"good": None, "total": None, "state": "no_data"}
    total = (end - start).total_seconds()
    return {"good": total * sli / 100, "total": total, "state": "ok"}


def flat_tags(by_source: Mapping[str, list[str]] | None) -> Iterator[str]:
    """The tags of a host, whatever source they come from, each once, sorted."""
    yield from sorted({tag for tags in (by_source or {}).values() for tag in tags})
