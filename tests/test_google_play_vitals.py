"""Android vitals: days that are complete, late corrections, values that cannot be, and cuts with rows of their own."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from aurora.contracts.mobile import MobileVitalsDaily
from ingest.vendors.play_vitals import number
from tests.google_play_fake import Console, civil, review

CRASH = "crashRateMetricSet"
Json = Any


@pytest.fixture
def console(tmp_path: Path) -> Console:
    return Console(tmp_path)


def row(day: str, value: Json, users: str = "100", **dims: str) -> Json:
    told = [{"dimension": name, "stringValue": text} for name, text in dims.items()]
    metrics = [{"metric": "crashRate", "decimalValue": {"value": value}}]
    metrics += [{"metric": "distinctUsers", "decimalValue": {"value": users}}]
    return {"startTime": civil(day), "dimensions": told, "metrics": metrics}


def values(console: Console) -> list[tuple[Any, ...]]:
    return console.rows(MobileVitalsDaily, "day", "version", "device_model", "country", "vital", "value", "user_count")


def spans(console: Console) -> set[tuple[int, int]]:
    """First and last day (of March) that were asked for."""
    specs = [sent["timelineSpec"] for *_, sent in console.play.asked if sent]
    return {(one["startTime"]["day"], one["endTime"]["day"]) for one in specs}


def test_days_are_read_up_to_where_the_set_is_complete_and_the_last_four_again(console: Console) -> None:
    """Complete up to the 8th, then to the 9th: from the 4th (8 - 4) on everything is asked for again."""
    console.play.fresh = {CRASH: "2026-03-08"}
    console.play.rows[CRASH, ""] = [row(f"2026-03-0{day}", "0.01") for day in (3, 4, 7, 8)]
    assert console.run("vitals").status == "success"
    assert [(told[0].day, told[5]) for told in values(console)] == [(3, 0.01), (4, 0.01), (7, 0.01)]
    console.play.fresh = {CRASH: "2026-03-09"}
    console.play.rows[CRASH, ""] = [row(f"2026-03-0{day}", "0.02") for day in (3, 4, 7, 8)]
    console.run("vitals")
    assert spans(console) == {(4, 9)}
    assert [(told[0].day, told[5]) for told in values(console)] == [(3, 0.01), (4, 0.02), (7, 0.02), (8, 0.02)]


def test_a_set_that_tells_no_day_makes_no_row(console: Console) -> None:
    console.play.rows[CRASH, ""] = [row("2026-03-07", "0.01")]
    assert console.run("vitals").status == "success"
    assert values(console) == []
    assert spans(console) == set()


@pytest.mark.parametrize("value", ["1.5", "-0.01", "101", "1.0000000000000000001"])
def test_a_value_that_is_no_share_is_refused_loudly_and_nothing_of_its_set_lands(console: Console, value: str) -> None:
    """Whether Google means a fraction or a percentage is told by its words alone: 1.5 would be the end of that."""
    console.play.fresh = {CRASH: "2026-03-08", "anrRateMetricSet": "2026-03-08"}
    console.play.rows[CRASH, ""] = [row("2026-03-06", "0.01"), row("2026-03-07", "0.02")]
    console.play.rows[CRASH, "countryCode"] = [
        row("2026-03-07", "0.01", countryCode="AE"),
        row("2026-03-07", value, countryCode="SA"),
    ]
    told = row("2026-03-07", "0") | {"metrics": [{"metric": "anrRate", "decimalValue": {"value": "1"}}]}
    console.play.rows["anrRateMetricSet", ""] = [told]
    outcome = console.run("vitals")
    assert (outcome.status, outcome.error_class) == ("failed", "schema_drift")
    assert f"crashRate of 2026-03-07 is {value}, which is no share of users from 0 to 1" in str(outcome.error)
    assert [(told[4], told[5]) for told in values(console)] == [("anr", 1.0)]
    console.play.rows[CRASH, "countryCode"] = []
    assert console.run("vitals").status == "success"
    assert [(told[4], told[5]) for told in values(console)] == [("crash", 0.01), ("anr", 1.0), ("crash", 0.02)]


def test_after_a_kill_the_sets_that_landed_are_not_read_whole_again(console: Console) -> None:
    console.play.fresh = {CRASH: "2026-03-08", "anrRateMetricSet": "2026-03-08"}
    console.play.rows[CRASH, ""] = [row("2026-03-07", "0.01")]
    console.play.refusals = {"anrRateMetricSet:query": [{"status": 500, "body": "oops"}]}
    assert console.run("vitals").error_class == "vendor_5xx"
    assert len(values(console)) == 1
    console.run("vitals")
    first: dict[str, Json] = {}
    for _, path, _, sent in console.play.asked:
        if sent:
            first.setdefault(path, sent["timelineSpec"]["startTime"])
    assert [(at["month"], at["day"]) for at in first.values()] == [(3, 4), (1, 7)]  # 4 days again; 60 days of the other


def test_cuts_over_four_pages_have_rows_of_their_own(console: Console) -> None:
    console.play.fresh = {CRASH: "2026-03-08"}
    models = [row("2026-03-07", "0.05", deviceModel=f"samsung/{number}") for number in range(7)]
    console.play.rows |= {(CRASH, "deviceModel"): models, (CRASH, ""): [row("2026-03-07", "0.01")]}
    console.play.rows[CRASH, "countryCode"] = [row("2026-03-07", "0.03", countryCode="na")]
    console.play.rows[CRASH, "versionCode"] = [row("2026-03-07", "0.04", versionCode="2400")]
    console.play.reviews = [review("1", 1, appVersionCode=2400, appVersionName="2.4.0")]
    console.run("reviews")
    assert console.run("vitals").status == "success"
    assert len(values(console)) == 10
    places = {told[1:4] for told in values(console)}
    assert {("", "", ""), ("2.4.0", "", ""), ("", "samsung/6", ""), ("", "", "NA")} < places


def test_hostile_rows_are_refused_and_gaps_are_no_rows(console: Console) -> None:
    console.play.fresh = {CRASH: "2026-03-08"}
    blank = row("2026-03-07", "0.01", countryCode="")  # would be a row of all countries
    odd = [
        blank,
        row("2026-03-07", "0.01"),
        row("2026-03-07", "abc", countryCode="AE"),
        row("2026-03-07", "NaN", countryCode="AE"),
    ]
    odd += [row("2026-03-07", "0.01", countryCode="<b>"), row("2026-03-07", 0.01, countryCode="AE") | {"metrics": 5}]
    odd += [row("2026-03-07", "0.01", countryCode="SA") | {"dimensions": [{}]}]
    gap = row("2026-03-07", "0", countryCode="QA") | {"metrics": [{"metric": "crashRate"}]}
    console.play.rows[CRASH, "countryCode"] = [*odd, gap, row("2026-03-07", "0.01", countryCode="SA")]
    assert console.run("vitals").status == "success"
    assert [told[3] for told in values(console)] == ["SA"]
    assert len(console.refused()) == len(odd)


def test_a_kind_of_start_that_is_new_is_refused(console: Console) -> None:
    name = "slowStartRateMetricSet"
    console.play.fresh = {name: "2026-03-08"}
    told = [row("2026-03-07", "0", startType=kind) for kind in ("COLD", "LUKEWARM")]
    for one in told:
        one["metrics"][0]["metric"] = "slowStartRate"
    console.play.rows[name, ""] = told
    assert console.run("vitals").status == "success"
    assert [one[4] for one in values(console)] == ["slow_start_cold"]
    assert "'lukewarm'" in console.refused()[0]


def test_decimals_of_google_are_read_as_it_defines_them() -> None:
    """google.type.Decimal: a sign, digits, a fraction, an exponent; an empty text is 0."""
    told = [number({"value": text}) for text in ("0.0071", "1E-3", "", "+.5", "5.")]
    assert told == [Decimal("0.0071"), Decimal("0.001"), Decimal(0), Decimal("0.5"), Decimal(5)]
    assert number({}) is None
    assert number(None) is None
    with pytest.raises(ValueError, match="is no number"):
        number({"value": "Infinity"})


def test_a_long_history_is_read_week_by_week_and_goes_on_from_the_week_that_broke(console: Console) -> None:
    """60 days up to 8 March begin on 7 January: eight weeks, the last of them from 25 February on, and four days.

    The kill comes with those: they and the four days before them are asked for again.
    """
    console.play.fresh = {CRASH: "2026-03-08"}
    console.play.rows[CRASH, ""] = [row("2026-01-07", "0.01"), row("2026-03-03", "0.01"), row("2026-03-07", "0.01")]
    fine = {"body": {"rows": []}}
    console.play.refusals = {f"{CRASH}:query": [fine] * 32 + [{"status": 500, "body": "oops"}]}
    assert console.run("vitals").error_class == "vendor_5xx"
    starts = [sent["timelineSpec"]["startTime"] for *_, sent in console.play.asked if sent]
    assert [(one["month"], one["day"]) for one in (starts[0], starts[28], starts[32])] == [(1, 7), (2, 25), (3, 4)]
    assert console.run("vitals").status == "success"
    assert {(one[0].month, one[0].day) for one in values(console)} == {(3, 3), (3, 7)}
    assert spans(console) == {(28, 7), (7, 8)}
