"""The page of cost anomalies: open first with what made them, charts drawn, and a person's word recorded."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from aurora.contracts.operations import Anomalies
from aurora.cost_job import look_for_anomalies
from aurora.settings import Settings, SourceSettings
from aurora.ui import cost_anomaly_charts
from aurora.ui.cost_anomalies import impact_of_month, matching
from ingest.connector import load_connectors
from ingest.run import Ingest
from tests.frames import ROOT
from tests.test_pages import sentences, shown
from warehouse.lake import Lake
from warehouse.publish import publish
from warehouse.query import Warehouse

NOW = datetime(2026, 11, 23, 13, 47, tzinfo=UTC)
PAGE = ROOT / "pages" / "cost" / "anomalies.py"
STORIES = {
    ("app", "whatsapp-crm"): "volume", ("service", "Log Storage"): "volume", ("service", "Identity Checks"): "price",
    ("app", "analytics-hub"): "new", ("service", "Analytics Warehouse"): "new", ("service", "CDN"): "volume",
}  # fmt: skip


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo estate after the job's first run, both at NOW: what else is odd must not hang on the day of the test."""
    data = tmp_path_factory.mktemp("anomalies")
    lake, mine = Lake(data / "lake"), Settings(data=data, config=data / "aurora.toml")
    ingest = Ingest(lake, mine, load_connectors(), clock=lambda: NOW)
    ingest.run(SourceSettings.model_validate({"name": "demo", "connector": "demo"}))
    publish(lake, data)
    look_for_anomalies(mine, lake, NOW)
    publish(lake, data)
    return data


def test_the_stories_of_the_demo_are_found_and_explained(estate: Path) -> None:
    found = Warehouse(estate / "published").rows("from cost_anomalies_now where kind <> 'account'")
    told = {(row["kind"], row["name"]): row for row in found.iter_rows(named=True)}
    assert set(told) == set(STORIES), "nothing else is odd"
    for about, part in STORIES.items():
        row = told[about]
        assert row[f"{part}_amount"] / row["impact_amount"] > Decimal("0.9"), about
    logs, drop = told["app", "whatsapp-crm"], told["service", "CDN"]
    assert "production" in logs["deployment_id"]
    assert drop["impact_amount"] < 0
    assert (drop["is_lasting"], drop["app_id"], drop["state"]) == (False, "damac-hills-2-crm", "open")
    titles = Warehouse(estate / "published").rows("select title from alerts where rule_id = 'cost_anomaly' order by 1")
    assert "WhatsApp CRM costs more than expected" in titles["title"].to_list()
    assert not titles.filter(pl.col("title").str.starts_with("Log Storage")).height, "one change is told once"


def test_the_page_shows_the_largest_first_and_takes_a_word(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = shown(PAGE, estate, monkeypatch)
    assert not test.exception
    assert not test.error
    assert "Demo data" in sentences(test)
    figures = {one.label: one.value for one in test.metric}
    assert int(figures["Open"]) == len(test.dataframe[0].value) >= len(STORIES)
    assert "by more volume" in sentences(test)
    assert "Sales Platform" in sentences(test)
    filtered = shown(PAGE, estate, monkeypatch, kind="applications", q="analytics")
    assert list(filtered.dataframe[0].value["what"]) == ["Analytics Hub"]
    dialog = AppTest.from_function(asked, default_timeout=60).run()
    dialog.button[0].click().run()
    assert "Write a few words" in dialog.error[0].value
    dialog.text_area[0].set_value("Verbose logging. <b>").run()
    dialog.button[0].click().run()
    assert not dialog.exception
    anomalies = Lake(estate / "lake").read(Anomalies)
    assert not anomalies["anomaly_id"].is_duplicated().any()
    kept = anomalies.filter(pl.col("state") == "explained")
    assert (kept.height, kept["explanation"][0], kept["source"][0]) == (1, "Verbose logging. <b>", "people")
    look_for_anomalies(Settings(data=estate, config=estate / "aurora.toml"), Lake(estate / "lake"), NOW)
    said = shown(PAGE, estate, monkeypatch, anomaly=kept["anomaly_id"][0])
    assert "Explained by test" in sentences(said)
    assert "<b>" not in sentences(said)


def asked() -> None:
    from aurora.ui import cost_anomaly_form
    from aurora.ui.data import rows

    sql = "select min(anomaly_id) as id from cost_anomalies_now where name = 'whatsapp-crm'"
    cost_anomaly_form.form(rows(sql)["id"][0], "WhatsApp CRM")


def test_the_waterfall_leads_from_what_was_expected_to_what_it_cost() -> None:
    """Two days of 10 expected and 40 told: 20, more price 15, new 50, less volume -5, together 80."""
    row: dict[str, Any] = {
        "day_count": 2,
        "expected_cost": Decimal(10),
        "observed_cost": Decimal(40),
        "currency": "EUR",
    }
    row |= {"price_amount": Decimal(15), "volume_amount": Decimal(-5), "new_amount": Decimal(50)}
    row |= {"gone_amount": Decimal(0), "unexplained_amount": None, "currency": "EUR"}
    steps = cost_anomaly_charts.steps(row)
    assert steps.select("step", "start", "end").rows() == [
        ("Expected", 0, 20), ("Price", 20, 35), ("Volume", 35, 30), ("New", 30, 80), ("Cost", 0, 80),
    ]  # fmt: skip
    assert cost_anomaly_charts.waterfall(row).to_dict()["layer"]


def test_impacts_of_a_month_by_currency_each_charge_once() -> None:
    start = date(2026, 3, 2)
    frame = pl.DataFrame(
        [
            ("service", "open", start, "EUR", Decimal("100.50")), ("service", "explained", start, "EUR", Decimal(-20)),
            ("service", "open", start, "USD", Decimal(7)), ("app", "open", start, "EUR", Decimal(100)),
            ("service", "dismissed", start, "EUR", Decimal(1)),
            ("service", "open", date(2026, 2, 1), "EUR", Decimal(1)),
        ],
        schema=["kind", "state", "started_on", "currency", "impact_amount"], orient="row",
    )  # fmt: skip
    assert impact_of_month(frame, date(2026, 3, 9)) == "EUR 80.50, USD 7.00"
    assert matching(frame, ["open"], ["services"], "").height == 3
