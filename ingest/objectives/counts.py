"""Counts and values of metric_points as the SQL of an objective: SELECTs of ts and value. Pure."""

from ingest.objectives.promql import RefusedError, Selector, Terms, minus
from warehouse.patterns import wrong_patterns

OPERATORS = {"lte": "<=", "lt": "<", "gte": ">=", "gt": ">"}
_POINTS = """select p.ts_start as ts, {value} as value
from metric_points p join metric_series s on s.series_id = p.series_id and s.source_instance = p.source_instance
where p.part_day between :since::date and :until::date and p.ts_start >= :since and p.ts_start < :until
  and p.value is not null
  and {which}"""


def events(terms: Terms) -> str:
    """What counters grew by, each interval of each series. Raises RefusedError if that cannot be told."""
    if len({(one.function, one.window) for _, one in terms}) > 1:
        raise RefusedError("its queries do not all count in the same way: write rate or increase in all of them")
    return "\nunion all\n".join(_grown(one, "p.value" if sign > 0 else "-p.value") for sign, one in terms)


def both(part: Terms, total: Terms, *, is_bad: bool) -> dict[str, str]:
    """Good and total of a ratio, of which the part is what was good or bad. Raises RefusedError."""
    events((*part, *total))
    return {"good": events(minus(total, part) if is_bad else part), "total": events(total)}


def _grown(of: Selector, value: str) -> str:
    which = f"p.metric = {_quoted(of.metric)} and p.agg in ('sum', 'count')"
    base, _, part = of.metric.rpartition("_")
    if base and part in ("count", "sum"):
        # A histogram of OpenTelemetry keeps both under one name, where Prometheus has two.
        which = f"({which}\n    or p.metric = {_quoted(base)} and p.agg = '{part}')"
    return _POINTS.format(value=value, which=_all(which, of))


def samples(of: Selector, value: str = "p.value") -> str:
    """The values of a gauge, as they came."""
    return _POINTS.format(value=value, which=_all(f"p.metric = {_quoted(of.metric)} and p.agg = 'last'", of))


def _all(which: str, of: Selector) -> str:
    wrong = wrong_patterns(text for _, sign, text in of.labels if sign in ("=~", "!~"))
    if wrong:
        raise RefusedError(f"{min(wrong)!r} is no regular expression (RE2): mend it")
    return "\n  and ".join([which, *(_label(*label) for label in of.labels)])


def _label(name: str, sign: str, text: str) -> str:
    """As Prometheus has it: what is absent is the empty text, and an expression has to fit the whole of it."""
    if ":since" in text or ":until" in text:
        raise RefusedError(f"the label {name} holds :since or :until, which an objective fills in: filter otherwise")
    told = f"coalesce(json_extract_string(s.labels, '$.{name}'), '')"
    if sign in ("=", "!="):
        return f"{told} {'=' if sign == '=' else '<>'} {_quoted(text)}"
    return f"{'' if sign == '=~' else 'not '}regexp_full_match({told}, {_quoted(text)}, 's')"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
