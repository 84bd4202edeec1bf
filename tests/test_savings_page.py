"""The page of savings: sums without doubles, filters, the blocked, and decisions by people."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from aurora.contracts import Row
from aurora.contracts.cost import FocusCost
from aurora.contracts.operations import Advice
from aurora.ui.savings import matching, rule_word, said
from tests.frames import ROOT, frame, put, row
from tests.savings_frames import charge
from tests.test_pages import sentences, shown
from warehouse.lake import Lake
from warehouse.publish import publish
from warehouse.query import Warehouse

PAGE = ROOT / "pages" / "cost" / "savings.py"
ID = "rightsizing:USD:resource:vm"


def told(name: str, saving: str, **values: Any) -> Row:
    """A version of advice as the job writes it."""
    extra = {key: values.pop(key) for key in ("alternative_to", "counted_amount") if key in values}
    evidence = {"subject": "resource:vm", "provider": "AWS", "cpu_p99_pct": 18.2, "month_cost": "304.00"} | extra
    own: Row = {"advice_id": name, "version": 1, "type": "cost", "rule": name.partition(":")[0], "state": "open"}
    own |= {"message": f"{name} is too large", "suggestion": "Take half.", "saving_amount": Decimal(saving)}
    own |= {"currency": "USD", "risk": "low", "effort": "small", "changed_at": datetime.now(UTC) - timedelta(hours=1)}
    own |= {"confidence_ratio": 0.8, "blocked_by": None, "realised_amount": None, "is_deleted": False}
    return row(Advice) | own | {"evidence": json.dumps(evidence)} | values


def estate(data: Path) -> Lake:
    """152 open with an alternative of 97, 60 blocked, 20 EUR open, 100 accepted, done with -5 of 40."""
    lake = Lake(data / "lake")
    rows = [
        told(ID, "152"),
        told("idle:USD:resource:vm", "97", alternative_to=ID, counted_amount="0"),
        told("rightsizing:USD:resource:db", "60", blocked_by="it is down now", app_id="shop"),
        told("idle:EUR:resource:x", "20", currency="EUR", risk="medium"),
        told("schedule:USD:resource:y", "100", state="accepted"),
        told("storage:USD:resource:z", "40", state="done", realised_amount=Decimal(-5)),
        told("idle:USD:resource:gone", "999", is_deleted=True),
    ]
    for one in rows:
        lake.write_version(Advice, _frame(one | {"state": "open"} if one["state"] == "done" else one), 0)
    lake.write_version(Advice, _frame(rows[5] | {"version": 2, "changed_at": datetime.now(UTC)}), 1)
    put(lake, FocusCost, [charge("vm", "10", ago) | _now(ago) for ago in range(1, 20)])
    publish(lake, data)
    return lake


def _frame(one: Row) -> pl.DataFrame:
    return frame(Advice, [one], "aurora").with_columns(pl.lit("aurora").alias("source"))


def _now(ago: int) -> Row:
    at = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=ago)
    return {"ChargePeriodStart": at, "ChargePeriodEnd": at + timedelta(days=1), "BillingPeriodStart": at.replace(day=1)}


def test_sums_count_each_coin_once_and_each_currency_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    estate(tmp_path)
    test = shown(PAGE, tmp_path, monkeypatch)
    assert not test.exception
    assert not test.error
    assert {one.label: one.value for one in test.metric} == {
        "Promised a month": "€20 · $152",
        "Blocked for now": "$60",
        "Accepted, not checked yet": "$100",
        "Realised a month": "-$5",
    }
    assert test.subheader[0].value == "rightsizing\\:USD\\:resource\\:vm is too large\\: ▲ Open"
    assert "999" not in sentences(test)
    figures = test.dataframe[1].value
    assert dict(zip(figures["Figure"], figures["Value"], strict=True))["CPU p99"] == "18.2%"


def test_what_is_blocked_says_why_and_cannot_be_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    estate(tmp_path)
    test = shown(PAGE, tmp_path, monkeypatch, advice="rightsizing:USD:resource:db")
    assert test.warning[0].value == "Blocked: it is down now."
    assert next(one for one in test.button if one.label == "Accept").disabled
    assert not next(one for one in test.button if one.label == "Dismiss").disabled


def test_filters_live_in_the_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    estate(tmp_path)
    test = shown(PAGE, tmp_path, monkeypatch, risk="medium")
    assert test.dataframe[0].value["message"].to_list() == ["idle:EUR:resource:x is too large"]
    none = shown(PAGE, tmp_path, monkeypatch, q="nowhere")
    assert "No advice matches" in sentences(none)


def test_every_filter_leaves_what_it_names(tmp_path: Path) -> None:
    estate(tmp_path)
    everything = Warehouse(tmp_path / "published").rows("from savings")
    for name, word, count in (
        ("standing", "blocked", 1), ("standing", "alternative", 1), ("risk", "low", 5), ("effort", "large", 0),
        ("rule", "idle", 2), ("app_id", "shop", 1),
    ):  # fmt: skip
        assert matching(everything, {name: [word]}, "").height == count, name
    assert matching(everything, {}, "SHOP").height == 1
    assert matching(everything, {"risk": []}, "").height == 6


def drawn() -> None:
    from aurora.ui import savings_form
    from aurora.ui.data import rows

    row = rows("from advice_now where advice_id = 'rightsizing:USD:resource:vm'").row(0, named=True)
    savings_form.form(row, "dismissed")


def test_advice_is_dismissed_with_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = estate(tmp_path)
    shown(PAGE, tmp_path, monkeypatch)  # the settings of this folder are in force from here on
    test = AppTest.from_function(drawn, default_timeout=60).run()
    test.button[0].click().run()
    assert "Write a reason" in test.error[0].value
    test.text_area[0].set_value("Needed in December").run()
    test.button[0].click().run()
    assert not test.exception
    rows = lake.read(Advice).sort("version")
    (last,) = rows.filter((rows["advice_id"] == ID) & (rows["version"] == 2)).iter_rows(named=True)
    assert (last["state"], last["reason"], last["source"]) == ("dismissed", "Needed in December", "people")
    assert (last["saving_amount"], last["is_deleted"]) == (Decimal(152), False)


def test_somebody_was_quicker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = estate(tmp_path)
    shown(PAGE, tmp_path, monkeypatch)
    test = AppTest.from_function(drawn, default_timeout=60).run()
    lake.write_version(Advice, _frame(told(ID, "152") | {"version": 2, "state": "accepted"}), 1)
    test.text_area[0].set_value("No").run()
    test.button[0].click().run()
    assert "changed by somebody else" in test.error[0].value


@pytest.mark.parametrize("evidence", ["no json", "[1]", "3"])
def test_evidence_that_is_none_is_shown_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, evidence: str) -> None:
    lake = Lake(tmp_path / "lake")
    lake.write_version(Advice, _frame(told(ID, "152") | {"evidence": evidence}), 0)
    publish(lake, tmp_path)
    test = shown(PAGE, tmp_path, monkeypatch)
    assert not test.exception
    assert not test.error
    assert "It states no figures" in sentences(test)


def test_what_a_source_that_is_gone_had_advised_is_gone(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.write_version(Advice, _frame(told(ID, "152", state="done", realised_amount=Decimal(5))), 0)
    publish(lake, tmp_path)
    assert Warehouse(tmp_path / "published").rows("from savings").height == 0


def test_figures_and_rules_in_words() -> None:
    assert rule_word("hot_spot") == "Logs and traffic"
    assert rule_word("brand_new") == "Brand new"
    assert said("month_cost", "304.00", "USD") == "304.00 USD"
    assert said("window_days", 14, "USD") == "14 days"
    assert said("cpu_p99_pct", 18.25, "USD") == "18.2%"
