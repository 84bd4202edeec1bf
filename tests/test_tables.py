"""Headings, units and words of tables: every column of every table and mart is called by a name that people use."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from aurora.insights.sources import IDLE, PLAN, judged
from aurora.ui.columns import dressed
from aurora.ui.headings import heading
from aurora.ui.tables import _awaited
from tests.conftest import Published
from tests.frames import NOW

RAW_AT_THE_END = re.compile(r"\b(id|ids|pct|ms|s|ratio|count|at|on|bytes|raw|sha|min|ts|url)$", re.IGNORECASE)
RAW_IN_FRONT = re.compile(r"^(is|has|ts|x)\b", re.IGNORECASE)
MACROS = {
    "api_endpoint_error_codes": "timestamp '2026-03-01', timestamp '2026-03-02'",
    "api_endpoint_series": "timestamp '2026-03-01', timestamp '2026-03-02', 3600",
    "app_cost_monthly_converted": "'EUR'",
    "app_revenue_monthly": "'EUR'",
    "cost_spend_in": "'EUR'",
    "cost_outlook_in": "'EUR', ['app']",
    "cost_movers": "'EUR'",
    "cost_allocation": "'EUR'",
    "unit_costs": "'EUR', true",
    "unit_costs_company": "'EUR', true",
    "api_endpoint_summary": "timestamp '2026-03-01', timestamp '2026-03-02'",
    "component_downtimes": "timestamp '2026-03-01', timestamp '2026-03-02'",
    "component_days": "timestamp '2026-03-01', timestamp '2026-03-02'",
    "status_days": "timestamp '2026-03-01', timestamp '2026-03-02'",
    "change_ledger": "timestamp '2026-03-01', timestamp '2026-03-02'",
    "changes_before": "timestamp '2026-03-01', 15",
    "component_trends": "timestamp '2026-03-01', timestamp '2026-03-02', 3600",
    "component_uptime_over": "7",
    "dora": "timestamp '2026-03-01', timestamp '2026-03-02'",
    "cycle_times": "timestamp '2026-03-01', timestamp '2026-03-02'",
    "store_review_ties": "timestamp '2026-03-01', timestamp '2026-03-02'",
    "review_load": "timestamp '2026-03-01', timestamp '2026-03-02'",
    "ci_health": "timestamp '2026-03-01', timestamp '2026-03-02'",
    "ci_jobs_summary": "timestamp '2026-03-01', timestamp '2026-03-02'",
    "ci_daily": "timestamp '2026-03-01', timestamp '2026-03-02'",
    "dora_weeks": "timestamp '2026-03-01', timestamp '2026-03-02'",
    "dora_coverage": "timestamp '2026-03-01', timestamp '2026-03-02'",
    "deployment_effect": "timestamp '2026-03-01', 15",
    "estate_series": "timestamp '2026-03-01', timestamp '2026-03-02', 3600",
    "estate_totals": "timestamp '2026-03-01', timestamp '2026-03-02'",
    "health_series": "timestamp '2026-03-01', timestamp '2026-03-02', 3600",
    "health_rolled": "timestamp '2026-03-01', timestamp '2026-03-02', 3600",
    "health_steps": "timestamp '2026-03-01', timestamp '2026-03-02', 3600",
    "orphans": "30",
    "scorecard_history": "30",
    "app_uptime_over": "timestamp '2026-03-01', timestamp '2026-03-02'",
    "incidents_over": "timestamp '2026-03-01', timestamp '2026-03-02'",
    "incident_totals": "timestamp '2026-03-01', timestamp '2026-03-02'",
    "slo_over": "timestamp '2026-03-01', timestamp '2026-03-02'",
    "delivery_totals": "timestamp '2026-03-01', timestamp '2026-03-02'",
    "findings_over": "timestamp '2026-03-01', timestamp '2026-03-02'",
    "mobile_over": "timestamp '2026-03-01', timestamp '2026-03-02'",
    "cost_between": "'EUR', timestamp '2026-03-01', timestamp '2026-03-02'",
    "slo_burn_down": "timestamp '2026-03-01', timestamp '2026-03-02'",
}


def label(config: Any) -> str:
    """The heading that Streamlit was given."""
    return str(config["label"])


def columns_of(frame: pl.DataFrame) -> dict[str, str]:
    """Column -> heading of those that stand in view."""
    _, config = dressed(frame, {})
    return {name: label(config[name]) for name in frame.columns if config[name] is not None}


def test_every_column_of_every_table_and_mart_has_a_name_that_people_use(published: Published) -> None:
    warehouse = published()
    names = warehouse.rows("select distinct table_name from duckdb_columns() where not internal")["table_name"]
    taking = warehouse.rows(
        "select function_name from duckdb_functions() where function_type = 'table_macro' and not internal"
    )["function_name"]
    assert set(taking) <= set(MACROS), "say above with what a new model is asked"
    asked = [*names, *(f"{name}({MACROS[name]})" for name in taking)]
    assert len(asked) > 100
    wrong: set[tuple[str, str]] = set()
    twice: dict[str, tuple[str, list[str]]] = {}
    for name in asked:
        frame = warehouse.rows(f"from {name} limit 0")
        said = columns_of(frame)
        for column, text in said.items():
            if "_" in text or RAW_AT_THE_END.search(text) or RAW_IN_FRONT.search(text) or text != text.strip():
                wrong.add((column, text))
        for text in set(said.values()):
            same = [column for column, other in said.items() if other == text]
            if len(same) > 1:
                twice[name] = (text, same)
    assert not wrong
    assert not twice


def test_names_units_and_windows_are_said() -> None:
    said = {
        "is_rollback": "Rollback", "duration_s": "Took", "repo_id": "Repository", "head_sha": "Newest commit",
        "sha": "Commit", "native_id": "Known there as", "ts_start": "From (UTC)", "cpu_pct": "CPU",
        "source_instance": "Source", "confidence_ratio": "Alike", "quarantined_count": "Refused",
        "stated_as": "Stated as", "entity_id": "Entry", "deployment_id": "Deployment", "row_count_24h": "Rows 24 h",
        "query_count": "Queries",
        "cpu_pct_max": "CPU, highest", "cpu_pct_count": "CPU, samples", "status_raw": "Status as told",
        "BillingAccountId": "Billing account", "x_IsEstimated": "Estimated",
    }  # fmt: skip
    assert {name: heading(name) for name in said} == said


def test_values_stand_in_the_unit_of_their_column() -> None:
    """7,300 s are 121.67 min; 0.6667 is 66.67 %; 99.999 % of uptime is cut to 99.99 and never said to be 100."""
    frame = pl.DataFrame(
        {
            "duration_s": [7300.0], "response_time_ms": [156.0], "cpu_pct": [12.3], "confidence_ratio": [0.6667],
            "uptime_pct": [99.999], "sha": ["0123456789abcdef"], "row_count": [1234], "tier": [1],
            "effective_cost": [Decimal("1234.567")], "currency": ["AED"], "month_on": [date(2026, 3, 1)],
            "day": [date(2026, 3, 1)], "started_at": [NOW.replace(tzinfo=None)],
        }
    )  # fmt: skip
    shown, config = dressed(frame, {})
    values = shown.row(0, named=True)
    assert round(values["duration_s"], 2) == 121.67
    assert (round(values["confidence_ratio"], 2), values["uptime_pct"]) == (66.67, 99.99)
    assert (values["sha"], values["effective_cost"]) == ("0123456", 1234.57)
    formats = {name: one["type_config"].get("format") for name, one in config.items() if one}
    assert [formats[name] for name in frame.columns if name not in ("sha", "currency")] == [
        "%.0f min", "%.0f ms", "%.1f%%", "%.1f%%", "%.2f%%", "localized", "plain", "accounting", "MMM YYYY",
        "D MMM YYYY", "D MMM HH:mm:ss",
    ]  # fmt: skip
    assert label(config["effective_cost"]) == "Effective cost (AED)"
    assert config["currency"] is None


def test_two_currencies_stay_in_their_column() -> None:
    shown, config = dressed(pl.DataFrame({"currency": ["AED", "USD"], "cost": [Decimal(1), Decimal(2)]}), {})
    assert label(config["cost"]) == "Cost"
    assert shown["currency"].to_list() == ["AED", "USD"]
    assert config["currency"] is not None


def test_flags_states_and_closed_words() -> None:
    frame = pl.DataFrame(
        {
            "is_hotfix": [True, False, None],
            "status": ["failed", "rolled_back", None],
            "state": ["+45 %", "open", "✕ Down"],
            "category": ["sca", "iac", "marketing_messages"],
            "kind": ["third_party", "depends_on", None],
            "field": ["product_owner", "env_tier", "x"],
        }
    )
    shown, config = dressed(frame, {})
    assert shown["is_hotfix"].to_list() == ["✓", "", "?"]
    assert shown["status"].to_list() == [["✕ Failed"], ["↺ Rolled back"], None]
    assert shown["state"].to_list() == [["+45 %"], ["▲ Open"], ["✕ Down"]]
    assert shown["category"].to_list() == ["Dependency", "Infrastructure code", "marketing_messages"]
    assert shown["kind"].to_list() == ["Third party", "depends on", None]
    assert shown["field"].to_list() == ["Product owner", "Stage", "X"]
    options = {one["value"]: one["color"] for one in config["status"]["type_config"]["options"]}
    assert options == {"✕ Failed": "#B91C1C", "↺ Rolled back": "#B45309"}


def test_ids_stand_behind_names_and_addresses_of_the_web_are_links() -> None:
    frame = pl.DataFrame(
        {
            "app_id": ["a"], "name": ["A"], "run_id": ["r"], "team_id": ["t"], "team_name": ["T"],
            "url": ["https://a.example"], "runbook_url": ["javascript:alert(1)"], "part_month": [date(2026, 3, 1)],
        }
    )  # fmt: skip
    shown, config = dressed(frame, {})
    assert shown.columns[-1] == "run_id"
    assert [name for name, one in config.items() if one is None] == ["app_id", "team_id", "part_month"]
    assert config["url"]["type_config"]["type"] == "link"
    assert config["runbook_url"]["type_config"]["type"] == "text"


def test_what_a_page_sets_itself_stays() -> None:
    frame = pl.DataFrame({"level": [["◑ Bronze"]], "share_ratio": [0.5], "part": ["security"]})
    shown, config = dressed(frame, {"level": "own", "share_ratio": "own", "part": "own"})
    assert shown.row(0) == (["◑ Bronze"], 0.5, "Security")
    assert set(config.values()) == {"own"}


def test_a_stream_that_lands_nothing_beside_one_that_fails_is_idle() -> None:
    """Of one source `a` fails, `b` landed nothing and `c` did; `d`, of another source, is quiet and good."""
    now = NOW.replace(tzinfo=None)
    plan = pl.DataFrame(schema=PLAN)
    fresh = pl.DataFrame(
        {
            "source_instance": ["one", "one", "one", "two"], "stream": list("abcd"), "connector": ["x"] * 4,
            "last_good_at": [now] * 4, "status": ["failed", "success", "success", "success"],
            "error": ["mend it", None, None, None], "row_count_24h": [0, 0, 5, 0],
        }
    )  # fmt: skip
    told = judged(plan, fresh, now)
    assert told.select("stream", "state").rows() == [("a", "failed"), ("b", "idle"), ("c", "success"), ("d", "success")]
    assert told["error"].to_list() == ["mend it", IDLE, "", ""]


def test_a_run_that_should_have_begun_is_overdue(monkeypatch: pytest.MonkeyPatch) -> None:
    now = NOW.replace(tzinfo=None)
    for module in ("tables", "words"):
        monkeypatch.setattr(f"aurora.ui.{module}.utc_now", lambda: now)
    assert _awaited(now - timedelta(seconds=59)) == "overdue"
    assert [_awaited(now + timedelta(seconds=after)) for after in (-2, 59)] == ["now", "in 59 s"]


def test_the_ledger_says_kinds_and_states_in_words() -> None:
    def script() -> None:
        import polars as pl

        from aurora.ui.cards import ledger
        from tests.frames import NOW

        kinds, states = ["third_party", "cost_jump", "deployment"], ["major", "+45 %", "rolled_back"]
        ledger(
            pl.DataFrame(
                {
                    "occurred_at": [NOW.replace(tzinfo=None)] * 3, "kind": kinds, "app_name": [None, "Shop", None],
                    "app_id": ["shop", "shop", None], "title": ["x"] * 3, "state": states, "actor": ["ann", None, None],
                }
            )
        )  # fmt: skip

    test = AppTest.from_function(script, default_timeout=30).run()
    assert not test.exception
    shown = test.dataframe[0].value
    assert list(shown["kind"]) == ["Third party", "Cost jump", "Deployment"]
    assert [list(cell) for cell in shown["state"]] == [["▲ Major"], ["+45 %"], ["↺ Rolled back"]]
