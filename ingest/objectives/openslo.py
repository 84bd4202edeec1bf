"""Objectives of OpenSLO, version v1: SLO documents with the SLI and DataSource documents that they name.

Specification: https://github.com/OpenSLO/OpenSLO#specification. Ratios of counters and values of gauges that Prometheus
is asked for are taken over; alert policies are not, since burn alerts follow from target and window here.
"""

from aurora.contracts import Row
from ingest.catalog.yaml_documents import Fields, Items
from ingest.objectives.counts import OPERATORS, both, samples
from ingest.objectives.promql import RefusedError, Terms, counted, counter, gauge
from ingest.objectives.reading import DEFAULT_WINDOW, Found, number, required, section, sections, text

VERSION = "openslo/v1"
_WINDOWS = {"7d": "7d", "1w": "7d", "28d": "28d", "4w": "28d", "30d": "30d"}
Named = dict[tuple[str, str], Fields]


def is_openslo(document: Fields) -> bool:
    """Whether a document is one of OpenSLO, whatever its version."""
    return (text(document, "apiVersion") or "").startswith("openslo")


def read(documents: list[Fields], found: Found) -> None:
    """The objectives of the documents of one file."""
    named: Named = {}
    for document in documents:
        named.setdefault((text(document, "kind") or "", text(section(document, "metadata"), "name") or ""), document)
    for document in documents:
        version = text(document, "apiVersion")
        if version != VERSION:
            found.left_out.append((document.line, f"{version}: only {VERSION} is read"))
        elif text(document, "kind") == "SLO":
            _read_slo(document, named, found)


def _read_slo(document: Fields, named: Named, found: Found) -> None:
    metadata, spec = section(document, "metadata"), section(document, "spec")
    name = text(metadata, "name") or "an SLO without a name"
    shown, goals = text(metadata, "displayName") or name, sections(spec, "objectives")
    if not goals:
        found.left_out.append((document.line, f"{name}: it has no objectives"))
    for line, goal in goals:
        called = text(goal, "displayName")
        own = f"{name}-{called}" if called and len(goals) > 1 else name

        def make(goal: Fields = goal, called: str | None = called) -> tuple[Row, Terms]:
            told, counts = _measured(spec, goal, named)
            entry = {"name": f"{shown}: {called}" if called and len(goals) > 1 else shown}
            app = found.app_of(text(spec, "service"), document.line)
            return entry | {"app": app} | told | {"target": _target(goal), "window": _window(spec)}, counts

        found.take(line, own, make)


def _target(goal: Fields) -> float:
    target, percent = number(goal, "target"), number(goal, "targetPercent")
    if (target is None) == (percent is None):
        raise RefusedError("it needs either target or targetPercent")
    told = percent if target is None else target * 100
    if told is None or not 0 < told < 100:
        raise RefusedError("its target is not above 0 and below 100 %")
    return float(told)


def _window(spec: Fields) -> str:
    value = spec.get("timeWindow")
    if value is None:
        return DEFAULT_WINDOW
    found = [one for _, one in sections(spec, "timeWindow")]
    if len(found) != 1 or not isinstance(value, Items) or len(value) != 1:
        raise RefusedError("its timeWindow is no list of one")
    (told,) = found
    duration, calendar = required(told, "duration"), section(told, "calendar")
    zone, starts = text(calendar, "timeZone") or "UTC", text(calendar, "startTime") or ""
    is_rolling = text(told, "isRolling") == "true" or (text(told, "isRolling") is None and not calendar)
    if is_rolling and duration in _WINDOWS:
        return _WINDOWS[duration]
    # "2022-01-01 00:00:00": a month that begins on its first day at midnight.
    if not is_rolling and duration == "1M" and zone in ("UTC", "Etc/UTC") and starts[8:] in ("", "01", "01 00:00:00"):
        return "calendar_month"
    raise RefusedError(
        f"its time window {duration[:20]!r} is none of 7d, 28d and 30d rolling, and 1M from the first, UTC"
    )


def _measured(spec: Fields, goal: Fields, named: Named) -> tuple[Row, Terms]:
    """Kind, SQL and threshold of one objective, and what it counts."""
    if any(name in goal for name in ("indicator", "indicatorRef", "compositeWeight")):
        raise RefusedError("it is a composite of several indicators")
    sli, share = _indicator(spec, named), _slice(spec, goal)
    if section(sli, "thresholdMetric"):
        return _values(_source(section(sli, "thresholdMetric"), named), goal, share)
    told = section(sli, "ratioMetric")
    sides = {name: section(told, name) for name in ("good", "bad", "total") if section(told, name)}
    if not told or "raw" in told or "total" not in sides or len(sides) != 2:
        raise RefusedError("its indicator is neither a thresholdMetric nor a ratioMetric of total with good or bad")
    is_total = text(told, "counter") == "true"
    total, part = (_count(_source(sides[name], named), is_total) for name in ("total", min(sides)))
    return _kind(share) | both(part, total, is_bad="bad" in sides), part + total


def _kind(share: float | None) -> Row:
    return {"kind": "ratio"} if share is None else {"kind": "time_slice", "threshold": share}


def _indicator(spec: Fields, named: Named) -> Fields:
    reference = text(spec, "indicatorRef")
    if reference is None:
        return section(spec, "indicator", "spec")
    if ("SLI", reference) not in named:
        raise RefusedError(f"the SLI {reference[:100]!r} that it names is not in this file")
    return section(named["SLI", reference], "spec")


def _slice(spec: Fields, goal: Fields) -> float | None:
    """The good part in percent that a minute needs; None where events are counted."""
    method = required(spec, "budgetingMethod")
    if method == "Occurrences":
        return None
    share = number(goal, "timeSliceTarget")
    if method != "Timeslices" or share is None or not 0 < share <= 1:
        raise RefusedError(
            f"its budgetingMethod {method[:50]!r} is neither Occurrences, nor Timeslices with timeSliceTarget"
        )
    if text(goal, "timeSliceWindow") not in ("1", "1m"):
        raise RefusedError("its timeSliceWindow is not 1m, and time slices are minutes here")
    return float(share * 100)


def _source(metric: Fields, named: Named) -> str:
    """The query of a metric, if it is one for Prometheus."""
    source = section(metric, "metricSource")
    by_name = named.get(("DataSource", text(source, "metricSourceRef") or ""), Fields())
    kind = text(source, "type") or text(section(by_name, "spec"), "type")
    if kind is not None and kind.lower() != "prometheus":
        raise RefusedError(f"it asks {kind[:50]}, and only queries for Prometheus are taken over")
    return text(section(source, "spec"), "promql") or required(section(source, "spec"), "query")


def _count(query: str, is_total: bool) -> Terms:
    """`counter: true` says that the query gives a total that only grows."""
    try:
        return counted(query)
    except RefusedError:
        if not is_total:
            raise
    return counter(query)


def _values(query: str, goal: Fields, share: float | None) -> tuple[Row, Terms]:
    of, limit, sign = gauge(query), number(goal, "value"), OPERATORS.get(text(goal, "op") or "")
    if limit is None or sign is None:
        raise RefusedError("its objective needs op (lte, lt, gte or gt) and value")
    if sign == "<=" and share is None:
        return {"kind": "threshold", "good": samples(of), "threshold": float(limit)}, ((1, of),)
    good = samples(of, f"case when p.value {sign} {float(limit)!r} then 1 else 0 end")
    return _kind(share) | {"good": good, "total": samples(of, "1")}, ((1, of),)
