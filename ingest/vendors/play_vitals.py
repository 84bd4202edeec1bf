"""Android vitals of the Play Developer Reporting API as rows of mobile_vitals_daily.

https://developers.google.com/play/developer/reporting/reference/rest: a value is the share of a day's distinct users,
from 0 to 1; days are those of Los Angeles; each metric set tells up to which day it is complete. Users are rounded and
meet again in other versions, models and countries, so each cut is asked for and none is added up.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from aurora.contracts import Row
from aurora.contracts.mobile import MobileVitalsDaily
from aurora.errors import SourceError
from ingest.connector import Json, Run
from ingest.vendors.play_api import Play
from ingest.vendors.play_csv import country
from ingest.vendors.play_versions import Shown

ZONE = "America/Los_Angeles"
PAGE_ROWS = 10_000
CUTS = (None, "versionCode", "deviceModel", "countryCode")
STARTS = {"cold": "slow_start_cold", "warm": "slow_start_warm", "hot": "slow_start_hot"}
USERS = "distinctUsers"
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class MetricSet:
    """A metric set and the vital that each of its metrics is; `always` is asked for with every cut.

    `is_rare`: not every app has it (slow rendering is measured for games alone).
    """

    name: str
    vitals: dict[str, str]
    always: tuple[str, ...] = ()
    is_rare: bool = False


SETS = (
    MetricSet("crashRateMetricSet", {"crashRate": "crash", "userPerceivedCrashRate": "user_perceived_crash"}),
    MetricSet("anrRateMetricSet", {"anrRate": "anr", "userPerceivedAnrRate": "user_perceived_anr"}),
    MetricSet("excessiveWakeupRateMetricSet", {"excessiveWakeupRate": "other"}),
    MetricSet("stuckBackgroundWakelockRateMetricSet", {"stuckBgWakelockRate": "wake_lock"}),
    MetricSet("slowStartRateMetricSet", {"slowStartRate": "slow_start"}, ("startType",)),
    MetricSet("slowRenderingRateMetricSet", {"slowRenderingRate30Fps": "slow_frames"}, is_rare=True),
)


@dataclass(frozen=True)
class Span:
    """Days of Los Angeles, `end` is the first that is not asked for."""

    start: date
    end: date


def complete_until(play: Play, package: str, metric_set: MetricSet) -> date | None:
    """The first day that is not complete yet; None where the set tells no day at all. Raises SourceError."""
    told = play.reporting.get(_place(package, metric_set))
    freshness = (told.get("freshnessInfo") or {}).get("freshnesses") or ()
    latest = next((one.get("latestEndTime") for one in freshness if one.get("aggregationPeriod") == "DAILY"), None)
    return _day(latest) if latest else None


def read_vitals(play: Play, package: str, metric_set: MetricSet, span: Span, shown: Shown) -> list[Row]:
    """All rows of a span, every cut of it. Raises SourceError, also for a value that is no share: then none is one."""
    rows = list[Row]()
    for cut in CUTS:
        for told in play.queried(f"{_place(package, metric_set)}:query", query(metric_set, span, cut)):
            try:
                rows += _rows(play.run, package, metric_set, cut, told, shown)
            except (KeyError, ValueError, TypeError) as error:
                message = f"{metric_set.name} by {cut or 'day'}: {type(error).__name__}: {error}"
                play.run.refuse(MobileVitalsDaily, "answer", message, {"row": told})
    return rows


def query(metric_set: MetricSet, span: Span, cut: str | None) -> dict[str, Any]:
    """The body that asks for a metric set by day and one dimension more."""
    return {
        "timelineSpec": {
            "aggregationPeriod": "DAILY",
            "startTime": _civil(span.start),
            "endTime": _civil(span.end),
        },
        "dimensions": [*metric_set.always, *([cut] if cut else [])],
        "metrics": [*metric_set.vitals, USERS],
        "pageSize": PAGE_ROWS,
    }


def _rows(
    run: Run[Any], package: str, metric_set: MetricSet, cut: str | None, told: Json, shown: Shown
) -> Iterator[Row]:
    by = {
        one["dimension"]: str(one.get("int64Value", one.get("stringValue", ""))) for one in told.get("dimensions", [])
    }
    values = {one["metric"]: number(one.get("decimalValue")) for one in told.get("metrics", [])}
    users, day, place = values.get(USERS), _day(told["startTime"]), _place_of(package, cut, by, shown)
    for metric, vital in metric_set.vitals.items():
        value = values.get(metric)
        if value is None:  # not told is no row: a gap is not a zero
            continue
        if not 0 <= value <= 1:
            raise SourceError(
                f"{run.source_instance}: {package}: {metric} of {day} is {value}, which is no share of users from 0 to "
                f"1: no row of {metric_set.name} lands for these days until Google or this connector is mended",
                "schema_drift",
            )
        start = by.get("startType", "")
        yield {
            "store_app_id": run.id(package),
            **place,
            "vital": STARTS[start.lower()] if vital == "slow_start" else vital,
            "vital_raw": f"{metric} {start}" if start else metric,
            "day": day,
            "day_tz": ZONE,
            "value": float(value),
            "unit": "ratio",
            "user_count": int(users) if users is not None else None,
        }


def _place_of(package: str, cut: str | None, by: dict[str, str], shown: Shown) -> Row:
    """Version, device model and country of a row, '' for all. Raises ValueError where its cut is not told."""
    whole = {"version": "", "device_model": "", "country": ""}
    if cut is None:
        return whole
    told = by[cut].strip()
    if not told:
        raise ValueError(f"{cut} is empty, which would be all of them")
    if cut == "versionCode":
        return whole | {"version": shown.label(package, told)}
    return whole | ({"device_model": told} if cut == "deviceModel" else {"country": country(told)})


def number(told: Json) -> Decimal | None:
    """A google.type.Decimal, whose empty text is 0; None where there is none. Raises ValueError."""
    if not told or told.get("value") is None:
        return None
    try:
        value = Decimal(told["value"] or "0")
    except InvalidOperation as error:
        raise ValueError(f"{str(told['value'])[:40]!r} is no number") from error
    if not value.is_finite():
        raise ValueError(f"{value} is no number")
    return value


def _place(package: str, metric_set: MetricSet) -> str:
    return f"v1beta1/apps/{quote(package, safe='')}/{metric_set.name}"


def _day(told: Json) -> date:
    return date(told["year"], told["month"], told["day"])


def _civil(day: date) -> Json:
    return {"year": day.year, "month": day.month, "day": day.day, "timeZone": {"id": ZONE}}


def span_of(end: date, known: str | None, history: timedelta, again: timedelta) -> Span | None:
    """The days to ask for: at first `history`, later what is new and `again` before it, which Google corrects."""
    start = end - history if known is None else min(date.fromisoformat(known), end) - again
    start = max(start, end - history)
    return Span(start, end) if start < end else None


def parts(span: Span) -> Iterator[Span]:
    """A span week by week, the oldest first: by device model there are thousands of rows a day."""
    start = span.start
    while start < span.end:
        yield Span(start, min(start + WEEK, span.end))
        start += WEEK
